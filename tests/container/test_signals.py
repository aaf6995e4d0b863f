"""The first process of a container: signals reach the run, and nothing that it leaves behind stays."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.container.images import ENTRYPOINT, TINI, ended, mounted, said, started_by, until

if TYPE_CHECKING:
    from pathlib import Path

    from docker.models.containers import Container

    from tests.container.images import Engine

WAITS = """\
version: "1.0"
nodes:
  - id: wait
    type: context
    config: {checks: [{type: command, name: slow, timeout: 60s, argv: [sh, -c, "trap '' TERM INT; sleep 60"]}]}
    timeout: 60s
  - {id: after, type: transform}
  - {id: tell, type: notify, always: true, config: {driver: log, send: always}}
"""
TIDIES = """\
  - id: tidy
    type: context
    always: true
    config: {checks: [{type: command, argv: [sleep, "2"]}]}
"""
LIMIT = 5.0
"""Seconds that a run has from the signal to its end."""
FIRST = {"with tini": [*TINI, *ENTRYPOINT], "without tini": list(ENTRYPOINT)}


@pytest.fixture(params=FIRST)
def first(request: pytest.FixtureRequest) -> list[str]:
    """The words that the first process is started by."""
    return FIRST[request.param]


def told(container: Container, name: str) -> float:
    """Send a signal; return how long the container then took to end."""
    began = time.monotonic()
    container.kill(name)
    container.wait(timeout=60)
    return time.monotonic() - began


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_the_run_in_time_and_everything_is_reported(
    name: str, code: int, first: list[str], runtime: str, containers: Engine, work: Path
) -> None:
    (work / "d.yaml").write_text(WAITS)
    flags = "--config", "d.yaml", "--results", "r.json", "--summary", "s.md"
    mounts = mounted({work: "/work"})
    container = containers.start(runtime, *flags, volumes=mounts, **started_by(first))
    until(container, "▸ wait")
    assert told(container, name) < LIMIT
    assert ended(container).code == code
    document = json.loads((work / "r.json").read_text())
    assert (document["status"], document["exit"]["code"]) == ("cancelled", code)
    assert {node["node_id"]: node["status"] for node in document["node_results"].values()} == {
        "wait": "cancelled",
        "after": "skipped",
        "tell": "succeeded",
    }
    assert "cancelled" in (work / "s.md").read_text()
    assert not list(work.glob("*.ndjson"))


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_before_the_first_node_ends_it_too(
    name: str, code: int, first: list[str], runtime: str, containers: Engine
) -> None:
    script = 'printf "ready\\n" >&2; exec "$@" --definition alert --file -'  # it waits for a payload that never comes
    words = [*first[: first.index("/usr/bin/python3")], "sh", "-c", script, "sh", *ENTRYPOINT]
    container = containers.start(runtime, stdin_open=True, **started_by(words))
    until(container, "ready")
    listening(container)
    assert told(container, name) < LIMIT
    done = ended(container)
    assert (done.code, done.err) == (code, f"ready\nerror: stopped by {name} before the first node\n")


def listening(container: Container) -> None:
    """Wait until the runner in a container listens to signals."""
    asked = r"grep -l '^Name:.python3' /proc/[0-9]*/status | xargs grep -h '^SigCgt:' 2>&-"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        caught = container.exec_run(["sh", "-c", asked]).output
        assert isinstance(caught, bytes)
        if any(int(line.split(":")[1], 16) & 1 << (signal.SIGTERM - 1) for line in caught.decode().splitlines()):
            return
        time.sleep(0.05)
    pytest.fail(said(container, "stderr"))


def test_a_second_signal_changes_nothing(runtime: str, containers: Engine, work: Path) -> None:
    (work / "d.yaml").write_text(WAITS + TIDIES)
    container = containers.start(runtime, "--config", "d.yaml", volumes=mounted({work: "/work"}))
    until(container, "▸ wait")
    container.kill("SIGINT")
    until(container, "▸ tidy")
    assert told(container, "SIGTERM") < LIMIT
    assert ended(container).code == 130


def test_a_signal_reaches_what_a_shell_has_started(image: str, containers: Engine) -> None:
    container = containers.start(image, "sh", "-c", "echo ready >&2; sleep 60; echo late >&2")
    until(container, "ready")
    assert told(container, "SIGTERM") < LIMIT
    assert ended(container).code == 143


ORPHANS = """\
version: "1.0"
nodes:
  - id: leave
    type: context
    config: {checks: [{type: command, argv: [sh, -c, "for n in 1 2 3; do setsid sh -c 'sleep 0.1' & done; exit 0"]}]}
  - id: look
    type: context
    config: {checks: [{type: command, argv: [sh, -c, "sleep 1; ! grep -l '^State:.Z' /proc/[0-9]*/status"]}]}
"""


def test_what_commands_leave_behind_is_reaped(image: str, containers: Engine, work: Path) -> None:
    (work / "d.yaml").write_text(ORPHANS)
    done = containers.run(image, "--config", "d.yaml", volumes=mounted({work: "/work"}))
    assert done.code == 0, done.err


def test_what_commands_leave_behind_is_reaped_where_tini_is_not_the_first_process(
    runtime: str, containers: Engine, work: Path
) -> None:
    (work / "d.yaml").write_text(ORPHANS)
    words = ["sh", "-c", '"$@"; exit $?', "sh", *TINI, *ENTRYPOINT]
    done = containers.run(runtime, "--config", "d.yaml", volumes=mounted({work: "/work"}), **started_by(words))
    assert done.code == 0, done.err
