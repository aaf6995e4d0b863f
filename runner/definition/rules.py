"""What no node can know by itself: ids, guarded names, and what its neighbours are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.definition.references import References
from runner.definition.telling import check_telling
from runner.definition.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.definition.config import Path
    from runner.definition.draft import Draft
    from runner.definition.names import Names
    from runner.definition.parts import Part


def check(draft: Draft, names: Names, parts: Sequence[Part]) -> None:
    """Note everything that is wrong between the parts of a definition."""
    _check_ids(draft, names, parts)
    _check_grants(draft, names, parts)
    ways = Ways(names, parts)
    ways.check(draft)
    References(draft, names, ways.graph, parts).check()
    check_telling(draft, parts)


def _check_ids(draft: Draft, names: Names, parts: Sequence[Part]) -> None:
    for at, part in enumerate(parts):
        first = names.nodes.get(part.id, at)
        if first != at:
            line = draft.document.place(parts[first].at("id")).line
            draft.say("E301", part.at("id"), f'duplicate id "{part.id}"', f"line {line} has it too: ids are unique")


def _check_grants(draft: Draft, names: Names, parts: Sequence[Part]) -> None:
    """Note what a definition takes that whoever runs it does not give."""
    for kind in ("secrets", "env"):
        for name, path in names.declared[kind].items():
            if sentence := names.grants.refused(name):
                draft.say("E308", path, sentence, f"whoever runs it can allow it: PIPELINE_ALLOW_SECRETS={name}")
    if names.grants.limited and isinstance(draft.document.value, dict) and draft.document.value.get("allow_hosts"):
        hint = "remove it, or keep the definition as a file of the repository"
        draft.say("E308", ("allow_hosts",), "a definition from a database cannot allow itself hosts", hint)
    if names.grants.limited and not names.grants.commands:
        for path in (path for part in parts for path in _programs(part)):
            hint = "whoever runs it can allow it: --allow-commands"
            draft.say("E308", path, "a definition from a database starts no programs by itself", hint)


def _programs(part: Part) -> Iterator[Path]:
    """Find what starts programs in the `config` of a node."""
    programs = getattr(part.config and part.config.sketch, "programs", None)
    yield from (part.at("config", *path) for path in (programs() if programs else ()))
