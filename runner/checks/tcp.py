"""Whether a port takes connections, how fast, and what it says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from annotated_types import Interval

from runner.checks.base import Answered, PlainText, Seen, known
from runner.checks.matching import excerpt, found, refuse_bad_pattern
from runner.doors.net import bounded, place
from runner.errors import TimedOut
from runner.records import record
from runner.results import Verdict
from runner.secrets import reveal
from runner.spec import Text, duration_text
from runner.spec.texts import refuse_no_host

if TYPE_CHECKING:
    import socket

    from runner.deadline import Deadline
    from runner.scope import Scope

MAX_ANSWER: Final = 64 * 1024
"""Bytes of an answer that are read."""


@record
class ExpectText:
    """What the answer must be like; all of it."""

    contains: PlainText | None = None
    """A text that is somewhere in it."""
    matches: PlainText | None = None
    """A regular expression that is found somewhere in it."""

    def __post_init__(self) -> None:
        """Refuse a pattern that does not compile."""
        refuse_bad_pattern(self.matches, "matches")

    def met(self, text: str, deadline: Deadline) -> bool:
        """Say whether a text is like that."""
        if self.contains is not None and self.contains not in text:
            return False
        return self.matches is None or found(self.matches, text, deadline)

    def __str__(self) -> str:
        wanted = [excerpt(self.contains)] if self.contains is not None else []
        wanted += [f"a match of {self.matches}"] if self.matches is not None else []
        return " and ".join(wanted) or "any answer"


@record
class Tcp(Answered):
    """Connect to a port, and hold the time that takes against the thresholds."""

    type: ClassVar[str] = "tcp"

    host: PlainText
    """A name or an address."""
    port: Annotated[int, Interval(ge=1, le=65535)]
    """What is connected to."""
    send: Text | None = None
    """What is sent once connected."""
    expect: ExpectText | None = None
    """What the other side must say; anything else is `critical`."""

    def __post_init__(self) -> None:
        """Refuse what is more than a host."""
        Answered.__post_init__(self)
        if known(self.host):
            refuse_no_host(self.host, "host")

    def look(self, scope: Scope) -> Seen:
        """Connect once, and close the connection again."""
        started = time.perf_counter()
        trusted = scope.trusts(self.host)
        with scope.doors.net.connect(self.host, self.port, scope.deadline, trusted=trusted) as connection:
            taken = time.perf_counter() - started
            heard, ended = self._conversation(connection, scope.deadline)
        metrics: dict[str, object] = {"connect_ms": round(taken * 1000, 2)}
        if self.expect is None:
            message = f"{self._shown} took the connection in {duration_text(taken)}"
            return Seen(message=message, value=taken, unit="s", metrics=metrics)
        metrics["bytes"] = len(heard)
        text = heard.decode("utf-8", "replace")
        if ended and self.expect.met(text, scope.deadline):
            message = f"{self._shown} took the connection in {duration_text(taken)} and said {excerpt(text)}"
            return Seen(message=message, value=taken, unit="s", metrics=metrics)
        waited = "" if ended else f" in {duration_text(self.timeout)}"
        return Seen(
            message=f"{self._shown} said {excerpt(text)}{waited}, expected {self.expect}",
            verdict=Verdict.CRITICAL,
            metrics=metrics,
            code="content" if ended or heard else "timed_out",
        )

    @property
    def place(self) -> str:
        """Host and port."""
        return self._shown

    @property
    def about(self) -> str | None:
        """Host and port."""
        return self._shown if known(self.host) else None

    @property
    def task(self) -> str:
        """What is connected to."""
        return f"connect to {self._shown}"

    @property
    def _shown(self) -> str:
        return place(self.host, self.port)

    def _conversation(self, connection: socket.socket, deadline: Deadline) -> tuple[bytes, bool]:
        """Send what is to be sent, and hear what is expected.

        Return what was heard, and whether that was all: not where the time ran out first.
        """
        heard = bytearray()
        try:
            with bounded(connection, deadline):
                connection.sendall(reveal(self.send or "").encode())
                if self.expect is not None:
                    _hear(connection, heard, self.expect, deadline)
        except TimedOut:
            return bytes(heard), False
        return bytes(heard), True


def _hear(connection: socket.socket, heard: bytearray, expect: ExpectText, deadline: Deadline) -> None:
    """Read until the answer is as expected, ends, or is too long."""
    while len(heard) < MAX_ANSWER:
        more = connection.recv(4096)
        heard += more
        if not more or expect.met(heard.decode("utf-8", "replace"), deadline):
            return
