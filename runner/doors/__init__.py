"""The only ways out: network, HTTP, processes and files. Every call takes a deadline; a dry run gets shut doors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from runner.doors.files import Files, Journal
from runner.doors.http import Effect, Http, Request
from runner.doors.net import Net, Proxies, place
from runner.doors.process import MAX_KEPT, Processes
from runner.errors import ForbiddenEffect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from runner.deadline import Deadline

__all__ = ["Doors", "Effect", "Files", "Http", "Net", "Processes", "open_doors", "shut_doors"]

_CA_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What nodes reach the world through."""

    net: Net
    http: Http
    processes: Processes
    files: Files


def open_doors(environ: Mapping[str, str]) -> Doors:
    """Return doors that lead out; proxies and CA bundle are read from the environment once, here."""
    net = Net()
    ca_bundle = next((environ[name] for name in _CA_BUNDLES if environ.get(name)), "")
    return Doors(
        net=net,
        http=Http(net=net, proxies=Proxies.read(environ), ca_bundle=ca_bundle),
        processes=Processes(),
        files=Files(),
    )


def shut_doors() -> Doors:
    """Return doors for a dry run: whatever would reach the world raises `ForbiddenEffect`; files may be read."""
    return Doors(net=_ShutNet(), http=_ShutHttp(), processes=_ShutProcesses(), files=_ShutFiles())


def _forbid(what: str) -> NoReturn:
    msg = f"a dry run must not {what}"
    raise ForbiddenEffect(msg)


class _ShutNet(Net):
    __slots__ = ()

    def resolve(self, host: str, port: int, deadline: Deadline, *, called: str = "") -> NoReturn:  # noqa: ARG002 - the interface
        _forbid(f"resolve {called or host}")

    def connect(self, host: str, port: int, deadline: Deadline, *, trusted: bool = True) -> NoReturn:  # noqa: ARG002 - the interface
        _forbid(f"connect to {place(host, port)}")


class _ShutHttp(Http):
    __slots__ = ()

    def send(self, request: Request, deadline: Deadline, *, effect: Effect) -> NoReturn:  # noqa: ARG002 - the interface
        _forbid(f"{effect} with {request.method} {request.shown}")


class _ShutProcesses(Processes):
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
        _forbid(f"start {' '.join(argv[:1])}")


class _ShutFiles(Files):
    __slots__ = ()

    def write(self, path: str | Path, data: bytes) -> NoReturn:  # noqa: ARG002 - the interface
        _forbid(f"write {path}")

    def append(self, path: str | Path, data: bytes) -> NoReturn:  # noqa: ARG002 - the interface
        _forbid(f"append to {path}")

    def journal(self, path: str | Path) -> Journal:
        _forbid(f"write {path}")
