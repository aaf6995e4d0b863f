"""docs/performance.md shows what the script prints: the same tools, the same jobs, and a time in each cell."""

from __future__ import annotations

import re
from typing import Final

from tests.benchmarks.peers import JOBS, NO_VALIDATION, OWN, TOOLS
from tests.pages import make_targets, page

PAGE: Final = page("docs/performance.md")
CELL: Final = re.compile(r"[\d,]+ ms, [\d.]+ times")


def test_the_table_has_every_tool_and_every_job() -> None:
    rows = PAGE.table("Job", *(tool.name for tool in TOOLS))
    assert [name for name, *_ in rows] == list(JOBS)
    for job, (_, ours, *theirs) in zip(JOBS, rows, strict=True):
        assert re.fullmatch(r"[\d,]+ ms", ours)
        others = [tool for tool in TOOLS if tool is not OWN]
        assert [cell == "none" for cell in theirs] == [JOBS[job](tool) == NO_VALIDATION for tool in others]
        assert [cell for cell in theirs if cell != "none" and not CELL.fullmatch(cell)] == []


def test_a_run_says_when_and_where_it_was() -> None:
    (line,) = [line for line in PAGE.text.splitlines() if line.startswith("20")]
    assert re.match(r"\d{4}-\d\d-\d\d, \d+ cores of ", line)


def test_the_targets_that_it_names_are_in_the_makefile() -> None:
    assert set(re.findall(r"`make (\w+)`", PAGE.text)) <= make_targets()
