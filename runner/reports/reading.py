"""A result document read back, so that `report` can render it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.bounds import bounded
from runner.errors import ExitCode, UsageError
from runner.reports.document import SCHEMA_VERSION
from runner.reports.fields import Fields
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

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_document(data: object) -> RunResult:
    """Read a result document. Raises `UsageError` for anything else; keys that are not known are ignored."""
    if not isinstance(data, dict):
        msg = "not a result document: it is no JSON object"
        raise UsageError(msg)
    fields = Fields(data)
    facts = read_facts(fields)
    results = fields.part("node_results")
    return read_run(facts, tuple(read_node(results.part(node_id)) for node_id in results.data), fields)


def read_facts(fields: Fields) -> RunFacts:
    """Read what was known before the first node."""
    version = fields.whole("schema_version")
    if version != SCHEMA_VERSION:
        msg = f"a result document of version {version}; this runner reads version {SCHEMA_VERSION}"
        raise UsageError(msg)
    return RunFacts(
        id=fields.text("run_id"),
        trace_id=fields.text("trace_id"),
        definition=fields.text("definition"),
        definition_version=fields.whole("definition_version"),
        definition_source=fields.text("definition_source"),
        definition_sha256=fields.text("definition_sha256"),
        source=fields.text("source"),
        environment=fields.text("environment"),
        started_at=fields.time("started_at"),
        url=fields.maybe_text("run_url") or "",
    )


def read_run(facts: RunFacts, nodes: tuple[NodeResult, ...], end: Fields) -> RunResult:
    """Read what was known after the last node."""
    return RunResult(
        facts=facts,
        status=end.word("status", RunStatus, "the status of a run"),
        verdict=end.word("verdict", Verdict, "a verdict"),
        finished_at=end.time("finished_at"),
        duration_ms=end.number("duration_ms"),
        nodes=nodes,
        executed=end.texts("executed_nodes"),
        exit=_exit(end.part("exit")),
        error=end.maybe_text("error") or "",
        incident_id=end.maybe_text("incident_id"),
        comparison=_comparison(nodes, end),
        notes=end.texts("notes"),
    )


def _comparison(nodes: tuple[NodeResult, ...], end: Fields) -> Comparison | None:
    """Read how it compares with the run before; what still is wrong is told by its findings."""
    if end.data.get("comparison") is None:
        return None
    fields = end.part("comparison")
    known = {finding.fingerprint: finding for node in nodes for finding in node.findings}
    return Comparison(
        previous_run_id=fields.maybe_text("previous_run_id") or "",
        new=fields.texts("new"),
        still=tuple(_still(one, known) for one in fields.parts("still")),
        fixed=tuple(map(_over, fields.parts("fixed"))),
        gone=tuple(map(_over, fields.parts("gone"))),
    )


def _still(fields: Fields, known: Mapping[str, Finding]) -> Open:
    found = known.get(fields.text("fingerprint"))
    return Open(
        fingerprint=fields.text("fingerprint"),
        node=found.node if found else "",
        check=found.check if found else "",
        subject=found.subject if found else "",
        verdict=found.verdict if found else Verdict.UNKNOWN,
        since=fields.time("since"),
        runs=fields.whole("runs"),
    )


def _over(fields: Fields) -> Open:
    return Open(
        fingerprint=fields.text("fingerprint"),
        node=fields.text("node"),
        check=fields.text("check"),
        subject=fields.text("subject"),
        verdict=fields.word("verdict", Verdict, "a verdict"),
        since=fields.time("since"),
        runs=fields.whole("runs"),
    )


def _exit(fields: Fields) -> Exit:
    code = fields.whole("code")
    if code not in set(ExitCode):
        msg = f"not a result document: {code} is no exit code of this runner"
        raise UsageError(msg)
    return Exit(code=ExitCode(code), reason=fields.text("reason"))


def read_node(fields: Fields) -> NodeResult:
    """Read what became of one node."""
    return NodeResult(
        node_id=fields.text("node_id"),
        node_type=fields.text("node_type"),
        status=fields.word("status", Status, "the status of a node"),
        verdict=fields.maybe_word("verdict", Verdict, "a verdict"),
        output=bounded(fields.part("output").data),
        findings=tuple(map(_finding, fields.parts("findings"))),
        errors=tuple(map(_problem, fields.parts("errors"))),
        attempts=fields.whole("attempts"),
        started_at=fields.maybe_time("started_at"),
        duration_ms=fields.number("duration_ms"),
        skip_reason=fields.text("skip_reason"),
        required=fields.flag("required"),
    )


def _finding(fields: Fields) -> Finding:
    return Finding(
        fingerprint=fields.text("fingerprint"),
        node=fields.text("node"),
        check=fields.text("check"),
        subject=fields.text("subject"),
        verdict=fields.word("verdict", Verdict, "a verdict"),
        message=fields.text("message"),
        value=fields.maybe_number("value"),
        unit=fields.text("unit"),
        threshold=fields.text("threshold"),
        first_seen=fields.time("first_seen"),
        file=fields.text("file"),
        line=fields.whole("line"),
    )


def _problem(fields: Fields) -> Problem:
    return Problem(code=fields.text("code"), message=fields.text("message"), retryable=fields.flag("retryable"))
