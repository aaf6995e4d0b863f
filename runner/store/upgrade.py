"""Making the tables and bringing them up to date, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from runner.errors import Unavailable
from runner.store.schema import refuse_newer, step_of
from runner.store.tables import NEWEST, VERSIONS

if TYPE_CHECKING:
    import sqlalchemy

    from runner.spec.databases import Kind
    from runner.store.connection import Connection
    from runner.store.database import Database

PATIENCE: Final = 600.0
"""Seconds for all of it: what is large already is rebuilt by some steps, and another process may be at it first."""
_LOCKS: Final = {
    "postgresql": "select pg_advisory_xact_lock(hashtext(:name))",
    "mysql": f"select get_lock(:name, {PATIENCE:.0f})",
}
"""What lets one process at a time change tables; a SQLite file has but one writer anyway."""


def upgrade(alchemy: sqlalchemy.Connection) -> None:
    """Bring the tables of a database to the newest step; nothing happens where they are there already."""
    command.upgrade(_config(connection=alchemy), "head")


def upgrade_alone(connection: Connection, database: Database) -> str:
    """Do so with nobody else at it; return the step that the tables were at, empty where there were none.

    Raises `Unavailable` where they are newer than that, and what a connection raises.
    """
    found = []

    def migrate(alchemy: sqlalchemy.Connection) -> None:
        if connection.kind in _LOCKS:
            connection.rows(_LOCKS[connection.kind], name=_lock(database))
        step = step_of(connection) if VERSIONS in connection.tables() else ""
        refuse_newer(step, database)
        if step and step not in _steps():
            raise Unavailable(f"{database} is at step {step!r}, which no pipeline-runner has made")
        if step != NEWEST:
            upgrade(alchemy)
        found.append(step)

    connection.migrate(migrate)
    return found[0]


def write_sql(output: TextIO, kind: Kind, step: str = "") -> None:
    """Write the SQL that brings tables from a step to the newest one: for whoever wants to read it first."""
    command.upgrade(_config(output=output, dialect=kind), f"{step}:head" if step else "head", sql=True)


def _steps() -> frozenset[str]:
    return frozenset(one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions())


def _lock(database: Database) -> str:
    """Name the lock; MySQL has one name space for a whole server, and 64 characters."""
    return f"{VERSIONS} {database.url.database}"[:64]


def _config(**attributes: object) -> Config:
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes.update(attributes)
    return config
