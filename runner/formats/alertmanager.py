"""Prometheus Alertmanager's webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.facts import Alert
from runner.formats.model import Format, Parsed
from runner.formats.words import (
    default_fingerprint,
    first,
    mapping,
    moment,
    objects,
    severity_of,
    status_of,
    texts,
    word,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.formats.model import Payload

_ENVELOPE: Final = ("groupKey", "groupLabels", "commonLabels", "receiver", "truncatedAlerts", "externalURL")
_DESCRIPTIONS: Final = ("description", "summary", "message")


_SAYING: Final = ("labels", "annotations", "status")
"""An entry with one of these is an alert, whatever else it lacks: it must not vanish."""


class Alertmanager(Format):
    """What Alertmanager's `webhook_config` sends, and anything that keeps its shape."""

    looks_for = "alerts[] with labels.alertname, or alerts[] beside groupKey, groupLabels, commonLabels or receiver"

    def detect(self, payload: Payload) -> str | None:
        """Look for alerts that are named by a label, or for the envelope around them."""
        alerts = objects(payload.get("alerts"))
        if any(word(mapping(alert.get("labels")).get("alertname")) for alert in alerts):
            return "alerts[] has labels.alertname"
        envelope = [key for key in _ENVELOPE if key in payload]
        if isinstance(payload.get("alerts"), list) and envelope:
            return f"alerts[] stands beside {', '.join(envelope)}"
        return None

    def parse(self, payload: Payload) -> Parsed:
        """Read every alert of the group."""
        listed = payload.get("alerts")
        alerts = [alert for alert in objects(listed) if any(alert.get(key) for key in _SAYING)]
        return Parsed(
            alerts=tuple(_alert(alert, payload) for alert in alerts),
            group_key=word(payload.get("groupKey")),
            truncated=_count(payload.get("truncatedAlerts")),
            ignored=len(listed) - len(alerts) if isinstance(listed, list) else 0,
        )

    def sample(self) -> dict[str, Any]:
        """Return one firing alert about a CPU."""
        return {
            "version": "4",
            "receiver": "webhook",
            "status": "firing",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {
                        "alertname": "HighCPUUsage",
                        "severity": "warning",
                        "instance": "localhost:9090",
                        "job": "node",
                    },
                    "annotations": {
                        "summary": "High CPU usage detected",
                        "description": "CPU usage is above 80% for 5 minutes",
                    },
                    "startsAt": "2024-01-10T10:00:00Z",
                    "fingerprint": "sample-cpu-alert-001",
                }
            ],
        }


def _alert(alert: Mapping[str, Any], payload: Payload) -> Alert:
    labels, annotations = texts(alert.get("labels")), texts(alert.get("annotations"))
    common = texts(payload.get("commonLabels")) | texts(payload.get("groupLabels"))
    name = labels.get("alertname") or common.get("alertname") or first(annotations, ("summary",)) or "unnamed alert"
    status = status_of(alert.get("status") or payload.get("status"))
    return Alert(
        fingerprint=word(alert.get("fingerprint")) or default_fingerprint(name, labels),
        name=name,
        status=status,
        severity=severity_of(labels.get("severity") or common.get("severity")),
        description=first(annotations, _DESCRIPTIONS),
        labels=labels,
        annotations=annotations,
        started_at=moment(alert.get("startsAt")),
        ended_at=moment(alert.get("endsAt")) if status == "resolved" else "",
        url=word(alert.get("generatorURL")),
        source="alertmanager",
    )


def _count(value: object) -> int:
    return max(0, value) if isinstance(value, int) and not isinstance(value, bool) else 0
