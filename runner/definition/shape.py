"""The JSON Schema of one class, as a person would write it, and what becomes of it where templates may stand.

Editors show what a schema says about a wrong value, so it is shaped for their sake: one schema with several types
rather than several to choose from, and a sentence beside each pattern (`patternErrorMessage`, which is theirs).
"""

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
        return _chosen({**schema, "anyOf": [*(below(one, live) for one in schema["anyOf"]), _TEMPLATE]})
    if "enum" in schema:
        words = {key: schema[key] for key in ("type", "enum", "enumDescriptions") if key in schema}
        return {**{key: item for key, item in schema.items() if key not in words}, "anyOf": [words, _TEMPLATE]}
    schema = below(schema, live)
    kinds = _kinds(schema)
    if not kinds or ("string" in kinds and "pattern" not in schema):
        return schema
    if "string" in kinds:
        return {**schema, "pattern": f"{schema['pattern']}|{_LIVE}"}
    named = " or ".join(_NAMES[kind] for kind in kinds)
    told = f"Expected {named}; a text can stand here only as an expression, {{{{ … }}}}."
    return {**schema, "type": [*kinds, "string"], "pattern": _LIVE, "patternErrorMessage": told}


_NAMES: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "an object",
}
"""What people call the types."""


def _chosen(schema: Schema) -> Schema:
    """Decide by its type which of several alternatives a value was meant for, where one is an object of a class."""
    objects = [one for one in schema["anyOf"] if "$ref" in one and one != _TEMPLATE]
    others = [one for one in schema["anyOf"] if one not in objects]
    if len(objects) != 1:
        return schema
    kinds = list(dict.fromkeys(["object", *(kind for one in others for kind in _kinds(one)), "string"]))
    rest = {key: item for key, item in schema.items() if key != "anyOf"}
    return {**rest, "type": kinds, "if": {"type": "object"}, "then": objects[0], "else": {"anyOf": others}}


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
    schema = _null_folded(_merged(_flat({key: item for key, item in schema.items() if key != "title"})))
    if "enum" in schema:
        schema["enum"] = list(dict.fromkeys(schema["enum"]))
    default = _written(schema.pop("default", None), schema)
    return schema if default is None else {**schema, "default": default}


def _flat(schema: Schema) -> Schema:
    """Take alternatives of an alternative as its own."""
    if "anyOf" not in schema:
        return schema
    return {**schema, "anyOf": [inner for one in schema["anyOf"] for inner in one.get("anyOf", [one])]}


_OF_ONE_TYPE: Final = {"minimum", "maximum", "exclusiveMinimum", "pattern", "patternErrorMessage", "minLength"}
"""Keywords that say something about values of one type alone."""
_SCALARS: Final = {"boolean", "integer", "null", "number", "string"}


def _merged(schema: Schema) -> Schema:
    """Write alternatives that are scalars of different types as one schema of all these types."""
    if "anyOf" not in schema:
        return schema
    found: list[Schema] = []
    for one in schema["anyOf"]:
        other = next((two for two in found if _apart(one, two)), None)
        if other is None:
            found.append(dict(one))
        else:
            other |= {**one, "type": [*_kinds(other), *_kinds(one)]}
    outer = {key: item for key, item in schema.items() if key != "anyOf"}
    return {**found[0], **outer} if len(found) == 1 else {**outer, "anyOf": found}


def _apart(one: Schema, two: Schema) -> bool:
    """Say whether two schemas are about scalars of different types, and about nothing else."""
    said = [schema.keys() - {"type"} for schema in (one, two)]
    kinds = [{*_kinds(schema)} for schema in (one, two)]
    sound = all(kinds) and all(one <= _SCALARS for one in kinds) and all(keys <= _OF_ONE_TYPE for keys in said)
    return sound and not said[0] & said[1] and not kinds[0] & kinds[1]


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


_MARKDOWN: Final = {"description": "markdownDescription", "enumDescriptions": "markdownEnumDescriptions"}


def marked_down(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Say in editors' own words which descriptions are Markdown: others they show with every sign escaped."""
    if isinstance(value, list):
        return list(map(marked_down, value))
    if not isinstance(value, dict):
        return value
    told = {name: value.get(key) for key, name in _MARKDOWN.items()}  # a property may have that name, too
    marked = {name: text for name, text in told.items() if isinstance(text, str | list) and "`" in str(text)}
    return {**{key: marked_down(item) for key, item in value.items()}, **marked}
