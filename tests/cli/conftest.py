"""A loopback receiver that remembers what arrived, and answers by the path it was asked for."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from runner.spec.databases import DatabaseUrl
from tests.databases import SERVERS, Store, store_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shelf(tmp_path: Path) -> Store:
    """A SQLite file with the runner's own tables: for what has nothing to do with the kind of database."""
    return store_at(DatabaseUrl(kind="sqlite", database=str(tmp_path / "shelf.sqlite3"))).upgrade()


@pytest.fixture(params=SERVERS)
def bare_server(request: pytest.FixtureRequest) -> Store:
    """An empty database on each kind of server."""
    return store_at(
        request.getfixturevalue({"postgresql": "postgres_database", "mysql": "mysql_database"}[request.param])
    )


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Store:
    """A database with the runner's own tables on each kind of server."""
    found: Store = request.getfixturevalue({"postgresql": "lasting_postgres", "mysql": "lasting_mysql"}[request.param])
    return found.clear()


@dataclass(frozen=True)
class Arrived:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """A server: `…/ok` takes everything, `…/echo` refuses and says everything back, `…/says` answers `says`."""

    url: str
    says: str = ""
    arrived: list[Arrived] = field(default_factory=list)

    def everything(self) -> str:
        return "\n".join(f"{one.path} {one.headers} {one.body}" for one in self.arrived)

    def answer(self, request: Arrived) -> tuple[int, str]:
        if "/echo" in request.path:
            said = f"{request.path} {' '.join(request.headers.values())} {request.body}"
            coded = base64.b64encode(said.encode()).decode()
            return 500, json.dumps({"error": {"message": said}, "raw": said, "coded": coded})
        return (503 if "/down" in request.path else 200), self.says


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Keep quiet: clients that leave early are part of the tests."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Receive on the loopback interface."""

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
            request = Arrived(self.path, dict(self.headers.items()), body)
            here.arrived.append(request)
            status, said = here.answer(request)
            data = said.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST  # noqa: N815 - the interface

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the interface
            """Keep quiet."""

    server = _Quiet(("127.0.0.1", 0), Ear)
    here = Receiver(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield here
    server.shutdown()
    server.server_close()
