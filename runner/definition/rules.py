"""What no node can know by itself: ids, ways, guarded names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.definition.entries import END
from runner.definition.graph import Graph
from runner.definition.references import References
from runner.definition.steps import is_linked
from runner.definition.telling import check_telling
from runner.spec import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.definition.draft import Draft
    from runner.definition.names import Names
    from runner.definition.parts import Part

_GUARDED: Final = ("PIPELINE_", "ACTIONS_", "INPUT_")
"""The runner's own configuration and the CI system's tokens: a definition cannot grant itself these."""


def check(draft: Draft, names: Names, parts: Sequence[Part]) -> None:
    """Note everything that is wrong between the parts of a definition."""
    _check_ids(draft, names, parts)
    _check_guarded(draft, names)
    graph = Graph.of(_edges(names, parts))
    _check_circles(draft, graph, parts)
    all_known = _check_ways(draft, names, parts)
    if all_known:
        _check_reached(draft, graph, parts)
    References(draft, names, graph if all_known else None, parts).check()
    check_telling(draft, parts)


def _check_ids(draft: Draft, names: Names, parts: Sequence[Part]) -> None:
    for at, part in enumerate(parts):
        first = names.nodes.get(part.id, at)
        if first != at:
            line = draft.document.place(parts[first].at("id")).line
            draft.say("E301", part.at("id"), f'duplicate id "{part.id}"', f"line {line} has it too: ids are unique")


def _check_guarded(draft: Draft, names: Names) -> None:
    for kind in ("secrets", "env"):
        for name, path in names.declared[kind].items():
            if (name.startswith(_GUARDED) or name == "GITHUB_TOKEN") and name not in names.granted:
                hint = f"whoever runs it can allow it: PIPELINE_ALLOW_SECRETS={name}"
                draft.say("E308", path, f"a definition cannot grant itself {name}", hint)


def _check_ways(draft: Draft, names: Names, parts: Sequence[Part]) -> bool:
    """Note ways that lead nowhere; say whether all of them are known."""
    known = not any("next" in part.unread for part in parts)
    for part in parts:
        for place, way in enumerate(part.ways):
            if way.to != END and way.to not in names.nodes:
                hint = did_you_mean(way.to, [*names.nodes, END])
                sentence = f'next names "{way.to}", and there is no such node'
                draft.say("E303", part.way(place, "to"), sentence, hint)
                known = False
    return known


def _edges(names: Names, parts: Sequence[Part]) -> list[list[int]]:
    if not is_linked(parts):
        return [[at + 1] for at in range(len(parts) - 1)] + [[]] * bool(parts)
    return [[names.nodes[way.to] for way in part.ways if way.to in names.nodes] for part in parts]


def _check_circles(draft: Draft, graph: Graph, parts: Sequence[Part]) -> None:
    for circle in graph.circles:
        way = " → ".join(parts[at].id for at in circle)
        hint = "a run goes on to its end: let one of them lead elsewhere"
        draft.say("E304", parts[circle[0]].at("next"), f"next leads in a circle: {way}", hint)


def _check_reached(draft: Draft, graph: Graph, parts: Sequence[Part]) -> None:
    for at, part in enumerate(parts):
        if part.id and at not in graph.reached:
            hint = "let the next of another node name it, or remove it"
            draft.say("E305", part.path, f'no way leads to "{part.id}"', hint)
