"""The check of a command with Debian's monitoring plugins: what they say becomes verdict, message and metrics."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil
import pytest

from runner.checks.command import Command
from runner.checks.judging import Judged, examine
from runner.results import Verdict
from runner.validators import read
from tests.doors.conftest import speaking
from tests.support import needs

if TYPE_CHECKING:
    from runner.scope import Scope
    from tests.doors.conftest import Serve

PLUGINS: Final = Path("/usr/lib/nagios/plugins")


@pytest.fixture(autouse=True)
def _plugins() -> None:
    needs("plugins", (PLUGINS / "check_load").exists(), "monitoring-plugins-basic is not installed")


def judged(scope: Scope, plugin: str, *arguments: str) -> Judged:
    return examine(read(Command, {"argv": [str(PLUGINS / plugin), *arguments], "parse": "nagios"}), scope)


@pytest.mark.parametrize(
    ("arguments", "verdict", "message", "code"),
    [
        (("0", "fine"), Verdict.OK, "OK: fine", 0),
        (("1", "hmm"), Verdict.WARNING, "WARNING: hmm", 1),
        (("2", "bad"), Verdict.CRITICAL, "CRITICAL: bad", 2),
        (("3",), Verdict.UNKNOWN, "UNKNOWN", 3),
        (("7",), Verdict.UNKNOWN, "UNKNOWN: Status 7 is not a supported error state", 3),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_a_plugin_says_verdict_and_message(
    arguments: tuple[str, ...], verdict: Verdict, message: str, code: int, scope: Scope
) -> None:
    result = judged(scope, "check_dummy", *arguments)
    assert (result.verdict, result.message, result.tries) == (verdict, message, 1)
    assert result.seen.metrics == {"exit_code": code}


def test_the_load_is_measured(scope: Scope) -> None:
    result = judged(scope, "check_load", "-w", "10000,10000,10000", "-c", "20000,20000,20000")
    metrics: Any = result.seen.metrics
    assert result.verdict is Verdict.OK
    assert result.message.startswith("LOAD OK - total load average: ")
    assert list(metrics) == ["exit_code", "load1", "load5", "load15"]
    assert (metrics["load1"]["warning"], metrics["load15"]["critical"]) == ("10000.000", "20000.000")
    assert 0 <= metrics["load1"]["value"] < 10000


def test_processes_are_counted(scope: Scope) -> None:
    result = judged(scope, "check_procs", "-w", "1:", "-c", "1:")
    metrics: Any = result.seen.metrics
    assert result.verdict is Verdict.OK
    count = metrics["procs"]["value"]
    assert result.message == f"PROCS OK: {count:g} process{'es' if count > 1 else ''}"
    assert (metrics["procs"]["warning"], metrics["procs"]["unit"], metrics["procs"]["min"]) == ("1:", "", "0")


def test_a_process_that_is_missing_is_critical(scope: Scope) -> None:
    result = judged(scope, "check_procs", "-c", "1:", "-C", "no-such-program")
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "exit")
    assert result.message == "PROCS CRITICAL: 0 processes with command name 'no-such-program'"


def test_a_disk_is_measured_under_its_path(scope: Scope) -> None:
    result = judged(scope, "check_disk", "-w", "0%", "-c", "0%", "-p", "/")
    metrics: Any = result.seen.metrics
    assert result.verdict is Verdict.OK
    assert result.message.startswith("DISK OK - free space: / ")
    assert metrics["/"]["unit"] in {"B", "MB", "MiB"}
    total = psutil.disk_usage("/").total
    assert float(metrics["/"]["max"]) == pytest.approx(total, rel=0.2) or metrics["/"]["unit"] != "B"


def test_a_disk_that_is_too_full_is_critical(scope: Scope) -> None:
    result = judged(scope, "check_disk", "-w", "100%", "-c", "100%", "-p", "/")
    assert result.verdict is Verdict.CRITICAL
    assert result.message.startswith("DISK CRITICAL - free space: / ")


def test_a_port_that_answers_is_ok_and_timed(serve: Serve, scope: Scope) -> None:
    port = serve(speaking(b"220 mail.example ESMTP\r\n"))
    result = judged(scope, "check_tcp", "-H", "127.0.0.1", "-p", str(port), "-e", "220", "-w", "50", "-c", "60")
    metrics: Any = result.seen.metrics
    assert result.verdict is Verdict.OK
    assert result.message.startswith("TCP OK - ")
    assert metrics["time"]["unit"] == "s"
    assert 0 <= metrics["time"]["value"] < 50


def test_a_port_that_refuses_is_critical(scope: Scope) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = judged(scope, "check_tcp", "-H", "127.0.0.1", "-p", str(port))
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "exit")
    assert result.message == f"connect to address 127.0.0.1 and port {port}: Connection refused"


def test_arguments_that_a_plugin_does_not_take_are_unknown(scope: Scope) -> None:
    result = judged(scope, "check_load", "-w", "nonsense")
    assert (result.verdict, result.seen.metrics["exit_code"]) == (Verdict.UNKNOWN, 3)
    assert result.message
