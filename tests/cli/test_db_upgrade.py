"""`db upgrade`, as a process of its own against real databases."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from runner.cli.remember import EMBEDDED
from runner.store.tables import NEWEST, OWN, VERSIONS
from tests.conftest import CLEAN
from tests.databases import Store, store_at
from tests.roles import user_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

MADE = f"has its tables now, at step {NEWEST}"
UNNAMED = "no database is named — set PIPELINE_DATABASE_URL or PIPELINE_STATE_URL to its URL"
WORDS = "upgrade, check, import, export, activate, deactivate, channel"
THERE = f"is at step {NEWEST} already, the newest"


def tables(store: Store) -> frozenset[str]:
    return store.database.work(lambda connection: connection.tables())


def sentence(store: Store, what: str, variable: str = "PIPELINE_DATABASE_URL") -> str:
    return f"{store.database} ({variable}) {what}\n"


def test_it_makes_the_tables_and_does_nothing_when_they_are_there(cli: Cli, empty: Store) -> None:
    env = {"PIPELINE_DATABASE_URL": empty.text}
    first, second = cli("db", "upgrade", env=env), cli("db", "upgrade", env=env)
    assert (first.code, first.out, first.err) == (0, sentence(empty, MADE), "")
    assert (second.code, second.out, second.err) == (0, sentence(empty, THERE), "")
    assert tables(empty) == {*OWN, VERSIONS}
    assert empty.rows("select version_num from pipeline_schema") == [(NEWEST,)]


def test_as_json_it_says_from_where_to_where(cli: Cli, empty: Store) -> None:
    env = {"PIPELINE_DATABASE_URL": empty.text}
    told = [json.loads(cli("db", "upgrade", "--json", env=env).out) for _ in range(2)]
    about = {"database": str(empty.database), "variable": "PIPELINE_DATABASE_URL", "to": NEWEST}
    assert told == [{**about, "from": "", "changed": True}, {**about, "from": NEWEST, "changed": False}]


def test_several_at_once_do_it_once(empty: Store, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runner", "db", "upgrade"]
    env = {**CLEAN, "PIPELINE_DATABASE_URL": empty.text}
    running = [
        subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    assert sorted(out for out, _ in said) == sorted([sentence(empty, MADE), *[sentence(empty, THERE)] * 3])


def test_on_mysql_what_was_stopped_half_way_is_finished(cli: Cli, mysql_database: Any) -> None:  # noqa: ANN401 - a fixture
    store = store_at(mysql_database)
    env = {"PIPELINE_DATABASE_URL": store.text}
    cli("db", "upgrade", env=env)
    whole = _described(store)
    for statement in (
        "delete from pipeline_schema",
        "drop table pipeline_said",
        "drop index pipeline_run_verdict on pipeline_run",
    ):
        store.change(statement)
    ended = cli("db", "upgrade", env=env)
    assert (ended.code, ended.out) == (0, sentence(store, MADE))
    assert _described(store) == whole


def _described(store: Store) -> list[tuple[Any, ...]]:
    columns = "select table_name, column_name, column_type from information_schema.columns"
    indexes = "select table_name, index_name, column_name from information_schema.statistics"
    return [
        row
        for query in (columns, indexes)
        for row in store.rows(f"{query} where table_schema = database() order by 1, 2, 3")
    ]


def test_the_sql_that_it_prints_does_the_same(cli: Cli, empty: Store) -> None:
    if empty.kind == "sqlite":
        cli("--checks-only", "--fail-on", "never", env={"PIPELINE_STATE_URL": empty.text})  # makes the file
        for (name,) in empty.rows("select name from sqlite_master where type = 'table'"):
            empty.change(f"drop table {name}")
    env = {"PIPELINE_DATABASE_URL": empty.text}
    ended = cli("db", "upgrade", "--sql", env=env)
    assert (ended.code, ended.err) == (0, "")
    assert tables(empty) == frozenset()
    _execute(empty, ended.out)
    assert cli("db", "upgrade", env=env).out == sentence(empty, THERE)
    assert tables(empty) == {*OWN, VERSIONS}


def _execute(store: Store, script: str) -> None:
    """Have a client of the database's own do what a script says."""
    if store.kind == "sqlite":
        with closing(sqlite3.connect(store.database.url.database)) as file:
            file.executescript(script)
    elif store.kind == "postgresql":
        with psycopg.connect(store.text, autocommit=True) as connection:
            connection.execute(script.encode())
    else:
        for statement in script.split(";\n"):
            if lines := [line for line in statement.splitlines() if line and not line.startswith("--")]:
                store.change("\n".join(lines))


def test_there_is_no_sql_where_there_is_nothing_to_do(cli: Cli, store: Store) -> None:
    env = {"PIPELINE_DATABASE_URL": store.text}
    ended = cli("db", "upgrade", "--sql", env=env)
    assert (ended.code, ended.out) == (0, f"-- {store.database} is at step {NEWEST} already: there is nothing to do\n")
    told = json.loads(cli("db", "upgrade", "--sql", "--json", env=env).out)
    assert told == {
        "database": str(store.database),
        "variable": "PIPELINE_DATABASE_URL",
        "kind": store.kind,
        "from": NEWEST,
        "to": NEWEST,
        "sql": "",
    }


@pytest.mark.parametrize(
    ("kind", "words"),
    [("postgresql", "BEGIN;"), ("mysql", "COLLATE utf8mb4_bin"), ("sqlite", "active BOOLEAN DEFAULT 1")],
)
def test_the_sql_for_a_kind_of_database_needs_none(cli: Cli, kind: str, words: str) -> None:
    ended = cli("db", "upgrade", "--sql", kind)
    assert (ended.code, ended.err) == (0, "")
    assert words in ended.out
    assert [f"CREATE TABLE {name} (" in ended.out for name in (*OWN, VERSIONS)] == [True] * (len(OWN) + 1)


def test_the_database_of_the_history_is_upgraded_where_it_is_the_only_one_or_asked_for(
    cli: Cli, bare_server: Store, tmp_path: Path
) -> None:
    both = {"PIPELINE_DATABASE_URL": f"sqlite:///{tmp_path}/own.db", "PIPELINE_STATE_URL": bare_server.text}
    ended = cli("db", "upgrade", env=both)
    hint = "which is looked after by: pipeline-runner db upgrade --state"
    assert (ended.code, ended.err) == (0, f"PIPELINE_STATE_URL names {bare_server.database}, {hint}\n")
    assert tables(bare_server) == frozenset()
    assert cli("db", "upgrade", "--state", env=both).out == sentence(bare_server, MADE, "PIPELINE_STATE_URL")
    alone = {"PIPELINE_STATE_URL": bare_server.text, "PIPELINE_DATABASE_URL": "none"}
    assert cli("db", "upgrade", env=alone).out == sentence(bare_server, THERE, "PIPELINE_STATE_URL")


def test_tables_of_a_newer_runner_are_left_alone(cli: Cli, store: Store) -> None:
    store.change("update pipeline_schema set version_num = '9999'")
    message = f"{store.database} has tables of a newer pipeline-runner (step 9999, this one knows {NEWEST}) — update it"
    for flags in ((), ("--sql",)):
        ended = cli("db", "upgrade", *flags, env={"PIPELINE_DATABASE_URL": store.text})
        assert (ended.code, ended.out, ended.err) == (4, "", f"error: {message}\n")


def test_a_step_that_nobody_has_made_is_told(cli: Cli, store: Store) -> None:
    store.change("update pipeline_schema set version_num = '0000'")
    ended = cli("db", "upgrade", env={"PIPELINE_DATABASE_URL": store.text})
    said = f"{store.database} is at step '0000', which no pipeline-runner has made"
    assert (ended.code, ended.out, ended.err) == (4, "", f"error: {said}\n")


def test_where_nothing_is_named_it_is_about_the_file_that_the_runs_in_a_folder_remember_in(cli: Cli) -> None:
    assert cli("db", "upgrade").err == f"error: {UNNAMED}\n"
    cli("--checks-only", "--checkers", "memory")
    said = f"the SQLite file {EMBEDDED} (where nothing else is named) {THERE}\n"
    for flags in ((), ("--state",)):
        assert cli("db", "upgrade", *flags).out == said
    assert cli("db", "upgrade", env={"PIPELINE_STATE_URL": "none"}).err == f"error: {UNNAMED}\n"


def test_a_user_who_may_make_no_tables_is_told_so(cli: Cli, bare_server: Store) -> None:
    rights = [] if bare_server.kind == "postgresql" else [f"select on `{bare_server.database.url.database}`.*"]
    with user_of(bare_server, *rights) as url:
        ended = cli("db", "upgrade", env={"PIPELINE_DATABASE_URL": url})
    assert (ended.code, ended.out) == (4, "")
    said = (
        "permission denied for schema public" if bare_server.kind == "postgresql" else "CREATE command denied to user"
    )
    assert ended.err.startswith(f"error: {bare_server.database} does not permit this: {said}")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "env", "code", "message"),
    [
        ((), {}, 2, UNNAMED),
        (("--state",), {}, 2, "no database is named — set PIPELINE_STATE_URL to its URL"),
        (
            (),
            {"PIPELINE_DATABASE_URL": "none", "DATABASE_URL": "postgresql://a@127.0.0.1/b"},
            2,
            f"{UNNAMED}; DATABASE_URL is the application's own",
        ),
        (("--sql", "oracle"), {}, 2, 'argument --sql: unknown word "oracle" — known: postgresql, mysql, sqlite'),
        (
            ("--sql", "mysql", "--state"),
            {},
            2,
            "--state names a database, and --sql with a kind asks none — leave one out",
        ),
        (
            (),
            {"PIPELINE_DATABASE_URL": "postgresql://me:secret-word@127.0.0.1:1/shop"},
            75,
            "connection refused by postgresql at 127.0.0.1:1/shop",
        ),
    ],
    ids=["none", "no state", "the application's", "unknown kind", "two things", "down"],
)
def test_what_cannot_be_done_is_one_clear_error(
    cli: Cli, arguments: tuple[str, ...], env: dict[str, str], code: int, message: str
) -> None:
    ended = cli("db", "upgrade", *arguments, env=env)
    assert (ended.code, ended.out, ended.err) == (code, "", f"error: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), f"db does nothing by itself — write db and one of {WORDS}"),
        (("upgrad", "--json"), 'unknown command "db upgrad" — did you mean "upgrade"?'),
        (("zzzz",), f'unknown command "db zzzz" — known: {WORDS}'),
    ],
    ids=["none", "near", "far"],
)  # fmt: skip
def test_db_alone_names_its_commands(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    ended = cli("db", *arguments)
    assert ended.code == 2
    assert message in ended.err
