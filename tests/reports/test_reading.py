from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ExitCode, UsageError
from runner.reports.console import result_text
from runner.reports.document import document, encode
from runner.reports.journal import journal_end, journal_header, journal_line, journal_start
from runner.reports.markdown import summary
from runner.reports.reading import read_document
from runner.reports.recovery import read_journal
from runner.reports.wording import headline
from runner.results import Exit, Finding, NodeResult, Problem, RunFacts, RunResult, RunStatus, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = st.text(st.characters(codec=None), max_size=20)
MOMENT = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
NUMBER = st.floats(0, 1e9)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
FINDINGS = st.builds(
    Finding,
    fingerprint=TEXT,
    node=st.just("probe"),
    check=TEXT,
    subject=TEXT,
    verdict=st.sampled_from(Verdict),
    message=TEXT,
    value=st.none() | st.floats(),
    unit=TEXT,
    threshold=TEXT,
    first_seen=MOMENT,
    file=TEXT,
    line=st.integers(1, 1000),
)
NODES = st.builds(
    NodeResult,
    node_id=st.sampled_from(["probe", "analyze", "tell"]),
    node_type=st.just("context"),
    status=st.sampled_from(Status),
    verdict=st.none() | st.sampled_from(Verdict),
    output=st.dictionaries(TEXT, VALUE, max_size=3),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    errors=st.lists(st.builds(Problem, code=TEXT, message=TEXT, retryable=st.booleans()), max_size=2).map(tuple),
    attempts=st.integers(0, 9),
    started_at=st.none() | MOMENT,
    duration_ms=NUMBER,
    skip_reason=TEXT,
    required=st.booleans(),
)
RUNS = st.builds(
    RunResult,
    facts=st.builds(
        RunFacts,
        id=st.uuids().map(str),
        trace_id=TEXT,
        definition=TEXT,
        definition_version=st.integers(1, 9),
        definition_source=TEXT,
        definition_sha256=st.just("ab" * 32),
        source=TEXT,
        environment=TEXT,
        started_at=MOMENT,
        url=TEXT,
    ),
    status=st.sampled_from(RunStatus),
    verdict=st.sampled_from(Verdict),
    finished_at=MOMENT,
    duration_ms=NUMBER,
    nodes=st.lists(NODES, max_size=3, unique_by=lambda node: node.node_id).map(tuple),
    executed=st.just(("probe",)),
    exit=st.builds(Exit, code=st.sampled_from(ExitCode), reason=TEXT),
    error=TEXT,
    incident_id=st.none() | TEXT,
    notes=st.lists(TEXT, max_size=2).map(tuple),
)


@given(RUNS)
def test_a_document_that_is_read_back_says_the_same(result: RunResult) -> None:
    written = json.loads(encode(document(result)))
    assert document(read_document(written)) == written


@given(RUNS)
def test_a_journal_that_came_to_its_end_says_the_same(result: RunResult) -> None:
    text = journal(result)
    assert len(text.splitlines()) == len(result.nodes) + 2
    assert document(read_journal(text)) == document(result)


def journal(result: RunResult) -> str:
    """Return the journal of a run that came to its end."""
    nodes = [(node.node_id, node.node_type, node.required) for node in result.nodes]
    lines = [journal_header(result.facts, nodes), *map(journal_line, result.nodes), journal_end(result)]
    return "".join(f"{line}\n" for line in lines)


@given(RUNS, st.integers(0, 6000))
def test_every_run_has_a_summary_within_its_limit(result: RunResult, limit: int) -> None:
    assert len(summary(result, limit=limit).encode()) <= limit


def test_a_document_that_is_read_back_is_reported_the_same(scenario: tuple[str, RunResult]) -> None:
    _, result = scenario
    again = read_document(document(result))
    assert summary(again) == summary(result)
    assert result_text(again, origin="Config: x") == result_text(result, origin="Config: x")


def test_a_journal_that_came_to_its_end_is_reported_the_same(scenario: tuple[str, RunResult]) -> None:
    _, result = scenario
    assert summary(read_journal(journal(result))) == summary(result)


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"run_id": None}, "not a result document: run_id should be a text, not None"),
            ({"status": "green"}, "not a result document: status should be the status of a run, not 'green'"),
            ({"verdict": 5}, "not a result document: verdict should be a text, not 5"),
            (
                {"started_at": "2026-11-22T03:00:00"},
                "not a result document: started_at should be an RFC 3339 time, not '2026-11-22T03:00:00'",
            ),
            (
                {"finished_at": "yesterday"},
                "not a result document: finished_at should be an RFC 3339 time, not 'yesterday'",
            ),
            ({"duration_ms": True}, "not a result document: duration_ms should be a number, not True"),
            ({"executed_nodes": [1]}, "not a result document: executed_nodes should be a list of texts, not [1]"),
            ({"node_results": []}, "not a result document: node_results should be an object, not []"),
            ({"node_results": {"a": {}}}, "not a result document: node_results.a.node_id is missing"),
            (
                {"exit": {"code": 6, "reason": ""}},
                "not a result document: 6 is no exit code of this runner",
            ),
            ({"exit": {"code": 1.0}}, "not a result document: exit.code should be a whole number, not 1.0"),
            ({"schema_version": 2}, "a result document of version 2; this runner reads version 1"),
        ],
        ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
    )
    def test_a_document_that_is_none_is_refused_at_its_place(
        self, make_run: Callable[..., Any], changes: dict[str, Any], expected: str
    ) -> None:
        with pytest.raises(UsageError) as caught:
            read_document(document(make_run()) | changes)
        assert str(caught.value) == expected

    def test_a_place_inside_a_list_is_named(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
    ) -> None:
        data = document(make_run(make_node("probe", findings=(make_finding(), make_finding()))))
        data["node_results"]["probe"]["findings"][1]["value"] = "many"
        with pytest.raises(UsageError) as caught:
            read_document(data)
        assert str(caught.value) == (
            "not a result document: node_results.probe.findings[1].value should be a number, not 'many'"
        )

    def test_a_list_is_no_document(self) -> None:
        with pytest.raises(UsageError, match=r"^not a result document: it is no JSON object$"):
            read_document([])

    def test_keys_that_a_later_version_adds_are_ignored(self, make_run: Callable[..., Any]) -> None:
        whole = document(make_run())
        assert document(read_document(whole | {"mood": "good"})) == whole

    def test_an_output_that_nobody_could_have_written_is_bounded(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any]
    ) -> None:
        deep: Any = []
        for _ in range(500):
            deep = [deep]
        data = document(make_run(make_node("probe")))
        data["node_results"]["probe"]["output"] = {"deep": deep}
        (node,) = read_document(data).nodes
        assert node.output["truncated"] == "cut: 1 value below 64 levels"


class TestJournal:
    @pytest.fixture
    def lines(self, make_run: Callable[..., Any], make_node: Callable[..., Any]) -> list[str]:
        run = make_run(
            make_node("ingest", verdict=Verdict.WARNING, output={"incident_id": "8d21"}),
            make_node("probe", verdict=Verdict.OK, duration_ms=2000.0),
            make_node("tell"),
        )
        header = journal_header(run.facts, [(node.node_id, node.node_type, node.required) for node in run.nodes])
        return [header, *map(journal_line, run.nodes)]

    def test_a_journal_without_an_end_is_a_run_that_was_killed(self, lines: list[str]) -> None:
        run = read_journal("\n".join(lines[:3]) + "\n")
        why = "the run was killed: its journal has no end"
        assert (run.status, run.verdict, run.error) == (RunStatus.FAILED, Verdict.UNKNOWN, why)
        assert run.exit == Exit(code=ExitCode.FAILED, reason=why)
        assert run.executed == ("ingest", "probe")
        assert run.incident_id == "8d21"
        assert run.duration_ms == pytest.approx(2003)
        assert run.nodes[2] == NodeResult(
            node_id="tell",
            node_type="context",
            status=Status.SKIPPED,
            skip_reason="not reached: the run was killed",
        )

    def test_the_node_that_was_running_is_to_blame_and_not_one_that_failed_before(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any]
    ) -> None:
        problem = Problem(code="missing_path", message="nothing is there")
        nodes = (make_node("gone", status=Status.FAILED, errors=(problem,), required=False), make_node("slow"))
        header = journal_header(make_run().facts, [(node.node_id, node.node_type, node.required) for node in nodes])
        run = read_journal("\n".join([header, journal_line(nodes[0]), journal_start("slow")]))
        assert run.error == "Node slow failed: the run was killed while this node was running"
        assert headline(run) == "failed: node slow: the run was killed while this node was running"

    def test_a_run_that_was_killed_at_once_has_seen_nothing(self, lines: list[str]) -> None:
        run = read_journal(lines[0])
        assert (run.executed, run.duration_ms, run.verdict) == ((), 0.0, Verdict.UNKNOWN)
        assert [node.skip_reason for node in run.nodes] == ["not reached: the run was killed"] * 3

    @pytest.mark.parametrize("kept", [1, 10, 100])
    def test_a_torn_last_line_does_not_count(self, lines: list[str], kept: int) -> None:
        whole = "\n".join(lines[:2]) + "\n"
        assert read_journal(whole + lines[2][:kept]) == read_journal(whole)

    def test_a_last_line_without_its_newline_counts(self, lines: list[str]) -> None:
        assert read_journal("\n".join(lines[:3])).executed == ("ingest", "probe")

    def test_the_last_word_on_a_node_counts(self, lines: list[str], make_node: Callable[..., Any]) -> None:
        later = journal_line(make_node("ingest", status=Status.FAILED))
        run = read_journal("\n".join([*lines[:3], later]))
        assert run.nodes[0].status is Status.FAILED
        assert run.executed == ("ingest", "probe")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", "not a journal of this runner: it does not start with the event run.started"),
            ("{}\n", "not a journal of this runner: it does not start with the event run.started"),
            ("[1]\n", "not a journal of this runner: line 1 is no JSON object"),
            ("{\n}\n", "not a journal of this runner: line 1 is no JSON object"),
            ("[" * 100_000 + "\n", "not a journal of this runner: line 1 is no JSON object"),
        ],
        ids=["empty", "no-event", "list", "document", "deep"],
    )
    def test_what_is_no_journal_is_refused(self, text: str, expected: str) -> None:
        with pytest.raises(UsageError) as caught:
            read_journal(text)
        assert str(caught.value) == expected
