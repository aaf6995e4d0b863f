"""What `list`, `show`, `graph`, `diff` and `validate` make of definitions in a database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended
    from tests.databases import Store

    Cli = Callable[..., Ended]

SHOP = """\
version: "1.0"   # of the language
description: Is the shop up?
secrets: [TOKEN]
nodes:
  - {id: probe, type: context, config: {checks: [{type: command, argv: [uptime]}]}}
  - {id: tell, type: notify, always: true, config: {driver: log, message: "{{ secrets.TOKEN }}"}}
"""
CONFIG = {"version": "1.0", "description": "earlier", "nodes": [{"id": "a", "type": "transform"}]}


def env(store: Store) -> dict[str, str]:
    return {"PIPELINE_DATABASE_URL": store.text}


def test_list_has_those_of_the_database_with_where_and_how_they_are(cli: Cli, store: Store, tmp_path: Path) -> None:
    for path, text in {
        "shop.yaml": SHOP,
        "alert.yaml": SHOP,  # called like a built-in one
        "idle.yaml": SHOP,
        "definitions/local.yaml": SHOP.replace("shop up", "file there"),
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    cli("db", "import", "shop.yaml", "alert.yaml", "idle.yaml", "--tag", "web", "--tag", "night", env=env(store))
    cli("db", "deactivate", "idle", env=env(store))
    ended = cli("list", "definitions", env=env(store))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:5] == [
        "definitions:",
        "  local              Is the file there?",
        "  alert              Is the shop up? (database, revision 1, web, night)",
        "  idle               Is the shop up? (database, revision 1, inactive, web, night)",
        "  shop               Is the shop up? (database, revision 1, web, night)",
    ]
    told = json.loads(cli("list", "definitions", "--json", env=env(store)).out)["definitions"]
    assert [one["name"] for one in told].count("alert") == 1
    places = {one["name"]: (one["source"], one["active"], one["tags"]) for one in told}
    assert places["local"] == (f"file:{tmp_path}/definitions/local.yaml", True, [])
    assert places["idle"] == ("db:idle@1", False, ["web", "night"])
    assert places["checks-only"] == ("builtin:checks-only", True, [])


def test_list_says_what_it_can_where_the_database_cannot_be_asked(cli: Cli) -> None:
    down = {"PIPELINE_DATABASE_URL": "mysql://me:secret-word@127.0.0.1:1/shop"}
    ended = cli("list", "definitions", env=down)
    assert (ended.code, ended.out) == (75, cli("list", "definitions").out)
    reason = "connection refused by mysql at 127.0.0.1:1/shop"
    assert ended.err == f"error: the definitions of the database are not listed: {reason}\n"
    assert cli("list", "checks", env=down).code == 0


def test_show_prints_a_revision_as_it_was_written(cli: Cli, store: Store, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    cli("db", "import", "shop.yaml", env=env(store))
    (tmp_path / "shop.yaml").write_text(SHOP.replace("Is the", "Was the"))
    cli("db", "import", "shop.yaml", env=env(store))
    cli("db", "deactivate", "shop", env=env(store))
    assert cli("show", "db:shop@1", env=env(store)).out == SHOP
    assert cli("show", "db:shop", env=env(store)).out == SHOP.replace("Is the", "Was the")
    told = json.loads(cli("show", "shop", "--json", env=env(store)).out)
    assert told == {"name": "shop", "label": "db:shop@2", "text": SHOP.replace("Is the", "Was the")}


def test_show_lays_the_earlier_apps_json_out(cli: Cli, empty: Store) -> None:
    empty.make_earlier()
    empty.define_earlier("health", CONFIG)
    shown = cli("show", "db:health", env=env(empty)).out
    assert json.loads(shown) == CONFIG
    assert shown == f"{json.dumps(json.loads(shown), indent=2)}\n"


def test_graph_draws_what_nobody_here_may_run(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    cli("db", "import", "shop.yaml", env=env(shelf))
    cli("db", "deactivate", "shop", env=env(shelf))
    ended = cli("graph", "db:shop", env=env(shelf))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == cli("graph", "shop.yaml").out


def test_diff_compares_revisions_and_files(cli: Cli, store: Store, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    cli("db", "import", "shop.yaml", env=env(store))
    assert cli("diff", "db:shop", "shop.yaml", env=env(store)).out == "they are the same\n"
    (tmp_path / "shop.yaml").write_text(SHOP.replace("driver: log", "driver: slack"))
    lines = ["tell: driver log → slack", "new use of secret SLACK_WEBHOOK_URL in tell"]
    ended = cli("diff", "db:shop@1", "./shop.yaml", env=env(store))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == ["- db:shop@1", "+ ./shop.yaml", *lines]
    told = json.loads(cli("diff", "db:shop", "file:shop.yaml", "--json", env=env(store)).out)
    assert (told["before"], told["after"]) == ("db:shop@1", "shop.yaml")
    assert [one["text"] for one in told["changes"]] == lines


def test_diff_of_what_cannot_be_compared_says_why(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "bad.yaml").write_text("nodes: []\n")
    mixed = cli("diff", "last", "shop.yaml")
    message = "a run and a definition have nothing to compare — last names a run; write file:PATH or db:NAME"
    assert (mixed.code, mixed.out, mixed.err) == (2, "", f"error: {message}\n")
    invalid = cli("diff", "shop.yaml", "bad.yaml")
    assert (invalid.code, invalid.out, invalid.err.splitlines()[0]) == (3, "", "error: Pipeline definition invalid:")


def test_validate_reads_no_database(cli: Cli) -> None:
    ended = cli("validate", "db:shop", env={"PIPELINE_DATABASE_URL": "mysql://me@127.0.0.1:1/shop"})
    message = "db:shop is in a database, and files are wanted here — pipeline-runner db export shop writes it to one"
    assert (ended.code, ended.out, ended.err) == (2, "", f"error: {message}\n")
