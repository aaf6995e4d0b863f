"""The JSON Schema of definitions, from the same classes that read them: editors complete and explain by it.

It says what each value must be like. What must hold between several of them, only `validate` knows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.definition.entries import Branch, DefinitionEntry, NodeEntry, SecretNeed
from runner.definition.legacy import UNREAD
from runner.definition.steps import MAX_NODES
from runner.nodes import NODES
from runner.providers import PROVIDERS
from runner.spec import DURATION_PATTERN, duration_text
from runner.validators import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.registry import Registry

Schema: TypeAlias = dict[str, Any]

SCHEMA_ID: Final = "https://raw.githubusercontent.com/org/pipeline-action/v1/docs/definition.schema.json"
FAMILIES: Final[Mapping[str, Registry[Any]]] = {"check": CHECKS, "channel": CHANNELS, "provider": PROVIDERS}
"""What stands in a node's `config` and is made of more than its fields, by what its parts are called here."""

_ID: Final = "^[A-Za-z_][A-Za-z0-9_-]*$"
_LIVE: Final = r"\{\{"
_TEMPLATE: Final[Schema] = {"$ref": "#/$defs/template"}
_IGNORED: Final[Mapping[str, Schema]] = {
    key: {"description": "Never had an effect, and is ignored.", "deprecated": True} for key in sorted(UNREAD)
}


def definition_schema() -> Schema:
    """Return the schema (2020-12) of a definition; imports pydantic and every member of every registry."""
    root = _described(DefinitionEntry)
    parts = {
        "node": _node(),
        **{f"{kind}_config": _config(kind) for kind in NODES},
        **{kind: _any_member(kind) for kind in ("check", "channel")},
        **{_part(kind, name): _member(family, name) for kind, family in FAMILIES.items() for name in family},
        "template": {"type": "string", "pattern": _LIVE, "description": "A text whose value is known when it runs."},
    }
    nested = [part.pop("$defs", {}) for part in (root, *parts.values())]
    for one in nested:
        parts |= one
    nodes = root["properties"]["nodes"] | {
        "minItems": 1,
        "maxItems": MAX_NODES,
        "items": {"$ref": "#/$defs/node"},
    }
    own = {"$schema": {"type": "string", "description": "The address of this schema, for editors."}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Pipeline definition",
        **root,
        "properties": own | root["properties"] | {"nodes": nodes} | _IGNORED,
        "patternProperties": {"^x-": {"description": "Yours: the runner does not read it."}},
        "$defs": parts,
    }


# --- nodes -----------------------------------------------------------------------------------------


def _node() -> Schema:
    """Describe a node: its `type` decides what stands in its `config`."""
    schema = _described(NodeEntry)
    properties = schema["properties"]
    properties["id"] |= {"pattern": _ID}
    properties["type"] |= {"enum": list(NODES)}
    return schema | {"allOf": [_where("type", kind, _with_config(kind)) for kind in NODES]}


def _with_config(kind: str) -> Schema:
    needed = kind in _COMPOSED or "required" in json_schema(NODES.load(kind))
    config: Schema = {"properties": {"config": {"$ref": f"#/$defs/{kind}_config"}}}
    return config | ({"required": ["config"]} if needed else {})


def _config(kind: str) -> Schema:
    """Describe the `config` of a type of node."""
    schema = _below(_described(NODES.load(kind)), _live)
    schema["properties"] |= _IGNORED
    compose = _COMPOSED.get(kind)
    return compose(schema) if compose else schema


def _with_provider(schema: Schema) -> Schema:
    """Let the options of a provider stand beside `provider`, or in `provider_config`."""
    schema["properties"]["provider_config"] = _live({"type": "object", "description": "An earlier place of options."})
    own = _allowed(schema["properties"])

    def chosen(name: str) -> Schema:
        options = _options("provider", name)
        return _closed(own | {"provider_config": _closed({**options, **_IGNORED})} | options)

    return _opened(schema) | {"allOf": [_where("provider", name, chosen(name)) for name in PROVIDERS]}


def _with_drivers(schema: Schema) -> Schema:
    """Let the options of drivers stand beside `driver` or `drivers`; one of the ways to name a channel is needed."""
    _name_drivers(schema["properties"])
    own = _allowed(schema["properties"])
    options = {name: _options("channel", name) for name in CHANNELS}
    any_option = {option: True for fields in options.values() for option in fields}
    return _opened(schema) | {
        "if": {"required": ["driver"]},
        "then": {"allOf": [_where("driver", name, _closed(own | fields)) for name, fields in options.items()]},
        "else": {
            "if": {"required": ["drivers"]},
            "then": _closed(own | any_option) | {"allOf": [_among(name, fields) for name, fields in options.items()]},
            "else": _closed(own) | _CHANNEL_OR_DRIVER,
        },
    }


_CHANNEL_OR_DRIVER: Final[Schema] = {
    "if": {"not": {"anyOf": [{"required": ["channel"]}, {"required": ["channels"]}]}},
    "then": {"required": ["driver"]},
}
"""Where neither is there, a driver is what is missing."""


def _name_drivers(properties: Schema) -> None:
    """Say which drivers there are."""
    names = {"enum": list(CHANNELS)}
    properties["driver"] = _live(properties["driver"] | {"enum": [*CHANNELS, None]})
    properties["drivers"] |= {"items": _live(names), "minItems": 1}
    properties["channels"] |= {"minItems": 1}


def _among(name: str, options: Schema) -> Schema:
    """Describe the options of a driver that is one of several."""
    return {"if": {"properties": {"drivers": {"contains": {"const": name}}}}, "then": {"properties": options}}


_COMPOSED: Final[Mapping[str, Callable[[Schema], Schema]]] = {"intelligence": _with_provider, "notify": _with_drivers}
"""The types of nodes whose `config` takes the options of another family's member."""


def _allowed(properties: Schema) -> Schema:
    """Allow properties that are described elsewhere."""
    return dict.fromkeys(properties, True)


def _opened(schema: Schema) -> Schema:
    """Leave it to another schema which properties there may be."""
    return {key: item for key, item in schema.items() if key != "additionalProperties"}


def _closed(properties: Schema) -> Schema:
    return {"properties": properties, "additionalProperties": False}


# --- families --------------------------------------------------------------------------------------


def _any_member(kind: str) -> Schema:
    """Describe an object whose key names a member, which decides what else stands in it."""
    family = FAMILIES[kind]
    return {
        "type": "object",
        "properties": {family.key: _live({"enum": list(family)})},
        "required": [family.key],
        "allOf": [_where(family.key, name, {"$ref": f"#/$defs/{_part(kind, name)}"}) for name in family],
    }


def _member(family: Registry[Any], name: str) -> Schema:
    schema = _below(_described(family.load(name)), _live)
    return schema | {
        "properties": {family.key: {"const": name}} | schema["properties"],
        "required": [family.key, *schema.get("required", ())],
    }


def _options(kind: str, name: str) -> Schema:
    """Point to the fields of a member."""
    fields = json_schema(FAMILIES[kind].load(name))["properties"]
    return {field: {"$ref": f"#/$defs/{_part(kind, name)}/properties/{field}"} for field in fields}


def _part(kind: str, name: str) -> str:
    return f"{kind}_{name}"


def _where(key: str, name: str, then: Schema) -> Schema:
    return {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": then}


# --- classes ---------------------------------------------------------------------------------------


def _described(cls: type) -> Schema:
    """Describe a class as a person would write it."""
    schema = json_schema(cls)
    for change in (_tidied, _linked, _explained):
        schema = _each(schema, change)
    return schema


def _tidied(schema: Schema) -> Schema:
    """Leave out titles made of names, put null beside the type, and write a default as a file has it."""
    schema = _null_folded({key: item for key, item in schema.items() if key != "title"})
    if "enum" in schema:
        schema["enum"] = list(dict.fromkeys(schema["enum"]))
    default = _written(schema.pop("default", None), schema)
    return schema | ({} if default is None else {"default": default})


def _null_folded(schema: Schema) -> Schema:
    """Write `anyOf: [{type: x}, {type: null}]` as `type: [x, null]`, which gives plain messages."""
    others = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(others) != 1 or "type" not in others[0]:
        return schema
    (only,) = others
    folded = only | {"type": [*_kinds(only), "null"]} | {key: item for key, item in schema.items() if key != "anyOf"}
    return folded | ({"enum": [*only["enum"], None]} if "enum" in only else {})


def _written(default: Any, schema: Schema) -> Any:  # noqa: ANN401 - JSON
    """Return a default as it would be written; None where that says nothing."""
    if isinstance(default, dict):
        limits = {key: _written(limit, schema) for key, limit in default.items()}
        return {key: limit for key, limit in limits.items() if limit is not None}
    if isinstance(default, float) and DURATION_PATTERN in _patterns(schema):
        return duration_text(default)
    is_plain = not isinstance(default, list) or all(isinstance(item, str) for item in default)
    return default if is_plain and default not in ("", []) else None


def _patterns(schema: Schema) -> Sequence[str]:
    return [one.get("pattern", "") for one in (schema, *schema.get("anyOf", ()))]


def _linked(schema: Schema) -> Schema:
    """Point to a family where an object says no more than the name of one of its members."""
    for kind, family in FAMILIES.items():
        named = schema.get("properties", {}).get(family.key, {})
        if named.get("enum") == list(family) and "additionalProperties" not in schema:
            return {"$ref": f"#/$defs/{kind}"}
    return schema


def _explained(schema: Schema) -> Schema:
    """Describe a branch and a secret, whose schemas are a part of what they are read by, as their classes do."""
    for cls in (Branch, SecretNeed):
        whole = json_schema(cls)
        if schema.get("properties", {}).keys() == whole["properties"].keys():
            return schema | {key: _each(whole, _tidied)[key] for key in ("properties", "description")}
    return schema


# --- templates -------------------------------------------------------------------------------------


def _live(schema: Schema) -> Schema:
    """Let a template stand in place of a value, and of every value in it."""
    if "anyOf" in schema:
        return schema | {"anyOf": [*(_below(one, _live) for one in schema["anyOf"]), _TEMPLATE]}
    if "enum" in schema:
        said = {key: item for key, item in schema.items() if key not in {"enum", "type"}}
        return {"anyOf": [{"enum": schema["enum"]}, _TEMPLATE]} | said
    schema = _below(schema, _live)
    kinds = _kinds(schema)
    if not kinds or ("string" in kinds and "pattern" not in schema):
        return schema
    pattern = f"{schema['pattern']}|{_LIVE}" if "pattern" in schema else _LIVE
    return schema | {"type": [*dict.fromkeys((*kinds, "string"))], "pattern": pattern}


def _kinds(schema: Schema) -> Sequence[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _each(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Change a schema and every schema in it, the innermost first."""
    return change(_below(schema, partial(_each, change=change)))


def _below(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Change the schemas that a schema is made of."""
    return {key: _part_changed(key, item, change) for key, item in schema.items()}


def _part_changed(key: str, item: Any, change: Callable[[Schema], Schema]) -> Any:  # noqa: ANN401 - JSON
    if key in {"properties", "$defs"}:
        return {name: change(one) for name, one in item.items()}
    if key in {"anyOf", "prefixItems"}:
        return [change(one) for one in item]
    return change(item) if key in {"items", "additionalProperties"} and isinstance(item, dict) else item
