"""Queries to PostgreSQL: they change nothing, and end in time, here and on the server."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg

from runner.doors.database import FAREWELL, Answer, another, aside, read_rows, refusal, slow
from runner.doors.net import broken, shut

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from runner.deadline import Deadline
    from runner.errors import NodeError
    from runner.spec.databases import DatabaseUrl

_LIMITS: Final = (
    "SELECT set_config('statement_timeout', %s, true), set_config('idle_in_transaction_session_timeout', %s, true)"
)
"""The server's own limits in milliseconds, should it not hear of the end."""
_QUERIES: Final = {
    "25006": "read_only",
    "40": "query_failed",
    "42501": "no_permission",
    "53": "query_failed",
    "55P03": "query_failed",
    "57": "query_failed",
    "57P": "connection_lost",
    "58": "query_failed",
    "XX": "query_failed",
}
"""Why a server does not answer a query, by its code or by the beginning of it; of any other the query is to blame."""


def ask(connection: psycopg.Connection[Any], url: DatabaseUrl, query: str, deadline: Deadline) -> Answer:
    """Have a query answered in a transaction that only reads and is taken back; `connected` is left at 0."""
    try:
        with _stoppable(connection, url, deadline), connection.cursor() as cursor:
            connection.read_only = True
            cursor.execute(_LIMITS, [str(int((deadline.left + FAREWELL) * 1000))] * 2)
            began = time.perf_counter()
            # streamed by the protocol that takes one statement alone
            first, rows = read_rows(cursor.stream(query.encode()), url, deadline)
            taken = time.perf_counter() - began
            connection.rollback()
    except (psycopg.Error, ValueError, ArithmeticError) as error:
        raise _unanswered(error, connection, url, deadline) from None
    return Answer(row=first, rows=rows, connected=0.0, answered=taken)


@contextmanager
def _stoppable(connection: psycopg.Connection[Any], url: DatabaseUrl, deadline: Deadline) -> Iterator[None]:
    """Stop what the block does on a connection, here and on the server, as soon as the deadline is over."""
    if deadline.over:
        raise slow(url, deadline)
    with another(connection) as line, deadline.guard(aside(partial(_stop, connection, line))):
        yield


def _stop(connection: psycopg.Connection[Any], line: socket.socket) -> None:
    with suppress(psycopg.Error, OSError):
        connection.cancel_safe(timeout=FAREWELL)
    shut(line)


def _unanswered(
    error: Exception, connection: psycopg.Connection[Any], url: DatabaseUrl, deadline: Deadline
) -> NodeError:
    """Say why a query has no answer."""
    if deadline.over:
        return slow(url, deadline)
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return refusal(_by_state(error.sqlstate), url, error.diag.message_primary or "")
    if connection.broken:
        return broken(None, str(url))
    if isinstance(error, psycopg.ProgrammingError | psycopg.InternalError):
        return refusal("no_rows", url)
    return refusal("unreadable", url, str(error).partition("\n")[0])


def _by_state(state: str) -> str:
    """Look a code up, else its class, the longest beginning first."""
    return next((_QUERIES[state[:end]] for end in range(len(state), 1, -1) if state[:end] in _QUERIES), "bad_query")
