"""libcurl: every option of a transfer, and the transfer itself."""

from __future__ import annotations

import math
import re
import socket
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner import __version__
from runner.doors.faults import ENDED_EARLY, MAX_HEADERS, TIMED_OUT, Fault, fault_of
from runner.doors.net import place, shut
from runner.doors.request import Request, Target, Timings
from runner.errors import NodeError, Refused, TimedOut
from runner.secrets import reveal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pycurl

    from runner.deadline import Deadline
    from runner.doors.net import Address

USER_AGENT: Final = f"pipeline-runner/{__version__}"
_METHOD: Final = re.compile(r"[A-Za-z][A-Za-z-]*")
_BREAKS: Final = frozenset("\r\n\0")
_SOCKET_BAD: Final = -1

_HTTP_AND_HTTPS: Final = 3


def options(request: Request, target: Target) -> dict[str, object]:
    """Return what libcurl is told of a request; None unsets an option."""
    if not _METHOD.fullmatch(request.method):
        msg = f"{request.method!r} is no method"
        raise Refused(msg)
    options: dict[str, object] = {
        "URL": target.url,
        "PROTOCOLS": _HTTP_AND_HTTPS,
        "NOBODY": int(request.method == "HEAD"),
        "CUSTOMREQUEST": request.method,
        "HTTPHEADER": list(_header_lines(request)),
        "USERAGENT": USER_AGENT,
        "ACCEPT_ENCODING": "",
        "NOSIGNAL": 1,
        "SSL_VERIFYPEER": int(request.verify_tls),
        "SSL_VERIFYHOST": 2 * int(request.verify_tls),
    }
    body = b"" if request.body is None and request.method in {"POST", "PUT", "PATCH"} else request.body
    return options if body is None else options | {"POSTFIELDS": body}


def way(addresses: tuple[Address, ...], proxy: Target | None) -> dict[str, object]:
    """Return how libcurl gets there: it resolves nothing by itself and reads no environment."""
    ips = ",".join(f"[{address.ip}]" if ":" in address.ip else address.ip for address in addresses)
    return {
        "RESOLVE": [f"*:{addresses[0].port}:{ips}"],  # the wildcard leaves no spelling of the host out
        "PROXY": f"{proxy.scheme}://{place(proxy.host, proxy.port)}" if proxy else "",
        "PROXYUSERPWD": (proxy.credentials or None) if proxy else None,
        "NOPROXY": "",
    }


def _header_lines(request: Request) -> Iterator[bytes]:
    given = set(map(str.lower, request.headers))
    yield from (f"{name}:".encode() for name in ("Expect", "Content-Type") if name.lower() not in given)
    for name, value in request.headers.items():
        text = reveal(value).strip()
        if not _BREAKS.isdisjoint(name + text):
            msg = f"the header {name.splitlines()[0]} holds a line break"
            raise Refused(msg)
        yield (f"{name}: {text}" if text else f"{name};").encode()


def trust(ca_bundle: str, *ends: Target) -> dict[str, object]:
    """Return where libcurl finds the certificates of the authorities."""
    if all(end.scheme == "http" for end in ends):
        return {}
    file, folder = (ca_bundle, "") if ca_bundle else system_trust()
    if ca_bundle and Path(ca_bundle).is_dir():
        file, folder = "", ca_bundle
    return {
        f"{whose}{what}": value or None
        for whose in ("", "PROXY_")
        for what, value in (("CAINFO", file), ("CAPATH", folder))
    }


@cache
def system_trust() -> tuple[str, str]:
    """Return file and folder of the system's certificates, else certifi's file."""
    import ssl  # noqa: PLC0415 - 15 ms that only a run with TLS pays

    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return paths.cafile, ""
    if paths.capath and any(Path(paths.capath).iterdir()):
        return "", paths.capath
    import certifi  # noqa: PLC0415 - only where the system has no certificates

    return certifi.where(), ""


class Call:
    """One use of libcurl: to addresses that were judged, until the deadline, with a way to stop it."""

    def __init__(self, ips: frozenset[str], deadline: Deadline) -> None:
        self._ips = ips
        self._deadline = deadline
        self._sockets: list[socket.socket] = []

    @contextmanager
    def performed(self, options: Mapping[str, object]) -> Iterator[tuple[pycurl.Curl, pycurl.error | None]]:
        """Do what the options say, and lend the handle, which knows more, with libcurl's error where there is one.

        Raises `TimedOut` or `Cancelled`.
        """
        import pycurl  # noqa: PLC0415 - 20 ms that only a run with HTTP pays

        with closing(pycurl.Curl()) as handle:
            for name, value in {**options, **self._limits()}.items():
                option = getattr(pycurl, name)
                if value is None:
                    handle.unsetopt(option)
                else:
                    handle.setopt(option, value.encode() if isinstance(value, str) else value)
            failed = None
            try:
                with self._deadline.on_cancel(self._stop):  # libcurl keeps the time itself
                    handle.perform()
            except pycurl.error as error:
                failed = error
            finally:
                for sock in self._sockets:
                    sock.close()
            self._deadline.check()
            if failed is not None and failed.args[0] == TIMED_OUT:
                raise TimedOut(self._deadline.said) from failed
            yield handle, failed

    def _limits(self) -> dict[str, object]:
        milliseconds = math.ceil(self._deadline.left * 1000) or 1
        return {"TIMEOUT_MS": milliseconds, "CONNECTTIMEOUT_MS": milliseconds, "OPENSOCKETFUNCTION": self._open}

    def _open(self, _purpose: int, address: tuple[int, int, int, tuple[str, int]]) -> socket.socket | int:
        """Connect to addresses that were judged, to nothing else, and to nothing once time is up."""
        family, kind, protocol, (ip, *_) = address
        if ip not in self._ips:
            return _SOCKET_BAD
        sock = socket.socket(family, kind, protocol)
        self._sockets.append(sock)  # first, so that a stop from another thread cannot miss it
        return _SOCKET_BAD if self._deadline.over else sock

    def _stop(self) -> None:
        for sock in tuple(self._sockets):
            shut(sock)


class Transfer(Call):
    """One exchange: what libcurl calls back with, and what it has brought."""

    def __init__(self, request: Request, ips: frozenset[str], deadline: Deadline) -> None:
        super().__init__(ips, deadline)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.truncated = False
        self._header_bytes = 0
        self._headed = False
        self._max_body = request.max_body

    def perform(self, options: Mapping[str, object], failure: Callable[[Fault], NodeError]) -> Timings:
        """Do it; raise `TimedOut`, `Cancelled`, or what `failure` makes of libcurl's error."""
        import pycurl  # noqa: PLC0415 - 20 ms that only a run with HTTP pays

        taking = {"HEADERFUNCTION": self._take_header, "WRITEFUNCTION": self._take_body}
        with self.performed({**options, **taking}) as (handle, failed):
            if failed is not None and not self.truncated:
                raise failure(fault_of(handle, failed)) from failed
            if not self._headed:  # libcurl takes headers that break off for all of them
                raise failure(Fault(number=ENDED_EARLY))
            self.status = handle.getinfo(pycurl.RESPONSE_CODE)
            phases = (pycurl.CONNECT_TIME, pycurl.APPCONNECT_TIME, pycurl.STARTTRANSFER_TIME, pycurl.TOTAL_TIME)
            connect, tls, first_byte, total = map(handle.getinfo, phases)
            return Timings(connect=connect, tls=max(0.0, tls - connect), first_byte=first_byte, total=total)

    def _take_header(self, line: bytes) -> int:
        self._header_bytes += len(line)
        if self._header_bytes > MAX_HEADERS:
            return 0
        name, colon, value = line.decode("utf-8", "backslashreplace").partition(":")
        self._headed = self._headed or not line.strip()
        if line.startswith(b"HTTP/"):
            self.headers.clear()  # what came before belongs to a 1xx answer
            self._headed = False
        elif colon:
            key, text = name.strip().lower(), value.strip()
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text
        return len(line)

    def _take_body(self, chunk: bytes) -> int:
        room = self._max_body - len(self.body)
        self.body += chunk[:room]
        self.truncated = len(chunk) > room
        return 0 if self.truncated else len(chunk)
