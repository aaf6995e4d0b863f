"""Name servers: a question goes out over UDP, again where it got lost, and over TCP where the answer is too long."""

from __future__ import annotations

import socket
import struct
import threading
import time
from dataclasses import field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from runner.doors.doubt import NOTHING_FOUND, Doubt
from runner.doors.net import Address, Net, admitted, bounded, broken, place, receive, shut
from runner.errors import NodeError, TimedOut, Unreachable
from runner.records import record

if TYPE_CHECKING:
    from runner.deadline import Deadline

PORT: Final = 53
_MOST_RESOLVERS: Final = 3
"""How many lines of /etc/resolv.conf count, for everybody."""
_FAIR_SHARE: Final = 2.0
"""Seconds that one of several servers gets at least before the next is asked."""
_FIRST_PAUSE: Final = 1.0
"""Seconds until a question is sent again; twice as many each time."""
_GLANCE: Final = 1.0
"""Seconds in which a resolver that works answers what it knows by heart."""
_ROOTS: Final = b"rt\x01\x00" + struct.pack("!4H", 1, 0, 0, 0) + b"\0" + struct.pack("!2H", 2, 1)
"""The question for the name servers of the root, which every resolver knows."""
_LARGEST: Final = 65535
_TRUNCATED: Final = 0x02
"""A bit of the third byte of an answer."""
_SERVFAIL: Final = 2
_WEAK: Final = frozenset({_SERVFAIL, 5})
"""With REFUSED: another server may know."""


@record(kw_only=False)
class Reply:
    """What a name server said."""

    data: bytes
    """The whole message, with the id of the question."""
    server: Address
    over_tcp: bool = False
    seconds: float = 0.0
    """From the first question to this answer, servers that were asked in vain included."""

    @property
    def weak(self) -> bool:
        """Another server may know better."""
        return self._code in _WEAK

    @property
    def failed(self) -> bool:
        """The server could not find out."""
        return self._code == _SERVFAIL

    @property
    def _code(self) -> int:
        return self.data[3] & 0x0F if len(self.data) > 3 else 0  # noqa: PLR2004 - the fourth byte


@record
class Dns:
    """Questions to name servers."""

    net: Net = field(default_factory=Net)
    configuration: str = "/etc/resolv.conf"
    """Where the machine's own resolvers are listed."""
    port: int = PORT
    """Theirs."""

    def ask(
        self, query: bytes, deadline: Deadline, *, server: tuple[str, int] | None = None, trusted: bool = True
    ) -> Reply:
        """Put a question to a server, or to the machine's resolvers, one after the other until one knows.

        The machine's own resolvers are asked wherever they are, as the system does for every name: in clouds they
        have link-local addresses. What comes with another id or from elsewhere is no answer. Raises `TimedOut`,
        `Cancelled`, `Unreachable` (`not_resolved`, `connection_refused`, `connection_lost`, `unreachable`, `no_tcp`,
        and `no_network` or `no_resolver` where the machine itself is why) or `Refused` (`refused_address`).
        """
        if server is None:
            return self._ask_own(query, deadline)
        return _put(query, self._found(server, deadline, trusted=trusted), deadline)

    def finds(self, deadline: Deadline) -> bool:
        """Say whether any of the machine's resolvers finds anything within a second; all are asked at once."""
        addresses = self._resolvers()
        glance = deadline.within(min(_GLANCE, deadline.left))
        answers: SimpleQueue[bool] = SimpleQueue()
        for address in addresses:
            threading.Thread(target=lambda one: answers.put(_finds(one, glance)), args=(address,), daemon=True).start()
        return any(answers.get() for _ in addresses)

    def _ask_own(self, query: bytes, deadline: Deadline) -> Reply:
        """Ask the machine's resolvers, and in doubt whether they find anything else."""
        addresses = self._resolvers()
        doubt = Doubt(self.finds, deadline)
        ill = Unreachable(f"{NOTHING_FOUND}: {', '.join(map(str, addresses))}", code="no_resolver")
        with doubt.later():
            try:
                reply = _put(query, addresses, deadline)
            except (TimedOut, Unreachable) as error:
                if error.code != "no_network" and doubt.justified:
                    raise ill from error
                raise
        if reply.failed and doubt.justified:
            raise ill
        return reply

    def _found(self, server: tuple[str, int], deadline: Deadline, *, trusted: bool) -> tuple[Address, ...]:
        host, port = server
        return admitted(self.net.resolve(host, port, deadline), place(host, port), trusted=trusted)

    def _resolvers(self) -> tuple[Address, ...]:
        """Return the machine's resolvers; without a list of them, the one that this machine is expected to be."""
        try:
            text = Path(self.configuration).read_text("utf-8", "replace")
        except OSError:
            text = ""
        return tuple(Address(ip, self.port) for ip in _listed(text) or ["127.0.0.1"])


def _put(query: bytes, addresses: tuple[Address, ...], deadline: Deadline) -> Reply:
    """Put a question to one server after the other; return the first answer of one that knows, else the last."""
    started = time.perf_counter()
    weak: Reply | None = None
    failure: TimedOut | Unreachable | None = None
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        share = max(deadline.left / left, min(_FAIR_SHARE, deadline.left))
        try:
            data, over_tcp = _asked(query, address, deadline.within(share))
        except (TimedOut, Unreachable) as error:
            failure = error
            continue
        reply = Reply(data, address, over_tcp, time.perf_counter() - started)
        if not reply.weak:
            return reply
        weak = reply
    if weak is not None:
        return weak
    raise failure or Unreachable("there is no name server to ask")


def _finds(address: Address, deadline: Deadline) -> bool:
    """Say whether one server finds what every one does."""
    try:
        return not _put(_ROOTS, (address,), deadline).failed
    except NodeError:
        return False


def _listed(text: str) -> list[str]:
    """Return the addresses of the resolvers that count."""
    lines = (line.split() for line in text.splitlines())
    return [words[1] for words in lines if words[:1] == ["nameserver"] and len(words) > 1][:_MOST_RESOLVERS]


def _asked(query: bytes, address: Address, deadline: Deadline) -> tuple[bytes, bool]:
    """Return the answer of one server, and whether it came over TCP."""
    data = _over_udp(query, address, deadline)
    if len(data) <= 2 or not data[2] & _TRUNCATED:  # noqa: PLR2004 - the third byte
        return data, False
    try:
        return _over_tcp(query, address, deadline), True
    except (TimedOut, Unreachable) as error:
        msg = f"{address} answered over UDP, cut off, and cannot be asked for all of it over TCP: {error.message}"
        raise Unreachable(msg, code="no_tcp") from error


def _over_udp(query: bytes, address: Address, deadline: Deadline) -> bytes:
    pause = _FIRST_PAUSE
    with _connected(address, socket.SOCK_DGRAM, deadline) as sock, deadline.on_cancel(partial(shut, sock)):
        try:
            while True:
                deadline.check()
                sock.send(query)
                if answer := _heard(sock, query[:2], min(pause, deadline.left), deadline):
                    return answer
                pause *= 2
        except OSError as error:
            deadline.check()
            raise broken(error.errno, str(address)) from error


def _heard(sock: socket.socket, number: bytes, seconds: float, deadline: Deadline) -> bytes:
    """Return the first datagram with the number of the question; nothing where none comes in time."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not deadline.over:
        sock.settimeout(left)
        try:
            data = sock.recv(_LARGEST)
        except TimeoutError:
            break
        if data.startswith(number):
            return data
    return b""


def _over_tcp(query: bytes, address: Address, deadline: Deadline) -> bytes:
    """Return the answer to the question put over TCP, where each message has its length before it."""
    with _connected(address, socket.SOCK_STREAM, deadline) as sock:
        with bounded(sock, deadline):
            sock.sendall(len(query).to_bytes(2) + query)
        data = receive(sock, deadline, 2 + _LARGEST, _is_whole)
    if not _is_whole(data):
        raise broken(None, str(address))
    return data[2 : 2 + int.from_bytes(data[:2])]


def _is_whole(data: bytes) -> bool:
    return len(data) >= 2 and len(data) >= 2 + int.from_bytes(data[:2])  # noqa: PLR2004 - the length itself


def _connected(address: Address, kind: socket.SocketKind, deadline: Deadline) -> socket.socket:
    """Return a socket that takes what comes from an address, and nothing else."""
    deadline.check()
    try:
        found = socket.getaddrinfo(address.ip, address.port, type=kind, flags=socket.AI_NUMERICHOST)
        family, _, _, _, there = found[0]
        sock = socket.socket(family, kind)
    except OSError as error:
        raise Unreachable(f"{address} cannot be reached: {error.strerror}") from error
    try:
        sock.settimeout(max(deadline.left, 0.001))
        with deadline.on_cancel(partial(shut, sock)):
            sock.connect(there)
        deadline.check()
        sock.settimeout(None)
    except TimeoutError as error:
        sock.close()
        raise TimedOut(deadline.said) from error
    except OSError as error:
        sock.close()
        deadline.check()
        raise broken(error.errno, str(address)) from error
    except BaseException:
        sock.close()
        raise
    return sock
