"""`db export`, as a process of its own against real databases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.roles import user_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended
    from tests.databases import Store

    Cli = Callable[..., Ended]

YAML = '# für alle\r\nversion: "1.0"\r\nnodes:\r\n  - {id: a, type: transform}   # nothing much\r\n'
JSON = '{"version": "1.0",  "nodes": [{"id": "a", "type": "transform"}]}'
CONFIG = {"version": "1.0", "nodes": [{"id": "a", "type": "transform", "config": {"extract": "ä"}}]}


def env(store: Store, **more: str) -> dict[str, str]:
    return {"PIPELINE_DATABASE_URL": store.text, **more}


def fill(store: Store) -> Store:
    store.define("shop", YAML.replace("nothing", "something"))
    store.define("shop", YAML, revision=2)
    store.define("plain", JSON, written="json", active=False)
    return store


def test_files_are_as_their_authors_wrote_them(cli: Cli, store: Store, tmp_path: Path) -> None:
    fill(store)
    ended = cli("db", "export", "--to", "new/out", env=env(store))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "plain@1, inactive: written to new/out/plain.json",
        "shop@2: written to new/out/shop.yaml",
    ]
    assert (tmp_path / "new/out/shop.yaml").read_bytes() == YAML.encode()
    assert (tmp_path / "new/out/plain.json").read_bytes() == JSON.encode()
    assert sorted(path.name for path in (tmp_path / "new/out").iterdir()) == ["plain.json", "shop.yaml"]


def test_what_was_exported_is_imported_as_unchanged(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    for name, text in (("shop.yaml", YAML), ("plain.json", JSON)):
        (tmp_path / name).write_bytes(text.encode())
    cli("db", "import", "shop.yaml", "plain.json", env=env(shelf))
    cli("db", "export", "--to", "out", env=env(shelf))
    assert cli("db", "import", "out", env=env(shelf)).out.splitlines()[:2] == [
        "plain@1: unchanged",
        "shop@1: unchanged",
    ]


def test_a_file_that_differs_is_never_overwritten_unless_that_is_asked_for(
    cli: Cli, shelf: Store, tmp_path: Path
) -> None:
    fill(shelf)
    mine, same = tmp_path / "shop.yml", tmp_path / "plain.json"
    mine.write_text("mine\n")
    same.write_bytes(JSON.encode())
    ended = cli("db", "export", env=env(shelf))
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.splitlines() == [
        "plain@1, inactive: plain.json is the same",
        "shop@2: shop.yml differs and stays as it is — --force overwrites it",
    ]
    assert (mine.read_text(), (tmp_path / "shop.yaml").exists()) == ("mine\n", False)
    forced = cli("db", "export", "shop", "--force", "--json", env=env(shelf))
    assert (forced.code, mine.read_bytes()) == (0, YAML.encode())
    assert json.loads(forced.out) == {
        "database": str(shelf.database),
        "definitions": [{"name": "shop", "revision": 2, "active": True, "path": "shop.yml", "state": "written"}],
    }


def test_an_earlier_revision_is_named(cli: Cli, store: Store, tmp_path: Path) -> None:
    fill(store)
    ended = cli("db", "export", "shop@1", env=env(store))
    assert (ended.code, ended.out) == (0, "shop@1: written to shop.yaml\n")
    assert (tmp_path / "shop.yaml").read_bytes() == YAML.replace("nothing", "something").encode()


def test_definitions_of_the_earlier_app_are_json_for_people(cli: Cli, empty: Store, tmp_path: Path) -> None:
    empty.make_earlier()
    empty.define_earlier("health", CONFIG, version=7)
    for name in ("a/b", "../up", "two words", "at@1"):
        empty.define_earlier(name, CONFIG)
    ended = cli("db", "export", "--to", "out", env=env(empty))
    assert (ended.code, ended.err) == (1, "")
    nameless = "not written, for it is no name of a file — rename it where it was made"
    assert ended.out.splitlines() == [
        f"../up@1: {nameless}",
        f"a/b@1: {nameless}",
        f"at@1@1: {nameless}",
        "health@7: written to out/health.json",
        f"two words@1: {nameless}",
    ]
    written = (tmp_path / "out/health.json").read_text(encoding="utf-8")
    assert json.loads(written) == CONFIG
    assert written == f"{json.dumps(json.loads(written), indent=2, ensure_ascii=False)}\n"
    assert '"extract": "ä"' in written
    assert [path.name for path in tmp_path.rglob("*.json")] == ["health.json"]


def test_a_user_who_may_only_read_exports(cli: Cli, server: Store, tmp_path: Path) -> None:
    fill(server)
    with user_of(server, "select on pipeline_definition", "select on pipeline_definition_revision") as url:
        ended = cli("db", "export", "shop", env={"PIPELINE_DATABASE_URL": url})
    assert (ended.code, ended.out, ended.err) == (0, "shop@2: written to shop.yaml\n", "")
    assert (tmp_path / "shop.yaml").read_bytes() == YAML.encode()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("shp",), 4, 'Pipeline definition not found: shp — did you mean "shop"? Searched {}'),
        (("shop@9",), 4, "Pipeline definition not found: shop@9 — shop has the revisions 1, 2"),
        (("shop", "--to", "file"), 1, "cannot write file: File exists"),
    ],
    ids=["name", "revision", "no folder"],
)
def test_what_cannot_be_exported_is_one_clear_error(
    cli: Cli, shelf: Store, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "file").touch()
    ended = cli("db", "export", *arguments, env=env(fill(shelf)))
    assert (ended.code, ended.out, ended.err) == (code, "", f"error: {message.format(shelf.database)}\n")


def test_where_there_are_no_definitions_no_folder_is_made(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    ended = cli("db", "export", "--to", "out", env=env(shelf))
    assert (ended.code, ended.out) == (0, f"{shelf.database} has no definitions\n")
    assert not (tmp_path / "out").exists()
