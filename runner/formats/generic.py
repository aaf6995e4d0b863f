"""Alerts as anybody would write them by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.facts import SUBJECTS, Alert
from runner.formats.model import Format, Parsed
from runner.formats.reader import Reader
from runner.formats.words import default_fingerprint, first, objects, texts, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.formats.model import Payload

_NAMES: Final = ("name", "alert_name", "alertname", "title")
_SEVERITIES: Final = ("severity", "priority", "level")
_STATUSES: Final = ("status", "state")
_DESCRIPTIONS: Final = ("description", "message", "summary", "text", "body")
_STARTS: Final = ("started_at", "starts_at", "startsAt", "timestamp", "time")
_ENDS: Final = ("ended_at", "ends_at", "endsAt", "resolved_at")
_URLS: Final = ("url", "link", "generator_url", "generatorURL")
_GROUPS: Final = ("group_key", "groupKey", "incident_key", "dedup_key")


class Generic(Format):
    """One alert as a flat object, or several in `alerts[]`."""

    looks_for = "name, alert_name, alertname or title, at the top or in alerts[]"

    def detect(self, payload: Payload) -> str | None:
        """Look for a name where this format has it."""
        if isinstance(payload.get("alerts"), list):
            key = next((key for alert in objects(payload["alerts"]) if (key := _named_by(alert))), "")
            return f"alerts[] has {key}" if key else None
        key = _named_by(payload)
        return f"it has {key}" if key else None

    def parse(self, payload: Payload) -> Parsed:
        """Read every alert that has a name; what a listed one does not say, the payload says for all."""
        listed = payload.get("alerts")
        if not isinstance(listed, list):
            alerts, entries = [payload] if _named_by(payload) else [], 0
        else:
            shared = {key: payload[key] for key in (*_SEVERITIES, *_STATUSES) if key in payload}
            alerts, entries = [{**shared, **_said(alert)} for alert in objects(listed) if _named_by(alert)], len(listed)
        reader = Reader()
        return Parsed(
            alerts=tuple(_alert(alert, reader) for alert in alerts),
            group_key=first(payload, _GROUPS),
            ignored=max(0, entries - len(alerts)),
            problems=reader.problems(),
        )

    def sample(self) -> dict[str, Any]:
        """Return one firing alert."""
        return {
            "name": "Test Alert",
            "status": "firing",
            "severity": "warning",
            "description": "This is a test alert from the CLI",
            "labels": {"source": "cli-test", "environment": "development"},
            "started_at": "2024-01-10T10:00:00Z",
            "url": "https://monitoring.example.com/alerts/test",
        }


def _named_by(alert: Mapping[str, Any]) -> str:
    """Return the key that holds its name."""
    return next((key for key in _NAMES if word(alert.get(key))), "")


def _said(alert: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in alert.items() if value is not None}


def _alert(alert: Mapping[str, Any], reader: Reader) -> Alert:
    name, status = first(alert, _NAMES), reader.status(first(alert, _STATUSES))
    # what it is about may stand beside the name, and not among the labels
    labels = {key: found for key in SUBJECTS if (found := word(alert.get(key)))} | texts(alert.get("labels"))
    return Alert(
        fingerprint=word(alert.get("fingerprint")) or default_fingerprint(name, labels),
        name=name,
        status=status,
        severity=reader.severity(*(alert.get(key) for key in _SEVERITIES)),
        description=first(alert, _DESCRIPTIONS),
        labels=labels,
        annotations=texts(alert.get("annotations")),
        started_at=reader.moment(alert, _STARTS),
        ended_at=reader.moment(alert, _ENDS) if status == "resolved" else "",
        url=first(alert, _URLS),
        source="generic",
    )
