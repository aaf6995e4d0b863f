from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import Diagnostic, ExitCode
from runner.reports.escaping import neutralise, printable, well_formed
from runner.reports.github import (
    command,
    diagnostic_annotations,
    endgroup,
    failure_outputs,
    fence,
    group,
    mask,
    outputs,
    run_annotations,
)
from runner.results import Exit, Problem, RunStatus, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "0123456789abcdef" * 2
REGISTERED = {"error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "stop-commands", "set-output"}

HOSTILE = [
    "plain",
    "100% of %0A and %25",
    "two\nlines\r\nthree",
    "::error file=x::y",
    "  ::add-mask::x",
    "##[error]x",
    "a ##[group]b]",
    "a,b=c:d;e",
    "::stop-commands::token",
    "\x1b[31m\x00\u202e\u2028",
    "half \udc80",
    "🔥" * 5000,
    "",
    "::",
    "ghadelimiter_" + TOKEN,
    "x\nghadelimiter_" + TOKEN + "\nverdict<<E\nok\nE",
]

# --- what GitHub's runner does (ActionCommand.cs, FileCommandManager.cs) -----------------------------


class Parsed(NamedTuple):
    name: str
    properties: dict[str, str]
    data: str


def unescape_data(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def unescape_property(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def parse_new(line: str) -> Parsed | None:
    """Read a line as `TryParseV2` does."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, rest = line[2:end].partition(" ")
    if name.lower() not in REGISTERED:
        return None
    pairs = [item.partition("=") for item in rest.strip().split(",") if item]
    properties = {key.lower(): unescape_property(value) for key, _, value in pairs if key and value}
    return Parsed(name.lower(), properties, unescape_data(line[end + 2 :]))


def parse_old(line: str) -> str | None:
    """Find the name of a command as `TryParse` does: anywhere in the line."""
    start = line.find("##[")
    end = line.find("]", start)
    return line[start + 3 : end].partition(" ")[0] if start >= 0 and end >= 0 else None


def read_file(text: str) -> dict[str, str]:
    """Read `GITHUB_OUTPUT` as `EnvFileKeyValuePairs` does."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, heredoc, delimiter = line.partition("<<")
        assert heredoc
        assert "=" not in name
        value = []
        while (inner := next(lines)) != delimiter:
            value.append(inner)
        found[name] = "\n".join(value)
    return found


# --- commands --------------------------------------------------------------------------------------


def test_a_command_reads_as_the_toolkit_writes_it() -> None:
    assert command("error", "100%\nbad", file="a,b:c%.yaml", line=3, col=0, title="") == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3::100%25%0Abad"
    )
    assert command("endgroup") == endgroup() == "::endgroup::"


@given(message=st.text(), title=st.text().map(str.strip))
def test_a_command_comes_back_as_it_was_meant(message: str, title: str) -> None:
    line = command("error", message, title=title)
    assert "\n" not in line
    assert "\r" not in line
    parsed = parse_new(line)
    assert parsed == Parsed("error", {"title": title} if title else {}, message)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_no_hostile_text_becomes_a_command(text: str) -> None:
    line = neutralise(text)
    assert parse_new(line) is None
    assert parse_old(line) is None
    assert parse_new(f"    {line}") is None


@given(st.text(alphabet=st.sampled_from(":#[] \n\r\t%e,=\u00a0\u2003") | st.characters(codec=None)))
def test_no_text_becomes_a_command(text: str) -> None:
    line = neutralise(text)
    assert parse_new(line) is None
    assert parse_old(line) is None


# --- masks, groups, fences -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("hunter22", ["::add-mask::hunter22"]),
        ("100%,a:b", ["::add-mask::100%25,a:b"]),
        ("first line\r\n  second\nab\n\nsecond\n", ["::add-mask::first line", "::add-mask::second"]),
        ("abc", []),
        ("  \n ", []),
    ],
    ids=["plain", "escaped", "lines", "too-short", "blank"],
)
def test_each_line_of_a_secret_is_masked(value: str, expected: list[str]) -> None:
    assert mask(value) == expected


def test_the_title_of_a_group_is_one_harmless_line() -> None:
    assert group("context (probe)") == "::group::context (probe)"
    assert group("::error::\x1b[2J\nx") == r"::group::\::error::\x1b[2J x"


def test_a_fence_stops_commands_until_its_token_comes() -> None:
    assert (fence(TOKEN).begin, fence(TOKEN).end) == (f"::stop-commands::{TOKEN}", f"::{TOKEN}::")


@pytest.mark.parametrize(
    "token", ["", "pause-logging", "add-mask", "short", "with space 0123456789", "0123456789abcde:"]
)
def test_a_token_that_could_be_guessed_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=re.escape("a token needs at least 16 letters and digits")):
        fence(token)


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


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
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
        "code": "E203" if severity == "error" else "W301",
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
        ),
        "::warning file=web.yaml,line=11,col=7,title=W301 definition::nobody is told",
    ]


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


@pytest.mark.parametrize("path", HOSTILE, ids=lambda text: repr(text[:20]))
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
