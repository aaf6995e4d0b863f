"""The nodes of a run as a Mermaid graph, coloured by outcome."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from runner.reports.wording import NOT_REACHED, word
from runner.results import Status, Verdict

if TYPE_CHECKING:
    from runner.results import NodeResult, RunResult

_STRANGE: Final = re.compile(r"[^A-Za-z0-9_.-]")
_LABEL: Final = 60
"""Characters of an id in a box."""
_COLOURS: Final = {
    "good": "fill:#1a7f37,color:#fff,stroke:#1a7f37",
    "warn": "fill:#bf8700,color:#fff,stroke:#bf8700",
    "bad": "fill:#cf222e,color:#fff,stroke:#cf222e",
    "broken": "fill:#fff,color:#cf222e,stroke:#cf222e,stroke-width:3px",
    "skipped": "fill:#eaeef2,color:#57606a,stroke:#8c959f,stroke-dasharray:4",
}
_BY_VERDICT: Final = {
    Verdict.OK: "good",
    Verdict.WARNING: "warn",
    Verdict.UNKNOWN: "warn",
    Verdict.CRITICAL: "bad",
    Verdict.INCONCLUSIVE: "warn",
}


def graph(result: RunResult) -> str:
    """Draw the nodes in the order of the walk; those that it never came to stand beside it."""
    numbers = {node.node_id: number for number, node in enumerate(result.nodes)}
    boxes = [f'  n{numbers[node.node_id]}["{_label(node)}"]:::{_colour(node)}' for node in result.nodes]
    walked = [f"n{numbers[node.node_id]}" for node in _walk(result)]
    arrows = [f"  {' --> '.join(walked)}"] if len(walked) > 1 else []
    used = {_colour(node) for node in result.nodes}
    classes = [f"  classDef {name} {style}" for name, style in _COLOURS.items() if name in used]
    return "\n".join(["flowchart LR", *boxes, *arrows, *classes])


def _walk(result: RunResult) -> list[NodeResult]:
    """Return the started nodes in their order, and each skipped one behind the node that stands before it."""
    started = {node_id: place for place, node_id in enumerate(result.executed)}
    places: dict[str, float] = {}
    place = -1.0
    for node in result.nodes:
        place = started.get(node.node_id, place)
        places[node.node_id] = place
    walked = [node for node in result.nodes if not node.skip_reason.startswith(NOT_REACHED)]
    return sorted(walked, key=lambda node: (places[node.node_id], node.node_id not in started))


def _label(node: NodeResult) -> str:
    said = node.verdict if node.verdict and node.status is Status.SUCCEEDED else word(node.status)
    return f"{_plain(node.node_id)}<br>{_plain(node.node_type)}: {said}"


def _plain(text: str) -> str:
    return _STRANGE.sub("_", text[:_LABEL])


def _colour(node: NodeResult) -> str:
    if node.skipped:
        return "skipped"
    if node.status.broke:
        return "broken"
    return _BY_VERDICT[node.verdict] if node.verdict else "good"
