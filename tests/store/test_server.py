"""PostgreSQL and MySQL when things go wrong: one clear error each, in time, and never the password."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import pytest

from runner.errors import ExitCode, RunnerError, Transient, Unavailable
from runner.spec.databases import database_url
from runner.store import definitions
from runner.store.connection import NoPermission, NoTable
from runner.store.database import LIMIT
from runner.store.memory import remember
from tests.databases import SERVERS, Store, store_at
from tests.servers import PASSWORD, Private
from tests.store.past import Clock
from tests.support import FACTS
from tests.wire import wire_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.store.connection import Connection

LATE = LIMIT + 0.5
both = pytest.mark.parametrize("server", SERVERS, indirect=True)
DOCUMENT = "version: '1.0'\nnodes: [{id: a, type: transform, config: {extract: x}}]\n"


@pytest.fixture
def shop(server: Private) -> Store:
    """Its database `shop`, with one definition."""
    store = store_at(database_url(server.url())).upgrade()
    store.define("shop", DOCUMENT)
    return store


def find(store: Store, *, limit: float = LIMIT) -> object:
    return store.database.work(partial(definitions.find, database=store.database, name="shop"), limit=limit)


def trouble(work: Callable[[], object], *, within: float = LATE) -> RunnerError:
    """Return the error that some work ends with, in time, and without the password."""
    began = time.monotonic()
    with pytest.raises((Transient, Unavailable)) as caught:
        work()
    assert time.monotonic() - began < within
    shown = f"{caught.value} {caught.value.message} {caught.value.__cause__}"
    assert PASSWORD not in shown
    return caught.value


@both
def test_a_definition_is_found(shop: Store) -> None:
    found = find(shop)
    assert isinstance(found, definitions.StoredDefinition)
    assert (found.document, found.revision, found.table) == (DOCUMENT, 1, "pipeline_definition")


@both
def test_a_server_that_is_down(server: Private) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = replace(database_url(server.url()), port=port)
    error = trouble(lambda: find(store_at(url)))
    assert (type(error), error.exit_code) == (Transient, ExitCode.TRANSIENT)
    assert error.message == f"connection refused by {server.kind} at 127.0.0.1:{port}/shop"


@both
def test_a_name_that_leads_nowhere(server: Private) -> None:
    error = trouble(lambda: find(store_at(database_url(server.url(host="nowhere.invalid")))))
    assert type(error) is Transient
    where = f"{server.kind} at nowhere.invalid:{server.port}/shop"
    assert error.message.startswith(f"{where} cannot be reached: the name nowhere.invalid")


@both
def test_a_wrong_password(server: Private, shop: Store) -> None:
    error = trouble(lambda: find(store_at(database_url(server.url(password="wr0ng-secret")))))  # noqa: S106 - it is none
    assert (type(error), error.exit_code) == (Unavailable, ExitCode.UNAVAILABLE)
    said = {
        "postgresql": 'password authentication failed for user "app"',
        "mysql": "Access denied for user 'app'@'127.0.0.1' (using password: YES)",
    }
    assert error.message == f"{shop.database} refuses the login of app: {said[server.kind]}"


@both
def test_an_unknown_database(server: Private) -> None:
    url = server.url(database="nowhere", user=known_everywhere(server))
    error = trouble(lambda: find(store_at(database_url(url))))
    assert type(error) is Unavailable
    said = {"postgresql": 'database "nowhere" does not exist', "mysql": "Unknown database 'nowhere'"}
    place = f"{server.kind} at 127.0.0.1:{server.port}"
    assert error.message == f"{place} has no database nowhere: {said[server.kind]}"


def known_everywhere(server: Private) -> str:
    """Return a user whom the server lets see that a database is not there."""
    if server.kind == "mysql":
        make_user(server, "wanderer")
        server.do("GRANT ALL ON *.* TO wanderer@'%'")
        return "wanderer"
    return "app"


def make_user(server: Private, name: str) -> None:
    """Make a user with the password, who may log in and no more."""
    quoted = PASSWORD.replace("'", "''")
    if server.kind == "mysql":
        server.do(f"CREATE OR REPLACE USER {name}@'%' IDENTIFIED BY '{quoted}'")
    elif (name,) not in server.do("SELECT rolname FROM pg_roles"):
        server.do(f"CREATE ROLE {name} LOGIN PASSWORD '{quoted}'")


@pytest.mark.parametrize("kind", SERVERS)
def test_tables_that_are_missing(empty: Store) -> None:
    error = trouble(lambda: find(empty))
    assert type(error) is NoTable
    tables = "pipeline_definition or orchestration_pipelinedefinition"
    hint = "make the runner's own with: pipeline-runner db upgrade"
    assert error.message == f"{empty.database} has no table of definitions ({tables}) that can be read — {hint}"


@pytest.mark.parametrize("kind", SERVERS)
def test_a_table_that_is_missing_among_the_others(fresh: Store) -> None:
    fresh.change("drop table pipeline_definition_revision")
    error = trouble(lambda: find(fresh))
    assert type(error) is NoTable
    name = fresh.database.url.database
    said = {
        "postgresql": 'relation "pipeline_definition_revision" does not exist',
        "mysql": f"Table '{name}.pipeline_definition_revision' doesn't exist",
    }
    assert error.message == f"{fresh.database} has not the tables of this version: {said[fresh.kind]}"


@both
def test_what_is_not_permitted(server: Private, shop: Store) -> None:
    make_user(server, "stranger")
    if server.kind == "mysql":
        server.do("GRANT CREATE ON shop.nothing TO stranger@'%'")  # else the database itself is closed to them
    error = trouble(lambda: find(store_at(database_url(server.url(user="stranger")))))
    assert (type(error), error.exit_code) == (NoPermission, ExitCode.UNAVAILABLE)
    said = {
        "postgresql": "permission denied for table pipeline_definition",
        "mysql": "SELECT command denied to user 'stranger'@'127.0.0.1' for table `shop`.`pipeline_definition`",
    }
    assert error.message == f"{shop.database} does not permit this: {said[server.kind]}"


def backend(connection: Connection) -> int:
    sql = {"postgresql": "select pg_backend_pid()", "mysql": "select connection_id()"}
    return int(connection.rows(sql[connection.kind])[0][0])


@both
def test_a_connection_that_the_server_ends_in_the_middle(server: Private, shop: Store) -> None:
    def work(connection: Connection) -> object:
        number = backend(connection)
        server.do(f"SELECT pg_terminate_backend({number})" if server.kind == "postgresql" else f"KILL {number}")
        time.sleep(0.2)
        return connection.rows("select 1")

    error = trouble(lambda: shop.database.work(work))
    assert type(error) is Transient
    said = {
        "postgresql": "terminating connection due to administrator command",
        "mysql": "Lost connection to MySQL server during query",
    }
    assert error.message.startswith(f"{shop.database} ended the connection: {said[server.kind]}")


@both
def test_a_wire_that_is_cut_in_the_middle(server: Private, shop: Store) -> None:
    with wire_to(server.port) as wire:

        def work(connection: Connection) -> object:
            connection.rows("select 1")
            wire.cut()
            return connection.rows("select 1")

        url = replace(shop.database.url, port=wire.port)
        error = trouble(lambda: store_at(url).database.work(work))
    assert type(error) is Transient
    assert error.message.startswith(f"{server.kind} at 127.0.0.1:{wire.port}/shop ended the connection")


@both
def test_a_wire_that_is_cut_anywhere(server: Private, shop: Store) -> None:
    """However far it came, there is one error of ours, and nobody waits; or nothing was missing any more."""
    with wire_to(server.port) as wire:
        cut = store_at(replace(shop.database.url, port=wire.port))
        whole = find(cut)
        total, ends = wire.heard, []
        for at in range(6, total, max(1, total // 40)):  # less could be from any server
            wire.heard, wire.cut_at = 0, at
            ends.append(outcome(cut))
    assert ends.count(whole) <= 3
    lost = [end for end in ends if end != whole]
    assert {type(end) for end in lost} == {Transient}
    assert all(f"127.0.0.1:{wire.port}" in str(end) for end in lost)


def outcome(store: Store) -> object:
    """Return what is found, or the error, in time."""
    began = time.monotonic()
    try:
        found = find(store)
    except RunnerError as error:
        found = error
        assert PASSWORD not in f"{found} {found.__cause__}"
    assert time.monotonic() - began < LATE
    return found


@both
def test_a_server_that_takes_connections_and_is_silent(server: Private) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        error = trouble(lambda: find(store_at(replace(database_url(server.url()), port=port))))
    assert type(error) is Transient
    assert error.message == f"{server.kind} at 127.0.0.1:{port}/shop did not answer within 5s"


@both
def test_a_server_that_falls_silent_in_the_middle(server: Private, shop: Store) -> None:
    with wire_to(server.port) as wire:

        def work(connection: Connection) -> object:
            connection.rows("select 1")
            wire.silent = True
            return connection.rows("select 1")

        database = store_at(replace(shop.database.url, port=wire.port)).database
        error = trouble(lambda: database.work(work, limit=1.0), within=1.5)
    assert (type(error), error.message) == (Transient, f"{database} did not answer within 1s")


@both
def test_a_server_that_is_stopped_answers_nobody_and_holds_nobody_up(server: Private, shop: Store) -> None:
    server.process.send_signal(signal.SIGSTOP)
    try:
        error = trouble(lambda: find(shop, limit=1.0), within=1.5)
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert type(error) is Transient
    assert error.message.startswith(str(shop.database))
    assert error.message.endswith("did not answer within 1s")


@contextmanager
def held(store: Store) -> Iterator[None]:
    """Hold the table of series meanwhile, from another connection."""
    ready, enough = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        with connection.transaction():
            connection.change("update pipeline_series set touched_at = touched_at")
            ready.set()
            enough.wait(20)

    holder = threading.Thread(target=partial(store.database.work, work, limit=30.0))
    holder.start()
    ready.wait(10)
    try:
        yield
    finally:
        enough.set()
        holder.join()


@pytest.mark.parametrize("kind", SERVERS)
def test_a_row_that_somebody_else_holds(fresh: Store) -> None:
    memory = remember(fresh.database, FACTS, Clock())
    with held(fresh):
        work = partial(fresh.database.work, memory.series.hold, limit=1.0)
        error = trouble(work, within=1.5)
    assert (type(error), error.message) == (Transient, f"{fresh.database} did not answer within 1s")
    later = replace(fresh.database, silent=[])  # what was silent is not asked again by the same run
    assert remember(later, FACTS, Clock()).past.previous_run_id == ""


@contextmanager
def small_disk(folder: Path, size: str, owner: str) -> Iterator[Path]:
    """Mount a file system that is soon full."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a file system is mounted by root alone")
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    shutil.chown(folder, owner, owner)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(store: Store) -> None:
    """Put more and more into a table, and nothing that could be compressed."""
    for number in range(40):
        store.channel(f"c{number}", "log", {"text": os.urandom(500_000).hex()})


def test_a_disk_that_is_full(private_postgres: Private) -> None:
    place, server = Path(gettempdir()) / f"small-disk-{os.getpid()}", private_postgres
    with small_disk(place, "12m", "postgres") as disk:
        server.do(f"CREATE TABLESPACE small LOCATION '{disk}'", "CREATE DATABASE small OWNER app TABLESPACE small")
        store = store_at(database_url(server.url(database="small"))).upgrade()
        error = trouble(lambda: fill(store), within=40 * LATE)
        server.do("DROP DATABASE small WITH (FORCE)", "DROP TABLESPACE small")
    place.rmdir()
    assert (type(error), error.exit_code) == (Transient, ExitCode.TRANSIENT)
    assert error.message.startswith(f"{store.database} has no room left: could not extend file ")
    assert error.message.endswith("No space left on device")


@pytest.mark.parametrize("kind", ["mysql"])
def test_a_table_that_is_full(fresh: Store) -> None:
    """MariaDB itself ends where its disk does; a table in memory that is full has the same error."""
    fresh.change("drop table pipeline_channel")
    columns = "driver varchar(64), active boolean, created_at varchar(27), updated_at varchar(27)"
    fresh.change(
        f"create table pipeline_channel (name varchar(64), options varchar(15000), {columns})"
        " engine=memory max_rows=1 charset=latin1"
    )

    def work() -> None:
        for number in range(3000):
            fresh.channel(f"c{number}", "log", {"text": "x" * 14000})

    error = trouble(work, within=40 * LATE)
    assert type(error) is Transient
    assert error.message == f"{fresh.database} has no room left: The table 'pipeline_channel' is full"


@pytest.mark.parametrize("kind", SERVERS)
def test_two_that_write_the_same_at_once_are_told_apart_from_a_refusal(store: Store) -> None:
    """What another has just written is no error: it is done anew, with what is there by then."""
    tries: list[int] = []

    def work(connection: Connection) -> int:
        tries.append(1)
        with connection.transaction():
            if not connection.rows("select name from pipeline_channel"):
                if len(tries) == 1:
                    store.channel("ops", "log", {})
                connection.change(
                    "insert into pipeline_channel (name, driver, options, active, created_at, updated_at)"
                    " values ('ops', 'log', '{}', :yes, '', '')",
                    yes=True,
                )
        return len(tries)

    assert store.database.work(work) == 2


@pytest.mark.parametrize("kind", SERVERS)
def test_a_statement_that_the_server_refuses(store: Store) -> None:
    error = trouble(lambda: store.rows("select nonsense from"))
    assert type(error) is Unavailable
    assert error.message.startswith(f"{store.database} refuses the statement: ")
