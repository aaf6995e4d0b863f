"""A limit is a deadline handed down to whatever blocks, with a way to call it off early."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.errors import Cancelled, TimedOut
from runner.spec import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Deadline:
    """A moment on the monotonic clock.

    A deadline made `within` another ends with it at the latest, and is cancelled with it.
    """

    __slots__ = ("_callbacks", "_cancelled", "_children", "_lock", "at", "limit", "said")

    def __init__(self, seconds: float, said: str = "") -> None:
        self.limit = seconds
        """The limit as it was given, in seconds; for messages."""
        self.said = said or f"timed out after {duration_text(seconds)}"
        """What to tell people once it has passed."""
        self.at = time.monotonic() + seconds
        self._cancelled = False
        self._lock = threading.RLock()
        self._callbacks: set[Callable[[], None]] = set()
        self._children: list[Deadline] = []

    def within(self, seconds: float, said: str = "") -> Deadline:
        """Return a deadline `seconds` from now, or this one's moment where that is sooner."""
        child = Deadline(seconds, said)
        if self.at < child.at:
            child.at, child.limit, child.said = self.at, self.limit, self.said
        with self._lock:
            self._children.append(child)
            child._cancelled = self._cancelled
        return child

    @property
    def left(self) -> float:
        """Seconds until the moment; not below 0."""
        return max(0.0, self.at - time.monotonic())

    @property
    def expired(self) -> bool:
        """The moment has passed."""
        return time.monotonic() >= self.at

    @property
    def cancelled(self) -> bool:
        """It was called off."""
        return self._cancelled

    @property
    def over(self) -> bool:
        """Passed or called off."""
        return self._cancelled or self.expired

    def check(self) -> None:
        """Raise `TimedOut` or `Cancelled` where nothing may be started any more."""
        if self._cancelled:
            msg = "stopped: the run was told to stop"
            raise Cancelled(msg)
        if self.expired:
            raise TimedOut(self.said)

    def cancel(self) -> None:
        """Call it off: whatever blocks under it is stopped now."""
        with self._lock:
            self._cancelled = True
            callbacks, children = list(self._callbacks), list(self._children)
        for callback in callbacks:
            callback()
        for child in children:
            child.cancel()

    @contextmanager
    def guard(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` (from another thread) at the moment or at cancellation, as long as the block runs.

        Raises `TimedOut` or `Cancelled` at once where the deadline is over already.
        """
        self.check()
        timer = threading.Timer(self.left, stop)
        timer.daemon = True
        with self.on_cancel(stop):
            timer.start()
            try:
                yield
            finally:
                timer.cancel()

    def sleep(self, seconds: float) -> None:
        """Wait; raise as soon as the deadline is over."""
        woken = threading.Event()
        with self.on_cancel(woken.set):
            woken.wait(min(seconds, self.left))
        self.check()

    @contextmanager
    def on_cancel(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` (from the thread that cancels) where it is called off while the block runs."""
        with self._lock:
            self._callbacks.add(stop)
        try:
            if self._cancelled:
                stop()
            yield
        finally:
            with self._lock:
                self._callbacks.discard(stop)


class Stop:
    """A request from outside to end the run; calls off what is going on."""

    __slots__ = ("_watched", "signal")

    def __init__(self) -> None:
        self.signal: int | None = None
        """The first signal that asked for it."""
        self._watched: Deadline | None = None

    def watch(self, deadline: Deadline) -> None:
        """Name what a request calls off from now on."""
        self._watched = deadline

    def request(self, signum: int) -> None:
        """Ask for the end; may be called from any thread, and again for what is watched by then."""
        self.signal = self.signal or signum
        if self._watched is not None:
            self._watched.cancel()
