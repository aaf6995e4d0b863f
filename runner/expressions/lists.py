"""The filters that work on lists. An attribute is a name, or several with dots between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.expressions.clock import tick
from runner.expressions.operators import bounded, comparable
from runner.expressions.predicates import TESTS
from runner.expressions.texts import join_text
from runner.expressions.values import (
    MOST_ITEMS,
    ExpressionError,
    Missing,
    kind,
    likely,
    plain,
    present,
    read,
    too_large,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.secrets import Sealed

_TAKING_APART = "taking it apart"


def elements(value: object) -> list[Any]:
    """Elements of a list, keys of an object or characters of a text."""
    found = plain(value, _TAKING_APART)
    if not isinstance(found, list | tuple | Mapping | str):
        msg = f"expected a list, got {kind(found)}"
        raise ExpressionError(msg)
    if len(found) > MOST_ITEMS:
        raise too_large()
    return list(found)


def _attribute(item: object, path: str | int) -> object:
    tick()
    for part in str(path).split("."):
        is_index = part.isdecimal() and not isinstance(item, Mapping)
        item = read(item, int(part) if is_index else part, str(path))
    return item


def _values(value: object, path: str | int | None) -> list[Any]:
    found = elements(value)
    return found if path is None else [_attribute(item, path) for item in found]


def _one_of(found: Sequence[object], index: int) -> object:
    return found[index] if found else Missing("the element", "", note="the list is empty")


def first(value: object) -> object:
    """Return the first element, or what stands for none."""
    return _one_of(value if isinstance(value, list | tuple) else elements(value), 0)


def last(value: object) -> object:
    """Return the last element, or what stands for none."""
    return _one_of(value if isinstance(value, list | tuple) else elements(value), -1)


def length(value: object) -> int:
    """Count elements, keys or characters."""
    return len(value) if isinstance(value, str | Mapping | list | tuple) else len(elements(value))


def join(value: object, separator: object = "", attribute: str | int | None = None) -> str | Sealed:
    """Write the elements one after another."""
    values = _values(value, attribute)
    return join_text(part for index, item in enumerate(values) for part in (separator if index else "", item))


def attributes(value: object, *, attribute: str | int) -> list[Any]:
    """Take one attribute of each element."""
    return [present(item) for item in _values(value, attribute)]


def _folded(value: object, case_sensitive: object) -> object:
    return value if case_sensitive or type(value) is not str else value.lower()


def _key(pair: tuple[Any, object]) -> Any:  # noqa: ANN401 - a number, a text or a time
    return pair[0]


def in_sequence(
    value: object,
    reverse: object = False,  # noqa: FBT002 - the order of Jinja2's arguments
    case_sensitive: object = False,  # noqa: FBT002
    attribute: str | int | None = None,
) -> list[Any]:
    """Sort."""
    found = elements(value)
    keys = [_folded(key, case_sensitive) for key in comparable(_values(found, attribute))]
    pairs = sorted(zip(keys, found, strict=True), key=_key, reverse=bool(reverse))
    return [item for _, item in pairs]


def unique(value: object, case_sensitive: object = False, attribute: str | int | None = None) -> list[Any]:  # noqa: FBT002 - as Jinja2
    """Keep the first of equal elements."""
    found = elements(value)
    kept: dict[object, Any] = {}
    for item, key in zip(found, _values(found, attribute), strict=True):
        if isinstance(plain(key, "comparing"), list | tuple | Mapping):
            msg = f'"unique" does not compare {kind(key)}'
            raise ExpressionError(msg, 'write unique(attribute="name")')
        kept.setdefault(_folded(key, case_sensitive), item)
    return list(kept.values())


def smallest(value: object, attribute: str | int | None = None) -> object:
    """Return the smallest element, or what stands for none."""
    return _one_of(in_sequence(value, case_sensitive=True, attribute=attribute), 0)


def largest(value: object, attribute: str | int | None = None) -> object:
    """Return the largest element, or what stands for none."""
    return _one_of(in_sequence(value, case_sensitive=True, attribute=attribute), -1)


def total(value: object, attribute: str | int | None = None, start: float = 0) -> float:
    """Add up numbers."""
    found = start
    for item in _values(value, attribute):
        number = plain(item, '"sum"')
        if not isinstance(number, int | float):
            msg = f'"sum" does not work on {kind(number)}'
            raise ExpressionError(msg)
        found = bounded(found + bounded(number))
    return found


def selected(value: object, attribute: str | int, test: str = "", *arguments: object) -> list[Any]:
    """Keep the elements whose attribute passes a test, or is true."""
    return [item for item, passes in _tested(value, attribute, test, arguments) if passes]


def rejected(value: object, attribute: str | int, test: str = "", *arguments: object) -> list[Any]:
    """Leave out the elements whose attribute passes a test, or is true."""
    return [item for item, passes in _tested(value, attribute, test, arguments) if not passes]


def _tested(
    value: object, attribute: str | int, test: str, arguments: tuple[object, ...]
) -> Iterator[tuple[object, bool]]:
    if test and test not in TESTS:
        msg = f'unknown test "{test}"'
        raise ExpressionError(msg, likely(test, TESTS))
    if test and not TESTS[test].fits(len(arguments), ()):
        msg = f'the test "{test}" is used like this: {TESTS[test].use}'
        raise ExpressionError(msg)
    for item in elements(value):
        found = _attribute(item, attribute)
        yield item, bool(TESTS[test].apply(test, found, *arguments) if test else present(found))
