"""Database servers: one connection under a deadline, to an address that may be connected to."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from runner.doors.database import FAREWELL
from runner.doors.net import Net
from runner.errors import Refused, TimedOut
from runner.records import record
from runner.spec import duration_text
from runner.threads import concurrently

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.deadline import Deadline
    from runner.doors.database import Answer
    from runner.spec.databases import DatabaseUrl


@record(kw_only=False)
class Sql:
    """Connects to PostgreSQL and MySQL."""

    net: Net = field(default_factory=Net)
    ca_bundle: str = ""
    """A file or a folder; the system's where empty."""

    def connect(
        self, url: DatabaseUrl, deadline: Deadline, *, trusted: bool = True, lasting: Deadline | None = None
    ) -> Any:  # noqa: ANN401 - DB-API 2
        """Return a DB-API connection, in a transaction of its own from the first statement on.

        What is done on it then may be `lasting` longer than the login.

        Raises `TimedOut`, `Cancelled`, `Refused` (`refused_address`), `Unreachable` with the codes of `Net.connect`
        and with `not_ready`, and `NodeError` with `login_refused`, `no_database`, `other_service`, `invalid_config`,
        `tls`, or what is wrong with a certificate. Messages name the server and never hold the password.
        """
        if url.local and not trusted:
            msg = f"{url.server} is not connected to: sockets of this machine are refused"
            raise Refused(msg, code="refused_address")
        until = deadline.within(float(url.options.get("connect_timeout", deadline.left)))
        dial = partial(_way_to(url), self.net, url, self.ca_bundle, until, trusted=trusted)
        try:
            # a thread that can be left behind: a server says how much its client has to reckon for the login
            connection = concurrently([dial], until, limit=1, grace=FAREWELL)[0]
        except TimedOut as error:
            if str(url) in error.message:
                raise
            raise TimedOut(f"{url} did not answer within {duration_text(until.limit)}") from None
        if lasting is not None and url.kind == "mysql":
            from runner.doors import mysql  # noqa: PLC0415 - loaded by now

            mysql.allow(connection, lasting.left)
        return connection

    def ask(self, url: DatabaseUrl, query: str, deadline: Deadline, *, trusted: bool = True) -> Answer:
        """Connect, and have one query answered in a transaction that only reads and is taken back.

        What is not done in time is stopped on the server, too. Raises as `connect` does, and `NodeError` with
        `query_failed`, `bad_query`, `no_permission` or `unreadable`.
        """
        _way_to(url)  # loading it is no time of the server's
        began = time.perf_counter()
        with closing(self.connect(url, deadline, trusted=trusted)) as connection:
            connected = time.perf_counter() - began
            if url.kind == "postgresql":
                from runner.doors import postgres_query  # noqa: PLC0415 - brings psycopg, loaded by now

                answer = postgres_query.ask(connection, url, query, deadline)
            else:
                from runner.doors import mysql_query  # noqa: PLC0415 - brings PyMySQL, loaded by now

                again = partial(self.connect, url, trusted=trusted)
                answer = mysql_query.ask(connection, url, query, deadline, again)
        return replace(answer, connected=connected)


def _way_to(url: DatabaseUrl) -> Callable[..., Any]:
    """Return what connects to a kind of server."""
    if url.kind == "postgresql":
        from runner.doors import postgres  # noqa: PLC0415 - brings psycopg, 120 ms, only for such a server

        return postgres.connect
    from runner.doors import mysql  # noqa: PLC0415 - brings PyMySQL, 40 ms, only for such a server

    return mysql.connect
