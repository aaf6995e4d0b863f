"""What Jinja2 and Python raise, in sentences for people."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateError, TemplateSyntaxError

from runner.expressions.habits import sign_hint
from runner.expressions.operators import too_big
from runner.expressions.syntax import too_deep
from runner.expressions.values import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterator

_RAISED: Final = (
    TemplateError,
    SyntaxError,  # code nested deeper than Python compiles
    RecursionError,
    MemoryError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
)


@contextmanager
def translated(text: str, *, bare: bool = False) -> Iterator[None]:
    """Raise `ExpressionError` for whatever compiling or evaluating a text raises.

    `bare` says that all of the text is one expression.
    """
    try:
        yield
    except ExpressionError:
        raise
    except _RAISED as error:
        raise _said(error, text, bare=bare) from error


def _said(error: BaseException, text: str, *, bare: bool) -> ExpressionError:
    if isinstance(error, TemplateSyntaxError):
        return _syntax_error(error, text, bare=bare)
    if isinstance(error, SyntaxError | RecursionError):
        return too_deep()
    if isinstance(error, MemoryError):
        return ExpressionError("the expression needs too much memory")
    if isinstance(error, ZeroDivisionError):
        return ExpressionError("division by zero")
    if "int_max_str_digits" in str(error):
        return too_big()
    return ExpressionError(str(error) or "the expression cannot be evaluated")


_WORDINGS: Final = (
    (
        re.compile(r"expected an expression, got 'end of (?:print statement|statement block)'", re.IGNORECASE),
        "the expression is empty or ends too early",
    ),
    (
        re.compile(r"expected token 'end of (?:print statement|statement block)', got '(.*)'", re.DOTALL),
        r'unexpected "\1"',
    ),
    (
        re.compile(r"expected token '(.*)', got 'end of (?:print statement|statement block)'", re.DOTALL),
        r'expected "\1" before the end',
    ),
    (re.compile(r"expected token '(.*)', got '(.*)'", re.DOTALL), r'expected "\1", got "\2"'),
    (re.compile(r"unexpected char (['\"])(.*)\1 at \d+", re.DOTALL), r'unexpected "\2"'),
    (re.compile(r"unexpected '(.)', expected '(.)'"), r'unexpected "\1", expected "\2"'),
    (
        re.compile(r"unexpected 'end of (?:print statement|statement block)'", re.IGNORECASE),
        "the expression ends too early",
    ),
    (re.compile(r"unexpected '(.*)'", re.DOTALL), r'unexpected "\1"'),
    (re.compile(r"unexpected end of template, .*"), "the expression is not closed"),
    (re.compile(r"Encountered unknown tag '(end\w+|else|elif)'\..*", re.DOTALL), r'unexpected "\1"'),
    (re.compile(r"Encountered unknown tag '(.*?)'\..*", re.DOTALL), r'"\1" is not part of the language'),
    (re.compile(r"unexpected end of template\..*", re.IGNORECASE | re.DOTALL), "a block is not closed"),
)


def _syntax_error(error: TemplateSyntaxError, text: str, *, bare: bool) -> ExpressionError:
    sentence = error.message or "it cannot be read"
    for wording, ours in _WORDINGS:
        if match := wording.fullmatch(sentence):
            sentence = match.expand(ours)
            break
    lines = text.splitlines() or [""]
    where = f"line {error.lineno}: " if len(lines) > 1 else ""
    line = lines[min(error.lineno, len(lines)) - 1]
    return ExpressionError(where + sentence[:1].lower() + sentence[1:], sign_hint(line, bare=bare))
