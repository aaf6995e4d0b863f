"""What a node costs on top of the start, and that it does not grow with their number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.benchmarks.conftest import Bench

pytestmark = pytest.mark.benchmark


def definition(nodes: int) -> str:
    listed = [{"id": f"n{number}", "type": "transform", "config": {"extract": "a"}} for number in range(nodes)]
    return json.dumps({"version": "1.0", "nodes": listed})


def test_a_node_costs_at_most_a_millisecond_and_the_thousandth_as_much_as_the_first(bench: Bench) -> None:
    sizes = (1, 250, 1000)
    for size in sizes:
        (bench.folder / f"{size}.json").write_text(definition(size))
    first, quarter, thousand = bench.measure(
        {
            f"run, {size} nodes": bench.runner(
                "--config", f"{size}.json", "--payload", '{"a": 1}', "--results", "r.json"
            )
            for size in sizes
        },
        rounds=7,
    )
    for timing in (first, quarter, thousand):
        bench.row(timing)
    early = (quarter.best - first.best) / 249 * 1000
    late = (thousand.best - quarter.best) / 750 * 1000
    bench.note(f"a node: {early:.3f} ms up to 250, {late:.3f} ms from there to 1,000", "<= 1 ms, <= 1.5 x")
    assert late <= 1
    assert late <= 1.5 * early
