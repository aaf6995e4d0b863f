from __future__ import annotations

from typing import Any

import pytest

from runner.errors import NodeError
from runner.formats import FORMATS
from runner.formats.detection import parse
from runner.results import Problem
from tests.formats.published import NAMES
from tests.formats.published import payload as published

ALERTMANAGER = "alerts[] with labels.alertname, or alerts[] beside groupKey, groupLabels, commonLabels or receiver"
GRAFANA = "alerts[] with silenceURL, dashboardURL, panelURL or valueString, or a group of alerts beside orgId"
PAGERDUTY = "event.event_type incident.… with the incident in event.data"
GENERIC = "name, alert_name, alertname or title, at the top or in alerts[]"
NAMED = {"labels": {"alertname": "A"}}
INCIDENT = {"event": {"event_type": "incident.triggered", "data": {"id": "P1", "title": "Down"}}}


@pytest.mark.parametrize(
    ("payload", "name", "reason"),
    [
        pytest.param(
            {"alerts": [{"status": "firing", **NAMED}]},
            "alertmanager",
            "alerts[] has labels.alertname",
            id="simple-alertmanager",
        ),
        pytest.param(
            {"receiver": "x", "groupLabels": {}, "alerts": [{"labels": {"job": "a"}}]},
            "alertmanager",
            "alerts[] stands beside groupLabels, receiver",
            id="envelope",
        ),
        pytest.param(
            {"title": "[FIRING:1] A", "state": "alerting", "orgId": 1, "receiver": "x", "alerts": [NAMED]},
            "grafana",
            "alerts[] stands beside orgId, title, state",
            id="grafana-unified",
        ),
        pytest.param(INCIDENT, "pagerduty", 'event.event_type is "incident.triggered"', id="pagerduty"),
        pytest.param({"alertname": "HighCPU", "severity": "critical"}, "generic", "it has alertname", id="alertname"),
        pytest.param({"title": "Something"}, "generic", "it has title", id="bare-title"),
        pytest.param({"title": "Something", "state": "ok", "orgId": 1}, "generic", "it has title", id="old-grafana"),
        pytest.param({"alerts": [{"title": "Something"}]}, "generic", "alerts[] has title", id="list"),
    ],
)
def test_a_payload_is_recognised_and_says_by_what(payload: dict[str, Any], name: str, reason: str) -> None:
    read = parse(payload)
    assert (read.format, read.reason, len(read.parsed.alerts)) == (name, reason, 1)
    assert read.parsed.problems == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_published_payload_is_recognised_as_what_its_vendor_sends(name: str) -> None:
    vendor = name.partition("-")[0]
    fitting = [one for one in FORMATS if one != "generic" and FORMATS.load(one)().detect(published(name))]
    assert fitting[-1] == vendor
    try:
        assert parse(published(name)).format == vendor
    except NodeError as error:
        assert (vendor, error.code) == ("pagerduty", "no_alert")  # noqa: PT017 - what is no alert was recognised first


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_sample_is_recognised_as_its_own_format(name: str) -> None:
    read = parse(FORMATS.load(name)().sample())
    assert (read.format, read.parsed.ignored, read.parsed.problems) == (name, 0, ())
    assert next(alert.status for alert in read.parsed.alerts) == "firing"
    assert all(alert.url.startswith("https://") and alert.labels for alert in read.parsed.alerts)


@pytest.mark.parametrize(("driver", "reason"), [("generic", "named by the wrapper's driver"), (None, "it has name")])
def test_a_wrapper_is_taken_off(driver: str | None, reason: str) -> None:
    read = parse({"driver": driver, "payload": {"name": "A"}})
    assert (read.format, read.reason, read.parsed.alerts[0].name) == ("generic", reason, "A")


def test_a_wrapper_may_hold_what_any_vendor_sends() -> None:
    assert parse({"driver": "pagerduty", "payload": INCIDENT}).format == "pagerduty"
    assert parse({"driver": "", "payload": published("grafana-firing")}).format == "grafana"


def test_a_named_format_wins_over_the_wrapper() -> None:
    read = parse({"driver": "generic", "payload": {"alerts": [NAMED]}}, "alertmanager", "--format")
    assert (read.format, read.reason, read.parsed.problems) == ("alertmanager", "named by --format", ())


def test_an_alert_may_have_a_payload_and_a_driver_of_its_own() -> None:
    assert parse({"name": "A", "driver": {"version": 3}, "payload": {"kg": 12}}).parsed.alerts[0].name == "A"
    assert parse({"name": "A", "driver": "truck", "payload": "stones"}).parsed.alerts[0].name == "A"


def test_a_named_format_that_another_adds_to_is_no_mistake() -> None:
    read = parse(published("grafana-firing"), "alertmanager")
    assert (read.format, len(read.parsed.alerts), read.parsed.problems) == ("alertmanager", 2, ())


def test_a_named_format_that_fits_worse_than_another_is_a_problem_and_no_failure() -> None:
    read = parse({"alerts": [{"title": "Disk full", "status": "firing"}]}, "alertmanager", "--source")
    assert [alert.name for alert in read.parsed.alerts] == ["unnamed alert"]
    assert read.parsed.problems == (
        Problem(
            code="doubtful_format",
            message="the payload looks like generic (alerts[] has title),"
            " and was read as alertmanager because --source says so",
        ),
    )


KEYS = ", ".join(f'"k{number}"' for number in range(12))


@pytest.mark.parametrize(
    ("payload", "name", "code", "message"),
    [
        pytest.param(
            [], "", "bad_payload", 'the payload is a list; alerts come in an object, such as {"alerts": […]}', id="list"
        ),
        pytest.param(None, "", "bad_payload", "the payload is nothing; alerts come in an object", id="null"),
        pytest.param(
            {},
            "",
            "no_alert",
            "the payload is empty: give one with --payload, --file, --event or --sample",
            id="empty",
        ),
        pytest.param(
            {"driver": "zabbix", "payload": {"name": "A"}},
            "",
            "unknown_format",
            'unknown format "zabbix"; known: alertmanager, grafana, pagerduty, generic',
            id="unknown-driver",
        ),
        pytest.param(
            {"alerts": [{"name": "A", **NAMED}]},
            "",
            "ambiguous_format",
            "the payload fits more than one format: alertmanager (alerts[] has labels.alertname),"
            " generic (alerts[] has name); say which with format in the node or --format",
            id="ambiguous",
        ),
        pytest.param(
            {f"k{number}": 1 for number in range(14)},
            "",
            "unknown_format",
            f"no alert format fits the payload: its keys are {KEYS} and 2 more; alertmanager looks for {ALERTMANAGER};"
            f" grafana looks for {GRAFANA}; pagerduty looks for {PAGERDUTY}; generic looks for {GENERIC}",
            id="nothing-fits",
        ),
        pytest.param(
            {"alerts": [], "receiver": "x"},
            "",
            "no_alert",
            f"no alert in the payload: the alertmanager format looks for {ALERTMANAGER};"
            ' its keys are "alerts", "receiver"',
            id="no-alert",
        ),
        pytest.param(
            {},
            "generic",
            "no_alert",
            f"no alert in the payload: the generic format looks for {GENERIC}; it is empty",
            id="empty-of-a-named-format",
        ),
        pytest.param(
            INCIDENT,
            "grafana",
            "no_alert",
            f'no alert in the payload: the grafana format looks for {GRAFANA}; its keys are "event";'
            ' it looks like pagerduty (event.event_type is "incident.triggered")',
            id="another-format",
        ),
        pytest.param(
            {"event": {"event_type": "pagey.ping"}},
            "",
            "no_alert",
            "no alert in the payload: pagey.ping is PagerDuty's test of the webhook; the webhook works",
            id="ping",
        ),
    ],
)
def test_what_cannot_be_read_fails_with_what_was_looked_for(
    payload: object, name: str, code: str, message: str
) -> None:
    with pytest.raises(NodeError) as failed:
        parse(payload, name)
    assert (failed.value.code, failed.value.retryable, failed.value.message) == (code, False, message)
