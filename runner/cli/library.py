"""Where definitions are looked for by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.databases import DEFINITIONS, database_of, forced_table
from runner.definition.library import Library, Shelf

if TYPE_CHECKING:
    from runner.cli.shell import Shell
    from runner.definition.source import Text


def library_of(shell: Shell, *, inactive: bool = False) -> Library:
    """Return where definitions are looked for by name; also those that are not active, to look at them."""
    folder = shell.environ.get("PIPELINE_DEFINITIONS_DIR")
    own = (Path(folder).absolute(),) if folder else ()
    return Library(
        folders=(*own, shell.workspace / "definitions"),
        workspace=shell.workspace,
        shelf=_shelf(shell, DEFINITIONS, inactive=inactive),
        named=_shelf(shell, DEFINITIONS, inactive=inactive) or _shelf(shell, "DATABASE_URL", inactive=inactive),
        warn=shell.later,
    )


def _shelf(shell: Shell, variable: str, *, inactive: bool) -> Shelf | None:
    database = database_of(shell, variable)
    return Shelf(database=database, table=forced_table(shell), inactive=inactive) if database else None


def readable(text: Text) -> str:
    """Return a definition as its author wrote it; what the database keeps as JSON of its own is laid out for people."""
    written = text.data.decode("utf-8", "replace")
    if text.kept:
        return written
    try:
        return f"{json.dumps(json.loads(written), indent=2, ensure_ascii=False)}\n"
    except ValueError:
        return written
