"""Secrets are a type of their own, and one masker finds them in everything that is written.

A secret formats as `«NAME»`; only a sink that needs the value opens it with `reveal`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST_MASKED: Final = 4
"""Characters; a shorter value would mask half of every text."""
_CUT: Final = "…"
"""Where a text goes on that somebody has cut."""


CREDENTIAL_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
"""HTTP headers (lower case) whose values are secrets wherever they came from."""


class Foreign(str):
    """Text that came out of a payload: data from outside, which must not lead the runner to private addresses."""

    __slots__ = ()


@record(kw_only=False)
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


@record(kw_only=False)
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


def is_foreign(text: str | Secret | Sealed) -> bool:
    """Say whether any of a text came out of a payload."""
    parts = (text,) if isinstance(text, str) else text.parts
    texts = (part if isinstance(part, str) else part._value for part in parts)  # noqa: SLF001 - what kind, not what
    return any(isinstance(part, Foreign) for part in texts)


def foreign(value: object) -> object:
    """Mark every text of a JSON-like value as one that came out of a payload."""
    if isinstance(value, str):
        return Foreign(value)
    if isinstance(value, Sealed):
        return Sealed(tuple(Foreign(part) if isinstance(part, str) else part for part in value.parts))
    if isinstance(value, Mapping):
        return {key: foreign(item) for key, item in value.items()}
    return list(map(foreign, value)) if isinstance(value, list | tuple) else value


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
        self._sorted: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        self._heads: re.Pattern[str] | None = None
        """Finds the first few characters of any form, the least that is masked of one."""
        self._longest = 0
        self.found: set[str] = set()
        self.add(*secrets)

    def add(self, *secrets: Secret) -> tuple[str, ...]:
        """Learn secrets; return the names of those too short to be masked."""
        if not secrets:
            return ()
        from runner.spellings import spellings  # noqa: PLC0415 - only where there is a secret

        values = {secret: reveal(secret) for secret in secrets}
        short = tuple(secret.name for secret, value in values.items() if len(value.strip()) < SHORTEST_MASKED)
        forms = dict(self._forms)
        for secret, value in values.items():
            if secret.name not in short and value not in forms:
                new = spellings(value, shortest=SHORTEST_MASKED)
                forms = dict.fromkeys(new, secret.name) | forms
        if len(forms) > len(self._forms):
            # the names first: another thread may be masking with the pattern meanwhile
            self._forms = forms
            self._sorted = sorted(forms)
            self._longest = max(map(len, forms))
            heads = sorted({form[:SHORTEST_MASKED] for form in forms})
            self._heads = re.compile(f"(?={'|'.join(map(re.escape, heads))})")
            self._pattern = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))
        return short

    def mask(self, text: str) -> str:
        """Put `«NAME»` for every known value, and for the beginning of one where the text was cut within it."""
        if self._pattern is None:
            return text
        *cut, last = self._pattern.sub(lambda match: self._name(match.group()), text).split(_CUT)
        return _CUT.join([*map(self._mask_end, cut), last])

    def _mask_end(self, piece: str) -> str:
        """Mask what a piece ends with where a known value begins like that."""
        forms, heads = self._sorted, self._heads
        for head in heads.finditer(piece, max(0, len(piece) - self._longest)) if heads else ():
            end = piece[head.start() :]
            near = bisect_left(forms, end)
            if near < len(forms) and forms[near].startswith(end):
                return piece[: head.start()] + self._name(forms[near])
        return piece

    def _name(self, form: str) -> str:
        name = self._forms[form]
        self.found.add(name)
        return f"«{name}»"

    def mask_tree(self, value: object) -> object:
        """Mask every string and key of a JSON-like value, keeping the types of other leaves."""
        if self._pattern is None:
            return value
        texts = _texts_in(value)
        whole = _BETWEEN.join(texts)
        # One look at all of them costs a tenth of a look at each, and nearly always there is nothing to be found.
        if _CUT not in whole and self._pattern.search(whole) is None:
            return value
        changed = {text: masked for text in texts if (masked := self.mask(text)) != text}
        return _replaced(value, changed, {}) if changed else value


_BETWEEN: Final = "\0"
"""Stands between texts that are looked through together."""
_LEAVES: Final = frozenset({type(None), bool, int, float})
_MAPPINGS: Final = (dict, Mapping)
_CONTAINERS: Final = (dict, list, tuple, Mapping)
"""The builtin ones first: to ask for them is quick."""


def _texts_in(value: object) -> set[str]:
    """Return every string and key of a JSON-like value; enums are words of ours."""
    found: set[str] = set()
    seen: dict[int, object] = {}
    waiting: list[Any] = [[value]]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        items = one
        if isinstance(one, _MAPPINGS):
            found.update(map(str, one))
            items = one.values()
        for item in items:
            if type(item) is str or (isinstance(item, str) and not isinstance(item, Enum)):
                found.add(item)
            elif type(item) not in _LEAVES and isinstance(item, _CONTAINERS):
                waiting.append(item)
    return found


def _replaced(value: Any, texts: Mapping[str, str], known: dict[int, tuple[object, Any]]) -> Any:  # noqa: ANN401 - JSON
    """Put other texts for some; `known` are the objects that were seen."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else texts.get(value, value)
    if not isinstance(value, Mapping | list | tuple):
        return value
    if id(value) not in known:
        made: Any
        if isinstance(value, Mapping):
            made = {texts.get(str(key), str(key)): _replaced(item, texts, known) for key, item in value.items()}
        else:
            made = [_replaced(item, texts, known) for item in value]
        known[id(value)] = (value, made)
    return known[id(value)][1]
