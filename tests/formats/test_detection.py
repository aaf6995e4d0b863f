from __future__ import annotations

from typing import Any

import pytest

from runner.errors import NodeError
from runner.formats import FORMATS
from runner.formats.detection import parse

ALERTMANAGER = "alerts[] with labels.alertname, or alerts[] beside groupKey, groupLabels, commonLabels or receiver"
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
            "alertmanager",
            id="grafana-unified",
        ),
        pytest.param({"alertname": "HighCPU", "severity": "critical"}, "generic", id="alertname-alone"),
        pytest.param({"title": "Something"}, "generic", id="bare-title"),
        pytest.param({"alerts": [{"title": "Something"}]}, "generic", id="list"),
    ],
)
def test_a_payload_is_recognised(payload: dict[str, Any], name: str) -> None:
    found, parsed = parse(payload)
    assert (found, len(parsed.alerts)) == (name, 1)


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_sample_is_recognised_as_its_own_format(name: str) -> None:
    found, parsed = parse(FORMATS.load(name)().sample())
    assert (found, len(parsed.alerts)) == (name, 1)


@pytest.mark.parametrize("driver", ["generic", None])
def test_a_wrapper_is_taken_off(driver: str | None) -> None:
    found, parsed = parse({"driver": driver, "payload": {"name": "A"}})
    assert (found, parsed.alerts[0].name) == ("generic", "A")


def test_a_named_format_wins_over_the_wrapper() -> None:
    found, _ = parse({"driver": "generic", "payload": {"alerts": [NAMED]}}, "alertmanager")
    assert found == "alertmanager"


def test_an_alert_may_have_a_payload_and_a_driver_of_its_own() -> None:
    _, parsed = parse({"name": "A", "driver": {"version": 3}, "payload": {"kg": 12}})
    assert parsed.alerts[0].name == "A"


KEYS = ", ".join(f'"k{number}"' for number in range(12))


@pytest.mark.parametrize(
    ("payload", "name", "code", "message"),
    [
        pytest.param([], "", "bad_payload", "the payload is a list; alerts come in an object", id="list"),
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
            'unknown format "zabbix"; known: alertmanager, generic',
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
            f"no alert format fits the payload: alertmanager looks for {ALERTMANAGER}; generic looks for {GENERIC};"
            f" its keys are {KEYS} and 2 more",
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
