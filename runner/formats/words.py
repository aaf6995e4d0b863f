"""Reading what senders write: texts, words for severity and status, times, and who an alert is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from runner.results import Severity

_SEVERITIES: Final = {
    Severity.CRITICAL: (
        "critical crit error err fatal panic emergency emerg disaster severe blocker page high highest major alert"
        " p0 p1 sev0 sev1 s1 urgent down red"
    ),
    Severity.WARNING: "warning warn minor moderate medium average p2 p3 sev2 sev3 s2 s3 unknown yellow",
    Severity.INFO: (
        "info information informational notice debug trace low lowest trivial none ok normal success cleared"
        " notclassified p4 p5 sev4 sev5 s4 s5 green"
    ),
}
_SEVERITY_OF: Final = {word: severity for severity, words in _SEVERITIES.items() for word in words.split()}
_STATUSES: Final = {
    "firing": (
        "firing fire fired alerting alert active triggered trigger retriggered open opened reopened new problem pending"
        " nodata unknown unprocessed error failed failing down bad unhealthy escalated unacknowledged"
    ),
    "resolved": (
        "resolved resolve ok okay normal closed close recovered recovery cleared clear inactive up healthy success"
        " passed done ended expired"
    ),
    "acknowledged": (
        "acknowledged acknowledge ack acked inprogress investigating suppressed silenced snoozed muted inhibited paused"
    ),
}
"""Somebody has taken care of an alert that is suppressed, and it is not over."""
_STATUS_OF: Final = {word: status for status, words in _STATUSES.items() for word in words.split()}
_BETWEEN: Final = str.maketrans("", "", "-_ ")
_MILLISECONDS_FROM: Final = 1e11
"""An epoch time above this (the year 5138 in seconds) is in milliseconds."""
_LAST_SECOND: Final = 253402300799.0
"""The end of the year 9999."""
_EPOCH_DIGITS: Final = range(9, 14)
"""Digits of an epoch time of 1973 and later, in seconds or milliseconds, that is written as a text."""


def word(value: object) -> str:
    """Write a scalar as text; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def first(source: Mapping[str, Any], keys: Iterable[str]) -> str:
    """Return the first text that stands under one of the keys."""
    return next((found for key in keys if (found := word(source.get(key)))), "")


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object, empty for anything else."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> tuple[Mapping[str, Any], ...]:
    """Return the objects of a list."""
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list | tuple) else ()


def texts(value: object) -> dict[str, str]:
    """Return the entries of an object that have a text."""
    return {key: found for key, item in mapping(value).items() if (found := word(item))}


def severity_of(value: object) -> Severity | None:
    """Map a sender's word; None for one that is not known."""
    return _SEVERITY_OF.get(_plain(value))


def status_of(value: object) -> str:
    """Map a sender's word to `firing`, `acknowledged` or `resolved`; empty for one that is not known."""
    return _STATUS_OF.get(_plain(value), "")


def _plain(value: object) -> str:
    return word(value).lower().translate(_BETWEEN)


def no_time(value: object) -> bool:
    """Say whether a value is a way of naming no time: nothing, an empty text, or the zero of Go's clock."""
    return value is None or (isinstance(value, str) and (not value.strip() or value.strip().startswith("0001-")))


def moment(value: object) -> str:
    """Return a time as RFC 3339: texts as sent, numbers as seconds or milliseconds since 1970; empty for no time."""
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.isdecimal() and len(text) in _EPOCH_DIGITS:
            return _since_1970(int(text))
        return "" if no_time(text) else _iso(text.upper())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return _since_1970(value)


def _iso(text: str) -> str:
    written = text.removesuffix(" UTC") + "Z" if text.endswith(" UTC") else text
    try:
        datetime.fromisoformat(written)
    except ValueError:
        return ""
    return written


def _since_1970(value: float) -> str:
    if not 0 <= value <= _LAST_SECOND * 1000:
        return ""
    seconds = value / 1000 if value > _MILLISECONDS_FROM else value
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def default_fingerprint(name: str, labels: Mapping[str, str]) -> str:
    """Identify an alert whose sender does not: by its name and labels, never by text or numbers of the moment."""
    identity = f"{name}:{sorted(labels.items())}"
    return sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()[:16]
