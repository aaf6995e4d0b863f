from __future__ import annotations

from typing import Any

import pytest

from runner.facts import Alert
from runner.formats.alertmanager import Alertmanager
from runner.results import Severity

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
    ("payload", "name"),
    [
        pytest.param({"commonLabels": {"alertname": "Shared"}}, "Shared", id="common-label"),
        pytest.param({"groupLabels": {"alertname": "Grouped"}}, "Grouped", id="group-label"),
        pytest.param({}, "Something is wrong", id="summary"),
    ],
)
def test_an_alert_without_a_name_takes_the_next_best(payload: dict[str, Any], name: str) -> None:
    alert = {"labels": {"job": "node"}, "annotations": {"summary": "Something is wrong"}}
    assert Alertmanager().parse({**payload, "alerts": [alert]}).alerts[0].name == name


def test_an_alert_takes_the_status_of_its_group_where_it_has_none() -> None:
    payload = {"status": "resolved", "alerts": [{"labels": LABELS}]}
    assert Alertmanager().parse(payload).alerts[0].status == "resolved"


def test_entries_that_are_no_alert_are_counted() -> None:
    parsed = Alertmanager().parse({"alerts": [None, "down", {}, {"labels": LABELS}]})
    assert (len(parsed.alerts), parsed.ignored) == (1, 3)


@pytest.mark.parametrize("count", [None, "3", True, -1, [3]])
def test_a_count_of_left_out_alerts_that_is_none_counts_nothing(count: object) -> None:
    assert Alertmanager().parse({**SIMPLE, "truncatedAlerts": count}).truncated == 0


def test_its_sample_is_about_a_cpu() -> None:
    (alert,) = Alertmanager().parse(Alertmanager().sample()).alerts
    assert (alert.name, alert.status, alert.severity) == ("HighCPUUsage", "firing", Severity.WARNING)
    assert (alert.fingerprint, alert.subject) == ("sample-cpu-alert-001", "localhost:9090")
    assert alert.description == "CPU usage is above 80% for 5 minutes"
    assert alert.started_at == "2024-01-10T10:00:00Z"


def test_an_entry_that_has_nothing_but_a_status_is_an_alert_without_a_name() -> None:
    payload = {"groupKey": "g", "receiver": "r", "alerts": [{"status": "firing", "labels": None, "annotations": None}]}
    parsed = Alertmanager().parse(payload)
    assert [(alert.name, alert.status) for alert in parsed.alerts] == [("unnamed alert", "firing")]
    assert parsed.ignored == 0
