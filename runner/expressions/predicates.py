"""The tests of the language: what may stand after `is`, and in `selectattr`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from runner.expressions.operators import contains, equal, in_order
from runner.expressions.values import Missing, present
from runner.expressions.words import Word

if TYPE_CHECKING:
    from collections.abc import Callable


def _is_defined(value: object) -> bool:
    return not isinstance(value, Missing)


def _is_undefined(value: object) -> bool:
    return isinstance(value, Missing)


def _is_none(value: object) -> bool:
    return present(value) is None


def _is_true(value: object) -> bool:
    return value is True


def _is_false(value: object) -> bool:
    return value is False


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> bool:
    return isinstance(value, list | tuple | str)


def _is_in(value: object, container: object) -> bool:
    return contains(container, value)


def _differs(value: object, other: object) -> bool:
    return not equal(value, other)


def _test(function: Callable[..., bool], use: str, meaning: str) -> Word:
    return Word(function=function, use=use, meaning=meaning)


def _order(sign: str) -> Callable[[object, object], bool]:
    return partial(in_order, sign)


TESTS: Final[Mapping[str, Word]] = {
    "boolean": _test(_is_boolean, "boolean", "true or false"),
    "defined": Word(function=_is_defined, use="defined", meaning="the name exists", missing=True),
    "eq": _test(equal, "eq(other)", "equal, also written equalto"),
    "equalto": _test(equal, "equalto(other)", "equal, also written eq"),
    "false": _test(_is_false, "false", "false itself"),
    "ge": _test(_order("gteq"), "ge(other)", "greater or equal"),
    "gt": _test(_order("gt"), "gt(other)", "greater"),
    "in": _test(_is_in, "in(list)", "one of these"),
    "le": _test(_order("lteq"), "le(other)", "less or equal"),
    "lt": _test(_order("lt"), "lt(other)", "less"),
    "mapping": _test(_is_mapping, "mapping", "an object"),
    "ne": _test(_differs, "ne(other)", "not equal"),
    "none": Word(function=_is_none, use="none", meaning="null", sealed=True),
    "number": _test(_is_number, "number", "a number"),
    "sequence": _test(_is_sequence, "sequence", "a list or a text"),
    "string": _test(_is_string, "string", "a text"),
    "true": _test(_is_true, "true", "true itself"),
    "undefined": Word(function=_is_undefined, use="undefined", meaning="the name does not exist", missing=True),
}
"""What may stand after `is`."""
