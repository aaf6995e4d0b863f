"""What operators do: arithmetic in small numbers, comparisons that open no secret."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from runner.expressions.clock import tick
from runner.expressions.texts import join_text
from runner.expressions.values import (
    LARGEST_NUMBER,
    MOST_ITEMS,
    ExpressionError,
    is_text,
    kind,
    measured,
    plain,
    present,
    too_large,
)

Number = int | float


def bounded(number: Number) -> Number:
    """Return a number within ±2**64; raise `ExpressionError` for others."""
    if not abs(number) <= LARGEST_NUMBER:  # so that "not a number" is refused too
        raise too_big()
    return number


def too_big() -> ExpressionError:
    """Say that a number is above its limit."""
    return ExpressionError("the number is beyond 2**64")


def _power(base: Number, exponent: Number) -> Number:
    if abs(base) > 1 and exponent * math.log2(abs(base)) > math.log2(LARGEST_NUMBER):
        raise too_big()
    result = base**exponent
    if isinstance(result, complex):
        msg = "a root of a negative number is no number"
        raise ExpressionError(msg)
    return result


_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
}


def calculate(sign: str, left: object, right: object) -> object:
    """Apply `+ - * / // % **`; `+` also joins two texts or two lists."""
    left, right = present(left), present(right)
    if sign == "+" and is_text(left) and is_text(right):
        return join_text((left, right))
    if sign == "+" and isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return _joined_lists(left, right)
    left, right = plain(left, f'"{sign}"'), plain(right, f'"{sign}"')
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        msg = f'"{sign}" does not work on {kind(left)} and {kind(right)}'
        raise ExpressionError(msg, "write ~ to join texts" if is_text(left) or is_text(right) else "")
    return bounded(_ARITHMETIC[sign](bounded(left), bounded(right)))


def _joined_lists(left: list[object] | tuple[object, ...], right: list[object] | tuple[object, ...]) -> list[object]:
    if len(left) + len(right) > MOST_ITEMS:
        raise too_large()
    return measured([*left, *right])  # type: ignore[no-any-return]  # the list it was given


def negate(sign: str, value: object) -> Number:
    """Apply a sign before a number."""
    number = plain(value, f'"{sign}"')
    if not isinstance(number, int | float):
        msg = f'"{sign}" does not work on {kind(number)}'
        raise ExpressionError(msg)
    return bounded(-number if sign == "-" else +number)


# --- comparisons -----------------------------------------------------------------------------------

_COMPARING: Final = "comparing"


def equal(left: object, right: object) -> bool:
    """Compare two values deeply; a secret in either is an error, never a silent false."""
    tick()
    left, right = plain(left, _COMPARING), plain(right, _COMPARING)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(item, right[key]) for key, item in left.items())
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


_COMPARABLE: Final = ((int, float), str, datetime)


def comparable(values: list[Any]) -> list[Any]:
    """Return values that have one order among them: all numbers, all texts or all times."""
    found = [plain(value, _COMPARING) for value in values]
    if found and not any(all(isinstance(value, types) for value in found) for types in _COMPARABLE):
        kinds = dict.fromkeys(map(kind, found))
        msg = f"{' and '.join(kinds)} cannot be put in an order"
        texts_and_numbers = set(kinds) == {"a text", "a number"}
        raise ExpressionError(msg, "write | int or | float to read a number" if texts_and_numbers else "")
    return found


_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}


def in_order(sign: str, left: object, right: object) -> bool:
    """Apply `< <= > >=`; verdicts and severities have their own order, and only their own words."""
    left, right = comparable([left, right])
    try:
        return bool(_ORDER[sign](left, right))
    except TypeError as error:  # a word that is no verdict, a time without a zone
        raise ExpressionError(str(error)) from error


def contains(container: object, item: object) -> bool:
    """Say whether a text is part of a text, a key of an object, or a value of a list."""
    container, item = plain(container, '"in"'), plain(item, '"in"')
    if isinstance(container, str) and isinstance(item, str):
        return item in container
    if isinstance(container, Mapping):
        return isinstance(item, str | int) and item in container
    if isinstance(container, list | tuple):
        return any(equal(item, other) for other in container)
    msg = f'"in" does not look for {kind(item)} in {kind(container)}'
    raise ExpressionError(msg)


def holds(sign: str, left: object, right: object) -> bool:
    """Apply a comparison by the name that Jinja2's syntax tree has for it."""
    if sign in _ORDER:
        return in_order(sign, left, right)
    if sign in {"in", "notin"}:
        return contains(right, left) is (sign == "in")
    return equal(left, right) is (sign == "eq")
