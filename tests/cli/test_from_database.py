"""Definitions out of a database, by the command line as a real process: where they are found, and what they may do."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.databases import SERVERS, Role, Store, in_a_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended

PUT = "Put it there with: pipeline-runner db import FILE."
FINE = "version: '1.0'\nnodes:\n  - {id: a, type: transform, config: {extract: x}}\n"
EVENT = ("--payload", '{"x": 1}')
NO_PASSWORD = "s3cret-pass-word"  # noqa: S105 - what must not be seen anywhere


class Cli:
    """The command line with a database in its environment."""

    def __init__(self, run: Callable[..., Ended], url: str, folder: Path) -> None:
        self._run = run
        self.url = url
        self.folder = folder

    def __call__(self, *arguments: str, **env: str) -> Ended:
        ended = self._run(*arguments, env={"PIPELINE_DATABASE_URL": self.url, **env})
        assert NO_PASSWORD not in ended.out + ended.err
        return ended

    def file(self, name: str, text: str) -> None:
        (self.folder / "definitions").mkdir(exist_ok=True)
        (self.folder / "definitions" / name).write_text(text)


@pytest.fixture
def run(cli: Callable[..., Ended], store: Store, tmp_path: Path) -> Cli:
    return Cli(cli, store.text, tmp_path)


def test_a_definition_is_found_by_its_name_and_says_where_it_is_from(run: Cli, store: Store) -> None:
    for revision, what in ((1, "x"), (2, "y")):
        store.define("shop", FINE.replace("extract: x", f"extract: {what}"), revision=revision)
    ended = run("--definition", "shop", "--payload", '{"x": 1, "y": 2}', "--json", "-v")
    result = json.loads(ended.out)
    assert (ended.code, result["node_results"]["a"]["output"]["transformed"]) == (0, 2)
    assert (result["definition"], result["definition_version"], result["definition_source"]) == ("shop", 2, "db:shop@2")
    assert "definition shop found at db:shop@2\n" in ended.err
    pinned = run("--definition", "db:shop@1", "--payload", '{"x": 1, "y": 2}', "--json")
    result = json.loads(pinned.out)
    assert (pinned.code, result["node_results"]["a"]["output"]["transformed"]) == (0, 1)
    assert (result["definition_version"], result["definition_source"]) == (1, "db:shop@1")


def test_one_of_the_earlier_app_runs_as_it_is(cli: Callable[..., Ended], empty: Store, tmp_path: Path) -> None:
    store = empty.make_earlier()
    nodes = [
        {"id": "ingest", "type": "ingest", "config": {}, "next": "tell"},
        {"id": "tell", "type": "notify", "config": {"driver": "log"}},
    ]
    store.define_earlier("shop", {"version": "1.0", "defaults": {"max_retries": 3}, "nodes": nodes}, version=7)
    ended = Cli(cli, store.text, tmp_path)("--definition", "shop", "--sample", "--source", "alertmanager", "--json")
    result = json.loads(ended.out)
    assert (ended.code, result["status"], result["definition_source"]) == (0, "completed", "db:shop@7")
    assert (tmp_path / ".pipeline" / "state.sqlite3").is_file()  # what is remembered is remembered elsewhere


@in_a_file
def test_the_same_name_in_a_file_and_in_the_database_is_told(run: Cli, store: Store) -> None:
    store.define("shop", FINE)
    run.file("shop.yaml", FINE)
    ended = run("--definition", "shop", *EVENT)
    both = f"shop is at definitions/shop.yaml and in {store.database}"
    ways = "--definition file:definitions/shop.yaml or --definition db:shop"
    assert (ended.code, ended.err) == (2, f"error: {both} — say which one: {ways}\n")
    assert [run("--definition", way, *EVENT).code for way in ("file:definitions/shop.yaml", "db:shop")] == [0, 0]


@in_a_file
def test_a_file_does_not_run_in_the_place_of_one_that_was_switched_off(run: Cli, store: Store) -> None:
    store.define("shop", FINE, active=False)
    run.file("shop.yaml", FINE)
    ended = run("--definition", "shop", *EVENT)
    both = f"shop is at definitions/shop.yaml and, not active, in {store.database}"
    said = f"error: {both} — say which one: --definition file:definitions/shop.yaml\n"
    assert (ended.code, ended.err) == (2, said)
    assert run("--definition", "file:definitions/shop.yaml", *EVENT).code == 0


@in_a_file
def test_the_same_name_in_both_tables_is_told_and_the_way_out_works(run: Cli, fresh: Store) -> None:
    fresh.make_earlier()
    fresh.define("shop", FINE)
    fresh.define_earlier("shop", {"version": "1.0", "nodes": [{"id": "b", "type": "context", "config": {}}]})
    run.url = fresh.text
    ended = run("--definition", "shop", *EVENT)
    said = f"{fresh.database} has shop in pipeline_definition and orchestration_pipelinedefinition"
    assert (ended.code, ended.err) == (2, f"error: {said} — say which with PIPELINE_DEFINITIONS_TABLE\n")
    assert run("--definition", "shop", *EVENT, PIPELINE_DEFINITIONS_TABLE="pipeline_definition").code == 0


@in_a_file
def test_what_is_not_there_names_what_is_near_and_where_it_was_looked_for(run: Cli, store: Store) -> None:
    store.define("web-shop", FINE)
    ended = run("--definition", "db:web-shap")
    said = 'Pipeline definition not found: db:web-shap — did you mean "web-shop"?'
    assert (ended.code, ended.err) == (4, f"error: {said} Searched {store.database}\n")
    anywhere = run("--definition", "web-shap")
    searched = f"Searched definitions, {store.database} and the built-in definitions."
    missing = f"There is no folder definitions in {run.folder}"
    assert anywhere.code == 4
    said = 'Pipeline definition not found: web-shap — did you mean "web-shop"?'
    assert anywhere.err == f"error: {said} {searched} {missing}\n"
    gone = run("--definition", "db:web-shop@9")
    said = "Pipeline definition not found: web-shop@9 — web-shop has the revisions 1"
    assert (gone.code, gone.err) == (4, f"error: {said}\n")
    nonsense = run("--definition", "db:web shop")
    hint = "names are letters, digits, '.', '_' and '-', and one that has others has to be renamed"
    said = f"'db:web shop' names no definition — write db:NAME or db:NAME@REVISION; {hint}"
    assert (nonsense.code, nonsense.err) == (2, f"error: {said}\n")


@in_a_file
def test_what_is_not_active_does_not_run(run: Cli, store: Store) -> None:
    store.define("shop", FINE, active=False)
    ended = run("--definition", "shop", *EVENT)
    said = f"Pipeline definition not active: shop in {store.database}"
    assert (ended.code, ended.err) == (4, f"error: {said} — make it so with: pipeline-runner db activate shop\n")


@in_a_file
def test_the_database_of_an_application_is_asked_only_for_what_is_said_to_be_there(run: Cli, store: Store) -> None:
    store.define("shop", FINE)
    env = {"PIPELINE_DATABASE_URL": "", "DATABASE_URL": store.text}
    assert run("--definition", "db:shop", *EVENT, **env).code == 0
    ended = run("--definition", "shop", *EVENT, **env)
    said = "Pipeline definition not found: shop — Searched definitions and the built-in definitions"
    assert (ended.code, ended.err) == (4, f"error: {said}. There is no folder definitions in {run.folder}\n")
    assert run("history", **env).err.startswith("1 run in the SQLite file .pipeline/state.sqlite3")
    none = run("--definition", "db:shop", PIPELINE_DATABASE_URL="")
    said = "Pipeline definition not found: db:shop — no database is configured: set PIPELINE_DATABASE_URL"
    assert (none.code, none.err) == (4, f"error: {said}\n")


@in_a_file
def test_a_url_may_stand_in_a_file(run: Cli, store: Store) -> None:
    store.define("shop", FINE)
    (run.folder / "url").write_text(f"{store.text}\n")
    env = {"PIPELINE_DATABASE_URL": "", "PIPELINE_DATABASE_URL_FILE": "url"}
    assert run("--definition", "shop", *EVENT, **env).code == 0
    gone = run("--definition", "shop", PIPELINE_DATABASE_URL="", PIPELINE_DATABASE_URL_FILE="gone")
    said = "PIPELINE_DATABASE_URL_FILE names gone, which cannot be read: No such file or directory"
    assert (gone.code, gone.err) == (4, f"error: {said}\n")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3cret-pass-word", "this text is no URL of a database — write postgresql://user:password@host/database"),
        (
            "postgresql://app:s3cret-pass-word@ho st/db",
            (
                "the host of this database URL cannot be read — write postgresql://user:password@host/database, an IPv6"
                " address in brackets, and in a password %40 for @, %2F for / and %3F for ?"
            ),
        ),
        (
            "oracle://app:s3cret-pass-word@host/db",
            '"oracle" is no kind of database — known: postgresql, mysql, mariadb, sqlite',
        ),
    ],
)
@in_a_file
def test_what_is_no_url_is_told_without_showing_it(url: str, said: str, run: Cli) -> None:
    ended = run("--definition", "shop", PIPELINE_DATABASE_URL=url)
    assert (ended.code, ended.err) == (2, f"error: PIPELINE_DATABASE_URL: {said}\n")


E203 = "https://org.github.io/pipeline-action/reference/diagnostics/E203.html"


def refusing() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("scheme", SERVERS)
@in_a_file
def test_a_database_that_is_down_ends_a_run_that_needs_it(scheme: str, run: Cli) -> None:
    port = refusing()
    run.url = f"{scheme}://app:{NO_PASSWORD}@127.0.0.1:{port}/shop"
    ended = run("--definition", "db:shop", "--json", "-v")
    said = f"connection refused by {scheme} at 127.0.0.1:{port}/shop"
    assert (ended.code, ended.err) == (75, f"error: {said}\n")
    assert json.loads(ended.out) == {
        "status": "failed",
        "error": said,
        "diagnostics": [],
        "exit": {"code": 75, "name": "transient", "reason": said},
    }


@pytest.mark.parametrize("scheme", SERVERS)
@in_a_file
def test_a_database_that_is_down_costs_a_run_of_a_file_its_history_and_nothing_else(scheme: str, run: Cli) -> None:
    port = refusing()
    run.url = f"{scheme}://app:{NO_PASSWORD}@127.0.0.1:{port}/shop"
    run.file("shop.yaml", FINE)
    said = f"connection refused by {scheme} at 127.0.0.1:{port}/shop"
    ended = run("--definition", "shop", *EVENT, "-q")
    assert ended.code == 0
    assert ended.err.splitlines() == [
        "warning: shop was found at definitions/shop.yaml, and whether the database has it, too, is unknown: " + said,
        "warning: this run is compared with no other and remembered by none: " + said,
    ]
    assert not (run.folder / ".pipeline").exists()


@pytest.mark.parametrize("scheme", SERVERS)
@in_a_file
def test_a_database_that_is_silent_is_waited_for_once(scheme: str, run: Cli) -> None:
    run.file("shop.yaml", FINE + "  - {id: t, type: notify, config: {driver: log, send: always}}\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        run.url = f"{scheme}://app:{NO_PASSWORD}@127.0.0.1:{listener.getsockname()[1]}/shop"
        began = time.monotonic()
        ended = run("--definition", "shop", *EVENT)
        took = time.monotonic() - began
    assert (ended.code, ended.err.count("did not answer within 5s")) == (0, 2)
    assert 5.0 < took < 8.0, took  # the start of the process is in it


@in_a_file
def test_problems_point_at_what_the_author_wrote(run: Cli, store: Store) -> None:
    store.define("shop", "version: '1.0'\nnodes:\n  - id: a\n    type: context\n    confg: {}\n", revision=3)
    what = 'E203 nodes[0].confg: unknown key "confg" — did you mean "config"?'
    ended = run("--definition", "shop")
    assert (ended.code, ended.err) == (3, f"error: Pipeline definition invalid:\n  - db:shop@3:5:5 {what}\n")
    github = run("--definition", "shop", GITHUB_ACTIONS="true")
    assert github.err.splitlines()[-1] == f"::error title=E203 invalid definition::db:shop@3:5:5 {what} — see {E203}"


@in_a_file
def test_problems_of_what_nobody_wrote_have_a_path_and_no_place(run: Cli, fresh: Store) -> None:
    fresh.make_earlier()
    fresh.define_earlier("shop", {"version": "1.0", "nodes": [{"id": "a", "type": "context", "confg": {}}]}, version=4)
    run.url = fresh.text
    what = 'db:shop@4 E203 nodes[0].confg: unknown key "confg" — did you mean "config"?'
    ended = run("--definition", "shop", "--json")
    assert (ended.code, ended.err) == (3, f"error: Pipeline definition invalid:\n  - {what}\n")
    (diagnostic,) = json.loads(ended.out)["diagnostics"]
    assert (diagnostic["file"], diagnostic["line"], diagnostic["column"]) == ("db:shop@4", 0, 0)
    github = run("--definition", "shop", GITHUB_ACTIONS="true")
    assert github.err.splitlines()[-1] == f"::error title=E203 invalid definition::{what} — see {E203}"


@pytest.mark.parametrize(
    ("document", "written", "said"),
    [
        (
            "[1]",
            "json",
            (
                "Pipeline definition invalid:\n  - db:shop@1:1:1 E202 a definition is an object, this is a list"
                " — it has version: and nodes:"
            ),
        ),
        (
            "{",
            "json",
            (
                "Invalid JSON in config file: db:shop@1:1:2 E102 not JSON: expecting property name enclosed in double"
                " quotes — the file ends too early: something that is opened is not closed"
            ),
        ),
        (
            "a:\n\tb: 1",
            "yaml",
            (
                "Invalid YAML in config file: db:shop@1:2:1 E102 not YAML: a tab in the indentation"
                " — YAML does not allow tabs for indentation; use spaces"
            ),
        ),
        (
            "# " + "x" * 2_000_000,
            "yaml",
            (
                "Pipeline definition invalid:\n  - db:shop@1:1:1 E101 the file has 2,000,002 bytes"
                " — a definition has at most 1,048,576 (1 MiB)"
            ),
        ),
    ],
    ids=["a list", "half JSON", "a tab", "2 MB"],
)
@in_a_file
def test_a_document_that_is_no_definition(document: str, written: str, said: str, run: Cli, store: Store) -> None:
    store.define("shop", document, written=written)
    ended = run("--definition", "shop")
    assert (ended.code, ended.err) == (3, f"error: {said}\n")


SECRETIVE = """
version: "1.0"
secrets: [TOKEN]
env: [REGION]
nodes:
  - {id: tell, type: notify, config: {driver: generic, endpoint: "{{ secrets.TOKEN }}", title: "{{ env.REGION }}"}}
"""


@in_a_file
def test_secrets_and_variables_are_withheld_unless_they_are_allowed_by_name(
    run: Cli, store: Store, receiver: Receiver
) -> None:
    store.define("shop", SECRETIVE)
    env = {"TOKEN": f"{receiver.url}/ok", "REGION": "north"}
    refused = run("--definition", "shop", **env)
    what = "a definition from a database does not get {} by itself"
    what += " — whoever runs it can allow it: PIPELINE_ALLOW_SECRETS={}"
    assert (refused.code, refused.err.splitlines()) == (
        3,
        [
            "error: Pipeline definition invalid:",
            f"  - db:shop@1:3:11 E308 secrets[0]: {what.format('TOKEN', 'TOKEN')}",
            f"  - db:shop@1:4:7 E308 env[0]: {what.format('REGION', 'REGION')}",
        ],
    )
    assert run("--definition", "shop", **env, PIPELINE_ALLOW_SECRETS="TOKEN").code == 3
    assert run("--definition", "shop", **env, PIPELINE_ALLOW_SECRETS="REGION, TOKEN").code == 0
    assert json.loads(receiver.arrived[0].body)["title"] == "north"


@in_a_file
def test_variables_of_a_driver_are_withheld_unless_they_are_allowed_by_name(
    run: Cli, store: Store, receiver: Receiver
) -> None:
    store.define("shop", "version: '1.0'\nnodes:\n  - {id: tell, type: notify, config: {driver: generic}}\n")
    env = {"NOTIFY_WEBHOOK_URL": f"{receiver.url}/ok"}
    refused = run("--definition", "shop", **env)
    assert (refused.code, refused.err.splitlines()) == (
        4,
        [
            (
                "error: node tell: the generic channel of this node has no endpoint: set it in config or as"
                " NOTIFY_WEBHOOK_URL"
            ),
            (
                "NOTIFY_WEBHOOK_URL is set, and a definition from a database gets it only by"
                " PIPELINE_ALLOW_SECRETS=NOTIFY_WEBHOOK_URL"
            ),
        ],
    )
    assert receiver.arrived == []
    assert run("--definition", "shop", **env, PIPELINE_ALLOW_SECRETS="NOTIFY_WEBHOOK_URL").code == 0
    assert len(receiver.arrived) == 1


def commanding(target: Path, where: str) -> str:
    return f"""
version: "1.0"
nodes:
  - id: probe
    type: context
    config:
      checks: {where}
""".replace("COMMAND", f"{{type: command, argv: [touch, {target}]}}")


@in_a_file
def test_commands_are_refused_unless_whoever_runs_it_allows_them(run: Cli, store: Store) -> None:
    target = run.folder / "made"
    store.define("shop", commanding(target, "[COMMAND]"))
    refused = run("--definition", "shop")
    what = "a definition from a database starts no programs by itself — whoever runs it can allow it: --allow-commands"
    place = "db:shop@1:7:16 E308 nodes[0].config.checks[0]"
    assert (refused.code, refused.err) == (3, f"error: Pipeline definition invalid:\n  - {place}: {what}\n")
    assert not target.exists()
    assert run("--definition", "shop", "--allow-commands").code == 0
    assert target.exists()


@in_a_file
def test_a_command_that_only_the_run_reveals_is_not_started_either(run: Cli, store: Store) -> None:
    target = run.folder / "made"
    store.define("shop", commanding(target, '"{{ payload.checks }}"'))
    event = json.dumps({"checks": [{"type": "command", "argv": ["touch", str(target)]}]})
    refused = run("--definition", "shop", "--payload", event, "--json")
    check = json.loads(refused.out)["node_results"]["probe"]["output"]["results"]["command_touch"]
    said = "touch is not started: a definition from a database starts programs only with --allow-commands"
    assert (refused.code, check["verdict"], check["message"]) == (5, "unknown", said)
    assert not target.exists()
    assert run("--definition", "shop", "--payload", event, "--allow-commands").code == 0
    assert target.exists()


@in_a_file
def test_a_definition_from_a_database_allows_itself_no_hosts(run: Cli, store: Store) -> None:
    store.define("shop", f"allow_hosts: [localhost]\n{FINE}")
    ended = run("--definition", "shop", *EVENT)
    what = "allow_hosts: a definition from a database cannot allow itself hosts"
    hint = "remove it, or keep the definition as a file of the repository"
    said = f"Pipeline definition invalid:\n  - db:shop@1:1:14 E308 {what} — {hint}"
    assert (ended.code, ended.err) == (3, f"error: {said}\n")


@in_a_file
def test_what_a_flag_allows_is_for_definitions_of_a_database_alone(run: Cli) -> None:
    run.file("shop.yaml", FINE)
    ended = run("--definition", "shop", "--allow-commands")
    said = "--allow-commands is for definitions from a database, and definitions/shop.yaml may start programs"
    assert (ended.code, ended.err) == (2, f"error: {said}\n")


def test_a_dry_run_shows_what_a_definition_of_a_database_would_do(run: Cli, store: Store) -> None:
    store.define("shop", FINE)
    before = store.rows("select count(*) from pipeline_series")
    ended = run("--definition", "shop", *EVENT, "--dry-run")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:5] == [
        "=== DRY RUN ===",
        "Pipeline Definition: shop",
        "Source: cli",
        "Environment: development",
        "Nodes (1):",
    ]
    assert store.rows("select count(*) from pipeline_series") == before
    assert not (run.folder / ".pipeline").exists()
    missing = run("--definition", "db:other", "--dry-run")
    said = f"Pipeline definition not found: db:other — {PUT} Searched {store.database}"
    assert (missing.code, missing.err) == (4, f"error: {said}\n")


@pytest.mark.parametrize("kind", SERVERS)
def test_a_role_that_may_only_read_definitions_is_enough_to_run_one(
    cli: Callable[..., Ended], fresh: Store, role: Role, tmp_path: Path
) -> None:
    fresh.define("shop", FINE)
    reader = role(fresh, "pipeline_definition", "pipeline_definition_revision")
    run = Cli(cli, reader.text, tmp_path)
    ends: list[Any] = [run("--definition", "shop", *EVENT, "-q") for _ in range(2)]
    assert [(ended.code, ended.err) for ended in ends] == [(0, ""), (0, "")]  # and no warning, run after run
    assert fresh.rows("select count(*) from pipeline_run") == [(0,)]
    told = run("history")
    assert told.err.startswith("2 runs in the SQLite file .pipeline/state.sqlite3")
