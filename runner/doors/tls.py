"""TLS: what a server shows of itself in a handshake, and what libcurl makes of it, also where it refuses.

libcurl because the runner has it: it lists the chain as it was sent (the `ssl` module parses no certificate that it
does not verify, which would take the `cryptography` package), says apart whether chain and host name are fine, and
verifies as the `http` check does. One handshake is enough where all is well; else chain and name are asked for apart.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from runner.doors.certificate import Certificate, read_certificate
from runner.doors.curl import Call, trust, way
from runner.doors.distrust import Distrust, complaint, distrust_of
from runner.doors.faults import Fault, failure, fault_of
from runner.doors.net import Net, admitted, place
from runner.doors.proxies import Proxies
from runner.doors.request import Target, target_of
from runner.errors import NodeError
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pycurl

    from runner.deadline import Deadline

_TEXT: Final = 0
"""libcurl's kind of a line that is meant for people."""
_PLAIN: Final = "give the port that does from the first byte (STARTTLS is not known here)"
_VERSION: Final = re.compile(r"SSL connection using (TLSv[\d.]+|SSLv\d)")


@record
class Presented:
    """What a server showed of itself."""

    chain: tuple[Certificate, ...]
    """Its own certificate first, then whatever else it sent."""
    distrust: Distrust
    said: str
    """Why the chain does not convince, as what follows “the certificate of shop.example:443 ”."""
    names_host: bool
    """The certificate is for the host that was asked for."""
    version: str
    """`TLSv1.3`; empty where it is not known."""
    connect: float
    """Seconds until the connection stood."""
    handshake: float
    """Seconds of the handshake after that."""


@record
class Tls:
    """Handshakes that end where a conversation would begin."""

    net: Net = field(default_factory=Net)
    proxies: Proxies = field(default_factory=Proxies)
    ca_bundle: str = ""
    """A file or a folder; the system's where empty."""

    def look(self, host: str, port: int, server_name: str, deadline: Deadline, *, trusted: bool) -> Presented:
        """Return what is shown to a client that asks a host for a name.

        Raises `TimedOut`, `Cancelled`, `Unreachable` (`not_resolved`, `connection_refused`, `connection_lost`,
        `unreachable`, `tls`, `client_certificate`, `wrong_name`), `Refused`, or `NodeError` where there are no
        authorities to verify with (`ca_bundle`), or where what came cannot be read.
        """
        shake = partial(self._shake, host, port, server_name, deadline, trusted=trusted)
        both = shake()
        if both.convinced:
            return both.presented(Distrust.NONE, names_host=True)
        chain = shake(name=False)
        if chain.convinced:
            return chain.presented(Distrust.NONE, names_host=False)
        name = shake(chain=False)
        return name.presented(chain.distrust, names_host=name.convinced, said=chain.said)

    def _shake(
        self, host: str, port: int, server_name: str, deadline: Deadline, *, trusted: bool, **judged: bool
    ) -> _Handshake:
        asked = _target(server_name, port)
        called = replace(asked, host=_target(host, port).host)
        proxy = self._proxy(called, trusted=trusted)
        nearest = proxy or called
        found = self.net.resolve(nearest.host, nearest.port, deadline)
        addresses = admitted(found, nearest.called, trusted=trusted or proxy is not None)
        handshake = _Handshake(frozenset(address.ip for address in addresses), deadline, proxied=proxy is not None)
        settings = _options(asked, called, **judged) | way(addresses, proxy) | trust(self.ca_bundle, asked)
        handshake.perform(settings, partial(failure, called, proxy, plain=_PLAIN))
        return handshake

    def _proxy(self, called: Target, *, trusted: bool) -> Target | None:
        chosen = self.proxies.choose("https", called.host, called.port)
        if not chosen:
            return None
        admitted(self.net.numeric(called.host, called.port), called.called, trusted=trusted)
        return target_of(chosen, "the proxy that the environment names")


def _target(host: str, port: int) -> Target:
    return target_of(f"https://{place(host, port)}/")


def _options(asked: Target, called: Target, *, chain: bool = True, name: bool = True) -> dict[str, object]:
    """Return what libcurl is told of a handshake, and which of chain and name it judges."""
    elsewhere = [f"::{place(called.host, called.port)}"] if asked.host != called.host else None
    return {
        "URL": asked.url,
        "CONNECT_ONLY": 1,
        "CONNECT_TO": elsewhere,
        "OPT_CERTINFO": 1,
        "SSL_ENABLE_ALPN": 0,  # whoever speaks no HTTP may refuse those who offer it
        "SSL_VERIFYPEER": int(chain),
        "SSL_VERIFYHOST": 2 * int(name),
        "NOSIGNAL": 1,
        "VERBOSE": 1,  # the version stands nowhere else
    }


class _Handshake(Call):
    """One handshake, and what it has shown."""

    def __init__(self, ips: frozenset[str], deadline: Deadline, *, proxied: bool) -> None:
        super().__init__(ips, deadline)
        self._proxied = proxied
        self.convinced = False
        self.distrust = Distrust.NONE
        self.said = ""
        self._version = ""
        self._sent: Sequence[Sequence[tuple[str, ...]]] = ()
        self._times = (0.0, 0.0)

    def perform(self, options: Mapping[str, object], failure: Callable[[Fault], NodeError]) -> None:
        """Do it; raise `TimedOut`, `Cancelled`, or what `failure` makes of an error before there is a certificate."""
        import pycurl  # noqa: PLC0415 - 20 ms that only a run with HTTP pays

        with self.performed({**options, "DEBUGFUNCTION": self._listen}) as (handle, failed):
            fault = None if failed is None else fault_of(handle, failed)
            if fault is not None and (not fault.distrusts or (self._proxied and not fault.tunnel)):
                raise failure(fault) from failed
            self.convinced = fault is None
            if fault is not None:
                self.distrust, self.said = distrust_of(fault.result), complaint(fault.result, fault.said)
            self._remember(handle, pycurl.CONNECT_TIME, pycurl.APPCONNECT_TIME, pycurl.INFO_CERTINFO)

    def presented(self, distrust: Distrust, *, names_host: bool, said: str = "") -> Presented:
        """Return what was shown; raise `NodeError` where it cannot be read."""
        if not self._sent:
            raise NodeError("the server showed no certificate", code="unreadable")
        connect, done = self._times
        return Presented(
            chain=tuple(map(read_certificate, self._sent)),
            distrust=distrust,
            said=said,
            names_host=names_host,
            version=self._version,
            connect=connect,
            handshake=max(0.0, done - connect),
        )

    def _remember(self, handle: pycurl.Curl, connect: int, done: int, chain: int) -> None:
        self._times = (handle.getinfo(connect), handle.getinfo(done))
        self._sent = handle.getinfo(chain)

    def _listen(self, kind: int, line: bytes) -> None:
        if kind == _TEXT and (told := _VERSION.search(line.decode("ascii", "replace"))):
            self._version = told[1]
