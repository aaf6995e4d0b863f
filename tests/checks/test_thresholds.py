"""The thresholds of every check: a warning comes before something is critical, in whatever it is measured."""

from __future__ import annotations

from typing import Any, Final

import pytest
from pydantic_core import ValidationError

from runner.checks import CHECKS, Check
from runner.checks.base import Answered, Measured
from runner.results import Verdict
from runner.spec import Template, Threshold
from runner.validators import problems

NEEDED: Final[dict[str, dict[str, Any]]] = {
    "http": {"url": "https://shop.example/", "timeout": "9d"},
    "tcp": {"host": "db.internal", "port": 5432, "timeout": "9d"},
    "dns": {"name": "shop.example", "timeout": "9d"},
    "tls": {"host": "shop.example"},
    "command": {"argv": ["true"]},
    "postgres": {"url": "postgresql://db.internal/shop"},
    "mysql": {"url": "mysql://db.internal/shop"},
}
"""What a check cannot do without, and a limit that leaves time for every value."""
MEASURED: Final = [name for name in CHECKS if issubclass(CHECKS.load(name), Measured)]
SCALES: Final[dict[str, list[Any]]] = {
    "": [-10, 0, 2.5, 1e6],
    "%": [10, "20%", 80.5, "90%"],
    "s": ["100ms", "2s", "1h30m", "8d"],
}
"""Four values in each unit, the lowest first."""


def read(name: str, **config: Any) -> Check:  # noqa: ANN401 - as a file has it
    return CHECKS.read({"type": name, **NEEDED.get(name, {}), **config})


def refused(name: str, **config: Any) -> tuple[str, tuple[str | int, ...], str, str]:  # noqa: ANN401 - as a file has it
    """Return the one problem of a check: its code, place, sentence and hint."""
    with pytest.raises(ValidationError) as caught:
        read(name, **config)
    (line,) = problems(caught.value)
    return line["type"], line["loc"], line["msg"], line["ctx"]["hint"]


def said(check: Check, verdict: Verdict) -> str:
    """Write a check's threshold for people."""
    threshold = dict(check.levels)[verdict]
    return threshold.text(check.write)


every_measured = pytest.mark.parametrize("name", MEASURED)


def test_the_checks_that_measure_are_those_of_the_reference() -> None:
    assert {"cpu", "memory", "disk", "http", "tcp"} <= set(MEASURED) <= {*CHECKS} - {"process", "command"}
    assert {CHECKS.load(name).unit for name in MEASURED} <= SCALES.keys()


@every_measured
@pytest.mark.parametrize(
    ("mild", "bad"),
    [
        pytest.param({"above": 2}, {"above": 1}, id="above"),
        pytest.param({"below": 1}, {"below": 2}, id="below"),
        pytest.param({"outside": [0, 3]}, {"outside": [1, 2]}, id="outside"),
        pytest.param({"outside": [0, 2]}, {"outside": [1, 3]}, id="outside-low"),
        pytest.param({"outside": [1, 3]}, {"outside": [0, 2]}, id="outside-high"),
        pytest.param({"above": 3}, {"outside": [0, 2]}, id="above-and-outside"),
        pytest.param({"below": 0}, {"outside": [1, 3]}, id="below-and-outside"),
        pytest.param({"outside": [0, 2]}, {"above": 1}, id="outside-and-above"),
        pytest.param({"outside": [1, 3]}, {"below": 2}, id="outside-and-below"),
    ],
)
def test_a_warning_that_never_comes_before_critical_is_refused_and_the_other_way_round_it_is_read(
    name: str, mild: dict[str, Any], bad: dict[str, Any]
) -> None:
    warning, critical = (on(CHECKS.load(name).unit, one) for one in (mild, bad))
    milder, worse = (said(read(name, warning=None, critical=one), Verdict.CRITICAL) for one in (warning, critical))
    sentence = f"a warning {milder} never comes before critical {worse}"
    assert refused(name, warning=warning, critical=critical) == ("E207", ("warning",), sentence, "swap them")
    overlapping = "outside" in mild and "outside" in bad and mild != {"outside": [0, 3]}
    if not overlapping:
        swapped = read(name, warning=critical, critical=warning)
        assert [said(swapped, verdict) for verdict in (Verdict.WARNING, Verdict.CRITICAL)] == [worse, milder]


def on(unit: str, threshold: dict[str, Any]) -> dict[str, Any]:
    """Write a threshold whose limits are places on a scale in a unit."""
    scale = SCALES[unit]
    return {key: [scale[one] for one in at] if isinstance(at, list) else scale[at] for key, at in threshold.items()}


@every_measured
def test_bare_limits_in_the_wrong_order_are_refused_too(name: str) -> None:
    low, *_, high = SCALES[CHECKS.load(name).unit]
    bare = read(name, warning=None, critical=high).levels[0][1]
    good, wrong = ((low, high), (high, low)) if bare.above is not None else ((high, low), (low, high))
    check = read(name, warning=good[0], critical=good[1])
    code, at, sentence, hint = refused(name, warning=wrong[0], critical=wrong[1])
    assert (code, at, hint) == ("E207", ("warning",), "swap them")
    told = {verdict: said(check, verdict) for verdict in (Verdict.WARNING, Verdict.CRITICAL)}
    assert sentence == f"a warning {told[Verdict.CRITICAL]} never comes before critical {told[Verdict.WARNING]}"


@every_measured
def test_both_at_the_same_place_are_read(name: str) -> None:
    limit = SCALES[CHECKS.load(name).unit][2]
    assert [verdict for verdict, _ in read(name, warning=limit, critical=limit).levels] == [
        Verdict.CRITICAL,
        Verdict.WARNING,
    ]


@every_measured
def test_either_may_be_switched_off(name: str) -> None:
    limit = SCALES[CHECKS.load(name).unit][2]
    assert [verdict for verdict, _ in read(name, warning=limit, critical=None).levels] == [Verdict.WARNING]
    assert [verdict for verdict, _ in read(name, warning=None, critical=limit).levels] == [Verdict.CRITICAL]
    assert read(name, warning=None, critical=None).levels == ()


@every_measured
def test_limits_of_outside_in_the_wrong_order_are_refused(name: str) -> None:
    low, *_, high = SCALES[CHECKS.load(name).unit]
    assert refused(name, critical={"outside": [high, low]}, warning=None) == (
        "E207",
        ("critical", "outside"),
        "the first value of outside is above the second",
        "put the lower one first",
    )


@pytest.mark.parametrize("name", [name for name in MEASURED if issubclass(CHECKS.load(name), Answered)])
@pytest.mark.parametrize(
    ("config", "key", "threshold", "limit", "above"),
    [
        ({"warning": "15s", "timeout": "10s"}, "warning", "above 15s", "10s", "15s"),
        ({"warning": "10s", "timeout": "10s"}, "warning", "above 10s", "10s", "10s"),
        ({"warning": "5s", "critical": "30s", "timeout": "10s"}, "critical", "above 30s", "10s", "30s"),
        ({"critical": {"outside": ["1s", "2s"]}, "timeout": "1.5s"}, "critical", "outside 1s to 2s", "1.5s", "2s"),
    ],
)
def test_a_limit_that_no_answer_reaches_is_refused(
    name: str, config: dict[str, Any], key: str, threshold: str, limit: str, above: str
) -> None:
    assert refused(name, **config) == (
        "E207",
        (key,),
        f"nothing is {key} {threshold} where a try ends after {limit}",
        f"give a timeout above {above}, or a lower limit",
    )


def test_what_is_critical_may_end_with_the_try_or_before_it_began() -> None:
    for fine in ({"critical": "10s"}, {"warning": {"below": "30s"}}, {"warning": "9.9s", "critical": None}):
        assert read("http", **{"timeout": "10s", **fine}).levels


@every_measured
def test_a_limit_in_another_unit_is_refused(name: str) -> None:
    wrong = {"": True, "%": "2s", "s": 5}[CHECKS.load(name).unit]
    code, at, sentence, _ = refused(name, critical=wrong, warning=None)
    expected = {
        "": "expected a number or a duration, got true",
        "%": 'expected a percentage, got "2s"',
        "s": "expected a duration, got 5",
    }
    assert (code, at, sentence) == ("E202", ("critical",), expected[CHECKS.load(name).unit])


@every_measured
def test_a_limit_that_is_not_known_yet_is_let_through(name: str) -> None:
    wait = Template("{{ inputs.w }}")
    check = read(name, warning=wait, critical={"above": wait})
    assert [str(threshold) for _, threshold in check.levels] == [wait, wait]


@every_measured
def test_the_defaults_are_in_order(name: str) -> None:
    levels = dict(read(name).levels)
    assert len(levels) in {0, 2}
    if levels:
        assert levels[Verdict.WARNING].milder_than(levels[Verdict.CRITICAL])


@pytest.mark.parametrize("name", [name for name in CHECKS if name not in MEASURED])
def test_a_check_that_measures_nothing_takes_no_threshold(name: str) -> None:
    code, at, sentence, _ = refused(name, warning=1)
    assert (code, at, sentence) == ("E203", ("warning",), 'unknown key "warning"')


def test_directions_that_do_not_meet_do_not_compare() -> None:
    assert Threshold(above=90).milder_than(Threshold(below=10))
    assert Threshold(below=10).milder_than(Threshold(above=90))
