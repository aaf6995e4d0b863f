"""Channels of the runner's own table, as whoever looks after them sees and changes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from runner.errors import Unavailable
from runner.records import record
from runner.spec import nearest
from runner.store.connection import NoPermission, NoTable, as_text
from runner.store.schema import require
from runner.store.tables import DJANGO_CHANNELS
from runner.store.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from runner.store.connection import Connection
    from runner.store.database import Database

OWN: Final = "pipeline_channel"


@record
class Kept:
    """A channel, in use or not."""

    name: str
    driver: str
    options: Mapping[str, object]
    active: bool
    table: str = OWN


def kept(connection: Connection, database: Database) -> list[Kept]:
    """Return all channels of both tables, by name; raise `Unavailable` where neither is there."""
    try:
        django = list(_rows(connection, DJANGO_CHANNELS, "config", "is_active"))
    except (NoTable, NoPermission):  # MySQL says so also of a table that is not there
        django = []
    if not django:
        require(connection, database)
    try:
        own = list(_own(connection))
    except NoTable:
        own = []
    return sorted((*own, *django), key=lambda one: (one.name, one.table))


def _rows(connection: Connection, table: str, options: str, active: str) -> Iterator[Kept]:
    """Return the channels of a table; raise `NoTable` and `NoPermission`."""
    rows = connection.rows(
        f"select name, driver, {as_text(connection, options)}, {active} from {table}"  # noqa: S608 - constants
    )
    yield from (_kept(row, table) for row in rows)


def _kept(row: Sequence[Any], table: str) -> Kept:
    name, driver, text, active = row
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    return Kept(
        name=name,
        driver=driver,
        options=options if isinstance(options, dict) else {},
        active=bool(active),
        table=table,
    )


def keep(connection: Connection, database: Database, wanted: Kept, now: datetime) -> Kept | None:
    """Put a channel in place, and return the one that was there; raise `Unavailable` where the tables are not."""
    require(connection, database)
    values = {
        "name": wanted.name,
        "driver": wanted.driver,
        "options": json.dumps(wanted.options, ensure_ascii=False),
        "active": wanted.active,
        "now": stamp(now),
    }
    with connection.transaction():
        connection.change("update pipeline_channel set name = name where name = :name", name=wanted.name)
        before = next((one for one in _own(connection) if one.name == wanted.name), None)
        if before is None:
            connection.change(
                "insert into pipeline_channel (name, driver, options, active, created_at, updated_at)"
                " values (:name, :driver, :options, :active, :now, :now)",
                **values,
            )
        else:
            connection.change(
                "update pipeline_channel set driver = :driver, options = :options, active = :active,"
                " updated_at = :now where name = :name",
                **values,
            )
    return before


def switch(connection: Connection, database: Database, name: str, now: datetime, *, active: bool) -> bool:
    """Take a channel into use or out of it; say whether that changed anything. Raises `Unavailable`."""
    require(connection, database)
    with connection.transaction():
        before = _find(connection, database, name)
        connection.change(
            "update pipeline_channel set active = :active, updated_at = :now where name = :name",
            name=name,
            active=active,
            now=stamp(now),
        )
    return before.active is not active


def remove(connection: Connection, database: Database, name: str) -> None:
    """Remove a channel; raise `Unavailable` where there is none."""
    require(connection, database)
    with connection.transaction():
        _find(connection, database, name)
        connection.change("delete from pipeline_channel where name = :name", name=name)


def _own(connection: Connection) -> Iterator[Kept]:
    return _rows(connection, OWN, "options", "active")


def _find(connection: Connection, database: Database, name: str) -> Kept:
    known = {one.name: one for one in _own(connection)}
    if name not in known:
        near = nearest(name, list(known))
        hint = f' — did you mean "{near}"?' if near else ""
        raise Unavailable(f"{OWN} of {database} has no channel {name}{hint}")
    return known[name]
