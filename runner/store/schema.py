"""Which tables there are, and whether this version knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import Unavailable
from runner.store.connection import NoPermission, NoTable
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
    """Raise `Unavailable` where the tables are not those of this version, `NoTable` where there are none."""
    step = step_of(connection)
    if not step:
        raise NoTable(f"{database} has no tables of pipeline-runner — make them with: pipeline-runner db upgrade")
    check(step, database)


def check(step: str, database: Database) -> None:
    """Raise `Unavailable` for tables of another version."""
    refuse_newer(step, database)
    if step < NEWEST:
        hint = "bring them up to date with: pipeline-runner db upgrade"
        raise Unavailable(f"{database} has tables of an older pipeline-runner (step {step}) — {hint}")


def refuse_newer(step: str, database: Database) -> None:
    """Raise `Unavailable` for tables of a later version."""
    if step > NEWEST:
        raise Unavailable(
            f"{database} has tables of a newer pipeline-runner (step {step}, this one knows {NEWEST}) — update it"
        )


def writable(connection: Connection) -> bool:
    """Say whether there are tables of this version, and runs may be recorded in them."""
    try:
        if step_of(connection) != NEWEST:
            return False
        with connection.transaction():
            connection.change("update pipeline_series set touched_at = touched_at where 1 = 0")
    except NoPermission:
        return False
    return True
