from __future__ import annotations

from typing import Any

import pytest

from runner.errors import NodeError
from runner.facts import Alert
from runner.formats.pagerduty import PagerDuty
from runner.results import Problem, Severity
from tests.formats.published import payload

PLACE = "https://acme.pagerduty.com/incidents/PGR0VU2"


def event(kind: str = "incident.triggered", **data: object) -> dict[str, Any]:
    """Return an event of an incident."""
    return {"event": {"event_type": kind, "data": {"id": "P1", "type": "incident", "title": "Down", **data}}}


def read(found: dict[str, Any]) -> Alert:
    (alert,) = PagerDuty().parse(found).alerts
    return alert


def test_the_published_incident_is_read_in_full() -> None:
    parsed = PagerDuty().parse(payload("pagerduty-priority-updated"))
    assert parsed.alerts == (
        Alert(
            fingerprint="PGR0VU2",
            name="A little bump in the road",
            status="firing",
            severity=Severity.CRITICAL,
            description="incident #2, assigned to User 123",
            labels={"service": "API Service", "priority": "P1", "urgency": "high", "team": "Engineering"},
            annotations={
                "event_type": "incident.priority_updated",
                "number": "2",
                "incident_key": "d3640fbd41094207a1c11e58e46b1662",
                "assignees": "User 123",
                "escalation_policy": "Default",
                "changed_by": "Tenex Engineer",
                "conference_url": "https://example.com",
                "conference_number": "+1 1234123412,,987654321#",
            },
            started_at="2020-04-09T15:16:27Z",
            url=PLACE,
            source="pagerduty",
        ),
    )
    assert (parsed.group_key, parsed.truncated, parsed.ignored, parsed.problems) == ("", 0, 0, ())


@pytest.mark.parametrize(
    ("name", "status", "ended"),
    [
        ("pagerduty-triggered", "firing", ""),
        ("pagerduty-acknowledged", "acknowledged", ""),
        ("pagerduty-resolved", "resolved", "2020-10-02T18:45:22.169Z"),
    ],
)
def test_an_incident_keeps_its_identity_through_its_states(name: str, status: str, ended: str) -> None:
    alert = read(payload(name))
    assert (alert.status, alert.ended_at) == (status, ended)
    assert (alert.fingerprint, alert.subject, alert.started_at) == ("PGR0VU2", "API Service", "2020-04-09T15:16:27Z")


def test_what_was_just_triggered_began_with_its_event() -> None:
    triggered = {"event_type": "incident.triggered", "occurred_at": "2026-01-10T10:00:00Z", "data": {"title": "Down"}}
    (alert,) = PagerDuty().parse({"event": triggered}).alerts
    assert alert.started_at == "2026-01-10T10:00:00Z"
    (escalated,) = PagerDuty().parse({"event": {**triggered, "event_type": "incident.escalated"}}).alerts
    assert escalated.started_at == ""


def test_nulls_are_not_said_and_no_problem() -> None:
    parsed = PagerDuty().parse(payload("pagerduty-nulls"))
    (alert,) = parsed.alerts
    assert (alert.name, alert.description, alert.subject) == ("A little bump in the road", "incident #2", "")
    assert alert.labels == {"urgency": "high"}
    assert (alert.severity, alert.url, parsed.problems) == (Severity.CRITICAL, PLACE, ())


@pytest.mark.parametrize(
    ("kind", "said", "status"),
    [
        ("incident.triggered", None, "firing"),
        ("incident.reopened", "resolved", "firing"),
        ("incident.unacknowledged", "acknowledged", "firing"),
        ("incident.acknowledged", "triggered", "acknowledged"),
        ("incident.resolved", "acknowledged", "resolved"),
        ("incident.escalated", "triggered", "firing"),
        ("incident.escalated", "acknowledged", "acknowledged"),
        ("incident.reassigned", "acknowledged", "acknowledged"),
        ("incident.delegated", None, "firing"),
        ("incident.service_updated", "resolved", "resolved"),
    ],
)
def test_an_event_that_changes_the_state_decides_it_and_any_other_asks_the_incident(
    kind: str, said: str | None, status: str
) -> None:
    parsed = PagerDuty().parse(event(kind, status=said))
    assert ([alert.status for alert in parsed.alerts], parsed.problems) == ([status], ())


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "acknowledged",
            (
                'the event type "incident.teleported" is not known; taken as acknowledged,'
                ' for the incident says "acknowledged"'
            ),
        ),
        (
            None,
            (
                'the event type "incident.teleported" is not known; taken as firing,'
                " for its incident does not say either"
            ),
        ),
    ],
    ids=["it-says", "it-does-not"],
)
def test_an_event_type_that_is_not_known_is_said(said: str | None, message: str) -> None:
    parsed = PagerDuty().parse(event("incident.teleported", status=said))
    assert parsed.problems == (Problem(code="unknown_event", message=message),)
    assert [alert.name for alert in parsed.alerts] == ["Down"]


@pytest.mark.parametrize(
    ("data", "severity"),
    [
        ({"priority": {"summary": "P1"}, "urgency": "low"}, "critical"),
        ({"priority": {"summary": "P2"}, "urgency": "high"}, "warning"),
        ({"priority": {"name": "SEV-1"}}, "critical"),
        ({"priority": {"summary": "P5"}, "urgency": "high"}, "info"),
        ({"priority": None, "urgency": "high"}, "critical"),
        ({"urgency": "low"}, "warning"),
        ({"priority": "P1", "urgency": None}, "warning"),
        ({}, "warning"),
    ],
    ids=["P1", "P2", "SEV-1", "P5", "high", "low", "no-reference", "nothing"],
)
def test_a_priority_says_how_bad_it_is_and_without_one_the_urgency(data: dict[str, Any], severity: str) -> None:
    parsed = PagerDuty().parse(event(**data))
    assert ([alert.severity.value for alert in parsed.alerts], parsed.problems) == ([severity], ())


@pytest.mark.parametrize(
    ("data", "severity", "message"),
    [
        (
            {"priority": {"summary": "Code Red"}, "urgency": "high"},
            "critical",
            'the sender\'s severity "Code Red" is not known; taken as critical',
        ),
        (
            {"urgency": "severe-ish"},
            "warning",
            'the sender\'s severity "severe-ish" is not known; taken as warning',
        ),
    ],
    ids=["priority", "urgency"],
)
def test_a_priority_of_their_own_is_noted(data: dict[str, Any], severity: str, message: str) -> None:
    parsed = PagerDuty().parse(event(**data))
    assert [alert.severity.value for alert in parsed.alerts] == [severity]
    assert parsed.problems == (Problem(code="unknown_severity", message=message),)


@pytest.mark.parametrize(
    ("data", "description"),
    [
        ({"body": {"details": "The pool is empty"}, "number": 7}, "The pool is empty"),
        ({"body": {"details": {"pool": "a", "size": 3, "list": []}}}, "pool: a, size: 3"),
        ({"body": None, "number": 7, "assignees": [{"summary": "A"}, None, {"summary": "B"}]},
         "incident #7, assigned to A, B"),
        ({}, ""),
    ],
    ids=["text", "object", "who", "nothing"],
)  # fmt: skip
def test_it_says_what_the_incident_says_of_itself(data: dict[str, Any], description: str) -> None:
    assert read(event(**data)).description == description


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"title": "", "summary": "[#7] Down"}, "[#7] Down"),
        ({"title": None, "number": 7}, "incident #7"),
        ({"title": None}, "incident P1"),
    ],
)
def test_an_incident_without_a_title_is_named_all_the_same(data: dict[str, Any], name: str) -> None:
    assert read(event(**data)).name == name


def test_an_incident_that_names_no_kind_is_one_where_the_event_is_known() -> None:
    assert read(event(type=None)).name == "Down"


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (
            payload("pagerduty-ping"),
            "no alert in the payload: pagey.ping is PagerDuty's test of the webhook; the webhook works",
        ),
        (
            payload("pagerduty-note"),
            (
                'no alert in the payload: the event "incident.annotated" tells no state of an incident:'
                ' its data is "incident_note", not the incident'
            ),
        ),
        (
            payload("pagerduty-service-updated"),
            (
                'no alert in the payload: the event "service.updated" is not known as one of an incident:'
                ' its data is "service", not the incident'
            ),
        ),
        (
            {"event": {"event_type": "incident.teleported", "data": None}},
            (
                'no alert in the payload: the event "incident.teleported" tells no state of an incident:'
                " its data is no incident"
            ),
        ),
        (
            {"event": {"event_type": "incident.triggered", "data": {}}},
            (
                'no alert in the payload: the event "incident.triggered" says nothing of its incident:'
                " event.data has no title and no id"
            ),
        ),
        (
            {"messages": [{"event": "incident.trigger", "incident": {"id": "P1"}}]},
            "no alert in the payload: these are messages of PagerDuty's V2 webhooks; subscribe to V3 webhooks instead",
        ),
    ],
    ids=["ping", "note", "service", "no-data", "empty-data", "v2"],
)
def test_an_event_that_is_no_alert_says_what_it_is(found: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeError) as failed:
        PagerDuty().parse(found)
    assert (failed.value.code, failed.value.retryable, failed.value.message) == ("no_alert", False, message)


def test_times_that_are_none_are_noted() -> None:
    found = event("incident.resolved", created_at="the other day")
    found["event"]["occurred_at"] = 10**400
    parsed = PagerDuty().parse(found)
    assert [(alert.started_at, alert.ended_at) for alert in parsed.alerts] == [("", "")]
    assert [problem.code for problem in parsed.problems] == ["unknown_time", "unknown_time"]
    assert parsed.problems[0].message == 'the sender\'s created_at "the other day" is not a time; left unknown'


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (event(), 'event.event_type is "incident.triggered"'),
        (payload("pagerduty-ping"), 'event.event_type is "pagey.ping"'),
        ({"messages": [{"event": "incident.trigger"}]}, "messages[] has an event incident.…"),
        ({"event": "incident.triggered"}, None),
        ({"event": {"event_type": None}}, None),
        ({"messages": ["incident.trigger"]}, None),
    ],
)
def test_it_is_recognised_by_its_event(found: dict[str, Any], reason: str | None) -> None:
    assert PagerDuty().detect(found) == reason


@pytest.mark.parametrize("found", [{}, {"event": []}, {"event": {"event_type": ""}}])
def test_without_an_event_there_is_no_alert(found: dict[str, Any]) -> None:
    assert PagerDuty().parse(found).alerts == ()


def test_its_sample_is_an_incident_of_a_shop() -> None:
    parsed = PagerDuty().parse(PagerDuty().sample())
    (alert,) = parsed.alerts
    assert (alert.name, alert.subject, alert.status) == ("Checkout answers with errors", "Checkout", "firing")
    assert (alert.severity, alert.url) == (Severity.CRITICAL, "https://example.pagerduty.com/incidents/PSAMPLEI")
    assert parsed.problems == ()
