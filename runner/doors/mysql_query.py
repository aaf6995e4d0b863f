"""Queries to MySQL and MariaDB: they change nothing, and end in time, here and on the server."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import pymysql
from pymysql.cursors import SSCursor

from runner.deadline import Deadline
from runner.doors.database import FAREWELL, Answer, another, aside, read_rows, refusal, slow
from runner.doors.mysql import LOST, NONSENSE, told
from runner.doors.net import broken, shut
from runner.errors import NodeError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from runner.doors.mysql import Connection
    from runner.spec.databases import DatabaseUrl

_UNKNOWN_VARIABLE: Final = 1193
_QUERIES: Final = {
    **dict.fromkeys((1044, 1142, 1143, 1227, 1370), "no_permission"),
    1792: "read_only",
    **dict.fromkeys((1021, 1030, 1034, 1035, 1037, 1038, 1041, 1114, 1194, 1195, 1205, 1206, 1213), "query_failed"),
    **dict.fromkeys((1317, 1969, 3024), "query_failed"),
    **dict.fromkeys((1053, 1927), "connection_lost"),
}
"""Why a server does not answer a query, by its number; of any other the query is to blame."""


def ask(
    connection: Connection,
    url: DatabaseUrl,
    query: str,
    deadline: Deadline,
    again: Callable[[Deadline], Connection],
) -> Answer:
    """Have a query answered in a transaction that only reads and is taken back; `connected` is left at 0.

    `again` connects to the same server, to stop there what is not done in time.
    """
    query = query.strip().rstrip("; \n")  # as a list of processes has it
    try:
        with _stoppable(connection, url, query, deadline, again):
            _limit(connection, deadline.left + FAREWELL)
            for statement in ("SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY"):
                connection.query(statement)
            began = time.perf_counter()
            with _unbuffered(connection) as cursor:
                cursor.execute(query)
                if not cursor.description:
                    raise refusal("no_rows", url)
                first, rows = read_rows(cursor, url, deadline)
            taken = time.perf_counter() - began
            connection.rollback()
    except (pymysql.MySQLError, OSError, *NONSENSE) as error:
        raise _unanswered(error, url, deadline) from None
    return Answer(row=first, rows=rows, connected=0.0, answered=taken)


def _unanswered(error: Exception, url: DatabaseUrl, deadline: Deadline) -> NodeError:
    """Say why a query has no answer."""
    if deadline.over:
        return slow(url, deadline)
    number, said = told(error)
    if number in LOST or isinstance(error, OSError):
        return broken(None, str(url))
    if not number:
        return refusal("unreadable", url, said)
    return refusal(_QUERIES.get(number, "bad_query"), url, said)


@contextmanager
def _unbuffered(connection: Connection) -> Iterator[SSCursor]:
    """Give a cursor that keeps no rows."""
    cursor = connection.cursor(SSCursor)
    try:
        yield cursor
    except BaseException:
        # else it would be read to its end when it is thrown away, from a connection that is gone
        if connection._result is not None:  # noqa: SLF001 - see above
            connection._result.unbuffered_active = False  # noqa: SLF001 - see above
        raise
    cursor.close()


def _limit(connection: Connection, seconds: float) -> None:
    """Have the server stop what takes longer, and hang up, should it not hear of the end."""
    maria = "MariaDB" in connection.server_version
    limit = f"max_statement_time = {seconds:.3f}" if maria else f"max_execution_time = {int(seconds * 1000)}"
    try:
        connection.query(f"SET SESSION wait_timeout = {math.ceil(seconds)}, {limit}")
    except pymysql.MySQLError as error:
        if told(error)[0] != _UNKNOWN_VARIABLE:  # an old server has no such limit
            raise


@contextmanager
def _stoppable(
    connection: Connection,
    url: DatabaseUrl,
    query: str,
    deadline: Deadline,
    again: Callable[[Deadline], Connection],
) -> Iterator[None]:
    """Stop what the block does on a connection, here and on the server, as soon as the deadline is over."""
    if deadline.over:
        raise slow(url, deadline)
    with another(connection._sock) as line:  # noqa: SLF001 - it stands nowhere else
        end = partial(stop, connection.server_thread_id[0], query, line, again)
        with deadline.guard(aside(end)):
            yield


def stop(number: int, query: str, line: socket.socket, again: Callable[[Deadline], Connection]) -> None:
    """End a query on the server, if it is the one: behind a balancer, the same number may be another's elsewhere."""
    patience = Deadline(FAREWELL)
    trouble = suppress(pymysql.MySQLError, NodeError, OSError, *NONSENSE)
    with trouble, patience.guard(partial(shut, line)), again(patience) as other, other.cursor() as cursor:
        found = "SELECT 1 FROM information_schema.processlist WHERE id = %s AND info = %s"
        if cursor.execute(found, (number, query)):
            cursor.execute(f"KILL QUERY {number:d}")
    shut(line)
