"""The README tells nothing but the truth: its commands run, its definitions are valid, its tables are the code's."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from runner.cli.commands import COMMANDS
from runner.errors import ExitCode
from runner.nodes import NODES
from runner.results import Verdict
from tests.pages import ROOT, make_targets, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

README: Final = page("README.md")
LONGEST: Final = 160
FIRST_SCREEN: Final = 10
"""Lines that a person sees before scrolling."""
RAN: Final = {ExitCode.OK, ExitCode.UNHEALTHY}
"""What a command that works ends with: the machine that the tests run on may be unwell."""

IMAGE: Final = "ghcr.io/org/pipeline-action:1"
DEFINITIONS: Final = [block for block in README.blocks_of("yaml") if block.path.startswith("definitions/")]
WORKFLOWS: Final = [block for block in README.blocks_of("yaml") if block.path.startswith(".github/workflows/")]

DOCKERS: Final = [shlex.split(one) for one in README.commands if one.startswith("docker run ")]
RUNS: Final = [
    *(shlex.split(one)[1:] for one in README.commands if one.startswith("pipeline-runner ")),
    *(command[command.index(IMAGE) + 1 :] for command in DOCKERS),
]
MAKES: Final = [shlex.split(one)[1:] for one in README.commands if one.startswith("make ")]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository with the definitions that ship and those that the README has."""
    shutil.copytree(ROOT / "definitions", tmp_path / "definitions")
    for block in DEFINITIONS:
        (tmp_path / block.path).write_text(block.text)
    return tmp_path


def test_it_can_be_read_in_one_sitting() -> None:
    assert len(README.text.splitlines()) <= LONGEST


def test_the_first_screen_has_the_two_commands_to_begin_with() -> None:
    start = README.text.splitlines()[:FIRST_SCREEN]
    assert [line.partition(" #")[0].strip() for line in start if line.startswith("make ")] == ["make run", "make test"]


def test_every_command_is_the_runner_or_its_image_or_make() -> None:
    assert len(RUNS) + len(MAKES) == len(README.commands)


def test_every_block_of_yaml_is_a_definition_or_a_workflow() -> None:
    assert len(DEFINITIONS) + len(WORKFLOWS) == len(README.blocks_of("yaml"))


def test_a_workflow_keeps_to_githubs_schema(tmp_path: Path) -> None:
    for block in WORKFLOWS:
        (tmp_path / "workflow.yml").write_text(block.text)
        check = Path(sys.executable).parent / "check-jsonschema"
        flags = ("--builtin-schema", "vendor.github-workflows", "workflow.yml")
        subprocess.run([check, *flags], cwd=tmp_path, check=True)


def test_every_make_target_is_in_the_makefile() -> None:
    assert set(chain.from_iterable(MAKES)) <= make_targets()


@pytest.mark.parametrize("arguments", RUNS, ids=" ".join)
def test_a_command_works(arguments: list[str], cli: Cli, workspace: Path) -> None:
    ended = cli(*arguments, cwd=workspace)
    assert ended.code in RAN, ended.err
    assert ended.out


@pytest.mark.parametrize("path", [block.path for block in DEFINITIONS])
def test_a_definition_is_valid_and_gets_no_warning(path: str, cli: Cli, workspace: Path) -> None:
    ended = cli("validate", path, "--json", cwd=workspace)
    told = json.loads(ended.out)
    assert (ended.code, [one["diagnostics"] for one in told["files"]]) == (ExitCode.OK, [[]])


def test_the_mistake_that_is_shown_is_told_like_that(cli: Cli, workspace: Path) -> None:
    (shown,) = [block.text for block in README.blocks_of("text") if " E203 " in block.text]
    path = workspace / shown.partition(":")[0]
    path.write_text(path.read_text().replace("warning:", "wraning:", 1))
    ended = cli("validate", str(path.relative_to(workspace)), cwd=workspace)
    assert (ended.code, ended.out) == (
        ExitCode.INVALID,
        f"{shown}1 error, 0 warnings\nexplain a code: pipeline-runner explain E203\n",
    )


def test_what_make_run_is_said_to_print_and_to_leave_is_what_it_does(cli: Cli, workspace: Path) -> None:
    (workspace / "out").mkdir()
    ended = cli(*_arguments_of_make_run(), cwd=workspace)
    shown = next(block.text for block in README.blocks_of("text") if "PIPELINE RESULT" in block.text)
    printed = iter([_without_what_varies(line) for line in (ended.err + ended.out).splitlines()])
    missing = [line for line in shown.splitlines() if line != "…" and _without_what_varies(line) not in printed]
    assert missing == []
    assert {path.name for path in (workspace / "out").iterdir()} == {"pipeline-results.json", "summary.md"}


def _arguments_of_make_run() -> list[str]:
    """What `make run` would start the runner with."""
    told = subprocess.run(
        ["make", "--dry-run", "run"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},  # not what a make around these tests hands down
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return shlex.split(told.partition("/pipeline-runner ")[2].replace("\\\n", " "))


def _without_what_varies(line: str) -> str:
    """Leave out numbers, times, verdicts and thresholds that were crossed."""
    line = re.sub(r"\b(ok|warning|critical|unknown)\b", "VERDICT", line)
    return re.sub(r"\d[\d.]*(ms|s\b)?", "N", line).removesuffix(", above N%")


def test_the_exit_codes_are_those_of_the_code() -> None:
    rows = README.table("Code", "Name", "Meaning", "Try again?")
    told = {int(code): name for codes, name, *_ in rows for code in codes.split("/")}
    assert told == {code.value: code.label for code in ExitCode}


def test_the_verdicts_stand_in_their_order() -> None:
    seen = sorted(set(Verdict) - {Verdict.INCONCLUSIVE})
    assert " < ".join(f"`{verdict}`" for verdict in seen) in README.text


def test_the_node_types_are_all_there_are() -> None:
    assert re.findall(r"(?:^|\. )`(\w+)` nodes ", README.text, re.MULTILINE) == list(NODES)


def test_the_pictures_are_those_that_are_drawn() -> None:
    shown = re.findall(r'(?:src|srcset)="([^"]+)"', (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {Path(one) for one in shown} == {one.relative_to(ROOT) for one in ROOT.glob("docs/pictures/*.png")}


def test_every_link_leads_to_a_file() -> None:
    assert [link for link in README.links if not (ROOT / link).is_file()] == []


def test_every_flag_is_in_the_help(cli: Cli) -> None:
    flag = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
    known = {found for command in COMMANDS for found in flag.findall(cli(*command.split(), "--help").out)}
    dockers = {word for command in DOCKERS for word in command[: command.index(IMAGE)]}
    assert set(flag.findall(README.text)) <= known | dockers
