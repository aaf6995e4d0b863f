from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from runner import __version__
from runner.errors import Diagnostic, ExitCode, NotWritten
from runner.reports.document import document, encode, failure_document, node_document
from runner.results import Exit, Problem, RunStatus, Severity, Status, Verdict
from runner.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.results import RunResult

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "result.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

TOP = [
    "schema_version",
    "runner_version",
    "run_id",
    "run_url",
    "trace_id",
    "definition",
    "definition_version",
    "definition_source",
    "definition_sha256",
    "source",
    "environment",
    "status",
    "verdict",
    "started_at",
    "finished_at",
    "duration_ms",
    "executed_nodes",
    "skipped_nodes",
    "node_results",
    "findings",
    "comparison",
    "incident_id",
    "error",
    "notes",
    "exit",
]
NODE = [
    "node_id",
    "node_type",
    "required",
    "status",
    "verdict",
    "output",
    "findings",
    "errors",
    "attempts",
    "started_at",
    "duration_ms",
    "skipped",
    "skip_reason",
]
FINDING = [
    "fingerprint",
    "node",
    "check",
    "subject",
    "verdict",
    "message",
    "value",
    "unit",
    "threshold",
    "first_seen",
    "file",
    "line",
]


def test_the_keys_stand_in_the_order_of_the_contract(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> None:
    found = document(make_run(make_node("probe", findings=(make_finding(),))))
    assert list(found) == TOP
    assert list(found["node_results"]["probe"]) == NODE
    assert list(found["findings"][0]) == FINDING
    assert list(found["exit"]) == ["code", "name", "reason"]


def test_the_schema_knows_exactly_these_keys() -> None:
    assert SCHEMA["required"] == TOP
    assert list(SCHEMA["properties"]) == [*TOP, "truncated"]
    assert SCHEMA["$defs"]["node"]["required"] == list(SCHEMA["$defs"]["node"]["properties"]) == NODE
    assert SCHEMA["$defs"]["finding"]["required"] == list(SCHEMA["$defs"]["finding"]["properties"]) == FINDING


def test_the_schema_knows_exactly_the_words_of_the_code() -> None:
    ends = SCHEMA["properties"]["exit"]["properties"]
    assert SCHEMA["properties"]["status"]["enum"] == list(RunStatus)
    assert SCHEMA["$defs"]["node"]["properties"]["status"]["enum"] == list(Status)
    assert SCHEMA["$defs"]["verdict"]["enum"] == list(Verdict)
    assert ends["code"]["enum"] == [int(code) for code in ExitCode]
    assert ends["name"]["enum"] == list(dict.fromkeys(code.label for code in ExitCode))


def test_a_document_is_valid(scenario: tuple[str, RunResult]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert list(VALIDATOR.iter_errors(document(scenario[1]))) == []


def test_the_schema_refuses_what_is_not_in_the_contract(make_run: Callable[..., Any]) -> None:
    errors = VALIDATOR.iter_errors(document(make_run()) | {"mood": "good", "verdict": "green"})
    assert sorted(error.message for error in errors) == [
        "'green' is not one of ['ok', 'warning', 'unknown', 'critical', 'inconclusive']",
        "Additional properties are not allowed ('mood' was unexpected)",
    ]


def test_a_run_says_who_wrote_it_and_how_it_ended(make_run: Callable[..., Any], make_node: Callable[..., Any]) -> None:
    run = make_run(
        make_node("probe"),
        make_node("tell", status=Status.SKIPPED, skip_reason="probe failed"),
        status=RunStatus.TIMED_OUT,
        error="the run's time was up",
        exit=Exit(code=ExitCode.TIMED_OUT, reason="the run's time was up"),
    )
    found = document(run)
    assert (found["schema_version"], found["runner_version"]) == (1, __version__)
    assert found["exit"] == {"code": 7, "name": "timed-out", "reason": "the run's time was up"}
    assert (found["executed_nodes"], found["skipped_nodes"]) == (["probe"], ["tell"])
    assert (found["started_at"], found["finished_at"]) == ("2026-11-22T03:00:00.250Z", "2026-11-22T03:00:01.484Z")
    assert found["duration_ms"] == 1234.57
    assert (found["incident_id"], found["error"]) == (None, "the run's time was up")


def test_an_output_becomes_plain_json(make_node: Callable[..., Any]) -> None:
    tokyo = timezone(timedelta(hours=9))
    output = {
        "verdict": Verdict.OK,
        "severity": Severity.INFO,
        "numbers": (1, 1.5, float("nan"), float("inf"), True, None),
        "time": datetime(2026, 11, 22, 12, 0, tzinfo=tokyo),
        "text": "half \udcff",
        "token": Secret("TOKEN", "hunter22"),
        7: {"key \ud800": "Größe"},
    }
    assert node_document(make_node("probe", output=output))["output"] == {
        "verdict": "ok",
        "severity": "info",
        "numbers": [1, 1.5, None, None, True, None],
        "time": "2026-11-22T03:00:00.000Z",
        "text": "half \\udcff",
        "token": "«TOKEN»",
        "7": {"key \\ud800": "Größe"},
    }


def test_errors_and_durations_are_written(make_node: Callable[..., Any]) -> None:
    problem = Problem(code="tls", message="the certificate has expired", retryable=True)
    found = node_document(make_node("probe", status=Status.FAILED, errors=(problem,), duration_ms=-0.001))
    assert found["errors"] == [{"code": "tls", "message": "the certificate has expired", "retryable": True}]
    assert found["duration_ms"] == 0.0


def test_what_ended_before_the_first_node_has_a_document_of_its_own() -> None:
    diagnostic = Diagnostic(
        code="E203",
        severity="error",
        file="web.yaml",
        line=11,
        column=7,
        path="nodes[1]",
        sentence='unknown key "timout"',
        hint='did you mean "timeout"?',
    )
    end = Exit(code=ExitCode.INVALID, reason="Pipeline definition invalid")
    assert failure_document("Pipeline definition invalid: 1 error", [diagnostic], end) == {
        "status": "failed",
        "error": "Pipeline definition invalid: 1 error",
        "diagnostics": [
            {
                "code": "E203",
                "severity": "error",
                "file": "web.yaml",
                "line": 11,
                "column": 7,
                "path": "nodes[1]",
                "sentence": 'unknown key "timout"',
                "hint": 'did you mean "timeout"?',
            }
        ],
        "exit": {"code": 3, "name": "invalid", "reason": "Pipeline definition invalid"},
    }


class TestEncode:
    def test_it_is_ascii_with_one_newline_at_the_end(self, make_run: Callable[..., Any]) -> None:
        whole = document(make_run(error="Größe 🔥"))
        assert encode(whole).isascii()
        assert encode(whole).count(b"\n") == 1
        assert json.loads(encode(whole, indent=2)) == whole

    def test_a_document_that_just_fits_is_whole(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any]
    ) -> None:
        whole = document(make_run(make_node("probe", output={"text": "x" * 5000})))
        size = len(encode(whole))
        assert json.loads(encode(whole, limit=size)) == whole
        cut = encode(whole, limit=size - 1)
        assert len(cut) < size
        assert json.loads(cut)["node_results"]["probe"]["output"] == {
            "truncated": "left out: 5,012 bytes, the result document would be too large"
        }

    def test_a_document_that_fits_only_without_its_indent_loses_nothing_else(
        self, make_run: Callable[..., Any]
    ) -> None:
        whole = document(make_run())
        size = len(encode(whole, indent=2))
        assert encode(whole, indent=2, limit=size).startswith(b'{\n  "schema_version"')
        assert encode(whole, indent=2, limit=size - 1) == encode(whole)

    def test_a_document_that_nobody_reads_is_not_indented(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any]
    ) -> None:
        whole = document(make_run(make_node("probe", output={"text": "x" * 5_000_000})))
        assert encode(whole, indent=2) == encode(whole)

    def test_the_biggest_outputs_go_first_and_no_more_than_needed(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any]
    ) -> None:
        sizes = {"small": 300, "big": 40_000, "middle": 9000}
        whole = document(make_run(*[make_node(name, output={"text": "x" * size}) for name, size in sizes.items()]))
        cut = encode(whole, indent=2, limit=len(encode(whole)) - 20_000)
        outputs = {name: list(node["output"]) for name, node in json.loads(cut)["node_results"].items()}
        assert outputs == {"small": ["text"], "big": ["truncated"], "middle": ["text"]}
        assert list(VALIDATOR.iter_errors(json.loads(cut))) == []

    def test_long_texts_are_cut_once_outputs_are_not_enough(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any]
    ) -> None:
        problem = Problem(code="x", message="y" * 50_000)
        whole = document(make_run(make_node("probe", output={}, errors=(problem,))))
        cut = json.loads(encode(whole, limit=10_000))
        assert cut["node_results"]["probe"]["errors"][0]["message"] == "y" * 1000 + "… (49,000 more characters)"
        assert cut["truncated"] == "texts are cut after 1,000 characters"
        assert list(VALIDATOR.iter_errors(cut)) == []

    def test_the_mildest_findings_go_last_of_all(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
    ) -> None:
        found = tuple(
            make_finding(
                fingerprint=f"{number:064x}",
                message=f"disk {number}",
                verdict=Verdict.CRITICAL if number % 100 == 0 else Verdict.WARNING,
            )
            for number in range(5000)
        )
        whole = document(make_run(make_node("a", findings=found[:2500]), make_node("b", findings=found[2500:])))
        cut = json.loads(encode(whole, limit=200_000))
        assert len(cut["findings"]) == 100
        assert cut["findings"] == whole["findings"][:100]
        assert sum(len(node["findings"]) for node in cut["node_results"].values()) == 100
        assert cut["truncated"] == "texts are cut after 1,000 characters, and only 100 of each list are kept"
        assert list(VALIDATOR.iter_errors(cut)) == []

    def test_a_failure_with_too_many_diagnostics_keeps_the_first(self) -> None:
        one = Diagnostic(
            code="E203", severity="error", file="web.yaml", line=1, column=1, path="", sentence="x" * 200, hint=""
        )
        end = Exit(code=ExitCode.INVALID, reason="invalid")
        cut = json.loads(encode(failure_document("invalid", [one] * 2000, end), limit=400_000))
        assert len(cut["diagnostics"]) == 1000

    def test_what_cannot_be_made_to_fit_is_one_clear_error(self, make_run: Callable[..., Any]) -> None:
        with pytest.raises(NotWritten) as caught:
            encode(document(make_run()), limit=100)
        assert str(caught.value) == "the document is above its limit of 100 bytes, even without outputs and findings"
