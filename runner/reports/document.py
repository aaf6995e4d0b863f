"""The result document: a run as JSON, with its keys in the order that people read them."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from runner import __version__
from runner.errors import NotWritten
from runner.reports.values import plain, rounded, time_text
from runner.reports.wording import unstarted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.errors import Diagnostic
    from runner.results import Exit, Finding, NodeResult, RunFacts, RunResult

SCHEMA_VERSION: Final = 1
MAX_RESULT: Final = 25 * 1024 * 1024
"""Bytes of a result document."""

_READABLE: Final = 4 * 1024 * 1024
"""Bytes up to which a document is indented; nobody reads a larger one, and indenting takes its time."""
_SHORT: Final = 1000
"""Characters that texts keep once leaving out outputs was not enough."""
_FEWER: Final = (10_000, 1000, 100, 10)
"""Findings (or diagnostics) that are kept, try by try, once shorter texts were not enough."""


def document(result: RunResult) -> dict[str, Any]:
    """Return the result document of a run."""
    nodes = {node.node_id: node_document(node) for node in result.nodes}
    # A finding stands in it twice, and there may be very many: each is written once.
    written = {
        id(finding): one
        for node in result.nodes
        for finding, one in zip(node.findings, nodes[node.node_id]["findings"], strict=True)
    }
    found = [written[id(finding)] for finding in result.findings]
    return {**_course(result), "node_results": nodes, "findings": found, **_ending(result)}


def outcome(result: RunResult) -> dict[str, Any]:
    """Return the result document of a run without what its nodes did and found."""
    return {**_course(result), **_ending(result)}


def _course(result: RunResult) -> dict[str, Any]:
    return {
        **header(result.facts),
        "status": result.status.value,
        "verdict": result.verdict.value,
        "started_at": time_text(result.facts.started_at),
        "finished_at": time_text(result.finished_at),
        "duration_ms": rounded(result.duration_ms),
        "executed_nodes": list(result.executed),
        "skipped_nodes": [node.node_id for node in result.nodes if node.skipped],
    }


def _ending(result: RunResult) -> dict[str, Any]:
    return {
        "incident_id": plain(result.incident_id),
        "error": plain(result.error or None),
        "exit": exit_document(result.exit),
    }


def header(facts: RunFacts) -> dict[str, Any]:
    """Return what is known of a run before its first node, but for its start."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runner_version": __version__,
        "run_id": facts.id,
        "trace_id": plain(facts.trace_id),
        "definition": plain(facts.definition),
        "definition_version": facts.definition_version,
        "definition_source": plain(facts.definition_source),
        "definition_sha256": facts.definition_sha256,
        "source": plain(facts.source),
        "environment": plain(facts.environment),
    }


def node_document(node: NodeResult) -> dict[str, Any]:
    """Return what a result document says of a node."""
    return {
        "node_id": node.node_id,
        "node_type": node.node_type,
        "status": node.status.value,
        "verdict": node.verdict.value if node.verdict else None,
        "output": plain(node.output),
        "findings": [_finding(finding) for finding in node.findings],
        "errors": [
            {"code": error.code, "message": plain(error.message), "retryable": error.retryable} for error in node.errors
        ],
        "attempts": node.attempts,
        "started_at": time_text(node.started_at) if node.started_at else None,
        "duration_ms": rounded(node.duration_ms),
        "skipped": node.skipped,
        "skip_reason": plain(node.skip_reason),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "fingerprint": finding.fingerprint,
        "node": finding.node,
        "check": plain(finding.check),
        "subject": plain(finding.subject),
        "verdict": finding.verdict.value,
        "message": plain(finding.message),
        "value": plain(finding.value),
        "unit": plain(finding.unit),
        "threshold": plain(finding.threshold),
        "first_seen": time_text(finding.first_seen),
        "file": plain(finding.file),
        "line": finding.line,
    }


def exit_document(end: Exit) -> dict[str, Any]:
    """Return how the process ends."""
    return {"code": int(end.code), "name": end.code.label, "reason": plain(end.reason)}


def failure_document(error: str, diagnostics: Iterable[Diagnostic], end: Exit) -> dict[str, Any]:
    """Return the document of what ended before the first node."""
    return {
        "status": unstarted(end).value,
        "error": plain(error) if end.code else None,
        "diagnostics": [diagnostic_document(diagnostic) for diagnostic in diagnostics],
        "exit": exit_document(end),
    }


def diagnostic_document(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return one message about a definition."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "file": plain(diagnostic.file),
        "line": diagnostic.line,
        "column": diagnostic.column,
        "path": plain(diagnostic.path),
        "sentence": plain(diagnostic.sentence),
        "hint": plain(diagnostic.hint),
    }


def encode(document: Mapping[str, Any], *, indent: int | None = None, limit: int = MAX_RESULT) -> bytes:
    """Write a document as ASCII-safe JSON of at most `limit` bytes, with a newline at its end.

    What is large is not indented. What is too large loses the outputs of its biggest nodes (`{"truncated": …}` says
    so), then the ends of long texts, then the mildest findings (`truncated` at the top says so). Raises `NotWritten`
    where that is not enough.
    """
    for version in chain([document], _shorter(document, limit)):
        data = _bytes(version)
        if len(data) <= limit:
            pretty = _bytes(version, indent) if indent is not None and len(data) <= _READABLE else data
            return pretty if len(pretty) <= limit else data
    msg = f"the document is above its limit of {limit:,} bytes, even without outputs and findings"
    raise NotWritten(msg)


def _bytes(value: object, indent: int | None = None) -> bytes:
    return json.dumps(value, indent=indent, allow_nan=False).encode("ascii") + b"\n"


def _shorter(document: Mapping[str, Any], limit: int) -> Iterator[Mapping[str, Any]]:
    """Yield the document ever shorter."""
    document = _without_outputs(document, len(_bytes(document)) - limit)
    yield document
    document = {key: _short(value) for key, value in document.items()}
    said = f"texts are cut after {_SHORT:,} characters"
    yield {**document, "truncated": said}
    for count in _FEWER:
        yield {**_with_fewer(document, count), "truncated": f"{said}, and only {count:,} of each list are kept"}


def _without_outputs(document: Mapping[str, Any], excess: int) -> Mapping[str, Any]:
    """Leave out the biggest outputs until `excess` bytes are gone, or nothing is left to leave out."""
    nodes: dict[str, Any] = dict(document.get("node_results", {}))
    sizes = {node_id: len(json.dumps(node["output"])) for node_id, node in nodes.items()}
    for node_id in sorted(sizes, key=lambda node_id: -sizes[node_id]):
        said = {"truncated": f"left out: {sizes[node_id]:,} bytes, the result document would be too large"}
        saved = sizes[node_id] - len(json.dumps(said))
        if excess <= 0 or saved <= 0:
            break
        nodes[node_id] = {**nodes[node_id], "output": said}
        excess -= saved
    return {**document, "node_results": nodes} if nodes else document


def _short(value: object) -> object:
    if isinstance(value, str):
        return value if len(value) <= _SHORT else f"{value[:_SHORT]}… ({len(value) - _SHORT:,} more characters)"
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value


def _with_fewer(document: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Keep the first `count` findings of the run (the worst) and of each node, and the first diagnostics."""
    fewer = dict(document)
    for key in fewer.keys() & {"findings", "diagnostics"}:
        fewer[key] = fewer[key][:count]
    if "node_results" in fewer:
        kept = {finding["fingerprint"] for finding in fewer["findings"]}
        fewer["node_results"] = {
            node_id: node | {"findings": [one for one in node["findings"] if one["fingerprint"] in kept][:count]}
            for node_id, node in fewer["node_results"].items()
        }
    return fewer
