from __future__ import annotations

from typing import Any

import pytest

from runner.facts import Alert
from runner.formats.alertmanager import Alertmanager
from runner.results import Problem, Severity
from tests.formats.published import payload

LABELS = {"alertname": "DiskSpaceLow", "severity": "warning", "instance": "db-server-01"}
SIMPLE = {"alerts": [{"status": "firing", "labels": LABELS, "annotations": {"description": "Disk is filling up"}}]}


def test_a_group_of_alerts_is_read_in_full() -> None:
    parsed = Alertmanager().parse(
        {
            "version": "4",
            "groupKey": '{}:{alertname="DiskSpaceLow"}',
            "truncatedAlerts": 3,
            "status": "firing",
            "receiver": "webhook",
            "alerts": [
                {
                    "status": "resolved",
                    "labels": LABELS,
                    "annotations": {"summary": "Disk", "runbook_url": "https://wiki.example/disk"},
                    "startsAt": "2024-01-10T10:00:00.123456789Z",
                    "endsAt": "2024-01-10T10:30:00Z",
                    "generatorURL": "https://prometheus.example/graph",
                    "fingerprint": "c0ffee",
                }
            ],
        }
    )
    assert parsed.alerts == (
        Alert(
            fingerprint="c0ffee",
            name="DiskSpaceLow",
            status="resolved",
            severity=Severity.WARNING,
            description="Disk",
            labels=LABELS,
            annotations={"summary": "Disk", "runbook_url": "https://wiki.example/disk"},
            started_at="2024-01-10T10:00:00.123456789Z",
            ended_at="2024-01-10T10:30:00Z",
            url="https://prometheus.example/graph",
            source="alertmanager",
        ),
    )
    assert (parsed.group_key, parsed.truncated, parsed.ignored) == ('{}:{alertname="DiskSpaceLow"}', 3, 0)


def test_an_alert_without_a_fingerprint_gets_one_of_its_name_and_labels() -> None:
    assert Alertmanager().parse(SIMPLE).alerts[0].fingerprint == "80e68962c0aaa874"


@pytest.mark.parametrize(
    "alert",
    [
        pytest.param({"labels": LABELS, "annotations": None, "status": None, "startsAt": None}, id="nulls"),
        pytest.param({"labels": LABELS, "annotations": [], "status": 7, "endsAt": {}}, id="other-types"),
        pytest.param({"labels": {**LABELS, "none": None, "list": [], "empty": ""}}, id="labels-without-text"),
        pytest.param({"labels": LABELS, "endsAt": "0001-01-01T00:00:00Z"}, id="no-end"),
    ],
)
def test_what_is_missing_or_of_another_type_is_taken_as_not_said(alert: dict[str, Any]) -> None:
    (read,) = Alertmanager().parse({"alerts": [alert]}).alerts
    assert (read.name, read.status, read.description, read.labels) == ("DiskSpaceLow", "firing", "", LABELS)
    assert (read.annotations, read.started_at, read.ended_at, read.url) == ({}, "", "", "")


@pytest.mark.parametrize(
    ("group", "name"),
    [
        pytest.param({"commonLabels": {"alertname": "Shared"}}, "Shared", id="common-label"),
        pytest.param({"groupLabels": {"alertname": "Grouped"}}, "Grouped", id="group-label"),
        pytest.param({}, "Something is wrong", id="summary"),
    ],
)
def test_an_alert_without_a_name_takes_the_next_best(group: dict[str, Any], name: str) -> None:
    alert = {"labels": {"job": "node"}, "annotations": {"summary": "Something is wrong"}}
    assert Alertmanager().parse({**group, "alerts": [alert]}).alerts[0].name == name


def test_an_alert_takes_the_status_of_its_group_where_it_has_none() -> None:
    group = {"status": "resolved", "alerts": [{"labels": LABELS}]}
    assert Alertmanager().parse(group).alerts[0].status == "resolved"


def test_entries_that_are_no_alert_are_counted() -> None:
    parsed = Alertmanager().parse({"alerts": [None, "down", {}, {"labels": LABELS}]})
    assert (len(parsed.alerts), parsed.ignored) == (1, 3)


@pytest.mark.parametrize(
    ("count", "truncated", "shown"),
    [
        (57, 57, ""),
        ("57", 57, ""),
        (None, 0, ""),
        ("", 0, ""),
        ("many", 0, '"many"'),
        (True, 0, "true"),
        (-1, 0, "-1"),
        ([3], 0, "a list"),
    ],
)
def test_a_count_of_left_out_alerts_that_is_none_counts_nothing_and_is_noted(
    count: object, truncated: int, shown: str
) -> None:
    parsed = Alertmanager().parse({**SIMPLE, "truncatedAlerts": count})
    note = [f"the sender's truncatedAlerts {shown} is no number; taken as 0"] if shown else []
    assert (parsed.truncated, [one.message for one in parsed.problems]) == (truncated, note)


def test_its_sample_is_a_cpu_that_is_busy_and_a_disk_that_was_full() -> None:
    parsed = Alertmanager().parse(Alertmanager().sample())
    fires, over = parsed.alerts
    assert (fires.name, fires.status, fires.severity) == ("HighCPUUsage", "firing", Severity.WARNING)
    assert (fires.fingerprint, fires.subject) == ("sample-cpu-alert-001", "localhost:9090")
    assert fires.description == "CPU usage is above 80% for 5 minutes"
    assert fires.started_at == "2024-01-10T10:00:00Z"
    assert (over.name, over.status, over.ended_at) == ("DiskSpaceLow", "resolved", "2024-01-10T09:55:00Z")
    assert (parsed.ignored, parsed.problems) == (0, ())


def test_an_entry_that_has_nothing_but_a_status_is_an_alert_without_a_name() -> None:
    group = {"groupKey": "g", "receiver": "r", "alerts": [{"status": "firing", "labels": None, "annotations": None}]}
    parsed = Alertmanager().parse(group)
    assert [(alert.name, alert.status) for alert in parsed.alerts] == [("unnamed alert", "firing")]
    assert parsed.ignored == 0


def test_the_published_group_is_read_in_full() -> None:
    parsed = Alertmanager().parse(payload("alertmanager-firing"))
    assert [(alert.name, alert.subject, alert.status, alert.severity.value) for alert in parsed.alerts] == [
        ("InstanceDown", "localhost:9100", "firing", "critical"),
        ("InstanceDown", "localhost:9101", "resolved", "critical"),
    ]
    assert [(alert.started_at, alert.ended_at) for alert in parsed.alerts] == [
        ("2018-08-03T09:52:26.739266876+02:00", ""),
        ("2018-08-03T09:40:26.739266876+02:00", "2018-08-03T09:52:26.739266876+02:00"),
    ]
    assert (parsed.group_key, parsed.truncated, parsed.problems) == ('{}:{alertname="InstanceDown"}', 2, ())


def test_the_same_group_is_over_under_the_same_names() -> None:
    fired, over = (Alertmanager().parse(payload(f"alertmanager-{state}")) for state in ("firing", "resolved"))
    assert over.group_key == fired.group_key
    assert [alert.fingerprint for alert in over.alerts] == [fired.alerts[1].fingerprint]
    assert {alert.status for alert in over.alerts} == {"resolved"}


def test_nulls_are_not_said_and_no_problem() -> None:
    parsed = Alertmanager().parse(payload("alertmanager-nulls"))
    (alert,) = parsed.alerts
    assert (alert.name, alert.status, alert.severity.value, alert.subject) == ("InstanceDown", "firing", "warning", "")
    assert (alert.started_at, alert.url, alert.annotations, parsed.group_key) == ("", "", {}, "")
    assert (parsed.truncated, parsed.ignored, parsed.problems) == (0, 0, ())


def test_a_priority_is_a_severity_where_there_is_none() -> None:
    labels = {"alertname": "A", "priority": "P1"}
    assert Alertmanager().parse({"alerts": [{"labels": labels}]}).alerts[0].severity is Severity.CRITICAL


def test_words_and_times_that_are_none_are_noted_and_taken_for_the_cautious_thing() -> None:
    alerts = [
        {"labels": {"alertname": "A", "severity": "sev-9"}, "status": "purple", "startsAt": "yesterday"},
        {"labels": {"alertname": "B", "severity": "sev-9"}, "status": "firing", "startsAt": {"at": 3}},
    ]
    parsed = Alertmanager().parse({"alerts": alerts})
    read = [(alert.severity.value, alert.status, alert.started_at) for alert in parsed.alerts]
    assert read == [("warning", "firing", ""), ("warning", "firing", "")]
    assert parsed.problems == (
        Problem(code="unknown_status", message='the sender\'s status "purple" is not known; taken as firing'),
        Problem(
            code="unknown_severity",
            message='the sender\'s severity "sev-9" is not known; taken as warning (2 times)',
        ),
        Problem(code="unknown_time", message='the sender\'s startsAt "yesterday" is not a time; left unknown'),
        Problem(code="unknown_time", message="the sender's startsAt an object is not a time; left unknown"),
    )
