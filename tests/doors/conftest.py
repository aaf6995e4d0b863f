"""Real servers in threads: a server is a function that gets a connection and treats the client as it likes."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeAlias

import pytest
import trustme

from runner.doors.net import shut

if TYPE_CHECKING:
    from pathlib import Path

Talk: TypeAlias = Callable[[socket.socket], object]


class Serve(Protocol):
    """Starts a server and returns its port."""

    def __call__(self, talk: Talk, host: str = "127.0.0.1") -> int: ...


class Servers:
    """Listeners on loopback; every client is spoken with in a thread of its own."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def start(self, talk: Talk, host: str = "127.0.0.1") -> int:
        """Start one and return its port."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, 0), family=family, backlog=256)
        self._sockets.append(listener)
        self._spawn(self._accept, listener, talk)
        return int(listener.getsockname()[1])

    def stop(self) -> None:
        for sock in tuple(self._sockets):
            shut(sock)
        for thread in self._threads:
            thread.join(10)
        for sock in self._sockets:
            sock.close()

    def _accept(self, listener: socket.socket, talk: Talk) -> None:
        with suppress(OSError):  # the listener is shut
            while True:
                connection, _ = listener.accept()
                self._sockets.append(connection)
                self._spawn(self._converse, connection, talk)

    def _converse(self, connection: socket.socket, talk: Talk) -> None:
        with connection, suppress(OSError):  # the client left
            talk(connection)

    def _spawn(self, target: Callable[[socket.socket, Talk], None], sock: socket.socket, talk: Talk) -> None:
        thread = threading.Thread(target=target, args=(sock, talk), daemon=True)
        self._threads.append(thread)
        thread.start()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that speaks with its clients as the given function does; returns the port."""
    servers = Servers()
    yield servers.start
    servers.stop()


@pytest.fixture
def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def blackhole() -> Iterator[int]:
    """A port that answers no connection: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        time.sleep(0.05)  # the kernel fills it
        yield listener.getsockname()[1]
        for client in waiting:
            client.close()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Give a private certificate authority."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    """Give the path of its certificate."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def over_tls(certificate: trustme.LeafCert, talk: Talk) -> Talk:
    """Speak TLS first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped_connection:
            talk(wrapped_connection)

    return wrapped


def read_request(connection: socket.socket) -> bytes:
    """Read a whole HTTP request: head and, by its Content-Length, body; raise `ConnectionError` where none comes."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionError("the client left")
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.splitlines() if line.lower().startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(raw: bytes, seen: list[bytes] | None = None) -> Talk:
    """Answer every request with the same bytes; `seen` collects the requests."""

    def talk(connection: socket.socket) -> None:
        request = read_request(connection)
        if seen is not None:
            seen.append(request)
        connection.sendall(raw)

    return talk


def speaking(first: bytes) -> Talk:
    """Speak before the client does, and then take everything."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(first)
        silent(connection)

    return talk


def silent(connection: socket.socket) -> None:
    """Take everything and say nothing until the client leaves."""
    while connection.recv(65536):
        pass


def dripping(raw: bytes, every: float = 0.05) -> Talk:
    """Answer one byte at a time."""
    pause = threading.Event()

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        for byte in raw:
            connection.sendall(bytes((byte,)))
            pause.wait(every)

    return talk
