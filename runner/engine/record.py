"""From what a node returned or raised to its result: masked, cut to its limit, with findings at their places."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from runner.bounds import bounded
from runner.errors import Cancelled, TimedOut
from runner.records import record
from runner.results import NOTHING, Finding, NodeResult, Output, Problem, Status, Verdict
from runner.standing import fingerprint

if TYPE_CHECKING:
    from datetime import datetime

    from runner.definition.model import Step
    from runner.engine.world import World
    from runner.errors import NodeError
    from runner.results import Observation

_STATUS: Final = {TimedOut.code: Status.TIMED_OUT, Cancelled.code: Status.CANCELLED}


@record(kw_only=False)
class Moment:
    """When something began, on both clocks."""

    at: datetime
    ticks: float

    @property
    def ago(self) -> float:
        """Milliseconds since then."""
        return (time.monotonic() - self.ticks) * 1000


@record(kw_only=False)
class Recorder:
    """Makes results of nodes."""

    world: World

    def now(self) -> Moment:
        """Note the time on both clocks."""
        return Moment(self.world.now(), time.monotonic())

    def skipped(self, step: Step, reason: str) -> NodeResult:
        """Return the result of a node that was not started."""
        return self._kept(
            NodeResult(
                node_id=step.id,
                node_type=step.type,
                status=Status.SKIPPED,
                skip_reason=reason,
                required=step.required,
                file=step.config.label,
                line=step.place.line,
            )
        )

    def succeeded(self, step: Step, output: Output, began: Moment, tries: int) -> NodeResult:
        """Return the result of a node that came to its end."""
        return self._kept(
            NodeResult(
                node_id=step.id,
                node_type=step.type,
                status=Status.SUCCEEDED,
                verdict=output.verdict,
                output=output.data,
                findings=tuple(self._finding(step, seen) for seen in output.observations),
                watched=frozenset(self._fingerprint(step, identity) for identity in output.watched),
                errors=output.problems,
                attempts=tries,
                started_at=began.at,
                duration_ms=began.ago,
                required=step.required,
                file=step.config.label,
                line=step.place.line,
            )
        )

    def gave_up(self, step: Step, error: NodeError, began: Moment, tries: int) -> NodeResult:
        """Return the result of a node whose last try raised: a success where something stands in for its own."""
        if isinstance(error.instead, Output):
            return self.succeeded(step, error.instead, began, tries)
        return self.failed(step, error, began, tries)

    def failed(self, step: Step, error: NodeError, began: Moment, tries: int) -> NodeResult:
        """Return the result of a node that raised, with what it knew by then; one that judges could not tell all."""
        known = error.known if isinstance(error.known, Output) else Output()
        seen = max(Verdict.UNKNOWN, known.verdict or Verdict.UNKNOWN)
        return self._kept(
            NodeResult(
                node_id=step.id,
                node_type=step.type,
                status=_STATUS.get(error.code, Status.FAILED),
                verdict=seen if step.judges else None,
                output=known.data,
                findings=tuple(self._finding(step, one) for one in known.observations),
                watched=frozenset(self._fingerprint(step, identity) for identity in known.watched),
                errors=(_problem_of(error),),
                attempts=tries,
                started_at=began.at,
                duration_ms=began.ago,
                required=step.required,
                undelivered=error.undelivered or step.config.cls.tells,
                file=step.config.label,
                line=step.place.line,
            )
        )

    def lost(self, result: NodeResult, error: NodeError) -> NodeResult:
        """Make a node a failed one whatever it did, because nobody knows which way leads on from it."""
        errors = (*result.errors, _problem_of(error))
        return self._kept(replace(result, status=Status.FAILED, errors=errors, required=True))

    def _kept(self, result: NodeResult) -> NodeResult:
        """Mask all that a node said and cut its output to the limit; where there was a secret, say so to people."""
        masker = self.world.masker
        masker.found.clear()
        mask = masker.mask
        known = {key: masker.mask_tree(item) for key, item in result.known.items()}
        output = bounded(known)
        kept = replace(
            result,
            output=output,
            uncut=NOTHING if output is known else known,
            findings=self._masked(result.findings),
            errors=tuple(replace(one, message=mask(one.message)) for one in result.errors),
            skip_reason=mask(result.skip_reason),
        )
        for name in sorted(masker.found):
            self.world.log.warning(f"the secret {name} stood in the output of {result.node_id} and is masked")
        return kept

    def _masked(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Mask the texts of findings, all in one go: there may be very many."""
        texts = [(one.check, one.subject, one.message) for one in findings]
        masked: Any = self.world.masker.mask_tree(texts)
        if masked is texts:
            return findings
        return tuple(
            replace(one, check=check, subject=subject, message=message)
            for one, (check, subject, message) in zip(findings, masked, strict=True)
        )

    def _fingerprint(self, step: Step, identity: tuple[str, ...]) -> str:
        return fingerprint(self.world.run.definition, step.id, *identity)

    def _finding(self, step: Step, seen: Observation) -> Finding:
        identity = self._fingerprint(step, seen.identity)
        known = self.world.memory and self.world.memory.past.open.get(identity)
        return Finding(
            fingerprint=identity,
            node=step.id,
            check=seen.check,
            subject=seen.subject,
            verdict=seen.verdict,
            message=seen.message,
            value=seen.value,
            unit=seen.unit,
            threshold=seen.threshold,
            first_seen=known.since if known else self.world.run.started_at,
            file=step.config.label,
            line=step.config.document.place((*step.config.path, *seen.path)).line,
        )


def _problem_of(error: NodeError) -> Problem:
    return Problem(code=error.code, message=error.message, retryable=error.retryable)
