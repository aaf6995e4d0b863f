"""Making the tables and bringing them up to date, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from alembic import command
from alembic.config import Config

if TYPE_CHECKING:
    from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Bring the tables of a database to the newest step; nothing happens where they are there already."""
    command.upgrade(_config(connection=connection), "head")


def write_sql(output: TextIO, dialect: str) -> None:
    """Write the SQL that makes all tables: for databases whose owner wants to read it first."""
    command.upgrade(_config(output=output, dialect=dialect), "head", sql=True)


def _config(**attributes: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes.update(attributes)
    return config
