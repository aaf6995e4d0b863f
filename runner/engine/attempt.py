"""One attempt at a node, in a thread of its own, that ends in time whatever it is blocked on."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final, TypeVar

from runner.errors import NodeError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.deadline import Deadline
    from runner.definition.entries import Retry

T = TypeVar("T")
GRACE: Final = 0.3
"""Seconds that a node has to come back by itself once its time is up, before it is left behind."""


def attempt(work: Callable[[], T], deadline: Deadline) -> T:
    """Do `work` and return what it returns.

    Raises what it raises; `TimedOut` or `Cancelled` where it does not come back in time. Its thread is then left
    behind: the doors open for nothing under a deadline that is over.
    """
    deadline.check()
    woken = threading.Event()
    result: list[T] = []
    error: list[BaseException] = []

    def target() -> None:
        try:
            result.append(work())
        except BaseException as raised:  # noqa: BLE001 - carried over to the thread that waits, not handled
            error.append(raised)
        finally:
            woken.set()

    worker = threading.Thread(target=target, daemon=True)
    worker.start()
    with deadline.on_cancel(woken.set):
        woken.wait(deadline.left)
    worker.join(GRACE if deadline.over else None)
    if error:
        raise error[0]
    if not result:
        deadline.check()
    return result[0]


def pause_before(tries: int, retry: Retry, error: NodeError) -> float | None:
    """Return the seconds to wait before another attempt; None where there is none."""
    wanted = error.retryable and (not retry.errors or error.code in retry.errors)
    if not wanted or tries > retry.max_retries:
        return None
    pause = min(retry.delay * retry.backoff ** (tries - 1), retry.max_delay)
    if retry.jitter:
        pause *= 0.5 + int.from_bytes(os.urandom(2)) / 2**17
    return max(pause, error.retry_after or 0.0)


def is_run_over(error: NodeError, run: Deadline) -> bool:
    """Say whether a node ran out of the run's time rather than its own."""
    return isinstance(error, TimedOut) and run.expired
