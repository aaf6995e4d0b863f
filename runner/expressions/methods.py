"""The methods of the language. They are called, never read, and none changes a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from jinja2.runtime import LoopContext

from runner.expressions.filters import replace, trim
from runner.expressions.lists import join
from runner.expressions.values import MOST_ITEMS, ExpressionError, kind, likely, plain, too_large

_LONGEST_FORMAT: Final = 100
_TIME_FORMAT: Final = re.compile(r"(?:[^%]|%-?[A-Za-z%])*", re.DOTALL)
"""Without the widths that some platforms take: they would make any amount of text."""


def _split(text: str, separator: str | None = None, most: int = -1) -> list[str]:
    found = text.split(separator, min(most, MOST_ITEMS) if most >= 0 else MOST_ITEMS)
    if len(found) > MOST_ITEMS:
        raise too_large()
    return found


def _strftime(time: datetime, form: str) -> str:
    if len(form) > _LONGEST_FORMAT or not _TIME_FORMAT.fullmatch(form):
        msg = "strftime() takes a short text with letters after %"
        raise ExpressionError(msg, 'write it like "%Y-%m-%d %H:%M"')
    return time.strftime(form)


_TABLE: Final[tuple[tuple[type | tuple[type, ...], Mapping[str, Callable[..., Any]]], ...]] = (
    (
        str,
        {
            "capitalize": str.capitalize,
            "count": str.count,
            "endswith": str.endswith,
            "find": str.find,
            "isdigit": str.isdigit,
            "join": lambda separator, values: join(values, separator),
            "lower": str.lower,
            "removeprefix": str.removeprefix,
            "removesuffix": str.removesuffix,
            "replace": replace,
            "split": _split,
            "startswith": str.startswith,
            "strip": trim,
            "title": str.title,
            "upper": str.upper,
        },
    ),
    (
        Mapping,
        {
            "get": lambda mapping, key, default=None: mapping.get(key, default),
            "items": lambda mapping: [[key, item] for key, item in mapping.items()],
            "keys": lambda mapping: list(mapping.keys()),
            "values": lambda mapping: list(mapping.values()),
        },
    ),
    (datetime, {"isoformat": datetime.isoformat, "strftime": _strftime, "timestamp": datetime.timestamp}),
    (LoopContext, {"cycle": LoopContext.cycle}),
)
METHODS: Final = tuple(dict.fromkeys(name for _, methods in _TABLE for name in methods))
"""Names of all methods, of whatever value."""
PASSING: Final = frozenset({"cycle", "get"})
"""Methods that return what they were given, or what stood in it."""


def call(value: object, name: str, arguments: tuple[object, ...]) -> object:
    """Call a method of a value; raise `ExpressionError` where it has none of that name."""
    found = plain(value, f"{name}()")
    taken = [plain(argument, f"{name}()") for argument in arguments]
    methods: Mapping[str, Callable[..., Any]] = next((table for types, table in _TABLE if isinstance(found, types)), {})
    if name not in methods:
        msg = f"{kind(found)} has no method {name}()"
        raise ExpressionError(msg, likely(name, methods) if methods else "")
    try:
        return methods[name](found, *taken)
    except ExpressionError:
        raise
    except (TypeError, ValueError) as error:
        msg = f"{name}() cannot take these values: {error}"
        raise ExpressionError(msg) from error
