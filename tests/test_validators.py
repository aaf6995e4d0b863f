"""Reading values into classes: every problem at once, in our words, at its place; scalars are taken as they are."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, TypeAlias

import pytest
from annotated_types import Interval, MinLen
from pydantic_core import ValidationError

from runner.registry import Registry
from runner.spec import Duration, Invalid, PercentAbove, Template
from runner.validators import invalid, problems, read

Problem: TypeAlias = tuple[str, tuple[str | int, ...], str, str]
"""Code, path, sentence, hint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A part."""

    tries: Annotated[int, Interval(ge=1, le=3)] = 1
    pause: Duration = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """Something with a field of each kind."""

    name: str
    count: int = 0
    share: float = 0.0
    loud: bool = False
    method: Literal["GET", "POST"] = "GET"
    words: tuple[str, ...] = ()
    some: Annotated[tuple[str, ...], MinLen(1)] = ("x",)
    headers: Mapping[str, str] = field(default_factory=dict)
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    limit: PercentAbove | None = None
    anything: Any = None

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        if self.count and self.loud:
            msg = "count and loud do not go together"
            raise Invalid(msg, "keep one of them", code="E208", at=("loud",))


def told(value: object) -> list[Problem]:
    """What is wrong with a value as far as it is known."""
    try:
        read(Outer, value)
    except ValidationError as error:
        return [(one["type"], one["loc"], one["msg"], one["ctx"]["hint"]) for one in problems(error)]
    return []


def test_a_value_becomes_an_instance() -> None:
    value = {
        "name": "x",
        "count": 3,
        "share": 1,
        "words": ["a"],
        "headers": {"A": "b"},
        "inner": {"tries": 2, "pause": "5s"},
        "inners": [{}, {"tries": 3}],
        "limit": "80%",
        "anything": {"deep": [1]},
    }
    found = read(Outer, value)
    assert (found.name, found.count, found.share, found.words, found.headers) == ("x", 3, 1.0, ("a",), {"A": "b"})
    assert (found.inner, found.inners) == (Inner(tries=2, pause=5.0), (Inner(), Inner(tries=3)))
    assert found.limit is not None
    assert (found.limit.above, found.anything) == (80.0, {"deep": [1]})


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param(
            {"cuont": 1},
            ("E203", ("cuont",), 'unknown key "cuont"', 'did you mean "count"?'),
            id="unknown",
        ),
        pytest.param(
            {"inner": {"treis": 1}},
            ("E203", ("inner", "treis"), 'unknown key "treis"', 'did you mean "tries"?'),
            id="unknown in a part",
        ),
        pytest.param(
            {"inners": [{}, {"zz": 1}]},
            ("E203", ("inners", 1, "zz"), 'unknown key "zz"', "known: tries, pause"),
            id="unknown in a list of parts",
        ),
        pytest.param(
            {"name": 3}, ("E202", ("name",), "expected a text, got 3", 'put it in quotes: "3"'), id="number for a text"
        ),
        pytest.param(
            {"name": True},
            ("E202", ("name",), "expected a text, got true", 'put it in quotes: "true"'),
            id="truth for a text",
        ),
        pytest.param(
            {"name": None},
            ("E202", ("name",), "expected a text, got nothing", "write one, or leave the key out"),
            id="nothing for a text",
        ),
        pytest.param(
            {"count": "3"},
            ("E202", ("count",), 'expected a whole number, got "3"', "write it without quotes: 3"),
            id="text for a number",
        ),
        pytest.param(
            {"count": 1.5}, ("E202", ("count",), "expected a whole number, got 1.5", "write one like 5"), id="fraction"
        ),
        pytest.param(
            {"count": True},
            ("E202", ("count",), "expected a whole number, got true", "write one like 5"),
            id="truth for a number",
        ),
        pytest.param(
            {"share": "1"},
            ("E202", ("share",), 'expected a number, got "1"', "write it without quotes: 1"),
            id="text for a fraction",
        ),
        pytest.param(
            {"loud": "true"},
            ("E202", ("loud",), 'expected true or false, got "true"', "write true, without quotes"),
            id="text for a truth",
        ),
        pytest.param(
            {"loud": 1},
            ("E202", ("loud",), "expected true or false, got 1", "write true, without quotes"),
            id="number for a truth",
        ),
        pytest.param(
            {"method": "PSOT"},
            ("E204", ("method",), '"PSOT" is not one of GET, POST', 'did you mean "POST"?'),
            id="word",
        ),
        pytest.param(
            {"method": 3},
            ("E204", ("method",), "3 is not one of GET, POST", "known: GET, POST"),
            id="no word",
        ),
        pytest.param({"words": "a"}, ("E202", ("words",), 'expected a list, got "a"', "write [a]"), id="list"),
        pytest.param(
            {"words": {"a": 1}},
            ("E202", ("words",), "expected a list, got an object", 'each item begins with "- "'),
            id="no list",
        ),
        pytest.param(
            {"words": ["a", 3]},
            ("E202", ("words", 1), "expected a text, got 3", 'put it in quotes: "3"'),
            id="item",
        ),
        pytest.param(
            {"headers": []},
            ("E202", ("headers",), "expected an object, got a list", "write KEY: VALUE, one below the other"),
            id="object",
        ),
        pytest.param(
            {"inner": 3}, ("E202", ("inner",), "expected an object, got 3", "its keys are tries, pause"), id="part"
        ),
        pytest.param(
            {"inner": {"tries": 4}},
            (
                "E204",
                ("inner", "tries"),
                "4 is too large",
                "write 3 or less",
            ),
            id="too much",
        ),
        pytest.param(
            {"inner": {"pause": 5}},
            ("E202", ("inner", "pause"), "expected a duration, got 5", 'write "5s" for seconds'),
            id="a type of ours",
        ),
        pytest.param(
            {"limit": {"outside": [3, 1]}},
            (
                "E207",
                ("limit", "outside"),
                "the first value of outside is above the second",
                "put the lower one first",
            ),
            id="below a value",
        ),
        pytest.param(
            {"count": 1, "loud": True},
            ("E208", ("loud",), "count and loud do not go together", "keep one of them"),
            id="what does not go together",
        ),
    ],
)
def test_a_problem_is_said_in_our_words(fields: dict[str, object], problem: Problem) -> None:
    assert told({"name": "x", **fields}) == [problem]


def test_what_is_missing_and_what_is_no_object_is_said() -> None:
    assert told({}) == [("E201", ("name",), 'missing key "name"', 'add "name"')]
    assert told([]) == [
        (
            "E202",
            (),
            "expected an object, got a list",
            "its keys are name, count, share, loud, method, words, some, headers, inner, inners, limit, anything",
        )
    ]


def test_all_problems_are_said_at_once() -> None:
    value = {"nme": 1, "count": "x", "inner": {"tries": 0, "pause": 1}, "words": [1, "a", 2]}
    assert [(code, at) for code, at, *_ in told(value)] == [
        ("E201", ("name",)),
        ("E202", ("count",)),
        ("E202", ("words", 0)),
        ("E202", ("words", 2)),
        ("E204", ("inner", "tries")),
        ("E202", ("inner", "pause")),
        ("E203", ("nme",)),
    ]


# --- templates ---------------------------------------------------------------------------------------

LATER: Final = Template("{{ inputs.x }}")


@pytest.mark.parametrize("key", ["count", "share", "loud", "method", "words", "headers", "inner", "inners", "limit"])
def test_a_template_is_no_problem_yet(key: str) -> None:
    assert told({"name": "x", key: LATER}) == []


def test_a_template_inside_a_value_is_no_problem_and_hides_none() -> None:
    value = {"name": "x", "words": [LATER, 3], "inner": {"tries": LATER, "pause": 5}, "headers": {"A": LATER}}
    assert [(code, at) for code, at, *_ in told(value)] == [("E202", ("words", 1)), ("E202", ("inner", "pause"))]


def test_an_unknown_key_is_a_problem_whatever_its_value() -> None:
    assert told({"name": "x", "cuont": LATER}) == [("E203", ("cuont",), 'unknown key "cuont"', 'did you mean "count"?')]


# --- errors of our own -------------------------------------------------------------------------------


def test_an_error_can_be_made_of_problems() -> None:
    value = {"a": [1, LATER]}
    error = invalid(value, Invalid("one", "do", code="E208", at=("a", 0)), Invalid("two", at=("a", 1)), Invalid("all"))
    assert [(one["type"], one["loc"], one["msg"], one["ctx"]["hint"], one["input"]) for one in error.errors()] == [
        ("E208", ("a", 0), "one", "do", 1),
        ("E204", ("a", 1), "two", "", LATER),
        ("E204", (), "all", "", value),
    ]
    assert [one["msg"] for one in problems(error)] == ["one", "all"]


# --- registries --------------------------------------------------------------------------------------


FAMILY: Final[Registry[Any]] = Registry(
    kind="threshold", key="kind", table={"limit": "runner.spec:Threshold", "confirm": "runner.checks.base:Confirm"}
)
"""A member is found by the module and the class that the table names."""


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param(
            "confrm", ("E206", (), 'unknown threshold "confrm"', 'did you mean "confirm"?'), id="unknown bare name"
        ),
        pytest.param(
            {"kind": "zz"}, ("E206", ("kind",), 'unknown threshold "zz"', "known: limit, confirm"), id="unknown name"
        ),
        pytest.param(
            {"tries": 1}, ("E201", ("kind",), 'missing key "kind"', "known thresholds: limit, confirm"), id="no name"
        ),
        pytest.param(
            {"kind": 3},
            ("E202", ("kind",), "expected the name of a threshold, got 3", "known: limit, confirm"),
            id="name of a number",
        ),
        pytest.param(
            3,
            ("E202", (), "expected a threshold, got 3", "write a name (limit, confirm), or {kind: NAME, …}"),
            id="a number",
        ),
        pytest.param(
            {"kind": "confirm", "tires": 1},
            ("E203", ("tires",), 'unknown key "tires"', 'did you mean "tries"?'),
            id="unknown key",
        ),
    ],
)
def test_what_is_wrong_with_a_member_is_said(value: object, problem: Problem) -> None:
    with pytest.raises(ValidationError) as caught:
        FAMILY.read(value)
    found = [(one["type"], one["loc"], one["msg"], one["ctx"]["hint"]) for one in problems(caught.value)]
    assert found == [problem]


def test_a_member_is_read_by_its_name_or_as_an_object() -> None:
    assert FAMILY.read("confirm") == FAMILY.read({"kind": "confirm", "tries": 2})
    assert list(FAMILY) == ["limit", "confirm"]
    assert "limit" in FAMILY
    assert "zz" not in FAMILY


@pytest.mark.parametrize("value", [LATER, {"kind": LATER, "anything": 1}])
def test_a_member_that_is_known_later_is_no_problem_yet(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        FAMILY.read(value)
    assert problems(caught.value) == []
