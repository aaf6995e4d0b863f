"""Reading what senders write: texts, words for severity and status, times, and who an alert is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from runner.results import Severity

_SEVERITIES: Final = {
    Severity.CRITICAL: "critical crit error err fatal emergency emerg disaster page high major p1 sev1 urgent down",
    Severity.INFO: "info information informational notice debug low none ok p4 p5 sev4 sev5",
}
_SEVERITY_OF: Final = {word: severity for severity, words in _SEVERITIES.items() for word in words.split()}
_STATUSES: Final = {
    "resolved": "resolved resolve ok normal closed close recovered recovery cleared inactive",
    "acknowledged": "acknowledged acknowledge ack acked",
}
_STATUS_OF: Final = {word: status for status, words in _STATUSES.items() for word in words.split()}
_MILLISECONDS_FROM: Final = 1e11
"""An epoch time above this (the year 5138 in seconds) is in milliseconds."""
_LAST_SECOND: Final = 253402300799.0
"""The end of the year 9999."""


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


def severity_of(value: object) -> Severity:
    """Map a sender's word; one that is missing or not known is a warning."""
    return _SEVERITY_OF.get(word(value).lower().replace("-", ""), Severity.WARNING)


def status_of(value: object) -> str:
    """Map a sender's word to `firing`, `acknowledged` or `resolved`; one that is missing or not known fires."""
    return _STATUS_OF.get(word(value).lower(), "firing")


def moment(value: object) -> str:
    """Return a time as RFC 3339: texts as sent, numbers as seconds or milliseconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        found = word(value)
        return "" if found.startswith("0001-") else found
    if not 0 <= value <= _LAST_SECOND * 1000:
        return ""
    seconds = value / 1000 if value > _MILLISECONDS_FROM else value
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def default_fingerprint(name: str, labels: Mapping[str, str]) -> str:
    """Identify an alert whose sender does not: by its name and labels, never by text or numbers of the moment."""
    identity = f"{name}:{sorted(labels.items())}"
    return sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()[:16]
