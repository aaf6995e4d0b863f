from __future__ import annotations

import threading
import time

import pytest

from runner.deadline import Deadline
from runner.errors import Cancelled, TimedOut
from runner.threads import concurrently


def test_results_come_in_the_order_of_the_tasks() -> None:
    first_waits = threading.Event()

    def first() -> int:
        assert first_waits.wait(5)
        return 1

    def second() -> int:
        first_waits.set()
        return 2

    assert concurrently([first, second], Deadline(10), limit=2) == (1, 2)


def test_no_tasks_have_no_results() -> None:
    assert concurrently([], Deadline(10), limit=3) == ()


def test_no_more_than_the_limit_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def task() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    concurrently([task] * 12, Deadline(10), limit=3)
    assert most == 3


def test_what_still_runs_at_the_deadline_is_left_behind() -> None:
    let_go, started = threading.Event(), time.monotonic()
    with pytest.raises(TimedOut):
        concurrently([lambda: let_go.wait(30)], Deadline(0.1), limit=1)
    assert time.monotonic() - started < 0.1 + 2
    let_go.set()


def test_cancelling_ends_the_wait_at_once() -> None:
    let_go, deadline, started = threading.Event(), Deadline(30), time.monotonic()
    threading.Timer(0.05, deadline.cancel).start()
    with pytest.raises(Cancelled):
        concurrently([lambda: let_go.wait(30)], deadline, limit=1)
    assert time.monotonic() - started < 2
    let_go.set()


def test_what_a_task_raises_is_raised_without_waiting_for_the_others() -> None:
    let_go, started = threading.Event(), time.monotonic()

    def broken() -> bool:
        msg = "a bug"
        raise KeyError(msg)

    with pytest.raises(KeyError, match="a bug"):
        concurrently([lambda: let_go.wait(30), broken], Deadline(30), limit=2)
    assert time.monotonic() - started < 2
    let_go.set()


def test_no_task_is_begun_after_the_end() -> None:
    begun, deadline = [], Deadline(0.1)

    def task() -> None:
        begun.append(1)
        time.sleep(0.15)

    with pytest.raises(TimedOut):
        concurrently([task] * 5, deadline, limit=1)
    time.sleep(0.2)
    assert len(begun) == 1
