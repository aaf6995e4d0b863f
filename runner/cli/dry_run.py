"""A rehearsal: everything is resolved and shown, and nothing is touched."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runner.cli.perform import world_of
from runner.deadline import Deadline
from runner.doors import shut_doors
from runner.engine.conditions import is_true
from runner.engine.record import Recorder
from runner.errors import ExitCode, InvalidConfig, NodeError
from runner.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.cli.prepare_run import Job
    from runner.cli.shell import Shell
    from runner.definition.model import Step
    from runner.results import NodeResult
    from runner.scope import Node, Scope

_UNKNOWN = "depends on what earlier nodes find"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNode:
    """What a node would do."""

    id: str
    type: str
    config: Mapping[str, Any]
    following: str
    lines: tuple[str, ...]


class Rehearsal:
    """Goes through the nodes in order; those that reach for nothing outside are really run."""

    def __init__(self, job: Job, shell: Shell) -> None:
        self._job = job
        self._shell = shell
        named = {name: Secret(name, "") for name in job.definition.secrets}
        world = world_of(job, shell, shut_doors())
        self._world = replace(world, secrets={**named, **job.secrets})
        self._results: dict[str, NodeResult] = {}

    def nodes(self) -> Iterator[PlannedNode]:
        """Return what each node would do."""
        for step in self._job.definition.steps:
            yield PlannedNode(
                id=step.id,
                type=step.type,
                config=step.config.tree,
                following=_following(step),
                lines=tuple(self._lines(step)),
            )

    def _lines(self, step: Step) -> Iterator[str]:
        scope = self._world.scope(Deadline(step.timeout), nodes=self._results)
        yield from self._conditions(step, scope)
        if unknown := self._unknown(step.config.names):
            yield f"its config {_UNKNOWN}: {', '.join(unknown)}"
            return
        try:
            node = step.config.bind(scope.names)
            if step.config.cls.pure:
                self._rehearse(step, node, scope)
            yield from node.plan(scope)
        except InvalidConfig as error:
            yield from (f"would fail: {one}" for one in error.diagnostics)
        except NodeError as error:
            yield f"would fail: {error.message}"

    def _conditions(self, step: Step, scope: Scope) -> Iterator[str]:
        """Say what is known of whether it would run."""
        for condition, wanted in ((step.when, True), (step.skip_if, False)):
            if condition is None:
                continue
            if self._unknown(condition.names):
                yield f"runs only {'where' if wanted else 'unless'} {condition.text}: {_UNKNOWN}"
                continue
            try:
                holds = is_true(condition, scope)
                would = "would run" if holds is wanted else "would be skipped"
                yield f"{would}: {condition.text} is {str(holds).lower()}"
            except NodeError as error:
                yield f"would fail: {error.message}"

    def _unknown(self, names: frozenset[str]) -> list[str]:
        """Return the nodes among root names whose output a dry run does not have."""
        ids = {step.id for step in self._job.definition.steps}
        missing = sorted((names & ids) - set(self._results))
        return [*missing, *(["nodes"] if "nodes" in names else [])]

    def _rehearse(self, step: Step, node: Node, scope: Scope) -> None:
        """Run a node that reaches for nothing outside, so that later ones can show exact messages."""
        recorder = Recorder(self._world)
        self._results[step.id] = recorder.succeeded(step, node.run(scope), recorder.now(), tries=1)


def _following(step: Step) -> str:
    """Say where the walk would go on."""
    if not step.ways:
        return "end"
    ways = []
    for way in step.ways:
        otherwise = "else " if len(step.ways) > 1 else ""
        ways.append(f"{way.to} when {way.when.text}" if way.when is not None else f"{otherwise}{way.to}")
    text = ", ".join(ways)
    return text if text == "end" else f"next: {text}"


def rehearse(job: Job, shell: Shell) -> int:
    """Show what a run would do; return 0, whatever it would come to."""
    rehearsal = Rehearsal(job, shell)
    nodes = list(rehearsal.nodes())
    for sentence in job.missing:
        shell.log.warning(f"{sentence}: a real run would exit {int(ExitCode.UNAVAILABLE)}")
    if shell.wants_json:
        shell.json(_document(job, nodes))
    else:
        shell.out("\n".join(_text(job, nodes)))
    return ExitCode.OK


def _text(job: Job, nodes: list[PlannedNode]) -> Iterator[str]:
    yield "=== DRY RUN ==="
    yield f"Pipeline {job.origin}"
    yield f"Source: {job.source}"
    yield f"Environment: {job.environment}"
    yield f"Nodes ({len(nodes)}):"
    for number, node in enumerate(nodes, start=1):
        yield f"  {number}. [{node.type}] {node.id}"
        yield f"     Config: {json.dumps(node.config, ensure_ascii=False)}"
        yield f"     → {node.following}"
        yield from (f"     {line}" for text in node.lines for line in text.splitlines())
    yield "Payload:"
    yield json.dumps(job.payload, indent=2, ensure_ascii=False)
    yield "Use without --dry-run to execute"


def _document(job: Job, nodes: list[PlannedNode]) -> dict[str, Any]:
    return {
        "dry_run": True,
        "definition": job.definition.name,
        "definition_source": job.definition.label,
        "source": job.source,
        "environment": job.environment,
        "missing": list(job.missing),
        "nodes": [
            {
                "id": node.id,
                "type": node.type,
                "config": node.config,
                "next": node.following,
                "would": list(node.lines),
            }
            for node in nodes
        ],
        "payload": job.payload,
    }
