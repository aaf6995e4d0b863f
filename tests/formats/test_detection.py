from __future__ import annotations

from typing import Any

import pytest

from runner.errors import NodeError
from runner.formats import FORMATS
from runner.formats.detection import parse

ALERTMANAGER = "alerts[] with labels.alertname, or alerts[] beside groupKey, groupLabels, commonLabels or receiver"
GRAFANA = "alerts[] with silenceURL, dashboardURL, panelURL or valueString, or a group of alerts beside orgId"
PAGERDUTY = "event.event_type incident.… with the incident in event.data"
GENERIC = "name, alert_name, alertname or title, at the top or in alerts[]"
NAMED = {"labels": {"alertname": "A"}}


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        pytest.param({"alerts": [{"status": "firing", **NAMED}]}, "alertmanager", id="simple-alertmanager"),
        pytest.param(
            {"receiver": "x", "groupLabels": {}, "alerts": [{"labels": {"job": "a"}}]}, "alertmanager", id="envelope"
        ),
        pytest.param(
            {"title": "[FIRING:1] A", "state": "alerting", "orgId": 1, "receiver": "x", "alerts": [NAMED]},
            "grafana",
            id="grafana-unified",
        ),
        pytest.param({"alertname": "HighCPU", "severity": "critical"}, "generic", id="alertname-alone"),
        pytest.param({"title": "Something"}, "generic", id="bare-title"),
        pytest.param({"alerts": [{"title": "Something"}]}, "generic", id="list"),
    ],
)
def test_a_payload_is_recognised(payload: dict[str, Any], name: str) -> None:
    read = parse(payload)
    assert (read.format, len(read.parsed.alerts)) == (name, 1)


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_sample_is_recognised_as_its_own_format(name: str) -> None:
    sample = FORMATS.load(name)().sample()
    read = parse(sample)
    assert read.format == name
    assert read.reason
    assert any(alert.status == "firing" for alert in read.parsed.alerts)
    assert read.parsed.problems == ()


@pytest.mark.parametrize("driver", ["generic", None])
def test_a_wrapper_is_taken_off(driver: str | None) -> None:
    read = parse({"driver": driver, "payload": {"name": "A"}})
    reason = "named by the wrapper's driver" if driver else "it has name"
    assert (read.format, read.reason, read.parsed.alerts[0].name) == ("generic", reason, "A")


def test_a_named_format_wins_over_the_wrapper() -> None:
    read = parse({"driver": "generic", "payload": {"alerts": [NAMED]}}, "alertmanager", "the node")
    assert (read.format, read.reason) == ("alertmanager", "named by the node")


def test_a_payload_that_looks_like_another_format_than_the_named_one_is_doubted() -> None:
    read = parse({"alerts": [{"status": "firing", "title": "A"}]}, "alertmanager", "--source")
    (doubt,) = read.parsed.problems
    assert (doubt.code, doubt.message) == (
        "doubtful_format",
        "the payload looks like generic (alerts[] has title), and was read as alertmanager because --source says so",
    )


def test_an_alert_may_have_a_payload_and_a_driver_of_its_own() -> None:
    read = parse({"name": "A", "driver": {"version": 3}, "payload": {"kg": 12}})
    assert read.parsed.alerts[0].name == "A"


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
            f"no alert format fits the payload: alertmanager looks for {ALERTMANAGER}; grafana looks for {GRAFANA};"
            f" pagerduty looks for {PAGERDUTY}; generic looks for {GENERIC}; its keys are {KEYS} and 2 more",
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
    ],
)
def test_what_cannot_be_read_fails_with_what_was_looked_for(
    payload: object, name: str, code: str, message: str
) -> None:
    with pytest.raises(NodeError) as failed:
        parse(payload, name)
    assert (failed.value.code, failed.value.retryable, failed.value.message) == (code, False, message)
