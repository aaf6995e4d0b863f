"""The one HTTP engine: libcurl, with addresses, proxy and CA bundle handed to it."""

from __future__ import annotations

import base64
import math
import re
import socket
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from runner import __version__
from runner.doors.net import Net, Proxies, admitted, broken, place, shut
from runner.errors import NodeError, Refused, TimedOut, Unreachable
from runner.results import NOTHING
from runner.secrets import Sealed, Secret, reveal, secrets_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.deadline import Deadline
    from runner.doors import Effect
    from runner.doors.net import Address

Sealable: TypeAlias = str | Secret | Sealed

MAX_BODY: Final = 1 << 20
"""Bytes of a body that are kept, after decompression."""
MAX_HEADERS: Final = 1 << 16
"""Bytes of an answer's headers."""
MAX_REDIRECTS: Final = 10
USER_AGENT: Final = f"pipeline-runner/{__version__}"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_SEE_OTHER: Final = 303
_MULTIPLE_CHOICES: Final = 300
_SERVER_ERROR: Final = 500
_FOUND: Final = frozenset({301, 302})
_PORTS: Final = {"http": 80, "https": 443}
_URL_SAFE: Final = "%/:?#[]@!$&'()*+,;=~|"
_USERINFO: Final = re.compile(r"//[^/?#]*@")
_TLS_BEFORE: Final = re.compile(
    r"^SSL certificate (?:OpenSSL verify result|problem): |^.*error:\w+:[^:]*:[^:]*:|^SSL: "
)
_TLS_AFTER: Final = re.compile(r" \(\d+\)$")
_BROKEN_OFF: Final = re.compile(r"failure: |unexpected eof")
"""A connection that broke in the middle of a TLS handshake."""
_METHOD: Final = re.compile(r"[A-Za-z][A-Za-z-]*")
_BREAKS: Final = frozenset("\r\n\0")
_SOCKET_BAD: Final = -1

# Numbers of libcurl, as curl/curl.h has them; they never change.
_HTTP_AND_HTTPS: Final = 3
_COULDNT_CONNECT: Final = 7
_TIMED_OUT: Final = 28
_URL_MALFORMED: Final = 3
_TOO_LARGE: Final = frozenset({23, 100})
"""The header callback took no more, or libcurl itself did not."""
_TLS: Final = frozenset({35, 53, 54, 58, 59, 60, 64, 66, 77, 80, 82, 83, 90, 91, 98})
_REASONS: Final = {
    1: "the answer is not HTTP",
    8: "the answer is not HTTP",
    18: "the answer ended too early",
    52: "closed without an answer",
    61: "the answer cannot be decompressed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request; secrets in it are opened on the way out only."""

    url: Sealable
    method: str = "GET"
    headers: Mapping[str, Sealable] = NOTHING
    body: bytes | None = None
    follow_redirects: bool = False
    """At most 10; credentials stay with the scheme, host and port they were meant for."""
    verify_tls: bool = True
    max_body: int = MAX_BODY
    """Bytes; what is beyond is not read."""
    trusted: bool = True
    """People named the URL; one that came out of a payload leads to no private address."""

    @property
    def shown(self) -> str:
        """The URL for people: without credentials, and `«NAME»` for what is secret."""
        return _USERINFO.sub("//", str(self.url))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Where the seconds went, redirects included; 0.0 where a phase did not happen."""

    dns: float = 0.0
    connect: float = 0.0
    tls: float = 0.0
    first_byte: float = 0.0
    """From the start to the first byte of the final answer."""
    total: float = 0.0

    def after(self, earlier: Timings) -> Timings:
        """Return the timings of both, one after the other."""
        return Timings(
            dns=earlier.dns + self.dns,
            connect=earlier.connect + self.connect,
            tls=earlier.tls + self.tls,
            first_byte=earlier.total + self.first_byte,
            total=earlier.total + self.total,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names; values of a repeated one are joined with `, `."""
    body: bytes
    """Decompressed."""
    truncated: bool
    """There was more than `max_body`."""
    url: str
    """Where the answer came from, as `Request.shown` has it."""
    timings: Timings


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """Requests out, answers in."""

    net: Net = field(default_factory=Net)
    proxies: Proxies = field(default_factory=Proxies)
    ca_bundle: str = ""
    """A file or a folder; the system's where empty."""

    def send(self, request: Request, deadline: Deadline, *, effect: Effect) -> Response:  # noqa: ARG002 - a shut door tells what it would have done
        """Send a request and read the answer, on connections of its own.

        Raises `TimedOut`, `Cancelled`, `Unreachable` (`not_resolved`, `connection_refused`, `connection_lost`,
        `unreachable`, `tls`) or `Refused` (`refused_address`, `redirect`, `too_large`; `refused`: this is no request).
        """
        request = _with_credentials(request)
        spent = Timings()
        for _ in range(MAX_REDIRECTS + 1):
            response = self._exchange(request, deadline)
            spent = response.timings.after(spent)
            if not (request.follow_redirects and response.status in _REDIRECTS and "location" in response.headers):
                return replace(response, timings=spent)
            request = _redirected(request, response)
        msg = f"{_target(request.url).called} redirects more than {MAX_REDIRECTS} times"
        raise Refused(msg, code="redirect")

    def _exchange(self, request: Request, deadline: Deadline) -> Response:
        target = _target(request.url)
        proxy = self._proxy(target, trusted=request.trusted)
        nearest = proxy or target
        started = time.monotonic()
        found = self.net.resolve(nearest.host, nearest.port, deadline, called=nearest.hidden)
        dns = time.monotonic() - started
        addresses = admitted(found, nearest.called, trusted=request.trusted or proxy is not None)
        transfer = _Transfer(request, frozenset(address.ip for address in addresses), deadline)
        options = _options(request, target) | _way(addresses, proxy) | _trust(self.ca_bundle, target, nearest)
        spent = transfer.perform(options, partial(_failure, target, proxy))
        return Response(
            status=transfer.status,
            headers=transfer.headers,
            body=bytes(transfer.body),
            truncated=transfer.truncated,
            url=request.shown,
            timings=spent.after(Timings(dns=dns, total=dns)),
        )

    def _proxy(self, target: _Target, *, trusted: bool) -> _Target | None:
        chosen = self.proxies.choose(target.scheme, target.host, target.port)
        if not chosen:
            return None
        admitted(self.net.numeric(target.host, target.port), target.called, trusted=trusted)
        return _target(chosen, "the proxy that the environment names")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A URL taken apart."""

    scheme: str
    host: str
    """In ASCII, an IPv6 address without brackets."""
    port: int
    url: str
    """In ASCII, without credentials and fragment."""
    credentials: str
    """`user:password`, empty where the URL has none."""
    hidden: str
    """What messages call the host where its name is a secret; empty where it is none."""

    @property
    def called(self) -> str:
        return self.hidden or place(self.host, self.port)

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def _target(url: Sealable, name: str = "") -> _Target:
    """Take a URL apart; raise `Refused` where it is none, calling it by `name` instead of showing it."""
    try:
        parts = urlsplit(reveal(url).strip())
        host = (parts.hostname or "").encode("ascii" if parts.netloc.isascii() else "idna").decode()
        usual = _PORTS[parts.scheme]
        port = parts.port or usual
        address = place(host, port) if parts.port else place(host, port).rpartition(":")[0]
        secret = ", ".join(map(str, secrets_in(url)))
        visible = not secret or urlsplit(str(url)).netloc.rpartition("@")[2] == parts.netloc.rpartition("@")[2]
    except (ValueError, KeyError):
        raise _no_url(name or str(url)) from None  # the cause would show what may be secret
    if not host:
        raise _no_url(name or str(url))
    return _Target(
        scheme=parts.scheme,
        host=host,
        port=port,
        url=quote(urlunsplit((parts.scheme, address, parts.path or "/", parts.query, "")), safe=_URL_SAFE),
        credentials=f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else "",
        hidden="" if visible else f"the host of {secret}",
    )


def _no_url(shown: str) -> Refused:
    return Refused(f"{'the URL' if '@' in shown else shown} is no http or https URL")


def _with_credentials(request: Request) -> Request:
    """Turn credentials in the URL into the header that they mean."""
    credentials = _target(request.url).credentials
    if not credentials or "authorization" in map(str.lower, request.headers):
        return request
    token = base64.b64encode(credentials.encode()).decode()
    return replace(request, headers={**request.headers, "Authorization": Secret("Authorization", f"Basic {token}")})


def _redirected(request: Request, response: Response) -> Request:
    """Return the request that a redirect asks for; raise `Refused` for what must not be sent there."""
    here = _target(request.url)
    secret = next(secrets_in(request.url), None)
    try:
        location = urljoin(here.url, response.headers["location"])
        url = Secret(secret.name, location) if secret else location
        moved = _target(url).origin != here.origin
    except (ValueError, Refused):
        msg = f"{here.called} redirects to what is no http or https URL"
        raise Refused(msg, code="redirect") from None  # the cause would show what may be secret
    if response.status == _SEE_OTHER or (response.status in _FOUND and request.method == "POST"):
        method = "HEAD" if request.method == "HEAD" else "GET"
        request = replace(request, method=method, body=None)
    if moved and request.body is not None:
        msg = f"{here.called} redirects a {request.method} elsewhere; what it carries is not sent there"
        raise Refused(msg, code="redirect")
    kept = {name: value for name, value in request.headers.items() if not (moved and _confidential(name, value))}
    return replace(request, url=url, headers=kept)


def _confidential(name: str, value: Sealable) -> bool:
    return name.lower() in _CREDENTIALS or not isinstance(value, str)


def _options(request: Request, target: _Target) -> dict[str, object]:
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


def _way(addresses: tuple[Address, ...], proxy: _Target | None) -> dict[str, object]:
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


def _trust(ca_bundle: str, *ends: _Target) -> dict[str, object]:
    """Return where libcurl finds the certificates of the authorities."""
    if all(end.scheme == "http" for end in ends):
        return {}
    file, folder = (ca_bundle, "") if ca_bundle else _system_trust()
    if ca_bundle and Path(ca_bundle).is_dir():
        file, folder = "", ca_bundle
    return {
        f"{whose}{what}": value or None
        for whose in ("", "PROXY_")
        for what, value in (("CAINFO", file), ("CAPATH", folder))
    }


@cache
def _system_trust() -> tuple[str, str]:
    """Return file and folder of the system's certificates, else certifi's file."""
    import ssl  # noqa: PLC0415 - 15 ms that only a run with TLS pays

    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return paths.cafile, ""
    if paths.capath and any(Path(paths.capath).iterdir()):
        return "", paths.capath
    import certifi  # noqa: PLC0415 - only where the system has no certificates

    return certifi.where(), ""


def _failure(target: _Target, proxy: _Target | None, number: int, text: str, cause: int, tunnel: int) -> NodeError:
    """Translate an error of libcurl: its number and text, the system's error number, the proxy's status."""
    where = target.called
    said = text.replace(target.host, target.called) if target.hidden else text
    if number == _URL_MALFORMED:
        return _no_url(where)
    if number in _TOO_LARGE:
        return Refused(f"{where} sent more than {MAX_HEADERS} bytes of headers", code="too_large")
    if proxy and tunnel >= _MULTIPLE_CHOICES:
        denied = f"the proxy {proxy.called} answered {tunnel} to the request for {where}"
        return Unreachable(denied, retryable=tunnel >= _SERVER_ERROR)
    if number == _COULDNT_CONNECT:
        return broken(cause, f"the proxy {proxy.called}" if proxy else where)
    if number in _TLS and not _BROKEN_OFF.search(said):
        reason = _TLS_AFTER.sub("", _TLS_BEFORE.sub("", said))
        return Unreachable(f"TLS: {reason} ({where})", code="tls", retryable=False)
    reason = _REASONS.get(number) or said.rpartition("failure: ")[2].lower()
    return Unreachable(f"connection to {where} lost: {reason}", code="connection_lost")


class _Transfer:
    """One exchange: what libcurl calls back with, and a way to stop it."""

    def __init__(self, request: Request, ips: frozenset[str], deadline: Deadline) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.truncated = False
        self._header_bytes = 0
        self._max_body = request.max_body
        self._ips = ips
        self._deadline = deadline
        self._sockets: list[socket.socket] = []

    def perform(self, options: Mapping[str, object], failure: Callable[[int, str, int, int], NodeError]) -> Timings:
        """Do it; raise `TimedOut`, `Cancelled`, or what `failure` makes of libcurl's error."""
        import pycurl  # noqa: PLC0415 - 20 ms that only a run with HTTP pays

        with closing(pycurl.Curl()) as handle:
            for name, value in {**options, **self._callbacks()}.items():
                option = getattr(pycurl, name)
                if value is None:
                    handle.unsetopt(option)
                else:
                    handle.setopt(option, value.encode() if isinstance(value, str) else value)
            try:
                with self._deadline.guard(self._stop):
                    handle.perform()
            except pycurl.error as error:
                self._deadline.check()
                number = int(error.args[0])
                if number == _TIMED_OUT:
                    raise TimedOut(f"timed out after {self._deadline.limit:g}s") from error
                if not self.truncated:
                    cause, tunnel = handle.getinfo(pycurl.OS_ERRNO), handle.getinfo(pycurl.HTTP_CONNECTCODE)
                    raise failure(number, handle.errstr(), cause, tunnel) from error
            finally:
                for sock in self._sockets:
                    sock.close()
            self._deadline.check()
            self.status = handle.getinfo(pycurl.RESPONSE_CODE)
            phases = (pycurl.CONNECT_TIME, pycurl.APPCONNECT_TIME, pycurl.STARTTRANSFER_TIME, pycurl.TOTAL_TIME)
            connect, tls, first_byte, total = map(handle.getinfo, phases)
            return Timings(connect=connect, tls=max(0.0, tls - connect), first_byte=first_byte, total=total)

    def _callbacks(self) -> dict[str, object]:
        milliseconds = math.ceil(self._deadline.left * 1000) or 1
        return {
            "TIMEOUT_MS": milliseconds,
            "CONNECTTIMEOUT_MS": milliseconds,
            "OPENSOCKETFUNCTION": self._open,
            "HEADERFUNCTION": self._take_header,
            "WRITEFUNCTION": self._take_body,
        }

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

    def _take_header(self, line: bytes) -> int:
        self._header_bytes += len(line)
        if self._header_bytes > MAX_HEADERS:
            return 0
        name, colon, value = line.decode("utf-8", "backslashreplace").partition(":")
        if line.startswith(b"HTTP/"):
            self.headers.clear()  # what came before belongs to a 1xx answer
        elif colon:
            key, text = name.strip().lower(), value.strip()
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text
        return len(line)

    def _take_body(self, chunk: bytes) -> int:
        room = self._max_body - len(self.body)
        self.body += chunk[:room]
        self.truncated = len(chunk) > room
        return 0 if self.truncated else len(chunk)
