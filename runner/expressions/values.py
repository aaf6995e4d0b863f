"""Values in expressions: what a person calls them, how large they may be, what can be read from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from jinja2.runtime import LoopContext, StrictUndefined

from runner.secrets import Sealed, Secret
from runner.spec import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LARGEST: Final = 2**20
"""Bytes of one text or list, and of all output."""
MOST_ITEMS: Final = LARGEST // 8
"""Elements of a list that is made or walked; each counts 8 bytes."""
LARGEST_NUMBER: Final = 2**64

_SHOWN_NAMES: Final = 10
_COMPARED_NAMES: Final = 200
"""Keys that are searched for a likely one; an object of a payload may have any number."""
_LONGEST_NAME: Final = 60

_LOOP_PARTS: Final = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
_TIME_PARTS: Final = frozenset({"year", "month", "day", "hour", "minute", "second"})

_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    ((Secret, Sealed), "a secret"),
    (type(None), "nothing"),
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "a text"),
    (Mapping, "an object"),
    ((list, tuple), "a list"),
    (datetime, "a time"),
    (LoopContext, "a loop"),
)
_SCALARS: Final = (str, int, float, type(None), datetime, Secret, Sealed)


class ExpressionError(ValueError):
    """An expression that cannot be compiled or evaluated; `hint` says what to do and may be empty."""

    def __init__(self, sentence: str, hint: str = "", *, missing: bool = False) -> None:
        super().__init__(f"{sentence} — {hint}" if hint else sentence)
        self.sentence = sentence
        self.hint = hint
        self.missing = missing
        """It reads a name that is not there."""


class Missing(StrictUndefined):
    """What a name stands for that is not there: it can be tested or given a default, and nothing else."""

    __slots__ = ("_key", "_known", "_note", "_path")

    def __init__(self, path: str, key: object, known: Iterable[object] = (), note: str = "") -> None:
        super().__init__(name=path, exc=self.error)  # type: ignore[arg-type]  # jinja2 raises what a call of it returns
        self._path = path
        self._key = key
        self._known = known
        self._note = note

    def error(self, _message: str = "") -> ExpressionError:
        """Say which name is not there, and which ones are."""
        if self._path == f"secrets.{self._key}":  # validation lets declared ones through alone
            hint = f"set {self._key}, or {self._key}_FILE to a file that holds it"
            return ExpressionError(f"secret {self._key} is not set", hint)
        hint = self._note or likely(str(self._key), self._known)
        return ExpressionError(f'"{self._path}" is undefined', hint, missing=True)


def likely(word: str, known: Iterable[object]) -> str:
    """Hint at the name that was meant, or at some of those that exist."""
    names = [name for name in map(str, islice(known, _COMPARED_NAMES)) if len(name) <= _LONGEST_NAME]
    if not names:
        return "there is nothing in it"
    if found := nearest(word[:_LONGEST_NAME], names):
        return f'did you mean "{found}"?'
    more = ", …" if len(names) > _SHOWN_NAMES else ""
    return f"known: {', '.join(names[:_SHOWN_NAMES])}{more}"


def kind(value: object) -> str:
    """Say what a value is: `a text`, `an object`."""
    return next((name for types, name in _KINDS if isinstance(value, types)), "a Python object")


def is_sealed(value: object) -> bool:
    """Say whether a value is a text that only a sink may open."""
    return isinstance(value, Secret | Sealed)


def is_text(value: object) -> bool:
    """Say whether a value is a text, sealed or not."""
    return isinstance(value, str | Secret | Sealed)


def present(value: object) -> Any:  # noqa: ANN401 - any value of a template
    """Return a value that is there; raise `ExpressionError` for one that is not."""
    if isinstance(value, Missing):
        raise value.error()
    return value


def plain(value: object, use: str) -> Any:  # noqa: ANN401 - any value of a template
    """Return a value that is there and no secret; `use` says what would have opened the secret."""
    if is_sealed(value):
        msg = f"{use} would open the secret {value}"
        raise ExpressionError(msg, "a secret can only be put where it is needed")
    return present(value)


# --- size ------------------------------------------------------------------------------------------


def too_large() -> ExpressionError:
    """Say that a text or a list is above its limit."""
    return ExpressionError("the expression makes more than 1 MiB", "take less: one field, or the first elements")


def size(value: object) -> int:
    """Bytes that a value takes, without what its elements take."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))
    if isinstance(value, Secret | Sealed):
        return sum(len(str(part)) for part in value.parts)
    if isinstance(value, list | tuple | Mapping):
        return 8 * len(value)
    return 8


def limited(value: Any) -> Any:  # noqa: ANN401 - any value of a template
    """Return a text or a list that is not too large; raise `ExpressionError` for others."""
    if size(value) > LARGEST:
        raise too_large()
    return value


def measured(value: Any) -> Any:  # noqa: ANN401 - any value of a template
    """Return a value that may leave an expression.

    Raises `ExpressionError` where it takes more than 1 MiB with all its elements (a list that stands in a list
    twice counts twice), or where it holds a name that is not there or something that is no value.
    """
    total, left = 0, [value]
    while left:
        item = left.pop()
        total += size(item)
        if total > LARGEST:
            raise too_large()
        if isinstance(item, Mapping):
            left.extend((*item, *item.values()))
        elif isinstance(item, list | tuple):
            left.extend(item)
        elif not isinstance(present(item), _SCALARS):
            msg = f"{kind(item)} is no value"
            raise ExpressionError(msg)
    return value


# --- reading ---------------------------------------------------------------------------------------


def read(value: object, key: object, path: str) -> object:
    """Read a key of an object, an element of a list or one of the few parts of a time or a loop.

    No attribute of any other Python object is ever read. `path` is how the expression spells it, for messages.
    """
    if isinstance(value, Missing):
        return value
    plain(value, "reading a part of it")
    plain(key, "using it as a key")
    if not isinstance(key, str | int):
        msg = f"a key is a text or a number, not {kind(key)}"
        raise ExpressionError(msg)
    if isinstance(value, Mapping):
        return value[key] if key in value else Missing(path, key, value)
    if isinstance(value, list | tuple | str):
        return _element(value, key, path)
    readable = _LOOP_PARTS if isinstance(value, LoopContext) else _TIME_PARTS if isinstance(value, datetime) else ()
    return getattr(value, cast("str", key)) if key in readable else _no_keys(value, key, path)


def _element(value: Sequence[object], key: str | int, path: str) -> object:
    if isinstance(key, str):
        return _no_keys(value, key, path)
    try:
        return value[key]
    except IndexError:
        return Missing(path, key, note=f"it has {len(value)} elements, counted from 0")


def _no_keys(value: object, key: object, path: str) -> Missing:
    return Missing(path, key, note=f'"{key}" is read from {kind(value)}')
