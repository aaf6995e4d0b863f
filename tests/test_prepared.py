from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from runner.explanations import diagnostic_codes, exit_pages
from runner.prepare import configurable, main, write
from runner.validators import prepared_path

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]


def pins(lines: Iterator[str] | list[str]) -> dict[str, str]:
    return {
        found[1].lower().replace("_", "-"): found[2]
        for line in lines
        if (found := re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", line))
    }


def locked(name: str) -> dict[str, str]:
    return pins((ROOT / name).read_text().splitlines())


def project() -> dict[str, dict[str, list[str]]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


LATE = {"alembic", "psycopg", "pymysql", "rich", "sqlalchemy"}
"""What no configurable class imports when it is imported itself."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    write(folder)
    return folder


@pytest.mark.parametrize("cls", configurable(), ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_a_class_has_a_prepared_validator(cls: type, prepared: Path) -> None:
    assert (prepared / Path(prepared_path(cls)).name).stat().st_size > 0


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with its validators prepared, to change."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "runner", folder / "runner", ignore=shutil.ignore_patterns("__pycache__", "prepared"))
    subprocess.run([sys.executable, "-m", "runner.prepare"], cwd=folder, check=True, capture_output=True)
    return folder


def reading_needs_pydantic(folder: Path) -> bool:
    code = (
        "import sys; from runner.checks import CHECKS; "
        "CHECKS.read({'type': 'http', 'url': 'http://127.0.0.1/'}); print('pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout == "True\n"


def test_a_prepared_validator_does_without_pydantic(checkout: Path) -> None:
    assert not reading_needs_pydantic(checkout)


@pytest.mark.parametrize(
    "part", ["checks/http.py", "checks/base.py", "checks/answer.py", "spec/quantities.py", "validators.py"]
)
def test_a_change_of_any_part_of_a_class_makes_its_validator_stale(part: str, checkout: Path) -> None:
    path = checkout / "runner" / part
    source = path.read_text()
    path.write_text(f"{source}# changed\n")
    try:
        assert reading_needs_pydantic(checkout)
    finally:
        path.write_text(source)


def test_preparing_twice_gives_the_same_bytes(prepared: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "runner.prepare", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        check=True,
        capture_output=True,
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in prepared.iterdir()
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked: built from a copy, since a build writes into its source tree."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("runner", "definitions"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "prepared"))
    for name in ("pyproject.toml", "hatch_build.py", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, source)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=source, check=True
    )
    with ZipFile(next(folder.glob("*.whl"))) as archive:
        archive.extractall(folder)
    return folder


def test_the_wheel_reads_definitions_without_pydantic(wheel: Path) -> None:
    done = subprocess.run([sys.executable, "-c", READ], cwd=wheel, check=False, capture_output=True, text=True)
    assert (done.stderr, done.stdout) == ("", "a\n")


READ = """
import sys
from runner.definition.entries import NodeEntry
from runner.validators import read

print(read(NodeEntry, {"id": "a", "type": "context", "timeout": "3s"}).id)
assert "pydantic" not in sys.modules, "nothing prepared was found, or it did not match"
"""


def test_the_wheel_carries_a_validator_for_every_class_and_the_definitions_that_ship(wheel: Path) -> None:
    assert {path.name for path in wheel.joinpath("runner/prepared").iterdir()} == {
        Path(prepared_path(cls)).name for cls in configurable()
    }
    assert {path.name for path in wheel.joinpath("runner/builtin").iterdir()} == {
        path.name for path in ROOT.joinpath("definitions").iterdir()
    }


def test_the_wheel_explains_every_code(wheel: Path) -> None:
    carried, own = (top.joinpath("runner/explanations") for top in (wheel, ROOT))
    files = {path.relative_to(own): path.read_bytes() for path in own.rglob("*.md")}
    assert files == {path.relative_to(carried): path.read_bytes() for path in carried.rglob("*.md")}
    assert len(files) == len(diagnostic_codes()) + len(exit_pages())


def test_what_belongs_to_no_class_any_more_is_removed(tmp_path: Path) -> None:
    (tmp_path / "runner.checks.gone.Gone.pickle").write_bytes(b"")
    written = write(tmp_path)
    assert set(tmp_path.iterdir()) == set(written)


def test_more_than_one_folder_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a", "b"]) == 2
    assert capsys.readouterr().err == "usage: python -m runner.prepare [DIR]\n"


def test_the_build_prepares_with_the_versions_of_the_lock() -> None:
    build = pins(project()["build-system"]["requires"])
    hatchling = build.pop("hatchling")
    runtime = locked("requirements.lock")
    declared = {re.split(r"[\[<>=~ ]", one)[0] for one in project()["project"]["dependencies"]} - LATE
    assert build == {name: runtime[name] for name in declared}
    assert hatchling == locked("requirements-dev.lock")["hatchling"]


def test_the_development_lock_holds_the_versions_of_the_runtime_lock() -> None:
    runtime, development = locked("requirements.lock"), locked("requirements-dev.lock")
    assert runtime == {name: development.get(name) for name in runtime}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_hashes_and_names_no_index(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    pinned = [number for number, line in enumerate(lines) if "==" in line]
    assert pinned
    assert [lines[number] for number in pinned if "--hash=sha256:" not in lines[number + 1]] == []
    assert [line for line in lines if "://" in line or line.startswith("-")] == []
