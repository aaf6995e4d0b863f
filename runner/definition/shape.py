"""The JSON Schema of one class, as a person would write it, and what becomes of it where templates may stand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from runner.spec import DURATION_PATTERN, duration_text
from runner.validators import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Schema: TypeAlias = dict[str, Any]

_LIVE: Final = r"\{\{"
TEMPLATE: Final[Schema] = {
    "description": "A text with an expression, {{ … }}: its value is known when the node runs.",
    "allOf": [{"type": "string"}, {"pattern": _LIVE}],
}
"""What stands below `$defs` as `template`."""
# Its type stands apart from its pattern because of messages: a validator takes the alternative whose type is that of
# the value for the one that was meant. A misspelt word is then held against the words that there are.
_TEMPLATE: Final[Schema] = {"$ref": "#/$defs/template"}


def shape(cls: type) -> Schema:
    """Describe a class; what its fields are made of stands below `$defs`. Imports pydantic."""
    return each(json_schema(cls), _tidied)


def live(schema: Schema) -> Schema:
    """Let a template stand in place of a value, and of every value in it."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [*(below(one, live) for one in schema["anyOf"]), _TEMPLATE]}
    if "enum" in schema:
        words = {key: schema[key] for key in ("type", "enum") if key in schema}
        return {**{key: item for key, item in schema.items() if key not in words}, "anyOf": [words, _TEMPLATE]}
    schema = below(schema, live)
    kinds = _kinds(schema)
    if not kinds or ("string" in kinds and "pattern" not in schema):
        return schema
    if kinds == ["string"]:
        return {**schema, "pattern": f"{schema['pattern']}|{_LIVE}"}
    pattern = f"{schema['pattern']}|{_LIVE}" if "string" in kinds else _LIVE
    return {**schema, "type": list(dict.fromkeys([*kinds, "string"])), "pattern": pattern}


def each(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Change a schema and every schema in it, the innermost first."""
    return change(below(schema, partial(each, change=change)))


def below(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Change the schemas that a schema is made of."""
    return {key: _changed(key, item, change) for key, item in schema.items()}


def _changed(key: str, item: Any, change: Callable[[Schema], Schema]) -> Any:  # noqa: ANN401 - JSON
    if key in {"properties", "$defs"}:
        return {name: change(one) for name, one in item.items()}
    if key == "anyOf":
        return [change(one) for one in item]
    return change(item) if key in {"items", "additionalProperties"} and isinstance(item, dict) else item


def _tidied(schema: Schema) -> Schema:
    """Leave out titles made of names, put null beside the type, and write a default as a file has it."""
    schema = _null_folded(_flat({key: item for key, item in schema.items() if key != "title"}))
    if "enum" in schema:
        schema["enum"] = list(dict.fromkeys(schema["enum"]))
    default = _written(schema.pop("default", None), schema)
    return schema if default is None else {**schema, "default": default}


def _flat(schema: Schema) -> Schema:
    """Take alternatives of an alternative as its own."""
    if "anyOf" not in schema:
        return schema
    return {**schema, "anyOf": [inner for one in schema["anyOf"] for inner in one.get("anyOf", [one])]}


def _null_folded(schema: Schema) -> Schema:
    """Write `anyOf: [{type: x}, {type: null}]` as `type: [x, null]`: messages then say what is wrong with x."""
    others = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(others) != 1 or "type" not in others[0]:
        return schema
    (only,) = others
    outer = {key: item for key, item in schema.items() if key != "anyOf"}
    words = {"enum": [*only["enum"], None]} if "enum" in only else {}
    return {**only, **words, "type": [*_kinds(only), "null"], **outer}


def _written(default: Any, schema: Schema) -> Any:  # noqa: ANN401 - JSON
    """Return a default as a file would have it; None where it says nothing, or has no such form."""
    if isinstance(default, dict):
        limits = {key: _written(limit, schema) for key, limit in default.items()}
        return {key: limit for key, limit in limits.items() if limit is not None} or None
    if isinstance(default, float) and DURATION_PATTERN in _patterns(schema):
        return duration_text(default)
    if isinstance(default, list) and not all(isinstance(item, str) for item in default):
        return None
    return None if default in ("", []) else default


def _patterns(schema: Schema) -> Sequence[str]:
    return [one.get("pattern", "") for one in (schema, *schema.get("anyOf", ()))]


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds
