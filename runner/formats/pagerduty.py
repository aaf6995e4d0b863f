"""PagerDuty's webhooks, version 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.errors import NodeError
from runner.facts import Alert
from runner.formats.model import Format, Parsed
from runner.formats.reader import Reader
from runner.formats.words import default_fingerprint, first, mapping, objects, severity_of, status_of, texts, word
from runner.results import Severity
from runner.spec import described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.formats.model import Payload

_DECIDES: Final = {
    "incident.triggered": "firing",
    "incident.reopened": "firing",
    "incident.unacknowledged": "firing",
    "incident.acknowledged": "acknowledged",
    "incident.resolved": "resolved",
}
"""Events that are a change of the state."""
_KEEPS: Final = frozenset(
    f"incident.{change}"
    for change in (
        "delegated",
        "escalated",
        "incident_type.changed",
        "priority_updated",
        "reassigned",
        "service_updated",
        "title_updated",
        "urgency_updated",
    )
)
"""Events that change something else of an incident: the state is the one that it says itself."""
_URGENCIES: Final = {"high": Severity.CRITICAL, "low": Severity.WARNING}
"""An incident of low urgency is one all the same."""
_TYPE: Final = "event.event_type"
_INCIDENT: Final = "incident"


class PagerDuty(Format):
    """What a webhook subscription of PagerDuty (V3) sends when an incident changes."""

    looks_for = "event.event_type incident.… with the incident in event.data"

    def detect(self, payload: Payload) -> str | None:
        """Look for an event with a type, or for the messages of the webhooks before."""
        if kind := word(mapping(payload.get("event")).get("event_type")):
            return f"{_TYPE} is {described(kind)}"
        if _is_v2(payload):
            return "messages[] has an event incident.…"
        return None

    def parse(self, payload: Payload) -> Parsed:
        """Read the incident as one alert.

        Raises `NodeError` (`no_alert`) for a test of the webhook and for events that tell no state of an incident.
        """
        if _is_v2(payload):
            raise _none("these are messages of PagerDuty's V2 webhooks; subscribe to V3 webhooks instead")
        event = mapping(payload.get("event"))
        kind, data = word(event.get("event_type")), mapping(event.get("data"))
        if not kind:
            return Parsed(alerts=())
        _refuse_what_is_no_incident(kind, data)
        reader = Reader()
        return Parsed(alerts=(_alert(kind, event, data, reader),), problems=reader.problems())

    def sample(self) -> dict[str, Any]:
        """Return the event of a new incident."""
        site, api = "https://example.pagerduty.com", "https://api.pagerduty.com"

        def reference(kind: str, name: str, key: str, path: str) -> dict[str, str]:
            place = f"{path}/{key}"
            return {
                "html_url": f"{site}/{place}",
                "id": key,
                "self": f"{api}/{place}",
                "summary": name,
                "type": f"{kind}_reference",
            }

        return {
            "event": {
                "id": "01SAMPLEEVENT0000000000000",
                "event_type": "incident.triggered",
                "resource_type": "incident",
                "occurred_at": "2024-01-10T10:00:00.000Z",
                "agent": reference("service", "Checkout", "PSAMPLES", "services"),
                "client": None,
                "data": {
                    "id": "PSAMPLEI",
                    "type": "incident",
                    "self": f"{api}/incidents/PSAMPLEI",
                    "html_url": f"{site}/incidents/PSAMPLEI",
                    "number": 1234,
                    "status": "triggered",
                    "incident_key": "sample-checkout-errors-001",
                    "created_at": "2024-01-10T10:00:00Z",
                    "title": "Checkout answers with errors",
                    "service": reference("service", "Checkout", "PSAMPLES", "services"),
                    "assignees": [reference("user", "Sam Sample", "PSAMPLEU", "users")],
                    "escalation_policy": reference("escalation_policy", "Shop", "PSAMPLEP", "escalation_policies"),
                    "teams": [reference("team", "Shop", "PSAMPLET", "teams")],
                    "priority": reference("priority", "P1", "PSAMPLER", "priorities"),
                    "urgency": "high",
                    "conference_bridge": None,
                    "resolve_reason": None,
                },
            }
        }


def _is_v2(payload: Payload) -> bool:
    events = (word(message.get("event")) for message in objects(payload.get("messages")))
    return "event" not in payload and any(event.startswith("incident.") for event in events)


def _none(why: str) -> NodeError:
    return NodeError(f"no alert in the payload: {why}", code="no_alert")


def _refuse_what_is_no_incident(kind: str, data: Mapping[str, Any]) -> None:
    if kind == "pagey.ping":
        raise _none("pagey.ping is PagerDuty's test of the webhook; the webhook works")
    about = word(data.get("type"))
    known = kind in _DECIDES or kind in _KEEPS
    if about == _INCIDENT or (known and not about):
        if not (_title(data) or word(data.get("id"))):
            raise _none(f"the event {described(kind)} says nothing of its incident: event.data has no title and no id")
        return
    of = f"its data is {described(about)}, not the incident" if about else "its data is no incident"
    if known or kind.startswith("incident."):
        raise _none(f"the event {described(kind)} tells no state of an incident: {of}")
    raise _none(f"the event {described(kind)} is not known as one of an incident: {of}")


def _alert(kind: str, event: Mapping[str, Any], data: Mapping[str, Any], reader: Reader) -> Alert:
    status = _status(kind, data, reader)
    labels = dict(_labels(data))
    number = word(data.get("number"))
    name = _title(data) or (f"incident #{number}" if number else f"incident {word(data.get('id'))}")
    return Alert(
        fingerprint=first(data, ("id", "incident_key")) or default_fingerprint(name, labels),
        name=name,
        status=status,
        severity=_severity(data, reader),
        description=_description(data),
        labels=labels,
        annotations=dict(_annotations(kind, event, data)),
        started_at=_started(kind, event, data, reader),
        ended_at=_ended(event, data, reader) if status == "resolved" else "",
        url=word(data.get("html_url")),
        source="pagerduty",
    )


def _status(kind: str, data: Mapping[str, Any], reader: Reader) -> str:
    if kind in _DECIDES:
        return _DECIDES[kind]
    said = word(data.get("status"))
    status = reader.status(said)
    if kind not in _KEEPS:
        why = f"the incident says {described(said)}" if status_of(said) else "its incident does not say either"
        reader.note("unknown_event", f"the event type {described(kind)} is not known; taken as {status}, for {why}")
    return status


def _severity(data: Mapping[str, Any], reader: Reader) -> Severity:
    """Return what the priority means, by its name, and without one what the urgency means."""
    urgency = word(data.get("urgency")).lower()
    fallback = _URGENCIES.get(urgency)
    priority = _name(data.get("priority"))
    if fallback is None and severity_of(priority) is None:
        return reader.severity(priority, urgency)
    return reader.severity(priority, default=fallback or Severity.WARNING)


def _started(kind: str, event: Mapping[str, Any], data: Mapping[str, Any], reader: Reader) -> str:
    """Return when the incident began: for one that is just triggered, the time of the event says it, too."""
    began = reader.moment(data, ("created_at",))
    return began or (reader.moment(event, ("occurred_at",)) if kind == "incident.triggered" else "")


def _ended(event: Mapping[str, Any], data: Mapping[str, Any], reader: Reader) -> str:
    return reader.moment(data, ("resolved_at",)) or reader.moment(event, ("occurred_at",))


def _title(data: Mapping[str, Any]) -> str:
    return first(data, ("title", "summary"))


def _name(reference: object) -> str:
    """Return what a reference names."""
    return first(mapping(reference), ("summary", "name"))


def _names(references: object) -> str:
    return ", ".join(filter(None, map(_name, objects(references))))


def _labels(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    named = {
        "service": _name(data.get("service")),
        "priority": _name(data.get("priority")),
        "urgency": word(data.get("urgency")),
        "team": _names(data.get("teams")),
    }
    yield from ((key, text) for key, text in named.items() if text)


def _annotations(kind: str, event: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    bridge = mapping(data.get("conference_bridge"))
    told = {
        "event_type": kind,
        "number": word(data.get("number")),
        "incident_key": word(data.get("incident_key")),
        "assignees": _names(data.get("assignees")),
        "escalation_policy": _name(data.get("escalation_policy")),
        "changed_by": _name(event.get("agent")),
        "conference_url": word(bridge.get("conference_url")),
        "conference_number": word(bridge.get("conference_number")),
        "resolve_reason": word(mapping(data.get("resolve_reason")).get("type")),
    }
    yield from ((key, text) for key, text in told.items() if text)


def _description(data: Mapping[str, Any]) -> str:
    """Say what the incident says of itself, and where it does not, its number and who has it."""
    body = mapping(data.get("body"))
    details = body.get("details")
    told = word(details) or ", ".join(f"{key}: {text}" for key, text in texts(details).items())
    if told:
        return told
    number, assignees = word(data.get("number")), _names(data.get("assignees"))
    parts = (f"incident #{number}" if number else "", f"assigned to {assignees}" if assignees else "")
    return ", ".join(filter(None, parts))
