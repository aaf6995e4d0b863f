"""A rehearsal: everything is resolved and shown, and nothing is touched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runner.cli.rehearsal import Rehearsal
from runner.errors import ExitCode
from runner.reports.values import plain
from runner.results import Exit
from runner.spec.urls import shown_urls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.cli.prepare_run import Job
    from runner.cli.rehearsal import PlannedNode
    from runner.cli.shell import Shell
    from runner.definition.model import Way


def rehearse(job: Job, shell: Shell) -> int:
    """Show what a run would do; return 0, whatever it would come to."""
    nodes = Rehearsal(job, shell).nodes()
    end = "be skipped" if job.skips else f"exit {int(ExitCode.UNAVAILABLE)}"
    warnings = [f"{sentence}: a real run would {end}" for sentence in job.missing]
    for warning in warnings:
        shell.log.warning(warning)
    if shell.wants_json:
        shell.json(_document(job, nodes, warnings))
    else:
        shell.say(_text(job, nodes))
    if hub := shell.hub:
        hub.tell_end(Exit(code=ExitCode.OK, reason="a dry run"))
    return ExitCode.OK


def _text(job: Job, nodes: list[PlannedNode]) -> Iterator[str]:
    yield "=== DRY RUN ==="
    yield f"Pipeline {job.origin}"
    yield f"Source: {job.source}"
    yield f"Environment: {job.environment}"
    yield f"Nodes ({len(nodes)}):"
    for number, node in enumerate(nodes, start=1):
        yield f"  {number}. [{node.step.type}] {node.step.id}"
        yield f"     Config: {json.dumps(_config(node), ensure_ascii=False)}"
        yield f"     → {_next(node.step.ways)}"
        yield from (f"     {line}".rstrip() for text in node.lines for line in text.splitlines() or [""])
    yield "Payload:"
    yield from json.dumps(plain(job.payload), indent=2, ensure_ascii=False).splitlines()
    yield "Use without --dry-run to execute"


def _config(node: PlannedNode) -> object:
    """Return a configuration as it is written, but for what may be a credential in a URL."""
    return _shown(plain(node.step.config.tree))


def _shown(value: Any) -> object:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_shown, value))
    return shown_urls(value) if isinstance(value, str) else value


def _next(ways: tuple[Way, ...]) -> str:
    """Say where the walk would go on: `next: b when …, else c`."""
    if not ways or (len(ways) == 1 and ways[0].to == "end"):
        return "end"
    otherwise = "else " if len(ways) > 1 else ""
    return "next: " + ", ".join(f"{way.to} when {way.when.text}" if way.when else otherwise + way.to for way in ways)


def _document(job: Job, nodes: list[PlannedNode], warnings: list[str]) -> dict[str, Any]:
    present = dict.fromkeys((*job.secrets, *job.variables), "present")
    return {
        "dry_run": True,
        "definition": job.definition.name,
        "definition_source": plain(job.definition.label),
        "source": plain(job.source),
        "environment": plain(job.environment),
        "warnings": plain(warnings),
        "secrets": dict.fromkeys(job.definition.secrets, "missing") | present,
        "nodes": [_node(node) for node in nodes],
        "payload": plain(job.payload),
    }


def _node(node: PlannedNode) -> dict[str, Any]:
    return {
        "id": node.step.id,
        "type": node.step.type,
        "config": _config(node),
        "next": [{"to": way.to, "when": way.when.text if way.when else None} for way in node.step.ways],
        "would": plain(node.lines),
    }
