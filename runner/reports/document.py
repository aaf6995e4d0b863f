"""The result document: a run as JSON, with its keys in the order that people read them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from runner import __version__
from runner.errors import NotWritten
from runner.reports.escaping import inert
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
_LISTS: Final = frozenset({"findings", "diagnostics"})
"""What may be very many."""


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
        "comparison": plain(result.comparison.plain()) if result.comparison else None,
        "incident_id": plain(result.incident_id),
        "error": plain(result.error or None),
        "notes": [plain(note) for note in result.notes],
        "exit": exit_document(result.exit),
    }


def header(facts: RunFacts) -> dict[str, Any]:
    """Return what is known of a run before its first node, but for its start."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runner_version": __version__,
        "run_id": facts.id,
        "run_url": plain(facts.url or None),
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
        "required": node.required,
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
    data = _bytes(document) if _least(document) <= limit else b""
    if 0 < len(data) <= limit:
        return _laid_out(document, data, indent, limit)
    for version in _shorter(document, len(data) - limit if data else sys.maxsize):
        data = _bytes(version)
        if len(data) <= limit:
            return _laid_out(version, data, indent, limit)
    msg = f"the document is above its limit of {limit:,} bytes, even without outputs and findings"
    raise NotWritten(msg)


def _laid_out(document: Mapping[str, Any], data: bytes, indent: int | None, limit: int) -> bytes:
    """Indent a document where that is wanted, and where somebody may read it."""
    pretty = _bytes(document, indent) if indent is not None and len(data) <= _READABLE else data
    return pretty if len(pretty) <= limit else data


def _bytes(value: object, indent: int | None = None) -> bytes:
    return inert(json.dumps(value, indent=indent, allow_nan=False)).encode("ascii") + b"\n"


def _shorter(document: Mapping[str, Any], excess: int) -> Iterator[Mapping[str, Any]]:
    """Yield the document ever shorter; what is certain not to take off as many bytes as `excess` is passed over."""
    said = f"texts are cut after {_SHORT:,} characters"
    document, left = _without_outputs(document, excess)
    if left <= 0:
        yield document
    if excess < sys.maxsize and (short := _short(document, {})) != document:
        yield {**short, "truncated": said}
    for count in _FEWER:
        fewer = _short(_with_fewer(document, count), {})
        yield {**fewer, "truncated": f"{said}, and only {count:,} of each list are kept"}


def _least(document: Mapping[str, Any]) -> int:
    """Return the bytes that its findings and diagnostics take, however short their texts."""
    nodes = document.get("node_results", {}).values()
    lists = [document.get(key, []) for key in _LISTS] + [node["findings"] for node in nodes]
    return sum(len(one) * len(json.dumps(dict.fromkeys(one[0], 0))) for one in lists if one)


def _without_outputs(document: Mapping[str, Any], excess: int) -> tuple[Mapping[str, Any], int]:
    """Leave out the biggest outputs until `excess` bytes are gone, or nothing is left to leave out; return the rest."""
    nodes: dict[str, Any] = dict(document.get("node_results", {}))
    sizes = {node_id: len(json.dumps(node["output"])) for node_id, node in nodes.items()}
    for node_id in sorted(sizes, key=lambda node_id: -sizes[node_id]):
        said = {"truncated": f"left out: {sizes[node_id]:,} bytes, the result document would be too large"}
        saved = sizes[node_id] - len(json.dumps(said))
        if excess <= 0 or saved <= 0:
            break
        nodes[node_id] = {**nodes[node_id], "output": said}
        excess -= saved
    return ({**document, "node_results": nodes} if nodes else document), excess


def _short(value: Any, known: dict[int, Any]) -> Any:  # noqa: ANN401 - JSON
    """Cut long texts; `known` are the objects that were seen, for a finding stands in two lists."""
    if isinstance(value, str):
        return value if len(value) <= _SHORT else f"{value[:_SHORT]}… ({len(value) - _SHORT:,} more characters)"
    if isinstance(value, dict):
        if id(value) not in known:
            known[id(value)] = {key: _short(item, known) for key, item in value.items()}
        return known[id(value)]
    return [_short(item, known) for item in value] if isinstance(value, list) else value


def _with_fewer(document: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Keep the first `count` findings of the run (the worst) and of each node, and the first diagnostics."""
    fewer = dict(document)
    for key in fewer.keys() & _LISTS:
        fewer[key] = fewer[key][:count]
    if "node_results" in fewer:
        kept = {finding["fingerprint"] for finding in fewer["findings"]}
        fewer["node_results"] = {
            node_id: node | {"findings": [one for one in node["findings"] if one["fingerprint"] in kept][:count]}
            for node_id, node in fewer["node_results"].items()
        }
    return fewer
