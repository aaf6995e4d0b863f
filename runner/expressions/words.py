"""A word of the language: a filter or a test, with what people and the sandbox have to know of it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from runner.expressions.values import ExpressionError, plain, present
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@record
class Word:
    """A filter or a test."""

    function: Callable[..., Any]
    """Takes the value, then the arguments."""
    use: str
    """How it is written: `truncate(length=255)`."""
    meaning: str
    missing: bool = False
    """It may be given names that are not there."""
    sealed: bool = False
    """It may be given secrets, and opens none."""
    passes: bool = False
    """What it returns is what it was given, or stood in it."""

    def fits(self, arguments: int, names: Iterable[str]) -> bool:
        """Say whether it can be given so many arguments, and others by these names."""
        try:
            inspect.signature(self.function).bind(None, *range(arguments), **dict.fromkeys(names))
        except TypeError:
            return False
        return True

    def apply(self, name: str, value: object, *arguments: object, **named: object) -> Any:  # noqa: ANN401 - any value
        """Do it; raise `ExpressionError` for values that it cannot take."""
        taken = [self._taken(name, one) for one in (value, *arguments)]
        named = {key: self._taken(name, one) for key, one in named.items()}
        try:
            return self.function(*taken, **named)
        except ExpressionError:
            raise
        except (TypeError, ValueError) as error:
            msg = f'"{name}" cannot take these values: {error}'
            raise ExpressionError(msg, f"write: {self.use}") from error

    def _taken(self, name: str, value: object) -> object:
        if self.missing:
            return value
        return present(value) if self.sealed else plain(value, f'"{name}"')
