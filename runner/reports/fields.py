"""Reading a document back, key by key; what is missing or of another kind is named by its path."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from runner.errors import UsageError
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


@record(kw_only=False)
class Fields:
    """An object of a document. Every method raises `UsageError` where the document is not what it should be."""

    data: Mapping[str, Any]
    path: str = ""

    def text(self, key: str) -> str:
        """Read a text."""
        return self._read(key, "a text", _is_text)

    def maybe_text(self, key: str) -> str | None:
        """Read a text or null."""
        return None if self._is_null(key) else self.text(key)

    def whole(self, key: str) -> int:
        """Read a whole number."""
        return self._read(key, "a whole number", _is_whole)

    def number(self, key: str) -> float:
        """Read a number."""
        return float(self._read(key, "a number", _is_number))

    def maybe_number(self, key: str) -> float | None:
        """Read a number or null."""
        return None if self._is_null(key) else self.number(key)

    def flag(self, key: str) -> bool:
        """Read true or false."""
        return self._read(key, "true or false", _is_flag)

    def time(self, key: str) -> datetime:
        """Read an RFC 3339 time."""
        moment = self.word(key, datetime.fromisoformat, "an RFC 3339 time")
        if moment.tzinfo is None:
            raise self._wrong(key, "an RFC 3339 time", self.data[key])
        return moment

    def maybe_time(self, key: str) -> datetime | None:
        """Read an RFC 3339 time or null."""
        return None if self._is_null(key) else self.time(key)

    def word(self, key: str, kind: Callable[[str], T], what: str) -> T:
        """Read a text as something that not every text is: a member of an enum, a time."""
        text = self.text(key)
        try:
            return kind(text)
        except ValueError as error:
            raise self._wrong(key, what, text) from error

    def maybe_word(self, key: str, kind: Callable[[str], T], what: str) -> T | None:
        """Read such a text or null."""
        return None if self._is_null(key) else self.word(key, kind, what)

    def part(self, key: str) -> Fields:
        """Read an object."""
        return Fields(self._read(key, "an object", _is_object), self._at(key))

    def parts(self, key: str) -> tuple[Fields, ...]:
        """Read a list of objects."""
        found = self._read(key, "a list of objects", _are_objects)
        return tuple(Fields(item, f"{self._at(key)}[{place}]") for place, item in enumerate(found))

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts."""
        return tuple(self._read(key, "a list of texts", _are_texts))

    def _is_null(self, key: str) -> bool:
        return key in self.data and self.data[key] is None

    def _read(self, key: str, what: str, fits: Callable[[object], TypeGuard[T]]) -> T:
        if key not in self.data:
            msg = f"not a result document: {self._at(key)} is missing"
            raise UsageError(msg)
        value: object = self.data[key]
        if not fits(value):
            raise self._wrong(key, what, value)
        return value

    def _wrong(self, key: str, what: str, value: object) -> UsageError:
        return UsageError(f"not a result document: {self._at(key)} should be {what}, not {value!r:.60}")

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str)


def _is_flag(value: object) -> TypeGuard[bool]:
    return isinstance(value, bool)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _are_objects(value: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(map(_is_object, value))


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(map(_is_text, value))
