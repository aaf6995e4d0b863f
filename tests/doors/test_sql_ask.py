"""Queries through the door to database servers: they change nothing, and end in time, here and on the server."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pymysql
import pytest

from runner.deadline import Deadline
from runner.doors.mysql_query import stop
from runner.doors.net import shut
from runner.doors.sql import Sql
from runner.errors import Cancelled, NodeError, TimedOut, Unreachable
from runner.spec.databases import database_url
from tests.doors.databases import (
    both,
    in_time,
    refused,
    said,
    shown,
    while_asked,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Private

ROOT: Final = Path(__file__).parents[2]


@both
def test_a_query_brings_its_first_row_how_many_there_are_and_how_long_it_took(server: Private) -> None:
    query = "SELECT 1, 'λ' UNION ALL SELECT 2, '%' ORDER BY 1"
    began = time.monotonic()
    found = Sql().ask(database_url(server.url()), query, Deadline(10))
    assert (found.row, found.rows) == ((1, "λ"), 2)
    assert 0 < found.answered < found.answered + found.connected < time.monotonic() - began
    assert (
        Sql().ask(database_url(server.url()), "SELECT 1 FROM (SELECT 1 AS a) AS b WHERE a = 2;", Deadline(10)).rows == 0
    )


@both
def test_many_rows_are_counted_and_cost_no_memory(server: Private) -> None:
    rows = {
        "postgresql": "SELECT repeat('x', 1000), a FROM generate_series(1, 20000) AS a",
        "mysql": "SELECT repeat('x', 1000), seq FROM seq_1_to_20000",
    }[server.kind]
    tracemalloc.start()
    found = Sql().ask(database_url(server.url()), rows, Deadline(30))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.rows, peak < 10 << 20) == (20_000, True)


@both
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE made (a INT)",
        "INSERT INTO things VALUES (1)",
        "UPDATE things SET a = 2",
        "DELETE FROM things",
        "DROP TABLE things",
    ],
)
def test_a_statement_that_changes_something_is_refused_and_changes_nothing(server: Private, statement: str) -> None:
    url = database_url(server.url())
    with closing(Sql().connect(url, Deadline(10))) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("DROP TABLE IF EXISTS things")
        cursor.execute("CREATE TABLE things AS SELECT 7 AS a")
        connection.commit()
    error = refused(server.url(), statement)
    verb = statement.split(maxsplit=1)[0]
    words = {
        "postgresql": f"cannot execute {verb} {'TABLE ' * (verb in {'CREATE', 'DROP'})}in a read-only transaction",
        "mysql": "Cannot execute statement in a READ ONLY transaction",
    }[server.kind]
    assert said(error) == (
        "bad_query",
        f"a check only reads, and this query would change something in {shown(server)}: {words}",
        NodeError,
    )
    assert Sql().ask(url, "SELECT * FROM things", Deadline(10)).row == (7,)


@both
@pytest.mark.parametrize("query", ["SELECT 1; DELETE FROM things", "SELECT 1; SELECT 2", "COMMIT; DELETE FROM things"])
def test_more_than_one_statement_is_refused(server: Private, query: str) -> None:
    assert refused(server.url(), query).code == "bad_query"


@pytest.mark.parametrize(
    ("server", "query"),
    [
        *(("postgresql", one) for one in ("SET work_mem = '1MB'", "DO $$ BEGIN END $$", "COMMIT", "-- nothing")),
        ("postgresql", "COPY (SELECT 1) TO STDOUT"),
        *(("mysql", one) for one in ("SET @a = 1", "DO 1", "COMMIT", "-- nothing", "START TRANSACTION READ WRITE")),
    ],
    indirect=["server"],
)
def test_a_statement_without_rows_is_no_question(server: Private, query: str) -> None:
    assert said(refused(server.url(), query)) == (
        "bad_query",
        f"this statement brings no rows from {shown(server)}: ask with one that does, like SELECT or SHOW",
        NodeError,
    )


@pytest.mark.parametrize(
    ("server", "user", "query", "code", "message"),
    [
        ("postgresql", "app", "SELEC 1", "bad_query", 'cannot answer the query: syntax error at or near "SELEC"'),
        (
            "postgresql",
            "app",
            "SELECT * FROM nope",
            "bad_query",
            'cannot answer the query: relation "nope" does not exist',
        ),
        ("postgresql", "app", "SELECT 1/0", "bad_query", "cannot answer the query: division by zero"),
        (
            "postgresql",
            "reader",
            "SELECT * FROM pg_authid",
            "no_permission",
            "does not let reader ask this: permission denied for table pg_authid",
        ),
        ("mysql", "app", "SELECT * FROM nope", "bad_query", "cannot answer the query: Table 'shop.nope' doesn't exist"),
        ("mysql", "app", "CALL nope()", "bad_query", "cannot answer the query: PROCEDURE shop.nope does not exist"),
        (
            "mysql",
            "reader",
            "SELECT * FROM mysql.user",
            "no_permission",
            "does not let reader ask this: SELECT command denied to user 'reader'@'127.0.0.1' for table `mysql`.`user`",
        ),
    ],
    indirect=["server"],
)
def test_a_query_that_cannot_be_answered_is_refused_in_the_servers_words(
    server: Private, user: str, query: str, code: str, message: str
) -> None:
    if server.kind == "mysql":
        server.do("REVOKE ALL ON *.* FROM reader@'%'")
    assert said(refused(server.url(user=user), query)) == (code, f"{shown(server)} {message}", NodeError)


def test_an_answer_that_python_cannot_hold_is_said_to_be_unreadable(private_postgres: Private) -> None:
    assert said(refused(private_postgres.url(), "SELECT 'infinity'::timestamp")) == (
        "unreadable",
        f"the answer of {shown(private_postgres)} cannot be read: timestamp too large (after year 10K): 'infinity'",
        NodeError,
    )


def test_a_transaction_that_reads_cannot_be_made_one_that_writes(private_postgres: Private) -> None:
    assert refused(private_postgres.url(), "SET TRANSACTION READ WRITE").message == (
        f"{shown(private_postgres)} cannot answer the query: transaction read-write mode must be set before any query"
    )


FOREVER: Final = {
    "postgresql": ("SELECT pg_sleep(60)", "SELECT count(*) FROM generate_series(1, 10000000000)"),
    "mysql": ("SELECT SLEEP(60)", "SELECT BENCHMARK(100000000000, MD5('x'))", "SELECT SLEEP(60) ; "),
}
ENDLESS: Final = {
    "postgresql": "SELECT a FROM generate_series(1, 10000000000) AS a",
    "mysql": "SELECT seq FROM seq_1_to_10000000000",
}


@pytest.mark.parametrize(
    ("server", "query"),
    [(kind, query) for kind, queries in FOREVER.items() for query in (*queries, ENDLESS[kind])],
    indirect=["server"],
)
def test_a_query_that_never_ends_is_stopped_here_and_on_the_server(server: Private, query: str) -> None:
    with in_time(1), pytest.raises(TimedOut) as caught:
        Sql().ask(database_url(server.url()), query, Deadline(1))
    assert caught.value.message == f"{shown(server)} did not answer the query within 1s"
    assert nothing_runs(server)


@both
def test_a_query_is_stopped_when_the_run_is_told_to_stop(server: Private) -> None:
    deadline = Deadline(30)
    threading.Timer(0.5, deadline.cancel).start()
    with in_time(0.5), pytest.raises(Cancelled):
        Sql().ask(database_url(server.url()), FOREVER[server.kind][0], deadline)
    assert nothing_runs(server)


def nothing_runs(server: Private) -> bool:
    """Say whether nothing that was asked by anybody but the superuser runs any more, a moment later."""
    query = {
        "postgresql": "SELECT query FROM pg_stat_activity WHERE usename = 'app' AND state = 'active'",
        "mysql": "SELECT info FROM information_schema.processlist WHERE user = 'app' AND info <> ''",
    }[server.kind]
    end = time.monotonic() + 1
    while server.do(query):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@both
def test_the_server_stops_a_query_by_itself_where_it_does_not_hear_of_the_end(server: Private) -> None:
    """A proxy that swallows what a client says after it has logged in."""
    with relay(server.port) as (port, cut):
        url = replace(database_url(server.url()), port=port)
        threading.Timer(0.7, cut.set).start()
        with in_time(1), pytest.raises(TimedOut):
            Sql().ask(url, FOREVER[server.kind][1], Deadline(1))
        assert nothing_runs(server)


@contextmanager
def relay(port: int) -> Iterator[tuple[int, threading.Event]]:
    """Pass on what clients and a server say, until it is cut: then each side hears nothing more, not even the end."""
    cut = threading.Event()
    threads: list[threading.Thread] = []
    sockets: list[socket.socket] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not cut.is_set():
                    sink.sendall(data)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                upstream = socket.create_connection(("127.0.0.1", port))
                sockets.extend((client, upstream))
                for pair in ((client, upstream), (upstream, client)):
                    threads.append(threading.Thread(target=pump, args=pair, daemon=True))
                    threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], cut
        shut(listener)
    for sock in sockets:
        shut(sock)
    for thread in threads:
        thread.join(5)
    for sock in sockets:
        sock.close()


def test_a_query_of_another_with_the_same_number_is_left_alone(private_mysql: Private) -> None:
    """Behind a balancer, the number of a connection on one server is another's on the next."""
    other = mysql_connection(private_mysql)
    number = other.server_thread_id[0]

    def sleep() -> None:
        with suppress(pymysql.MySQLError):
            other.query("SELECT SLEEP(1.5)")

    running = threading.Thread(target=sleep)
    running.start()
    time.sleep(0.3)
    again = partial(Sql().connect, database_url(private_mysql.url()))
    with socket.socket() as line:
        stop(number, "SELECT SLEEP(60)", line, again)
        assert [row[7] for row in private_mysql.do("SHOW FULL PROCESSLIST") if row[0] == number] == [
            "SELECT SLEEP(1.5)"
        ]
        stop(number, "SELECT SLEEP(1.5)", line, again)
    running.join(0.5)
    assert not running.is_alive()
    other.close()


def mysql_connection(server: Private) -> Any:  # noqa: ANN401 - DB-API 2
    return Sql().connect(database_url(server.url()), Deadline(10))


def test_a_connection_that_somebody_ends_is_lost(private_postgres: Private, private_mysql: Private) -> None:
    for server, query, end in (
        (
            private_postgres,
            "SELECT pg_sleep(20)",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'",
        ),
        (private_mysql, "SELECT SLEEP(20)", "KILL USER app"),
    ):
        error = while_asked(database_url(server.url()), query, partial(server.do, end))
        assert (error.code, type(error)) == ("connection_lost", Unreachable)
        assert error.message.startswith(f"connection to {shown(server)} lost: ")


def test_a_query_that_somebody_cancels_has_failed(private_postgres: Private, private_mysql: Private) -> None:
    for server, query, end, words in (
        (
            private_postgres,
            "SELECT pg_sleep(20)",
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'app'",
            "canceling statement due to user request",
        ),
        (
            private_mysql,
            "SELECT SLEEP(20)",
            "KILL QUERY USER app",
            "Query execution was interrupted",
        ),
    ):
        error = while_asked(database_url(server.url()), query, partial(server.do, end))
        assert said(error) == ("query_failed", f"{shown(server)} failed on the query: {words}", NodeError)
