"""A wire to a server that can be cut, or go silent, at any byte."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from runner.doors.net import shut

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 65536


class Wire:
    """Hands everything on between its own port and a server's."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])
        self.heard = 0
        """Bytes that the server has said so far."""
        self.cut_at: int | None = None
        """It is cut when the server has said so many bytes."""
        self.silent = False
        """Nothing comes through any more, and nothing is closed."""
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut every connection."""
        for line in self._lines:
            shut(line)

    def close(self) -> None:
        shut(self._listener)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._lines += [client, server]
                threading.Thread(target=self._relay, args=(client, server), daemon=True).start()

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        with selectors.DefaultSelector() as both, suppress(OSError), client, server:
            for line in other:
                both.register(line, selectors.EVENT_READ)
            while True:
                for key, _ in both.select():
                    line = client if key.fileobj is client else server
                    data = line.recv(_CHUNK)
                    if not data:
                        return
                    if line is server:
                        data = self._counted(data)
                    if not self.silent:
                        other[line].sendall(data)
                    if self.cut_at is not None and self.heard >= self.cut_at:
                        return

    def _counted(self, data: bytes) -> bytes:
        """Take no more of what the server says than until the cut."""
        left = len(data) if self.cut_at is None else self.cut_at - self.heard
        data = data[: max(left, 0)]
        self.heard += len(data)
        return data


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    wire = Wire(port)
    try:
        yield wire
    finally:
        wire.close()
