from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.doors.conftest import authority, ca_file, serve
from tests.nodes.conftest import make_scope, scope

if TYPE_CHECKING:
    from typing import Any

__all__ = ["authority", "ca_file", "make_scope", "scope", "serve"]


class Site(BaseHTTPRequestHandler):
    """A small site: each path is a way to answer."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, str, dict[str, str], bytes]]]

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.command, self.path, headers, body))
        getattr(self, f"answer_{self.path.partition('?')[0].strip('/') or 'home'}")()

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_home(self) -> None:
        self.reply(200, b"Welcome to the shop", X_Shop="open")

    def answer_down(self) -> None:
        self.reply(503, b"<h1>Down</h1>\n\x1b[31mfor  maintenance\n")

    def answer_health(self) -> None:
        nodes = b'[{"name": "a"}, {"name": "b"}]'
        checks = b'[{"name": "a", "error": null}, {"name": "b", "error": null}]'
        self.reply(200, b'{"status": "up", "ready": true, "error": null, "nodes": %b, "checks": %b}' % (nodes, checks))

    def answer_moved(self) -> None:
        self.reply(302, b"", Location="/")

    def answer_large(self) -> None:
        self.reply(200, b"x" * (1 << 20) + b"the end")

    def answer_slow(self) -> None:
        time.sleep(0.2)
        self.reply(200, b"at last")

    def answer_flaky(self) -> None:
        first = sum(path == "/flaky" for _, path, _, _ in self.seen) == 1
        self.reply(500 if first else 200, b"once")

    def answer_drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b".")
            self.wfile.flush()
            time.sleep(0.05)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the interface
        """Keep quiet."""


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Keep quiet: clients that leave early are part of the tests."""


@pytest.fixture
def site() -> Iterator[str]:
    """The URL of a small site, without a slash at its end."""
    Site.seen = []
    started = Quiet(("127.0.0.1", 0), Site)
    threading.Thread(target=started.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{started.server_port}"
    started.shutdown()
    started.server_close()


@pytest.fixture
def visits() -> list[tuple[str, str, dict[str, str], bytes]]:
    """What the site was asked: method, path, headers, body."""
    return Site.seen


Talk = Callable[[socket.socket], None]


@pytest.fixture
def listen() -> Iterator[Callable[[Talk], int]]:
    """Start a server that talks to each connection; return its port."""
    servers = []

    def start(talk: Talk) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        servers.append(listener)
        threading.Thread(target=_serve, args=(listener, talk), daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    for one in servers:
        one.close()


def _serve(server: socket.socket, talk: Talk) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            talk(connection)


@pytest.fixture
def closed_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
