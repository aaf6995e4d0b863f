"""Alerts that are named by labels, in a group that has labels of its own: what several senders keep to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.facts import Alert
from runner.formats.model import Parsed
from runner.formats.reader import Reader
from runner.formats.words import default_fingerprint, first, mapping, objects, texts, word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.formats.model import Payload

ENVELOPE: Final = ("groupKey", "groupLabels", "commonLabels", "receiver", "truncatedAlerts", "externalURL")
"""Keys that stand beside `alerts` and say that it is a group."""
_DESCRIPTIONS: Final = ("description", "summary", "message")
_SEVERITIES: Final = ("severity", "priority")
_SAYING: Final = ("labels", "annotations", "status")
"""An entry with one of these is an alert, whatever else it lacks: it must not vanish."""


def envelope_of(payload: Payload) -> list[str]:
    """Return the keys of a group that stand beside its list of alerts."""
    return [key for key in ENVELOPE if key in payload] if isinstance(payload.get("alerts"), list) else []


def is_labelled(payload: Payload) -> bool:
    """Say whether an alert of the list is named by a label."""
    return any(word(mapping(alert.get("labels")).get("alertname")) for alert in objects(payload.get("alerts")))


def parse_group(
    payload: Payload, source: str, finish: Callable[[Alert, Mapping[str, Any]], Alert] = lambda alert, _: alert
) -> Parsed:
    """Read every alert of the group; `finish` adds to each what its sender says beyond that."""
    listed = payload.get("alerts")
    entries = [entry for entry in objects(listed) if any(entry.get(key) for key in _SAYING)]
    reader = Reader()
    return Parsed(
        alerts=tuple(finish(_alert(entry, payload, source, reader), entry) for entry in entries),
        group_key=word(payload.get("groupKey")),
        truncated=reader.count(payload, "truncatedAlerts"),
        ignored=len(listed) - len(entries) if isinstance(listed, list) else 0,
        problems=reader.problems(),
    )


def _alert(entry: Mapping[str, Any], payload: Payload, source: str, reader: Reader) -> Alert:
    labels, annotations = texts(entry.get("labels")), texts(entry.get("annotations"))
    common = texts(payload.get("commonLabels")) | texts(payload.get("groupLabels"))
    name = labels.get("alertname") or common.get("alertname") or first(annotations, ("summary",)) or "unnamed alert"
    status = reader.status(entry.get("status"), payload.get("status"), payload.get("state"))
    return Alert(
        fingerprint=word(entry.get("fingerprint")) or default_fingerprint(name, labels),
        name=name,
        status=status,
        severity=reader.severity(*(said.get(key) for said in (labels, common) for key in _SEVERITIES)),
        description=first(annotations, _DESCRIPTIONS),
        labels=labels,
        annotations=annotations,
        started_at=reader.moment(entry, ("startsAt",)),
        ended_at=reader.moment(entry, ("endsAt",)) if status == "resolved" else "",
        url=word(entry.get("generatorURL")),
        source=source,
    )
