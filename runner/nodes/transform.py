"""The node that reshapes what another has found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias

from runner.errors import NodeError
from runner.nodes.paths import Path, Query, fields_of, path, query, searched
from runner.records import record
from runner.rendering import render
from runner.results import Output, Status
from runner.spec import BlockText, Invalid, ReadBy, Template, described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.nodes.paths import Steps
    from runner.scope import Scope, Variable


@record(kw_only=False)
class Default:
    """What stands in for something that is not there; null is one, too."""

    value: object


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
    """Stands in for what a path or the template does not find; without it the node fails."""

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

    def paths(self) -> Iterator[tuple[Steps, Steps]]:
        """Name what is read of the node: each place in the configuration, and what an expression there would spell."""
        if self.extract is not None:
            yield ("extract",), self._base()
        base = self.meanings()["value"]
        for target, way in (self.mapping or {}).items():
            if base and not isinstance(way, Template):
                yield ("mapping", target), (*base, *way.keys)
        if base and self.jmespath is not None and not isinstance(self.jmespath, Template):
            for steps in fields_of(self.jmespath):
                yield ("jmespath",), (*base, *steps)

    def meanings(self) -> Mapping[str, Steps]:
        """Say what an expression would spell in place of `value`; empty where that is not known."""
        return {"value": () if self.filter_priority is not None else self._base()}

    def _base(self) -> Steps:
        """Spell the part that is read; empty where that is not known, or none of a node's."""
        if not self.reads() or isinstance(self.extract, Template):
            return ()
        return (self.source_node, "output", *(self.extract.keys if self.extract else ()))

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
        return [item for item in value if isinstance(item, Mapping) and _priority(item) == priority]

    def _shaped(self, value: object, scope: Scope) -> object:
        if self.mapping is not None:
            return {target: self._mapped(way, value) for target, way in self.mapping.items()}
        if self.jmespath is not None:
            found = searched(self.jmespath, value)
            return self.default.value if found is None and self.default else found
        if self.template is not None:
            return self._rendered(self.template, value, scope)
        return value

    def _rendered(self, template: str, value: object, scope: Scope) -> object:
        try:
            return render("template", template, scope, {"value": value})
        except NodeError as error:
            if self.default is None or not getattr(error.__cause__, "missing", False):
                raise
            return self.default.value

    def _mapped(self, way: AnyPath, value: object) -> object:
        try:
            return way.resolve(
                value, self._called if self.extract is None else f"{self.extract.text} of {self._called}"
            )
        except NodeError:
            if self.default is None:
                raise
            return self.default.value


def _priority(item: Mapping[str, object]) -> str | None:
    """Return an entry's priority in small letters; None where it has none."""
    found = item.get("priority")
    return None if found is None else str(found).lower()
