"""The tables of a SQLite file are the same, whoever makes them: the file itself, or Alembic."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from runner.doors import open_doors
from runner.spec.databases import DatabaseUrl
from runner.store import file
from runner.store.database import Database
from runner.store.tables import NEWEST, OWN, VERSIONS
from runner.store.upgrade import upgrade_alone, write_sql

COMMITTED: Final = Path(file.__file__).parent / "migrations" / f"sqlite_{NEWEST}.sql"


def database(path: Path, *, bare: bool) -> Database:
    url = DatabaseUrl(kind="sqlite", database=str(path))
    return Database(url=url, doors=open_doors({}), creates=True, bare=bare)


def schema(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute("select type, name, tbl_name, sql from sqlite_master order by type, name").fetchall()
        # Alembic indents with tabs what it does itself, and with blanks what it writes down
        tidied = [(*about, " ".join((sql or "").split())) for *about, sql in made]
        return [*tidied, *connection.execute("select version_num from pipeline_schema")]


def test_a_file_makes_the_tables_that_alembic_makes(tmp_path: Path) -> None:
    database(tmp_path / "itself", bare=False).work(lambda _: None)
    by_alembic = database(tmp_path / "alembic", bare=True)
    assert by_alembic.work(partial(upgrade_alone, database=by_alembic)) == ""
    assert schema(tmp_path / "itself") == schema(tmp_path / "alembic")
    assert {name for kind, name, *_ in schema(tmp_path / "itself")[:-1] if kind == "table"} == {*OWN, VERSIONS}


def test_what_a_file_makes_is_committed_as_alembic_writes_it() -> None:
    """`pipeline-runner db upgrade --sql sqlite` writes it anew."""
    written = io.StringIO()
    write_sql(written, "sqlite")
    assert written.getvalue() == COMMITTED.read_text(encoding="utf-8")


def test_a_file_that_alembic_has_made_writes_ahead_like_any_other(tmp_path: Path) -> None:
    by_alembic = database(tmp_path / "alembic", bare=True)
    by_alembic.work(partial(upgrade_alone, database=by_alembic))
    with closing(sqlite3.connect(tmp_path / "alembic")) as connection:
        assert connection.execute("pragma journal_mode").fetchall() == [("wal",)]
