"""The time of a run: its deadline, what is kept back of it, and the signal that ends it early."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from runner.deadline import Deadline
from runner.spec import duration_text

if TYPE_CHECKING:
    from runner.deadline import Stop
    from runner.definition.model import Step

KEPT_PART: Final = 0.1
KEPT_LEAST: Final = 3.0
KEPT_MOST: Final = 30.0
"""The part of a run's time that is kept for `always` nodes, and its bounds in seconds."""
AFTER_STOP: Final = 3.0
"""Seconds that `always` nodes have together once a run was told to stop."""


class RunTime:
    """Hands out the time of a run."""

    def __init__(self, timeout: float, stop: Stop, *, keep: bool) -> None:
        self._began = time.monotonic()
        self._stop = stop
        kept = kept_back(timeout) if keep else 0.0
        spent = f"the run's time of {duration_text(timeout)} is up"
        self._whole = Deadline(timeout, spent)
        rest = f", but for {duration_text(kept)} kept for always nodes" if kept else ""
        self._main = self._whole.within(timeout - kept, spent + rest)
        self._after_stop: Deadline | None = None
        self.late = False
        """The run's time was up before its end."""
        stop.watch(self._whole)

    @property
    def taken(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def over(self) -> str:
        """Say why no further node but an `always` one may start; empty while there is time."""
        if self._stop.signal is not None:
            return "the run was told to stop"
        self.late = self.late or self._main.expired
        return "the run's time was up" if self.late else ""

    def limit(self, step: Step) -> Deadline:
        """Return the deadline that all attempts at a node end by."""
        if not step.always:
            return self._main
        return self._whole if self._stop.signal is None else self._rest()

    def _rest(self) -> Deadline:
        if self._after_stop is None:
            self._after_stop = Deadline(min(AFTER_STOP, self._whole.left))
            self._stop.watch(self._after_stop)
        return self._after_stop


def kept_back(timeout: float) -> float:
    """Return the seconds of a run's time that `always` nodes can count on; half of it at the most."""
    return min(max(KEPT_PART * timeout, KEPT_LEAST), KEPT_MOST, timeout / 2)
