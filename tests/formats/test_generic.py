from __future__ import annotations

from typing import Any

import pytest

from runner.facts import Alert
from runner.formats.generic import Generic
from runner.results import Severity


def test_a_flat_object_is_one_alert() -> None:
    parsed = Generic().parse(
        {
            "alertname": "HighCPU",
            "severity": "critical",
            "instance": "web-1",
            "description": "CPU is busy",
            "started_at": "2024-01-10T10:00:00Z",
            "url": "https://grafana.example/d/1",
            "group_key": "cpu",
        }
    )
    assert parsed.alerts == (
        Alert(
            fingerprint="be86a357880dbcde",
            name="HighCPU",
            status="firing",
            severity=Severity.CRITICAL,
            description="CPU is busy",
            labels={"instance": "web-1"},
            annotations={},
            started_at="2024-01-10T10:00:00Z",
            url="https://grafana.example/d/1",
            source="generic",
        ),
    )
    assert parsed.group_key == "cpu"


@pytest.mark.parametrize("key", ["name", "alert_name", "alertname", "title"])
def test_a_name_stands_under_any_of_its_keys(key: str) -> None:
    assert Generic().parse({key: "Disk"}).alerts[0].name == "Disk"


@pytest.mark.parametrize("key", ["severity", "priority", "level"])
def test_a_severity_stands_under_any_of_its_keys(key: str) -> None:
    assert Generic().parse({"name": "Disk", key: "P1"}).alerts[0].severity is Severity.CRITICAL


@pytest.mark.parametrize("key", ["status", "state"])
def test_a_status_stands_under_any_of_its_keys(key: str) -> None:
    payload = {"name": "Disk", key: "OK", "ended_at": "2024-01-10T11:00:00Z"}
    (alert,) = Generic().parse(payload).alerts
    assert (alert.status, alert.ended_at) == ("resolved", "2024-01-10T11:00:00Z")


def test_several_alerts_share_what_only_the_payload_says() -> None:
    payload = {
        "severity": "critical",
        "status": "resolved",
        "alerts": [{"name": "A"}, {"name": "B", "severity": "info", "status": "firing"}, {"name": "C", "status": None}],
    }
    alerts = Generic().parse(payload).alerts
    assert [(alert.name, alert.severity.value, alert.status) for alert in alerts] == [
        ("A", "critical", "resolved"),
        ("B", "info", "firing"),
        ("C", "critical", "resolved"),
    ]


def test_entries_without_a_name_are_counted() -> None:
    parsed = Generic().parse({"alerts": [{"name": "A"}, {"message": "what?"}, None]})
    assert ([alert.name for alert in parsed.alerts], parsed.ignored) == (["A"], 2)


def test_two_hosts_have_two_fingerprints_and_a_new_text_changes_none() -> None:
    first, again, other = (
        Generic().parse({"name": "Disk", "host": host, "message": message}).alerts[0].fingerprint
        for host, message in (("db1", "91%"), ("db1", "92%"), ("db2", "91%"))
    )
    assert first == again != other


def test_a_label_wins_over_the_same_word_beside_the_name() -> None:
    (alert,) = (
        Generic()
        .parse({"name": "Disk", "host": "gateway", "labels": {"host": "db1", "size": 3, "spare": False}})
        .alerts
    )
    assert alert.labels == {"host": "db1", "size": "3", "spare": "false"}


@pytest.mark.parametrize("payload", [{}, {"name": None}, {"name": "  "}, {"name": {"a": 1}}, {"alerts": []}])
def test_no_name_is_no_alert(payload: dict[str, Any]) -> None:
    assert Generic().parse(payload).alerts == ()


def test_its_sample_is_a_test_alert() -> None:
    (alert,) = Generic().parse(Generic().sample()).alerts
    assert (alert.name, alert.status, alert.severity) == ("Test Alert", "firing", Severity.WARNING)
    assert alert.description == "This is a test alert from the CLI"
    assert alert.labels == {"source": "cli-test", "environment": "development"}
    assert (alert.started_at, alert.url) == ("2024-01-10T10:00:00Z", "https://monitoring.example.com/alerts/test")


def test_words_and_times_that_are_not_known_are_noted() -> None:
    alerts = [
        {"name": "A", "severity": "sev-9", "priority": "P1", "status": "critical", "time": "10 o'clock"},
        {"name": "B", "starts_at": "soon", "timestamp": 1704880800},
    ]
    parsed = Generic().parse({"alerts": alerts})
    assert [(alert.severity.value, alert.status, alert.started_at) for alert in parsed.alerts] == [
        ("critical", "firing", ""),
        ("warning", "firing", "2024-01-10T10:00:00Z"),
    ]
    assert [problem.message for problem in parsed.problems] == [
        'the sender\'s status "critical" is not known; taken as firing',
        'the sender\'s severity "sev-9" is not known; taken as critical',
        "the sender's time \"10 o'clock\" is not a time; left unknown",
    ]
