"""Every limit holds, whatever a node is blocked on; each test observes the stop."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from runner.deadline import Deadline, Stop
from runner.definition.entries import Retry
from runner.engine.attempt import GRACE, attempt, pause_before
from runner.engine.clock import kept_back
from runner.errors import Cancelled, ExitCode, NodeError, TimedOut, Unreachable
from runner.results import RunStatus, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.results import RunResult

    Run = Callable[..., RunResult]

SLACK = 2.0
"""Seconds that a busy machine may take on top of the promised half second."""


@contextmanager
def took_at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + 0.5 + SLACK


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_never_answers_times_the_node_out(run: Run, silent: int) -> None:
    with took_at_most(0.4):
        result = run(f"""
version: "1.0"
nodes:
  - id: a
    type: context
    timeout: 400ms
    config: {{checks: [{{type: http, url: "http://127.0.0.1:{silent}/", timeout: 30s}}]}}
""")
    assert result.nodes[0].status is Status.TIMED_OUT
    assert result.nodes[0].errors[0].code == "timed_out"
    assert result.exit.code is ExitCode.FAILED


def test_a_template_that_loops_fails_its_node_within_its_second(run: Run) -> None:
    with took_at_most(1.0):
        result = run("""
version: "1.0"
nodes:
  - id: a
    type: transform
    config:
      template: "{% for a in range(9999) %}{% for b in range(9999) %}{% set c = a * b %}{% endfor %}{% endfor %}"
""")
    assert result.nodes[0].status.broke


def test_a_command_that_ignores_sigterm_and_has_children_is_gone_with_them(run: Run) -> None:
    script = "trap '' TERM; sleep 31.7 & sleep 31.7 & wait; sleep 31.7"
    with took_at_most(0.5):
        result = run(f"""
version: "1.0"
nodes:
  - id: a
    type: context
    timeout: 500ms
    config: {{checks: [{{type: command, argv: [sh, -c, "{script}"], timeout: 30s}}]}}
""")
    assert result.nodes[0].status is Status.TIMED_OUT
    assert not _processes("sleep 31.7")


def _processes(command: str) -> list[str]:
    """Return the running processes of this command line, once those just killed have had time to go."""
    found: list[str] = []
    for _ in range(20):
        lines = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
        found = [line for line in lines if line == command]
        if not found:
            break
        time.sleep(0.05)
    return found


def test_the_run_goes_on_after_a_node_that_timed_out(run: Run, silent: int) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - id: a
    type: context
    required: false
    timeout: 200ms
    config: {{checks: [{{type: http, url: "http://127.0.0.1:{silent}/"}}]}}
  - {{id: b, type: transform}}
""")
    assert [node.status for node in result.nodes] == [Status.TIMED_OUT, Status.SUCCEEDED]
    assert result.status is RunStatus.COMPLETED


def test_the_runs_own_deadline_ends_it_with_7_and_keeps_time_for_always_nodes(run: Run, silent: int) -> None:
    text = f"""
version: "1.0"
nodes:
  - id: a
    type: context
    config: {{checks: [{{type: http, url: "http://127.0.0.1:{silent}/", timeout: 30s}}]}}
  - {{id: b, type: transform}}
  - {{id: c, type: transform, always: true}}
"""
    with took_at_most(1.0):
        result = run(text, timeout=1.0)
    assert [node.status for node in result.nodes] == [Status.TIMED_OUT, Status.SKIPPED, Status.SUCCEEDED]
    assert result.nodes[1].skip_reason == "the run's time was up"
    assert result.status is RunStatus.TIMED_OUT
    assert result.exit.code is ExitCode.TIMED_OUT


def test_a_run_that_ends_within_its_time_is_not_late_because_an_always_node_used_what_was_kept(run: Run) -> None:
    text = """
version: "1.0"
nodes:
  - id: a
    type: context
    always: true
    config: {checks: [{type: command, argv: [sleep, "0.6"]}]}
"""
    result = run(text, timeout=1.0)
    assert result.status is RunStatus.COMPLETED


@pytest.mark.parametrize(
    ("timeout", "kept"), [(1.0, 0.5), (10.0, 3.0), (60.0, 6.0), (900.0, 30.0)], ids=["half", "least", "10 %", "most"]
)
def test_a_tenth_of_the_time_is_kept_back_between_3_and_30_seconds_and_half_at_most(
    timeout: float, kept: float
) -> None:
    assert kept_back(timeout) == kept


def test_only_transient_errors_are_tried_again_and_attempts_are_counted(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    result = run(f"""
version: "1.0"
nodes:
  - id: tell
    type: notify
    retry: {{max_retries: 2, delay: 10ms, jitter: false}}
    config: {{driver: generic, endpoint: "http://127.0.0.1:{closed}/"}}
  - {{id: broken, type: transform, always: true, retry: {{max_retries: 3, delay: 10ms}}, config: {{extract: missing}}}}
""")
    assert [node.attempts for node in result.nodes] == [3, 1]


def transient(**given: float) -> Unreachable:
    return Unreachable("connection refused", code="connection_refused", retry_after=given.get("retry_after"))


@pytest.mark.parametrize(
    ("tries", "retry", "error", "pause"),
    [
        (1, Retry(max_retries=2, delay=1.0, jitter=False), transient(), 1.0),
        (2, Retry(max_retries=2, delay=1.0, jitter=False), transient(), 2.0),
        (3, Retry(max_retries=2, delay=1.0, jitter=False), transient(), None),
        (5, Retry(max_retries=9, delay=1.0, jitter=False, max_delay=4.0), transient(), 4.0),
        (1, Retry(max_retries=2, delay=1.0, jitter=False), transient(retry_after=7.0), 7.0),
        (1, Retry(max_retries=2, delay=1.0, jitter=False), NodeError("final"), None),
        (1, Retry(max_retries=2, errors=("timed_out",)), transient(), None),
        (1, Retry(max_retries=2, delay=1.0, jitter=False, errors=("connection_refused",)), transient(), 1.0),
    ],
    ids=["first", "backoff", "used up", "max_delay", "retry-after", "not transient", "other code", "listed code"],
)
def test_the_pause_before_another_attempt(tries: int, retry: Retry, error: NodeError, pause: float | None) -> None:
    assert pause_before(tries, retry, error) == pause


def test_jitter_takes_between_half_of_a_pause_and_all_of_it() -> None:
    retry = Retry(max_retries=1, delay=1.0)
    pauses = [pause_before(1, retry, transient()) for _ in range(50)]
    assert all(pause is not None and 0.5 <= pause <= 1.0 for pause in pauses)
    assert len(set(pauses)) > 1


def test_what_cannot_be_told_is_left_behind_at_the_deadline() -> None:
    with took_at_most(0.2 + GRACE), pytest.raises(TimedOut, match=r"timed out after 200ms"):
        attempt(lambda: time.sleep(5), Deadline(0.2))


def test_cancelling_ends_an_attempt_at_once() -> None:
    deadline, stop = Deadline(30), Stop()
    stop.watch(deadline)

    def work() -> None:
        stop.request(15)
        time.sleep(5)

    with took_at_most(GRACE), pytest.raises(Cancelled):
        attempt(work, deadline)


def test_a_bug_in_a_node_escapes_the_attempt() -> None:
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 / 0, Deadline(5))


def test_a_deadline_within_another_ends_with_it() -> None:
    outer = Deadline(0.05)
    inner = outer.within(30)
    time.sleep(0.06)
    assert inner.expired
    outer.cancel()
    assert inner.cancelled
    assert outer.within(1).cancelled
