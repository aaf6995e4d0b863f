"""What goes out and what comes back over HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from runner.doors.net import place
from runner.errors import Refused
from runner.records import record
from runner.results import NOTHING
from runner.secrets import Sealed, Secret, reveal, secrets_in
from runner.spec.urls import without_values

if TYPE_CHECKING:
    from collections.abc import Mapping

Sealable: TypeAlias = str | Secret | Sealed

MAX_BODY: Final = 1 << 20
"""Bytes of a body that are kept, after decompression."""
_PORTS: Final = {"http": 80, "https": 443}
_URL_SAFE: Final = "%/:?#[]@!$&'()*+,;=~|"
_USERINFO: Final = re.compile(r"//[^/?#]*@")


@record
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
        """The URL for people: without credentials and values of parameters, and `«NAME»` for what is secret."""
        return without_values(_USERINFO.sub("//", str(self.url)))


@record
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


@record
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


@record
class Target:
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
        """What messages call it."""
        return self.hidden or place(self.host, self.port)

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials are meant for."""
        return self.scheme, self.host, self.port


def target_of(url: Sealable, name: str = "") -> Target:
    """Take a URL apart; raise `Refused` where it is none, calling it by `name` instead of showing it."""
    try:
        parts = urlsplit(reveal(url).strip())
        host = (parts.hostname or "").encode("ascii" if parts.netloc.isascii() else "idna").decode()
        usual = _PORTS[parts.scheme]
        port = usual if parts.port is None else parts.port
        address = place(host, port) if parts.port is not None else place(host, port).rpartition(":")[0]
        secret = ", ".join(map(str, secrets_in(url)))
        visible = not secret or urlsplit(str(url)).netloc.rpartition("@")[2] == parts.netloc.rpartition("@")[2]
    except (ValueError, KeyError):
        raise no_url(name or str(url)) from None  # the cause would show what may be secret
    if not host or port == 0:
        raise no_url(name or str(url))
    return Target(
        scheme=parts.scheme,
        host=host,
        port=port,
        url=quote(urlunsplit((parts.scheme, address, parts.path or "/", parts.query, "")), safe=_URL_SAFE),
        credentials=f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else "",
        hidden="" if visible else f"the host of {secret}",
    )


def no_url(shown: str) -> Refused:
    """Make the error for what is no URL, without showing credentials."""
    return Refused(f"{'the URL' if '@' in shown else shown} is no http or https URL")
