"""The stream that GitHub's runner reads: what is data stands behind a fence, and commands of ours outside of it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from runner.reports.commands import resume, stop

if TYPE_CHECKING:
    from typing import TextIO


class Fence:
    """Writes texts and commands to a stream; whatever comes there between two commands, from whomever, is data.

    GitHub's runner reads both streams of a step side by side, in no certain order, and commands stopped on one are
    stopped on both: a fence on the other stream could swallow commands of ours, so there is one for both. It ends with
    the step whatever happens, also where the process is killed outright; everything else that ends a process calls
    `end`. The token is one for all fences of a process, since GitHub keeps each as a secret, in the list that it looks
    through for every line.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._token = os.urandom(16).hex()
        self._up = False
        self._over = False
        self._lock = threading.Lock()
        """Attempts that were left behind may speak at any time, also in the middle of a command."""

    def text(self, text: str) -> None:
        """Write lines that are data; once it has ended, nothing."""
        with self._lock:
            if not self._over:
                self._write(self._rise() + text)

    def rise(self) -> None:
        """Put the fence up: from here on, somebody else may write to the stream."""
        with self._lock:
            if not self._over:
                self._write(self._rise())

    def command(self, line: str) -> None:
        """Write a command; the fence stays down until there is a text again."""
        with self._lock:
            self._fall()
            self._write(f"{line}\n")

    def end(self) -> None:
        """Take the fence down for good."""
        with self._lock:
            self._over = True
            self._fall()

    def _rise(self) -> str:
        """Return the line that puts it up; a signal that comes in between finds it up, and takes it down in vain."""
        up, self._up = self._up, True
        return "" if up else f"{stop(self._token)}\n"

    def _fall(self) -> None:
        if self._up:
            self._write(f"{resume(self._token)}\n")
        self._up = False

    def _write(self, text: str) -> None:
        if text:
            self._stream.write(text)
            self._stream.flush()
