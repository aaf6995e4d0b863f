"""docs/tutorial.md: a person who does what it says sees what it shows."""

from __future__ import annotations

import functools
import http.server
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from runner.errors import ExitCode
from tests.conftest import CLEAN
from tests.pages import page
from tests.workflows import uses_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = page("docs/tutorial.md")
PORT: Final = "8000"
REMOTE: Final = "https://github.com/YOU/watch.git"
SITE: Final = "https://www.example.org/"
GIT: Final = {
    "GIT_AUTHOR_NAME": "Reader",
    "GIT_AUTHOR_EMAIL": "reader@shop.example",
    "GIT_COMMITTER_NAME": "Reader",
    "GIT_COMMITTER_EMAIL": "reader@shop.example",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}
END: Final = "--- end of block ---"
BLOCKS: Final = PAGE.blocks
VARIES: Final = re.compile(r"\b\d+(\.\d+)?(ms|s)\b")
"""Times that were measured."""


@pytest.fixture(scope="module")
def port() -> str:
    """A port of this machine that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty repository, as GitHub makes one."""
    path = tmp_path_factory.mktemp("remote") / "watch.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch", "main", path], check=True)
    return path


@pytest.fixture(scope="module")
def printed(port: str, remote: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block of commands prints, one after the other in one shell, with the files that the page has."""
    folder = tmp_path_factory.mktemp("reader")
    written = tmp_path_factory.mktemp("written")
    lines = ["exec 2>&1", "trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for at, block in enumerate(BLOCKS):
        text = block.text.replace(PORT, port).replace(REMOTE, str(remote))
        if block.path:
            (written / str(at)).write_text(text)
            lines += [f"mkdir -p {Path(block.path).parent}", f"cp {written / str(at)} {block.path}"]
        elif block.language == "sh":
            lines += [text.replace("sleep 1\n", f"{waiting(port)}\n"), f"echo '{END}'"]
    done = subprocess.run(
        ["bash"],
        cwd=folder,
        env={**CLEAN, **GIT, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder)},
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        text=True,
        timeout=100,
        check=False,
    )
    assert not any(folder.iterdir()) or [path.name for path in folder.iterdir()] == [".git"], done.stdout
    return done.stdout.split(f"{END}\n")


def waiting(port: str) -> str:
    """`sleep 1`, and as much longer as a busy machine takes to start a server."""
    looks = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
    return f"sleep 1; until {shlex.quote(sys.executable)} -c {shlex.quote(looks)} 2>/dev/null; do sleep 0.1; done"


def shown() -> Iterator[tuple[int, str]]:
    """The outputs that the page shows, by the number of the block of commands that stands before."""
    count = -1
    for block in BLOCKS:
        count += block.language == "sh"
        if block.language == "text":
            yield count, block.text


def matches(wanted: list[str], lines: list[str]) -> bool:
    """Compare with what is shown; `…` stands for any lines, and at the end of a line for the rest of it."""
    if not wanted:
        return not lines
    if wanted[0] == "…":
        return any(matches(wanted[1:], lines[at:]) for at in range(len(lines) + 1))
    begins = wanted[0].endswith("…") and lines and lines[0].startswith(wanted[0].removesuffix("…"))
    return bool(lines) and (bool(begins) or lines[0] == wanted[0]) and matches(wanted[1:], lines[1:])


@pytest.mark.parametrize(("count", "text"), list(shown()), ids=lambda value: value if isinstance(value, int) else "")
def test_a_block_of_commands_prints_what_the_page_shows(count: int, text: str, printed: list[str], port: str) -> None:
    wanted = VARIES.sub("N", text.replace(PORT, port)).splitlines()
    assert matches(wanted, VARIES.sub("N", printed[count]).splitlines()), printed[count]


def test_commands_whose_output_is_not_shown_print_nothing_but_results(printed: list[str]) -> None:
    told = {count for count, _ in shown()}
    silent = [text for count, text in enumerate(printed) if count not in told and text]
    assert silent == []


def test_every_block_is_a_file_commands_or_what_they_print() -> None:
    assert {block.language for block in BLOCKS} == {"sh", "text", "yaml", "markdown"}
    assert all(block.path for block in BLOCKS if block.language == "yaml")


def test_what_was_pushed_runs_on_github_as_the_page_says(printed: list[str], remote: Path, tmp_path: Path) -> None:
    assert printed
    subprocess.run(["git", "clone", "--quiet", remote, tmp_path / "checkout"], check=True)
    workspace, summary = tmp_path / "checkout", tmp_path / "summary.md"
    workflow = workspace / ".github/workflows/health.yml"
    (use,) = uses_of(workflow)
    (tmp_path / "index.html").write_text("Welcome")
    with serving(tmp_path) as url:
        given = {name: value.replace(SITE, url) for name, value in use.step["with"].items()}
        ended = replace(use, step={**use.step, "with": given}).start(workspace, GITHUB_STEP_SUMMARY=str(summary))
    assert ended.code == ExitCode.OK, ended.err
    (text,) = [block.text for block in BLOCKS if block.language == "markdown"]
    assert matches(text.splitlines(), summary.read_text().splitlines()), summary.read_text()
    flags = ("--builtin-schema", "vendor.github-workflows", workflow)
    subprocess.run([Path(sys.executable).parent / "check-jsonschema", *flags], check=True)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder as a web site, as long as it is needed."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Says nothing on stderr."""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""
