"""The ways between nodes: what comes before what, circles, and what is never reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

Edges: TypeAlias = "Sequence[Sequence[int]]"
"""Of each node, by its place in the list, the places that it leads to; the walk starts at the first."""


@record
class Graph:
    """What the ways between nodes come to; nodes are known by their places in the list."""

    circles: tuple[tuple[int, ...], ...]
    """One for each group of nodes that lead to each other, the first of it again at its end; no two share a node."""
    reached: frozenset[int]
    """Every node that a walk can come to."""
    islands: tuple[int, ...]
    """The fewest nodes from which all others that are not reached could be."""
    earlier: tuple[int, ...]
    """Of each node, those that a walk may have passed before it, a bit each; ways back into a circle do not count."""
    later: tuple[int, ...]
    """Of each node, those that a walk may pass after it, likewise."""

    @classmethod
    def of(cls, edges: Edges, loose: Collection[int] = ()) -> Graph:
        """Work it out, in time that grows with the number of ways.

        `loose` nodes have a way more that may lead anywhere but round in a circle; it counts for `earlier` alone.
        """
        search = _Search(edges)
        search.run()
        order = [*search.done][::-1]
        reached: set[int] = set()
        _reach(edges, range(len(edges))[:1], reached)
        earlier, later = _earlier(edges, order), _later(edges, order)
        return cls(
            circles=tuple(search.circles),
            reached=frozenset(reached),
            islands=_islands(edges, order, reached),
            earlier=_with_loose(earlier, later, loose) if loose else earlier,
            later=later,
        )


class _Search:
    """Goes down every way once, the deepest first; a stack of its own keeps long ways harmless."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._trail: dict[int, Iterator[int]] = {}
        """The nodes from the start to here, and the ways that are still to be gone from each."""
        self._circled: set[int] = set()
        self.done: dict[int, None] = {}
        """All nodes, each after those it leads to."""
        self.circles: list[tuple[int, ...]] = []

    def run(self) -> None:
        """Start at each node that was not come by yet."""
        for start in range(len(self._edges)):
            if start not in self.done:
                self._follow(start)

    def _follow(self, start: int) -> None:
        self._enter(start)
        while self._trail:
            node = next(reversed(self._trail))
            to = next(self._trail[node], None)
            if to is None:
                self._trail.popitem()
                self.done[node] = None
            elif to in self._trail:
                self._close(to)
            elif to not in self.done:
                self._enter(to)

    def _enter(self, node: int) -> None:
        self._trail[node] = iter(self._edges[node])

    def _close(self, first: int) -> None:
        trail = list(self._trail)
        circle = trail[trail.index(first) :]
        if self._circled.isdisjoint(circle):
            self._circled.update(circle)
            self.circles.append((*circle, first))


def _reach(edges: Edges, starts: Iterable[int], seen: set[int]) -> None:
    """Add what can be come to from some nodes without what was seen before."""
    waiting = [*starts]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(edges[node])


def _islands(edges: Edges, order: Sequence[int], reached: Collection[int]) -> tuple[int, ...]:
    """Take the first of what is left, and what it leads to, until nothing is; `order` as for `_earlier`."""
    found, seen = [], set(reached)
    for node in order:
        if node not in seen:
            found.append(node)
            _reach(edges, [node], seen)
    return tuple(sorted(found))


def _earlier(edges: Edges, order: Sequence[int]) -> tuple[int, ...]:
    """Hand on what was passed; `order` has each node before those it leads to, but for circles."""
    # Bits, because a thousand sets of up to a thousand nodes would take more memory than the definition itself.
    found, passed = [0] * len(edges), 0
    for node in order:
        passed |= 1 << node
        for to in edges[node]:
            if not passed >> to & 1:
                found[to] |= found[node] | 1 << node
    return tuple(found)


def _later(edges: Edges, order: Sequence[int]) -> tuple[int, ...]:
    """Hand back what is to come; `order` as for `_earlier`."""
    found, passed = [0] * len(edges), 0
    for node in reversed(order):
        for to in edges[node]:
            if passed >> to & 1:
                found[node] |= found[to] | 1 << to
        passed |= 1 << node
    return tuple(found)


def _with_loose(earlier: Sequence[int], later: Sequence[int], loose: Collection[int]) -> tuple[int, ...]:
    """Add what a walk may have passed before a way that leads anywhere: to all but those that it came by."""
    found = list(earlier)
    for node, after in enumerate(later):
        for start in loose:
            if start != node and not after >> start & 1:
                found[node] |= earlier[start] | 1 << start
    return tuple(found)
