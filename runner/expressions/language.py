# ruff: noqa: N802, D102 - jinja2 calls visitors by the names of nodes, which say what they write
"""The sandbox: Jinja2 compiles to calls of `Evaluation`, and each of them is bounded.

The code that Jinja2 makes of a template holds no operator, attribute, call or subscript of Python itself but
`and`, `or`, `not` and `if`. Nothing is worked out while it compiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from jinja2 import StrictUndefined, Template, nodes, pass_context
from jinja2.ext import Extension
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.sandbox import ImmutableSandboxedEnvironment

from runner.expressions.clock import tick
from runner.expressions.evaluation import Evaluation
from runner.expressions.filters import FILTERS
from runner.expressions.operators import calculate, negate
from runner.expressions.predicates import TESTS
from runner.expressions.references import spelled
from runner.expressions.values import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jinja2.compiler import Frame
    from jinja2.lexer import Token, TokenStream
    from jinja2.runtime import Context

    from runner.expressions.words import Word

EACH: Final = "the elements of a loop"
"""An inner filter around what a loop goes over; a name that no template can spell."""


MOST_TOKENS: Final = 15_000
"""Words and signs of a text that is compiled."""


class Bounded(Extension):
    """Stops reading a text that would take long to compile."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Count the tokens as they are read."""
        for count, token in enumerate(stream):
            if count > MOST_TOKENS:
                msg = f"the text has more than {MOST_TOKENS:,} words and signs"
                raise ExpressionError(msg)
            yield token


class SandboxedCode(NativeCodeGenerator):
    """Writes the code of a template: values keep their types, and all that is done to them is a call."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> Any:  # noqa: ANN401 - as jinja2 has it
        if isinstance(node, nodes.TemplateData):
            return super()._output_child_to_const(node, frame, finalize)
        raise nodes.Impossible  # nothing is worked out before it is bounded

    def write_commons(self) -> None:
        """Let text that `set` captures be joined by the evaluation."""
        super().write_commons()
        self.writeline("concat = context.join")

    def _call(self, function: str, frame: Frame, values: Iterable[nodes.Node], *constants: object) -> None:
        """Write a call of `Evaluation` with values worked out at run time, then constants."""
        self.write(f"context.{function}(")
        for value in values:
            self.visit(value, frame)
            self.write(", ")
        self.write(f"{', '.join(map(repr, constants))})")

    def _pair(self, first: str | nodes.Node, second: nodes.Node, frame: Frame) -> None:
        self.write("(")
        if isinstance(first, str):
            self.write(repr(first))
        else:
            self.visit(first, frame)
        self.write(", ")
        self.visit(second, frame)
        self.write(")")

    def visit_Name(self, node: nodes.Name, frame: Frame) -> None:
        if node.ctx == "load":
            self.write(f"context.named({node.name!r}, {frame.symbols.ref(node.name)})")
        else:
            super().visit_Name(node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        if node.ctx == "load":
            self._call("listing", frame, node.items)
        else:
            super().visit_Tuple(node, frame)

    def visit_List(self, node: nodes.List, frame: Frame) -> None:
        self._call("listing", frame, node.items)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        self._call("mapping", frame, node.items)

    def visit_Pair(self, node: nodes.Pair, frame: Frame) -> None:
        self._pair(node.key, node.value, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self._call("concatenate", frame, node.nodes)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        self._call("compare", frame, (node.expr, *node.ops))

    def visit_Operand(self, node: nodes.Operand, frame: Frame) -> None:
        self._pair(node.op, node.expr, frame)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        self._call("read", frame, (node.node,), node.attr, spelled(node))

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if isinstance(node.arg, nodes.Slice):
            bounds = (node.arg.start, node.arg.stop, node.arg.step)
            self._call("part", frame, (node.node, *(bound or nodes.Const(None) for bound in bounds)))
        else:
            self._call("read", frame, (node.node, node.arg), spelled(node))

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - as jinja2 has it
        if isinstance(node.node, nodes.Getattr):
            self._call("method", frame, (node.node.node, nodes.Const(node.node.attr), *node.args))
        else:
            self._call("numbers", frame, node.args)

    def visit_CondExpr(self, node: nodes.CondExpr, frame: Frame) -> None:
        node.expr2 = node.expr2 or nodes.Const("")
        super().visit_CondExpr(node, frame)


def _filter(name: str, word: Word) -> Callable[..., Any]:
    @pass_context
    def apply(context: Evaluation, value: object, *arguments: object, **named: object) -> object:
        result = word.apply(name, value, *arguments, **named)
        tick()
        return result if word.passes else context.made(result)

    return apply


def _test(name: str, word: Word) -> Callable[..., bool]:
    @pass_context
    def apply(_context: Evaluation, value: object, *arguments: object) -> bool:
        tick()
        return bool(word.apply(name, value, *arguments))

    return apply


class Language(ImmutableSandboxedEnvironment):
    """Jinja2 with our words, our operators and our limits."""

    code_generator_class = SandboxedCode
    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)
    intercepted_unops = frozenset(ImmutableSandboxedEnvironment.default_unop_table)

    def __init__(self, **delimiters: str) -> None:
        super().__init__(
            undefined=StrictUndefined,
            optimized=False,
            keep_trailing_newline=True,
            cache_size=0,
            extensions=[Bounded],
            **delimiters,
        )
        self.globals = {}
        self.filters = {name: _filter(name, word) for name, word in FILTERS.items()}
        self.filters[EACH] = pass_context(Evaluation.each)
        self.tests = {name: _test(name, word) for name, word in TESTS.items()}

    def compiled(self, tree: nodes.Template) -> Template:
        """Make a template of a syntax tree whose parts are all allowed."""
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, EACH, [], [], None, None)
        return Template.from_code(self, self.compile(tree), {})

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Calculate, and count what it makes."""
        return cast("Evaluation", context).made(calculate(operator, left, right))

    def call_unop(self, context: Context, operator: str, arg: object) -> object:
        """Apply a sign."""
        return cast("Evaluation", context).made(negate(operator, arg))


BLOCKS: Final = Language()
"""All of the language."""
PLAIN: Final = Language(
    block_start_string="\0%", block_end_string="%\0", comment_start_string="\0#", comment_end_string="#\0"
)
"""Only `{{ … }}`: what begins blocks and comments is a character that no text may hold."""
