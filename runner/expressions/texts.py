"""How values are written in texts, with the secrets among them kept sealed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from runner.expressions.values import LARGEST, ExpressionError, kind, present, size, too_large
from runner.secrets import Sealed, Secret, reveal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AnyText: TypeAlias = str | Secret | Sealed


def text_of(value: object) -> AnyText:
    """Write a value: scalars as Jinja2 does, times in ISO 8601, lists and objects as JSON."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Secret | Sealed):
        return value
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return json_text(value)


def json_text(value: object) -> AnyText:
    """Write a value as JSON; a secret in it is escaped as it has to be and stays sealed."""
    return join_text(_json_parts(value))


def join_text(values: Iterable[object]) -> str | Sealed:
    """Write values one after another; adjacent text is merged, and a secret among them seals the whole."""
    total = 0
    parts: list[str | Secret] = []
    for value in values:
        piece = text_of(value)
        total += size(piece)
        if total > LARGEST:
            raise too_large()
        parts.extend([piece] if isinstance(piece, str) else piece.parts)
    if all(isinstance(part, str) for part in parts):
        return "".join(map(str, parts))
    return Sealed(tuple(_merged(part for part in parts if part != "")))


def _merged(parts: Iterable[str | Secret]) -> Iterator[str | Secret]:
    for is_plain, run in groupby(parts, key=lambda part: isinstance(part, str)):
        if is_plain:
            yield "".join(map(str, run))
        else:
            yield from run


def each_part(value: AnyText, change: Callable[[str], str]) -> AnyText:
    """Change a text by a function that works character by character; a secret keeps its name."""
    if isinstance(value, str):
        return change(value)
    return join_text(
        change(part) if isinstance(part, str) else Secret(part.name, change(reveal(part))) for part in value.parts
    )


def whole_text(value: AnyText, change: Callable[[str], str]) -> str | Secret:
    """Change a text by a function that needs all of it; what held secrets becomes one, by all their names."""
    if isinstance(value, str):
        return change(value)
    names = dict.fromkeys(part.name for part in value.parts if isinstance(part, Secret))
    return Secret("+".join(names), change(reveal(value)))


def _json_parts(value: object) -> Iterator[str | Secret | Sealed]:
    if isinstance(value, Mapping):
        yield "{"
        for index, (key, item) in enumerate(value.items()):
            yield f"{', ' if index else ''}{_json_string(str(key))}: "
            yield from _json_parts(item)
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for index, item in enumerate(value):
            yield ", " if index else ""
            yield from _json_parts(item)
        yield "]"
    elif isinstance(value, Secret | Sealed):
        yield from ('"', each_part(value, lambda text: _json_string(text)[1:-1]), '"')
    else:
        yield _json_scalar(present(value))


def _json_scalar(value: object) -> str:
    if isinstance(value, str):
        return _json_string(value)
    if isinstance(value, datetime):
        return _json_string(value.isoformat())
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value, allow_nan=False)
    msg = f"{kind(value)} cannot be written"
    raise ExpressionError(msg)


def _json_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
