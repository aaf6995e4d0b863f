"""Secrets are a type of their own, and one masker finds them in everything that is written.

A secret formats as `«NAME»`; only a sink that needs the value opens it with `reveal`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST_MASKED: Final = 4
"""Characters; a shorter value would mask half of every text."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that nobody reads by accident."""

    name: str
    _value: str = field(repr=False)

    def __str__(self) -> str:
        return f"«{self.name}»"

    @property
    def parts(self) -> tuple[str | Secret, ...]:
        """Itself, as a `Sealed` has it."""
        return (self,)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Text with secrets in it: `Bearer «TOKEN»`. Text that merely looks like one stays text."""

    parts: tuple[str | Secret, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))


def reveal(text: str | Secret | Sealed) -> str:
    """Open a text for the sink that needs the value."""
    if isinstance(text, str):
        return text
    return "".join(part if isinstance(part, str) else part._value for part in text.parts)  # noqa: SLF001 - the one place that opens a secret


def reveal_tree(value: object) -> object:
    """Open every secret in a JSON-like value."""
    if isinstance(value, Secret | Sealed):
        return reveal(value)
    if isinstance(value, Mapping):
        return {key: reveal_tree(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [reveal_tree(item) for item in value]
    return value


def secrets_in(value: object) -> Iterator[Secret]:
    """Find every secret in a JSON-like value."""
    if isinstance(value, Secret | Sealed):
        yield from (part for part in value.parts if isinstance(part, Secret))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from secrets_in(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from secrets_in(item)


class Masker:
    """Finds known secret values in text, in the forms that programs write them in.

    `found` holds the names that were met since it was last cleared; whoever masks says so to people.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._forms: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self.found: set[str] = set()
        self.add(*secrets)

    def add(self, *secrets: Secret) -> tuple[str, ...]:
        """Learn secrets; return the names of those too short to be masked."""
        if not secrets:
            return ()
        from runner.spellings import spellings  # noqa: PLC0415 - only where there is a secret

        short = []
        for secret in secrets:
            value = reveal(secret)
            if len(value.strip()) < SHORTEST_MASKED:
                short.append(secret.name)
                continue
            for form in spellings(value, shortest=SHORTEST_MASKED):
                self._forms.setdefault(form, secret.name)
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        return tuple(short)

    def mask(self, text: str) -> str:
        """Put `«NAME»` for every known value."""
        return self._pattern.sub(self._name, text) if self._pattern else text

    def _name(self, match: re.Match[str]) -> str:
        name = self._forms[match.group()]
        self.found.add(name)
        return f"«{name}»"

    def mask_tree(self, value: object) -> object:
        """Mask every string and key of a JSON-like value, keeping the types of other leaves."""
        if self._pattern is None:
            return value
        if type(value) is str:
            return self.mask(value)
        if isinstance(value, Mapping):
            return {self.mask(str(key)): self.mask_tree(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_tree(item) for item in value]
        return value
