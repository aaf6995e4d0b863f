"""PostgreSQL and MySQL through SQLAlchemy Core, on a connection that the runner's own door makes."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy
from sqlalchemy import exc, pool

from runner.errors import NodeError, RunnerError, Transient, Unavailable, Unreachable
from runner.store.connection import Contended, fault, storable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from runner.deadline import Deadline
    from runner.spec.databases import DatabaseUrl, Kind

_DIALECTS: Final[Mapping[Kind, str]] = {"postgresql": "postgresql+psycopg://", "mysql": "mysql+pymysql://"}
_POSTGRESQL: Final[Mapping[str, str]] = {
    "08": "lost",
    "25006": "no_permission",
    "3F000": "no_table",
    "42501": "no_permission",
    "42703": "no_table",
    "42P01": "no_table",
    "53": "busy",
    "53100": "full",
    "55P03": "locked",
    "57014": "slow",
    "57P": "lost",
}
"""What is wrong, by the server's code or the beginning of it."""
_MYSQL: Final[Mapping[object, str]] = {
    **dict.fromkeys((1044, 1142, 1143, 1227, 1290, 1370, 1792, 1836), "no_permission"),
    **dict.fromkeys((1054, 1146), "no_table"),
    **dict.fromkeys((1021, 1030, 1114), "full"),
    **dict.fromkeys((1037, 1038, 1041, 1206), "busy"),
    1205: "locked",
    **dict.fromkeys((1317, 1969, 3024), "slow"),
    **dict.fromkeys((1053, 1927), "lost"),
}
_AGAIN: Final = frozenset({"40001", "40P01", "23505", 1020, 1062, 1213})
"""Two wrote the same at the same time."""


class Server:
    """A connection to a database server."""

    def __init__(self, url: DatabaseUrl, deadline: Deadline, dial: Callable[[], Any]) -> None:
        """Connect; `dial` returns a DB-API connection. Raises `Unavailable` and `Transient`."""
        self.kind = url.kind
        self.where = str(url)
        self._deadline = deadline
        self._lost: RunnerError | None = None
        options: dict[str, Any] = {"use_native_hstore": False} if url.kind == "postgresql" else {}
        engine = sqlalchemy.create_engine(_DIALECTS[url.kind], creator=dial, poolclass=pool.NullPool, **options)
        try:
            self.sqlalchemy = engine.connect()
        except NodeError as error:
            raise _not_connected(url, error) from error
        except exc.DBAPIError as error:
            raise self._fault(error) from error

    def close(self) -> None:
        """Close it."""
        with suppress(exc.DBAPIError):
            self.sqlalchemy.close()

    def rows(self, sql: str, **values: object) -> Sequence[Sequence[Any]]:
        """Return the rows of a query."""
        with self._translated():
            return self.sqlalchemy.execute(sqlalchemy.text(sql), storable(values)).fetchall()

    def change(self, sql: str, *each: Mapping[str, object], **values: object) -> int:
        """Change something, once for `values` or once for `each`."""
        with self._translated():
            return self.sqlalchemy.execute(sqlalchemy.text(sql), list(map(storable, each)) or storable(values)).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do what follows wholly or not at all."""
        with self._translated():
            self.sqlalchemy.rollback()  # what was read before began a transaction of its own
        try:
            yield
            self._deadline.check()  # whoever waited has been told by then that it was not done
        except BaseException:
            with suppress(RunnerError), self._translated():  # with a connection that is gone it has ended already
                self.sqlalchemy.rollback()
            raise
        with self._translated():
            self.sqlalchemy.commit()

    def migrate(self, task: Callable[[sqlalchemy.Connection], None]) -> None:
        """Hand SQLAlchemy's connection to what changes tables; MySQL has no transactions for that."""
        with self.transaction(), self._translated():
            task(self.sqlalchemy)

    def tables(self) -> frozenset[str]:
        """Return the names of all tables that can be seen."""
        with self._translated():
            seen = sqlalchemy.inspect(self.sqlalchemy)
            return frozenset([*seen.get_table_names(), *seen.get_view_names()])

    def columns(self, table: str) -> frozenset[str]:
        """Return the names of a table's columns."""
        with self._translated():
            return frozenset(column["name"] for column in sqlalchemy.inspect(self.sqlalchemy).get_columns(table))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self._lost is not None:
            raise self._lost  # SQLAlchemy would connect anew, in the middle of what was one piece of work
        try:
            yield
        except exc.DBAPIError as error:
            raise self._failed(error) from error

    def _failed(self, error: exc.DBAPIError) -> RunnerError:
        """Return what went wrong; PostgreSQL takes nothing more in a transaction that has failed, so it ends here."""
        fault = self._fault(error)
        if not self.sqlalchemy.invalidated:
            try:
                self.sqlalchemy.rollback()
            except exc.DBAPIError as lost:
                fault = self._fault(lost)
        if self.sqlalchemy.invalidated:
            self._lost = fault
        return fault

    def _fault(self, error: exc.DBAPIError) -> RunnerError:
        """Translate by the server's own codes; its words never quote values."""
        raised: Any = error.orig
        if self.kind == "postgresql":
            code, said = raised.sqlstate or "", str(raised).partition("\n")[0]
            known = next((_POSTGRESQL[code[:end]] for end in range(len(code), 1, -1) if code[:end] in _POSTGRESQL), "")
        else:
            code, said = (*raised.args, "", "")[:2]
            known = _MYSQL.get(code, "")
        if code in _AGAIN:
            return Contended(f"{self.where}: {said}")
        if error.connection_invalidated or not code:
            return fault("lost", self.where, "" if said == "(0, '')" else said)
        return fault(known or "refused", self.where, said)


def _not_connected(url: DatabaseUrl, error: NodeError) -> RunnerError:
    """Say why there is no connection: another try helps where nobody answered."""
    named = f"{url.kind} at " in error.message
    message = error.message if named else f"{url} cannot be reached: {error.message}"
    passing = isinstance(error, Unreachable) or error.code == "timed_out"
    return Transient(message) if passing else Unavailable(message)
