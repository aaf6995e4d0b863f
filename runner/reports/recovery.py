"""A journal read back: what is known of a run, killed or not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from runner.errors import ExitCode, UsageError
from runner.reports.fields import Fields
from runner.reports.journal import BEGUN, FINISHED, NODE, STARTED
from runner.reports.reading import read_facts, read_node, read_run
from runner.reports.wording import NOT_REACHED
from runner.results import Exit, NodeResult, Problem, RunResult, RunStatus, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.results import RunFacts

_KILLED: Final = "the run was killed"
_RUNNING: Final = f"{_KILLED} while this node was running"


def read_journal(text: str) -> RunResult:
    """Read a journal as the result of its run; one without an end is a run that was killed.

    A last line that is torn does not count. Raises `UsageError` where the text is no journal.
    """
    events = _events(text)
    if not events or events[0].data.get("event") != STARTED:
        msg = "not a journal of this runner: it does not start with the event run.started"
        raise UsageError(msg)
    first, *others = events
    lines = [read_node(event) for event in others if event.text("event") == NODE]
    finished = {node.node_id: node for node in lines}  # the last word on a node counts
    begun = [event.text("node_id") for event in others if event.text("event") == BEGUN]
    nodes = _all_nodes(first, finished, begun)
    ends = [event for event in others if event.text("event") == FINISHED]
    facts = read_facts(first)
    return read_run(facts, nodes, ends[-1]) if ends else _killed(facts, nodes, list(finished.values()))


def _events(text: str) -> list[Fields]:
    *lines, torn = text.split("\n")
    events = [_event(line, number) for number, line in enumerate(lines, start=1) if line]
    try:
        return [*events, _event(torn, 0)]
    except UsageError:
        return events


def _event(line: str, number: int) -> Fields:
    msg = f"not a journal of this runner: line {number} is no JSON object"
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(msg) from error
    if not isinstance(data, dict):
        raise UsageError(msg)
    return Fields(data)


def _all_nodes(first: Fields, finished: Mapping[str, NodeResult], begun: Iterable[str]) -> tuple[NodeResult, ...]:
    """Return every node of the definition, in its order."""
    return tuple(finished.get(node.text("id")) or _unfinished(node, begun) for node in first.parts("nodes"))


def _unfinished(node: Fields, begun: Iterable[str]) -> NodeResult:
    """Tell what became of a node that has no line of its own: it was killed with the run, or never began."""
    never = NodeResult(
        node_id=node.text("id"),
        node_type=node.text("type"),
        status=Status.SKIPPED,
        skip_reason=f"{NOT_REACHED}: {_KILLED}",
        required=node.flag("required"),
    )
    if never.node_id not in begun:
        return never
    error = Problem(code="killed", message=_RUNNING)
    return replace(never, status=Status.CANCELLED, skip_reason="", errors=(error,), attempts=1)


def _killed(facts: RunFacts, nodes: tuple[NodeResult, ...], finished: list[NodeResult]) -> RunResult:
    """Tell what is known of a run that nobody saw the end of: its verdict is `unknown` at best."""
    ends = [node.started_at + timedelta(milliseconds=node.duration_ms) for node in finished if node.started_at]
    last = max([facts.started_at, *ends])
    running = next((node for node in nodes if any(one.message == _RUNNING for one in node.errors)), None)
    error = f"Node {running.node_id} failed: {_RUNNING}" if running else f"{_KILLED}: its journal has no end"
    incidents = [node.output["incident_id"] for node in finished if node.output.get("incident_id")]
    return RunResult(
        facts=facts,
        status=RunStatus.FAILED,
        verdict=max([Verdict.UNKNOWN, *(node.verdict for node in nodes if node.verdict)]),
        finished_at=last,
        duration_ms=(last - facts.started_at).total_seconds() * 1000,
        nodes=nodes,
        executed=tuple(node.node_id for node in nodes if not node.skipped),
        exit=Exit(code=ExitCode.FAILED, reason=error),
        error=error,
        incident_id=str(incidents[0]) if incidents else None,
    )
