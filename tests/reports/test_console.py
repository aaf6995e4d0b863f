from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from runner.errors import ExitCode
from runner.reports.console import finished_event, result_text
from runner.reports.document import document
from runner.results import Exit, Problem, RunStatus, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.results import RunResult


FIRES = {"status": "firing", "severity": "warning"}
OVER = {"status": "resolved", "severity": "critical", "started_at": "2024-01-10T10:00:00Z"}


def text_of(run: RunResult, **options: Any) -> str:  # noqa: ANN401 - keywords of result_text
    return result_text(run, origin="Config: web.yaml", **options)


def lines_of(make_run: Callable[..., Any], node: Any) -> list[str]:  # noqa: ANN401 - a node result
    """Return the lines of a run's only node."""
    return text_of(make_run(node)).split("---\n", 1)[1].split("\n\n")[0].splitlines()


def test_the_head_says_what_ran(make_run: Callable[..., Any]) -> None:
    assert text_of(make_run()).splitlines() == [
        "=" * 60,
        "PIPELINE RESULT",
        "Status: completed",
        "Verdict: ok",
        "Config: web.yaml",
        "Trace ID: night-42",
        "Run ID: 0b6f6f5e-8f2c-4c1e-9d0a-7f1f5a3d2c11",
        "Duration: 1234.57ms",
        "",
        "✓ Pipeline completed successfully",
    ]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({}, []),
        ({"transformed": {"a": 1}, "source_node": "payload"}, []),
        (
            {"checks_run": 2, "checks_passed": 1, "checks_failed": 1, "results": {}},
            ["Checks run: 2", "Passed: 1", "Failed: 1"],
        ),
        ({"summary": "a\nb", "provider": "local"}, ["Summary: a b", "Provider: local"]),
        ({"incident_id": None, "alerts_created": 0, "truncated": 0}, ["Incident ID: n/a", "Alerts created: 0"]),
        ({"incident_id": "8d21", "alerts_created": None}, ["Incident ID: 8d21", "Alerts created: n/a"]),
        (
            {"channels_attempted": 0, "channels_succeeded": 0, "channels_failed": 0, "deliveries": []},
            ["Driver: none", "Channels attempted: 0", "Succeeded: 0", "Failed: 0"],
        ),
        (
            {"recommendations": [{"priority": "high", "title": "Free space"}, {"title": "Look"}]},
            ["Recommendation: [high] Free space", "Recommendation: Look"],
        ),
        ({"alerts": [], "truncated": 3}, ["Truncated: 3"]),
        (
            {"format": "grafana", "format_reason": "alerts[] has panelURL", "alerts": [{"name": "A", **FIRES}]},
            ["Format: grafana (alerts[] has panelURL)"],
        ),
        (
            {
                "alerts": [
                    {"name": "Disk", "labels": {"instance": "db1"}, **OVER, "ended_at": "2024-01-10T11:00:00Z"},
                    {"name": "CPU\nRun", **OVER},
                    {"name": "Old", "status": "resolved", "labels": None},
                    {"name": "Taken", **OVER, "status": "acknowledged"},
                    {"name": "Note", **FIRES, "severity": "info"},
                ]
            },
            [
                (
                    "Alerts resolved: Disk on db1 (from 2024-01-10T10:00:00Z to 2024-01-10T11:00:00Z),"
                    " CPU Run (since 2024-01-10T10:00:00Z), Old"
                ),
                "Alerts acknowledged: Taken (since 2024-01-10T10:00:00Z)",
                "Alerts for information: Note",
            ],
        ),
        (
            {"alerts": [{"name": f"A{number}", "status": "resolved"} for number in range(1205)]},
            ["Alerts resolved: A0, A1, A2, A3, A4 and 1,200 more"],
        ),
    ],
    ids=[
        "none",
        "transform",
        "context",
        "intelligence",
        "ingest",
        "no-store",
        "notify",
        "advice",
        "truncated",
        "format",
        "not-firing",
        "many",
    ],
)
def test_a_node_is_told_by_the_keys_of_its_output(
    make_run: Callable[..., Any], make_node: Callable[..., Any], output: dict[str, Any], expected: list[str]
) -> None:
    lines = lines_of(make_run, make_node("one", output=output))
    assert lines == [*(f"  {line}" for line in expected), "  Duration: 123.46ms"]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ('when probe.verdict >= "warning" is false', '  (skipped) when probe.verdict >= "warning" is false'),
        ("", "  (skipped)"),
        ("not reached: no way led here", "  (not executed) no way led here"),
        ("not reached", "  (not executed)"),
    ],
    ids=["when", "no-reason", "other-way", "bare"],
)
def test_a_node_that_was_not_started_says_why(
    make_run: Callable[..., Any], make_node: Callable[..., Any], reason: str, expected: str
) -> None:
    assert lines_of(make_run, make_node("one", status=Status.SKIPPED, skip_reason=reason)) == [expected]


def test_what_a_node_found_is_told_where_no_check_tells_it(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> None:
    assert lines_of(make_run, make_node("one", findings=(make_finding(subject=""),))) == [
        "  critical — disk / is 96.3% full, above 95%",
        "  Duration: 123.46ms",
    ]


def test_of_very_many_findings_a_hundred_are_told(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> None:
    lines = lines_of(make_run, make_node("one", findings=(make_finding(subject=""),) * 1350))
    assert lines[98:] == [
        "  critical — disk / is 96.3% full, above 95%",
        "  critical — disk / is 96.3% full, above 95%",
        "  and 1,250 more findings, in the result document",
        "  Duration: 123.46ms",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "✓ Pipeline completed successfully"),
        (
            {"status": RunStatus.FAILED, "error": "Node one failed: no way"},
            "✗ Pipeline failed: Node one failed: no way",
        ),
        (
            {"status": RunStatus.TIMED_OUT, "error": "the run's time was up"},
            "✗ Pipeline failed: timed out: the run's time was up",
        ),
        (
            {"status": RunStatus.SKIPPED, "exit": Exit(code=ExitCode.OK, reason="SLACK_WEBHOOK_URL is not set")},
            "✓ Pipeline skipped: SLACK_WEBHOOK_URL is not set",
        ),
    ],
    ids=["completed", "failed", "timed-out", "skipped"],
)
def test_the_last_line_says_what_became_of_the_run(
    make_run: Callable[..., Any], changes: dict[str, Any], expected: str
) -> None:
    assert text_of(make_run(**changes)).splitlines()[-1] == expected


@pytest.mark.parametrize(("count", "expected"), [(1, "1 error"), (2, "2 errors")])
def test_errors_of_optional_nodes_are_counted(
    make_run: Callable[..., Any], make_node: Callable[..., Any], count: int, expected: str
) -> None:
    problem = Problem(code="x", message="late")
    nodes = [make_node(f"n{n}", status=Status.FAILED, required=False, errors=(problem,)) for n in range(count)]
    assert text_of(make_run(*nodes)).splitlines()[-1] == f"✓ Pipeline completed with {expected}"


@pytest.mark.parametrize("text", ["::error::x", "a\n::error::x", "\x1b[2J", "##[error]x", "half \udc80"], ids=repr)
def test_no_line_is_a_command_or_moves_the_cursor(
    make_run: Callable[..., Any], make_node: Callable[..., Any], text: str
) -> None:
    check = {"verdict": text, "message": text}
    output = {
        "checks_run": 1,
        "results": {text: check},
        "summary": text,
        "deliveries": [{"driver": text, "status": text, "error": text}],
    }
    run = make_run(make_node(text, text, output=output), make_node("b", status=Status.SKIPPED, skip_reason=text))
    shown = result_text(run, origin=f"Config: {text}")
    shown.encode()
    for line in shown.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert "\x1b" not in line
    plain = make_run(make_node("a", "a", output=output), make_node("b", status=Status.SKIPPED, skip_reason="x"))
    assert len(shown.splitlines()) == len(text_of(plain).splitlines())


def test_colour_changes_nothing_but_colour(scenario: tuple[str, RunResult]) -> None:
    coloured = text_of(scenario[1], color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == text_of(scenario[1])


def test_the_event_is_the_document_on_one_line_with_the_headline_last(scenario: tuple[str, RunResult]) -> None:
    line = finished_event(scenario[1])
    assert len(line.splitlines()) == 1
    event = json.loads(line)
    assert next(iter(event)) == "event"
    assert list(event)[-1] == "headline"
    assert (event.pop("event"), bool(event.pop("headline"))) == ("run.finished", True)
    assert event == document(scenario[1])
