# ruff: noqa: N802 - jinja2 calls visitors by the names of nodes
"""What an expression refers to, as far as its text alone tells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from jinja2 import nodes
from jinja2.visitor import NodeVisitor

from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Path: TypeAlias = tuple[str | int, ...]

_LONGEST_SPELLED: Final = 200


@record(kw_only=False)
class Reference:
    """A value that is read from outside: `("probe", "output", "x")`."""

    path: Path
    guarded: bool = False
    """The text tests whether it is defined, or gives a default."""


@record(kw_only=False)
class Comparison:
    """A value from outside that is compared with a constant."""

    path: Path
    operator: str
    """`== != < <= > >= in`, with the value on the left; `not in` is `in`."""
    word: object


@record(kw_only=False)
class Found:
    """All that a text refers to, in its order and each once."""

    references: tuple[Reference, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def names(self) -> frozenset[str]:
        """The first names of all references."""
        return frozenset(str(reference.path[0]) for reference in self.references)


def find(tree: nodes.Template) -> Found:
    """Collect what a template refers to."""
    finder = _Finder()
    finder.visit(tree, set())
    found = [replace(one, guarded=one.guarded or finder.tests(one.path)) for one in finder.references]
    return Found(tuple(_once(found)), tuple(dict.fromkeys(finder.comparisons)))


def _once(references: Iterable[Reference]) -> Iterator[Reference]:
    """Keep one of each path, unguarded where any is."""
    kept: dict[Path, Reference] = {}
    for one in references:
        kept[one.path] = replace(one, guarded=one.guarded and kept.get(one.path, one).guarded)
    yield from kept.values()


def constant_path(node: nodes.Node) -> Path | None:
    """Return the names and keys that lead to a value, or nothing where one is known only later."""
    steps: list[str | int] = []
    while not isinstance(node, nodes.Name):
        if isinstance(node, nodes.Getattr):
            steps.append(node.attr)
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and _is_key(node.arg.value):
            steps.append(node.arg.value)
        else:
            return None
        node = node.node
    return (node.name, *reversed(steps))


def _is_key(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def spelled(node: nodes.Node) -> str:
    """Write how an expression spells a value; `…` stands for what is not constant."""
    path = constant_path(node)
    if path is None and isinstance(node, nodes.Getattr):
        return f"….{node.attr}"[:_LONGEST_SPELLED]
    return "…" if path is None else spelled_path(path)[:_LONGEST_SPELLED]


def spelled_path(path: Path) -> str:
    """Write a path as an expression does: `nodes["a-b"].verdict`."""
    first, *steps = path
    return str(first) + "".join(
        f".{step}" if isinstance(step, str) and step.isidentifier() else f"[{step!r}]".replace("'", '"')
        for step in steps
    )


_SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "eq": ("==", "=="),
    "ne": ("!=", "!="),
    "lt": ("<", ">"),
    "lteq": ("<=", ">="),
    "gt": (">", "<"),
    "gteq": (">=", "<="),
    "in": ("in", ""),
    "notin": ("in", ""),
}
"""As the syntax tree names them → written with the value on the left, and turned round."""
_TEST_SIGNS: Final[Mapping[str, str]] = {
    "eq": "==",
    "equalto": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "in": "in",
}


class _Finder(NodeVisitor):
    """Walks a tree with the names that the template itself has given a value so far."""

    def __init__(self) -> None:
        self.references: list[Reference] = []
        self.comparisons: list[Comparison] = []
        self._tested: set[Path] = set()

    def tests(self, path: Path) -> bool:
        """Say whether the template tests if this, or what it is read from, is defined."""
        return any(path[: length + 1] in self._tested for length in range(len(path)))

    # --- values

    def visit_Name(self, node: nodes.Name, bound: set[str]) -> None:
        self._refer(node, bound)

    def visit_Getattr(self, node: nodes.Getattr, bound: set[str]) -> None:
        self._refer(node, bound)

    def visit_Getitem(self, node: nodes.Getitem, bound: set[str]) -> None:
        self._refer(node, bound)

    def visit_Call(self, node: nodes.Call, bound: set[str]) -> None:
        if isinstance(node.node, nodes.Getattr):
            self.visit(node.node.node, bound)
        for argument in node.args:
            self.visit(argument, bound)

    def visit_Filter(self, node: nodes.Filter, bound: set[str]) -> None:
        if node.name == "default" and self._refer(node.node, bound, guarded=True):
            for argument in (*node.args, *node.kwargs):
                self.visit(argument, bound)
        else:
            self.generic_visit(node, bound)

    def visit_Test(self, node: nodes.Test, bound: set[str]) -> None:
        path = constant_path(node.node)
        if path and node.name in {"defined", "undefined"}:
            self._tested.add(path)
        if node.args and node.name in _TEST_SIGNS:
            self._compare(node.node, _TEST_SIGNS[node.name], node.args[0], bound)
        self.generic_visit(node, bound)

    def visit_Compare(self, node: nodes.Compare, bound: set[str]) -> None:
        left = node.expr
        for operand in node.ops:
            sign, turned = _SIGNS[operand.op]
            self._compare(left, sign, operand.expr, bound)
            if turned:
                self._compare(operand.expr, turned, left, bound)
            left = operand.expr
        self.generic_visit(node, bound)

    def _refer(self, node: nodes.Node | None, bound: set[str], *, guarded: bool = False) -> bool:
        """Note a reference; where its path is known only later, note what is in it and return false."""
        path = constant_path(node) if node else None
        if node and path is None:
            if not guarded:
                self.generic_visit(node, bound)
            return False
        if path and path[0] not in bound:
            self.references.append(Reference(path, guarded))
        return True

    def _compare(self, value: nodes.Node, sign: str, other: nodes.Node, bound: set[str]) -> None:
        path = constant_path(value)
        if path is None or path[0] in bound:
            return
        words = other.items if sign == "in" and isinstance(other, nodes.List | nodes.Tuple) else [other]
        if sign == "in" and words == [other]:
            return
        self.comparisons.extend(Comparison(path, sign, word.value) for word in words if isinstance(word, nodes.Const))

    # --- statements

    def visit_For(self, node: nodes.For, bound: set[str]) -> None:
        self.visit(node.iter, bound)
        inner = bound | _targets(node.target) | {"loop"}
        for child in (node.test, *node.body):
            if child:
                self.visit(child, inner)
        self._visit_all(node.else_, set(bound))

    def visit_Assign(self, node: nodes.Assign, bound: set[str]) -> None:
        self.visit(node.node, bound)
        bound |= _targets(node.target)

    def visit_AssignBlock(self, node: nodes.AssignBlock, bound: set[str]) -> None:
        self._visit_all(node.body, set(bound))
        bound |= _targets(node.target)

    def _visit_all(self, children: Iterable[nodes.Node], bound: set[str]) -> None:
        for child in children:
            self.visit(child, bound)


def _targets(node: nodes.Node) -> set[str]:
    found: Any = [node] if isinstance(node, nodes.Name) else node.find_all(nodes.Name)
    return {name.name for name in found}
