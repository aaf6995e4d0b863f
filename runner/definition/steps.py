"""The nodes of a sound definition as the walk takes them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from runner.definition.entries import Retry, RetryEntry
from runner.definition.model import Step, Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.definition.config import Config
    from runner.definition.document import Document, Place
    from runner.definition.entries import Defaults
    from runner.definition.parts import Part

MAX_NODES: Final = 1_000


def is_linked(parts: Sequence[Part]) -> bool:
    """Say whether nodes run by their `next`, not in the order of the list."""
    return any(part.entry.next or "next" in part.unread for part in parts)


def steps_of(parts: Sequence[Part], defaults: Defaults, document: Document) -> Iterator[Step]:
    """Make the steps of parts in which nothing is wrong."""
    linked = is_linked(parts)
    following = [*((Way(to=part.id),) for part in parts[1:]), ()]
    for part, after in zip(parts, following, strict=True):
        if part.config is not None:
            yield _step(part, part.config, part.ways if linked else after, defaults, document.place(part.path))


def _step(part: Part, config: Config, ways: tuple[Way, ...], defaults: Defaults, place: Place) -> Step:
    entry = part.entry
    limits = (entry.timeout, entry.timeout_seconds, defaults.timeout, defaults.timeout_seconds)
    return Step(
        id=part.id,
        type=entry.type,
        config=config,
        ways=ways,
        when=part.when,
        skip_if_errors=entry.skip_if_errors,
        skip_if=part.skip_if,
        required=entry.required,
        always=entry.always,
        timeout=next((limit for limit in limits if limit is not None), config.cls.timeout),
        retry=_retry(entry.retry or RetryEntry(), defaults.max_retries),
        judges=config.cls.judges,
        place=place,
    )


def _retry(written: RetryEntry, retries: int) -> Retry:
    """Return it with the number of the defaults where it names none itself."""
    fields = asdict(written)
    return Retry(**fields | {"max_retries": retries if written.max_retries is None else written.max_retries})
