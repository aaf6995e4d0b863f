"""What is wrong now, held against what was: new, still, fixed; and neither, where nobody looked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.results import Open, Past, Status, Verdict
from runner.standing import fingerprint, standing
from tests.store.past import NOON, alerted, checked, finding
from tests.support import FACTS

if TYPE_CHECKING:
    from runner.results import Comparison, NodeResult


def past(*nodes: NodeResult) -> Past:
    """Return what a run leaves behind whose nodes came to this."""
    bad = standing(FACTS, {one.node_id: one for one in nodes}, whole=True).bad
    return Past(previous_run_id="before", open={key: replace(one, runs=3) for key, one in bad.items()})


def against(before: Past, *nodes: NodeResult, whole: bool = True, failure: str = "") -> Comparison:
    return standing(FACTS, {one.node_id: one for one in nodes}, whole=whole, failure=failure).against(before)


def shape(found: Comparison) -> tuple[int, list[tuple[str, Verdict, int]], list[str]]:
    still = [(one.check, one.verdict, one.runs) for one in found.still]
    return len(found.new), still, [one.check for one in found.fixed]


def test_what_is_new_what_still_is_and_what_is_fixed() -> None:
    before = past(checked({"a": "warning", "b": "critical", "c": "ok"}))
    found = against(before, checked({"a": "critical", "b": "ok", "c": "unknown"}))
    assert shape(found) == (1, [("a", Verdict.CRITICAL, 4)], ["b"])
    assert found.previous_run_id == "before"
    (still,) = found.still
    assert still.since == NOON
    assert found.new == (fingerprint(FACTS.definition, "probe", "c", "the host of c"),)


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.TIMED_OUT, Status.CANCELLED])
def test_what_nobody_looked_at_is_neither_still_wrong_nor_fixed(status: Status) -> None:
    before = past(checked({"a": "critical"}))
    assert shape(against(before, checked({}, status=status))) == (0, [], [])


def test_what_nobody_looks_at_any_longer_is_not_fixed_but_gone() -> None:
    before = past(checked({"a": "critical", "b": "critical"}), checked({"c": "critical"}, node="removed"))
    found = against(before, checked({"b": "critical"}))
    assert shape(found) == (0, [("b", Verdict.CRITICAL, 4)], [])
    assert [(one.check, one.watched) for one in found.gone] == [("a", False), ("c", False)]


def test_in_the_middle_of_a_run_a_node_that_has_yet_to_come_is_not_removed() -> None:
    before = past(checked({"c": "critical"}, node="later"))
    assert shape(against(before, checked({}), whole=False)) == (0, [], [])


def test_an_alert_is_fixed_when_its_sender_says_so_and_not_when_it_is_absent() -> None:
    before = past(alerted({"disk": "firing", "load": "firing"}))
    assert shape(against(before, alerted({"load": "firing"}))) == (0, [("load", Verdict.CRITICAL, 4)], [])
    assert shape(against(before, alerted({"disk": "resolved"}))) == (0, [], ["disk"])
    assert shape(against(before, alerted({"disk": "acknowledged", "load": "absent"}))) == (0, [], [])


def test_a_node_that_fails_is_a_word_beside_what_is_wrong_and_no_finding() -> None:
    now = standing(FACTS, {"probe": checked({}, status=Status.FAILED)})
    assert (list(now.bad), [one.node for one in now.beside.values()]) == ([], ["probe"])
    optional = replace(checked({}, status=Status.FAILED), required=False, verdict=None)
    assert standing(FACTS, {"probe": optional}).wrong == {}


def test_a_run_that_failed_without_a_node_to_blame_has_a_name_of_its_own() -> None:
    now = standing(FACTS, {"probe": checked({"a": "ok"})}, failure="the run's time is up")
    assert [(one.node, one.verdict) for one in now.wrong.values()] == [("run", Verdict.UNKNOWN)]
    (whole,) = now.wrong.values()
    assert not now.over(whole)
    assert standing(FACTS, {}).over(whole)


def test_findings_are_told_apart_by_what_they_are_about_and_never_by_what_is_said() -> None:
    first = finding("probe", "home", Verdict.WARNING, "https://shop.example/")
    other = replace(first, verdict=Verdict.CRITICAL, message="92.7 % of 17 disks", value=92.7)
    assert first.fingerprint == other.fingerprint
    apart = {
        finding("probe", "home", Verdict.WARNING, "https://shop.example/").fingerprint,
        finding("probe", "home", Verdict.WARNING, "https://blog.example/").fingerprint,
        finding("probe", "blog", Verdict.WARNING, "https://shop.example/").fingerprint,
        finding("other", "home", Verdict.WARNING, "https://shop.example/").fingerprint,
        fingerprint("another", "probe", "home", "https://shop.example/"),
    }
    assert len(apart) == 5


def test_alerts_of_a_group_share_its_key() -> None:
    alone = standing(FACTS, {"ingest": alerted({"disk": "firing"})})
    grouped = standing(FACTS, {"ingest": alerted({"disk": "resolved"}, group="shop")})
    assert [one.identity for one in alone.bad.values()] == ["print-of-disk"]
    assert [one.identity for one in grouped.resolved.values()] == ["shop"]
    assert [one.identity for one in standing(FACTS, {"probe": checked({"a": "critical"})}).bad.values()] == [""]


def test_nothing_of_a_comparison_shows_how_alerts_are_told_apart() -> None:
    one = Open(
        fingerprint="f",
        node="n",
        check="c",
        subject="s",
        verdict=Verdict.WARNING,
        since=NOON,
        runs=2,
        identity="secret",
    )
    found = standing(FACTS, {}, whole=True).against(Past(previous_run_id="before", open={"f": one}))
    assert found.plain() == {
        "previous_run_id": "before",
        "new": [],
        "still": [],
        "fixed": [
            {
                "fingerprint": "f",
                "node": "n",
                "check": "c",
                "subject": "s",
                "verdict": Verdict.WARNING,
                "since": NOON,
                "runs": 2,
            }
        ],
        "gone": [],
    }
