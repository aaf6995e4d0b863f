"""The same jobs done by pypyr, doit, go-task and Robot Framework, each in an environment of its own.

    make peers                      # or: python tests/benchmarks/peers.py --rounds 9 --folder DIR

Prints a table of medians and ratios for docs/performance.md. Every round runs each tool once, in turn, and a ratio is
the median of those within the rounds: what else the machine does meanwhile falls on all alike.
No part of CI, and no test: it needs PyPI, curl and an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import gettempdir
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).parents[2]
STOPWATCH: Final = Path(__file__).with_name("stopwatch.py")
STEPS: Final = 1_000
CHECKS: Final = 50
NO_VALIDATION: Final = ()
"""The tool has no way to check a file without running it."""
SERVER: Final = """
import asyncio

async def answer(reader, writer):
    try:
        while await reader.readuntil(b"\\r\\n\\r\\n"):
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool, and how it does each job; the files that its commands name are written by `files`."""

    name: str
    packages: Sequence[str]
    """What is installed, at which version."""
    version: Sequence[str]
    steps: Callable[[int], Sequence[str]]
    http: Sequence[str]
    validate: Sequence[str]
    """A look at the file of `STEPS` steps that runs none of them."""
    files: Callable[[str], Mapping[str, str]]
    """Takes the address of the web server."""
    exits: Sequence[int] = (0,)


def listed(count: int, line: Callable[[int], str]) -> str:
    return "".join(line(number) for number in range(count))


# --- pipeline-runner -----------------------------------------------------------------------------------


def _own_files(url: str) -> dict[str, str]:
    head = 'version: "1.0"\nnodes:\n'
    step = "  - {{id: n{0}, type: transform, config: {{extract: a}}}}\n".format
    check = "        - {{type: http, name: c{0}, url: {1}{0}}}\n".format
    checks = listed(CHECKS, lambda number: check(number, url))
    probe = f"{head}  - id: probe\n    type: context\n    config:\n      checks:\n{checks}"
    return {f"{count}.yaml": head + listed(count, step) for count in (3, STEPS)} | {"checks.yaml": probe}


def _own_run(name: str) -> tuple[str, ...]:
    return ("pipeline-runner", "--config", name, "--payload", '{"a": 1}', "--results", "results.json")


OWN: Final = Tool(
    name="pipeline-runner",
    packages=("--no-deps", "--requirement", str(ROOT / "requirements.lock"), "pipeline-runner"),
    version=("pipeline-runner", "--version"),
    steps=lambda count: _own_run(f"{count}.yaml"),
    http=_own_run("checks.yaml"),
    validate=("pipeline-runner", "validate", f"{STEPS}.yaml"),
    files=_own_files,
)


# --- pypyr -----------------------------------------------------------------------------------------------


def _pypyr_files(url: str) -> dict[str, str]:
    head = "context_parser: pypyr.parser.keyvaluepairs\nsteps:\n"
    step = '  - {{name: pypyr.steps.py, in: {{py: "n{0} = a"}}}}\n'.format
    get = f"import urllib.request; assert urllib.request.urlopen('{url}%d').status == 200"
    checks = listed(CHECKS, lambda number: f'  - {{name: pypyr.steps.py, in: {{py: "{get % number}"}}}}\n')
    return {f"s{count}.yaml": head + listed(count, step) for count in (3, STEPS)} | {"checks.yaml": f"steps:\n{checks}"}


PYPYR: Final = Tool(
    name="pypyr",
    packages=("pypyr==5.9.1",),
    version=("pypyr", "--version"),
    steps=lambda count: ("pypyr", f"s{count}", "a=1"),
    http=("pypyr", "checks"),
    validate=NO_VALIDATION,
    files=_pypyr_files,
)


# --- doit ------------------------------------------------------------------------------------------------


def _doit_files(url: str) -> dict[str, str]:
    step = (
        "def step():\n    pass\n\n"
        "def task_steps():\n    for number in range({0}):\n        yield {{'name': str(number), 'actions': [step]}}\n"
    ).format
    get = (
        "import urllib.request\n\n"
        f"def get(number):\n    assert urllib.request.urlopen(f'{url}{{number}}').status == 200\n\n"
        f"def task_http():\n    for number in range({CHECKS}):\n"
        "        yield {'name': str(number), 'actions': [(get, [number])]}\n"
    )
    return {f"s{count}.py": step(count) for count in (3, STEPS)} | {"checks.py": get}


DOIT: Final = Tool(
    name="doit",
    packages=("doit==0.37.0",),
    version=("doit", "--version"),
    steps=lambda count: ("doit", "-f", f"s{count}.py"),
    http=("doit", "-f", "checks.py"),
    validate=("doit", "list", "--all", "-f", f"s{STEPS}.py"),
    files=_doit_files,
)


# --- go-task ---------------------------------------------------------------------------------------------


def _task_files(url: str) -> dict[str, str]:
    head = "version: '3'\nsilent: true\ntasks:\n  default:\n    cmds:\n"
    step = "      - echo {0}\n".format
    get = f"      - curl --fail --silent --output /dev/null {url}{{0}}\n".format
    return {f"s{count}.yml": head + listed(count, step) for count in (3, STEPS)} | {
        "checks.yml": head + listed(CHECKS, get)
    }


TASK: Final = Tool(
    name="go-task",
    packages=("go-task-bin==3.54.0",),
    version=("task", "--version"),
    steps=lambda count: ("task", "--taskfile", f"s{count}.yml"),
    http=("task", "--taskfile", "checks.yml"),
    validate=("task", "--taskfile", f"s{STEPS}.yml", "--dry"),
    files=_task_files,
)


# --- Robot Framework -------------------------------------------------------------------------------------

_ONE_FILE: Final = ("--log", "NONE", "--report", "NONE", "--output", "out.xml")


def _robot_files(url: str) -> dict[str, str]:
    head = "*** Test Cases ***\nAll\n"
    step = "    Set Variable    {0}\n".format
    get = "    GET On Session    shop    /{0}    expected_status=200\n".format
    session = f"    Create Session    shop    {url.removesuffix('/')}\n"
    return {f"s{count}.robot": head + listed(count, step) for count in (3, STEPS)} | {
        "checks.robot": f"*** Settings ***\nLibrary    RequestsLibrary\n\n{head}{session}{listed(CHECKS, get)}"
    }


ROBOT: Final = Tool(
    name="robot",
    packages=("robotframework==7.5", "robotframework-requests==0.9.7"),
    version=("robot", "--version"),
    steps=lambda count: ("robot", *_ONE_FILE, f"s{count}.robot"),
    http=("robot", *_ONE_FILE, "checks.robot"),
    validate=("robot", *_ONE_FILE, "--dryrun", f"s{STEPS}.robot"),
    files=_robot_files,
    exits=(0, 251),  # of --version
)

TOOLS: Final = (OWN, PYPYR, DOIT, TASK, ROBOT)
JOBS: Final[Mapping[str, Callable[[Tool], Sequence[str]]]] = {
    "version": lambda tool: tool.version,
    "3 steps": lambda tool: tool.steps(3),
    f"{STEPS:,} steps": lambda tool: tool.steps(STEPS),
    f"{CHECKS} HTTP checks": lambda tool: tool.http,
    f"validate {STEPS:,} steps": lambda tool: tool.validate,
}


# --- measuring -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """Where everything lies, and how often it is run."""

    folder: Path
    rounds: int
    found: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """By job and tool, the seconds of each round."""

    def install(self, tool: Tool) -> None:
        """Make an environment for a tool, unless it is there with these packages."""
        place, wanted = self.folder / tool.name, "\n".join(tool.packages)
        stamp = place / "installed.txt"
        if tool is not OWN and stamp.exists() and stamp.read_text() == wanted:
            return
        shutil.rmtree(place, ignore_errors=True)
        venv.create(place, with_pip=True)
        pip = (str(place / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
        packages = [name for name in tool.packages if name != "pipeline-runner"]
        subprocess.run([*pip, *packages], check=True)
        if tool is OWN:
            subprocess.run([*pip, "--no-deps", str(ROOT)], check=True)
        stamp.write_text(wanted)

    def prepare(self, tool: Tool, url: str) -> Path:
        """Write the files of a tool, and return the folder that it is run in."""
        work = self.folder / "work" / tool.name
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        for name, text in tool.files(url).items():
            (work / name).write_text(text)
        return work

    def measure(self, job: str, works: Mapping[str, Path]) -> None:
        """Run a job with every tool that can do it."""
        able = [tool for tool in TOOLS if JOBS[job](tool)]
        commands = [self._command(tool, JOBS[job](tool), works[tool.name]) for tool in able]
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(STOPWATCH)],
            input=json.dumps({"commands": commands, "rounds": self.rounds}),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        samples = json.loads(done.stdout)
        self.found[job] = {tool.name: [seconds for seconds, _ in one] for tool, one in zip(able, samples, strict=True)}

    def _command(self, tool: Tool, argv: Sequence[str], work: Path) -> dict[str, object]:
        binaries = self.folder / tool.name / "bin"
        env = {"PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(work), "LANG": "C.UTF-8", "NO_PROXY": "*"}
        return {"argv": [str(binaries / argv[0]), *argv[1:]], "env": env, "cwd": str(work), "exits": tool.exits}

    def table(self) -> Iterator[str]:
        """Write medians, and how many times longer each takes than ours within the same rounds."""
        yield f"| Job | {' | '.join(tool.name for tool in TOOLS)} |"
        yield f"| --- |{' ---: |' * len(TOOLS)}"
        for job, by_tool in self.found.items():
            yield f"| {job} | {' | '.join(self._cell(tool, by_tool) for tool in TOOLS)} |"

    @staticmethod
    def _cell(tool: Tool, by_tool: Mapping[str, list[float]]) -> str:
        if tool.name not in by_tool:
            return "none"
        milliseconds = f"{median(by_tool[tool.name]) * 1000:.0f} ms"
        if tool is OWN:
            return milliseconds
        ratio = median(its / ours for its, ours in zip(by_tool[tool.name], by_tool[OWN.name], strict=True))
        return f"{milliseconds}, {ratio:.2g} times"


@contextmanager
def web_server() -> Iterator[str]:
    """Serve an address that answers at once, from a process of its own."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/"
        finally:
            server.terminate()


def machine() -> str:
    """Say where and when this is, and what else is going on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {model}, {system}, load averages {load} at the start"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the same jobs with other tools.")
    parser.add_argument("--rounds", type=int, default=9, help="how often each tool does each job (9)")
    default = Path(os.environ.get("XDG_CACHE_HOME") or gettempdir()) / "pipeline-runner-peers"
    parser.add_argument("--folder", type=Path, default=default, help=f"where environments are kept ({default})")
    given = parser.parse_args()
    bench, began = Bench(given.folder.absolute(), given.rounds), machine()
    bench.folder.mkdir(parents=True, exist_ok=True)
    for tool in TOOLS:
        bench.install(tool)
    with web_server() as url:
        works = {tool.name: bench.prepare(tool, url) for tool in TOOLS}
        for job in JOBS:
            bench.measure(job, works)
    sys.stdout.write(f"{began}; {given.rounds} rounds\n\n" + "".join(f"{line}\n" for line in bench.table()))


if __name__ == "__main__":
    main()
