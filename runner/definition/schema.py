"""The JSON Schema of definitions, from the same classes that read them: editors complete and explain by it.

It says what each value must be like. What must hold between several of them, only `validate` knows.
"""

from __future__ import annotations

from dataclasses import fields
from inspect import getdoc
from typing import TYPE_CHECKING, Any, Final

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.definition.entries import Branch, DefinitionEntry, NodeEntry, SecretNeed
from runner.definition.legacy import UNREAD
from runner.definition.shape import TEMPLATE, Schema, below, each, live, marked_down, shape
from runner.definition.steps import MAX_NODES
from runner.formats import FORMATS
from runner.nodes import NODES
from runner.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.registry import Registry

SCHEMA_ID: Final = "https://raw.githubusercontent.com/org/pipeline-action/v1/docs/definition.schema.json"
FAMILIES: Final[Mapping[str, Registry[Any]]] = {"check": CHECKS, "channel": CHANNELS, "provider": PROVIDERS}
"""Families whose members stand in a node's `config`, by what they are called in `$defs`."""

_ID: Final = "^[A-Za-z_][A-Za-z0-9_-]*$"
_NEVER: Final = "Never had an effect, and is ignored."
_IGNORED: Final[Schema] = {
    key: {"description": _NEVER, "deprecated": True, "deprecationMessage": _NEVER} for key in sorted(UNREAD)
}


def definition_schema() -> Schema:
    """Return the schema (2020-12) of a definition; imports pydantic and every member of every registry."""
    root = each(shape(DefinitionEntry), _explained)
    parts = {
        "node": {"title": "node", **_node()},
        **{f"{kind}_config": {"title": f"{kind} node", **_config(kind)} for kind in NODES},
        "check": _any_member("check"),
        "channel": _any_member("channel"),
        **{_part(kind, name): _member(kind, name) for kind, family in FAMILIES.items() for name in family},
        "template": TEMPLATE,
    }
    nested = [part.pop("$defs", {}) for part in (root, *parts.values())]
    nodes = {"minItems": 1, "maxItems": MAX_NODES, "items": {"$ref": "#/$defs/node"}}
    own = {"$schema": {"type": "string", "description": "The address of this schema, for editors."}}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Pipeline definition",
        **root,
        "properties": {**own, **root["properties"], "nodes": {**root["properties"]["nodes"], **nodes}, **_IGNORED},
        "patternProperties": {"^x-": {"description": "The author's own; the runner does not read it."}},
        "$defs": {**parts, **{name: one for found in nested for name, one in found.items()}},
    }
    marked: Schema = marked_down(schema)
    return marked


def _explained(schema: Schema) -> Schema:
    """Describe branches and secrets, whose schemas are a part of what they are read by, as their classes do."""
    for cls in (Branch, SecretNeed):
        if schema.get("properties", {}).keys() == {field.name for field in fields(cls)}:
            said = shape(cls)
            return {**schema, "description": said["description"], "properties": said["properties"]}
    return schema


# --- nodes -----------------------------------------------------------------------------------------


def _node() -> Schema:
    """Describe a node: its `type` decides what stands in its `config`."""
    schema = each(shape(NodeEntry), _explained)
    properties = schema["properties"]
    properties["id"] |= {"pattern": _ID, "patternErrorMessage": "Not an id: use letters, digits and _."}
    properties["type"] = _named(NODES, properties["type"])
    return {**schema, "allOf": [_where("type", kind, _with_config(kind)) for kind in NODES]}


def _with_config(kind: str) -> Schema:
    needed = ["config"] if kind in _COMPOSED or "required" in shape(NODES.load(kind)) else []
    return {"properties": {"config": {"$ref": f"#/$defs/{kind}_config"}}, "required": needed}


def _config(kind: str) -> Schema:
    """Describe the `config` of a type of node."""
    schema = each(shape(NODES.load(kind)), _linked)
    schema["properties"].update(_IGNORED)
    compose = _COMPOSED.get(kind)
    return below(compose(schema) if compose else schema, live)


def _linked(schema: Schema) -> Schema:
    """Point to a family where an object says no more than the name of one of its members; explain names alone."""
    for family in (FORMATS, *FAMILIES.values()):
        if schema.get("enum") == list(family):
            return _named(family, schema)
    for kind, family in FAMILIES.items():
        named = schema.get("properties", {}).get(family.key, {})
        if named.get("enum") == list(family) and "additionalProperties" not in schema:
            return {"$ref": f"#/$defs/{kind}"}
    return schema


def _with_provider(schema: Schema) -> Schema:
    """Let the options of a provider stand beside `provider`, or in `provider_config`."""
    properties = {
        **schema["properties"],
        "provider": _named(PROVIDERS, schema["properties"]["provider"]),
        "provider_config": {"type": "object", "description": "An earlier spelling: the options of the provider."},
    }

    def chosen(name: str) -> Schema:
        options = _options("provider", name)
        inside = {"provider_config": _closed({**options, **_IGNORED})}
        return _closed({**_allowed(properties), **options, **inside})

    choices = [_where("provider", name, chosen(name)) for name in PROVIDERS]
    return {**_opened(schema), "properties": properties, "allOf": choices}


def _with_drivers(schema: Schema) -> Schema:
    """Let the options of drivers stand beside `driver` or `drivers`; one of the ways to name a channel is needed."""
    properties = _with_names(schema["properties"])
    own = _allowed(properties)
    options = {name: _options("channel", name) for name in CHANNELS}
    any_option = {option: True for found in options.values() for option in found}
    several = {**_closed({**own, **any_option}), "allOf": [_among(name, found) for name, found in options.items()]}
    elsewhere = {"anyOf": [{"required": ["channel"]}, {"required": ["channels"]}]}
    named = {"required": ["driver"], "properties": {"driver": {"type": "string"}}}
    return {
        **_opened(schema),
        "properties": properties,
        "if": named,
        "then": {"allOf": [_where("driver", name, _closed({**own, **found})) for name, found in options.items()]},
        "else": {
            "if": {"required": ["drivers"]},
            "then": several,
            "else": {**_closed(own), "if": {"not": elsewhere}, "then": named},
        },
    }


_COMPOSED: Final[Mapping[str, Callable[[Schema], Schema]]] = {"intelligence": _with_provider, "notify": _with_drivers}
"""The types of nodes whose `config` takes the options of another family's member."""


def _with_names(properties: Schema) -> Schema:
    """Say which drivers there are, and that an empty list names none."""
    driver = _named(CHANNELS, properties["driver"])
    return {
        **properties,
        "driver": {**driver, "enum": [*driver["enum"], None]},
        "drivers": {**properties["drivers"], "items": _named(CHANNELS, {}), "minItems": 1},
        "channels": {**properties["channels"], "minItems": 1},
    }


def _among(name: str, options: Schema) -> Schema:
    """Describe the options of a driver that is one of several."""
    return {"if": {"properties": {"drivers": {"contains": {"const": name}}}}, "then": {"properties": options}}


def _allowed(properties: Schema) -> Schema:
    """Allow properties that another schema describes."""
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
        "properties": {family.key: live(_named(family, {}))},
        "required": [family.key],
        "allOf": [_where(family.key, name, {"$ref": f"#/$defs/{_part(kind, name)}"}) for name in family],
    }


def _member(kind: str, name: str) -> Schema:
    """Describe an object of one member."""
    family = FAMILIES[kind]
    schema = below(shape(family.load(name)), live)
    return {
        "title": f"{name} {kind}",
        **schema,
        "properties": {family.key: {"const": name}, **schema["properties"]},
        "required": [family.key, *schema.get("required", ())],
    }


def _options(kind: str, name: str) -> Schema:
    """Point to the fields of a member."""
    part = _part(kind, name)
    options = (field.name for field in fields(FAMILIES[kind].load(name)))
    return {option: {"$ref": f"#/$defs/{part}/properties/{option}"} for option in options}


def _part(kind: str, name: str) -> str:
    return f"{kind}_{name}"


def _named(family: Registry[Any], schema: Schema) -> Schema:
    """Name the members of a family, each with the first line of what it says about itself."""
    lines = [str(getdoc(family.load(name))).splitlines()[0] for name in family]
    return {"type": "string", **schema, "enum": list(family), "enumDescriptions": lines}


def _where(key: str, name: str, then: Schema) -> Schema:
    """Let a schema hold where a key names this member."""
    return {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": then}
