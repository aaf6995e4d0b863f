from __future__ import annotations

import signal
import threading
import time

import pytest

from runner.deadline import Deadline, Stop
from runner.errors import Cancelled, TimedOut
from runner.threads import concurrently

STOPPED = "stopped: the run was told to stop"


# --- the moment ------------------------------------------------------------------------------------


def test_a_new_deadline_has_its_time_left() -> None:
    deadline = Deadline(60)
    assert 59 < deadline.left <= 60
    assert (deadline.expired, deadline.cancelled, deadline.over) == (False, False, False)
    deadline.check()


def test_a_deadline_that_has_passed_says_its_limit() -> None:
    deadline = Deadline(0)
    assert deadline.left == 0.0
    assert deadline.expired
    assert deadline.over
    with pytest.raises(TimedOut, match=r"^timed out after 0ms$"):
        deadline.check()


def test_a_cancelled_deadline_says_that_the_run_was_stopped() -> None:
    deadline = Deadline(60)
    deadline.cancel()
    assert deadline.over
    assert not deadline.expired
    with pytest.raises(Cancelled, match=f"^{STOPPED}$"):
        deadline.check()


def test_a_stop_counts_before_a_limit() -> None:
    deadline = Deadline(0)
    deadline.cancel()
    with pytest.raises(Cancelled):
        deadline.check()


@pytest.mark.parametrize(
    ("seconds", "said"), [(26.9983412, "27s"), (0.29999, "300ms"), (90.0, "1m30s"), (1.23456, "1.23s")]
)
def test_a_limit_is_written_as_a_person_would(seconds: float, said: str) -> None:
    assert Deadline(seconds).said == f"timed out after {said}"


# --- a deadline within another ---------------------------------------------------------------------


def test_the_sooner_moment_counts_and_is_the_one_that_is_named() -> None:
    outer = Deadline(10)
    assert outer.within(60).at == outer.at
    assert outer.within(60).said == "timed out after 10s"
    assert outer.within(1).at < outer.at
    assert outer.within(1).said == "timed out after 1s"


def test_what_is_cancelled_cancels_everything_within() -> None:
    outer = Deadline(60)
    inner = outer.within(30).within(10)
    outer.cancel()
    assert inner.cancelled
    assert outer.within(5).cancelled


def test_what_is_within_cancels_nothing_outside() -> None:
    outer = Deadline(60)
    inner = outer.within(30)
    inner.cancel()
    assert inner.cancelled
    assert not outer.cancelled


# --- what blocks under it --------------------------------------------------------------------------


def test_sleeping_ends_after_its_seconds() -> None:
    began = time.monotonic()
    Deadline(60).sleep(0.05)
    assert 0.04 < time.monotonic() - began < 2


def test_sleeping_ends_with_the_deadline() -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut, match=r"^timed out after 50ms$"):
        Deadline(0.05).sleep(60)
    assert time.monotonic() - began < 2


def test_sleeping_ends_when_it_is_called_off() -> None:
    deadline, began = Deadline(60), time.monotonic()
    threading.Timer(0.05, deadline.cancel).start()
    with pytest.raises(Cancelled):
        deadline.sleep(60)
    assert time.monotonic() - began < 2


def test_a_guard_stops_what_it_guards_at_the_moment() -> None:
    stopped = threading.Event()
    with Deadline(0.05).guard(stopped.set):
        assert stopped.wait(5)


def test_a_guard_stops_what_it_guards_at_cancellation() -> None:
    stopped, deadline = threading.Event(), Deadline(60)
    with deadline.within(50).guard(stopped.set):
        deadline.cancel()
        assert stopped.wait(5)


def test_a_guard_stops_nothing_once_its_block_is_left() -> None:
    stopped, deadline = threading.Event(), Deadline(0.1)
    with deadline.guard(stopped.set):
        pass
    deadline.cancel()
    assert not stopped.wait(0.2)


def test_a_guard_under_a_deadline_that_is_over_begins_nothing() -> None:
    stopped = threading.Event()
    with pytest.raises(TimedOut), Deadline(0).guard(stopped.set):
        pytest.fail("the block was entered")
    assert not stopped.is_set()


def test_whoever_comes_after_the_cancellation_is_called_at_once() -> None:
    stopped, deadline = threading.Event(), Deadline(60)
    deadline.cancel()
    with deadline.on_cancel(stopped.set):
        assert stopped.is_set()


def test_a_deadline_may_be_cancelled_while_one_of_its_callbacks_cancels_it() -> None:
    deadline = Deadline(60)
    with deadline.on_cancel(lambda: None), deadline.within(9).on_cancel(lambda: None):
        deadline.cancel()
        deadline.cancel()
    assert deadline.cancelled


def test_a_cancellation_reaches_everyone_whoever_comes_and_goes_meanwhile() -> None:
    """A child born during the cancellation must not miss it."""
    for _ in range(200):
        deadline = Deadline(60)
        born: list[Deadline] = []
        parent = threading.Thread(target=lambda: born.extend(deadline.within(9) for _ in range(20)))  # noqa: B023 - joined in this turn
        parent.start()
        deadline.cancel()
        parent.join()
        assert all(child.cancelled for child in born)


# --- the request to stop ---------------------------------------------------------------------------


def test_a_request_calls_off_what_is_watched_and_keeps_the_first_signal() -> None:
    stop, first, second = Stop(), Deadline(60), Deadline(60)
    stop.watch(first)
    stop.request(signal.SIGTERM)
    assert (first.cancelled, second.cancelled) == (True, False)
    stop.watch(second)
    stop.request(signal.SIGINT)
    assert second.cancelled
    assert stop.signal == signal.SIGTERM


def test_a_request_with_nothing_to_call_off_is_kept() -> None:
    stop = Stop()
    stop.request(signal.SIGHUP)
    assert stop.signal == signal.SIGHUP


# --- several things at once ------------------------------------------------------------------------


def test_a_task_that_comes_back_within_the_grace_has_its_result_counted() -> None:
    deadline = Deadline(0.05)

    def late() -> str:
        time.sleep(0.1)
        assert deadline.expired
        return "just in time"

    assert concurrently([late], deadline, limit=1, grace=5) == ("just in time",)


def test_a_task_that_does_not_come_back_within_the_grace_is_left_behind() -> None:
    let_go, began = threading.Event(), time.monotonic()
    with pytest.raises(TimedOut, match=r"^timed out after 50ms$"):
        concurrently([lambda: let_go.wait(30)], Deadline(0.05), limit=1, grace=0.1)
    assert time.monotonic() - began < 2
    let_go.set()


def test_under_a_deadline_that_is_over_no_task_is_begun() -> None:
    begun: list[int] = []
    deadline = Deadline(60)
    deadline.cancel()
    with pytest.raises(Cancelled):
        concurrently([lambda: begun.append(1)], deadline, limit=1)
    assert begun == []


def test_a_task_that_asks_to_exit_ends_whoever_waits() -> None:
    def leaving() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit, match="3"):
        concurrently([leaving], Deadline(10), limit=1)


def test_a_thousand_tasks_keep_their_order() -> None:
    tasks = [lambda place=place: place for place in range(1000)]
    assert concurrently(tasks, Deadline(30), limit=7) == tuple(range(1000))
