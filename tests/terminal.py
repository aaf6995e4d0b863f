"""A terminal with a person before it: programs run on it, and what stands on its screen can be read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyte

from tests.conftest import CLEAN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

VARYING = [
    (rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", b"11111111-1111-4111-8111-111111111111"),
    (rb"\b\d+(\.\d+)?ms\b", b"12ms"),
]
"""What is different in every run, and what stands for it."""
PATIENCE = 40.0


def screen_of(data: bytes, width: int, height: int = 60) -> list[str]:
    """Return the lines that a terminal shows after it was sent this, without those that are empty at the end."""
    return _shown(_fed(data, width, height))


def _fed(data: bytes, width: int, height: int) -> pyte.Screen:
    for pattern, word in VARYING:
        data = re.sub(pattern, word, data)
    screen = pyte.Screen(width, height)
    pyte.ByteStream(screen).feed(data)
    return screen


def _shown(screen: pyte.Screen) -> list[str]:
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


@dataclass
class Terminal:
    """A program on a terminal of its own."""

    pid: int
    master: int
    width: int
    sent: bytes = b""
    """All that the program has sent so far."""
    before: list[object] = field(default_factory=list)
    """How the terminal was set when the program began."""

    @property
    def lines(self) -> list[str]:
        return screen_of(self.sent, self.width)

    @property
    def hides_the_cursor(self) -> bool:
        return bool(_fed(self.sent, self.width, 60).cursor.hidden)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def wait_for(self, seen: Callable[[list[str]], bool]) -> list[str]:
        """Look at the screen until it shows something."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if seen(lines := self.lines):
                return lines
            assert self._read(), f"the program has ended before: {lines}"
        raise AssertionError(self.lines)

    def wait(self) -> int:
        """Wait for the end of the program; return its exit code, or minus the signal that killed it."""
        while self._read():
            pass
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.master)
        return code

    def _read(self) -> bool:
        ready, _, _ = select.select([self.master], [], [], PATIENCE)
        try:
            data = os.read(self.master, 65536) if ready else b""
        except OSError:  # Linux says that the last program has closed the terminal
            data = b""
        self.sent += data
        return bool(data)


def opened(
    arguments: list[str],
    folder: Path,
    *,
    width: int = 80,
    env: Mapping[str, str] | None = None,
    command: tuple[str, ...] = ("-m", "runner"),
) -> Terminal:
    """Begin the command line, or another command of Python's, on a terminal of its own."""
    words = [sys.executable, *command, *arguments]
    ready, go = os.pipe()
    pid, master = pty.fork()
    if pid == 0:
        os.read(ready, 1)
        os.chdir(folder)
        os.execve(words[0], words, {**CLEAN, "TERM": "xterm-256color", **(env or {})})  # noqa: S606 - there is no shell
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 60, width, 0, 0))
    terminal = Terminal(pid, master, width, before=list(termios.tcgetattr(master)))
    os.write(go, b".")
    os.close(go)
    os.close(ready)
    return terminal
