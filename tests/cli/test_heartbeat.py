"""The heartbeat: a URL that hears of every end of a run, and changes none."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from runner.cli.heartbeat import SECONDS
from tests.conftest import CLEAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended

    Cli = Callable[..., Ended]

VARIABLE: Final = "PIPELINE_HEARTBEAT_URL"
FINE: Final = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'
BROKEN: Final = 'version: "1.0"\nnodes: [{id: a, type: transform, config: {extract: nothing.here}}]\n'
INVALID: Final = 'version: "1.0"\nnodes: [{id: a, type: trnsform}]\n'
SICK: Final = 'version: "1.0"\nnodes: [{id: a, type: context, config: {checks: [{type: command, argv: ["false"]}]}}]\n'
SLOW: Final = SICK.replace('["false"]', '[sleep, "30"]')
SILENT: Final = FINE.replace("transform", 'notify, config: {driver: generic, endpoint: "http://127.0.0.1:9/"}')
RUN: Final = ("--config", "d.yaml")
SLOWER: Final = 15
"""Seconds beside the heartbeat's own that a run may take on a busy machine."""


def heard(receiver: Receiver) -> list[str]:
    return [one.path for one in receiver.arrived]


SECRET: Final = f"{FINE}secrets: [API_TOKEN]\n"


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        (FINE, RUN, "0?saw=ok"),
        (BROKEN, RUN, "1?saw=ok"),
        (FINE, (*RUN, "--nonsense"), "2?saw=unknown"),
        (FINE, (), "2?saw=unknown"),
        (INVALID, RUN, "3?saw=unknown"),
        (FINE, ("run", "--definition", "nowhere"), "4?saw=unknown"),
        (SECRET, RUN, "4?saw=unknown"),
        (SECRET, (*RUN, "--on-missing-secret", "skip"), "0?saw=unknown"),
        (SICK, RUN, "5?saw=critical"),
        (SICK, (*RUN, "--fail-on", "never"), "0?saw=critical"),
        (SLOW, (*RUN, "--timeout", "300ms"), "7?saw=unknown"),
        (SILENT, RUN, "9?saw=ok"),
    ],
    ids=[
        "ok", "failed", "usage", "nothing to run", "invalid", "not found", "secret missing", "skipped", "unhealthy",
        "never", "timed out", "undelivered",
    ],
)  # fmt: skip
def test_every_end_of_a_run_is_heard(
    cli: Cli, tmp_path: Path, receiver: Receiver, text: str, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "d.yaml").write_text(text)
    ended = cli(*arguments, env={VARIABLE: f"{receiver.url}/ok/{{exit_code}}?saw={{verdict}}"})
    assert heard(receiver) == [f"/ok/{told}"], ended.err
    assert ended.code == int(told.partition("?")[0])


def test_a_database_that_is_down_is_heard(cli: Cli, receiver: Receiver) -> None:
    env = {VARIABLE: f"{receiver.url}/ok/{{exit_code}}", "PIPELINE_DATABASE_URL": "postgresql://u@127.0.0.1:9/x"}
    assert (cli("--definition", "db:shop", env=env).code, heard(receiver)) == (75, ["/ok/75"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_is_heard(tmp_path: Path, receiver: Receiver, number: signal.Signals) -> None:
    (tmp_path / "d.yaml").write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", *RUN],
        cwd=tmp_path, env={**CLEAN, VARIABLE: f"{receiver.url}/ok/{{exit_code}}"}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    next(line for line in process.stderr if line.startswith("▸ a"))
    process.send_signal(number)
    process.communicate(timeout=30)
    assert (process.returncode, heard(receiver)) == (128 + number, [f"/ok/{128 + number}"])


def test_a_bug_of_the_runner_is_heard(cli: Cli, tmp_path: Path, receiver: Receiver) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/psutil.py").write_text(
        "STATUS_ZOMBIE = STATUS_DEAD = ''\ndef virtual_memory():\n    return None\n"
    )
    (tmp_path / "d.yaml").write_text(FINE.replace("transform", "context, config: {checks: [memory]}"))
    env = {VARIABLE: f"{receiver.url}/ok/{{exit_code}}", "PYTHONPATH": str(tmp_path / "broken")}
    assert (cli(*RUN, env=env).code, heard(receiver)) == (70, ["/ok/70"])


@pytest.mark.parametrize(
    "arguments",
    [(*RUN, "--dry-run"), ("validate", "d.yaml"), ("list",), ("show", "http"), ("--version",), ("--help",)],
    ids=" ".join,
)
def test_nothing_else_is_an_end_of_a_run(
    cli: Cli, tmp_path: Path, receiver: Receiver, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    assert cli(*arguments, env={VARIABLE: f"{receiver.url}/ok"}).code == 0
    assert heard(receiver) == []


def test_the_url_may_stand_in_a_file(cli: Cli, tmp_path: Path, receiver: Receiver) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    (tmp_path / "url").write_text(f"{receiver.url}/ok\n")
    assert cli(*RUN, env={f"{VARIABLE}_FILE": "url"}).code == 0
    assert heard(receiver) == ["/ok"]


@pytest.mark.parametrize(("text", "code"), [(FINE, 0), (SICK, 5), (INVALID, 3)], ids=["ok", "unhealthy", "invalid"])
def test_a_url_that_refuses_is_a_warning_and_changes_nothing(
    cli: Cli, tmp_path: Path, receiver: Receiver, text: str, code: int
) -> None:
    (tmp_path / "d.yaml").write_text(text)
    ended = cli(*RUN, "--json", env={VARIABLE: f"{receiver.url}/down/hunter22"})
    assert ended.err.splitlines()[-1] == "warning: no heartbeat: PIPELINE_HEARTBEAT_URL answered 503"
    assert (ended.code, json.loads(ended.out)["exit"]["code"]) == (code, code)
    assert "hunter22" not in ended.err + ended.out


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/hunter22",
        "http://127.0.0.1:9/hunter22/{exit_code}",
        "hunter22",
        "ftp://hunter22/",
        "http://[hunter22/",
    ],
)
def test_a_url_that_leads_nowhere_is_a_warning_that_does_not_show_it(cli: Cli, tmp_path: Path, url: str) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    ended = cli(*RUN, "-v", env={VARIABLE: url})
    assert (ended.code, ended.err.splitlines()[-1].startswith("warning: no heartbeat: ")) == (0, True)
    assert "hunter22" not in ended.err + ended.out


def test_a_file_that_cannot_be_read_is_a_warning(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    ended = cli(*RUN, env={f"{VARIABLE}_FILE": "nowhere"})
    sentence = "PIPELINE_HEARTBEAT_URL_FILE names nowhere, which cannot be read: No such file or directory"
    assert (ended.code, ended.err.splitlines()[-1]) == (0, f"warning: no heartbeat: {sentence}")


@contextmanager
def hanging() -> Iterator[str]:
    """Take connections and say nothing, ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_a_server_that_never_answers_costs_its_five_seconds_and_nothing_else(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(SICK)
    with hanging() as url:
        began = time.monotonic()
        ended = cli(*RUN, "--json", env={VARIABLE: url})
        took = time.monotonic() - began
    assert SECONDS == 5
    assert took < SECONDS + SLOWER
    assert (ended.code, json.loads(ended.out)["exit"]["code"]) == (5, 5)
    assert ended.err.splitlines()[-1].startswith("warning: no heartbeat: ")


def started(folder: Path, url: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runner", *arguments],
        cwd=folder,
        env={**CLEAN, VARIABLE: url},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def told(process: subprocess.Popen[str]) -> str:
    """Return the next line of standard error."""
    assert process.stderr is not None
    return process.stderr.readline()


def test_a_run_that_is_cancelled_waits_a_second_for_it(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(SLOW)
    with hanging() as url, started(tmp_path, url, *RUN) as process:
        while "▸" not in told(process):
            pass
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "warning: no heartbeat: timed out after 1s"


def test_a_signal_calls_it_off_and_changes_no_exit_code(tmp_path: Path) -> None:
    with hanging() as url, started(tmp_path, url, "--config", "nowhere.yaml") as process:
        assert told(process).startswith("error: Config file not found: nowhere.yaml — Searched ")
        time.sleep(0.5)  # it calls by now; a signal that comes earlier finds nothing to call off
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert told(process) == "warning: no heartbeat: stopped: the run was told to stop\n"
    assert process.returncode == 4


def test_without_the_variable_nobody_is_called(cli: Cli, tmp_path: Path, receiver: Receiver) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    assert cli(*RUN, env={VARIABLE: ""}).code == 0
    assert heard(receiver) == []
