"""Doors for a dry run: whatever would reach the world raises."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

from runner.doors.dns import Dns
from runner.doors.files import Files, Journal
from runner.doors.http import Http
from runner.doors.net import Net, place
from runner.doors.opened import Doors
from runner.doors.process import MAX_KEPT, Processes
from runner.doors.tls import Tls
from runner.errors import ForbiddenEffect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.deadline import Deadline
    from runner.doors.effect import Effect
    from runner.doors.files import PathLike
    from runner.doors.mail import Envelope, MailServer
    from runner.doors.request import Request
    from runner.spec.databases import DatabaseUrl


def _forbid(what: str) -> NoReturn:
    msg = f"a dry run must not {what}"
    raise ForbiddenEffect(msg)


class ShutNet(Net):
    """Resolves and connects nothing."""

    __slots__ = ()

    def resolve(self, host: str, port: int, deadline: Deadline, *, called: str = "") -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"resolve {called or host}")

    def connect(self, host: str, port: int, deadline: Deadline, *, trusted: bool = True) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"connect to {place(host, port)}")


class ShutHttp(Http):
    """Sends nothing."""

    __slots__ = ()

    def send(self, request: Request, deadline: Deadline, *, effect: Effect) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"{effect} with {request.method} {request.shown}")


class ShutTls(Tls):
    """Shakes no hands."""

    __slots__ = ()

    def look(self, host: str, port: int, server_name: str, deadline: Deadline, *, trusted: bool) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"connect to {place(host, port)}")


class ShutDns(Dns):
    """Asks nobody."""

    __slots__ = ()

    def ask(
        self,
        query: bytes,  # noqa: ARG002 - the interface
        deadline: Deadline,  # noqa: ARG002 - the interface
        *,
        server: tuple[str, int] | None = None,
        trusted: bool = True,  # noqa: ARG002 - the interface
    ) -> NoReturn:
        """Refuse."""
        _forbid(f"ask {place(*server) if server else 'the name servers'}")

    def finds(self, deadline: Deadline) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid("ask whether a name server finds anything")


class ShutSmtp:
    """Hands nothing in."""

    __slots__ = ()

    def send(self, server: MailServer, envelope: Envelope, deadline: Deadline) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"hand mail to {server.called}")


class ShutSql:
    """Connects to no server."""

    __slots__ = ()

    def connect(self, url: DatabaseUrl, deadline: Deadline, *, trusted: bool = True) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"connect to {url}")

    def ask(self, url: DatabaseUrl, query: str, deadline: Deadline, *, trusted: bool = True) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"ask {url}")


class ShutProcesses(Processes):
    """Starts nothing."""

    __slots__ = ()

    def run(
        self,
        argv: Sequence[str],
        deadline: Deadline,  # noqa: ARG002 - the interface
        *,
        env: Mapping[str, str],  # noqa: ARG002 - the interface
        cwd: str | None = None,  # noqa: ARG002 - the interface
        stdin: bytes | None = None,  # noqa: ARG002 - the interface
        keep: int = MAX_KEPT,  # noqa: ARG002 - the interface
    ) -> NoReturn:
        """Refuse."""
        _forbid(f"start {' '.join(argv[:1])}")


class ShutFiles(Files):
    """Writes nothing; files may be read."""

    __slots__ = ()

    def write(self, path: PathLike, data: bytes) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"write {path}")

    def create(self, path: PathLike, data: bytes) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"write {path}")

    def append(self, path: PathLike, data: bytes) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"append to {path}")

    def make_folder(self, path: PathLike, *, own: bool = True) -> NoReturn:  # noqa: ARG002 - the interface
        """Refuse."""
        _forbid(f"make {path}")

    def journal(self, *paths: PathLike) -> Journal:
        """Refuse."""
        _forbid(f"write {paths[0]}")


class ShutDoors(Doors):
    """Doors that lead nowhere."""

    @cached_property
    def net(self) -> Net:
        """Resolve and connect nothing."""
        return ShutNet()

    @cached_property
    def http(self) -> Http:
        """Send nothing."""
        return ShutHttp()

    @cached_property
    def tls(self) -> Tls:
        """Shake no hands."""
        return ShutTls()

    @cached_property
    def dns(self) -> Dns:
        """Ask nobody."""
        return ShutDns()

    @cached_property
    def smtp(self) -> ShutSmtp:  # type: ignore[override]  # the real one costs 30 ms to import
        """Hand nothing in."""
        return ShutSmtp()

    @cached_property
    def sql(self) -> ShutSql:  # type: ignore[override]  # the real one brings ssl
        """Connect to no server."""
        return ShutSql()

    @cached_property
    def processes(self) -> Processes:
        """Start nothing."""
        return ShutProcesses()

    @cached_property
    def files(self) -> Files:
        """Write nothing."""
        return ShutFiles()
