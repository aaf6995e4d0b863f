"""libpq, led by hand: it goes by what it is told alone, and stops when it is told to."""

from __future__ import annotations

import logging
import select
from typing import TYPE_CHECKING, Final

from psycopg import generators, pq
from psycopg.conninfo import make_conninfo
from psycopg.waiting import Ready, Wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.deadline import Deadline

logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what it has to say comes as an error, too
logging.getLogger("psycopg").propagate = False

_NOWHERE: Final = "/dev/null/none"
"""A file that cannot be there."""
_GLANCE: Final = 0.05
"""Seconds between two looks at whether the run was told to stop."""


class TooLateError(Exception):
    """The time was up, or the run was told to stop."""

    def __init__(self, *, connected: bool) -> None:
        super().__init__()
        self.connected = connected
        """The other side had taken the connection."""


def log_in(parameters: Mapping[str, str], until: Deadline) -> pq.abc.PGconn:
    """Log in; raise `psycopg.OperationalError`, or `TooLateError`.

    Psycopg's own loop takes whole seconds, at least two for each address, and cannot be called off. What it steps
    through is used all the same: a server may have its client reckon for long, and other threads can go on meanwhile.
    """
    steps = generators.connect(make_conninfo("", **parameters))
    connected = False
    try:
        descriptor, wanted = next(steps)
        while _ready(descriptor, wanted, until):
            connected = True
            descriptor, wanted = steps.send(Ready.R if wanted == Wait.R else Ready.W)
    except StopIteration as done:
        handle: pq.abc.PGconn = done.value
        return handle
    steps.close()
    raise TooLateError(connected=connected)


def neutral() -> dict[str, str]:
    """Return every parameter that libpq would take from the environment, as it is where nothing says otherwise."""
    defaults = {one.keyword.decode(): one.compiled or b"" for one in pq.Conninfo.get_defaults() if one.envvar}
    no_defaults = {"min_protocol_version": "3.0", "max_protocol_version": "3.0"}
    given = {
        "client_encoding": "utf8",
        # what lies in the home folder would do for whoever writes a definition, too
        "passfile": _NOWHERE,
        "sslrootcert": _NOWHERE,
        **{key: value for key, value in no_defaults.items() if key in defaults},
    }
    return {key: value.decode() for key, value in defaults.items() if key != "service"} | given


def _ready(descriptor: int, wanted: Wait, until: Deadline) -> bool:
    """Wait until a socket can be read or written; False where the time is up first."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN if wanted == Wait.R else select.POLLOUT)
    while not until.over:
        if poll.poll(min(_GLANCE, until.left) * 1000):
            return True
    return False
