"""What kind of value a key takes, in words, read from the JSON Schema of definitions."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, TypeAlias

from runner.definition.schema import definition_schema
from runner.spec import DURATION_PATTERN, SIZE_PATTERN, Url

Schema: TypeAlias = dict[str, Any]

_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
}
_TEMPLATE: Final = "#/$defs/template"


def _pattern(kind: Any) -> str:  # noqa: ANN401 - an annotated type
    """Return the pattern of what stands in a file for one of the runner's own types."""
    return next(
        (str(one.schema["pattern"]) for one in kind.__metadata__ if "pattern" in getattr(one, "schema", {})), ""
    )


@cache
def root() -> Schema:
    """Return the schema of definitions."""
    return definition_schema()


def part(name: str) -> Schema:
    """Return a part of it."""
    found: Schema = root()["$defs"][name]
    return found


def kind_at(schema: Schema, path: str) -> str:
    """Say what a key takes; `path` has a dot where it stands in another object."""
    return " or ".join(dict.fromkeys(_kinds(_at(schema, path)))) or "anything"


def said_at(schema: Schema, path: str) -> str:
    """Return what is said of a key, by itself or by the object that stands there."""
    found = _at(schema, path)
    inside = part(str(found["$ref"]).rpartition("/")[2]) if "$ref" in found else {}
    return str(found.get("description") or inside.get("description", ""))


def _at(schema: Schema, path: str) -> Schema:
    for step in path.split("."):
        schema = _properties(schema)[step]
    return schema


def _properties(schema: Schema) -> Schema:
    """Return the keys of an object, or of the one of some alternatives that has keys."""
    if "$ref" in schema:
        return _properties(part(str(schema["$ref"]).rpartition("/")[2]))
    if "properties" in schema:
        found: Schema = schema["properties"]
        return found
    return next((found for one in _alternatives(schema) if (found := _properties(one))), {})


def _alternatives(schema: Schema) -> list[Schema]:
    """Return what a value may be like, each of which is one of `anyOf` or decided by `if`."""
    decided = [schema[key] for key in ("then", "else") if key in schema]
    return [*schema.get("anyOf", ()), *decided]


def _kinds(schema: Schema) -> list[str]:
    if schema.get("$ref") == _TEMPLATE:
        return []
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return [name if name in {"check", "channel"} else "object"]
    if alternatives := _alternatives(schema):
        if any("above" in _properties(one) for one in alternatives):
            return ["threshold"]
        return [kind for one in alternatives for kind in _kinds(one)]
    if "enum" in schema or "const" in schema:
        return ["word"]
    kinds = schema.get("type", [])
    return [_word(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds) if _counts(kind, schema)]


def _counts(kind: str, schema: Schema) -> bool:
    """Say whether a kind is one of its own: null stands for none, and a text may stand for an expression alone."""
    live = kind == "string" and schema.get("pattern") == r"\{\{"
    return kind != "null" and not live


def _word(kind: str, schema: Schema) -> str:
    if kind == "array":
        items = _kinds(schema.get("items", {}))
        return f"list of {' or '.join(dict.fromkeys(map(_plural, items)))}" if items else "list"
    pattern = str(schema.get("pattern", "")).removesuffix(r"|\{\{")
    known = {DURATION_PATTERN: "duration", SIZE_PATTERN: "size", _pattern(Url): "URL"}
    return known.get(pattern, _WORDS[kind]) if kind == "string" else _WORDS[kind]


def _plural(word: str) -> str:
    return word if word.endswith("s") or word == "true or false" else f"{word}s"
