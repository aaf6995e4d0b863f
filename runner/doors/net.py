"""The network: names are resolved, addresses judged and connections made under a deadline."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import threading
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from runner.doors.doubt import NOTHING_FOUND, PATIENCE, Doubt
from runner.errors import Refused, TimedOut, Unreachable
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runner.deadline import Deadline

    IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

T = TypeVar("T")
Lookup: TypeAlias = "Callable[..., list[tuple[Any, Any, Any, str, Any]]]"
"""`socket.getaddrinfo`, or what stands in for it."""

_METADATA: Final = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200")))
"""Where clouds hand out credentials, beside 169.254.169.254."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.ip_network("::/96")
_FAIR_SHARE: Final = 2.0
"""Seconds that one of several addresses gets at least before the next is tried."""
_CHUNK: Final = 65536
_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.ENETDOWN})
"""No way leads there from here: where none leads anywhere, that says nothing about the host."""
_ANYWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses that are nobody's, for asking the system whether a way leads out; nothing is sent to them."""
_LOST: Final = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN})


@record(kw_only=False)
class Address:
    """A numeric address and a port."""

    ip: str
    port: int

    def __str__(self) -> str:
        return place(self.ip, self.port)


@record(kw_only=False)
class Net:
    """Names to addresses, addresses to connections."""

    lookup: Lookup = socket.getaddrinfo
    """Blocks as long as it likes: it runs in a thread that nobody waits for longer than the deadline."""
    finds: Callable[[Deadline], bool] | None = None
    """Says whether the machine's resolvers find anything at all; None where nobody can say."""

    def resolve(self, host: str, port: int, deadline: Deadline, *, called: str = "") -> tuple[Address, ...]:
        """Return the addresses of a host, in the order they should be tried.

        `called` is what messages call the host where its name is a secret. Raises `TimedOut` where the deadline is over
        already, `Cancelled`, or `Unreachable` with code `not_resolved`: retryable where no name server answers, or not
        in time, and not where there is no such name; or with `no_network` or `no_resolver`, where the machine itself
        is why.
        """
        deadline.check()
        called = called or f"the name {host}"
        name = _ascii(host, called)
        if addresses := self._numeric(name, port):
            return addresses
        doubt = Doubt(self.finds, deadline)
        found = self._ask_in_thread(name, port, deadline, doubt)
        if isinstance(found, tuple):
            if not found:
                raise Unreachable(f"{called} has no address", code="not_resolved", retryable=False)
            return found
        raise _unresolved(found, called, doubt, deadline) from found

    def numeric(self, host: str, port: int) -> tuple[Address, ...]:
        """Return the address that a numeric host stands for, however it is written; nothing for a name."""
        return self._numeric(_ascii(host, f"the name {host}"), port)

    def connect(self, host: str, port: int, deadline: Deadline, *, trusted: bool = True) -> socket.socket:
        """Return a blocking socket that is connected to the first address that answers; `bounded` limits its use.

        Raises `TimedOut`, `Cancelled`, `Unreachable` (`not_resolved`, `connection_refused`, `connection_lost`,
        `no_network`, `no_resolver`, `unreachable`), or `Refused` (`refused_address`) for addresses that `admitted` does
        not let through.
        """
        where = place(host, port)
        addresses = admitted(self.resolve(host, port, deadline), where, trusted=trusted)
        failure = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        for address, share in turns(addresses, deadline):
            try:
                return _dialled(address, share, deadline)
            except OSError as error:
                deadline.check()
                failure = error
        raise _not_connected(failure, where, deadline) from failure

    def _numeric(self, name: bytes, port: int) -> tuple[Address, ...]:
        try:
            return self._ask(name, port, socket.AI_NUMERICHOST)
        except socket.gaierror:
            return ()

    def _ask(self, name: bytes, port: int, flags: int = 0) -> tuple[Address, ...]:
        answers = self.lookup(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=flags)
        return tuple(dict.fromkeys(Address(answer[4][0], port) for answer in answers))

    def _ask_in_thread(
        self, name: bytes, port: int, deadline: Deadline, doubt: Doubt
    ) -> tuple[Address, ...] | OSError | None:
        """Return the answer; None where none came in time."""
        outcome: list[tuple[Address, ...] | OSError] = []
        answered = threading.Event()

        def ask() -> None:
            try:
                outcome.append(self._ask(name, port))
            except OSError as error:
                outcome.append(error)
            answered.set()

        threading.Thread(target=ask, name=f"resolve {name.decode()}", daemon=True).start()
        with deadline.guard(answered.set):
            if not answered.wait(deadline.left * PATIENCE):
                doubt.begin()
                answered.wait()
        if deadline.cancelled:
            deadline.check()
        return outcome[0] if outcome else None


def leads_out() -> bool:
    """Say whether the system knows a way to anywhere but this machine."""
    return any(_leads_to(family, ip) for family, ip in _ANYWHERE)


def _leads_to(family: int, ip: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((ip, 9))  # of a datagram socket: the system looks up the way, and sends nothing
    except OSError:
        return False
    return True


def place(host: str, port: int) -> str:
    """Write host and port for people: `shop.example:443`, `[::1]:80`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def permitted(ip: str, *, trusted: bool) -> bool:
    """Say whether an address may be connected to.

    Link-local and metadata addresses never; private, loopback and other special ones where the host is trusted.
    IPv4 addresses inside IPv6 ones are judged as what they are.
    """
    address = _unwrapped(ipaddress.ip_address(ip.partition("%")[0]))
    if address.is_link_local or address in _METADATA:
        return False
    return trusted or (address.is_global and not address.is_multicast and not address.is_reserved)


def admitted(addresses: tuple[Address, ...], where: str, *, trusted: bool) -> tuple[Address, ...]:
    """Return the addresses that may be connected to; raise `Refused` (`refused_address`) where none is left."""
    found = tuple(address for address in addresses if permitted(address.ip, trusted=trusted))
    if addresses and not found:
        kinds = "link-local and metadata" if trusted else "private, loopback, link-local and metadata"
        msg = f"{where} is not connected to: {kinds} addresses are refused"
        raise Refused(msg, code="refused_address")
    return found


def turns(addresses: Sequence[T], deadline: Deadline) -> Iterator[tuple[T, float]]:
    """Return each address, and the seconds that it may take before the next is tried."""
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        yield address, max(deadline.left / left, min(_FAIR_SHARE, deadline.left))


def broken(number: int | None, where: str) -> Unreachable:
    """Translate an operating system's error number into why there is no connection to `where`."""
    reason = os.strerror(number).lower() if number else "closed by the other side"
    if number == errno.ECONNREFUSED:
        return Unreachable(f"connection refused by {where}", code="connection_refused")
    if number in _NO_WAY and not leads_out():
        return Unreachable(f"{where} cannot be reached: this machine has no network", code="no_network")
    if not number or number in _LOST:
        return Unreachable(f"connection to {where} lost: {reason}", code="connection_lost")
    return Unreachable(f"{where} cannot be reached: {reason}")


def shut(sock: socket.socket) -> None:
    """Wake whoever blocks on a socket, from any thread; also one that is closed, or wrapped in TLS."""
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


@contextmanager
def bounded(sock: socket.socket, deadline: Deadline) -> Iterator[None]:
    """Stop whatever the block does on a connected socket as soon as the deadline is over.

    Raises `TimedOut`, `Cancelled`, or `Unreachable` for an `OSError` of the block.
    """
    where = _peer(sock)
    try:
        with deadline.guard(partial(shut, sock)):
            yield
    except OSError as error:
        deadline.check()
        raise broken(error.errno, where) from error
    deadline.check()


def receive(sock: socket.socket, deadline: Deadline, limit: int, until: Callable[[bytes], bool]) -> bytes:
    """Read until the bytes so far satisfy `until`, the other side closes, or `limit` bytes are there.

    Raises as `bounded` does; a server that drips does not hold it up.
    """
    data = b""
    with bounded(sock, deadline):
        while len(data) < limit and not until(data):
            chunk = sock.recv(min(_CHUNK, limit - len(data)))
            if not chunk:
                break
            data += chunk
    return data


def _ascii(host: str, called: str) -> bytes:
    try:
        name = host.encode("ascii" if host.isascii() else "idna")
    except UnicodeError as error:
        raise Unreachable(f"{called} is no host name", code="not_resolved", retryable=False) from error
    if not name or b"\0" in name:
        raise Unreachable(f"{called} is no host name", code="not_resolved", retryable=False)
    return name


def _unresolved(error: OSError | None, called: str, doubt: Doubt, deadline: Deadline) -> Unreachable:
    """Say why a name has no address: because of an error, or because nothing came in time."""
    if error is not None and error.errno in _NO_SUCH_NAME:
        return Unreachable(f"{called} does not resolve: there is no such name", code="not_resolved", retryable=False)
    if not leads_out():
        return Unreachable(f"{called} cannot be looked up: this machine has no network", code="no_network")
    why = f" in time: {deadline.said}" if error is None else f": no name server answers ({error.strerror})"
    msg = f"{called} does not resolve{why}"
    if doubt.justified:
        return Unreachable(f"{msg}; {NOTHING_FOUND}", code="no_resolver")
    return Unreachable(msg, code="not_resolved")


def _dialled(address: Address, seconds: float, deadline: Deadline) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address.ip else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        with deadline.guard(partial(shut, sock)):
            sock.connect((address.ip, address.port))
        deadline.check()
        sock.settimeout(None)
    except BaseException:
        sock.close()
        raise
    return sock


def _not_connected(error: OSError, where: str, deadline: Deadline) -> Unreachable | TimedOut:
    if isinstance(error, TimeoutError):
        return TimedOut(deadline.said)
    return broken(error.errno, where)


def _peer(sock: socket.socket) -> str:
    try:
        host, port, *_ = sock.getpeername()
    except OSError:
        return "the other side"
    return place(host, port)


def _unwrapped(address: IP) -> IP:
    """Return the IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and (address in _NAT64 or (address in _COMPATIBLE and int(address) > 1)):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address
