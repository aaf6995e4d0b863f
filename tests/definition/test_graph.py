"""The ways between nodes, by their places: circles, what is reached, what comes earlier; held against brute force."""

from __future__ import annotations

import itertools
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.definition.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    Edges = list[list[int]]


def passed(graph: Graph, node: int) -> set[int]:
    return {one for one in range(len(graph.earlier)) if graph.earlier[node] >> one & 1}


def walks(edges: Edges, node: int, trail: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every way down from a node that passes none twice, as it is gone."""
    yield trail
    for to in edges[node]:
        if to not in trail:
            yield from walks(edges, to, (*trail, to))


@pytest.mark.parametrize(
    ("edges", "circles"),
    [
        ([], ()),
        ([[]], ()),
        ([[0]], ((0, 0),)),
        ([[1], [2], []], ()),
        ([[1], [2], [0]], ((0, 1, 2, 0),)),
        ([[1], [2], [1]], ((1, 2, 1),)),
        ([[1, 2], [0], [3], [2]], ((0, 1, 0), (2, 3, 2))),
        ([[1], [2], [1, 0]], ((1, 2, 1),)),
        ([[], [2], [1]], ((1, 2, 1),)),
        ([[1, 1], [0, 0]], ((0, 1, 0),)),
    ],
    ids=[
        "nothing",
        "one",
        "itself",
        "a chain",
        "a ring",
        "a ring behind the start",
        "two rings",
        "two that share nodes",
        "a ring that is not reached",
        "ways that stand there twice",
    ],
)
def test_circles_end_where_they_begin(edges: Edges, circles: tuple[tuple[int, ...], ...]) -> None:
    assert Graph.of(edges).circles == circles


def test_what_is_reached_is_what_a_walk_from_the_first_can_come_to() -> None:
    assert Graph.of([[2], [2], [4], [], []]).reached == {0, 2, 4}
    assert Graph.of([]).reached == set()


def test_what_comes_earlier_is_handed_on_along_all_ways() -> None:
    graph = Graph.of([[1, 2], [3], [3], [4], []])
    assert [passed(graph, node) for node in range(5)] == [set(), {0}, {0}, {0, 1, 2}, {0, 1, 2, 3}]


def test_what_comes_earlier_does_not_depend_on_the_order_of_the_list() -> None:
    graph = Graph.of([[4], [], [1], [2], [3]])
    assert [passed(graph, node) for node in range(5)] == [set(), {0, 2, 3, 4}, {0, 3, 4}, {0, 4}, {0}]


def test_ways_back_into_a_circle_do_not_count() -> None:
    graph = Graph.of([[1], [2], [0]])
    assert [passed(graph, node) for node in range(3)] == [set(), {0}, {0, 1}]


@st.composite
def acyclic(draw: st.DrawFn) -> Edges:
    """A graph without circles, its nodes shuffled."""
    order = draw(st.permutations(range(draw(st.integers(1, 7)))))
    edges: Edges = [[] for _ in order]
    for rank, node in enumerate(order):
        edges[node] = draw(st.lists(st.sampled_from(order[rank + 1 :]), max_size=3)) if rank + 1 < len(order) else []
    return edges


@given(edges=acyclic())
def test_without_circles_earlier_is_what_any_walk_passes(edges: Edges) -> None:
    graph = Graph.of(edges)
    assert graph.circles == ()
    before: list[set[int]] = [set() for _ in edges]
    for start in range(len(edges)):
        for trail in walks(edges, start, (start,)):
            before[trail[-1]] |= set(trail[:-1])
    assert [passed(graph, node) for node in range(len(edges))] == before


@given(
    edges=st.integers(1, 6).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=3), min_size=n, max_size=n)
    )
)
def test_each_group_of_nodes_that_lead_to_each_other_has_a_circle_and_no_two_share_a_node(edges: Edges) -> None:
    graph = Graph.of(edges)
    members = [node for circle in graph.circles for node in circle[1:]]
    assert len(members) == len(set(members))
    for circle in graph.circles:
        assert circle[0] == circle[-1]
        assert all(to in edges[node] for node, to in itertools.pairwise(circle))
    leads = [{trail[-1] for trail in walks(edges, node, (node,))} for node in range(len(edges))]
    for node in range(len(edges)):
        ringed = any(node in leads[to] for to in edges[node])
        assert ringed == any(one in leads[node] and node in leads[one] for one in members)


@pytest.mark.parametrize(
    "edges",
    [
        [[at + 1] for at in range(999)] + [[]],
        [[999]] + [[]] + [[at - 1] for at in range(2, 1000)],
        [list(range(at + 1, min(at + 34, 1000))) for at in range(1000)],
        [[to % 1000 for to in range(at + 1, at + 34)] for at in range(1000)],
    ],
    ids=["a chain", "a chain backwards", "many ways", "many ways round"],
)
def test_a_thousand_nodes_take_little_time_and_memory(edges: Edges) -> None:
    tracemalloc.start()
    started = time.perf_counter()
    graph = Graph.of(edges)
    assert time.perf_counter() - started < 5
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024
    assert len(graph.reached) == 1000


# --- ways that may lead anywhere ---------------------------------------------------------------------


@given(edges=acyclic(), chosen=st.sets(st.integers(0, 6)))
def test_with_loose_nodes_earlier_is_what_any_walk_passes_however_they_are_tied(edges: Edges, chosen: set[int]) -> None:
    loose = sorted(one for one in chosen if one < len(edges))[:2]
    graph = Graph.of(edges, loose)
    before = [passed(Graph.of(edges), node) for node in range(len(edges))]
    for ends in itertools.product([[], *([to] for to in range(len(edges)))], repeat=len(loose)):
        tied = [[*ways] for ways in edges]
        for start, end in zip(loose, ends, strict=True):
            tied[start] += end
        if not Graph.of(tied).circles:
            before = [old | passed(Graph.of(tied), node) for node, old in enumerate(before)]
    assert [passed(graph, node) for node in range(len(edges))] == before


@given(edges=acyclic())
def test_later_is_earlier_seen_from_the_other_side(edges: Edges) -> None:
    graph = Graph.of(edges)
    for node in range(len(edges)):
        assert [one for one in range(len(edges)) if graph.later[node] >> one & 1] == [
            one for one in range(len(edges)) if node in passed(graph, one)
        ]


@given(
    edges=st.integers(1, 6).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=2), min_size=n, max_size=n)
    )
)
def test_islands_are_the_fewest_nodes_that_all_the_rest_can_be_reached_from(edges: Edges) -> None:
    graph = Graph.of(edges)
    leads = [{trail[-1] for trail in walks(edges, node, (node,))} for node in range(len(edges))]
    rest = set(range(len(edges))) - graph.reached

    def is_enough(some: tuple[int, ...]) -> bool:
        return rest <= set().union(*(leads[node] for node in some))

    assert is_enough(graph.islands)
    assert set(graph.islands) <= rest
    fewer = itertools.combinations(sorted(rest), len(graph.islands) - 1) if graph.islands else ()
    assert not any(is_enough(some) for some in fewer)
