"""Where definitions are found: by name in folders, by path, among the ones that ship; and what is said where not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.definition.library import Library, builtin_folder
from runner.definition.loader import load
from runner.definition.source import MOST_READ, read_file
from runner.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.errors import RunnerError

TEXT = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of two folders in a workspace that is the working directory."""
    monkeypatch.chdir(tmp_path)
    for folder in ("own", "definitions"):
        (tmp_path / folder).mkdir()
    return Library(folders=(tmp_path / "own", tmp_path / "definitions"), workspace=tmp_path)


def write(name: str, text: str = TEXT) -> None:
    Path(name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_a_name_finds_a_file_of_any_suffix(library: Library, suffix: str) -> None:
    write(f"definitions/web{suffix}")
    found = library.find("web")
    assert (found.data, found.label, found.name, found.origin) == (
        TEXT.encode(),
        f"definitions/web{suffix}",
        "web",
        "file",
    )


def test_the_first_folder_goes_first(library: Library) -> None:
    write("own/web.json", "1")
    write("definitions/web.yaml", "2")
    assert library.find("web").data == b"1"


def test_a_file_goes_before_one_that_ships(library: Library) -> None:
    write("definitions/checks-only.yaml", "mine")
    assert library.find("checks-only").data == b"mine"
    assert library.find("builtin:checks-only").data != b"mine"


def test_a_folder_outside_the_workspace_is_named_in_full(
    library: Library, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "web.yaml").write_text(TEXT, encoding="utf-8")
    found = Library(folders=(elsewhere,), workspace=library.workspace).find("web")
    assert (found.label, found.data) == (f"{elsewhere}/web.yaml", TEXT.encode())


@pytest.mark.parametrize(
    "wanted", ["./some.yaml", "file:some.yaml", "some.yaml", "sub/other.txt", "file:sub/other.txt"]
)
def test_a_path_is_taken_as_it_is(library: Library, wanted: str) -> None:
    assert library.workspace == Path.cwd()
    write("some.yaml")
    Path("sub").mkdir()
    write("sub/other.txt")
    found = library.find(wanted)
    assert (found.label, found.name) == (wanted.removeprefix("file:"), Path(wanted.removeprefix("file:")).stem)


def test_a_name_with_dots_is_one(library: Library) -> None:
    write("definitions/web.v2-x_1.yaml")
    assert library.find("web.v2-x_1").label == "definitions/web.v2-x_1.yaml"


def test_one_that_ships_is_no_file(library: Library) -> None:
    found = library.find("local-monitor")
    assert (found.label, found.name, found.origin) == ("builtin:local-monitor", "local-monitor", "builtin")


def test_all_that_ship_can_be_loaded(library: Library) -> None:
    assert library.builtins() == tuple(sorted(path.stem for path in builtin_folder().glob("*.yaml")))
    for name in library.builtins():
        found = library.find(f"builtin:{name}")
        assert load(found).warnings == ()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            "wbe",
            (
                'Pipeline definition not found: wbe — did you mean "web"? '
                "Searched own, definitions and the built-in definitions"
            ),
        ),
        ("zzz", "Pipeline definition not found: zzz — Searched own, definitions and the built-in definitions"),
        (
            "builtin:alrt",
            ('Pipeline definition not found: builtin:alrt — did you mean "alert"? Searched the built-in definitions'),
        ),
        (
            "builtin:../alert",
            (
                'Pipeline definition not found: builtin:../alert — did you mean "alert"? '
                "Searched the built-in definitions"
            ),
        ),
        ("db:web", "Pipeline definition not found: db:web — no database is configured: set PIPELINE_DATABASE_URL"),
        ("file:none.yaml", "Pipeline definition not found: file:none.yaml — Searched HERE/none.yaml"),
        ("none.yaml", "Pipeline definition not found: none.yaml — Searched HERE/none.yaml"),
        (
            "./definitions/wbe.yml",
            (
                'Pipeline definition not found: ./definitions/wbe.yml — did you mean "web.yaml"? '
                "Searched HERE/definitions/wbe.yml"
            ),
        ),
        (
            "definitions/web.yaml/x",
            "Pipeline definition not found: definitions/web.yaml/x — Searched HERE/definitions/web.yaml/x",
        ),
        ("definitions/", "definitions/ is a folder — name a file in it"),
    ],
)
def test_what_is_not_there_is_said(library: Library, wanted: str, message: str) -> None:
    write("definitions/web.yaml")
    assert said(library.find, wanted, Unavailable) == message.replace("HERE", str(Path.cwd()))


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("shop", 'did you mean "shop-front" or "shop-stock"? '),
        ("SHOP-F", 'did you mean "shop-front"? '),
        ("file:definitions/shop", 'did you mean "shop-front.yaml" or "shop-stock.json"? '),
        ("n", 'did you mean "n1-long-name" or "n2-long-name" or "n3-long-name"? '),
        ("ho", ""),
    ],
)
def test_the_beginning_of_a_name_is_enough_for_a_hint(library: Library, wanted: str, hint: str) -> None:
    for name in ("shop-front.yaml", "shop-stock.json", *(f"n{number}-long-name.yml" for number in range(1, 5))):
        write(f"definitions/{name}")
    text = said(library.find, wanted, Unavailable)
    assert text.startswith(f"Pipeline definition not found: {wanted} — {hint}Searched ")


def said(find: Callable[[str], object], wanted: str, error: type[RunnerError]) -> str:
    with pytest.raises(error) as caught:
        find(wanted)
    return caught.value.message


@pytest.mark.parametrize("wanted", ["-web", ".web", "a b", "web!", ""])
def test_what_is_no_name_is_a_usage_error(library: Library, wanted: str) -> None:
    assert said(library.find, wanted, UsageError) == (
        f"{wanted!r} is no name of a definition — names are letters, digits, '.', '_' and '-'"
    )


def test_in_an_empty_workspace_a_checkout_is_missing(tmp_path: Path) -> None:
    library = Library(folders=(tmp_path / "definitions",), workspace=tmp_path)
    empty = "The workspace is empty: is the step actions/checkout missing?"
    assert said(library.find, "mine", Unavailable) == (
        f"Pipeline definition not found: mine — Searched definitions and the built-in definitions. {empty}"
    )
    assert said(library.find, "/no/web.yaml", Unavailable) == (
        f"Pipeline definition not found: /no/web.yaml — Searched /no/web.yaml. {empty}"
    )


def test_a_folder_lists_its_definitions_in_order(library: Library) -> None:
    for name in ("own/b.json", "own/a.yaml", "own/notes.txt", "definitions/c.yml"):
        write(name)
    Path("own/folder.yaml").mkdir()
    assert [path.name for path in library.files()] == ["a.yaml", "b.json", "c.yml"]


def test_a_file_that_may_not_be_read_says_why(tmp_path: Path) -> None:
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    with pytest.raises(Unavailable) as caught:
        read_file(str(loop), missing="missing")
    assert caught.value.message == f"{loop} cannot be read: Too many levels of symbolic links"


def test_of_what_never_ends_only_so_much_is_read() -> None:
    assert len(read_file("/dev/zero", missing="missing").data) == MOST_READ
