"""What tests share: definitions run in this process, and the command line as a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from runner.engine.walk import Walk
from tests.support import Witness, definition_of, world_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runner.results import RunResult


pytest_plugins = ["tests.servers", "tests.databases"]
"""Whose fixtures every test may ask for, each one made once."""


def pytest_configure() -> None:
    """Let a hangup end what the tests start, although the tests themselves run under `nohup`."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def run() -> Callable[..., RunResult]:
    """Run a definition given as YAML in this process, with everything real."""

    def run_text(text: str, **given: Any) -> RunResult:  # noqa: ANN401 - the fields of World
        definition = definition_of(text)
        return Walk(definition, world_of(definition, **given), Witness()).run()

    return run_text


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str


CLEAN = {
    key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START") if key in os.environ
}
"""The environment of a person's shell; nothing of the machine that the tests run on."""


@pytest.fixture
def cli(tmp_path: Path) -> Callable[..., Ended]:
    """Run the command line as a process of its own, in an empty folder."""

    def run_cli(*arguments: str, env: Mapping[str, str] | None = None, stdin: str = "", cwd: Path = tmp_path) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=cwd,
            env={**CLEAN, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run_cli
