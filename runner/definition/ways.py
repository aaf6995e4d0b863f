"""Where the nodes of a definition lead, also while some of its ways are wrong."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from runner.definition.entries import END
from runner.definition.graph import Graph
from runner.definition.steps import is_linked
from runner.records import record
from runner.spec import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.definition.config import Path
    from runner.definition.draft import Draft
    from runner.definition.names import Names
    from runner.definition.parts import Part

_MOST_COMPARED: Final = 50
"""Names for which a likely one is searched: with a thousand ids each takes its time."""


@record
class _Loose:
    """A way that names no node."""

    start: int
    """The node that it leads from, by its place."""
    path: Path
    name: str
    likely: str
    """The node, or the end, that was likely meant; empty where that cannot be told."""


class Ways:
    """The ways between the nodes of a definition."""

    def __init__(self, names: Names, parts: Sequence[Part]) -> None:
        self._names = names
        self._parts = parts
        self._unread = [at for at, part in enumerate(parts) if _may_lead_anywhere(part)]
        self._loose = [*self._find_loose()]
        self._edges = self._find_edges()

    @cached_property
    def graph(self) -> Graph:
        """What the ways come to that can be followed."""
        return Graph.of(self._edges, {*self._unread, *(one.start for one in self._loose)})

    def check(self, draft: Draft) -> None:
        """Note circles, ways that lead nowhere, and nodes that no way leads to."""
        for circle in self.graph.circles:
            way = " → ".join(self._parts[at].id for at in circle)
            hint = "a run goes on to its end: let one of them lead elsewhere"
            draft.say("E304", self._parts[circle[0]].at("next"), f"next leads in a circle: {way}", hint)
        known = [*self._names.nodes, END]
        for one in self._loose:
            hint = f'did you mean "{one.likely}"?' if one.likely else f"known: {', '.join(known)}"
            draft.say("E303", one.path, f'next names "{one.name}", and there is no such node', hint)
        self._check_reached(draft)

    def _find_loose(self) -> Iterator[_Loose]:
        known = [*self._names.nodes, END]
        likely: dict[str, str] = {}
        for at, part in enumerate(self._parts):
            for place, way in enumerate(part.ways):
                if way.to not in known:
                    if way.to not in likely:
                        likely[way.to] = nearest(way.to, known) if len(likely) < _MOST_COMPARED else ""
                    yield _Loose(start=at, path=part.way(place, "to"), name=way.to, likely=likely[way.to])

    def _find_edges(self) -> list[list[int]]:
        if not is_linked(self._parts):
            return [[at + 1] for at in range(len(self._parts) - 1)] + [[]] * bool(self._parts)
        places = self._names.nodes
        return [[places[way.to] for way in part.ways if way.to in places] for part in self._parts]

    # reaching

    def _check_reached(self, draft: Draft) -> None:
        """Note nodes that no way leads to, as if each way that names no node led where its hint says.

        One without a hint can lead to any node: where there are more to lead to than such ways, that is said.
        """
        open_ways = [one for one in self._loose if not self._is_clear(one)]
        graph = Graph.of(self._likely_edges())
        lost = [at for at in range(len(self._parts)) if at not in graph.reached and self._parts[at].id]
        if graph.reached.isdisjoint([*self._unread, *(one.start for one in open_ways)]):
            for at in lost:
                hint = "let the next of another node name it, or remove it"
                draft.say("E305", self._parts[at].path, f'no way leads to "{self._parts[at].id}"', hint)
        elif not self._unread and len(graph.islands) > len(open_ways):
            self._say_too_few(draft, [at for at in graph.islands if at in lost], len(open_ways))

    def _likely_edges(self) -> list[list[int]]:
        """Add the ways that hints name; a way leads to all nodes that have its id."""
        edges = [[*ways] for ways in self._edges]
        for one in self._loose:
            if one.likely != END and self._is_clear(one):
                edges[one.start].append(self._names.nodes[one.likely])
        for at, part in enumerate(self._parts):
            first = self._names.nodes.get(part.id, at)
            if first != at:
                edges[first].append(at)
        return edges

    def _is_clear(self, one: _Loose) -> bool:
        """Say whether it can be told where a way should lead; one that would close a circle leads elsewhere."""
        to = self._names.nodes.get(one.likely)
        circles = to is not None and (to == one.start or bool(self.graph.later[to] >> one.start & 1))
        return bool(one.likely) and not circles

    def _say_too_few(self, draft: Draft, lost: Sequence[int], count: int) -> None:
        if not lost:
            return  # none of them has an id to call it by, and that is said
        names = ", ".join(f'"{self._parts[at].id}"' for at in lost)
        sentence = f"no way leads to {names}, and a corrected next can lead to {count} of them"
        draft.say("E305", self._parts[lost[0]].path, sentence, "let the next of another node name it, or remove it")


def _may_lead_anywhere(part: Part) -> bool:
    """Say whether nothing is known of a node's ways: its `next` cannot be read, or it is no object at all."""
    return "next" in part.unread or not (part.id or part.unread)
