"""Every exit code, reached through the real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from runner.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

FINE = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'
BROKEN = 'version: "1.0"\nnodes: [{id: a, type: transform, config: {extract: nothing.here}}]\n'
SICK = 'version: "1.0"\nnodes: [{id: a, type: context, config: {checks: [{type: command, argv: ["false"]}]}}]\n'
SILENT = 'version: "1.0"\nnodes: [{id: a, type: notify, config: {driver: generic, endpoint: "http://127.0.0.1:9/"}}]\n'
UNHEARD = SICK.replace(
    "}]\n",
    """},
  {id: b, type: notify, required: false, always: true, config: {driver: generic, endpoint: "http://127.0.0.1:9/"}}]
""",
)
HEARD = UNHEARD.replace("}}]\n", "}},\n  {id: c, type: notify, always: true, config: {driver: log}}]\n")
UNMEANT = """\
version: "1.0"
secrets: {HOOK: {required: false}}
nodes:
  - {id: a, type: notify, required: false, config: {driver: slack, webhook_url: "{{ secrets.HOOK }}"}}
"""
SLOW = """\
version: "1.0"
nodes:
  - {id: a, type: context, config: {checks: [{type: command, argv: [sleep, "30"], timeout: 60s}]}}
  - {id: b, type: transform, always: true}
"""


@pytest.mark.parametrize(
    ("text", "flags", "code"),
    [
        (FINE, (), ExitCode.OK),
        (BROKEN, (), ExitCode.FAILED),
        (FINE, ("--nonsense",), ExitCode.USAGE),
        (FINE.replace("transform", "trnasform"), (), ExitCode.INVALID),
        (FINE + "secrets: [SOME_TOKEN]\n", (), ExitCode.UNAVAILABLE),
        (FINE + "inputs: {x: {required: true}}\n", (), ExitCode.UNAVAILABLE),
        (SICK, (), ExitCode.UNHEALTHY),
        (SICK, ("--fail-on", "never"), ExitCode.OK),
        (SLOW, ("--timeout", "600ms"), ExitCode.TIMED_OUT),
        (SILENT, (), ExitCode.UNDELIVERED),
        (UNHEARD, (), ExitCode.UNDELIVERED),
        (HEARD, (), ExitCode.UNHEALTHY),
        (UNMEANT, (), ExitCode.OK),
        (FINE, ("--results", "/proc/nowhere/r.json"), ExitCode.FAILED),
    ],
    ids=[
        "ok", "failed", "usage", "invalid", "secret missing", "input missing", "unhealthy", "never", "timed out",
        "undelivered", "nobody heard", "somebody heard", "no optional secret", "results not written",
    ],
)  # fmt: skip
def test_each_outcome_has_its_exit_code(
    cli: Cli, tmp_path: Path, text: str, flags: tuple[str, ...], code: ExitCode
) -> None:
    (tmp_path / "d.yaml").write_text(text)
    ended = cli("--config", "d.yaml", "--json", *flags)
    assert ended.code == code, ended.err
    document = json.loads(ended.out)
    assert document["exit"]["code"] == code
    assert document["exit"]["name"] == code.label


@pytest.mark.parametrize(
    ("asked", "code"),
    [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)],
    ids=["SIGINT", "SIGTERM"],
)
def test_a_signal_stops_the_run_runs_always_nodes_and_leaves_results(
    tmp_path: Path, asked: signal.Signals, code: ExitCode
) -> None:
    process = _started(tmp_path)
    process.send_signal(asked)
    began = time.monotonic()
    out, _ = process.communicate(timeout=30)
    assert time.monotonic() - began < 5 + 2
    assert process.returncode == code
    assert json.loads(out)["status"] == "cancelled"
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["exit"] == {"code": code, "name": "cancelled", "reason": f"stopped by {asked.name}"}
    assert document["node_results"]["a"]["status"] == "cancelled"
    assert document["node_results"]["b"]["status"] == "succeeded"
    assert not (tmp_path / "r.json.journal.ndjson").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="a PID namespace of one's own needs root")
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_signals_work_for_pid_1_too(tmp_path: Path, asked: signal.Signals) -> None:
    process = _started(tmp_path, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    inner = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    ).stdout
    os.kill(int(inner), asked)
    out, _ = process.communicate(timeout=30)
    assert json.loads(out)["status"] == "cancelled"
    assert json.loads((tmp_path / "r.json").read_text())["node_results"]["b"]["status"] == "succeeded"


def _started(folder: Path, *before: str) -> subprocess.Popen[str]:
    """Start a run whose first node takes long, and wait until that node has begun."""
    (folder / "d.yaml").write_text(SLOW)
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "runner", "--config", "d.yaml", "--json", "--results", "r.json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "a (context)" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(0.2)
    return process


def test_a_killed_run_can_be_told_from_its_journal(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(SLOW.replace("nodes:\n", "nodes:\n  - {id: first, type: transform}\n"))
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "--config", "d.yaml", "--results", "r.json"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while "a (context)" not in process.stderr.readline():
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert not (tmp_path / "r.json").exists()
    ended = cli("report", "r.json.journal.ndjson")
    assert ended.code == ExitCode.OK
    assert "--- transform (first) ---" in ended.out
    assert (
        "--- context (a) ---\n  Status: cancelled\n  Errors: the run was killed while this node was running"
        in ended.out
    )
    assert "--- transform (b) ---\n  (not executed) the run was killed" in ended.out
    assert ended.out.rstrip().splitlines()[-1].startswith("✗ Pipeline failed: ")


def test_two_runs_that_write_one_document_lose_no_journal(cli: Cli, tmp_path: Path) -> None:
    first = _started(tmp_path)
    second = subprocess.Popen(
        [sys.executable, "-m", "runner", "--config", "d.yaml", "--results", "r.json"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert second.stderr is not None
    said = second.stderr.readline()
    run = second.stderr.readline().split()[1]
    while "a (context)" not in second.stderr.readline():
        assert second.poll() is None
    other = f"r.json.{run}.journal.ndjson"
    assert said == (
        "warning: another run writes r.json, too: whichever ends last leaves its result,"
        f" and the journal of this one is {other}\n"
    )
    assert json.loads((tmp_path / other).read_text().splitlines()[0])["run_id"] == run
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=30)
    second.kill()
    second.communicate()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".pipeline", "d.yaml", "r.json", other]
    assert json.loads((tmp_path / "r.json").read_text())["run_id"] != run
    assert f"Run ID: {run}\n" in cli("report", other).out
    cli("--checks-only", "--checkers", "memory", "--results", "r.json")
    assert (tmp_path / other).exists()


def test_the_journal_of_a_run_that_was_killed_makes_room_for_the_next(cli: Cli, tmp_path: Path) -> None:
    first = _started(tmp_path)
    first.kill()
    first.communicate()
    assert (tmp_path / "r.json.journal.ndjson").exists()
    (tmp_path / "d.yaml").write_text(FINE)
    ended = cli("--config", "d.yaml", "--results", "r.json")
    assert "another run" not in ended.err
    assert sorted(path.name for path in tmp_path.iterdir()) == [".pipeline", "d.yaml", "r.json"]


def test_the_journal_is_gone_once_the_document_is_complete(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    cli("--config", "d.yaml", "--results", "r.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".pipeline", "d.yaml", "r.json"]


def test_results_go_to_a_stream_as_they_are(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    ended = cli("--config", "d.yaml", "-q", "--results", "/dev/stderr")
    assert json.loads(ended.err)["status"] == "completed"


def test_results_that_a_full_disk_refuses_make_the_exit_code_1(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    ended = cli("--config", "d.yaml", "--results", "/dev/full", "--json")
    assert ended.code == ExitCode.FAILED
    assert "error: cannot write /dev/full: No space left on device" in ended.err


def test_a_summary_that_cannot_be_written_is_a_warning(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    ended = cli("--config", "d.yaml", "--summary", "/dev/full")
    assert ended.code == ExitCode.OK
    assert "warning: no summary: " in ended.err
