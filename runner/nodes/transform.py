"""The node that reshapes what another has found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Protocol, TypeAlias, cast

from runner.errors import NodeError
from runner.records import record
from runner.rendering import render
from runner.results import Output, Status
from runner.spec import BlockText, Invalid, ReadBy, Template, described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.scope import Scope, Variable


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
    if isinstance(value, list | tuple):
        return f"is a list of {len(value)}, so it has no {step if isinstance(step, int) else described(step)}"
    return f"is {described(value)}, so it has no {described(str(step))}"


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


class Query(Protocol):
    """A compiled JMESPath expression."""

    def search(self, value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """Evaluate it."""


@record(kw_only=False)
class Default:
    """What stands in for something that is not there; null is one, too."""

    value: object


def query(value: object) -> Query:
    """Compile a JMESPath expression; raise `Invalid` (`E205`) for one that does not compile."""
    if isinstance(value, Template):
        return cast("Query", value)  # known when the node runs
    if not isinstance(value, str):
        msg = f"expected a JMESPath expression, got {described(value)}"
        raise Invalid(msg, code="E202")
    import jmespath  # noqa: PLC0415 - only where a definition uses it
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - only where a definition uses it

    try:
        return cast("Query", jmespath.compile(value))
    except (JMESPathError, RecursionError) as error:
        msg = f"{described(value)} does not compile: {_reason(error)}"
        raise Invalid(msg, "see https://jmespath.org", code="E205") from error


AnyPath: TypeAlias = Annotated[Path, ReadBy(path, {"type": "string", "minLength": 1})]
AnyQuery: TypeAlias = Annotated[Query, ReadBy(query, {"type": "string", "minLength": 1})]
AnyDefault: TypeAlias = Annotated[Default | None, ReadBy(Default, {})]


@record
class Transform:
    """Reshapes the payload or a node's output: `extract`, then `filter_priority`, then one of the three others."""

    type: ClassVar[str] = "transform"
    timeout: ClassVar[float] = 30.0
    judges: ClassVar[bool] = False
    tells: ClassVar[bool] = False
    pure: ClassVar[bool] = True
    own_names: ClassVar[frozenset[str]] = frozenset({"value"})

    source_node: BlockText = ""
    """The node whose output is read; the payload where there is none."""
    extract: AnyPath | None = None
    """A path to the part that is wanted."""
    filter_priority: BlockText | None = None
    """Keeps the entries of a list whose `priority` is this word, in capitals or not."""
    mapping: Mapping[str, AnyPath] | None = None
    """Makes an object: new key to path."""
    jmespath: AnyQuery | None = None
    """A JMESPath expression."""
    template: BlockText | None = None
    """A text that reads what is there as `value`, beside the usual names; one whole expression keeps its type."""
    default: AnyDefault = None
    """Stands in for what a path does not find; without it the node fails."""

    def __post_init__(self) -> None:
        """Refuse two shapes for one value."""
        given = [key for key in ("mapping", "jmespath", "template") if getattr(self, key) is not None]
        if len(given) > 1:
            msg = f"{given[0]} and {given[1]} both say what becomes of it"
            raise Invalid(msg, "keep one of them, or add another node", code="E208", at=(given[1],))

    def run(self, scope: Scope) -> Output:
        """Reshape it.

        Raises `NodeError`: `no_source`, `missing_path`, `not_a_list`, `jmespath`, `template`.
        """
        try:
            found = self._found(scope)
        except NodeError as error:
            if self.default is None or error.code not in {"no_source", "missing_path"}:
                raise
            shaped = self.default.value
        else:
            shaped = self._shaped(found, scope)
        return Output(data={"transformed": shaped, "source_node": self.source_node or None})

    def plan(self, scope: Scope) -> Iterator[str]:  # noqa: ARG002 - every node has it
        """Say what is read, and how it is reshaped."""
        part = f"{self.extract.text} of " if self.extract else ""
        shape = next((key for key in ("mapping", "jmespath", "template") if getattr(self, key) is not None), "")
        yield f"would read {part}{self._called}" + (f" and reshape it by {shape}" if shape else "")

    def needs(self) -> tuple[Variable, ...]:
        """Name no variable."""
        return ()

    def reads(self) -> tuple[str, ...]:
        """Name the node whose output is read, where that is known."""
        return (self.source_node,) if self.source_node and not isinstance(self.source_node, Template) else ()

    @property
    def _called(self) -> str:
        return f"the output of {self.source_node}" if self.source_node else "the payload"

    def _found(self, scope: Scope) -> object:
        source = self._source(scope)
        part = self.extract.resolve(source, self._called) if self.extract else source
        return part if self.filter_priority is None else self._filtered(part, self.filter_priority.lower())

    def _source(self, scope: Scope) -> object:
        if not self.source_node:
            return scope.payload
        result = scope.nodes.get(self.source_node)
        if result is None:
            known = ", ".join(scope.nodes) or "none"
            msg = f'no node "{self.source_node}" has run before this one; these have: {known}'
            raise NodeError(msg, code="no_source")
        if result.status is not Status.SUCCEEDED:
            msg = f"{self._called} is not there: the node is {result.status}"
            raise NodeError(msg, code="no_source")
        return result.output

    def _filtered(self, value: object, priority: str) -> list[object]:
        if not isinstance(value, list | tuple):
            msg = f"filter_priority keeps entries of a list, and {self._called} gives {described(value)} here"
            raise NodeError(msg, code="not_a_list")
        return [item for item in value if isinstance(item, Mapping) and str(item.get("priority")).lower() == priority]

    def _shaped(self, value: object, scope: Scope) -> object:
        if self.mapping is not None:
            return {target: self._mapped(way, value) for target, way in self.mapping.items()}
        if self.jmespath is not None:
            found = _searched(self.jmespath, value)
            return self.default.value if found is None and self.default else found
        if self.template is not None:
            return render("template", self.template, scope, {"value": value})
        return value

    def _mapped(self, way: AnyPath, value: object) -> object:
        try:
            return way.resolve(
                value, self._called if self.extract is None else f"{self.extract.text} of {self._called}"
            )
        except NodeError:
            if self.default is None:
                raise
            return self.default.value


def _searched(expression: Query, value: object) -> object:
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - only where a definition uses it

    try:
        return expression.search(_json(value))
    except (JMESPathError, RecursionError) as error:
        msg = f"jmespath cannot be evaluated: {_reason(error)}"
        raise NodeError(msg, code="jmespath") from error


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
