"""Where definitions are looked for by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.databases import database_of
from runner.definition.library import Library, Shelf

if TYPE_CHECKING:
    from runner.cli.shell import Shell


def library_of(shell: Shell) -> Library:
    """Return where definitions are looked for by name."""
    folder = shell.environ.get("PIPELINE_DEFINITIONS_DIR")
    own = (Path(folder).absolute(),) if folder else ()
    return Library(
        folders=(*own, shell.workspace / "definitions"),
        workspace=shell.workspace,
        shelf=_shelf(shell, "PIPELINE_DATABASE_URL"),
        named=_shelf(shell, "PIPELINE_DATABASE_URL") or _shelf(shell, "DATABASE_URL"),
        warn=shell.later,
    )


def _shelf(shell: Shell, variable: str) -> Shelf | None:
    database = database_of(shell, variable)
    table = shell.environ.get("PIPELINE_DEFINITIONS_TABLE", "")
    return Shelf(database=database, table=table) if database else None
