"""Runs to report on, built from small pieces; golden files beside them."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from runner.errors import ExitCode
from runner.results import (
    Comparison,
    Exit,
    Finding,
    NodeResult,
    Open,
    Problem,
    RunFacts,
    RunResult,
    RunStatus,
    Status,
    Verdict,
)

GOLDEN = Path(__file__).with_name("golden")
STARTED = datetime(2026, 11, 22, 3, 0, 0, 250_000, tzinfo=UTC)


class Builder(Protocol):
    """A function that builds one value, with everything that a test does not care for filled in."""

    def __call__(self, *args: Any, **changes: Any) -> Any: ...  # noqa: ANN401 - whatever the built class takes


def facts(**changes: Any) -> RunFacts:  # noqa: ANN401 - fields of RunFacts
    given: dict[str, Any] = {
        "id": "0b6f6f5e-8f2c-4c1e-9d0a-7f1f5a3d2c11",
        "trace_id": "night-42",
        "definition": "web-health",
        "definition_version": 1,
        "definition_source": "definitions/web-health.yaml",
        "definition_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "source": "cli",
        "environment": "production",
        "started_at": STARTED,
    }
    return RunFacts(**(given | changes))


def finding(**changes: Any) -> Finding:  # noqa: ANN401 - fields of Finding
    given: dict[str, Any] = {
        "fingerprint": "5e" * 32,
        "node": "probe",
        "check": "disk",
        "subject": "db1:/",
        "verdict": Verdict.CRITICAL,
        "message": "disk / is 96.3% full, above 95%",
        "value": 96.3,
        "unit": "%",
        "threshold": "above 95%",
        "first_seen": STARTED,
        "file": "definitions/web-health.yaml",
        "line": 12,
    }
    return Finding(**(given | changes))


def at(line: int) -> dict[str, Any]:
    """Return where a node stands in its definition."""
    return {"file": "definitions/web-health.yaml", "line": line}


def node(node_id: str, node_type: str = "context", **changes: Any) -> NodeResult:  # noqa: ANN401 - fields of NodeResult
    skipped = changes.get("status") is Status.SKIPPED
    given: dict[str, Any] = {
        "status": Status.SUCCEEDED,
        "attempts": 0 if skipped else 1,
        "started_at": None if skipped else STARTED + timedelta(milliseconds=3),
        "duration_ms": 0.0 if skipped else 123.456,
    }
    return NodeResult(node_id=node_id, node_type=node_type, **(given | changes))


def run(*nodes: NodeResult, **changes: Any) -> RunResult:  # noqa: ANN401 - fields of RunResult
    given: dict[str, Any] = {
        "facts": facts(),
        "status": RunStatus.COMPLETED,
        "verdict": max((one.verdict for one in nodes if one.verdict), default=Verdict.OK),
        "finished_at": STARTED + timedelta(milliseconds=1234),
        "duration_ms": 1234.5678,
        "nodes": nodes,
        "executed": tuple(one.node_id for one in nodes if not one.skipped),
        "exit": Exit(code=ExitCode.OK, reason="completed"),
    }
    return RunResult(**(given | changes))


def check(verdict: Verdict = Verdict.OK, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - keys of a check's result
    given: dict[str, Any] = {
        "type": "http",
        "verdict": verdict,
        "status": verdict,
        "message": "https://shop.example/ answered 200 in 212ms",
        "metrics": {"status": 200},
        "duration_ms": 212.3,
        "subject": "https://shop.example/",
        "value": 0.212,
        "unit": "s",
        "warning": "above 800ms",
        "critical": "above 3s",
        "tries": 1,
        "code": "",
    }
    return given | changes


def checked(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the output of a context node."""
    verdicts = [Verdict(one["verdict"]) for one in results.values()]
    return {
        "checks_run": len(results),
        "checks_passed": verdicts.count(Verdict.OK),
        "checks_failed": len(verdicts) - verdicts.count(Verdict.OK),
        "verdicts": {word.value: verdicts.count(word) for word in Verdict if word <= Verdict.CRITICAL},
        "results": results,
    }


def delivery(status: str = "sent", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - keys of a delivery
    given: dict[str, Any] = {
        "driver": "slack",
        "channel": "ops",
        "status": status,
        "message_id": None,
        "attempts": 1,
        "error": None,
    }
    return given | changes


def told(*deliveries: dict[str, Any]) -> dict[str, Any]:
    """Return the output of a notify node."""
    statuses = [one["status"] for one in deliveries]
    return {
        "channels_attempted": len(statuses) - statuses.count("skipped"),
        "channels_succeeded": statuses.count("sent"),
        "channels_failed": statuses.count("failed"),
        "deliveries": list(deliveries),
    }


def a_good_run() -> RunResult:
    results = {
        "home": check(),
        "cert": check(type="tls", message="the certificate of shop.example ends in 71d", value=6_134_400.0, unit="s"),
    }
    held_back = delivery("skipped", attempts=0, error="held back: nothing changed")
    return run(
        node("probe", output=checked(results), verdict=Verdict.OK),
        node("analyze", "intelligence", status=Status.SKIPPED, skip_reason='when probe.verdict >= "warning" is false'),
        node("tell", "notify", output=told(held_back)),
    )


def a_failed_check() -> RunResult:
    refused = "https://shop.example/ refused the connection (failed 2 of 2 tries)"
    results = {
        "home": check(Verdict.CRITICAL, message=refused, value=None, code="connection_refused", tries=2),
        "slow": check(
            Verdict.WARNING, message="https://shop.example/search answered 200 in 1.2s, above 800ms", value=1.2
        ),
        "cert": check(type="tls", message="the certificate of shop.example ends in 71d", value=6_134_400.0),
    }
    findings = (
        finding(
            check="slow",
            subject="https://shop.example/search",
            verdict=Verdict.WARNING,
            message=results["slow"]["message"],
            value=1.2,
            unit="s",
            threshold="above 800ms",
            line=15,
        ),
        finding(
            check="home", subject="https://shop.example/", message=refused, value=None, unit="", threshold="", line=13
        ),
    )
    return run(
        node("probe", output=checked(results), verdict=Verdict.CRITICAL, findings=findings),
        node("tell", "notify", output=told(delivery(message_id="1732244400.000100"))),
        exit=Exit(code=ExitCode.UNHEALTHY, reason="the verdict is critical, and fail_on is unknown"),
    )


def a_failed_run() -> RunResult:
    problem = Problem(code="undefined", message="payload has no customer.id; it has customer, order")
    refused = Problem(code="connection_refused", message="statsd.example:8125 refused the connection", retryable=True)
    return run(
        node("probe", output=checked({"home": check()}), verdict=Verdict.OK),
        node("count", "transform", status=Status.FAILED, errors=(refused,), required=False, attempts=3, **at(14)),
        node("shape", "transform", status=Status.FAILED, errors=(problem,), **at(19)),
        node("more", "transform", status=Status.SKIPPED, skip_reason="shape failed"),
        node("beside", "context", status=Status.SKIPPED, skip_reason="not reached: no way led here"),
        node(
            "tell",
            "notify",
            output=told(delivery(), delivery("failed", driver="email", channel="email", error="550 no")),
        ),
        status=RunStatus.FAILED,
        error="Node shape failed: payload has no customer.id; it has customer, order",
        exit=Exit(code=ExitCode.FAILED, reason="Node shape failed: payload has no customer.id; it has customer, order"),
        notes=("probe: no branch of next fits, and the run ends here",),
        facts=facts(url="https://git.example/org/shop/actions/runs/77/attempts/2"),
    )


def an_alert() -> RunResult:
    alert = {
        "fingerprint": "c0ffee",
        "name": "HighCPUUsage",
        "status": "firing",
        "severity": "critical",
        "description": "CPU usage is above 80% for 5 minutes",
        "labels": {"instance": "web1:9100"},
        "annotations": {},
        "started_at": "2026-11-22T02:55:00Z",
        "ended_at": "",
        "url": "",
        "source": "alertmanager",
    }
    said = "HighCPUUsage on web1:9100: CPU usage is above 80% for 5 minutes"
    ingested = {
        "alerts": [alert],
        "format": "alertmanager",
        "source": "alertmanager",
        "status": "firing",
        "severity": "critical",
        "truncated": 0,
        "alerts_created": 1,
        "alerts_updated": None,
        "alerts_resolved": 0,
        "incident_id": "8d21f0c3a9b47e65",
        "alert_fingerprint": "c0ffee",
    }
    advice = {
        "type": "cpu_high",
        "priority": "high",
        "title": "Find the process that uses the CPU",
        "description": "web1 has been busy for five minutes",
        "actions": ["top -o %CPU", "systemctl restart app, if it is the app"],
        "evidence": ["HighCPUUsage firing since 02:55 UTC"],
    }
    analysis = {
        "summary": "web1 is short of CPU.",
        "probable_cause": "A process runs wild.",
        "severity": "critical",
        "recommendations": [advice],
        "count": 1,
        "provider": "local",
        "model": None,
        "usage": None,
        "fallback_used": True,
    }
    slow = Problem(code="timed_out", message="openai did not answer within 27s", retryable=True)
    found = finding(
        node="ingest",
        check="HighCPUUsage",
        subject="web1:9100",
        message=said,
        value=None,
        unit="",
        threshold="",
        file="builtin:alert",
        line=4,
    )
    return run(
        node("ingest", "ingest", output=ingested, verdict=Verdict.CRITICAL, findings=(found,)),
        node("analyze", "intelligence", output=analysis, errors=(slow,)),
        node("tell", "notify", output=told(delivery(driver="pagerduty", channel="pagerduty", message_id="8d21f0c3"))),
        facts=facts(definition="alert", definition_source="builtin:alert", source="alertmanager"),
        incident_id="8d21f0c3a9b47e65",
        exit=Exit(code=ExitCode.UNHEALTHY, reason="the verdict is critical, and fail_on is unknown"),
    )


def many_checks() -> RunResult:
    results: dict[str, dict[str, Any]] = {}
    findings = []
    for number in range(300):
        verdict = (Verdict.CRITICAL if number % 4 else Verdict.WARNING) if number % 15 in {3, 8} else Verdict.OK
        name, url = f"shop_{number}", f"https://shop{number}.example/"
        message = f"{url} answered {200 if verdict is Verdict.OK else 503} in 212ms"
        results[name] = check(verdict, message=message, subject=url)
        if verdict is not Verdict.OK:
            findings.append(
                finding(check=name, subject=url, verdict=verdict, message=message, value=0.212, unit="s", threshold="")
            )
    return run(
        node("probe", output=checked(results), verdict=Verdict.CRITICAL, findings=tuple(findings)),
        exit=Exit(code=ExitCode.UNHEALTHY, reason="the verdict is critical, and fail_on is unknown"),
    )


def a_cancelled_run() -> RunResult:
    stopped = Problem(code="cancelled", message="the run was stopped")
    return run(
        node("probe", status=Status.CANCELLED, errors=(stopped,), verdict=Verdict.UNKNOWN),
        node("analyze", "intelligence", status=Status.SKIPPED, skip_reason="not reached: stopped by SIGTERM"),
        node("tell", "notify", output=told(delivery())),
        status=RunStatus.CANCELLED,
        error="stopped by SIGTERM",
        exit=Exit(code=ExitCode.TERMINATED, reason="stopped by SIGTERM"),
    )


def a_compared_run() -> RunResult:
    """The night after: one thing is new, one still is, one is over."""
    before = a_failed_check()
    (probe, *others) = before.nodes
    still, new = probe.findings
    new = replace(new, fingerprint="a" * 64)
    since = datetime(2026, 11, 19, 21, 40, tzinfo=UTC)
    still = replace(still, first_seen=since)
    known = Open(
        fingerprint=still.fingerprint,
        node=still.node,
        check=still.check,
        subject=still.subject,
        verdict=still.verdict,
        since=since,
        runs=318,
    )
    over = replace(
        known, fingerprint="f" * 64, check="search", subject="search.example:443", verdict=Verdict.CRITICAL, runs=4
    )
    comparison = Comparison(previous_run_id="7c1e", new=(new.fingerprint,), still=(known,), fixed=(over,))
    nodes = (replace(probe, findings=(new, still)), *others)
    return replace(before, nodes=nodes, comparison=comparison)


SCENARIOS = {
    "good": a_good_run,
    "failed-check": a_failed_check,
    "failed-run": a_failed_run,
    "alert": an_alert,
    "many-checks": many_checks,
    "cancelled": a_cancelled_run,
    "compared": a_compared_run,
}


@pytest.fixture(params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> tuple[str, RunResult]:
    """Return the name of a scenario, and its run."""
    return request.param, SCENARIOS[request.param]()


@pytest.fixture(params=[name for name in SCENARIOS if name != "many-checks"])
def small_scenario(request: pytest.FixtureRequest) -> tuple[str, RunResult]:
    """Return the name of a scenario whose document is short enough to be read, and its run."""
    return request.param, SCENARIOS[request.param]()


@pytest.fixture
def golden() -> Builder:
    """Return a function that compares a text with a golden file; `UPDATE_GOLDEN=1` writes it anew."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def make_run() -> Builder:
    """Return the builder of runs."""
    return run


@pytest.fixture(scope="session")
def make_node() -> Builder:
    """Return the builder of nodes."""
    return node


@pytest.fixture(scope="session")
def make_finding() -> Builder:
    """Return the builder of findings."""
    return finding
