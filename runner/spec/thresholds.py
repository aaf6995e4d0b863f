"""From where on a value is bad."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias

from runner.records import record
from runner.spec.base import Invalid, ReadBy, Template, described
from runner.spec.quantities import DURATION_SCHEMA, PERCENT_SCHEMA, duration, number, percentage


@record
class Threshold:
    """From where on a value is bad: `above` it, `below` it, or `outside` two of them."""

    above: float | None = None
    below: float | None = None
    outside: tuple[float, float] | None = None

    def crossed(self, value: float) -> bool:
        """Say whether the value is bad."""
        if self.above is not None:
            return value > self.above
        if self.below is not None:
            return value < self.below
        if self.outside is not None:
            low, high = self.outside
            return not low <= value <= high
        return False

    def text(self, write: Callable[[float], str]) -> str:
        """Write it for people: `above 90%`."""
        if self.above is not None:
            return f"above {write(self.above)}"
        if self.below is not None:
            return f"below {write(self.below)}"
        low, high = self.outside or (0.0, 0.0)
        return f"outside {write(low)} to {write(high)}"

    def milder_than(self, other: Threshold) -> bool:
        """Say whether a value that crosses `other` crosses this one too; true where they do not compare."""
        (low, high), (worse_low, worse_high) = self._ends, other._ends
        reaches_low = low is None or worse_low is None or low >= worse_low
        reaches_high = high is None or worse_high is None or high <= worse_high
        return reaches_low and reaches_high

    @property
    def highest(self) -> float | None:
        """The highest value that is well; None where there is none."""
        return self._ends[1]

    @property
    def _ends(self) -> tuple[float | None, float | None]:
        """The lowest and the highest value that is well; None where there is none."""
        return self.outside or (self.below, self.above)


@record
class Span(Threshold):
    """From which time on: a threshold that was given as a duration where a number may stand, too."""


def _threshold(value: object, read: Callable[[object], float], direction: str) -> Threshold:
    if isinstance(value, Template | Threshold):
        return value  # type: ignore[return-value]  # a template's value is known when the node runs
    if not isinstance(value, Mapping):
        return _one_sided(direction, read(value))
    if len(value) != 1 or next(iter(value)) not in {"above", "below", "outside"}:
        msg = f"expected one of above, below or outside, got {', '.join(map(str, value)) or 'nothing'}"
        raise Invalid(msg, "write it like {above: 90%} or {outside: [10, 20]}")
    key, limit = next(iter(value.items()))
    waiting = next(
        (one for one in (limit, *(limit if isinstance(limit, list) else ())) if isinstance(one, Template)), None
    )
    if waiting is not None:
        return waiting  # type: ignore[return-value]  # known when the node runs
    if key != "outside":
        return _one_sided(key, read(limit))
    if not isinstance(limit, list) or len(limit) != 2:  # noqa: PLR2004 - a pair
        msg = "outside takes two values"
        raise Invalid(msg, "write it like {outside: [10, 20]}", at=("outside",))
    low, high = read(limit[0]), read(limit[1])
    if low > high:
        msg = "the first value of outside is above the second"
        raise Invalid(msg, "put the lower one first", code="E207", at=("outside",))
    return Threshold(outside=(low, high))


def _one_sided(direction: str, limit: float) -> Threshold:
    return Threshold(above=limit) if direction == "above" else Threshold(below=limit)


def percent_above(value: object) -> Threshold:
    """Read a threshold on a usage in per cent; a bare one means above it."""
    return _threshold(value, percentage, "above")


def duration_above(value: object) -> Threshold:
    """Read a threshold on a time taken; a bare one means longer than it."""
    return _threshold(value, duration, "above")


def duration_below(value: object) -> Threshold:
    """Read a threshold on a time left; a bare one means less than it."""
    return _threshold(value, duration, "below")


def number_above(value: object) -> Threshold:
    """Read a threshold on a plain number; a bare one means above it."""
    return _threshold(value, number, "above")


def answer_above(value: object) -> Threshold:
    """Read a threshold on an answer, or, given as a duration, on the time that it takes; a bare one means above it."""
    durations: list[bool] = []

    def read(limit: object) -> float:
        durations.append(isinstance(limit, str))
        if isinstance(limit, str):
            return duration(limit)
        try:
            return number(limit)
        except Invalid:
            msg = f"expected a number or a duration, got {described(limit)}"
            raise Invalid(msg, 'a number judges the answer, "500ms" the time that it takes', code="E202") from None

    found = _threshold(value, read, "above")
    if len(set(durations)) > 1:
        hint = "a number judges the answer, a duration the time that it takes"
        raise Invalid("outside takes two numbers or two durations", hint, at=("outside",))
    return Span(above=found.above, below=found.below, outside=found.outside) if any(durations) else found


def _threshold_schema(scalar: Mapping[str, Any]) -> dict[str, Any]:
    sides = {"above": scalar, "below": scalar}
    pair = {"type": "array", "items": scalar, "minItems": 2, "maxItems": 2}
    one_of = {"properties": {**sides, "outside": pair}, "additionalProperties": False}
    return {"anyOf": [scalar, {"type": "object", **one_of, "minProperties": 1, "maxProperties": 1}]}


PercentAbove: TypeAlias = Annotated[Threshold, ReadBy(percent_above, _threshold_schema(PERCENT_SCHEMA))]
DurationAbove: TypeAlias = Annotated[Threshold, ReadBy(duration_above, _threshold_schema(DURATION_SCHEMA))]
DurationBelow: TypeAlias = Annotated[Threshold, ReadBy(duration_below, _threshold_schema(DURATION_SCHEMA))]
AnswerAbove: TypeAlias = Annotated[
    Threshold, ReadBy(answer_above, _threshold_schema({"anyOf": [{"type": "number"}, DURATION_SCHEMA]}))
]
NumberAbove: TypeAlias = Annotated[Threshold, ReadBy(number_above, _threshold_schema({"type": "number"}))]
