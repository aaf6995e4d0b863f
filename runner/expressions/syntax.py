"""What may stand in a template: a list of what is allowed, and a sentence for everything else."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, cast

from jinja2 import nodes

from runner.expressions.filters import FILTERS
from runner.expressions.habits import FOREIGN_FILTERS, FOREIGN_FUNCTIONS, FOREIGN_METHODS, FOREIGN_WORDS
from runner.expressions.methods import METHODS
from runner.expressions.operators import bounded
from runner.expressions.predicates import TESTS
from runner.expressions.values import ExpressionError, likely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.expressions.language import Language
    from runner.expressions.words import Word

LONGEST: Final = 64 * 1024
"""Bytes of a text that is compiled."""
DEEPEST: Final = 64
"""Levels of a syntax tree."""

_NO_CHARACTER: Final = "\0"
"""Begins what no text can hold: the blocks of a text without blocks."""
_RETURN: Final = "\x1c"
"""Stands for a carriage return while Jinja2 reads a text: it would drop it, and takes this for white space."""

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.Assign,
    nodes.AssignBlock,
    nodes.Name,
    nodes.Const,
    nodes.Tuple,
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
    nodes.CondExpr,
    nodes.Filter,
    nodes.Test,
    nodes.Call,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Concat,
    nodes.Compare,
    nodes.Operand,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Pow,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Pos,
)
_SPELLED: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from … import",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.With: "with",
    nodes.Scope: "autoescape",
    nodes.ScopedEvalContextModifier: "autoescape",
    nodes.NSRef: "set of an attribute",
}
_REFUSED_NAMES: Final = frozenset(
    {"self", "super", "caller", "varargs", "kwargs", "namespace", "lipsum", "cycler", "joiner", "dict"}
)


def parse(text: str, language: Language) -> nodes.Template:
    """Read a text as a template of allowed parts; raise `ExpressionError` for everything else."""
    if len(text) > LONGEST or len(text.encode(errors="surrogatepass")) > LONGEST:
        msg = f"the text is longer than {LONGEST // 1024} KiB"
        raise ExpressionError(msg)
    if _NO_CHARACTER in text or _RETURN in text:
        msg = "a text with expressions holds no control characters"
        raise ExpressionError(msg, 'write them in a literal: {{ "\\u0000" }}')
    tree = _tree(text.replace("\r", _RETURN), language)
    _check(tree)
    return tree


def _tree(text: str, language: Language) -> nodes.Template:
    if "\\" not in text:
        return language.parse(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python, for a backslash that escapes nothing
        return language.parse(text)


def _check(tree: nodes.Template) -> None:
    for node, depth in _walk(tree):
        if depth > DEEPEST:
            raise too_deep()
        if not isinstance(node, _ALLOWED):
            raise _not_allowed(_SPELLED.get(type(node), type(node).__name__))
        if rule := _RULES.get(type(node)):
            rule(node)


def too_deep() -> ExpressionError:
    """Say that a text is nested deeper than anybody writes."""
    return ExpressionError("the expression is nested too deep")


def _not_allowed(what: str) -> ExpressionError:
    return ExpressionError(f'"{what}" is not part of the language', "in templates there are if, for and set")


def _walk(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """Go over all nodes, with their depth; a parent before its children."""
    left = [(tree, 1)]
    while left:
        node, depth = left.pop()
        yield node, depth
        left.extend((child, depth + 1) for child in node.iter_child_nodes())


# --- rules for kinds of nodes ----------------------------------------------------------------------


def _check_output(node: nodes.Output) -> None:
    for text, value in zip(node.nodes, node.nodes[1:], strict=False):
        if (
            isinstance(text, nodes.TemplateData)
            and text.data.endswith("$")
            and not isinstance(value, nodes.TemplateData)
        ):
            raise ExpressionError("${{ … }} is GitHub's syntax", "here write {{ … }}")


def _check_data(node: nodes.TemplateData) -> None:
    node.data = node.data.replace(_RETURN, "\r")


def _check_constant(node: nodes.Const) -> None:
    if isinstance(node.value, str):
        node.value = node.value.replace(_RETURN, "\r")
        try:
            node.value.encode()
        except UnicodeEncodeError as error:
            msg = "half of a character cannot stand in a text"
            raise ExpressionError(msg, "write the character itself") from error
    elif isinstance(node.value, int | float):
        bounded(node.value)


def _check_name(node: nodes.Name) -> None:
    if not node.name.isascii():
        msg = f'"{node.name}" is no name'
        raise ExpressionError(msg, "use letters from a to z, digits and _")
    if node.name in FOREIGN_WORDS:
        msg = f'"{node.name}" is not part of the language'
        raise ExpressionError(msg, FOREIGN_WORDS[node.name])
    if node.name in _REFUSED_NAMES:
        raise _not_allowed(node.name)


def _check_attribute(node: nodes.Getattr) -> None:
    if node.attr.startswith("__") and node.attr.endswith("__"):
        raise _not_allowed(node.attr)


def _check_loop(node: nodes.For) -> None:
    if node.recursive:
        raise _not_allowed("recursive")


def _check_captured(node: nodes.AssignBlock) -> None:
    if node.filter:
        msg = "a filter on set is not part of the language"
        raise ExpressionError(msg, "use the filter where you use the name")


def _check_call(node: nodes.Call) -> None:
    function = node.node
    if isinstance(function, nodes.Getattr):
        _check_method(function.attr, node)
    elif not isinstance(function, nodes.Name):
        msg = "only range() and methods can be called"
        raise ExpressionError(msg)
    elif function.name != "range":
        raise _no_function(function.name)
    elif not 1 <= len(node.args) <= 3:  # noqa: PLR2004 - start, end and step
        msg = "range() takes one to three numbers"
        raise ExpressionError(msg)
    elif node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise _unnamed_only("range")


def _check_method(name: str, node: nodes.Call) -> None:
    if name not in METHODS:
        msg = f'there is no method "{name}"'
        raise ExpressionError(msg, FOREIGN_METHODS.get(name) or likely(name, METHODS))
    if node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise _unnamed_only(name)


def _unnamed_only(name: str) -> ExpressionError:
    return ExpressionError(f"{name}() takes plain values only", "leave out names, * and **")


def _no_function(name: str) -> ExpressionError:
    hint = FOREIGN_FUNCTIONS.get(name, "")
    if not hint:
        hint = f"write: a | {name}" if name in FILTERS else "the only function is range(); filters are written a | b"
    return ExpressionError(f"there is no function {name}()", hint)


def _check_word(
    node: nodes.Filter | nodes.Test, kind: str, words: Mapping[str, Word], foreign: Mapping[str, str]
) -> None:
    name = node.name
    if name not in words:
        msg = f'unknown {kind} "{name}"'
        raise ExpressionError(msg, foreign.get(name) or likely(name, words))
    named = [cast("str", one.key) for one in node.kwargs]
    if node.dyn_args or node.dyn_kwargs or not words[name].fits(len(node.args), named):
        msg = f'the {kind} "{name}" does not take these arguments'
        raise ExpressionError(msg, f"write: {words[name].use}")


_RULES: Final[Mapping[type[nodes.Node], Callable[[Any], None]]] = {
    nodes.Output: _check_output,
    nodes.TemplateData: _check_data,
    nodes.Const: _check_constant,
    nodes.Name: _check_name,
    nodes.Getattr: _check_attribute,
    nodes.For: _check_loop,
    nodes.AssignBlock: _check_captured,
    nodes.Call: _check_call,
    nodes.Filter: lambda node: _check_word(node, "filter", FILTERS, FOREIGN_FILTERS),
    nodes.Test: lambda node: _check_word(node, "test", TESTS, {}),
}
