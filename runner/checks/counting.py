"""How many of something there must be."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Annotated, Final, TypeAlias

from runner.records import record
from runner.results import Verdict
from runner.spec import Invalid, ReadBy, Template, described, did_you_mean, template_in

MOST_COUNTED: Final = 1 << 22
"""As many processes as Linux can have."""


@record
class Count:
    """How many processes there must be."""

    min: int = 1
    max: int | None = None

    def verdict(self, seen: int, possible: float) -> Verdict:
        """Judge `seen` processes where `possible` more may be there."""
        most = inf if self.max is None else self.max
        if seen > most or seen + possible < self.min:
            return Verdict.CRITICAL
        return Verdict.OK if seen >= self.min and seen + possible <= most else Verdict.UNKNOWN

    def __str__(self) -> str:
        if self.max is None:
            return f"at least {self.min}"
        if self.max == self.min:
            return f"exactly {self.min}" if self.min else "none"
        return f"{self.min} to {self.max}" if self.min else f"at most {self.max}"


def read_count(value: object) -> Count:
    """Read how many there must be: a number for at least as many (0 for none), or an object with `min` and `max`."""
    if isinstance(value, Template):
        return value  # type: ignore[return-value]  # known when the node runs
    if not isinstance(value, Mapping):
        number = _whole(value)
        return Count(min=number, max=None if number else 0)  # at least none says nothing
    for key in value:
        if key not in {"min", "max"}:
            msg = f'unknown key "{key}"'
            raise Invalid(msg, did_you_mean(str(key), ["min", "max"]), code="E203", at=(key,))
    if (waiting := template_in(list(value.values()))) is not None:
        return waiting  # type: ignore[return-value]  # known when the node runs
    limits = {key: _whole(one, key) for key, one in value.items()}
    count = Count(min=limits.get("min", 0 if "max" in limits else 1), max=limits.get("max"))
    if count.max is not None and count.min > count.max:
        msg = f"min {count.min} is above max {count.max}"
        raise Invalid(msg, "swap them", code="E207", at=("min",))
    return count


def _whole(value: object, *at: str) -> int:
    if type(value) is int and 0 <= value <= MOST_COUNTED:
        return value
    msg = f"expected a number of processes, got {described(value)}"
    raise Invalid(msg, "write it like 2 or {min: 1, max: 4}", code="E202", at=at)


_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": MOST_COUNTED}
_LIMITS: Final = {"type": "object", "properties": {"min": _NUMBER, "max": _NUMBER}, "additionalProperties": False}
ProcessCount: TypeAlias = Annotated[Count, ReadBy(read_count, {"anyOf": [_NUMBER, _LIMITS]})]
