"""What a database has, and what may be done there: found out without a change to anything."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from runner.errors import Unavailable
from runner.records import record
from runner.results import NOTHING
from runner.store import definitions
from runner.store.runs import size
from runner.store.tables import DJANGO_CHANNELS, DJANGO_DEFINITIONS, NEWEST, OWN, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.store.connection import Connection
    from runner.store.database import Database

CHANGES: Final = ("insert", "update", "delete")
DJANGO: Final = (DJANGO_DEFINITIONS, DJANGO_CHANNELS)
TEXTS: Final = "pipeline_definition_revision"
_CHANNELS: Final = {"pipeline_channel": "active", DJANGO_CHANNELS: "is_active"}
"""Tables of channels, and the column that says whether one is in use."""
_KEYS: Final = ("name", "run_id", "series")
"""Of every table of the runner, one of these holds a text."""
_REMEMBERING: Final = (
    ("pipeline_run", "insert"),
    ("pipeline_series", "insert"),
    ("pipeline_series", "update"),
    *((table, change) for table in ("pipeline_finding", "pipeline_said") for change in CHANGES),
)
"""What a run does to be remembered."""


@record
class Rights:
    """What the current user may do with a table that is there."""

    table: str
    read: bool
    changes: Mapping[str, bool] = NOTHING
    """By the word of SQL; empty for a table that the runner only reads."""
    reason: str = ""
    """What the database said where something is refused."""


@record
class Survey:
    """What was found."""

    server: str
    """Product and version, like `PostgreSQL 15.20`."""
    user: str
    """As whom the database knows us; empty for a file."""
    step: str
    """The step that the runner's tables are at; empty where there are none, or none that may be read."""
    rights: tuple[Rights, ...]
    definitions: Mapping[str, tuple[int, int]]
    """How many are active and how many not, by table."""
    unreadable: str
    """Why no definitions can be read; empty where they can."""
    channels: Mapping[str, tuple[int, int]]
    """How many are active and how many not, by driver."""
    history: tuple[int, int] | None
    """Runs and the bytes of their documents; None where they cannot be read."""

    @property
    def state(self) -> str:
        """Say how the runner's tables are."""
        if not self.step:
            return "none"
        return "current" if self.step == NEWEST else "newer" if self.step > NEWEST else "older"

    @property
    def forgetful(self) -> str:
        """Say why runs cannot be remembered here; empty where they can."""
        if self.state != "current":
            return "the runner's tables are not there" if not self.step else f"the runner's tables are {self.state}"
        may = {one.table: one for one in self.rights}
        for table, change in _REMEMBERING:
            if table not in may:
                return f"{self.user} may not see the table {table}"
            if not (may[table].read and may[table].changes[change]):
                return may[table].reason
        return ""


def survey(connection: Connection, database: Database, forced: str = "") -> Survey:
    """Look at everything; `forced` names the one table of definitions. Raises `Transient` and `UsageError`."""
    there = connection.tables()
    rights = tuple(_rights(connection, table) for table in (*OWN, VERSIONS, *DJANGO) if table in there)
    read = {one.table for one in rights if one.read}
    counted, unreadable = _definitions(connection, database, forced, rights)
    return Survey(
        server=_server(connection),
        user=_user(connection),
        step=_step(connection) if VERSIONS in read else "",
        rights=rights,
        definitions=counted,
        unreadable=unreadable,
        channels=_channels(connection, read),
        history=size(connection) if "pipeline_run" in read else None,
    )


def _server(connection: Connection) -> str:
    query = {
        "postgresql": "select current_setting('server_version')",
        "mysql": "select version()",
        "sqlite": "select sqlite_version()",
    }
    version = str(connection.rows(query[connection.kind])[0][0])
    product = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}.get(connection.kind, "MySQL")
    return f"{'MariaDB' if 'MariaDB' in version else product} {version}"


def _user(connection: Connection) -> str:
    query = {"postgresql": "select current_user", "mysql": "select current_user()", "sqlite": "select ''"}
    return str(connection.rows(query[connection.kind])[0][0])


def _step(connection: Connection) -> str:
    found = connection.rows(f"select version_num from {VERSIONS}")
    return str(found[0][0]) if found else ""


def _rights(connection: Connection, table: str) -> Rights:
    """Try everything on no row at all: a database says no before it looks for rows."""
    refused = _refusal(partial(connection.rows, f"select * from {table} where 1 = 0"))
    tries = _tries(connection, table) if table in OWN else {}
    said = {change: _refusal(partial(_tried, connection, sql)) for change, sql in tries.items()}
    return Rights(
        table=table,
        read=not refused,
        changes={change: not reason for change, reason in said.items()},
        reason=next(filter(None, (refused, *said.values())), ""),
    )


def _tries(connection: Connection, table: str) -> Mapping[str, str]:
    """Return statements that would change something, and meet no row."""
    try:
        columns = sorted(connection.columns(table))
    except Unavailable:
        columns = []
    key = next((name for name in _KEYS if name in columns), "name")
    names, values = ", ".join(columns or [key]), ", ".join(["null"] * max(1, len(columns)))
    return {
        "insert": f"insert into {table} ({names}) select {values} from (select 1 as one) as none where 1 = 0",
        "update": f"update {table} set {key} = '' where 1 = 0",
        "delete": f"delete from {table} where 1 = 0",
    }


class _TakenBackError(Exception):
    """Ends a transaction that is to change nothing."""


def _tried(connection: Connection, sql: str) -> None:
    with suppress(_TakenBackError), connection.transaction():
        connection.change(sql)
        raise _TakenBackError


def _refusal(attempt: Callable[[], object]) -> str:
    """Return why something may not be done; empty where it may."""
    try:
        attempt()
    except Unavailable as error:
        return error.message
    return ""


def _definitions(
    connection: Connection, database: Database, forced: str, rights: tuple[Rights, ...]
) -> tuple[Mapping[str, tuple[int, int]], str]:
    """Count the definitions of each table, or say why they cannot be read."""
    try:
        found = definitions.names(connection, database, forced)
    except Unavailable as error:
        return {}, error.message
    halves = dict(_halves((one.table, one.active) for one in found))
    # the list takes less than a definition does: its text is in a table of its own
    texts = next((one for one in rights if one.table == TEXTS), None)
    django = any(one.table == DJANGO_DEFINITIONS and one.read for one in rights)
    if forced == DJANGO_DEFINITIONS or (django and not forced) or (texts is not None and texts.read):
        return halves, ""
    return {}, f"{database} does not permit to read the table {TEXTS}" if texts is None else texts.reason


def _channels(connection: Connection, read: set[str]) -> Mapping[str, tuple[int, int]]:
    def rows() -> Iterator[tuple[str, bool]]:
        for table, column in _CHANNELS.items():
            if table in read:
                found = connection.rows(f"select driver, {column} from {table}")
                yield from ((str(driver), bool(active)) for driver, active in found)

    return dict(_halves(rows()))


def _halves(items: Iterator[tuple[str, bool]]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Count what is active and what is not, by the first of each pair."""
    count = Counter(items)
    for name in sorted({name for name, _ in count}):
        yield name, (count[name, True], count[name, False])
