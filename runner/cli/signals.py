"""SIGINT, SIGTERM and SIGHUP ask the run to end, whatever the main thread is doing."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from runner.errors import ExitCode, RunnerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from runner.deadline import Stop

_ASKED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(RunnerError):
    """A signal ended what was going on before the first node."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name} before the first node")
        self.exit_code = ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED


def interruptible() -> None:
    """Let every signal end what comes before a run, as Python lets SIGINT; process 1 would not hear it otherwise."""
    _handle(_interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    deafen()  # nobody is to break in while that is reported
    raise KeyboardInterrupt(number)


def deafen() -> None:
    """Let signals change nothing any more: there is nothing left that could be stopped."""
    _handle(_noted)


@contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """Hand signals to `stop` while the block runs; after it they change nothing any more, the exit code least of all.

    A handler of Python's may run while this very thread holds a lock that cancelling needs, so the handlers do
    nothing: the interpreter writes each signal's number into a pipe, and a thread of its own acts on it.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    _handle(_noted)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    thread = threading.Thread(target=_listen, args=(reading, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)
        os.close(writing)
        thread.join()
        os.close(reading)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    """Set a handler; under `nohup` a hangup stays ignored."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    for asked in _ASKED:
        if asked is not signal.SIGHUP or not ignored:
            signal.signal(asked, handler)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the number is in the pipe already."""


def _listen(reading: int, stop: Stop) -> None:
    while numbers := os.read(reading, 16):
        for number in numbers:
            stop.request(number)
