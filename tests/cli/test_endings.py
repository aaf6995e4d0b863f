"""How a process ends that something comes between: a signal before its first node, a full disk, a closed stream."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from runner.errors import ExitCode
from tests.conftest import CLEAN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

PLAIN = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'
RUN = (sys.executable, "-m", "runner", "--config", "d.yaml")


@pytest.fixture(autouse=True)
def d_yaml(tmp_path: Path) -> None:
    """Write a definition."""
    (tmp_path / "d.yaml").write_text(PLAIN)


# --- signals ---------------------------------------------------------------------------------------


@contextmanager
def reading(folder: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """Start a run that waits for its payload on a pipe that nothing comes through."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [*before, *RUN, "--file", "pipe", "--json"],
        cwd=folder,
        env=CLEAN,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with pipe.open("w"):  # opens once the run has opened it to read
        time.sleep(0.5)  # it reads by then; Python hears a signal that comes in the instant before only with the next
        yield process


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED),
        (signal.SIGTERM, ExitCode.TERMINATED),
        (signal.SIGHUP, ExitCode.TERMINATED),
    ],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)
def test_a_signal_before_the_first_node_ends_it_with_one_clear_error(
    tmp_path: Path, asked: signal.Signals, code: ExitCode
) -> None:
    with reading(tmp_path) as process:
        process.send_signal(asked)
        out, err = process.communicate(timeout=30)
    message = f"stopped by {asked.name} before the first node"
    assert (process.returncode, err) == (code, f"error: {message}\n")
    told = json.loads(out)
    assert (told["error"], told["exit"]) == (message, {"code": code, "name": "cancelled", "reason": message})


@pytest.mark.skipif(os.geteuid() != 0, reason="a PID namespace of one's own needs root")
def test_process_1_hears_a_signal_before_its_first_node_too(tmp_path: Path) -> None:
    with reading(tmp_path, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc") as process:
        find = ["ps", "-o", "pid=", "--ppid", str(process.pid)]
        inner = subprocess.run(find, capture_output=True, text=True, check=True).stdout
        os.kill(int(inner), signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert json.loads(out)["exit"]["code"] == ExitCode.TERMINATED


def test_a_run_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(
        'version: "1.0"\nnodes: [{id: a, type: context, config: {checks: [{type: command, argv: [sleep, "0.5"]}]}}]\n'
    )
    process = subprocess.Popen(
        ["nohup", *RUN], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while "a (context)" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=30)
    assert process.returncode == ExitCode.OK


# --- a full disk -----------------------------------------------------------------------------------


def with_little_room(size: int) -> Callable[[], None]:
    """Return what limits the size of every file that a process writes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def run(folder: Path, *flags: str, **given: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401 - of subprocess
    """Run the definition as a process."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **given}
    return subprocess.run([*RUN, *flags], cwd=folder, env=CLEAN, text=True, check=False, timeout=60, **streams)


def test_a_journal_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    nodes = [{"id": f"n{number}", "type": "transform"} for number in range(12)]
    (tmp_path / "d.yaml").write_text(json.dumps({"version": "1.0", "nodes": nodes}))
    done = run(tmp_path, "--results", "r.json", "--json", preexec_fn=with_little_room(2048))
    document = json.loads(done.stdout)
    assert document["executed_nodes"] == [node["id"] for node in nodes]
    assert done.stderr.count("warning: the journal ends here: cannot write r.json.journal.ndjson: File too large") == 1
    assert "error: cannot write r.json: File too large" in done.stderr
    assert (done.returncode, document["exit"]["code"], document["status"]) == (1, 1, "completed")


@pytest.mark.parametrize("target", ["/dev/stderr", "/dev/stdout", "pipe"])
def test_a_stream_has_no_journal_beside_it(tmp_path: Path, target: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.DEVNULL) as reader:
        done = run(tmp_path, "-q", "--results", target)
        reader.kill()
    assert done.returncode == ExitCode.OK
    assert "journal" not in done.stderr


# --- streams ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [(), ("--json",), ("--dry-run",), ("--nonsense",)], ids=str)
@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_stream_changes_no_exit_code(tmp_path: Path, closed: str, flags: tuple[str, ...]) -> None:
    line = f'exec "$@" {closed}'
    done = subprocess.run(["bash", "-c", line, "bash", *RUN, *flags], cwd=tmp_path, env=CLEAN, check=False)
    assert done.returncode == (ExitCode.USAGE if "--nonsense" in flags else ExitCode.OK)


def test_stdin_that_is_closed_is_an_empty_payload(tmp_path: Path) -> None:
    line = 'exec "$@" 0<&-'
    done = subprocess.run(
        ["bash", "-c", line, "bash", *RUN, "--file", "-"], cwd=tmp_path, env=CLEAN, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    message = "error: Invalid JSON in file: -: it is empty\n"
    assert (done.returncode, done.stderr) == (2, message)


def test_arguments_that_are_no_utf8_are_read_all_the_same(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    (tmp_path / f"{odd}.yaml").write_text(PLAIN)
    done = run(tmp_path, "--json", "--trace-id", odd, "--config", f"{odd}.yaml")
    assert json.loads(done.stdout)["trace_id"] == "caf\\udce9"
    done = run(tmp_path, "--payload", f'"{odd}"')
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith("error: Invalid JSON payload: 'utf-8' codec can't decode byte 0xe9")


BROKEN = """\
STATUS_ZOMBIE = STATUS_DEAD = ""

def virtual_memory():
    return None
"""

# --- a bug -----------------------------------------------------------------------------------------


def test_a_bug_in_the_runner_leaves_one_document_and_says_how_to_report_it(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/psutil.py").write_text(BROKEN)
    (tmp_path / "d.yaml").write_text(PLAIN.replace("transform", "context, config: {checks: [memory]}"))
    env = {**CLEAN, "PYTHONPATH": str(tmp_path / "broken")}
    flags = ("--json", "--results", "r.json", "-v")
    done = subprocess.run([*RUN, *flags], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    document = json.loads(done.stdout)
    assert done.returncode == document["exit"]["code"] == ExitCode.INTERNAL
    assert json.loads((tmp_path / "r.json").read_text())["exit"]["name"] == "internal"
    assert "error: internal error: " in done.stderr
    assert "please report it at https://" in done.stderr
    assert "Traceback (most recent call last):" in done.stderr
