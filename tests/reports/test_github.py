from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from runner.errors import Diagnostic, ExitCode, explained_at
from runner.reports.escaping import printable, well_formed
from runner.reports.github import MAX_MESSAGE, diagnostic_annotations, failure_outputs, outputs, run_annotations
from runner.results import Exit, Problem, RunStatus, Status, Verdict
from tests.github_runner import parse_new, read_file
from tests.hostile import TEXTS, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable


# --- annotations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "level"),
    [
        (Verdict.WARNING, "warning"),
        (Verdict.UNKNOWN, "error"),
        (Verdict.CRITICAL, "error"),
        (Verdict.INCONCLUSIVE, "error"),
    ],
    ids=str,
)
def test_a_finding_is_annotated_where_it_is_defined(
    make_run: Callable[..., Any],
    make_node: Callable[..., Any],
    make_finding: Callable[..., Any],
    verdict: Verdict,
    level: str,
) -> None:
    node = make_node("probe", verdict=verdict, findings=(make_finding(verdict=verdict),))
    assert run_annotations(make_run(node)) == [
        (
            f"::{level} file=definitions/web-health.yaml,line=12,title={verdict}%3A probe.disk"
            "::disk / is 96.3%25 full, above 95%25, on db1:/"
        )
    ]


@pytest.mark.parametrize("file", ["builtin:web", "db:nightly", ""])
def test_a_definition_that_is_no_file_has_no_place(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any], file: str
) -> None:
    node = make_node("probe", findings=(make_finding(file=file),))
    (line,) = run_annotations(make_run(node))
    assert line.startswith("::error title=critical%3A probe.disk::")


def test_what_made_the_run_fail_comes_before_what_it_found(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> None:
    late = Problem(code="timed_out", message="no answer within 30s")
    run = make_run(
        make_node("probe", findings=(make_finding(file=""),)),
        make_node("more", status=Status.TIMED_OUT, errors=(late,), required=False),
        make_node("tell", status=Status.TIMED_OUT, errors=(late,)),
        status=RunStatus.FAILED,
    )
    assert run_annotations(run) == [
        "::error title=tell timed out::node tell: no answer within 30s",
        "::error title=critical%3A probe.disk::disk / is 96.3%25 full, above 95%25, on db1:/",
        "::warning title=more timed out (optional)::node more: no answer within 30s",
    ]


def test_a_node_that_failed_is_annotated_at_its_line(
    make_run: Callable[..., Any], make_node: Callable[..., Any]
) -> None:
    late = Problem(code="timed_out", message="no answer within 30s")
    place = {"status": Status.TIMED_OUT, "errors": (late,), "file": "d/web.yaml"}
    run = make_run(make_node("more", required=False, line=7, **place), make_node("tell", line=12, **place))
    assert run_annotations(run) == [
        "::error file=d/web.yaml,line=12,title=tell timed out::node tell: no answer within 30s",
        "::warning file=d/web.yaml,line=7,title=more timed out (optional)::node more: no answer within 30s",
    ]


def test_errors_that_a_node_came_through_are_a_warning_after_what_was_found(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> None:
    errors = (Problem(code="status", message="openai answered 500"), Problem(code="status", message="and 503"))
    run = make_run(
        make_node("analyze", errors=errors, file="d/web.yaml", line=12),
        make_node("probe", findings=(make_finding(verdict=Verdict.WARNING, file=""),)),
    )
    assert run_annotations(run) == [
        "::warning title=warning%3A probe.disk::disk / is 96.3%25 full, above 95%25, on db1:/",
        (
            "::warning file=d/web.yaml,line=12,title=analyze succeeded with 2 errors"
            "::node analyze: openai answered 500; and 503"
        ),
    ]


def test_a_run_that_ended_without_a_failed_node_says_why(make_run: Callable[..., Any]) -> None:
    run = make_run(status=RunStatus.TIMED_OUT, error="the run's time was up")
    assert run_annotations(run) == ["::error title=The run did not complete::timed out: the run's time was up"]


@pytest.mark.parametrize(("count", "shown"), [(9, 9), (10, 10), (11, 9), (1234, 9)])
def test_there_are_at_most_ten_of_a_level(
    make_run: Callable[..., Any],
    make_node: Callable[..., Any],
    make_finding: Callable[..., Any],
    count: int,
    shown: int,
) -> None:
    found = [make_finding(message=f"disk {number}", verdict=Verdict.WARNING) for number in range(count)]
    lines = run_annotations(make_run(make_node("probe", findings=tuple(found))))
    assert len(lines) <= 10
    assert [line for line in lines if "::disk " in line] == lines[:shown]
    if shown < count:
        assert lines[9] == (
            f"::warning title=And more::… and {count - 9:,} more warnings: the summary and the result document have all"
        )


@pytest.mark.parametrize("text", ["x" * 5000, "🔥" * 5000, "x" + "🔥" * 5000], ids=["ascii", "pairs", "odd-pairs"])
def test_a_message_is_cut_where_github_would(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any], text: str
) -> None:
    (line,) = run_annotations(make_run(make_node("probe", findings=(make_finding(message=text, subject="x"),))))
    parsed = parse_new(line)
    assert parsed
    assert 4094 <= len(parsed.data.encode("utf-16-le")) // 2 <= 4096
    assert parsed.data.endswith("…")


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_a_hostile_finding_stays_one_annotation(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any], text: str
) -> None:
    found = make_finding(message=text, check=text, subject=text, file=text)
    (line,) = run_annotations(make_run(make_node("probe", findings=(found,))))
    parsed = parse_new(line)
    assert parsed
    assert parsed.name == "error"
    assert parsed.properties.keys() <= {"file", "line", "title"}
    assert parsed.properties.get("file", "") == printable(text)
    assert len(line.splitlines()) == 1


def diagnostic(severity: Literal["error", "warning"] = "error", **changes: Any) -> Diagnostic:  # noqa: ANN401 - fields of Diagnostic
    given: dict[str, Any] = {
        "code": "E203" if severity == "error" else "W501",
        "severity": severity,
        "file": "web.yaml",
        "line": 11,
        "column": 7,
        "path": "nodes[1].config",
        "sentence": 'unknown key "timout"',
        "hint": 'did you mean "timeout"?',
    }
    return Diagnostic(**(given | changes))


def test_a_diagnostic_is_annotated_at_its_place() -> None:
    told = diagnostic("warning", path="", hint="", sentence="nobody is told")
    assert diagnostic_annotations([told, diagnostic()]) == [
        (
            "::error file=web.yaml,line=11,col=7,title=E203 invalid definition"
            '::nodes[1].config: unknown key "timout" — did you mean "timeout"?'
            " — see https://org.github.io/pipeline-action/reference/diagnostics/E203.html"
        ),
        (
            "::warning file=web.yaml,line=11,col=7,title=W501 definition"
            "::nobody is told — see https://org.github.io/pipeline-action/reference/diagnostics/W501.html"
        ),
    ]


def test_a_diagnostic_that_is_cut_still_says_where_its_code_is_explained() -> None:
    (line,) = diagnostic_annotations([diagnostic(sentence="é😀" * 3000)])
    parsed = parse_new(line)
    assert parsed
    assert parsed.data.endswith(f"… — see {explained_at('E203')}")
    assert MAX_MESSAGE - 1 <= len(parsed.data.encode("utf-16-le")) // 2 <= MAX_MESSAGE


def test_diagnostics_beyond_ten_are_counted() -> None:
    lines = diagnostic_annotations([diagnostic()] * 42)
    assert len(lines) == 10
    assert lines[9] == "::error title=And more::… and 33 more errors: the log has all"


# --- outputs ---------------------------------------------------------------------------------------


def test_every_output_is_written(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> None:
    run = make_run(
        make_node("probe", verdict=Verdict.CRITICAL, findings=(make_finding(), make_finding())),
        make_node("shape", status=Status.FAILED),
        make_node("tell", status=Status.TIMED_OUT),
        status=RunStatus.FAILED,
        exit=Exit(code=ExitCode.FAILED, reason="shape"),
    )
    text = outputs(run, token=TOKEN, results_path="out/results.json", summary_path="out/summary.md")
    assert text.startswith(f"status<<ghadelimiter_{TOKEN}\nfailed\nghadelimiter_{TOKEN}\n")
    assert read_file(text) == {
        "status": "failed",
        "verdict": "critical",
        "exit-code": "1",
        "run-id": run.facts.id,
        "results-path": "out/results.json",
        "summary-path": "out/summary.md",
        "failed-nodes": "shape,tell",
        "findings-count": "2",
    }


def test_what_ended_before_the_first_node_has_the_same_outputs(make_run: Callable[..., Any]) -> None:
    text = failure_outputs(Exit(code=ExitCode.INVALID, reason="invalid"), token=TOKEN)
    assert read_file(text) == {
        "status": "failed",
        "verdict": "",
        "exit-code": "3",
        "run-id": "",
        "results-path": "",
        "summary-path": "",
        "failed-nodes": "",
        "findings-count": "0",
    }
    assert read_file(text).keys() == read_file(outputs(make_run(), token=TOKEN)).keys()


@pytest.mark.parametrize("path", TEXTS, ids=lambda text: repr(text[:20]))
def test_no_value_breaks_out_of_its_output(make_run: Callable[..., Any], path: str) -> None:
    found = read_file(outputs(make_run(), token=TOKEN, results_path=path, summary_path=path))
    assert found["results-path"] == well_formed(path)
    assert found["verdict"] == "ok"
    assert len(found) == 8


def test_failed_nodes_are_cut_between_ids(make_run: Callable[..., Any], make_node: Callable[..., Any]) -> None:
    nodes = [make_node(f"node_{number:0200}", status=Status.FAILED) for number in range(600)]
    failed = read_file(outputs(make_run(*nodes), token=TOKEN))["failed-nodes"]
    assert 99_000 < len(failed) <= 100_000
    assert set(failed.split(",")) < {node.node_id for node in nodes}
