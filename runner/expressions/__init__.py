"""The language of `{{ … }}`: Jinja2's syntax, with words, operators and limits of our own.

Secrets stay sealed in it, values keep their types, and nothing of Python can be reached. `FILTERS` and `TESTS`
are all its words.
"""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from jinja2 import Template, nodes

from runner.expressions.clock import time_limit
from runner.expressions.evaluation import Evaluation
from runner.expressions.failures import translated
from runner.expressions.filters import FILTERS
from runner.expressions.language import BLOCKS, PLAIN, Language
from runner.expressions.predicates import TESTS
from runner.expressions.references import Comparison, Reference, find
from runner.expressions.syntax import parse
from runner.expressions.texts import join_text
from runner.expressions.values import ExpressionError, measured
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = (
    "FILTERS",
    "TESTS",
    "Comparison",
    "Expression",
    "ExpressionError",
    "Reference",
    "TextTemplate",
    "compile_expression",
    "compile_template",
)

T = TypeVar("T", bound="TextTemplate")

_KEPT: Final = 1024
"""Compiled texts; each is compiled where it is validated and again where it is evaluated."""


@record
class TextTemplate:
    """A text with expressions in it, compiled."""

    text: str
    names: frozenset[str]
    """Names that it needs from outside."""
    references: tuple[Reference, ...]
    comparisons: tuple[Comparison, ...]
    typed: bool
    """It is one whole expression, so its value keeps its type; otherwise it gives a text."""
    _template: Template = field(repr=False)

    def evaluate(self, names: Mapping[str, object]) -> object:
        """Work it out with these names; at most 1 s, and 1 MiB.

        Where a part of a text is a secret the result is a `runner.secrets.Sealed`. Raises `ExpressionError`.
        """
        with translated(self.text), time_limit():
            evaluation = Evaluation(self._template.environment, names)
            parts = self._template.root_render_func(evaluation)
            if self.typed:
                return measured(next(parts))
            return join_text([evaluation.written(part) for part in parts])


class Expression(TextTemplate):
    """One expression, compiled."""

    __slots__ = ()


@lru_cache(maxsize=_KEPT)
def compile_template(text: str, *, blocks: bool = False) -> TextTemplate:
    """Compile a text in which `{{ … }}` is live, and with `blocks` also `{% … %}` and `{# … #}`.

    Raises `ExpressionError`.
    """
    with translated(text):
        return _compiled(TextTemplate, text, text, BLOCKS if blocks else PLAIN)


@lru_cache(maxsize=_KEPT)
def compile_expression(text: str) -> Expression:
    """Compile one expression, bare or as one whole `{{ … }}`; raise `ExpressionError`."""
    bare = text.strip()
    if not bare:
        msg = "the expression is empty"
        raise ExpressionError(msg)
    is_wrapped = bare.startswith(("{{", "${{"))
    with translated(bare, bare=True):
        compiled = _compiled(Expression, text, bare if is_wrapped else f"{{{{ {bare} }}}}", PLAIN)
    if not compiled.typed:
        msg = "this is a text, not one expression"
        raise ExpressionError(msg, "write the expression alone")
    return compiled


def _compiled(cls: type[T], text: str, source: str, language: Language) -> T:
    tree = parse(source, language)
    found = find(tree)
    return cls(
        text=text,
        names=found.names,
        references=found.references,
        comparisons=found.comparisons,
        typed=_is_one_expression(tree),
        _template=language.compiled(tree),
    )


def _is_one_expression(tree: nodes.Template) -> bool:
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return False
    parts = tree.body[0].nodes
    return len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData)
