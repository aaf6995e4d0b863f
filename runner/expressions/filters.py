"""The filters of the language: what may stand after `|`."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

from runner.expressions.lists import (
    attributes,
    elements,
    first,
    in_sequence,
    join,
    largest,
    last,
    length,
    rejected,
    selected,
    smallest,
    total,
    unique,
)
from runner.expressions.operators import bounded
from runner.expressions.texts import each_part, join_text, json_text, text_of, whole_text
from runner.expressions.urls import url_parts
from runner.expressions.values import LARGEST, ExpressionError, Missing, is_text, kind, limited, size, too_large
from runner.expressions.words import Word
from runner.spec import described, duration_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.expressions.texts import AnyText


def _text(value: object) -> str:
    """Write a value that holds no secret."""
    found = text_of(limited(value))
    if not isinstance(found, str):
        msg = f"changing the text would open the secrets in {found}"
        raise ExpressionError(msg)
    return found


def _default(value: object, default_value: object = "", boolean: object = False) -> object:  # noqa: FBT002 - as Jinja2
    return default_value if isinstance(value, Missing) or (boolean and not value) else value


# --- texts -----------------------------------------------------------------------------------------


def _lower(value: object) -> str:
    return _text(value).lower()


def _upper(value: object) -> str:
    return _text(value).upper()


def _title(value: object) -> str:
    return _text(value).title()


_MOST_TRIMMED: Final = 64


def trim(value: object, characters: str | None = None) -> str:
    """Take white space, or any of a few characters, off both ends."""
    if characters is not None and len(characters) > _MOST_TRIMMED:  # their number multiplies the time it takes
        msg = f"at most {_MOST_TRIMMED} characters can be trimmed"
        raise ExpressionError(msg)
    return _text(value).strip(characters)


def replace(value: object, old: str, new: str, count: int = -1) -> str:
    """Put one part of a text for another; the size is known before it is made."""
    text = _text(value)
    times = text.count(old) if count < 0 else min(count, text.count(old))
    if size(text) + times * (size(new) - size(old)) > LARGEST:
        raise too_large()
    return text.replace(old, new, times)


def _truncate(value: object, length: int = 255, killwords: object = False, end: str = "...") -> str:  # noqa: FBT002 - as Jinja2
    text = value if isinstance(value, str) else _text(value)
    if len(text) <= length:
        return text
    kept = text[: max(0, length - len(end))]
    whole_words = kept if killwords else kept.rsplit(" ", 1)[0]
    return (whole_words + end)[: max(0, length)]


def _escape(value: object) -> AnyText:
    return each_part(text_of(limited(value)), html.escape)


def _b64encode(value: object) -> AnyText:
    return whole_text(text_of(limited(value)), lambda text: base64.b64encode(text.encode()).decode())


def _urlencode(value: object) -> AnyText:
    if not isinstance(value, Mapping):
        return each_part(text_of(limited(value)), quote)
    pairs = [(each_part(text_of(key), quote_plus), each_part(text_of(item), quote_plus)) for key, item in value.items()]
    return join_text(part for index, (key, item) in enumerate(pairs) for part in ("&" if index else "", key, "=", item))


# --- numbers ---------------------------------------------------------------------------------------


def _number(value: object, read: Callable[[Any], float], what: str, default: object) -> Any:  # noqa: ANN401 - or the default
    try:
        if isinstance(value, str | int | float):
            return bounded(read(value))
    except (ValueError, OverflowError):
        pass
    if default is None:
        msg = f"{described(value)} is no {what}"
        raise ExpressionError(msg, "give a default in parentheses")
    return default


def _whole(value: Any) -> int:  # noqa: ANN401 - a text or a number
    try:
        return int(value)
    except ValueError:
        return int(float(value))


def _int(value: object, default: object = None) -> Any:  # noqa: ANN401 - or the default
    return _number(value, _whole, "whole number", default)


def _float(value: object, default: object = None) -> Any:  # noqa: ANN401 - or the default
    return _number(value, float, "number", default)


_ROUNDING: Final[Mapping[str, Callable[[float], float]]] = {"common": round, "ceil": math.ceil, "floor": math.floor}
_MOST_DIGITS: Final = 15


def _round(value: object, precision: int = 0, method: str = "common") -> float:
    number = _real(value)
    if method not in _ROUNDING or abs(precision) > _MOST_DIGITS:
        msg = f'"round" takes up to {_MOST_DIGITS} digits and one of the methods {", ".join(_ROUNDING)}'
        raise ExpressionError(msg)
    if method == "common":
        return bounded(round(number, precision) if precision else round(number))
    return bounded(
        _ROUNDING[method](number * 10**precision) / 10**precision if precision else _ROUNDING[method](number)
    )


def _duration(value: object) -> str:
    seconds = _real(value)
    return f"{'-' if seconds < 0 else ''}{duration_text(abs(seconds))}"


def _real(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        msg = f"expected a number, got {kind(value)}"
        raise ExpressionError(msg, "write | int or | float to read one" if is_text(value) else "")
    return bounded(value)


def _filter(function: Callable[..., Any], use: str, meaning: str) -> Word:
    return Word(function=function, use=use, meaning=meaning)


def _sealed_filter(function: Callable[..., Any], use: str, meaning: str) -> Word:
    return Word(function=function, use=use, meaning=meaning, sealed=True)


def _picking_filter(function: Callable[..., Any], use: str, meaning: str) -> Word:
    return Word(function=function, use=use, meaning=meaning, sealed=True, passes=True)


FILTERS: Final[Mapping[str, Word]] = {
    "b64encode": _sealed_filter(_b64encode, "b64encode", "the text in base64"),
    "default": Word(
        function=_default,
        use='default(default_value="", boolean=false)',
        meaning="another value where there is none; with boolean=true also for what is empty",
        missing=True,
        passes=True,
    ),
    "duration": _filter(_duration, "duration", "a number of seconds as 250ms, 1.5s or 1h30m"),
    "escape": _sealed_filter(_escape, "escape", "the text, safe to stand in HTML"),
    "first": _picking_filter(first, "first", "the first element"),
    "float": _filter(_float, "float(default)", "the number that a text holds"),
    "int": _filter(_int, "int(default)", "the whole number that a text or a number holds"),
    "join": _sealed_filter(join, 'join(separator="", attribute)', "the elements as one text"),
    "last": _picking_filter(last, "last", "the last element"),
    "length": _filter(length, "length", "the number of elements, keys or characters"),
    "list": _filter(elements, "list", "the elements, keys or characters as a list"),
    "lower": _filter(_lower, "lower", "the text in lower case"),
    "map": _filter(attributes, 'map(attribute="name")', "one attribute of each element"),
    "max": _picking_filter(largest, "max(attribute)", "the largest element"),
    "min": _picking_filter(smallest, "min(attribute)", "the smallest element"),
    "rejectattr": _filter(rejected, 'rejectattr("name", "test", value)', "the elements whose attribute fails the test"),
    "replace": _filter(replace, "replace(old, new, count)", "the text with one part replaced by another"),
    "round": _filter(
        _round, 'round(precision=0, method="common")', "the number rounded; other methods are ceil and floor"
    ),
    "selectattr": _filter(
        selected, 'selectattr("name", "test", value)', "the elements whose attribute passes the test"
    ),
    "sort": _filter(in_sequence, "sort(reverse=false, case_sensitive=false, attribute)", "the elements in their order"),
    "sum": _filter(total, "sum(attribute, start=0)", "the elements added up"),
    "title": _filter(_title, "title", "the text with each word in upper case at its start"),
    "tojson": _sealed_filter(json_text, "tojson", "the value as JSON"),
    "trim": _filter(trim, "trim(characters)", "the text without white space, or these characters, at its ends"),
    "truncate": _filter(
        _truncate, 'truncate(length=255, killwords=false, end="...")', "the text, at most that long with its end"
    ),
    "unique": _filter(unique, "unique(case_sensitive=false, attribute)", "each element once"),
    "upper": _filter(_upper, "upper", "the text in upper case"),
    "urlencode": _sealed_filter(_urlencode, "urlencode", "the text, or an object as a query, for a URL"),
    "urlsplit": _filter(
        url_parts, "urlsplit", "scheme, host, port, path, query and origin of a URL, or of each in a list"
    ),
}
"""What may stand after `|`."""
