"""One connection to a database, whichever it is: plain SQL with `:name` for values, and transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from runner.errors import RunnerError, Transient, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    import sqlalchemy

    from runner.spec.databases import Kind


class Contended(RunnerError):
    """Somebody else wrote the same at the same moment; doing it all again will help."""


class NoTable(Unavailable):
    """A table or a column is not there."""


class NoPermission(Unavailable):
    """Whoever asks may not do this here; whatever else is there may be fine."""


class Connection(Protocol):
    """A connection. Its SQL is what PostgreSQL, MySQL and SQLite have in common.

    Raises `Transient` where another try may help, `Unavailable` where it will not, `Contended` inside a transaction.
    """

    @property
    def kind(self) -> Kind:
        """Which kind of database it is."""

    def rows(self, sql: str, **values: object) -> Sequence[Sequence[Any]]:
        """Return the rows of a query."""

    def change(self, sql: str, *each: Mapping[str, object], **values: object) -> int:
        """Change something, once for `values` or once for `each`; return how many rows that were."""

    def transaction(self) -> AbstractContextManager[None]:
        """Do what follows wholly or not at all, as if nobody else wrote meanwhile once `touch` was called."""

    def migrate(self, task: Callable[[sqlalchemy.Connection], None]) -> None:
        """Hand SQLAlchemy's connection to what changes tables: in a transaction, as far as the database has those."""

    def close(self) -> None:
        """Close it."""

    def tables(self) -> frozenset[str]:
        """Return the names of all tables that can be seen."""

    def columns(self, table: str) -> frozenset[str]:
        """Return the names of a table's columns."""


def storable(values: Mapping[str, object]) -> dict[str, object]:
    """Return values as every database takes them: PostgreSQL has no NUL in a text, and none has half a character."""
    return {name: _storable(value) if isinstance(value, str) else value for name, value in values.items()}


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def as_text(connection: Connection, column: str) -> str:
    """Return the SQL that reads a JSON column as the text that it is, however the database keeps JSON."""
    return {"postgresql": f"{column}::text", "mysql": f"cast({column} as char)", "sqlite": column}[connection.kind]


REASONS: Final = {
    "absent": "is not there — make it with: pipeline-runner db upgrade",
    "no_table": "has not the tables of this version",
    "no_permission": "does not permit this",
    "read_only": "cannot be written",
    "locked": "is in use by another process for too long",
    "slow": "took too long",
    "full": "has no room left",
    "busy": "has no resources left",
    "disk": "cannot be read or written",
    "lost": "ended the connection",
    "broken": "is no database that can be read",
    "refused": "refuses the statement",
}
"""What is wrong with a database, by code, to follow its name."""
_KINDS: Final[Mapping[str, type[RunnerError]]] = {
    "no_table": NoTable,
    "no_permission": NoPermission,
    "read_only": NoPermission,
    **dict.fromkeys(("locked", "slow", "full", "busy", "disk", "lost"), Transient),
}
_SHOWN: Final = 200
"""Characters of a database's own words."""


def fault(code: str, where: str, said: str = "") -> RunnerError:
    """Make the error of a database that was reached: which one, what, and its own words."""
    line = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    words = line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
    message = f"{where} {REASONS[code]}: {words}" if words else f"{where} {REASONS[code]}"
    return _KINDS.get(code, Unavailable)(message)
