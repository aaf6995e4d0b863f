"""Ways through objects and lists: dotted paths, and JMESPath."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from runner.errors import NodeError
from runner.records import record
from runner.spec import Invalid, Template, described
from runner.spec.mending import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Steps: TypeAlias = tuple[str | int, ...]

_STEP: Final = re.compile(
    r"""(?:^|\.)(?P<name>[^.\[\]"'\s]+)|\[\s*(?P<index>-?[0-9]{1,9})\s*\]|\[\s*(?P<key>"[^"]*"|'[^']*')\s*\]"""
)
_INDEX: Final = re.compile(r"-?[0-9]{1,9}")
_SHOWN: Final = 12
"""Keys that a message lists."""


@record(kw_only=False)
class Path:
    """A way through objects and lists."""

    text: str
    """As written."""
    steps: tuple[tuple[str | int, int], ...]
    """Each key or index, and where it ends in the text."""

    @property
    def keys(self) -> Steps:
        """The keys and indices alone."""
        return tuple(step for step, _ in self.steps)

    def resolve(self, value: object, called: str) -> object:
        """Follow the path from a value that messages call `called`.

        Raises `NodeError` (`missing_path`) where it leads nowhere.
        """
        start = 0
        for step, end in self.steps:
            found, value = _step(value, step)
            if not found:
                place = f" at {self.text[:start]}" if start else ""
                msg = f"{called}{place} {_lack(value, step)}"
                raise NodeError(msg, code="missing_path")
            start = end
        return value


def _step(value: object, step: str | int) -> tuple[bool, object]:
    """Return whether the step leads anywhere, and where; the value itself where it does not."""
    if isinstance(value, Mapping) and str(step) in value:
        return True, value[str(step)]
    if isinstance(value, list | tuple) and _INDEX.fullmatch(str(step)):
        index = int(step)
        return (True, value[index]) if -len(value) <= index < len(value) else (False, value)
    return False, value


def _lack(value: object, step: str | int) -> str:
    """Say what there is in place of a step."""
    if isinstance(value, Mapping):
        keys = [str(key) for key in value]
        more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
        there = f"there are: {', '.join(keys[:_SHOWN])}{more}" if keys else "it is empty"
        return f"has no {described(str(step))}; {there}"
    there = f"a list of {len(value)}" if isinstance(value, list | tuple) else described(value)
    return f"is {there}, so it has no {described(step)}"


def path(value: object) -> Path:
    """Read a path; raise `Invalid` (`E205`) for one that leads nowhere."""
    if isinstance(value, Template):
        return cast("Path", value)  # known when the node runs
    if not isinstance(value, str):
        msg = f"expected a path, got {described(value)}"
        raise Invalid(msg, "write it like results.disk.metrics.percent", code="E202")
    steps: list[tuple[str | int, int]] = []
    end = 0
    while match := _STEP.match(value, end):
        end = match.end()
        steps.append((_read_step(match), end))
    if not steps or end < len(value):
        rest = f" from {described(value[end:])} on" if steps else ""
        msg = f"{described(value)} is no path{rest}"
        raise Invalid(msg, 'write it like results.disk.value, alerts[0].name or labels["a.b"]', code="E205")
    return Path(value, tuple(steps))


def _read_step(match: re.Match[str]) -> str | int:
    if match["index"]:
        return int(match["index"])
    return match["name"] or match["key"][1:-1]


# --- JMESPath ---------------------------------------------------------------------------------------


class Query(Protocol):
    """A compiled JMESPath expression."""

    parsed: Mapping[str, Any]
    """Its syntax tree: `type`, `value`, and `children` alike."""

    def search(self, value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """Evaluate it."""


def query(value: object) -> Query:
    """Compile a JMESPath expression; raise `Invalid` (`E205`) for one that does not compile."""
    if isinstance(value, Template):
        return cast("Query", value)  # known when the node runs
    if not isinstance(value, str):
        msg = f"expected a JMESPath expression, got {described(value)}"
        raise Invalid(msg, as_text(value), code="E202")
    import jmespath  # noqa: PLC0415 - only where a definition uses it
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - only where a definition uses it

    try:
        return cast("Query", jmespath.compile(value))
    except (JMESPathError, RecursionError) as error:
        msg = f"{described(value)} does not compile: {_reason(error)}"
        raise Invalid(msg, "see https://jmespath.org", code="E205") from error


def searched(expression: Query, value: object) -> object:
    """Evaluate an expression; raise `NodeError` (`jmespath`) where that fails."""
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - only where a definition uses it

    try:
        return expression.search(_json(value))
    except (JMESPathError, RecursionError) as error:
        msg = f"jmespath cannot be evaluated: {_reason(error)}"
        raise NodeError(msg, code="jmespath") from error


_LEADING: Final = frozenset({"field", "current", "subexpression"})
"""Parts that lead to one value."""
_BESIDE: Final = frozenset(
    {
        "and_expression",
        "comparator",
        "function_expression",
        "key_val_pair",
        "multi_select_dict",
        "multi_select_list",
        "not_expression",
        "or_expression",
    }
)
"""Parts whose own parts all read the same value."""


def fields_of(expression: Query) -> Iterator[Steps]:
    """Return the paths of keys that an expression reads, each as far as it can be told."""
    return _fields(expression.parsed, ())


def _fields(part: Mapping[str, Any], base: Steps) -> Iterator[Steps]:
    kind, below = part["type"], part["children"]
    if kind == "field":
        yield (*base, part["value"])
    elif kind == "current":
        yield base
    elif kind in {"subexpression", "pipe"}:
        yield from _fields_behind(below, base)
    elif kind in _BESIDE:
        for one in below:
            yield from _fields(one, base)
    elif below and kind != "expref":  # that one reads each of some other values
        yield from _fields(below[0], base)


def _fields_behind(parts: Sequence[Mapping[str, Any]], base: Steps) -> Iterator[Steps]:
    """Follow parts that read what the one before them gives, as long as that is one value."""
    for part in parts[:-1]:
        found = [*_fields(part, base)]
        if part["type"] not in _LEADING or len(found) != 1:
            yield from found
            return
        (base,) = found
    yield from _fields(parts[-1], base)


def _reason(error: Exception) -> str:
    """Return the first line of what the library says; a recursion without end it says nothing useful of."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).partition("\n")[0].removeprefix("Invalid jmespath expression: ").rstrip(" :")


def _json(value: object) -> object:
    """Turn a value into what JMESPath knows: dicts, lists, plain texts."""
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value
