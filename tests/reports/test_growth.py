"""Very many findings: every report of them takes time in proportion, and none is lost on the way to its limit."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from runner.bounds import bounded
from runner.reports.console import result_text
from runner.reports.document import document, encode
from runner.reports.github import run_annotations
from runner.reports.journal import journal_end, journal_line
from runner.reports.markdown import summary
from runner.results import Verdict
from runner.secrets import Masker, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.results import RunResult

MASKER = Masker([Secret("TOKEN", "hunter2-hunter2"), Secret("URL", "https://user:pass-word@shop.example/a b")])
BAD = [Verdict.WARNING, Verdict.CRITICAL, Verdict.UNKNOWN]


@pytest.fixture
def many(
    make_run: Callable[..., RunResult], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> Callable[[int], RunResult]:
    """Make a run with so many findings, in two nodes."""

    def make(count: int) -> RunResult:
        found = [
            make_finding(fingerprint=f"{at:064x}", check=f"c{at}", subject=f"db{at}:/", verdict=BAD[at % 3])
            for at in range(count)
        ]
        halves = (tuple(found[: count // 2]), tuple(found[count // 2 :]))
        return make_run(*(make_node(f"n{place}", findings=half) for place, half in enumerate(halves)))

    return make


def written(result: RunResult) -> None:
    encode({key: MASKER.mask_tree(item) for key, item in document(result).items()}, indent=2)


def journal(result: RunResult) -> None:
    for node in result.nodes:
        journal_line(node)
    journal_end(result)


def cut(result: RunResult) -> None:
    alerts = [{"name": one.check, "labels": {"host": one.subject}} for one in result.findings]
    bounded({"alerts": alerts, "status": "firing"}, limit=10_000)


def seconds(work: Callable[[RunResult], object], result: RunResult) -> float:
    """Return the processor time of the best of three."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        work(result)
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.parametrize(
    "work",
    [written, journal, cut, summary, run_annotations, lambda result: result_text(result, origin="")],
    ids=["document", "journal", "output", "summary", "annotations", "text"],
)
def test_four_times_as_many_findings_take_hardly_more_than_four_times_as_long(
    work: Callable[[RunResult], object], many: Callable[[int], RunResult]
) -> None:
    assert seconds(work, many(40_000)) < 10 * seconds(work, many(10_000)) + 0.1


def test_a_finding_is_written_once_and_stands_in_both_lists(many: Callable[[int], RunResult]) -> None:
    whole = document(many(30))
    in_nodes = [one for node in whole["node_results"].values() for one in node["findings"]]
    assert sorted(map(id, in_nodes)) == sorted(map(id, whole["findings"]))
    assert [one["verdict"] for one in whole["findings"]] == ["critical"] * 10 + ["unknown"] * 10 + ["warning"] * 10


@pytest.mark.parametrize("limit", [10_000, 60_000, 100_000, 150_000, 300_000])
def test_what_is_passed_over_would_not_have_fitted(limit: int, many: Callable[[int], RunResult]) -> None:
    whole = document(many(200))
    cut = json.loads(encode(whole, limit=limit))
    if limit >= len(encode(whole)):
        assert cut == whole
    else:
        kept = len(cut["findings"])
        assert kept in {100, 10}
        assert cut["truncated"] == f"texts are cut after 1,000 characters, and only {kept:,} of each list are kept"
        assert cut["findings"] == whole["findings"][:kept]
