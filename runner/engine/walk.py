"""The loop: one node at a time, every limit held, nothing lost."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from runner.definition.entries import END
from runner.engine.attempt import attempt, pause_before
from runner.engine.clock import RunTime
from runner.engine.conditions import reason_to_skip, way_on
from runner.engine.outcome import End, run_exit, run_status, run_verdict
from runner.engine.record import Recorder
from runner.errors import NodeError
from runner.results import NOTHING, NodeResult, Output, RunResult, RunStatus
from runner.scope import incident_view
from runner.standing import standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.deadline import Deadline
    from runner.definition.model import Definition, Step
    from runner.engine.record import Moment
    from runner.engine.world import World
    from runner.scope import Scope
    from runner.standing import Standing


class Observer(Protocol):
    """Whoever follows a run while it goes on: the log, the journal."""

    def started(self, step: Step) -> None:
        """Hear that a node begins."""

    def finished(self, result: NodeResult) -> None:
        """Hear that a node has ended, or is skipped."""


class Walk:
    """One run of a definition."""

    def __init__(self, definition: Definition, world: World, observer: Observer) -> None:
        self._definition = definition
        self._world = world
        self._observer = observer
        self._recorder = Recorder(world)
        self._time = RunTime(world.timeout, world.stop, keep=any(step.always for step in definition.steps))
        self._results: dict[str, NodeResult] = {}
        self._executed: list[str] = []
        self._went: dict[str, str] = {}
        """Where the walk went on from each node."""
        self._notes: list[str] = []
        self._failure = ""
        """Why only `always` nodes run from now on."""
        self._ended = False
        self._incident: Mapping[str, object] = NOTHING

    def run(self) -> RunResult:
        """Walk from the first node to the end."""
        steps = {step.id: step for step in self._definition.steps}
        step: Step | None = self._definition.steps[0]
        while step is not None:
            self._record(step, self._visit(step))
            self._went[step.id] = self._next(step)
            self._pass_by(step)
            step = steps.get(self._went[step.id])
        self._ended = True
        return self.result()

    def result(self) -> RunResult:
        """Return what became of the run; where a bug ended it, what there is so far."""
        world, late = self._world, self._time.late
        crash = "" if self._ended else "a bug in the runner ended the run"
        nodes = tuple(
            self._results.get(step.id) or self._recorder.skipped(step, f"not reached: {crash or self._passed_by(step)}")
            for step in self._definition.steps
        )
        verdict = run_verdict(nodes)
        end = End(stopped=world.stop.signal, late=late, crash=crash)
        status = run_status(nodes, end)
        leaving = run_exit(nodes, verdict, world.fail_on, end)
        incident = self._incident.get("id")
        return RunResult(
            facts=world.run,
            status=status,
            verdict=verdict,
            finished_at=world.now(),
            duration_ms=self._time.taken * 1000,
            nodes=nodes,
            executed=tuple(self._executed),
            exit=leaving,
            error="" if status is RunStatus.COMPLETED else leaving.reason,
            incident_id=incident if isinstance(incident, str) else None,
            notes=tuple(self._notes),
            comparison=self.standing(nodes).against(world.memory.past) if world.memory else None,
        )

    def standing(self, nodes: Sequence[NodeResult]) -> Standing:
        """Say what is wrong at the end of the run."""
        results = {node.node_id: node for node in nodes}
        return standing(self._world.run, results, failure=self._failure, whole=True)

    def _passed_by(self, step: Step) -> str:
        """Say why the walk never came to a node."""
        leading = (one.id for one in self._definition.steps if any(way.to == step.id for way in one.ways))
        for node in leading:
            if to := self._went.get(node):
                return f"{node} {'ended the run' if to == END else f'went on to {to}'}"
        return "no way led here"

    def _visit(self, step: Step) -> NodeResult:
        """Skip a node or perform it."""
        if not step.always:
            self._failure = self._time.over() or self._failure
            if self._failure:
                return self._recorder.skipped(step, self._failure)
        began = self._recorder.now()
        try:
            if reason := reason_to_skip(step, self._scope(self._time.limit(step))):
                return self._recorder.skipped(step, reason)
        except NodeError as error:
            if not step.always:
                return self._recorder.failed(step, error, began, tries=0)
            self._note(f"{step.id}: its condition cannot be evaluated and counts as true: {error.message}")
        self._observer.started(step)
        self._executed.append(step.id)
        return self._perform(step, began)

    def _perform(self, step: Step, began: Moment) -> NodeResult:
        """Attempt a node as often as its `retry` allows; here and nowhere else an error becomes a result."""
        tries = 0
        while True:
            tries += 1
            limit = self._time.limit(step)
            try:
                output = self._attempt(step, limit)
            except NodeError as error:
                pause = pause_before(tries, step.retry, error)
                if pause is None or pause >= limit.left or not self._wait(step, limit, pause, error):
                    return self._recorder.gave_up(step, error, began, tries)
            else:
                return self._recorder.succeeded(step, output, began, tries)

    def _attempt(self, step: Step, limit: Deadline) -> Output:
        scope = self._scope(limit.within(step.timeout), node=step.id)
        return attempt(lambda: step.config.node(scope).run(scope), scope.deadline)

    def _wait(self, step: Step, limit: Deadline, pause: float, error: NodeError) -> bool:
        """Wait before another attempt; False where the run was stopped meanwhile."""
        self._world.log.warning(f"{step.id}: {error.message}; trying again in {pause:.1f}s")
        try:
            limit.sleep(pause)
        except NodeError:
            return False
        return True

    def _scope(self, deadline: Deadline, node: str = "") -> Scope:
        so_far = MappingProxyType(self._results)
        return self._world.scope(deadline, node=node, nodes=so_far, incident=self._incident, failure=self._failure)

    def _record(self, step: Step, result: NodeResult) -> None:
        self._results[step.id] = result
        self._incident = self._incident or incident_view(result.known)
        if result.status.broke:
            failed = f"{step.id} failed" if step.required else ""
            self._failure = self._time.over() or self._failure or failed
        self._observer.finished(result)

    def _next(self, step: Step) -> str:
        """Return the id of the node that follows; the walk goes on along the same way whatever failed."""
        try:
            way = way_on(step, self._scope(self._time.limit(step)))
        except NodeError as error:
            way = step.ways[-1]
            if self._failure:
                self._note(f"{step.id}: next cannot be evaluated, and the run goes on to {way.to}: {error.message}")
            else:
                self._record(step, self._recorder.lost(self._results[step.id], error))
        if way is None and step.ways:
            self._note(f"{step.id}: no branch of next fits, and the run ends here")
        return END if way is None else way.to

    def _pass_by(self, step: Step) -> None:
        """Keep, beside a branch that was taken, the nodes that no way leads to any more: later ones may read them."""
        if len(step.ways) > 1:
            ahead = self._ahead(self._went[step.id])
            for one in self._definition.steps:
                if one.id not in self._results and one.id not in ahead:
                    self._results[one.id] = self._recorder.skipped(one, f"not reached: {self._passed_by(one)}")

    def _ahead(self, node: str) -> set[str]:
        """Return a node and all that a walk may come to from it."""
        steps = {step.id: step for step in self._definition.steps}
        found: set[str] = set()
        waiting = [node]
        while waiting:
            step = steps.get(waiting.pop())
            if step is not None and step.id not in found:
                found.add(step.id)
                waiting.extend(way.to for way in step.ways)
        return found

    def _note(self, text: str) -> None:
        self._notes.append(self._world.masker.mask(text))
        self._world.log.warning(text)
