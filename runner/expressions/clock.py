"""The time of the evaluation that is going on: deep comparisons and long loops look at it as they go."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from runner.expressions.values import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterator

TIME_LIMIT: Final = 1.0
"""Seconds of one evaluation."""

_ENDS: Final = ContextVar("_ENDS", default=math.inf)
"""On the monotonic clock."""


@contextmanager
def time_limit() -> Iterator[None]:
    """Let `tick` raise from the end of the limit on, in this thread."""
    token = _ENDS.set(time.monotonic() + TIME_LIMIT)
    try:
        yield
    finally:
        _ENDS.reset(token)


def tick() -> None:
    """Raise `ExpressionError` where the time is up."""
    if time.monotonic() > _ENDS.get():
        msg = f"the expression takes more than {TIME_LIMIT:g}s"
        raise ExpressionError(msg, "loop over less, or compare less")
