"""Tables of the keys that a class takes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from docs.generate.kinds import kind_at, said_at
from docs.generate.markdown import code, table, tidy
from runner.cli.catalogue import options

if TYPE_CHECKING:
    from docs.generate.kinds import Schema
    from runner.cli.catalogue import Option

HEAD = ("Key", "Takes", "Default", "What it is")


def description(cls: type[Any]) -> str:
    """Return the docstring of a class, in the active voice of its first line, with its paragraphs."""
    return tidy(inspect.getdoc(cls) or "")


def option_table(cls: type[Any], schema: Schema) -> str:
    """Write the table of all keys of a class: its own before those that it shares with others."""
    own = set(inspect.get_annotations(cls))
    found = sorted(options(cls), key=lambda one: one.name.partition(".")[0] not in own)
    return table(HEAD, (_row(one, schema) for one in found))


def _row(option: Option, schema: Schema) -> tuple[str, ...]:
    default = {"-": "", "required": "*required*"}.get(option.default, code(option.default))
    return (code(option.name), kind_at(schema, option.name), default, tidy(option.text or said_at(schema, option.name)))
