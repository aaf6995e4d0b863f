"""The journal: what had finished, a line each, so that a run that is killed leaves more than nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from runner.reports.document import header, node_document, outcome
from runner.reports.values import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.results import NodeResult, RunFacts, RunResult

STARTED: Final = "run.started"
NODE: Final = "node.finished"
BEGUN: Final = "node.started"
FINISHED: Final = "run.finished"


def journal_header(facts: RunFacts, nodes: Iterable[tuple[str, str, bool]]) -> str:
    """Return the first line of a journal, without its newline.

    `nodes` are ids and types in the definition's order, and whether each is required.
    """
    listed = [{"id": node_id, "type": node_type, "required": required} for node_id, node_type, required in nodes]
    return _line(STARTED, header(facts) | {"started_at": time_text(facts.started_at), "nodes": listed})


def journal_start(node: str) -> str:
    """Return the line of a node that begins, without its newline."""
    return _line(BEGUN, {"node_id": node})


def journal_line(node: NodeResult) -> str:
    """Return the line of a node that has finished or was skipped, without its newline."""
    return _line(NODE, node_document(node))


def journal_end(result: RunResult) -> str:
    """Return the last line of a run that came to its end, without its newline."""
    return _line(FINISHED, outcome(result))


def _line(event: str, data: dict[str, Any]) -> str:
    return json.dumps({"event": event, **data}, allow_nan=False)
