"""Grafana's unified alerting."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from runner.formats.groups import envelope_of, is_labelled, parse_group
from runner.formats.model import Format
from runner.formats.words import first, mapping, objects, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.facts import Alert
    from runner.formats.model import Parsed, Payload

_OF_AN_ALERT: Final = ("silenceURL", "dashboardURL", "panelURL", "imageURL", "valueString", "ruleUID")
_OF_THE_GROUP: Final = ("orgId", "title", "state")
"""What Grafana adds to the shape of an Alertmanager."""
_PLACES: Final = ("panelURL", "dashboardURL", "generatorURL")
"""Where to look first: what the rule watches, then the rule."""
_LINKS: Final = ("panelURL", "dashboardURL", "generatorURL", "silenceURL", "imageURL")
_OF_THE_SOURCE: Final = "Datasource"
"""How Grafana names alerts about a rule that it could not evaluate: DatasourceError, DatasourceNoData."""


class Grafana(Format):
    """What a webhook contact point of Grafana's unified alerting sends."""

    looks_for = "alerts[] with silenceURL, dashboardURL, panelURL or valueString, or a group of alerts beside orgId"
    refines: ClassVar[tuple[str, ...]] = ("alertmanager",)

    def detect(self, payload: Payload) -> str | None:
        """Look for what Grafana says beyond an Alertmanager, of an alert or of the group."""
        alerts = objects(payload.get("alerts"))
        marks = [key for key in _OF_AN_ALERT if any(key in alert for alert in alerts)]
        if marks:
            return f"alerts[] has {', '.join(marks)}"
        marks = [key for key in _OF_THE_GROUP if key in payload]
        if marks and (envelope_of(payload) or is_labelled(payload)):
            return f"alerts[] stands beside {', '.join(marks)}"
        return None

    def parse(self, payload: Payload) -> Parsed:
        """Read every alert of the group, with its links and the values that it fired on."""
        return parse_group(payload, "grafana", _finished)

    def sample(self) -> dict[str, Any]:
        """Return a group of two alerts: one about memory that fires, one about a web page that is over."""
        server = "https://grafana.example.com"
        return {
            "receiver": "webhook",
            "status": "firing",
            "orgId": 1,
            "alerts": [
                {
                    "status": "firing",
                    "labels": {
                        "alertname": "HighMemoryUsage",
                        "grafana_folder": "Machines",
                        "instance": "web-1",
                        "severity": "critical",
                    },
                    "annotations": {
                        "summary": "Memory usage critical",
                        "description": "Memory of web-1 is 96% full for 10 minutes",
                        "runbook_url": "https://runbooks.example.com/memory",
                    },
                    "startsAt": "2024-01-10T10:00:00Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": f"{server}/alerting/grafana/sample-memory/view?orgId=1",
                    "fingerprint": "sample-memory-alert-001",
                    "silenceURL": f"{server}/alerting/silence/new?alertmanager=grafana&matcher=instance%3Dweb-1",
                    "dashboardURL": f"{server}/d/machines?orgId=1",
                    "panelURL": f"{server}/d/machines?orgId=1&viewPanel=4",
                    "values": {"A": 96.2, "B": 1},
                    "valueString": "[ var='A' labels={instance=web-1} value=96.2 ]",
                },
                {
                    "status": "resolved",
                    "labels": {
                        "alertname": "SlowPages",
                        "grafana_folder": "Shop",
                        "instance": "shop",
                        "severity": "warning",
                    },
                    "annotations": {"summary": "Pages took more than 2 seconds"},
                    "startsAt": "2024-01-10T09:10:00Z",
                    "endsAt": "2024-01-10T09:55:00Z",
                    "generatorURL": f"{server}/alerting/grafana/sample-pages/view?orgId=1",
                    "fingerprint": "sample-pages-alert-002",
                    "silenceURL": f"{server}/alerting/silence/new?alertmanager=grafana&matcher=instance%3Dshop",
                    "dashboardURL": "",
                    "panelURL": "",
                    "values": None,
                    "valueString": "",
                },
            ],
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": f"{server}/",
            "version": "1",
            "groupKey": "{}:{}",
            "truncatedAlerts": 0,
            "title": "Test Alert from Grafana",
            "state": "alerting",
            "message": "1 alert fires, 1 is over",
        }


def _finished(alert: Alert, entry: Mapping[str, Any]) -> Alert:
    values = _values(entry)
    links = {key: found for key in _LINKS if (found := word(entry.get(key)))}
    return replace(
        alert,
        name=_name(alert),
        description=alert.description or values,
        annotations={**({"values": values} if values else {}), **links, **alert.annotations},
        url=first(entry, _PLACES),
    )


def _name(alert: Alert) -> str:
    """Name the rule that could not be evaluated, where the alert is about that."""
    rule = alert.labels.get("rulename", "")
    return f"{alert.name} ({rule})" if rule and alert.name.startswith(_OF_THE_SOURCE) else alert.name


def _values(entry: Mapping[str, Any]) -> str:
    """Write the values that it fired on: `B=44.2394, C=1`."""
    written = (
        f"{key}={value:.6g}" if isinstance(value, float) else f"{key}={word(value)}"
        for key, value in mapping(entry.get("values")).items()
        if word(value)
    )
    return ", ".join(written) or word(entry.get("valueString"))
