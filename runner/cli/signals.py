"""SIGINT, SIGTERM and SIGHUP ask the run to end, whatever the main thread is doing."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.deadline import Stop

_ASKED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """Hand signals to `stop` while the block runs.

    A handler of Python's may run while this very thread holds a lock that cancelling needs, so the handlers do
    nothing: the interpreter writes each signal's number into a pipe, and a thread of its own acts on it.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {asked: signal.signal(asked, _noted) for asked in _ASKED}
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    thread = threading.Thread(target=_listen, args=(reading, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken)
        for asked, handler in before.items():
            signal.signal(asked, handler)
        os.close(writing)
        thread.join()
        os.close(reading)


def _noted(_number: int, _frame: object) -> None:
    """Do nothing: the number is in the pipe already."""


def _listen(reading: int, stop: Stop) -> None:
    while numbers := os.read(reading, 16):
        for number in numbers:
            stop.request(number)
