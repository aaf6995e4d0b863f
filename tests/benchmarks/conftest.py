"""The bench: whole processes in interleaved rounds, judged by ratios, so that a slow or busy machine changes little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import pytest

from runner.prepare import write
from runner.validators import PREPARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT: Final = Path(__file__).parents[2]
STOPWATCH: Final = Path(__file__).with_name("stopwatch.py")
ENTRY: Final = "from runner.cli.main import main; raise SystemExit(main())"
"""What the installed command does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What the rounds of one command took."""

    name: str
    seconds: tuple[float, ...]
    mebibytes: float
    """The highest peak of all rounds."""

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def usual(self) -> float:
        return median(self.seconds)

    def ratio_to(self, other: Timing) -> float:
        """How many times longer than the other: of the paired rounds or of the best ones, whichever noise hurt less."""
        pairs = [mine / its for mine, its in zip(self.seconds, other.seconds, strict=True)]
        return min(median(pairs), self.best / other.best)


@dataclass(frozen=True, slots=True)
class Bench:
    """Measures commands and keeps the table."""

    folder: Path
    lines: list[str]
    environ: Mapping[str, str] = field(
        default_factory=lambda: {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    )

    def runner(self, *arguments: str) -> tuple[str, ...]:
        """Return the command line of the runner with these arguments."""
        return (sys.executable, "-c", ENTRY, *arguments)

    def measure(self, commands: Mapping[str, Sequence[str]], *, rounds: int = 15) -> tuple[Timing, ...]:
        """Run every command once a round; each has to exit 0 or 5 (unhealthy is a result, too)."""
        jobs = [
            {"argv": list(argv), "env": dict(self.environ), "cwd": str(self.folder), "exits": [0, 5]}
            for argv in commands.values()
        ]
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(STOPWATCH)],
            input=json.dumps({"commands": jobs, "rounds": rounds}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return timings(commands, done.stdout)

    def row(self, timing: Timing, *, than: Timing | None = None, target: str = "") -> None:
        """Put a measured command into the table."""
        ratio = f"{timing.ratio_to(than):5.2f} x {than.name}" if than else ""
        times = f"{timing.best * 1000:8.1f} {timing.usual * 1000:8.1f} {timing.mebibytes:8.1f}"
        self.lines.append(f"{timing.name:<{NAME}} {times}  {ratio:<{RATIO}} {target}")

    def note(self, claim: str, target: str) -> None:
        """Put a figure that follows from several commands into the table."""
        self.lines.append(f"{claim:<{NAME + RATIO + 29}} {target}")


def timings(names: Iterable[str], told: str) -> tuple[Timing, ...]:
    """Read what the stopwatch says of commands."""
    return tuple(
        Timing(
            name=name,
            seconds=tuple(seconds for seconds, _ in samples),
            mebibytes=max(kibibytes for _, kibibytes in samples) / 1024,
        )
        for name, samples in zip(names, json.loads(told), strict=True)
    )


NAME, RATIO = 34, 40
"""Widths of columns."""
LINES: Final = pytest.StashKey[list[str]]()


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Bench:
    return Bench(tmp_path, request.config.stash.setdefault(LINES, []))


@pytest.fixture(scope="session", autouse=True)
def prepared() -> None:
    write(Path(PREPARED))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(LINES, [])
    if lines:
        terminalreporter.section("benchmarks: whole processes, interleaved rounds")
        terminalreporter.write_line(
            f"{'':<{NAME}} {'best ms':>8} {'median':>8} {'peak MiB':>8}  {'ratio':<{RATIO}} target"
        )
        for line in lines:
            terminalreporter.write_line(line)
