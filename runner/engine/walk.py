"""The loop: one node at a time, every limit held, nothing lost."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from runner.engine.attempt import attempt, pause_before
from runner.bounds import bounded
from runner.engine.conditions import reason_to_skip, way_on
from runner.deadline import Stop
from runner.definition.entries import END
from runner.errors import Cancelled, NodeError, TimedOut
from runner.engine.outcome import End, run_exit, run_status, run_verdict
from runner.results import (
    NOTHING,
    Finding,
    NodeResult,
    Observation,
    Output,
    Problem,
    RunFacts,
    RunResult,
    RunStatus,
    Status,
    Verdict,
)
from runner.engine.clock import RunTime
from runner.scope import Overrides, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.deadline import Deadline
    from runner.definition.entries import FailOn
    from runner.definition.model import Definition, Step
    from runner.doors import Doors
    from runner.scope import Log
    from runner.secrets import Masker, Secret


def utc_now() -> datetime:
    """Read the wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything a run is given beside its definition."""

    facts: RunFacts
    doors: Doors
    log: Log
    masker: Masker
    timeout: float
    fail_on: FailOn
    payload: object = NOTHING
    inputs: Mapping[str, object] = NOTHING
    secrets: Mapping[str, Secret] = NOTHING
    env: Mapping[str, str] = NOTHING
    variables: Mapping[str, Secret] = NOTHING
    overrides: Overrides = field(default_factory=Overrides)
    in_ci: bool = False
    stop: Stop = field(default_factory=Stop)
    now: Callable[[], datetime] = utc_now


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
        self._time = RunTime(world.timeout, world.stop, keep=any(step.always for step in definition.steps))
        self._results: dict[str, NodeResult] = {}
        self._executed: list[str] = []
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
            step = steps.get(self._next(step))
        self._ended = True
        return self.result()

    def result(self) -> RunResult:
        """Return what became of the run; where a bug ended it, what there is so far."""
        world, late = self._world, self._time.late
        crash = "" if self._ended else "a bug in the runner ended the run"
        why = crash or self._failure or "no way led here"
        nodes = tuple(
            self._results.get(step.id) or _skipped(step, f"not reached: {why}") for step in self._definition.steps
        )
        verdict = run_verdict(nodes)
        end = End(stopped=world.stop.signal, late=late, crash=crash)
        status = run_status(nodes, end)
        leaving = run_exit(nodes, verdict, world.fail_on, end)
        incident = self._incident.get("id")
        return RunResult(
            facts=world.facts,
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
        )

    def _visit(self, step: Step) -> NodeResult:
        """Skip a node or perform it."""
        if not step.always:
            self._failure = self._time.over() or self._failure
            if self._failure:
                return _skipped(step, self._failure)
        began = Moment(self._world.now(), time.monotonic())
        try:
            if reason := reason_to_skip(step, self._scope(self._time.limit(step))):
                return _skipped(step, reason)
        except NodeError as error:
            if not step.always:
                return self._failed(step, error, began, tries=0)
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
                    return self._failed(step, error, began, tries)
            else:
                return self._succeeded(step, output, began, tries)

    def _attempt(self, step: Step, limit: Deadline) -> Output:
        scope = self._scope(limit.within(step.timeout))
        return attempt(lambda: step.config.bind(scope.names).run(scope), scope.deadline)

    def _wait(self, step: Step, limit: Deadline, pause: float, error: NodeError) -> bool:
        """Wait before another attempt; False where the run was stopped meanwhile."""
        self._world.log.warning(f"{step.id}: {error.message}; trying again in {pause:.1f}s")
        try:
            limit.sleep(pause)
        except NodeError:
            return False
        return True

    def _scope(self, deadline: Deadline) -> Scope:
        world = self._world
        return Scope(
            run=world.facts,
            deadline=deadline,
            doors=world.doors,
            log=world.log,
            masker=world.masker,
            payload=world.payload,
            inputs=world.inputs,
            secrets=world.secrets,
            env=world.env,
            variables=world.variables,
            nodes=MappingProxyType(self._results),
            incident=self._incident,
            overrides=world.overrides,
            in_ci=world.in_ci,
            failure=self._failure,
        )

    def _succeeded(self, step: Step, output: Output, began: Moment, tries: int) -> NodeResult:
        masked = self._masked(step, output.data)
        return NodeResult(
            node_id=step.id,
            node_type=step.type,
            status=Status.SUCCEEDED,
            verdict=output.verdict,
            output=bounded(masked),
            findings=tuple(self._finding(step, seen) for seen in output.observations),
            errors=tuple(self._problem(problem) for problem in output.problems),
            attempts=tries,
            started_at=began.at,
            duration_ms=began.ago * 1000,
            required=step.required,
        )

    def _failed(self, step: Step, error: NodeError, began: Moment, tries: int) -> NodeResult:
        problem = Problem(code=error.code, message=error.message, retryable=error.retryable)
        return NodeResult(
            node_id=step.id,
            node_type=step.type,
            status=_STATUS.get(error.code, Status.FAILED),
            verdict=Verdict.UNKNOWN if step.judges else None,
            errors=(self._problem(problem),),
            attempts=tries,
            started_at=began.at,
            duration_ms=began.ago * 1000,
            required=step.required,
            undelivered=error.undelivered,
        )

    def _masked(self, step: Step, data: Mapping[str, object]) -> Mapping[str, object]:
        """Mask what a node returned, and say so to people where there was something."""
        masker = self._world.masker
        masker.found.clear()
        masked = masker.mask_tree(data)
        for name in sorted(masker.found):
            self._world.log.warning(f"the secret {name} stood in the output of {step.id} and is masked")
        return masked  # type: ignore[return-value]  # a mapping stays one

    def _problem(self, problem: Problem) -> Problem:
        return replace(problem, message=self._world.masker.mask(problem.message))

    def _finding(self, step: Step, seen: Observation) -> Finding:
        place = step.config.document.place((*step.config.path, *seen.path))
        what = (seen.key,) if seen.key else (seen.check, seen.subject)
        identity = (self._world.facts.definition, step.id, *what)
        mask = self._world.masker.mask
        return Finding(
            fingerprint=hashlib.sha256("\0".join(identity).encode()).hexdigest(),
            node=step.id,
            check=seen.check,
            subject=mask(seen.subject),
            verdict=seen.verdict,
            message=mask(seen.message),
            value=seen.value,
            unit=seen.unit,
            threshold=seen.threshold,
            first_seen=self._world.facts.started_at,
            file=self._definition.label,
            line=place.line,
        )

    def _record(self, step: Step, result: NodeResult) -> None:
        self._results[step.id] = result
        if "incident_id" in result.output and not self._incident:
            self._incident = _incident(result.output)
        if result.status.broke:
            failed = f"{step.id} failed" if step.required else ""
            self._failure = self._time.over() or self._failure or failed
        self._observer.finished(result)

    def _next(self, step: Step) -> str:
        """Return the id of the node that follows; the walk goes on along the same way whatever failed."""
        try:
            way = way_on(step, self._scope(self._time.limit(step)))
        except NodeError as error:
            self._lose_the_way(step, error)
            return END
        if way is None and step.ways:
            self._note(f"{step.id}: no branch of next fits, and the run ends here")
        return END if way is None else way.to

    def _lose_the_way(self, step: Step, error: NodeError) -> None:
        """Make a node a failed one, whatever it did, because its branch cannot be evaluated."""
        result = self._results[step.id]
        problem = self._problem(Problem(code=error.code, message=error.message))
        self._results[step.id] = replace(result, status=Status.FAILED, errors=(*result.errors, problem), required=True)
        self._observer.finished(self._results[step.id])

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._world.log.warning(text)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something began, on both clocks."""

    at: datetime
    ticks: float

    @property
    def ago(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self.ticks


_STATUS: Final = {TimedOut.code: Status.TIMED_OUT, Cancelled.code: Status.CANCELLED}


def _skipped(step: Step, reason: str) -> NodeResult:
    return NodeResult(
        node_id=step.id, node_type=step.type, status=Status.SKIPPED, skip_reason=reason, required=step.required
    )


def _incident(output: Mapping[str, object]) -> Mapping[str, object]:
    """Return `incident` of expressions, from the node that knows it."""
    return {
        "id": output["incident_id"],
        "fingerprint": output.get("alert_fingerprint"),
        "status": output.get("status"),
        "severity": output.get("severity"),
    }
