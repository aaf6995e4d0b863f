"""What stands on stdout and stderr, whatever becomes of the run and of whoever reads it."""

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
from tests.conftest import CLEAN, Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Cli = Callable[..., Ended]

FINE = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'
SICK = 'version: "1.0"\nnodes: [{id: a, type: context, config: {checks: [{type: command, argv: ["false"]}]}}]\n'
SLOW = 'version: "1.0"\nnodes: [{id: a, type: context, config: {checks: [{type: command, argv: [sleep, "30"]}]}}]\n'
SILENT = 'version: "1.0"\nnodes: [{id: a, type: notify, config: {driver: generic, endpoint: "http://127.0.0.1:9/"}}]\n'
BROKEN = 'version: "1.0"\nnodes: [{id: a, type: transform, config: {extract: nothing.here}}]\n'
ENDS = {
    "ok": (FINE, (), 0),
    "failed": (BROKEN, (), 1),
    "usage": (FINE, ("--payload", "{"), 2),
    "unknown flag": (FINE, ("--nonsense",), 2),
    "a value that is none": (FINE, ("--timeout", "soon"), 2),
    "invalid": (FINE.replace("transform", "trnsform"), (), 3),
    "no YAML": ("a: [", (), 3),
    "unavailable": (FINE + "secrets: [NOT_SET]\n", (), 4),
    "unhealthy": (SICK, (), 5),
    "timed out": (SLOW, ("--timeout", "300ms"), 7),
    "undelivered": (SILENT, (), 9),
    "not written": (FINE, ("--results", "/dev/full"), 1),
}
WAYS = pytest.mark.parametrize(("text", "flags", "code"), ENDS.values(), ids=ENDS)


# --- one document ----------------------------------------------------------------------------------


@WAYS
@pytest.mark.parametrize("env", [{}, {"GITHUB_ACTIONS": "true"}, {"PIPELINE_LOG_FORMAT": "json"}], ids=str)
def test_json_is_one_document_however_it_ends(
    cli: Cli, tmp_path: Path, env: Mapping[str, str], text: str, flags: tuple[str, ...], code: int
) -> None:
    (tmp_path / "d.yaml").write_text(text)
    ended = cli("--config", "d.yaml", "--json", *flags, env=env)
    document = json.loads(ended.out)
    assert ended.out.endswith("}\n")
    assert (ended.code, document["exit"]["code"], document["exit"]["name"]) == (code, code, ExitCode(code).label)
    assert (document["status"] == "completed") is (code in {0, 5} or "--results" in flags)


@WAYS
@pytest.mark.parametrize("github", [{}, {"GITHUB_ACTIONS": "true"}], ids=["elsewhere", "on GitHub"])
def test_a_json_log_is_lines_of_json_and_the_result_one_line(
    cli: Cli, tmp_path: Path, text: str, flags: tuple[str, ...], code: int, github: Mapping[str, str]
) -> None:
    (tmp_path / "d.yaml").write_text(text)
    ended = cli("--config", "d.yaml", "-v", *flags, env={"PIPELINE_LOG_FORMAT": "json", **github})
    assert ended.code == code
    lines = ended.err.splitlines()
    taught = ["::add-mask::http://127.0.0.1:9/"] if github and code == ExitCode.UNDELIVERED else []
    assert lines[: len(taught)] == taught
    events = [json.loads(line) for line in lines[len(taught) :]]
    assert events
    assert all(list(event) == ["time", "level", "message"] for event in events)
    assert {event["level"] for event in events} <= {"debug", "info", "warning", "error"}
    if code in {2, 3, 4}:
        assert ended.out == ""
        return
    (line,) = ended.out.splitlines()
    event = json.loads(line)
    assert (next(iter(event)), event["event"], next(reversed(event))) == ("event", "run.finished", "headline")


# --- how much is said ------------------------------------------------------------------------------


def test_quiet_leaves_the_result_and_what_is_wrong(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    quiet = cli("--config", "d.yaml", "-q")
    assert quiet.err == ""
    assert quiet.out.startswith("=" * 60 + "\nPIPELINE RESULT\n")
    (tmp_path / "d.yaml").write_text(BROKEN)
    assert cli("--config", "d.yaml", "-q").err.startswith("warning: a: ")


def test_verbose_says_more(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    usual = cli("--config", "d.yaml").err
    assert usual.splitlines()[1:2] == ["▸ a (transform)"]
    assert "definition d found at d.yaml" not in usual
    for arguments, env in ((("-v",), {}), ((), {"RUNNER_DEBUG": "1"})):
        said = cli("--config", "d.yaml", *arguments, env=env).err
        assert said.splitlines()[0] == "definition d found at d.yaml"


@pytest.mark.parametrize(
    ("flags", "env", "colored"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color", "never"), {}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "auto"), {"NO_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "0"}, False),
        ((), {"FORCE_COLOR": ""}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
    ],
    ids=[
        "no terminal",
        "always",
        "never",
        "the flag wins",
        "auto",
        "forced",
        "0",
        "empty",
        "both",
        "the flag wins again",
    ],
)
def test_colours_are_for_whom_they_are_asked(
    cli: Cli, tmp_path: Path, flags: tuple[str, ...], env: Mapping[str, str], colored: bool
) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    ended = cli("--config", "d.yaml", *flags, env=env)
    assert ("\x1b[32mStatus: completed\x1b[0m\n" in ended.out) is colored
    assert "\x1b" not in ended.err


@pytest.mark.parametrize(
    ("env", "colored"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "FORCE_COLOR": "0"}, False),
        ({"TERM": "dumb"}, False),
    ],
    ids=["terminal", "NO_COLOR", "FORCE_COLOR=0", "dumb"],
)
def test_a_terminal_gets_colours_unless_it_wants_none(tmp_path: Path, env: Mapping[str, str], colored: bool) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    terminal, end = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "runner", "--config", "d.yaml", "-q"], cwd=tmp_path, env={**CLEAN, **env}, stdout=end
    ) as process:
        assert process.wait(30) == 0
    shown = os.read(terminal, 1 << 16).decode()
    os.close(terminal)
    os.close(end)
    assert ("\x1b[32m" in shown) is colored


# --- whoever reads has gone ------------------------------------------------------------------------


def shell(script: str, folder: Path) -> Ended:
    """Run a shell script with the command line as `$RUN`, and return what it says of the exit code."""
    run = f"{sys.executable} -m runner"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**CLEAN, "RUN": run},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


LONG = """\
version: "1.0"
nodes:
  - {id: a, type: transform}
  - {id: b, type: context, config: {checks: [{type: command, argv: ["false"]}]}}
"""


@pytest.mark.parametrize("flags", ["", "--json -v"])
@pytest.mark.parametrize(
    "gone", ["| head -1", "| true", "2> >(true)", ">&-", "2>&-", ">&- 2>&-", "2>/dev/full", "<&-", ">&- 2>&- <&-"]
)
def test_a_stream_that_nobody_reads_changes_no_exit_code(tmp_path: Path, flags: str, gone: str) -> None:
    (tmp_path / "d.yaml").write_text(LONG)
    ended = shell(f"$RUN --config d.yaml {flags} --results r.json {gone}; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert ended.code == ExitCode.UNHEALTHY, ended.err
    assert "Traceback" not in ended.err
    assert "BrokenPipeError" not in ended.err
    assert json.loads((tmp_path / "r.json").read_text())["exit"]["code"] == ExitCode.UNHEALTHY


@pytest.mark.parametrize("arguments", ["--help", "list", "schema", "show disk", "--version"])
def test_a_page_that_is_left_early_is_no_failure(tmp_path: Path, arguments: str) -> None:
    ended = shell(f"$RUN {arguments} | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert (ended.code, ended.err) == (0, "")


def test_a_result_that_stdout_does_not_take_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    ended = shell("$RUN --config d.yaml -q --json > /dev/full", tmp_path)
    assert (ended.code, ended.err) == (1, "error: cannot write to stdout: No space left on device\n")


# --- any text, any locale --------------------------------------------------------------------------

ODD = {
    "half": "half \udc80 pair",
    "nul": "a\x00b",
    "emoji": "🔥👩‍👩‍👧",
    "accents": "Größe 日本",
    "escape": "\x1b[2J\x07",
    "lines": "a\u2028b\u2029c\x85d\re\nf",
}


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C.UTF-8"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["C", "UTF-8", "ASCII"],
)
@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_any_text_in_a_payload_survives_under_any_locale(tmp_path: Path, locale: Mapping[str, str], text: str) -> None:
    definition = (
        'version: "1.0"\nnodes:\n  - {id: a, type: transform, config: {extract: x}}\n'
        "  - {id: b, type: notify, config: {driver: log, title: '{{ payload.x }}', message: '→ {{ payload.x }}'}}\n"
    )
    (tmp_path / "d.yaml").write_text(definition, encoding="utf-8")
    (tmp_path / "p.json").write_text(json.dumps({"x": text}))
    command = [sys.executable, "-m", "runner", "--config", "d.yaml", "--file", "p.json"]
    for flags in (("--summary", "s.md"), ("--results", "r.json", "--json")):
        done = subprocess.run(
            [*command, *flags], cwd=tmp_path, env={**CLEAN, **locale}, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        assert b"\x1b" not in done.stdout + done.stderr
    document = json.loads((tmp_path / "r.json").read_text())
    came = document["node_results"]["a"]["output"]["transformed"]
    assert came.encode("utf-8", "backslashreplace") == text.encode("utf-8", "backslashreplace")
    assert (tmp_path / "s.md").read_bytes().decode("utf-8")


# --- signals ---------------------------------------------------------------------------------------

STUBBORN = """\
version: "1.0"
nodes:
  - {id: a, type: context, config: {checks: [{type: command, argv: [sleep, "30"], timeout: 60s}]}}
  - {id: b, type: context, always: true, config: {checks: [{type: command, argv: [sleep, "31"], timeout: 60s}]}}
"""


def begun(folder: Path, node: str, *flags: str) -> subprocess.Popen[str]:
    """Start a run, and wait until a node has begun."""
    (folder / "d.yaml").write_text(STUBBORN)
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "--config", "d.yaml", "--json", *flags],
        cwd=folder, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(process, node)
    return process


def wait_for(process: subprocess.Popen[str], node: str) -> None:
    assert process.stderr is not None
    while f"{node} (context)" not in process.stderr.readline():
        assert process.poll() is None


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (signal.SIGINT, signal.SIGINT, 130),
        (signal.SIGTERM, signal.SIGINT, 143),
        (signal.SIGHUP, signal.SIGHUP, 143),
    ],
    ids=["twice", "both", "hangup"],
)
def test_a_second_signal_stops_the_always_nodes_too(
    tmp_path: Path, first: signal.Signals, second: signal.Signals, code: int
) -> None:
    process = begun(tmp_path, "a")
    process.send_signal(first)
    wait_for(process, "b")
    began = time.monotonic()
    process.send_signal(second)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 2.5
    assert process.returncode == code, err
    document = json.loads(out)
    assert document["exit"] == {"code": code, "name": "cancelled", "reason": f"stopped by {first.name}"}
    assert [document["node_results"][node]["status"] for node in "ab"] == ["cancelled", "cancelled"]


def test_always_nodes_get_three_seconds_after_one_signal(tmp_path: Path) -> None:
    process = begun(tmp_path, "a")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert 2.5 < time.monotonic() - began < 5 + 2
    assert json.loads(out)["node_results"]["b"]["status"] in {"cancelled", "timed_out"}


def test_a_hangup_ends_the_run_like_a_termination(tmp_path: Path) -> None:
    process = begun(tmp_path, "a")
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == ExitCode.TERMINATED
    assert json.loads(out)["exit"]["reason"] == "stopped by SIGHUP"
