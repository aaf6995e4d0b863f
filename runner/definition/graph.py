"""The ways between nodes: what can come before what, cycles, and what is never reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.definition.model import Step


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by id, and the ids that each leads to."""

    edges: Mapping[str, tuple[str, ...]]
    """In the order of the list; the walk starts at the first."""
    _before: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, steps: Sequence[Step]) -> Graph:
        """Read the ways of steps; ways to nodes that are not there are left out."""
        ids = {step.id for step in steps}
        return cls({step.id: tuple(way.to for way in step.ways if way.to in ids) for step in steps})

    def before(self, node: str) -> frozenset[str]:
        """Return every node that a walk may have passed when it comes to `node`."""
        if not self._before:
            self._before.update(self._ancestors())
        return self._before[node]

    def _ancestors(self) -> dict[str, frozenset[str]]:
        """Hand what lies before each node on along its ways, until nothing changes."""
        found: dict[str, frozenset[str]] = dict.fromkeys(self.edges, frozenset())
        waiting = list(self.edges)[::-1]
        while waiting:
            node = waiting.pop()
            handed = found[node] | {node}
            for to in self.edges[node]:
                if not handed <= found[to]:
                    found[to] |= handed
                    waiting.append(to)
        return found

    def reached(self) -> frozenset[str]:
        """Return every node that a walk can come to."""
        first = next(iter(self.edges), None)
        seen: set[str] = set()
        waiting = [first] if first is not None else []
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting.extend(self.edges[node])
        return frozenset(seen)

    def cycle(self) -> tuple[str, ...]:
        """Return the ids of a cycle, the first one again at its end; empty where there is none."""
        done: set[str] = set()
        for start in self.edges:
            trail: list[str] = []
            stack = [(start, iter(self.edges[start]))] if start not in done else []
            trail = [start] if stack else []
            while stack:
                node, ways = stack[-1]
                to = next(ways, None)
                if to is None:
                    done.add(node)
                    stack.pop()
                    trail.pop()
                elif to in trail:
                    return (*trail[trail.index(to) :], to)
                elif to not in done:
                    stack.append((to, iter(self.edges[to])))
                    trail.append(to)
        return ()
