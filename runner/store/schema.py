"""Which tables there are, and whether this version knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import Unavailable
from runner.store.connection import NoTable
from runner.store.tables import NEWEST

if TYPE_CHECKING:
    from runner.store.connection import Connection
    from runner.store.database import Database


def step_of(connection: Connection) -> str:
    """Return the step that the tables are at; empty where there are none."""
    try:
        found = connection.rows("select version_num from pipeline_schema")
    except NoTable:
        return ""
    return found[0][0] if found else ""


def require(connection: Connection, database: Database) -> None:
    """Raise `Unavailable` where the tables are not those of this version."""
    step = step_of(connection)
    if not step:
        raise Unavailable(f"{database} has no tables of pipeline-runner — make them with: pipeline-runner db upgrade")
    if step > NEWEST:
        raise Unavailable(
            f"{database} has tables of a newer pipeline-runner (step {step}, this one knows {NEWEST}) — update it"
        )
    if step < NEWEST:
        hint = "bring them up to date with: pipeline-runner db upgrade"
        raise Unavailable(f"{database} has tables of an older pipeline-runner (step {step}) — {hint}")
