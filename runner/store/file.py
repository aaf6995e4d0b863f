"""SQLite through the standard library: the embedded file, and any other."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final

from runner.errors import NotWritten
from runner.store.connection import Contended, fault, storable
from runner.store.tables import NEWEST, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import sqlalchemy

    from runner.deadline import Deadline
    from runner.doors.files import Files
    from runner.errors import RunnerError
    from runner.spec.databases import Kind

PATIENCE: Final = 0.8
"""The part of its time that a piece of work waits for another process to be done with the file."""

_PAUSE: Final = 0.02
"""Seconds before the same is tried again."""
_CODES: Final = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "disk",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_CANTOPEN: "read_only",
    sqlite3.SQLITE_NOTADB: "broken",
    sqlite3.SQLITE_CORRUPT: "broken",
}


class SqliteFile:
    """A connection to a SQLite file."""

    kind: ClassVar[Kind] = "sqlite"

    def __init__(self, path: str, deadline: Deadline, make: Files | None = None, *, bare: bool = False) -> None:
        """Open a file; by a door to `make` it where it is not there, with its folder and, unless `bare`, its tables.

        Raises `Unavailable` and `Transient`.
        """
        self.where = f"the SQLite file {path}"
        self._deadline = deadline
        if make is not None:
            self._make_folder(os.path.dirname(path), make)
        elif not os.path.isfile(path):
            raise fault("absent", self.where)
        with self._translated():
            # another thread may close it: the one that opened it is left behind once its time is over
            self._connection = sqlite3.connect(
                path, timeout=deadline.left * PATIENCE, isolation_level=None, check_same_thread=False
            )
        try:
            with self._translated():
                self._prepare(create=make is not None, bare=bare)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def rows(self, sql: str, **values: object) -> Sequence[Sequence[Any]]:
        """Return the rows of a query."""
        with self._translated():
            return self._connection.execute(sql, storable(values)).fetchall()

    def change(self, sql: str, *each: Mapping[str, object], **values: object) -> int:
        """Change something, once for `values` or once for `each`."""
        with self._translated():
            if each:
                return self._connection.executemany(sql, map(storable, each)).rowcount
            return self._connection.execute(sql, storable(values)).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do what follows wholly or not at all; nobody else writes meanwhile."""
        with self._translated():
            self._connection.execute("begin immediate")
        try:
            yield
            self._deadline.check()  # whoever waited has been told by then that it was not done
        except BaseException:
            self._connection.rollback()
            raise
        with self._translated():
            self._connection.execute("commit")

    def migrate(self, task: Callable[[sqlalchemy.Connection], None]) -> None:
        """Hand SQLAlchemy's connection to what changes tables."""
        from sqlalchemy import create_engine, exc, pool  # noqa: PLC0415 - 200 ms, only where tables are changed

        engine = create_engine("sqlite://", creator=lambda: self._connection, poolclass=pool.StaticPool)
        try:
            with engine.connect() as alchemy, self.transaction():
                alchemy.begin()  # it begins nothing, but keeps Alembic from ending ours
                task(alchemy)
        except exc.DBAPIError as error:
            raise self._fault(error.orig if isinstance(error.orig, sqlite3.Error) else sqlite3.Error(error)) from error

    def tables(self) -> frozenset[str]:
        """Return the names of all tables."""
        found = self.rows("select name from sqlite_master where type in ('table', 'view')")
        return frozenset(name for (name,) in found)

    def columns(self, table: str) -> frozenset[str]:
        """Return the names of a table's columns."""
        return frozenset(row[0] for row in self.rows("select name from pragma_table_info(:table)", table=table))

    def _make_folder(self, folder: str, make: Files) -> None:
        try:
            make.make_folder(folder or ".")
        except NotWritten as error:
            raise fault("read_only", self.where, error.message) from error

    def _prepare(self, *, create: bool, bare: bool) -> None:
        """Write ahead, so that readers do not wait; make the tables where that is wanted."""
        if not create:
            return
        self._write_ahead()
        if not bare and VERSIONS not in self.tables():
            with self.transaction():
                if VERSIONS not in self.tables():
                    for statement in creation():
                        self._connection.execute(statement)

    def _write_ahead(self) -> None:
        """Switch the journal; SQLite waits for no other process that does the same, so that is done here."""
        deadline = self._deadline.within(self._deadline.left * PATIENCE)
        while True:
            try:
                self._connection.execute("pragma journal_mode = wal")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or deadline.over:
                    raise
                deadline.sleep(_PAUSE)
            else:
                break
        self._connection.execute("pragma synchronous = normal")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise Contended(f"{self.where}: {error}") from error
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def _fault(self, error: sqlite3.Error) -> RunnerError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if "no such table" in str(error) or "no such column" in str(error):
            return fault("no_table", self.where, str(error))
        return fault(_CODES.get(code, "refused"), self.where, str(error))


def creation() -> Iterator[str]:
    """Yield the statements that make the tables of this version in a new file."""
    with open(os.path.join(os.path.dirname(__file__), "migrations", f"sqlite_{NEWEST}.sql"), encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("--")]
    yield from filter(None, (statement.strip() for statement in "".join(lines).split(";")))
