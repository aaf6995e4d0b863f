"""Where status and verdict meet, once: in the exit code."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from runner.errors import ExitCode, TimedOut
from runner.records import record
from runner.results import Exit, RunStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.definition.entries import FailOn
    from runner.results import NodeResult

_TRIED = frozenset({"undelivered", TimedOut.code})
"""Codes of the errors of nodes that had begun to tell people."""
_SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED}


@record
class End:
    """How a walk came to its end, where that was not its own."""

    stopped: int | None = None
    """The signal that ended it."""
    late: bool = False
    """Its deadline passed."""
    crash: str = ""
    """A bug ended it."""


def run_status(nodes: Sequence[NodeResult], end: End) -> RunStatus:
    """Say what became of a run."""
    if end.stopped is not None:
        return RunStatus.CANCELLED
    if end.crash:
        return RunStatus.FAILED
    if end.late:
        return RunStatus.TIMED_OUT
    if any(node.required and node.status.broke for node in nodes):
        return RunStatus.FAILED
    return RunStatus.SKIPPED if all(node.skipped for node in nodes) else RunStatus.COMPLETED


def run_verdict(nodes: Sequence[NodeResult]) -> Verdict:
    """Return the worst verdict of the nodes that judge; what was seen stands, though the runner was ill elsewhere."""
    verdicts = {node.verdict for node in nodes if node.verdict is not None}
    seen = max(verdicts - {Verdict.INCONCLUSIVE}, default=Verdict.OK)
    return Verdict.INCONCLUSIVE if seen is Verdict.OK and Verdict.INCONCLUSIVE in verdicts else seen


def run_exit(nodes: Sequence[NodeResult], verdict: Verdict, fail_on: FailOn, end: End) -> Exit:
    """Return the exit code of a run, the first that applies, and the reason for it."""
    if end.stopped is not None:
        code = _SIGNALS.get(signal.Signals(end.stopped), ExitCode.TERMINATED)
        return Exit(code=code, reason=f"stopped by {signal.Signals(end.stopped).name}")
    if end.crash:
        return Exit(code=ExitCode.INTERNAL, reason=end.crash)
    return next(_reasons(nodes, verdict, fail_on, late=end.late))


def _reasons(nodes: Sequence[NodeResult], verdict: Verdict, fail_on: FailOn, *, late: bool) -> Iterator[Exit]:
    broken = [node for node in nodes if node.required and node.status.broke]
    for node in _unheard(nodes):
        yield Exit(code=ExitCode.UNDELIVERED, reason=_why(node))
    if late:
        yield Exit(code=ExitCode.TIMED_OUT, reason="the run's time was up")
    for node in broken:
        yield Exit(code=ExitCode.FAILED, reason=_why(node))
    if verdict is Verdict.INCONCLUSIVE:
        yield Exit(code=ExitCode.INCONCLUSIVE, reason="the runner itself is ill")
    if all(node.skipped for node in nodes):
        yield Exit(code=ExitCode.OK, reason="every node was skipped, as its condition asks for")
    if fail_on != "never" and verdict >= fail_on:
        yield Exit(code=ExitCode.UNHEALTHY, reason=f"the verdict is {verdict}, and fail_on is {fail_on}")
    yield Exit(
        code=ExitCode.OK, reason="completed" if verdict is Verdict.OK else f"completed, the verdict is {verdict}"
    )


def _unheard(nodes: Sequence[NodeResult]) -> Iterator[NodeResult]:
    """Find the nodes whose word reached nobody.

    Of optional ones those that have tried to tell people, where no other node has told any: one that lacks an optional
    secret was not meant to.
    """
    silent = [node for node in nodes if node.undelivered and node.status.broke]
    heard = any(node.output.get("channels_succeeded") for node in nodes)
    yield from (node for node in silent if node.required or not (heard or _TRIED.isdisjoint(_codes(node))))


def _codes(node: NodeResult) -> Iterator[str]:
    return (error.code for error in node.errors)


def _why(node: NodeResult) -> str:
    message = node.errors[-1].message if node.errors else node.status.value
    return f"Node {node.node_id} failed: {message}"
