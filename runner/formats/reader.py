"""Reads words and times of one payload, and notes what could not be understood: it is never taken for a fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.formats.words import moment, no_time, severity_of, status_of, word
from runner.results import Problem, Severity
from runner.spec import described

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DIGITS: Final = 9
"""Of a number of things; more is a mistake."""
_SHOWN: Final = 10
"""Notes that a person reads; a payload may hold thousands of alerts."""


class Reader:
    """Reads what a sender says, and remembers what was not known."""

    def __init__(self) -> None:
        """Start with nothing noted."""
        self._noted: dict[tuple[str, str], int] = {}

    def note(self, code: str, message: str) -> None:
        """Keep a note; one that comes again is counted."""
        self._noted[code, message] = self._noted.get((code, message), 0) + 1

    def severity(self, *said: object, default: Severity = Severity.WARNING) -> Severity:
        """Return the severity that the first known word means; `default` where none is said or known."""
        unknown = ""
        found = None
        for value in said:
            found = severity_of(value)
            if found:
                break
            unknown = unknown or word(value)
        if unknown:
            taken = found or default
            self.note("unknown_severity", f"the sender's severity {described(unknown)} is not known; taken as {taken}")
        return found or default

    def status(self, *said: object) -> str:
        """Return the status that the first word means; what is not said or not known is firing."""
        text = next((found for value in said if (found := word(value))), "")
        found = status_of(text)
        if text and not found:
            self.note("unknown_status", f"the sender's status {described(text)} is not known; taken as firing")
        return found or "firing"

    def moment(self, source: Mapping[str, Any], keys: Iterable[str]) -> str:
        """Return the first time that stands under one of the keys; empty where none does."""
        wrong = ""
        for key in keys:
            value = source.get(key)
            if found := moment(value):
                return found
            if not wrong and not no_time(value):
                wrong = f"the sender's {key} {described(value)} is not a time; left unknown"
        if wrong:
            self.note("unknown_time", wrong)
        return ""

    def count(self, source: Mapping[str, Any], key: str) -> int:
        """Return the number that stands under a key; 0 where none is said or known."""
        value = source.get(key)
        text = word(value)
        if text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
            return int(text)
        if value is not None and value != "":
            self.note("unknown_number", f"the sender's {key} {described(value)} is no number; taken as 0")
        return 0

    def problems(self) -> tuple[Problem, ...]:
        """Return what was noted, each thing once."""
        noted = [
            Problem(code=code, message=message if times == 1 else f"{message} ({times:,} times)")
            for (code, message), times in self._noted.items()
        ]
        left = len(noted) - _SHOWN
        if left > 0:
            what = "word or time" if left == 1 else "words or times"
            more = f"{left:,} more {what} of the sender could not be understood"
            return (*noted[:_SHOWN], Problem(code="unknown_words", message=more))
        return tuple(noted)
