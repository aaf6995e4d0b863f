"""The page of the result document, made of its JSON Schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from docs.generate.markdown import code, page, table, tidy
from docs.generate.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema: TypeAlias = dict[str, Any]

SCHEMA: Final = ROOT / "docs" / "result.schema.json"
_PARTS: Final = {"node": "A node's result", "finding": "A finding", "error": "An error of a node"}
_HEAD: Final = ("Key", "Is", "What it is")


def result_pages() -> Iterator[tuple[str, str]]:
    """Make the page, by its path."""
    schema: Schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    parts = [block for name, title in _PARTS.items() if name in schema["$defs"] for block in _part(schema, name, title)]
    text = page(
        "# Result document",
        f"{schema['description']} `--results PATH` writes it, and with `--json` it is what stdout carries. "
        "[result.schema.json](../result.schema.json) is its JSON Schema (2020-12).",
        "## The run",
        table(_HEAD, _rows(schema, schema)),
        *parts,
    )
    yield "reference/result.md", text


def _part(schema: Schema, name: str, title: str) -> tuple[str, str]:
    return f"## {title} {{ #{name} }}", table(_HEAD, _rows(schema, schema["$defs"][name]))


def _rows(schema: Schema, part: Schema, above: str = "") -> Iterator[tuple[str, str, str]]:
    """Return the keys of an object, and those of the objects that it is made of."""
    needed = part.get("required", ())
    for key, said in part["properties"].items():
        referred = schema["$defs"].get(_name(said), {})
        text = said.get("description") or referred.get("description", "")
        yield code(above + key), _kind(schema, said), tidy(text) if key in needed else f"{tidy(text)} Not always there."
        items = said.get("items", {})
        if "properties" in said:
            yield from _rows(schema, said, f"{above}{key}.")
        elif "properties" in items:
            yield from _rows(schema, items, f"{above}{key}[].")


def _name(said: Schema) -> str:
    return str(said.get("$ref", "")).rpartition("/")[2]


def _kind(schema: Schema, said: Schema) -> str:
    """Say what stands there."""
    name = _name(said)
    if name in _PARTS:
        return f"[{name}](#{name})"
    if name:
        return _kind(schema, schema["$defs"][name])
    if "const" in said:
        return code(json.dumps(said["const"]))
    if "enum" in said:
        return ", ".join(code(str(one)) for one in said["enum"])
    if "anyOf" in said:
        return " or ".join(_kind(schema, one) for one in said["anyOf"])
    kinds = [said["type"]] if isinstance(said.get("type"), str) else said.get("type", ["anything"])
    return " or ".join(_of(schema, said, kind) for kind in kinds)


def _of(schema: Schema, said: Schema, kind: str) -> str:
    below = said.get("items") or said.get("additionalProperties")
    if kind in {"array", "object"} and isinstance(below, dict) and "properties" not in below:
        return f"{kind} of {_kind(schema, below)}"
    return "time" if said.get("format") == "date-time" and kind == "string" else kind
