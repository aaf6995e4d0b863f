"""Whether there is anything to say, and that it is said once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from runner.channels.wording import clock, counted
from runner.errors import Transient, Unavailable
from runner.facts import gather
from runner.records import record
from runner.results import Problem, Verdict
from runner.standing import standing

if TYPE_CHECKING:
    from types import TracebackType

    from runner.facts import Facts
    from runner.scope import Claim, Scope
    from runner.standing import Changes

Send: TypeAlias = Literal["changes", "problems", "always"]

_TOLD: Final = frozenset({"firing", "resolved"})
_NAMED: Final = 5
"""Things that a reason names."""


@record
class News:
    """What there is to say. As a context it is noted as said where the message arrives, and given back where not."""

    scope: Scope
    """With the changes that the message is about."""
    held_back: str = ""
    """Why there is nothing to say; empty where there is something."""
    claim: Claim | None = None
    problems: list[Problem]
    """What kept the memory from being asked, or from taking notes."""

    @classmethod
    def of(cls, send: Send, scope: Scope) -> News:
        """Find out whether a notify node has anything to say; claim it, so that no other run says it, too."""
        facts = gather(scope)
        if send == "always" or not facts.judged:
            return cls(scope=scope, problems=[])
        if send == "problems" or scope.memory is None:
            return cls(scope=scope, held_back=_nothing_wrong(facts, scope), problems=[])
        now = standing(scope.run, scope.nodes, failure=scope.failure)
        try:
            claim = scope.memory.claim(scope.node, now, scope.deadline)
        except (Transient, Unavailable) as error:
            message = f"what was said before is unknown, so send: changes acts as problems: {error.message}"
            problem = Problem(code="not_remembered", message=scope.masker.mask(message))
            return cls(scope=scope, held_back=_nothing_wrong(facts, scope), problems=[problem])
        told = replace(scope, changes=claim.changes)
        return cls(scope=told, held_back=_nothing_new(claim.changes), claim=claim, problems=[])

    def __enter__(self) -> None:
        """Begin to say it."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Note that it was said, or that it was not: neither may change what became of the message."""
        if self.claim is None:
            return
        try:
            if error is None:
                self.claim.confirm()
            else:
                self.claim.release()
        except (Transient, Unavailable) as trouble:
            message = self.scope.masker.mask(
                f"that this was said is not noted, so it may be said again: {trouble.message}"
            )
            self.problems.append(Problem(code="not_remembered", message=message))


def _nothing_wrong(facts: Facts, scope: Scope) -> str:
    failed = scope.failure or any(failure.required for failure in facts.failures)
    if failed or facts.verdict > Verdict.OK or any(alert.status in _TOLD for alert in facts.alerts):
        return ""
    return "nothing is wrong: the verdict is ok, no alert is firing or resolved, and the run has not failed"


def _nothing_new(changes: Changes) -> str:
    if changes:
        return ""
    if changes.elsewhere:
        return f"the run {changes.elsewhere} is saying it right now"
    if not changes.said:
        return "nothing has changed: nothing is wrong, and nothing was before"
    named = [f"{one.check or one.node} ({one.verdict}, told {clock(one.since)})" for one in changes.said[:_NAMED]]
    more = len(changes.said) - _NAMED
    rest = f" and {counted(more, 'more thing')}" if more > 0 else ""
    return f"nothing has changed: people know of {', '.join(named)}{rest}"
