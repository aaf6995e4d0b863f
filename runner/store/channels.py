"""Channels in a database: the runner's own table, and the earlier Django app's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runner.errors import Unavailable
from runner.scope import StoredChannel
from runner.store.connection import NoTable, as_text
from runner.store.tables import DJANGO_CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.store.connection import Connection


def channels(connection: Connection) -> tuple[StoredChannel, ...]:
    """Return the active channels, by name; raise `Unavailable` for one whose options cannot be read.

    A name that both tables have is the runner's own table's.
    """
    own = _rows(connection, "pipeline_channel", "options", "active")
    django = _rows(connection, DJANGO_CHANNELS, "config", "is_active")
    found = {channel.name: channel for channel in (*django, *own)}
    return tuple(found[name] for name in sorted(found))


def _rows(connection: Connection, table: str, options: str, active: str) -> Iterator[StoredChannel]:
    try:
        rows = connection.rows(
            f"select name, driver, {as_text(connection, options)}, {active} from {table}"  # noqa: S608 - constants
        )
    except NoTable:
        return
    yield from (_channel(row, table) for row in rows if row[3])


def _channel(row: Sequence[Any], table: str) -> StoredChannel:
    name, driver, text, _ = row
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise Unavailable(f"the options of the channel {name} in {table} are no JSON object")
    return StoredChannel(name=name, driver=driver, options=options, earlier=table == DJANGO_CHANNELS)
