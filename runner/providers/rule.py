"""What a rule of the local analysis is."""

from __future__ import annotations

from typing import Final, Literal

from runner.records import record

Phrase = tuple[str, ...]
"""Whole words that follow each other, in small letters."""

THRESHOLD: Final = ""
"""The code of a check that a threshold judged."""
DATABASES: Final = frozenset({"postgres", "mysql"})
"""Types of checks that ask a database."""
REMOTE: Final = frozenset({"http", "tcp", "dns", "tls"}) | DATABASES
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
    """What to do, the first thing first; one that needs a name which is not known is left out."""
    in_a_pod: tuple[str, ...] = ()
    """What to do in place of that where the trouble is a pod's."""
    checks: frozenset[str] = frozenset()
    """Types of checks that it is about; none: about no check."""
    codes: frozenset[str] = frozenset({THRESHOLD})
    """Kinds of failures of those checks: their codes, or the finer words that `kinds` has for them."""
    statuses: frozenset[int] = frozenset()
    """HTTP statuses of those checks; none: any."""
    phrases: frozenset[Phrase] = frozenset()
    """What alerts of this kind are called."""
    also: frozenset[str] = frozenset()
    """Words of which such an alert has one beside the phrase; none: it needs no more."""
    unless: frozenset[str] = frozenset()
    """Words of alerts that are about something else after all."""
    behind: Literal["machine", "program", "service"] = "service"
    """What an alert is taken to be about that does not say what it is about."""


def phrases(*texts: str) -> frozenset[Phrase]:
    """Read phrases as they are spoken: `out of memory`."""
    return frozenset(tuple(text.split()) for text in texts)
