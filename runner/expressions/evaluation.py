"""One evaluation: everything that the code of a template can do, each with its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jinja2.runtime import Context
from jinja2.utils import missing

from runner.expressions.clock import tick
from runner.expressions.lists import elements
from runner.expressions.methods import METHODS, PASSING, call
from runner.expressions.operators import holds
from runner.expressions.texts import join_text, text_of
from runner.expressions.values import (
    LARGEST,
    ExpressionError,
    Missing,
    kind,
    limited,
    measured,
    plain,
    read,
    size,
    too_large,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jinja2 import Environment

    from runner.expressions.texts import AnyText
    from runner.secrets import Sealed

MOST_MADE: Final = 8 * LARGEST
"""Bytes of everything that is made on the way to a result."""
LONGEST_RANGE: Final = 10_000


class Evaluation(Context):
    """One evaluation: the names it can see, and what it may still use."""

    def __init__(self, environment: Environment, names: Mapping[str, object]) -> None:
        super().__init__(environment, names, None, {})  # type: ignore[arg-type]  # it is only read
        self._made = 0
        self._written = 0

    def made(self, value: Any) -> Any:  # noqa: ANN401 - any value of a template
        """Return a value that was just made, and count it."""
        tick()
        self._made += size(limited(value))
        if self._made > MOST_MADE:
            msg = f"the expression makes more than {MOST_MADE // LARGEST} MiB on its way"
            raise ExpressionError(msg, "loop over less")
        return value

    def written(self, value: object) -> AnyText:
        """Write one part of the output, and count it."""
        tick()
        text = text_of(value)
        self._written += size(text)
        if self._written > LARGEST:
            raise too_large()
        return text

    def named(self, name: str, value: object) -> object:
        """Return the value of a name, or what stands for one that is not there."""
        return Missing(name, name, self.parent) if value is missing else value

    def read(self, value: object, key: object, path: str) -> object:
        """Read a key, an element or a part."""
        tick()
        found = read(value, key, path)
        if isinstance(found, Missing) and found is not value and key in METHODS:
            return Missing(path, key, note=f"to call it, write {key}()")
        return found

    def part(self, value: object, *bounds: object) -> Any:  # noqa: ANN401 - a list or a text
        """Take a part of a list or a text."""
        found = plain(value, "taking a part of it")
        if not isinstance(found, list | tuple | str):
            msg = f"a part can be taken of a list or a text, not of {kind(found)}"
            raise ExpressionError(msg)
        return self.made(found[slice(*(plain(bound, "using it as a place") for bound in bounds))])

    def method(self, value: object, name: str, *arguments: object) -> object:
        """Call a method."""
        tick()
        found = call(value, name, arguments)
        return found if name in PASSING else self.made(found)

    def numbers(self, *bounds: object) -> list[int]:
        """Count."""
        if not all(isinstance(plain(bound, "counting"), int) for bound in bounds):
            msg = "range() takes whole numbers"
            raise ExpressionError(msg)
        numbers = range(*bounds)  # type: ignore[call-overload]  # one to three, as the compiler made sure
        if numbers[LONGEST_RANGE:]:
            msg = f"range() makes more than {LONGEST_RANGE:,} numbers"
            raise ExpressionError(msg)
        return self.made(list(numbers))  # type: ignore[no-any-return]  # the list it was given

    def join(self, values: Iterable[object]) -> str | Sealed:
        """Write values one after another."""
        return self.made(join_text(values))  # type: ignore[no-any-return]  # the text it was given

    def concatenate(self, *values: object) -> str | Sealed:
        """Write values one after another."""
        return self.join(values)

    def compare(self, left: object, *pairs: tuple[str, object]) -> bool:
        """Compare a value with the next one, and that with the one after it."""
        for sign, right in pairs:
            tick()
            if not holds(sign, left, right):
                return False
            left = right
        return True

    def listing(self, *values: object) -> list[object]:
        """Make a list."""
        return self.made(measured([*values]))  # type: ignore[no-any-return]  # the list it was given

    def mapping(self, *pairs: tuple[object, object]) -> dict[str, object]:
        """Make an object."""
        for key, _ in pairs:
            if not isinstance(plain(key, "using it as a key"), str):
                msg = f"a key is a text, not {kind(key)}"
                raise ExpressionError(msg)
        return self.made(measured(dict(pairs)))  # type: ignore[no-any-return]  # the object it was given

    def each(self, value: object) -> Iterator[object]:
        """Go over the elements of a list, the keys of an object or the characters of a text."""
        for element in elements(value):
            tick()
            yield element
