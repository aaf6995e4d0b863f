"""What a rule of the local analysis is."""

from __future__ import annotations

from typing import Final

from runner.records import record

Phrase = tuple[str, ...]
"""Whole words that follow each other, in small letters."""

THRESHOLD: Final = ""
"""The code of a check that a threshold judged."""
REMOTE: Final = frozenset({"http", "tcp", "dns", "tls"})
"""Types of checks that look at something beyond this machine."""


@record
class Rule:
    """What is known about one kind of trouble."""

    type: str
    title: str
    description: str
    cause: str
    """What is probably behind it, as a sentence."""
    actions: tuple[str, ...]
    checks: frozenset[str] = frozenset()
    """Types of checks that it is about; none: about no check."""
    codes: frozenset[str] = frozenset({THRESHOLD})
    """Codes of those checks."""
    statuses: frozenset[int] = frozenset()
    """HTTP statuses of those checks; none: any."""
    phrases: frozenset[Phrase] = frozenset()
    """What alerts of this kind are called."""
    unless: frozenset[str] = frozenset()
    """Words of alerts that are about something else after all."""


def phrases(*texts: str) -> frozenset[Phrase]:
    """Read phrases as they are spoken: `out of memory`."""
    return frozenset(tuple(text.split()) for text in texts)
