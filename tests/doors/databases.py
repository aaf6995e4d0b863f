"""What the tests of the door to databases share: what is refused and said, how long it took, and servers of straw."""

from __future__ import annotations

import struct
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from runner.deadline import Deadline
from runner.doors.sql import Sql
from runner.errors import NodeError
from runner.spec.databases import database_url
from tests.servers import PASSWORD

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from runner.spec.databases import DatabaseUrl
    from tests.doors.conftest import Talk
    from tests.servers import Private

OVERRUN: Final = 0.5
"""Seconds that anything may take beyond its limit."""
WRONG: Final = "hunter2"
KINDS: Final = ("postgresql", "mysql")
both = pytest.mark.parametrize("server", KINDS, indirect=True)
every_kind = pytest.mark.parametrize("kind", KINDS)


def failure(text: str, limit: float = 10.0, door: Sql | None = None) -> NodeError:
    """Return why nobody is let in; whatever is said must not hold the password."""
    with pytest.raises(NodeError) as caught:
        (door or Sql()).connect(database_url(text), Deadline(limit)).close()
    assert PASSWORD not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    return caught.value


def refused(text: str, query: str) -> NodeError:
    """Return why a query is not answered."""
    with pytest.raises(NodeError) as caught:
        Sql().ask(database_url(text), query, Deadline(10))
    return caught.value


def said(error: NodeError) -> tuple[str, str, type[NodeError]]:
    return error.code, error.message, type(error)


def shown(server: Private, database: str = "shop") -> str:
    """What messages call it."""
    return f"{server.kind} at 127.0.0.1:{server.port}" + (f"/{database}" if database else "")


@contextmanager
def in_time(limit: float) -> Iterator[None]:
    """What the block does takes as long as it may, and hardly longer."""
    began = time.monotonic()
    yield
    assert limit - 0.05 < time.monotonic() - began < limit + OVERRUN


def while_asked(url: DatabaseUrl, query: str, act: Callable[[], object]) -> NodeError:
    """Do something while a query runs; return why it has no answer."""
    caught: list[NodeError] = []

    def ask() -> None:
        try:
            Sql().ask(url, query, Deadline(20))
        except NodeError as error:
            caught.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.5)
    act()
    asking.join(10)
    return caught[0]


def postgresql_that_wants_the_password(seen: list[bytes]) -> Talk:
    """A server without TLS that asks for the password as it is."""

    def talk(connection: socket.socket) -> None:
        first = connection.recv(1000)
        if len(first) == 8:  # does it speak TLS?
            connection.sendall(b"N")
            first = connection.recv(1000)
        seen.append(first)
        connection.sendall(b"R" + struct.pack(">ii", 8, 3))
        seen.append(connection.recv(1000))

    return talk


def mysql_that_answers(*bodies: bytes, seen: list[bytes] | None = None) -> Talk:
    """A server without TLS that greets, and answers the login with this, and then this."""
    kept = [] if seen is None else seen

    def talk(connection: socket.socket) -> None:
        connection.sendall(packet(0, GREETING))
        kept.append(connection.recv(1000))
        for body in bodies:
            if kept[-1]:
                connection.sendall(packet(kept[-1][3] + 1, body))
                kept.append(connection.recv(1000))

    return talk


def packet(number: int, body: bytes) -> bytes:
    return struct.pack("<I", len(body))[:3] + bytes((number,)) + body


def fault(number: int, words: str) -> bytes:
    return b"\xff" + struct.pack("<H", number) + b"#HY000" + words.encode()


DENIED: Final = fault(1045, "Access denied")
ABILITIES: Final = 0x000AF7DF
"""Of a MySQL: everything of interest but TLS."""
GREETING: Final = b"".join(
    (
        b"\x0a8.4.0\0",
        struct.pack("<I", 7),
        b"12345678\0",
        struct.pack("<HBHHB", ABILITIES & 0xFFFF, 0x21, 2, ABILITIES >> 16, 21),
        bytes(10),
        b"123456789012\0",
        b"caching_sha2_password\0",
    )
)


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">i", 4 + len(body)) + body
