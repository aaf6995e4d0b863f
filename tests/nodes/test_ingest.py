from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from pydantic_core import ValidationError

from runner.channels.incident import dedup_key
from runner.errors import NodeError
from runner.facts import Alert, gather
from runner.nodes.ingest import Ingest
from runner.results import NodeResult, Observation, Output, Problem, Severity, Status, Verdict
from runner.scope import Overrides
from runner.spec import Template
from runner.validators import read
from tests.channels.stage import make_scope

SAMPLE = {"alerts": [{"status": "firing", "labels": {"alertname": "Disk", "severity": "critical", "instance": "db1"}}]}


def ran(payload: object, node: Ingest | None = None, **overrides: Any) -> Output:  # noqa: ANN401 - fields of Overrides
    return (node or Ingest()).run(make_scope(payload=payload, overrides=Overrides(**overrides)))


def alerts_of(output: Output) -> list[dict[str, Any]]:
    found = output.data["alerts"]
    assert isinstance(found, list)
    return found


def alert(name: str, **fields: str) -> dict[str, str]:
    return {"name": name, **fields}


def test_a_firing_alert_is_read_judged_and_observed() -> None:
    output = ran(SAMPLE)
    (read_alert,) = alerts_of(output)
    assert set(read_alert) == {field.name for field in fields(Alert)}
    assert {key: value for key, value in output.data.items() if key != "alerts"} == {
        "format": "alertmanager",
        "format_reason": "alerts[] has labels.alertname",
        "source": "alertmanager",
        "status": "firing",
        "severity": Severity.CRITICAL,
        "truncated": 0,
        "group_key": "",
        "alerts_created": 1,
        "alerts_updated": None,
        "alerts_resolved": 0,
        "incidents_created": None,
        "incidents_updated": None,
        "incident_id": dedup_key("web-health", "production", read_alert["fingerprint"])[:16],
        "alert_fingerprint": read_alert["fingerprint"],
    }
    assert output.verdict is Verdict.CRITICAL
    assert output.observations == (
        Observation(
            check="Disk",
            subject="db1",
            identity=(read_alert["fingerprint"],),
            verdict=Verdict.CRITICAL,
            message="Disk on db1",
        ),
    )


def test_what_it_found_is_read_back_by_whoever_comes_later() -> None:
    result = NodeResult(
        node_id="i", node_type="ingest", status=Status.SUCCEEDED, verdict=Verdict.CRITICAL, output=ran(SAMPLE).data
    )
    facts = gather(make_scope(result))
    assert [(one.name, one.subject, one.severity) for one in facts.firing] == [("Disk", "db1", Severity.CRITICAL)]


@pytest.mark.parametrize(
    ("alerts", "status", "severity", "verdict", "observed", "created", "resolved"),
    [
        pytest.param(
            [alert("A", severity="warning"), alert("B", severity="critical", status="resolved")],
            "firing",
            "critical",
            "warning",
            ["A"],
            1,
            1,
            id="the-worst-that-fires-judges",
        ),
        pytest.param([alert("A", severity="info")], "firing", "info", "ok", [], 1, 0, id="info-is-ok"),
        pytest.param(
            [alert("A", severity="critical", status="resolved")], "resolved", "critical", "ok", [], 0, 1, id="over"
        ),
        pytest.param(
            [alert("A", status="ack", severity="critical"), alert("B", status="ok", severity="info")],
            "acknowledged",
            "critical",
            "ok",
            [],
            0,
            1,
            id="acknowledged",
        ),
    ],
)
def test_what_fires_decides(  # noqa: PLR0917 - a table
    alerts: list[dict[str, str]],
    status: str,
    severity: str,
    verdict: str,
    observed: list[str],
    created: int,
    resolved: int,
) -> None:
    output = ran({"alerts": alerts})
    assert (output.data["status"], output.data["severity"], output.verdict) == (status, severity, verdict)
    assert [observation.check for observation in output.observations] == observed
    assert (output.data["alerts_created"], output.data["alerts_resolved"]) == (created, resolved)


def test_the_worst_firing_alert_lends_its_fingerprint() -> None:
    alerts = [
        alert("A", severity="critical", status="resolved", fingerprint="a"),
        alert("B", severity="warning", fingerprint="b"),
        alert("C", severity="critical", fingerprint="c"),
    ]
    assert ran({"alerts": alerts}).data["alert_fingerprint"] == "c"
    assert ran({"alerts": alerts[:1]}).data["alert_fingerprint"] == "a"


def test_an_incident_keeps_its_id_while_its_alerts_come_and_go() -> None:
    first = ran({"groupKey": "g", "alerts": SAMPLE["alerts"]}).data["incident_id"]
    again = ran({"groupKey": "g", "alerts": [{"labels": {"alertname": "Other"}}]}).data["incident_id"]
    assert first == again != ran(SAMPLE).data["incident_id"]


def test_no_incident_where_none_is_wanted() -> None:
    assert ran(SAMPLE, incidents=False).data["incident_id"] is None


def test_labels_of_the_command_line_are_added_after_the_alert_is_named() -> None:
    plain, labelled = ran(SAMPLE), ran(SAMPLE, labels={"team": "db", "instance": "db2"})
    (before,), (after,) = alerts_of(plain), alerts_of(labelled)
    assert after["labels"] == {"alertname": "Disk", "severity": "critical", "instance": "db2", "team": "db"}
    assert after["fingerprint"] == before["fingerprint"]


@pytest.mark.parametrize(
    ("node", "override", "reason"),
    [
        pytest.param(Ingest(), "", "alerts[] has labels.alertname", id="detected"),
        pytest.param(Ingest(), "alertmanager", "named by --format", id="flag"),
        pytest.param(Ingest(format="alertmanager"), "alertmanager", "named by --format", id="both"),
        pytest.param(Ingest(format="alertmanager"), "generic", "named by the node", id="the-node-wins"),
        pytest.param(Ingest(driver="alertmanager"), "generic", "named by the node", id="by-its-other-name"),
    ],
)
def test_the_format_is_named_or_detected(node: Ingest, override: str, reason: str) -> None:
    data = ran(SAMPLE, node, format=override).data
    assert (data["format"], data["format_reason"]) == ("alertmanager", reason)


def test_a_source_that_names_the_format_is_said_to() -> None:
    payload = {"alerts": SAMPLE["alerts"]}
    scope = make_scope(payload=payload, overrides=Overrides(format="alertmanager"))
    named = replace(scope, run=replace(scope.run, source="alertmanager"))
    assert Ingest().run(named).data["format_reason"] == "named by --source"


def test_entries_that_cannot_be_read_are_a_problem_and_no_failure() -> None:
    assert ran({"alerts": [alert("A"), {}, None]}).problems == (
        Problem(code="ignored_entries", message="2 entries of alerts[] could not be read as an alert"),
    )


def test_what_the_sender_says_and_nobody_understands_is_a_problem_and_no_failure() -> None:
    output = ran({"alerts": [alert("A", severity="sev-9", timestamp="soon"), None]})
    assert output.problems == (
        Problem(code="unknown_severity", message='the sender\'s severity "sev-9" is not known; taken as warning'),
        Problem(code="unknown_time", message='the sender\'s timestamp "soon" is not a time; left unknown'),
        Problem(code="ignored_entries", message="1 entry of alerts[] could not be read as an alert"),
    )
    assert output.verdict is Verdict.WARNING


def test_no_alert_fails_the_node() -> None:
    with pytest.raises(NodeError, match="the payload is empty") as failed:
        ran({})
    assert failed.value.code == "no_alert"


def test_a_plan_says_what_stands_in_the_payload() -> None:
    assert list(Ingest().plan(make_scope(payload=SAMPLE))) == [
        "reads the payload as alertmanager (alerts[] has labels.alertname): 1 alert",
        "  firing critical Disk on db1",
    ]
    assert list(Ingest().plan(make_scope())) == [
        "would fail: the payload is empty: give one with --payload, --file, --event or --sample"
    ]


@pytest.mark.parametrize(
    ("config", "code", "at", "sentence", "hint"),
    [
        (
            {"format": "alertmanger"},
            "E206",
            ("format",),
            'unknown format "alertmanger"',
            'did you mean "alertmanager"?',
        ),
        (
            {"driver": 3},
            "E202",
            ("driver",),
            "expected the name of a format, got 3",
            "known: alertmanager, grafana, pagerduty, generic",
        ),
        (
            {"format": "generic", "driver": "generic"},
            "E208",
            ("driver",),
            "driver is another word for format",
            "keep one of them",
        ),
    ],
)
def test_what_cannot_be_a_configuration(
    config: dict[str, object], code: str, at: tuple[str, ...], sentence: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as wrong:
        read(Ingest, config)
    (line,) = wrong.value.errors(include_url=False)
    assert (line["type"], line["loc"], line["msg"], line["ctx"]["hint"]) == (code, at, sentence, hint)


def test_a_format_may_be_a_template() -> None:
    assert isinstance(read(Ingest, {"format": Template("{{ inputs.format }}")}).format, Template)
