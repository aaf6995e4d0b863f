"""`db check`, as a process of its own against real databases, with users who may do more and less."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from runner.store.tables import NEWEST, OWN, VERSIONS
from tests.roles import user_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ended
    from tests.databases import Store

    Cli = Callable[..., Ended]

DOCUMENT = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'
PRODUCTS = {
    "sqlite": r"SQLite 3\.\d+\.\d+",
    "postgresql": r"PostgreSQL \d+\.\d+.*",
    "mysql": r"(MariaDB|MySQL) \d+\.\d+.*",
}
DEFINITIONS = ("pipeline_definition", "pipeline_definition_revision")
CHANGES = ("insert", "update", "delete")
UPGRADE = "bring them up to date with: pipeline-runner db upgrade"
HOOK = "https://hooks.slack.example/services/T0/B0/secret"


def fill(store: Store) -> Store:
    """Put two definitions and three channels in."""
    store.define("shop", DOCUMENT)
    store.define("old", DOCUMENT, active=False)
    store.channel("oncall", "slack", {"webhook_url": HOOK})
    store.channel("late", "slack", {"webhook_url": HOOK}, active=False)
    store.channel(
        "mail", "email", {"smtp_host": "mail.example", "from_address": "a@b.example", "to_addresses": ["c@d.example"]}
    )
    return store


def contents(store: Store) -> list[list[tuple[object, ...]]]:
    return [sorted(store.rows(f"select * from {table}"), key=str) for table in (*OWN, VERSIONS)]  # noqa: S608 - constants


def test_it_says_what_is_there_and_changes_nothing(cli: Cli, store: Store) -> None:
    before = contents(fill(store))
    ended = cli("db", "check", env={"PIPELINE_DATABASE_URL": store.text})
    assert (ended.code, ended.err) == (0, "")
    head, server, *rest = ended.out.splitlines()
    assert head == f"{store.database} (PIPELINE_DATABASE_URL)"
    by = "" if store.kind == "sqlite" else " as .+"
    assert re.fullmatch(rf"  server       {PRODUCTS[store.kind]}, reached in \d+ms{by}", server)
    assert rest == [
        f"  tables       step {NEWEST}, the newest",
        "  Django app   no tables of it",
        "  definitions  pipeline_definition: 1 active, 1 inactive",
        "  channels     email: 1 active; slack: 1 active, 1 inactive",
        "  history      0 runs, 0.0 KiB",
        "",
        "TABLE                         READ  INSERT  UPDATE  DELETE",
        *(f"{table:<28}  yes   yes     yes     yes" for table in OWN),
        f"{VERSIONS:<28}  yes   -       -       -",
    ]
    assert contents(store) == before


def test_as_json_it_says_the_same(cli: Cli, store: Store) -> None:
    fill(store)
    document = json.loads(cli("db", "check", "--json", env={"PIPELINE_DATABASE_URL": store.text}).out)
    assert re.fullmatch(PRODUCTS[store.kind], document.pop("server"))
    assert 0 < document.pop("reached_ms") < 5000
    assert bool(document.pop("user")) is (store.kind != "sqlite")
    everything = dict.fromkeys(CHANGES, True)
    assert document == {
        "ok": True,
        "reason": "",
        "database": str(store.database),
        "variable": "PIPELINE_DATABASE_URL",
        "kind": store.kind,
        "tables": {"state": "current", "step": NEWEST, "newest": NEWEST},
        "django_tables": [],
        "definitions": [{"table": "pipeline_definition", "active": 1, "inactive": 1}],
        "channels": [
            {"driver": "email", "active": 1, "inactive": 0},
            {"driver": "slack", "active": 1, "inactive": 1},
        ],
        "runs": 0,
        "bytes": 0,
        "rights": [
            *({"table": table, "read": True, **everything} for table in OWN),
            {"table": VERSIONS, "read": True, **dict.fromkeys(CHANGES)},
        ],
        "warnings": [],
    }


def test_it_knows_the_tables_of_the_earlier_app(cli: Cli, empty: Store) -> None:
    empty.make_earlier()
    empty.define_earlier("health", {"version": "1.0", "nodes": []})
    empty.channel_earlier("ops", "slack", {"webhook_url": HOOK})
    env = {"PIPELINE_DATABASE_URL": empty.text}
    ended = cli("db", "check", env=env)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[2:] == [
        "  tables       none of the runner's",
        "  Django app   orchestration_pipelinedefinition, notify_notificationchannel",
        "  definitions  orchestration_pipelinedefinition: 1 active",
        "  channels     slack: 1 active",
        "",
        "TABLE                             READ  INSERT  UPDATE  DELETE",
        "orchestration_pipelinedefinition  yes   -       -       -",
        "notify_notificationchannel        yes   -       -       -",
    ]
    document = json.loads(cli("db", "check", "--json", env=env).out)
    assert (document["tables"]["state"], document["runs"]) == ("none", None)


def test_a_user_who_may_only_read_definitions_reads_definitions(cli: Cli, server: Store) -> None:
    fill(server)
    with user_of(server, *(f"select on {table}" for table in (*DEFINITIONS, VERSIONS))) as url:
        ended = cli("db", "check", "--json", env={"PIPELINE_DATABASE_URL": url})
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    assert document["definitions"] == [{"table": "pipeline_definition", "active": 1, "inactive": 1}]
    nothing = dict.fromkeys(CHANGES, False)
    seen = {one.pop("table"): one for one in document["rights"]}
    assert {table: seen[table] for table in DEFINITIONS} == {table: {"read": True, **nothing} for table in DEFINITIONS}
    others = {table: one for table, one in seen.items() if table not in {*DEFINITIONS, VERSIONS}}
    # MySQL hides the tables that a user may do nothing with
    hidden = server.kind == "mysql"
    assert others == {table: {"read": False, **nothing} for table in OWN if table not in DEFINITIONS and not hidden}


def test_each_right_is_found_out_by_itself(cli: Cli, server: Store) -> None:
    rights = ["select on pipeline_run", "insert on pipeline_run", "select on pipeline_said", "delete on pipeline_said"]
    with user_of(server, *rights, "select on pipeline_series", "update on pipeline_series") as url:
        document = json.loads(cli("db", "check", "--json", env={"PIPELINE_DATABASE_URL": url}).out)
    seen = {one.pop("table"): [word for word, may in one.items() if may] for one in document["rights"]}
    assert {table: words for table, words in seen.items() if words} == {
        "pipeline_run": ["read", "insert"],
        "pipeline_said": ["read", "delete"],
        "pipeline_series": ["read", "update"],
    }


def test_without_the_texts_of_definitions_none_can_be_read(cli: Cli, server: Store) -> None:
    with user_of(server, "select on pipeline_definition", f"select on {VERSIONS}") as url:
        ended = cli("db", "check", env={"PIPELINE_DATABASE_URL": url})
    assert ended.code == 4
    assert "  definitions  cannot be read" in ended.out.splitlines()
    said = (
        "does not permit this: permission denied for table pipeline_definition_revision"
        if server.kind == "postgresql"
        else "does not permit to read the table pipeline_definition_revision"
    )
    assert ended.err == f"error: no definitions can be read: {server.database} {said}\n"


def test_for_the_history_it_asks_whether_runs_can_be_remembered(cli: Cli, server: Store) -> None:
    whole = cli("db", "check", "--state", env={"PIPELINE_STATE_URL": server.text})
    assert (whole.code, whole.err) == (0, "")
    with user_of(server, *(f"select on {table}" for table in (*OWN, VERSIONS))) as url:
        ended = cli("db", "check", "--state", "--json", env={"PIPELINE_STATE_URL": url})
    assert ended.code == 4
    document = json.loads(ended.out)
    assert (document["ok"], document["variable"]) == (False, "PIPELINE_STATE_URL")
    assert ended.err == f"error: {document['reason']}\n"
    assert document["reason"].startswith(f"runs cannot be remembered: {server.database} does not permit this: ")
    assert "pipeline_run" in document["reason"]


@pytest.mark.parametrize(
    ("step", "state", "words"),
    [
        ("0000", "older", f"has tables of an older pipeline-runner (step 0000) — {UPGRADE}"),
        ("9999", "newer", f"has tables of a newer pipeline-runner (step 9999, this one knows {NEWEST}) — update it"),
    ],
)  # fmt: skip
def test_tables_of_another_version_are_told(cli: Cli, store: Store, step: str, state: str, words: str) -> None:
    store.change("update pipeline_schema set version_num = :step", step=step)
    env = {"PIPELINE_DATABASE_URL": store.text}
    ended = cli("db", "check", env=env)
    assert (ended.code, ended.err) == (4, f"error: no definitions can be read: {store.database} {words}\n")
    assert f"  tables       step {step}, {state} than this version's {NEWEST}" in ended.out.splitlines()
    assert json.loads(cli("db", "check", "--json", env=env).out)["tables"]["state"] == state


def test_a_channel_that_cannot_be_used_is_told_without_its_secrets(cli: Cli, store: Store) -> None:
    store.channel("broken", "pagerduty", {"integration_key": "r0utingkey", "client_url": "secretivelywrong"})
    store.channel("lacking", "email", {"smtp_host": "mail.example", "password": "hunter2hunter2"})
    ended = cli("db", "check", env={"PIPELINE_DATABASE_URL": store.text})
    assert ended.code == 0
    broken, lacking = ended.err.splitlines()
    assert broken.startswith('warning: the channel "broken" of the database cannot be used: ')
    assert lacking.startswith('warning: the channel "lacking" of the database cannot be used: ')
    for secret in ("r0utingkey", "secretivelywrong", "hunter2hunter2"):
        assert secret not in ended.out + ended.err


@pytest.mark.parametrize(
    ("env", "code", "message"),
    [
        ({}, 2, "no database is named — set PIPELINE_DATABASE_URL or PIPELINE_STATE_URL to its URL"),
        (
            {"PIPELINE_DATABASE_URL": "mysql://me:secret-word@127.0.0.1:1/shop"},
            75,
            "connection refused by mysql at 127.0.0.1:1/shop",
        ),
        (
            {"PIPELINE_DATABASE_URL": "sqlite:///nowhere.db"},
            4,
            "the SQLite file nowhere.db is not there — make it with: pipeline-runner db upgrade",
        ),
    ],
    ids=["none", "down", "no file"],
)
def test_where_there_is_nothing_to_look_at_it_says_so(cli: Cli, env: dict[str, str], code: int, message: str) -> None:
    ended = cli("db", "check", env=env)
    assert (ended.code, ended.out, ended.err) == (code, "", f"error: {message}\n")


def test_a_table_that_is_none_is_refused(cli: Cli, store: Store) -> None:
    env = {"PIPELINE_DATABASE_URL": store.text, "PIPELINE_DEFINITIONS_TABLE": "pipeline_definitions"}
    ended = cli("db", "check", env=env)
    message = "PIPELINE_DEFINITIONS_TABLE is 'pipeline_definitions' — did you mean \"pipeline_definition\"?"
    assert (ended.code, ended.out, ended.err) == (2, "", f"error: {message}\n")
