"""A database by its URL: each piece of work gets a connection of its own, and a limit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from runner.deadline import Deadline
from runner.errors import NodeError, Transient
from runner.records import record
from runner.store.connection import Contended
from runner.threads import concurrently

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.doors import Doors
    from runner.spec.databases import DatabaseUrl
    from runner.store.connection import Connection

T = TypeVar("T")

LIMIT: Final = 5.0
"""Seconds that a piece of work gets, from the first packet on."""
_TRIES: Final = 10
"""How often work is done anew where somebody else wrote the same at the same moment."""


@record
class Database:
    """Where a database is, and how to get there."""

    url: DatabaseUrl
    doors: Doors
    creates: bool = False
    """A SQLite file and its tables are made where they are not there."""
    bare: bool = False
    """The file alone, and not the tables."""

    def __str__(self) -> str:
        return f"the SQLite file {self.url.database}" if self.url.kind == "sqlite" else str(self.url)

    def work(self, task: Callable[[Connection], T], *, limit: float = LIMIT) -> T:
        """Do something on a connection of its own; raise `Transient` and `Unavailable`."""
        deadline = Deadline(limit)
        try:
            return concurrently([partial(self._work, task, deadline)], deadline, limit=1)[0]
        except NodeError as error:
            raise Transient(f"{self} did not answer within {limit:g}s") from error

    def _work(self, task: Callable[[Connection], T], deadline: Deadline) -> T:
        connection, tries = self._connected(deadline), 0
        try:
            while True:
                tries += 1
                try:
                    return task(connection)
                except Contended as error:
                    if tries == _TRIES:
                        raise Transient(f"{self} is written by too many at once: {error.message}") from error
                    deadline.check()
        finally:
            connection.close()

    def _connected(self, deadline: Deadline) -> Connection:
        """Return a new connection; whoever asked may have stopped waiting."""
        if self.url.kind == "sqlite":
            from runner.store.file import SqliteFile  # noqa: PLC0415 - only where a file is used

            return SqliteFile(self.url.database, deadline, self.doors.files if self.creates else None, bare=self.bare)
        from runner.store.server import Server  # noqa: PLC0415 - brings SQLAlchemy, only where a server is used

        # work that may take long is no reason to wait long for a server that is not there
        dial = partial(self.doors.sql.connect, self.url, deadline.within(LIMIT), lasting=deadline)
        return Server(self.url, deadline, dial)
