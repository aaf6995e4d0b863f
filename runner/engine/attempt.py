"""One attempt at a node, in a thread of its own, that ends in time whatever it is blocked on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeVar

from runner.threads import concurrently

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.deadline import Deadline
    from runner.definition.entries import Retry
    from runner.errors import NodeError

T = TypeVar("T")
GRACE: Final = 0.3
"""Seconds that a node has to come back by itself once its time is up, before it is left behind."""


def attempt(work: Callable[[], T], deadline: Deadline) -> T:
    """Do `work` in a thread of its own and return what it returns.

    Raises what it raises; `TimedOut` or `Cancelled` where it does not come back in time. Its thread is then left
    behind: the doors open for nothing under a deadline that is over.
    """
    return concurrently([work], deadline, limit=1, grace=GRACE)[0]


def pause_before(tries: int, retry: Retry, error: NodeError) -> float | None:
    """Return the seconds to wait before another attempt; None where there is none."""
    wanted = error.retryable and (not retry.errors or error.code in retry.errors)
    if not wanted or tries > retry.max_retries:
        return None
    pause = min(retry.delay * retry.backoff ** (tries - 1), retry.max_delay)
    if retry.jitter:
        pause *= 0.5 + int.from_bytes(os.urandom(2)) / 2**17
    return max(pause, error.retry_after or 0.0)
