"""What runs on this machine: one look at all of its processes."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

import psutil

from runner.errors import TimedOut
from runner.records import record
from runner.threads import concurrently

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.deadline import Deadline

GONE: Final = frozenset({psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})
"""States of what has ended and waits to be collected."""
FIRST: Final = 1
"""The process that every machine and every container has."""


@record
class Running:
    """A process, as it was when it was looked at."""

    pid: int
    parent: int
    name: str
    """Of the program, as `ps -o comm` has it; longer than 15 characters where that is known."""
    argv: tuple[str, ...] | None
    """Empty for a thread of the kernel and for a zombie; None where it may not be read."""
    zombie: bool
    started: float
    """Seconds since 1970."""
    rss: int
    """Bytes of memory; 0 where that may not be read."""


@record
class Survey:
    """All processes that could be seen."""

    found: tuple[Running, ...]
    unread: int
    """How many are there, but may not be read."""
    partial: str = ""
    """Why there may be others that were not seen at all; empty where there are none."""

    def descendants(self, pid: int) -> frozenset[int]:
        """Return a process and all that it has started, and so on."""
        children: dict[int, list[int]] = {}
        for one in self.found:
            children.setdefault(one.parent, []).append(one.pid)
        family, todo = {pid}, [pid]
        while todo:
            young = set(children.get(todo.pop(), ())) - family
            family |= young
            todo += young
        return frozenset(family)

    def ancestors(self, pid: int) -> frozenset[int]:
        """Return the process that has started another one, the one that has started that, and so on."""
        parents: Mapping[int, int] = {one.pid: one.parent for one in self.found}
        line: set[int] = set()
        while (parent := parents.get(pid)) is not None and parent not in line:
            line.add(parent)
            pid = parent
        return frozenset(line)


def survey(deadline: Deadline) -> Survey:
    """Look at every process once.

    A process whose memory is locked can block who reads its command line for good, so a thread that can be left
    behind does it, in a little less time than there is: what was seen by then is told.
    """
    seen: list[Running | None] = []
    patience = deadline.within(deadline.left * 0.9)
    cut = ""
    try:
        concurrently([partial(_look, seen, patience)], patience, limit=1)
    except TimedOut:
        deadline.check()
        cut = "the others did not answer in time"
    known = tuple(seen)
    found = tuple(one for one in known if one is not None)
    if not cut and FIRST not in {one.pid for one in found} and len(found) == len(known):
        cut = "those of other users are hidden"
    return Survey(found=found, unread=len(known) - len(found), partial=cut)


def own_arguments(argv: Iterable[str]) -> tuple[str, ...]:
    """Return the arguments in the command line of a Python program, without the interpreter and the program."""
    words = list(argv)[1:]
    for place, word in enumerate(words):
        if word == "-m":
            return tuple(words[place + 2 :])
        if not word.startswith("-"):
            return tuple(words[place + 1 :])
    return ()


def _look(seen: list[Running | None], deadline: Deadline) -> None:
    # The process that looks is the first: it is known even where another one blocks.
    for pid in sorted(psutil.pids(), key=lambda pid: (pid != os.getpid(), pid)):
        deadline.check()
        try:
            seen.append(_running(psutil.Process(pid)))
        except psutil.AccessDenied:
            seen.append(None)
        except psutil.NoSuchProcess:
            continue  # it has ended since it was listed


def _running(process: psutil.Process) -> Running:
    with process.oneshot():
        return Running(
            pid=process.pid,
            parent=process.ppid(),
            name=process.name(),
            argv=_argv(process),
            zombie=process.status() in GONE,
            started=process.create_time(),
            rss=_rss(process),
        )


def _argv(process: psutil.Process) -> tuple[str, ...] | None:
    try:
        return tuple(process.cmdline())
    except psutil.ZombieProcess:
        return ()
    except psutil.AccessDenied:
        return None


def _rss(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except (psutil.ZombieProcess, psutil.AccessDenied):
        return 0
