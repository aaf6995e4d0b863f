"""CONTRIBUTING.md, followed to the letter in a copy of the repository: the check works, and nothing else changes."""

from __future__ import annotations

import filecmp
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from runner.checks import CHECKS
from runner.errors import ExitCode
from tests.pages import ROOT, make_targets, page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GUIDE: Final = page("CONTRIBUTING.md")
COPIED: Final = ("runner", "tests", "definitions", "docs")
TABLE: Final = Path("runner/checks/__init__.py")
SCHEMA: Final = Path("docs/definition.schema.json")
CHECK: Final = "file_age"
LEFT: Final = {"backup.tar", ".pipeline"}
"""What the commands of the guide leave behind."""
COMMAND: Final = 'pipeline-runner() { "$PYTHON" -m runner "$@"; }\n'
"""What an installed command would be, for the copy."""

LINES: Final = tuple(block.text for block in GUIDE.blocks_of("sh"))
DIFF: Final = GUIDE.blocks_of("diff")[0].text.splitlines(keepends=True)
BEFORE, ADDED = (line[1:] for line in DIFF)


@dataclass(frozen=True)
class Copy:
    """A copy of the repository, with what CONTRIBUTING.md adds."""

    root: Path

    @cached_property
    def environ(self) -> Mapping[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
        return {**kept, "PYTHON": sys.executable, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=self.root, env=self.environ, capture_output=True, text=True, timeout=100, check=False
        )

    def runner(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "runner", *arguments)

    def shell(self, lines: str) -> subprocess.CompletedProcess[str]:
        return self.run("bash", "-euc", COMMAND + lines)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The copy, after every step but the commands."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "action.yml"):
        shutil.copy2(ROOT / file, root)
    for block in GUIDE.blocks:
        if block.path:
            assert not (root / block.path).exists(), f"{block.path} is there already"
            (root / block.path).write_text(block.text)
    table = (root / TABLE).read_text()
    assert table.count(BEFORE) == 1, "the line that the guide adds to is not in the table any more"
    (root / TABLE).write_text(table.replace(BEFORE, BEFORE + ADDED))
    return Copy(root)


def shown(start: str) -> str:
    """The block of output that begins like that."""
    return next(block.text for block in GUIDE.blocks_of("text") if block.text.startswith(start))


# --- the example -----------------------------------------------------------------------------------


def test_the_example_is_no_check_yet() -> None:
    assert CHECK not in CHECKS


def test_the_tests_of_the_example_pass(copy: Copy) -> None:
    (line,) = [line for line in GUIDE.commands if f"test_{CHECK}" in line]
    wanted = shlex.split(line)[-1].removeprefix("ARGS=")
    ended = copy.run(sys.executable, "-m", "pytest", wanted, "-q", "-p", "no:cacheprovider")
    assert ended.returncode == 0, ended.stdout
    assert re.search(r"^6 passed", ended.stdout, re.MULTILINE)


@pytest.mark.parametrize("asked", [("check",), ("format", "--check")], ids=" ".join)
def test_the_style_of_the_example_is_the_house_style(asked: tuple[str, ...], copy: Copy) -> None:
    paths = [block.path for block in GUIDE.blocks_of("python")]
    ended = copy.run(sys.executable, "-m", "ruff", *asked, "--no-cache", *paths)
    assert ended.returncode == 0, ended.stdout


def test_the_architecture_takes_the_example(copy: Copy) -> None:
    module = f"runner.checks.{CHECK}"
    ended = copy.run(
        sys.executable, "-m", "pytest", "tests/test_architecture.py", "-q", "-p", "no:cacheprovider", "-k", module
    )
    assert ended.returncode == 0, ended.stdout


def test_the_example_of_its_page_is_one_and_runs(copy: Copy) -> None:
    chosen = ("-k", f"checks-{CHECK} and not runs", "-p", "no:cacheprovider")
    ended = copy.run(sys.executable, "-m", "pytest", "tests/docs/test_reference.py", "-q", *chosen)
    assert re.search(r"^2 passed", ended.stdout, re.MULTILINE), ended.stdout
    (copy.root / "backup.tar").write_text("data")
    assert copy.runner("--config", f"docs/reference/examples/checks/{CHECK}.yaml").returncode == ExitCode.OK


def test_the_reference_is_what_the_guide_shows(copy: Copy) -> None:
    assert copy.runner("show", CHECK).stdout == shown(f"{CHECK} (check)")


def test_the_definition_that_uses_it_runs(copy: Copy) -> None:
    (lines,) = [lines for lines in LINES if "--definition backups" in lines]
    ended = copy.shell(lines)
    assert ended.returncode == ExitCode.OK, ended.stderr
    assert re.search(r"^  nightly: ok — backup\.tar was changed \S+ ago$", ended.stdout, re.MULTILINE)


def test_a_misspelled_key_of_it_gets_the_hint_that_the_guide_shows(copy: Copy) -> None:
    message = shown("definitions/backups.yaml:")
    path = copy.root / message.partition(":")[0]
    written = path.read_text()
    path.write_text(written.replace("warning:", "wraning:"))
    ended = copy.runner("validate", str(path.relative_to(copy.root)))
    path.write_text(written)
    assert (ended.returncode, ended.stdout) == (
        ExitCode.INVALID,
        f"{message}1 error, 0 warnings\nexplain a code: pipeline-runner explain E203\n",
    )


def test_nothing_else_had_to_change(copy: Copy) -> None:
    (lines,) = [lines for lines in LINES if str(SCHEMA) in lines]
    assert copy.shell(lines).returncode == 0
    named = {Path(block.path) for block in GUIDE.blocks if block.path}
    before, after = ROOT / TABLE, copy.root / TABLE
    left = {path for path in _changed(copy.root) if path.parts[0] in LEFT}
    assert set(_changed(copy.root)) - left == {*named, TABLE, SCHEMA}
    assert after.read_text().replace(ADDED, "") == before.read_text()
    assert f'"check_{CHECK}"' in (copy.root / SCHEMA).read_text()
    assert f'"check_{CHECK}"' not in (ROOT / SCHEMA).read_text()


def _changed(root: Path) -> Iterator[Path]:
    """Files of a copy that are not as in this repository."""
    for path in filter(Path.is_file, root.rglob("*")):
        own = path.relative_to(root)
        if not ((ROOT / own).is_file() and filecmp.cmp(path, ROOT / own, shallow=False)):
            yield own


# --- the rest of the page --------------------------------------------------------------------------


def test_every_make_target_is_in_the_makefile() -> None:
    asked = [shlex.split(line)[1:] for line in GUIDE.commands if line.startswith("make ")]
    assert {word for words in asked for word in words if "=" not in word} <= make_targets()


def test_every_link_leads_to_a_file() -> None:
    assert [link for link in GUIDE.links if not (ROOT / link).is_file()] == []


def test_the_rooms_of_the_house_are_where_it_says() -> None:
    rows = GUIDE.table("Where", "What lives there")
    rooms = [name for where, _ in rows for name in re.findall(r"`([^`]+)`", where)]
    assert [name for name in rooms if not (ROOT / "runner" / name.removeprefix("runner/")).exists()] == []
