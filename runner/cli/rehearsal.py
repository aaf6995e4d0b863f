"""What each node of a run would do: those that reach for nothing outside are really run, behind shut doors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.cli.needs import named_secrets, stand_ins
from runner.cli.perform import facts_of, world_of
from runner.deadline import Deadline
from runner.doors import shut_doors
from runner.engine.conditions import reason_to_skip, told
from runner.engine.record import Recorder
from runner.errors import InvalidConfig, NodeError
from runner.records import record
from runner.results import NOTHING
from runner.scope import incident_view

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from runner.cli.prepare_run import Job
    from runner.cli.shell import Shell
    from runner.definition.config import Config
    from runner.definition.model import Step
    from runner.results import NodeResult
    from runner.scope import Scope

_UNKNOWN = "depends on what earlier nodes find"


@record(kw_only=False)
class PlannedNode:
    """A node, and what it would do."""

    step: Step
    lines: tuple[str, ...]


class Rehearsal:
    """Goes the way of the walk, with the results of the nodes that could be run."""

    def __init__(self, job: Job, shell: Shell) -> None:
        self._steps = job.definition.steps
        self._given = job.secrets
        world = world_of(job, shell, shut_doors(), facts_of(job, shell.environ))
        # without a required one no node would run, and people still want to see what each would do
        self._world = replace(world, secrets={**stand_ins(job.definition, job.secrets, required=True), **job.secrets})
        self._recorder = Recorder(self._world)
        self._results: dict[str, NodeResult] = {}
        self._failure = ""
        """Why only `always` nodes would run from here on."""
        self._certain = True
        """No branch so far: every node would be reached."""

    def nodes(self) -> list[PlannedNode]:
        """Return what each node would do, in the definition's order."""
        lines = {step.id: tuple(self._visit(step)) for step in _along_the_way(self._steps)}
        return [PlannedNode(step, lines[step.id]) for step in self._steps]

    def _visit(self, step: Step) -> Iterator[str]:
        scope = self._world.scope(
            Deadline(step.timeout), node=step.id, nodes=self._results, incident=self._incident, failure=self._failure
        )
        try:
            yield from self._lines(step, scope)
        except NodeError as error:
            self._results[step.id] = self._recorder.failed(step, error, self._recorder.now(), tries=1)
            if step.required and self._certain and not any(self._unsure(step)):
                self._failure = self._failure or f"{step.id} failed"
            wrong = error.diagnostics if isinstance(error, InvalidConfig) else (error.message,)
            yield from (f"would fail: {one}" for one in wrong)
        self._certain = self._certain and all(way.when is None for way in step.ways)

    def _lines(self, step: Step, scope: Scope) -> Iterator[str]:
        unsure = tuple(self._unsure(step))
        reason = self._failure if self._failure and not step.always else ""
        if not reason and not unsure:
            reason = _reason(step, scope)
        if reason:
            self._results[step.id] = self._recorder.skipped(step, reason)
            yield f"would be skipped: {reason}"
            return
        if step.when is not None and not unsure:
            yield f"would run: {told(step.when, scope)}"
        yield from unsure
        yield from self._plan(step, scope)

    def _unsure(self, step: Step) -> Iterator[str]:
        """Say on what it depends whether it runs, where that is not known yet."""
        for condition, word in ((step.when, "where"), (step.skip_if, "unless")):
            if condition is not None and self._unknown(condition.names):
                yield f"runs only {word} {condition.text}: {_UNKNOWN}"
        if awaited := [node for node in step.skip_if_errors if node not in self._results]:
            yield f"runs only unless {' or '.join(awaited)} has errors: {_UNKNOWN}"

    def _plan(self, step: Step, scope: Scope) -> Iterator[str]:
        for name in sorted(named_secrets(step.config)):
            yield f"needs the secret {name}, which is {'set' if name in self._given else 'not set'}"
        texts = {path: self._unknown(text.names) for path, text in step.config.blocks.items()}
        if unknown := self._unknown(_read_by(step.config)):
            yield f"its config {_UNKNOWN}: {', '.join(unknown)}"
            return
        left_out = {path[0]: ", ".join(nodes) for path, nodes in texts.items() if nodes and len(path) == 1}
        yield from (f"its {key} {_UNKNOWN}: {nodes}; without it:" for key, nodes in left_out.items())
        node = _without(step.config, left_out).bind(scope.names)
        for name in dict.fromkeys(need.name for need in node.needs() if need.name in scope.variables):
            yield f"needs the secret {name}, which is set"
        if step.config.cls.pure:
            began = self._recorder.now()
            self._results[step.id] = self._recorder.succeeded(step, node.run(scope), began, tries=1)
        unseen = [one.id for one in self._steps if one.judges and one.id not in self._results]
        if step.config.cls.tells and unseen and not left_out:
            yield f"what it tells {_UNKNOWN}: {', '.join(unseen)}; without that:"
        yield from node.plan(scope)

    def _unknown(self, names: frozenset[str]) -> list[str]:
        """Return the root names whose values come from results that a dry run does not have."""
        ids = {step.id for step in self._steps} - self._results.keys()
        return sorted(names & {*ids, "nodes", *(() if self._incident else ("incident",))})

    @property
    def _incident(self) -> Mapping[str, object]:
        """Return `incident` of expressions, once a node that could be run knows it."""
        return next(filter(None, (incident_view(result.known) for result in self._results.values())), NOTHING)


def _reason(step: Step, scope: Scope) -> str:
    """Say why a node would be skipped; a condition that cannot be evaluated counts as true for an `always` node."""
    try:
        return reason_to_skip(step, scope)
    except NodeError:
        if not step.always:
            raise
        return ""


def _read_by(config: Config) -> frozenset[str]:
    """Return the root names and nodes that a node reads; a pure one needs those of its own texts, too, to be run."""
    reads = getattr(config.sketch, "reads", tuple)
    blocks = config.blocks.values() if config.cls.pure else ()
    return config.names.union(reads(), *(text.names for text in blocks))


def _without(config: Config, keys: Collection[str | int]) -> Config:
    """Return a configuration without the texts that cannot be rendered yet."""
    if not keys:
        return config
    return replace(config, tree={key: item for key, item in config.tree.items() if key not in keys}, sketch=None)


def _along_the_way(steps: Sequence[Step]) -> list[Step]:
    """Return the steps in the order that a walk could come to them."""
    by_id = {step.id: step for step in steps}
    found = {steps[0].id: steps[0]}
    queue = [steps[0]]
    for step in queue:
        following = [by_id[way.to] for way in step.ways if way.to in by_id and way.to not in found]
        found |= {one.id: one for one in following}
        queue += following
    return queue
