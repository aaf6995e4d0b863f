"""What every configurable class shares: durations, sizes, percentages, thresholds, names and texts.

The types are plain `Annotated` ones. `ReadBy` names the function that reads a value from a file; pydantic
finds it there when validators are prepared, and nothing here imports pydantic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from runner.secrets import Sealed, Secret

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import CoreSchema


class Invalid(ValueError):
    """A value that cannot stand where it stands; becomes a diagnostic.

    `code` is the diagnostic's, `at` a path below the value that is to blame.
    """

    def __init__(self, sentence: str, hint: str = "", *, code: str = "E204", at: tuple[str | int, ...] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.code = code
        self.at = at


class Template(str):
    """A string of a definition that holds a live `{{ … }}`; its value is known when the node runs."""

    __slots__ = ()


class Block(Template):
    """A whole Jinja2 text (`template`, `message`, `payload_template`): the node renders it itself."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class ReadBy:
    """How a value is read from a file, and the JSON Schema of what may stand there."""

    function: Callable[[Any], Any]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # noqa: PLC0415 - only where validators are prepared

        return core_schema.no_info_plain_validator_function(self.function)

    def __get_pydantic_json_schema__(self, _core: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self.schema)


_SHOWN: Final = 60
"""Characters of a value that a message shows."""


def template_in(value: object) -> Template | None:
    """Return the template that stands for a value or for an item of a list; None where all is known."""
    items = value if isinstance(value, list) else [value]
    return next((item for item in items if isinstance(item, Template)), None)


def described(value: object) -> str:
    """Say a value to a person: `"abc"`, `12`, `a list`."""
    if isinstance(value, str):
        return f'"{value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"}"'
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "a list"
    return "an object" if isinstance(value, Mapping) else str(value)[:_SHOWN]


# --- durations -------------------------------------------------------------------------------------

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+")
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
DURATION_PATTERN: Final = r"^\s*([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+\s*$"
_FOREVER: Final = 10 * 365 * 86400.0


def duration(value: object) -> float:
    """Read `250ms`, `30s`, `1h30m`, `7d` as seconds."""
    if isinstance(value, Template):
        return value  # type: ignore[return-value]  # known when the node runs
    if isinstance(value, str) and _DURATION.fullmatch(value.strip()):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(value))
        if seconds > _FOREVER:
            msg = f"{described(value)} is longer than ten years"
            raise Invalid(msg)
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
    if value < 1:
        return f"{value * 1000:.0f}ms"
    if value < 60:  # noqa: PLR2004 - a minute
        return f"{value:.3g}s"
    out, left = "", round(value)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        out += f"{count}{unit}" if count else ""
    return out


_DURATION_SCHEMA: Final = {
    "type": "string",
    "pattern": DURATION_PATTERN,
    "description": "a duration like 250ms, 30s, 1h30m",
}
Duration: TypeAlias = Annotated[float, ReadBy(positive_duration, _DURATION_SCHEMA)]
Pause: TypeAlias = Annotated[float, ReadBy(duration, _DURATION_SCHEMA)]
"""A duration that may be nothing."""
Seconds: TypeAlias = Annotated[float, ReadBy(seconds, {"type": "number", "exclusiveMinimum": 0, "maximum": _FOREVER})]


# --- sizes and percentages -------------------------------------------------------------------------

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
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?I?B)\s*", re.IGNORECASE)
SIZE_PATTERN: Final = r"^\s*[0-9]+(\.[0-9]+)?\s*([KkMmGgTt][Ii]?)?[Bb]\s*$"


def size(value: object) -> int:
    """Read `10MB`, `1GiB` or a bare number of bytes."""
    if isinstance(value, Template):
        return value  # type: ignore[return-value]  # known when the node runs
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        msg = f"expected a size, got {described(value)}"
        raise Invalid(msg, 'write it like "10MB" or "1GiB"', code="E202")
    return int(float(match[1]) * _SIZES[match[2].upper()])


Size: TypeAlias = Annotated[
    int, ReadBy(size, {"anyOf": [{"type": "string", "pattern": SIZE_PATTERN}, {"type": "integer", "minimum": 0}]})
]

_PERCENT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


def percentage(value: object) -> float:
    """Read `85%` or `85`."""
    if isinstance(value, Template):
        return value  # type: ignore[return-value]  # known when the node runs
    number: float | None = None
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value)):
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
        raise Invalid(msg, code="E202")
    return float(value)


# --- thresholds ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From where on a value is bad: `above` it, `below` it, or `outside` two of them."""

    above: float | None = None
    below: float | None = None
    outside: tuple[float, float] | None = None

    def crossed(self, value: float) -> bool:
        """Say whether the value is bad."""
        if self.above is not None:
            return value >= self.above
        if self.below is not None:
            return value <= self.below
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
        if self.above is not None and other.above is not None:
            return self.above <= other.above
        if self.below is not None and other.below is not None:
            return self.below >= other.below
        if self.outside and other.outside:
            return self.outside[0] >= other.outside[0] and self.outside[1] <= other.outside[1]
        return True


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


def _threshold_schema(scalar: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "anyOf": [
            scalar,
            {"type": "object", "properties": {"above": scalar}, "required": ["above"], "additionalProperties": False},
            {"type": "object", "properties": {"below": scalar}, "required": ["below"], "additionalProperties": False},
            {
                "type": "object",
                "properties": {"outside": {"type": "array", "items": scalar, "minItems": 2, "maxItems": 2}},
                "required": ["outside"],
                "additionalProperties": False,
            },
        ]
    }


_PERCENT_SCHEMA: Final = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 100},
        {"type": "string", "pattern": r"^\s*(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)\s*%\s*$"},
    ]
}
Percentage: TypeAlias = Annotated[float, ReadBy(percentage, _PERCENT_SCHEMA)]
PercentAbove: TypeAlias = Annotated[Threshold, ReadBy(percent_above, _threshold_schema(_PERCENT_SCHEMA))]
DurationAbove: TypeAlias = Annotated[Threshold, ReadBy(duration_above, _threshold_schema(_DURATION_SCHEMA))]
DurationBelow: TypeAlias = Annotated[Threshold, ReadBy(duration_below, _threshold_schema(_DURATION_SCHEMA))]
NumberAbove: TypeAlias = Annotated[Threshold, ReadBy(number_above, _threshold_schema({"type": "number"}))]


# --- names and texts -------------------------------------------------------------------------------

NAME_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
_NAME: Final = re.compile(NAME_PATTERN)


def name(value: object) -> str:
    """Read a name that can stand in an expression."""
    if isinstance(value, str) and not isinstance(value, Template) and _NAME.fullmatch(value):
        return value
    msg = f"{described(value)} is no name"
    raise Invalid(msg, "use letters, digits and _, not starting with a digit")


Name: TypeAlias = Annotated[str, ReadBy(name, {"type": "string", "pattern": NAME_PATTERN})]


def text(value: object) -> str | Secret | Sealed:
    """Read a text that may hold secrets; a sink opens it."""
    if isinstance(value, str | Secret | Sealed):
        return value
    msg = f"expected a text, got {described(value)}"
    hint = f'put it in quotes: "{value}"' if isinstance(value, int | float) else ""
    raise Invalid(msg, hint, code="E202")


def filled_text(value: object) -> str | Secret | Sealed:
    """Read a text that is not empty."""
    found = text(value)
    if not isinstance(found, Template) and not str(found).strip():
        msg = "expected a text, got an empty one"
        raise Invalid(msg)
    return found


Text: TypeAlias = Annotated[str | Secret | Sealed, ReadBy(text, {"type": "string"})]
FilledText: TypeAlias = Annotated[str | Secret | Sealed, ReadBy(filled_text, {"type": "string", "minLength": 1})]

_URL: Final = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)


def url(value: object) -> str | Secret | Sealed:
    """Read an http or https URL; a secret in it is opened by the door that calls it."""
    found = filled_text(value)
    if isinstance(found, str) and not isinstance(found, Template) and not _URL.fullmatch(found):
        msg = f"{described(found)} is no URL"
        hint = (
            f'write "https://{found}"'
            if re.fullmatch(r"[\w.-]+(:\d+)?(/\S*)?", found)
            else "it starts with http:// or https://"
        )
        raise Invalid(msg, hint)
    return found


Url: TypeAlias = Annotated[
    str | Secret | Sealed, ReadBy(url, {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^\\s/?#]+\\S*$"})
]


def block(value: object) -> str:
    """Read a Jinja2 text that the node renders."""
    if isinstance(value, str):
        return value
    msg = f"expected a text, got {described(value)}"
    raise Invalid(msg, code="E202")


BlockText: TypeAlias = Annotated[str, ReadBy(block, {"type": "string"})]


# --- nearest names ---------------------------------------------------------------------------------


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Return the known word that `word` was most likely meant to be, or an empty string."""
    import difflib  # noqa: PLC0415 - only where something is wrong already

    found = difflib.get_close_matches(word.lower(), [item.lower() for item in known], n=1, cutoff=0.6)
    return next(item for item in known if item.lower() == found[0]) if found else ""


def did_you_mean(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Hint at the nearest known word, or list them all."""
    found = nearest(word, known)
    return f'did you mean "{found}"?' if found else f"known: {', '.join(known)}"
