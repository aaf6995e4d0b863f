"""libpq, led by hand: what it goes by, what it says to the server, and when it can go on."""

from __future__ import annotations

import logging
import os
import re
import select
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from psycopg import pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.deadline import Deadline

logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what it has to say comes as an error, too
logging.getLogger("psycopg").propagate = False

_GLANCE: Final = 0.05
"""Seconds between two looks at whether the run was told to stop."""
_LONGEST: Final = 1 << 16
"""Bytes of a trace that are read."""
TOLD: Final = re.compile(r'(?s)\tErrorResponse\t .{0,99}? C "(\w{5})" M "(.{0,999}?)" (?:[A-Z] "|\\x00)')
"""An error of the server in libpq's trace: its code and its words."""


def neutral() -> dict[str, str]:
    """Return every parameter that libpq would take from the environment, as it is where nothing says otherwise."""
    defaults = {one.keyword.decode(): one.compiled or b"" for one in pq.Conninfo.get_defaults() if one.envvar}
    no_defaults = {"min_protocol_version": "3.0", "max_protocol_version": "3.0"}
    given = {
        "client_encoding": "utf8",
        "passfile": "/dev/null/none",  # one that is there would do for whoever writes a definition, too
        **{key: value for key, value in no_defaults.items() if key in defaults},
    }
    return {key: value.decode() for key, value in defaults.items() if key != "service"} | given


@contextmanager
def overheard(handle: pq.abc.PGconn) -> Iterator[Callable[[], str]]:
    """Listen to what libpq and the server say to each other; nothing is heard where the system has no such trace."""
    if sys.platform != "linux":
        yield lambda: ""
        return
    with open(os.memfd_create("libpq"), "r+b") as file:  # noqa: PTH123 - it has no path

        def heard() -> str:
            handle.untrace()  # the last of it is written by that
            return os.pread(file.fileno(), _LONGEST, 0).decode("utf-8", "replace")

        handle.trace(file.fileno())
        handle.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield heard
        finally:
            handle.untrace()


def ready(descriptor: int, turn: pq.PollingStatus, until: Deadline) -> bool:
    """Wait until a socket can be read or written; False where the time is up first."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN if turn == pq.PollingStatus.READING else select.POLLOUT)
    while not until.over:
        if poll.poll(min(_GLANCE, until.left) * 1000):
            return True
    return False
