"""What all checks share: thresholds, tries, names."""

from __future__ import annotations

import threading
import time
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar, Final

import pytest
from pydantic_core import ValidationError

from runner.checks import CHECKS, Check, Confirm, Seen
from runner.checks.base import Usage
from runner.checks.disk import Disk
from runner.checks.judging import examine, judge
from runner.checks.naming import names
from runner.errors import NodeError, Refused, TimedOut, Unreachable
from runner.records import record
from runner.results import Verdict
from runner.spec import Template, Threshold
from runner.validators import problems, read

if TYPE_CHECKING:
    from runner.scope import Scope

SLACK: Final = 2.0
"""Seconds that a noisy machine may add to a limit."""


@record
class Stub(Usage):
    """A check that shows what it is given, one after the other."""

    type: ClassVar[str] = "stub"
    shows: tuple[Seen | Exception, ...] = ()
    looks: list[int] = field(default_factory=list)

    def look(self, scope: Scope) -> Seen:
        scope.deadline.check()
        self.looks.append(1)
        shown = self.shows[len(self.looks) - 1]
        if isinstance(shown, Exception):
            raise shown
        return shown

    @property
    def place(self) -> str:
        return ""

    @property
    def about(self) -> str | None:
        return ""

    @property
    def task(self) -> str:
        return "look"


def at(percent: float, verdict: Verdict = Verdict.OK) -> Seen:
    return Seen(message=f"tank is {percent:g}% full", value=percent, unit="%", verdict=verdict)


@pytest.mark.parametrize(
    ("percent", "verdict", "message"),
    [
        (69.9, Verdict.OK, "tank is 69.9% full"),
        (70.0, Verdict.OK, "tank is 70% full"),
        (70.1, Verdict.WARNING, "tank is 70.1% full, above 70%"),
        (89.9, Verdict.WARNING, "tank is 89.9% full, above 70%"),
        (96.0, Verdict.CRITICAL, "tank is 96% full, above 90%"),
    ],
)
def test_the_worst_threshold_that_is_crossed_judges(percent: float, verdict: Verdict, message: str) -> None:
    judged = judge(Stub(), at(percent))
    assert (judged.verdict, judged.message) == (verdict, message)


def test_thresholds_may_be_anything_of_their_kind() -> None:
    disk = read(Disk, {"warning": {"outside": [10, "90%"]}, "critical": {"below": 5}})
    assert [judge(disk, at(percent)).threshold for percent in (4, 7, 50, 95)] == [
        "below 5%",
        "outside 10% to 90%",
        "",
        "outside 10% to 90%",
    ]


def test_a_threshold_can_be_switched_off() -> None:
    assert judge(read(Disk, {"warning": None, "critical": None}), at(100)).verdict is Verdict.OK


def test_thresholds_never_make_a_verdict_better() -> None:
    judged = judge(Stub(), at(75, Verdict.CRITICAL))
    assert (judged.verdict, judged.message) == (Verdict.CRITICAL, "tank is 75% full")


@pytest.mark.parametrize("kind", list(CHECKS))
def test_every_check_says_its_type(kind: str) -> None:
    assert CHECKS.load(kind).type == kind


@pytest.mark.parametrize(
    ("error", "verdict", "code"),
    [
        pytest.param(TimedOut("timed out after 1s"), Verdict.CRITICAL, "timed_out", id="timed-out"),
        pytest.param(Unreachable("no", code="tls"), Verdict.CRITICAL, "tls", id="unreachable"),
        pytest.param(Refused("no", code="redirect"), Verdict.CRITICAL, "redirect", id="redirect"),
        pytest.param(Refused("no", code="refused_address"), Verdict.UNKNOWN, "refused_address", id="refused"),
        pytest.param(NodeError("no", code="not_found"), Verdict.UNKNOWN, "not_found", id="could-not-tell"),
        pytest.param(PermissionError(13, "Permission denied"), Verdict.UNKNOWN, "unreadable", id="os"),
    ],
)
def test_what_fails_is_critical_and_what_could_not_tell_is_unknown(
    error: Exception, verdict: Verdict, code: str, scope: Scope
) -> None:
    judged = examine(Stub(shows=(error,)), scope)
    assert (judged.verdict, judged.code) == (verdict, code)


@record
class Deaf(Stub):
    """A check that waits for somebody, whatever its limit."""

    let_go: threading.Event = field(default_factory=threading.Event)

    def look(self, scope: Scope) -> Seen:
        self.let_go.wait(20)
        return Stub.look(self, scope)


def test_a_limit_holds_whatever_a_check_of_this_machine_is_blocked_on(scope: Scope) -> None:
    deaf, began = Deaf(timeout=0.1), time.monotonic()
    judged = examine(deaf, scope)
    assert time.monotonic() - began < 0.5 + SLACK
    assert (judged.verdict, judged.code, judged.message) == (
        Verdict.CRITICAL,
        "timed_out",
        "look timed out after 100ms",
    )
    deaf.let_go.set()


def test_a_bug_in_a_check_escapes(scope: Scope) -> None:
    with pytest.raises(TypeError, match="a bug"):
        examine(Stub(shows=(TypeError("a bug"),)), scope)


BLIND: Final = Seen(message="the tank is dark", verdict=Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("shows", "verdict", "tries", "message"),
    [
        pytest.param((at(50),), Verdict.OK, 1, "tank is 50% full", id="well"),
        pytest.param((at(95), at(50)), Verdict.OK, 2, "tank is 50% full", id="critical-once"),
        pytest.param((at(80), at(50)), Verdict.OK, 2, "tank is 50% full", id="warning-once"),
        pytest.param(
            (at(95), at(96)), Verdict.CRITICAL, 2, "tank is 96% full, above 90% (failed 2 of 2 tries)", id="critical"
        ),
        pytest.param(
            (at(80), at(81)), Verdict.WARNING, 2, "tank is 81% full, above 70% (in 2 of 2 tries)", id="warning"
        ),
        pytest.param(
            (at(95), at(80)), Verdict.WARNING, 2, "tank is 80% full, above 70% (failed 1 of 2 tries)", id="better"
        ),
        pytest.param(
            (at(80), at(95)), Verdict.WARNING, 2, "tank is 80% full, above 70% (failed 1 of 2 tries)", id="worse"
        ),
        pytest.param((at(95), BLIND), Verdict.UNKNOWN, 2, "the tank is dark", id="then-unknown"),
        pytest.param((BLIND,), Verdict.UNKNOWN, 1, "the tank is dark", id="unknown"),
    ],
)
def test_what_is_not_well_is_looked_at_again_before_it_counts(
    shows: tuple[Seen, ...], verdict: Verdict, tries: int, message: str, scope: Scope
) -> None:
    judged = examine(Stub(shows=shows, confirm=Confirm(pause=0.001)), scope)
    assert (judged.verdict, judged.tries, judged.message) == (verdict, tries, message)


def test_a_local_check_is_looked_at_once_by_default(scope: Scope) -> None:
    judged = examine(Stub(shows=(at(95),)), scope)
    assert (judged.tries, judged.message) == (1, "tank is 95% full, above 90%")


@pytest.mark.parametrize(
    ("warning", "critical", "sentence"),
    [
        (95, 90, "a warning above 95% never comes before critical above 90%"),
        ({"below": "5%"}, {"below": 10}, "a warning below 5% never comes before critical below 10%"),
        (
            {"outside": [5, 95]},
            {"outside": [10, 90]},
            "a warning outside 5% to 95% never comes before critical outside 10% to 90%",
        ),
    ],
    ids=["above", "below", "outside"],
)
def test_thresholds_in_the_wrong_order_are_refused(warning: object, critical: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Disk, {"warning": warning, "critical": critical})
    (line,) = problems(caught.value)
    assert (line["type"], line["loc"], line["msg"], line["ctx"]["hint"]) == (
        "E207",
        ("warning",),
        sentence,
        "swap them",
    )


def test_a_critical_below_the_default_warning_leaves_no_room_for_one() -> None:
    disk = read(Disk, {"critical": 50})
    assert disk.levels == ((Verdict.CRITICAL, Threshold(above=50.0)),)


def test_a_warning_above_the_default_critical_asks_for_another() -> None:
    with pytest.raises(ValidationError) as caught:
        read(Disk, {"warning": 97})
    (line,) = problems(caught.value)
    assert line["msg"] == "a warning above 97% never comes before critical above 95%"
    assert line["ctx"]["hint"] == "give critical, too"


def test_a_threshold_that_is_not_known_yet_is_let_through() -> None:
    assert isinstance(read(Disk, {"warning": Template("{{ inputs.w }}")}).warning, Template | Threshold)


def checks(*configs: dict[str, object] | str) -> tuple[Check, ...]:
    return tuple(map(CHECKS.read, configs))


def test_default_names_that_are_taken_get_a_number() -> None:
    named = names(checks("disk", "disk", {"type": "disk", "name": "disk_2"}, "disk"))
    assert named == ("disk", "disk_3", "disk_2", "disk_4")


def test_a_name_that_a_template_hides_is_none() -> None:
    url = Template("{{ inputs.url }}")
    named = names(checks({"type": "http", "url": url}, {"type": "http", "url": url, "name": "home"}))
    assert named == (None, "home")
