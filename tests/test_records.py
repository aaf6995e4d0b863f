"""Records: dataclasses to whoever asks, frozen, and made without compiling anything."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, field, fields, is_dataclass, replace
from typing import ClassVar

import pytest
from pydantic import TypeAdapter

from runner.records import record


@record
class Point:
    """A place."""

    kind: ClassVar[str] = "point"

    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)


@record
class Named(Point):
    """A place with a name."""

    name: str
    secret: str = field(default="hidden", repr=False)


@record(kw_only=False)
class Pair:
    """Two of a kind."""

    left: object
    right: object = None


@record
class Even:
    """A number that is refused where it is odd."""

    number: int

    def __post_init__(self) -> None:
        """Refuse what is odd."""
        if self.number % 2:
            raise ValueError(f"{self.number} is odd")


@record(frozen=False)
class Counter:
    """Counts."""

    count: int = 0
    twice: int = field(init=False)

    def __post_init__(self) -> None:
        """Work out what follows."""
        self.twice = 2 * self.count


def test_a_record_that_is_not_frozen_can_be_changed_and_not_hashed() -> None:
    counter = Counter(count=1)
    counter.count += 1
    assert (counter.count, counter.twice) == (2, 2)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)


def test_fields_have_their_values_or_their_defaults() -> None:
    assert (Point(x=1).x, Point(x=1).y, Point(x=1).tags, Point(x=1, y=5).y) == (1, 2, [], 5)
    assert Point(x=1).tags is not Point(x=1).tags


def test_a_record_cannot_be_changed() -> None:
    point = Point(x=1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'z'"):
        point.z = 2  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert not hasattr(point, "__dict__")


def test_records_are_equal_by_class_and_value() -> None:
    assert Point(x=1) == Point(x=1)
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Named(x=1, name="a")
    assert object() != Pair(1, 2)
    assert len({Pair(1, 2), Pair(1, 2), Pair(2, 1)}) == 2
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        hash(Point(x=1))


def test_a_record_shows_its_fields_but_those_that_are_kept_back() -> None:
    assert repr(Named(x=1, name="a")) == "Named(x=1, y=2, tags=[], name='a')"


def test_a_record_is_a_dataclass_to_the_library() -> None:
    assert [one.name for one in fields(Named)] == ["x", "y", "tags", "name", "secret"]
    assert replace(Point(x=1), y=3) == Point(x=1, y=3)
    assert asdict(Point(x=1)) == {"x": 1, "y": 2, "tags": []}
    assert is_dataclass(Point)


def test_a_record_survives_a_copy_and_a_pickle() -> None:
    point = Point(x=1, tags=["a"])
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point  # noqa: S301 - made a moment ago


def test_pydantic_reads_a_record() -> None:
    assert TypeAdapter(Named).validate_python({"x": "3", "name": "a"}) == Named(x=3, name="a")
    with pytest.raises(ValueError, match="3 is odd"):
        TypeAdapter(Even).validate_python({"number": 3})


def test_what_is_checked_after_the_fields_is_checked() -> None:
    with pytest.raises(ValueError, match="3 is odd"):
        Even(number=3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (Point, "Point() needs x"),
        (lambda: Point(y=1), "Point() needs x"),  # type: ignore[call-arg]
        (lambda: Point(x=1, z=2), "Point() has no field z"),  # type: ignore[call-arg]
        (lambda: Point(y=1, z=2), "Point() needs x and has no field z"),  # type: ignore[call-arg]
        (lambda: Point(1), "Point() takes 0 positional values, not 1"),  # type: ignore[call-arg]
        (lambda: Pair(1, 2, 3), "Pair() takes 2 positional values, not 3"),  # type: ignore[call-arg]
        (lambda: Pair(1, left=2), "Pair() got left twice"),  # type: ignore[misc]
    ],
)
def test_a_wrong_call_says_what_is_wrong(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message
