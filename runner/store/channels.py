"""Channels in a database: the runner's own table, and the earlier Django app's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from runner.errors import Unavailable
from runner.scope import StoredChannel
from runner.store.connection import NoPermission, NoTable, as_text
from runner.store.tables import DJANGO_CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.store.connection import Connection


def channels(connection: Connection) -> tuple[StoredChannel, ...]:
    """Return the active channels, by name.

    A name that both tables have is the runner's own table's. Raises `Unavailable` for one whose options cannot be
    read, `NoPermission` where no table of channels may be read.
    """
    found: list[dict[str, StoredChannel]] = []
    refused: list[NoPermission] = []
    for table, options, active in _TABLES:
        try:
            found.append({one.name: one for one in _rows(connection, table, options, active)})
        except NoTable:
            continue
        except NoPermission as error:
            refused.append(error)
    if refused and not found:
        raise refused[0]
    together = {name: one for some in found for name, one in some.items()}
    return tuple(together[name] for name in sorted(together))


_TABLES: Final = ((DJANGO_CHANNELS, "config", "is_active"), ("pipeline_channel", "options", "active"))
"""With the names of the columns for a channel's options, and for whether it is in use; the later one wins."""


def _rows(connection: Connection, table: str, options: str, active: str) -> Iterator[StoredChannel]:
    rows = connection.rows(
        f"select name, driver, {as_text(connection, options)}, {active} from {table}"  # noqa: S608 - constants
    )
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
