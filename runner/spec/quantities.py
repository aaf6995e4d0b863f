"""Durations, sizes, percentages and numbers."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from runner.spec.base import Invalid, ReadBy, Template, described
from runner.spec.mending import as_number

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION: Final = r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+"
_DURATION_PART: Final = r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)"
DURATION_PATTERN: Final = r"^\s*([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+\s*$"
_FOREVER: Final = 10 * 365 * 86400.0


def duration(value: object) -> float:
    """Read `250ms`, `30s`, `1h30m`, `7d` as seconds."""
    if isinstance(value, Template):
        return value  # type: ignore[return-value]  # known when the node runs
    if isinstance(value, str) and re.fullmatch(_DURATION, value.strip()):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_DURATION_PART, value))
        if seconds > _FOREVER:
            msg = f"{described(value)} is longer than ten years"
            raise Invalid(msg, 'write "520w" or less')
        return seconds
    hint = 'write it with a unit, like "30s", "5m" or "1h30m"'
    if isinstance(value, int | float) and not isinstance(value, bool):
        hint = f'write "{value}s" for seconds'
    msg = f"expected a duration, got {described(value)}"
    raise Invalid(msg, hint, code="E202")


def positive_duration(value: object) -> float:
    """Read a duration that is more than nothing."""
    found = duration(value)
    if not isinstance(value, Template) and found <= 0:
        msg = f"{described(value)} leaves no time at all"
        raise Invalid(msg, "give at least 1ms")
    return found


def seconds(value: object) -> float:
    """Read a bare number of seconds, as keys that end in `_seconds` have it."""
    if isinstance(value, Template):
        return value  # type: ignore[return-value]  # known when the node runs
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"expected a number of seconds, got {described(value)}"
        raise Invalid(msg, "a bare number such as 30", code="E202")
    if not 0 < value <= _FOREVER:
        msg = f"{value} seconds is no time that can be waited"
        raise Invalid(msg, "give a number above 0")
    return float(value)


def duration_text(value: float) -> str:
    """Write seconds as a person would: `250ms`, `1.5s`, `1h30m`."""
    if value < 0:
        return f"-{duration_text(-value)}"
    if round(value, 3) < 1:
        return f"{value * 1000:.0f}ms"
    if value < 60:  # noqa: PLR2004 - a minute
        return f"{value:.3g}s"
    out, left = "", round(value)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        out += f"{count}{unit}" if count else ""
    return out


DURATION_SCHEMA: Final = {
    "type": "string",
    "pattern": DURATION_PATTERN,
    "patternErrorMessage": "Not a duration: write it with a unit, like 250ms, 30s or 1h30m.",
}
Duration: TypeAlias = Annotated[float, ReadBy(positive_duration, DURATION_SCHEMA)]
Pause: TypeAlias = Annotated[float, ReadBy(duration, DURATION_SCHEMA)]
"""A duration that may be nothing."""
Seconds: TypeAlias = Annotated[float, ReadBy(seconds, {"type": "number", "exclusiveMinimum": 0, "maximum": _FOREVER})]


_SIZES: Final = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_SIZE: Final = r"(?i)\s*(\d+(?:\.\d+)?)\s*([KMGT]?I?B)\s*"
SIZE_PATTERN: Final = r"^\s*[0-9]+(\.[0-9]+)?\s*([KkMmGgTt][Ii]?)?[Bb]\s*$"


def size(value: object) -> int:
    """Read `10MB`, `1GiB` or a bare number of bytes."""
    if isinstance(value, Template):
        return value  # type: ignore[return-value]  # known when the node runs
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = re.fullmatch(_SIZE, value) if isinstance(value, str) else None
    if match is None:
        msg = f"expected a size, got {described(value)}"
        raise Invalid(msg, 'write it like "10MB" or "1GiB"', code="E202")
    return int(float(match[1]) * _SIZES[match[2].upper()])


Size: TypeAlias = Annotated[
    int,
    ReadBy(
        size,
        {
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": SIZE_PATTERN,
            "patternErrorMessage": "Not a size: write it with a unit, like 10MB or 1GiB.",
        },
    ),
]

_PERCENT: Final = r"\s*(\d+(?:\.\d+)?)\s*%\s*"


def percentage(value: object) -> float:
    """Read `85%` or `85`."""
    if isinstance(value, Template):
        return value  # type: ignore[return-value]  # known when the node runs
    number: float | None = None
    if isinstance(value, str) and (match := re.fullmatch(_PERCENT, value)):
        number = float(match[1])
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    if number is None:
        msg = f"expected a percentage, got {described(value)}"
        raise Invalid(msg, 'write it like "85%" or 85', code="E202")
    if not 0 <= number <= 100:  # noqa: PLR2004 - per cent
        msg = f"{described(value)} is no percentage"
        raise Invalid(msg, "give a number from 0 to 100")
    return number


def number(value: object) -> float:
    """Read a plain number."""
    if isinstance(value, Template):
        return value  # type: ignore[return-value]  # known when the node runs
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"expected a number, got {described(value)}"
        raise Invalid(msg, as_number(value), code="E202")
    return float(value)


PERCENT_SCHEMA: Final = {
    "type": ["number", "string"],
    "minimum": 0,
    "maximum": 100,
    "pattern": r"^\s*(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)\s*%\s*$",
    "patternErrorMessage": "Not a percentage: write it like 85% or 85.",
}
Percentage: TypeAlias = Annotated[float, ReadBy(percentage, PERCENT_SCHEMA)]
