from __future__ import annotations

from typing import Any

import pytest

from runner.facts import Alert
from runner.formats.grafana import Grafana
from runner.results import Problem, Severity
from tests.formats.published import payload

RULE = "https://play.grafana.org/alerting/1afz29v7z/edit"
SILENCE = "https://play.grafana.org/alerting/silence/new?alertmanager=grafana&matchers=alertname%3DT2%2Cteam%3Dblue%2Czone%3Dus-1"
LABELS = {"alertname": "High memory usage", "team": "blue", "zone": "us-1"}
SAID = {
    "description": "The system has high memory usage",
    "runbook_url": "https://myrunbook.com/runbook/1234",
    "summary": "This alert was triggered for zone us-1",
}


def one(**fields: object) -> dict[str, Any]:
    """Return a group of one alert."""
    return {"orgId": 1, "groupKey": "g", "alerts": [{"status": "firing", "labels": {"alertname": "A"}, **fields}]}


def test_the_published_group_is_read_in_full() -> None:
    parsed = Grafana().parse(payload("grafana-firing"))
    assert parsed.alerts[0] == Alert(
        fingerprint="c6eadffa33fcdf37",
        name="High memory usage",
        status="firing",
        severity=Severity.WARNING,
        description="The system has high memory usage",
        labels=LABELS,
        annotations={"values": "B=44.2394, C=1", "generatorURL": RULE, "silenceURL": SILENCE, **SAID},
        started_at="2021-10-12T09:51:03.157076+02:00",
        url=RULE,
        source="grafana",
    )
    assert [(alert.name, alert.fingerprint) for alert in parsed.alerts[1:]] == [("High CPU usage", "bc97ff14869b13e3")]
    assert (parsed.group_key, parsed.truncated, parsed.ignored, parsed.problems) == ("{}:{}", 0, 0, ())


def test_the_same_alert_is_over_under_the_same_names() -> None:
    fired, over = (Grafana().parse(payload(f"grafana-{state}")) for state in ("firing", "resolved"))
    (alert,) = over.alerts
    assert (alert.status, alert.started_at, alert.ended_at) == (
        "resolved",
        "2021-10-12T09:51:03.157076+02:00",
        "2021-10-12T10:16:03.157076+02:00",
    )
    assert (alert.fingerprint, over.group_key) == (fired.alerts[0].fingerprint, fired.group_key)
    assert "values" not in alert.annotations
    assert over.problems == ()


def test_the_test_button_sends_an_alert() -> None:
    (alert,) = Grafana().parse(payload("grafana-test")).alerts
    assert (alert.name, alert.subject, alert.description, alert.url) == (
        "TestAlert",
        "Grafana",
        "Notification test",
        "",
    )
    assert alert.annotations["values"] == "[ metric='foo' labels={instance=bar} value=10 ]"


def test_nulls_are_not_said_and_a_rule_without_data_is_named() -> None:
    parsed = Grafana().parse(payload("grafana-nulls"))
    (alert,) = parsed.alerts
    assert alert.name == "DatasourceNoData (High CPU usage)"
    assert (alert.status, alert.severity, alert.description) == ("firing", Severity.WARNING, "")
    assert (dict(alert.annotations), alert.url, alert.ended_at) == ({}, "", "")
    assert (parsed.group_key, parsed.truncated, parsed.problems) == ("", 0, ())


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"panelURL": "https://g/p", "dashboardURL": "https://g/d", "generatorURL": "https://g/r"}, "https://g/p"),
        ({"panelURL": "", "dashboardURL": "https://g/d", "generatorURL": "https://g/r"}, "https://g/d"),
        ({"panelURL": None, "generatorURL": "https://g/r"}, "https://g/r"),
        ({"panelURL": ["https://g/p"]}, ""),
    ],
    ids=["panel", "dashboard", "rule", "none"],
)
def test_its_address_is_where_to_look_first(fields: dict[str, Any], url: str) -> None:
    assert Grafana().parse(one(**fields)).alerts[0].url == url


def test_an_image_and_a_silence_are_kept_beside_what_the_rule_says() -> None:
    annotations = {"silenceURL": "https://mine", "imageURL": "", "note": "x"}
    alert = one(silenceURL="https://g/s", imageURL="https://g/i.png", annotations=annotations)
    assert Grafana().parse(alert).alerts[0].annotations == {
        "silenceURL": "https://mine",
        "imageURL": "https://g/i.png",
        "note": "x",
    }


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"values": {"A": 96.2, "B": 1, "C": "NaN", "D": None, "E": {}}}, "A=96.2, B=1, C=NaN"),
        ({"values": None, "valueString": "[ var='A' value=3 ]"}, "[ var='A' value=3 ]"),
        ({"values": [1], "valueString": None}, ""),
        ({"values": {"A": 1}, "annotations": {"summary": "Too hot"}}, "Too hot"),
    ],
    ids=["values", "text", "neither", "words-first"],
)
def test_a_rule_that_says_nothing_is_told_by_its_values(fields: dict[str, Any], description: str) -> None:
    assert Grafana().parse(one(**fields)).alerts[0].description == description


def test_only_an_alert_about_its_source_is_named_after_the_rule() -> None:
    labels = {"alertname": "Mine", "rulename": "Other"}
    assert Grafana().parse(one(labels=labels)).alerts[0].name == "Mine"


@pytest.mark.parametrize("state", ["ok", "normal", "Normal"])
def test_an_alert_without_a_status_takes_the_state_of_the_group(state: str) -> None:
    group = {**one(status=None), "state": state}
    assert Grafana().parse(group).alerts[0].status == "resolved"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (one(panelURL=""), "alerts[] has panelURL"),
        (one(), "alerts[] stands beside orgId"),
        ({**one(), "title": "t", "state": "alerting"}, "alerts[] stands beside orgId, title, state"),
        ({"title": "t", "alerts": [{"labels": {"alertname": "A"}}]}, "alerts[] stands beside title"),
        ({"orgId": 1, "receiver": "x", "alerts": []}, "alerts[] stands beside orgId"),
        ({"groupKey": "g", "alerts": [{"labels": {"alertname": "A"}}]}, None),
        ({"title": "t", "state": "alerting", "alerts": [{"name": "A"}]}, None),
        ({"title": "t", "state": "alerting", "orgId": 1}, None),
        ({"alerts": {"silenceURL": ""}}, None),
    ],
    ids=["alert", "group", "all", "title", "empty", "alertmanager", "by-hand", "alone", "no-list"],
)
def test_it_is_recognised_by_what_an_alertmanager_does_not_say(found: dict[str, Any], reason: str | None) -> None:
    assert Grafana().detect(found) == reason


def test_words_that_are_not_known_are_noted() -> None:
    group = one(labels={"alertname": "A", "severity": "sev-9"}, status="exploded", startsAt="soon")
    assert Grafana().parse(group).problems == (
        Problem(code="unknown_status", message='the sender\'s status "exploded" is not known; taken as firing'),
        Problem(code="unknown_severity", message='the sender\'s severity "sev-9" is not known; taken as warning'),
        Problem(code="unknown_time", message='the sender\'s startsAt "soon" is not a time; left unknown'),
    )


def test_its_sample_is_memory_that_is_full_and_pages_that_were_slow() -> None:
    parsed = Grafana().parse(Grafana().sample())
    fires, over = parsed.alerts
    assert (fires.name, fires.status, fires.severity) == ("HighMemoryUsage", "firing", Severity.CRITICAL)
    assert (fires.subject, fires.annotations["values"]) == ("web-1", "A=96.2, B=1")
    assert fires.url == "https://grafana.example.com/d/machines?orgId=1&viewPanel=4"
    assert (over.name, over.status, over.ended_at) == ("SlowPages", "resolved", "2024-01-10T09:55:00Z")
    assert (parsed.ignored, parsed.problems) == (0, ())
