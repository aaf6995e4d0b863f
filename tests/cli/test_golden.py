"""Whole texts of the command line, byte for byte: its help, and reports of a document that is committed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner import __version__
from runner.cli.commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

GOLDEN = Path(__file__).with_name("golden")
DOCUMENTS = Path(__file__).parents[1] / "reports" / "golden"

FORMATS = [((), "txt"), (("--format", "markdown"), "md"), (("--json",), "json")]


def compare(name: str, text: str) -> None:
    """Compare a text with a golden file; `UPDATE_GOLDEN=1` writes it anew."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_reads_as_agreed(cli: Cli, command: str) -> None:
    ended = cli(*command.split(), "--help")
    assert (ended.code, ended.err) == (0, "")
    compare(f"help-{command.replace(' ', '-')}.txt", ended.out)


def test_the_help_of_the_program_is_the_one_of_run(cli: Cli) -> None:
    assert cli("--help") == cli("run", "--help")


def test_the_help_is_the_same_however_wide_the_terminal_is(cli: Cli) -> None:
    env = {"COLUMNS": "40", "LINES": "10", "TERM": "xterm-256color", "FORCE_COLOR": "1"}
    assert cli("--help", env=env) == cli("--help")


@pytest.mark.parametrize(("flags", "suffix"), FORMATS, ids=["text", "markdown", "json"])
@pytest.mark.parametrize("name", ["failed-check", "failed-run"])
def test_a_document_is_rendered_as_agreed(cli: Cli, name: str, flags: tuple[str, ...], suffix: str) -> None:
    ended = cli("report", str(DOCUMENTS / f"{name}.json"), *flags)
    assert (ended.code, ended.err) == (0, "")
    compare(f"report-{name}.{suffix}", released(ended.out))


@pytest.mark.parametrize(("flags", "suffix"), FORMATS, ids=["text", "markdown", "json"])
def test_a_journal_is_rendered_as_agreed(cli: Cli, flags: tuple[str, ...], suffix: str) -> None:
    ended = cli("report", str(GOLDEN / "killed.ndjson"), *flags)
    assert (ended.code, ended.err) == (0, "")
    compare(f"report-killed.{suffix}", released(ended.out))


def released(text: str) -> str:
    """Write a text as one release of the runner would."""
    return text.replace(f'"runner_version": "{__version__}"', '"runner_version": "1.2.3"')
