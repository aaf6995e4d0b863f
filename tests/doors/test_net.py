"""Names, addresses and connections, against real sockets."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.deadline import Deadline
from runner.doors.net import Address, Net, admitted, bounded, permitted, receive
from runner.doors.proxies import Proxies
from runner.errors import Cancelled, NodeError, Refused, TimedOut, Unreachable
from tests.doors.conftest import silent, speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.doors.conftest import Serve

SLACK = 2.0
"""Seconds that a noisy machine may add to a limit."""


def names(**table: str) -> Net:
    """A resolver that knows these names (`_` for `.`) and numeric hosts."""

    def lookup(host: bytes, port: int, *, flags: int, **kinds: Any) -> list[tuple[Any, Any, Any, str, Any]]:  # noqa: ANN401 - getaddrinfo's own
        if flags:
            return socket.getaddrinfo(host, port, flags=flags, **kinds)
        found = table[host.decode().replace(".", "_")].split()
        return [(0, 0, 0, "", (ip, port)) for ip in found]

    return Net(lookup=lookup)


def failing(number: int) -> Net:
    """A resolver whose answer to every name is an error."""

    def lookup(*_: object, **__: object) -> list[tuple[Any, Any, Any, str, Any]]:
        raise socket.gaierror(number, "so says the resolver")

    return Net(lookup=lookup)


class Stuck:
    """A resolver that does not come back before it is let go."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def __call__(self, *_: object, flags: int, **__: object) -> list[tuple[Any, Any, Any, str, Any]]:
        if not flags:
            self.released.wait(30)
        raise socket.gaierror(socket.EAI_NONAME, "too late")


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    resolver = Stuck()
    yield resolver
    resolver.released.set()


def test_a_name_becomes_its_addresses_in_their_order_and_each_once() -> None:
    found = names(shop_example="192.0.2.1 2001:db8::1 192.0.2.1").resolve("shop.example", 80, Deadline(5))
    assert found == (Address("192.0.2.1", 80), Address("2001:db8::1", 80))
    assert [str(address) for address in found] == ["192.0.2.1:80", "[2001:db8::1]:80"]


@pytest.mark.parametrize(
    ("host", "ip"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("::1", "::1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_a_numeric_host_needs_no_resolver(host: str, ip: str, stuck: Stuck) -> None:
    assert Net().numeric(host, 80) == (Address(ip, 80),)
    assert Net().resolve(host, 80, Deadline(5)) == (Address(ip, 80),)
    assert Net(lookup=stuck).numeric("name.example", 80) == ()


@pytest.mark.parametrize(
    ("number", "reason", "retryable"),
    [
        (socket.EAI_NONAME, "there is no such name", False),
        (socket.EAI_NODATA, "there is no such name", False),
        (socket.EAI_AGAIN, "no name server answers (so says the resolver)", True),
        (socket.EAI_FAIL, "no name server answers (so says the resolver)", True),
    ],
    ids=["no-name", "no-data", "again", "fail"],
)
def test_a_missing_name_is_told_from_a_missing_name_server(number: int, reason: str, retryable: bool) -> None:
    with pytest.raises(Unreachable) as caught:
        failing(number).resolve("x.example", 80, Deadline(5))
    assert caught.value.message == f"the name x.example does not resolve: {reason}"
    assert (caught.value.code, caught.value.retryable) == ("not_resolved", retryable)


def test_the_name_of_a_secret_host_is_not_told() -> None:
    with pytest.raises(Unreachable) as caught:
        failing(socket.EAI_NONAME).resolve("x.example", 80, Deadline(5), called="the host of «HOOK»")
    assert caught.value.message == "the host of «HOOK» does not resolve: there is no such name"


@pytest.mark.parametrize("host", ["", "a\0b", "é..example", "ü" * 70])
def test_what_is_no_host_name_does_not_resolve(host: str) -> None:
    with pytest.raises(Unreachable) as caught:
        Net().resolve(host, 80, Deadline(5))
    assert caught.value.message == f"the name {host} is no host name"
    assert (caught.value.code, caught.value.retryable) == ("not_resolved", False)


def test_a_name_in_another_script_is_asked_for_in_ascii() -> None:
    net = names(**{"xn--bcher-kva_example": "192.0.2.1"})
    assert net.resolve("bücher.example", 80, Deadline(5)) == (Address("192.0.2.1", 80),)


def hanging(deadline: Deadline) -> bool:
    """Ask in vain until the time is up."""
    deadline.sleep(60)
    return True


IN_TIME = "the name x.example does not resolve in time: timed out after 200ms"
DOUBTS = {
    "nobody says": (None, "not_resolved", IN_TIME),
    "finds others": (lambda _: True, "not_resolved", IN_TIME),
    "finds nothing": (lambda _: False, "no_resolver", f"{IN_TIME}; no resolver of this machine finds anything"),
    "silent": (hanging, "no_resolver", f"{IN_TIME}; no resolver of this machine finds anything"),
}


@pytest.mark.parametrize(("finds", "code", "message"), DOUBTS.values(), ids=DOUBTS)
def test_a_resolver_that_never_answers_does_not_defeat_the_deadline(
    finds: Callable[[Deadline], bool] | None, code: str, message: str, stuck: Stuck
) -> None:
    started = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        Net(lookup=stuck, finds=finds).resolve("x.example", 80, Deadline(0.2))
    assert time.monotonic() - started < 0.2 + SLACK
    assert (caught.value.code, caught.value.retryable, caught.value.message) == (code, True, message)


def test_a_resolver_is_doubted_only_where_it_takes_its_time() -> None:
    asked: list[float] = []

    def late(_host: bytes, port: int, *, flags: int, **_: object) -> list[tuple[Any, Any, Any, str, Any]]:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        time.sleep(0.3)
        return [(0, 0, 0, "", ("192.0.2.1", port))]

    def finds(deadline: Deadline) -> bool:
        asked.append(deadline.left)
        return False

    net = Net(lookup=late, finds=finds)
    assert net.resolve("x.example", 80, Deadline(20)) == (Address("192.0.2.1", 80),)
    assert asked == []
    assert net.resolve("x.example", 80, Deadline(0.5)) == (Address("192.0.2.1", 80),)
    assert [0 < left <= 0.25 for left in asked] == [True]


@pytest.mark.parametrize(("finds", "code"), [(True, "not_resolved"), (False, "no_resolver")])
def test_where_no_name_server_answers_the_resolvers_are_asked_for_something_else(finds: bool, code: str) -> None:
    net = Net(lookup=failing(socket.EAI_AGAIN).lookup, finds=lambda _: finds)
    with pytest.raises(Unreachable) as caught:
        net.resolve("x.example", 80, Deadline(5))
    more = "" if finds else "; no resolver of this machine finds anything"
    said = "the name x.example does not resolve: no name server answers (so says the resolver)"
    assert (caught.value.code, caught.value.message) == (code, f"{said}{more}")


def test_of_a_name_that_there_is_not_nobody_doubts_the_resolver() -> None:
    def finds(_: Deadline) -> bool:
        raise AssertionError("nobody should ask")

    with pytest.raises(Unreachable, match="there is no such name"):
        Net(lookup=failing(socket.EAI_NONAME).lookup, finds=finds).resolve("x.example", 80, Deadline(5))


def test_resolving_can_be_called_off(stuck: Stuck) -> None:
    deadline = Deadline(30)
    threading.Timer(0.1, deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled, match=r"^stopped: the run was told to stop$"):
        Net(lookup=stuck).resolve("x.example", 80, deadline)
    assert time.monotonic() - started < SLACK


BLACKHOLE = """
import sys, time
from runner.deadline import Deadline
from runner.doors import open_doors
from runner.errors import NodeError
started = time.monotonic()
try:
    open_doors({}).net.resolve("x.example", 80, Deadline(1))
except NodeError as error:
    print(error.code, round(time.monotonic() - started, 1))
"""


def test_a_name_server_that_stays_silent_does_not_defeat_the_deadline(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as name_server:
        try:
            name_server.bind(("127.0.0.53", 53))
        except OSError as error:
            pytest.skip(f"no name server can be played on port 53: {error}")
        (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.53\n")
        script = f'mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && exec "$0" -c "$1"'
        in_own_mounts = ["unshare", "--mount", "sh", "-c", script, sys.executable, BLACKHOLE]
        done = subprocess.run(in_own_mounts, capture_output=True, text=True, check=False, timeout=30)
    if "ermission" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip(f"no mounts of our own here: {done.stderr.strip()}")
    code, seconds = done.stdout.split()
    assert code == "no_resolver", done.stderr
    assert 1 <= float(seconds) < 1 + SLACK


PERMITTED = [
    ("93.184.216.34", True, True),
    ("2606:2800:220:1::1", True, True),
    ("127.0.0.1", True, False),
    ("::1", True, False),
    ("10.1.2.3", True, False),
    ("172.16.0.1", True, False),
    ("192.168.1.1", True, False),
    ("100.64.0.1", True, False),
    ("0.0.0.0", True, False),  # noqa: S104 - an address, nothing is bound
    ("::", True, False),
    ("fd12::1", True, False),
    ("224.0.0.1", True, False),
    ("240.0.0.1", True, False),
    ("255.255.255.255", True, False),
    ("::ffff:127.0.0.1", True, False),
    ("::ffff:10.0.0.1", True, False),
    ("::10.0.0.1", True, False),
    ("2002:7f00:1::", True, False),
    ("64:ff9b::a00:1", True, False),
    ("64:ff9b::5db8:d822", True, True),
    ("169.254.169.254", False, False),
    ("169.254.0.1", False, False),
    ("100.100.100.200", False, False),
    ("fe80::1", False, False),
    ("fe80::1%eth0", False, False),
    ("fd00:ec2::254", False, False),
    ("::ffff:169.254.169.254", False, False),
    ("::169.254.169.254", False, False),
    ("2002:a9fe:a9fe::", False, False),
    ("64:ff9b::a9fe:a9fe", False, False),
]


@pytest.mark.parametrize(("ip", "trusted", "untrusted"), PERMITTED, ids=[row[0] for row in PERMITTED])
def test_an_address_is_judged_by_what_it_leads_to(ip: str, trusted: bool, untrusted: bool) -> None:
    assert permitted(ip, trusted=True) is trusted
    assert permitted(ip, trusted=False) is untrusted


def test_addresses_that_may_not_be_used_are_left_out() -> None:
    private, public = Address("10.0.0.1", 80), Address("93.184.216.34", 80)
    assert admitted((private, public), "x:80", trusted=False) == (public,)
    assert admitted((private, public), "x:80", trusted=True) == (private, public)


@pytest.mark.parametrize(
    ("ip", "trusted", "kinds"),
    [
        ("169.254.169.254", True, "link-local and metadata"),
        ("127.0.0.1", False, "private, loopback, link-local and metadata"),
    ],
)
def test_a_host_with_no_other_address_is_refused(ip: str, trusted: bool, kinds: str, serve: Serve) -> None:
    port = serve(silent)
    with pytest.raises(Refused) as caught:
        names(x_example=ip).connect("x.example", port, Deadline(5), trusted=trusted)
    assert caught.value.message == f"x.example:{port} is not connected to: {kinds} addresses are refused"
    assert (caught.value.code, caught.value.retryable) == ("refused_address", False)


def test_a_connection_is_made_and_blocks_without_a_limit_of_its_own(serve: Serve) -> None:
    port = serve(lambda connection: connection.sendall(b"hello"))
    with Net().connect("localhost", port, Deadline(5)) as connection:
        assert connection.gettimeout() is None
        assert connection.recv(5, socket.MSG_WAITALL) == b"hello"


def test_the_next_address_is_tried_where_one_refuses(serve: Serve) -> None:
    port = serve(silent)
    with names(shop_example="127.0.0.2 127.0.0.1").connect("shop.example", port, Deadline(5)) as connection:
        assert connection.getpeername() == ("127.0.0.1", port)


def test_a_refused_connection_names_host_and_port(free_port: int) -> None:
    with pytest.raises(Unreachable) as caught:
        names(shop_example="127.0.0.2 127.0.0.1").connect("shop.example", free_port, Deadline(5))
    assert caught.value.message == f"connection refused by shop.example:{free_port}"
    assert (caught.value.code, caught.value.retryable) == ("connection_refused", True)


def test_no_way_there_is_told(free_port: int) -> None:
    with pytest.raises(Unreachable) as caught:
        Net().connect("255.255.255.255", free_port, Deadline(5))
    assert caught.value.message.startswith(f"255.255.255.255:{free_port} cannot be reached: ")
    assert caught.value.code == "unreachable"


def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(Unreachable) as caught:
        names(x_example="").connect("x.example", 80, Deadline(5))
    assert (caught.value.message, caught.value.code) == ("the name x.example has no address", "not_resolved")


def test_connecting_ends_with_the_deadline(blackhole: int) -> None:
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"^timed out after 300ms$"):
        Net().connect("127.0.0.1", blackhole, Deadline(0.3))
    assert 0.3 <= time.monotonic() - started < 0.3 + SLACK


def test_connecting_can_be_called_off(blackhole: int) -> None:
    deadline = Deadline(30)
    threading.Timer(0.1, deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        Net().connect("127.0.0.1", blackhole, deadline)
    assert time.monotonic() - started < SLACK


def test_a_silent_address_leaves_time_for_the_next(blackhole: int) -> None:
    with socket.create_server(("127.0.0.2", blackhole)):
        started = time.monotonic()
        with names(shop_example="127.0.0.1 127.0.0.2").connect("shop.example", blackhole, Deadline(4.5)) as connection:
            assert connection.getpeername()[0] == "127.0.0.2"
        assert time.monotonic() - started < 4.5


def test_a_failed_connection_leaves_no_descriptor_open(free_port: int) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(NodeError):
            Net().connect("127.0.0.1", free_port, Deadline(5))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_nothing_is_started_once_the_time_is_up(serve: Serve) -> None:
    port = serve(silent)
    with pytest.raises(TimedOut, match=r"^timed out after 0ms$"):
        Net().connect("127.0.0.1", port, Deadline(0))


def test_receive_stops_at_what_it_waits_for(serve: Serve) -> None:
    port = serve(speaking(b"220 mail.example\r\n"))
    with Net().connect("127.0.0.1", port, Deadline(5)) as connection:
        assert receive(connection, Deadline(5), 100, lambda data: b"\r\n" in data) == b"220 mail.example\r\n"


def test_receive_stops_where_the_other_side_closes(serve: Serve) -> None:
    port = serve(lambda connection: connection.sendall(b"bye"))
    with Net().connect("127.0.0.1", port, Deadline(5)) as connection:
        assert receive(connection, Deadline(5), 100, lambda _: False) == b"bye"


def test_receive_stops_at_its_limit(serve: Serve) -> None:
    port = serve(lambda connection: connection.sendall(b"x" * 100_000))
    with Net().connect("127.0.0.1", port, Deadline(5)) as connection:
        assert receive(connection, Deadline(5), 70_000, lambda _: False) == b"x" * 70_000


def drip(connection: socket.socket) -> None:
    while True:
        connection.sendall(b".")
        time.sleep(0.05)


def test_a_server_that_drips_does_not_defeat_the_deadline(serve: Serve) -> None:
    with Net().connect("127.0.0.1", serve(drip), Deadline(5)) as connection:
        started = time.monotonic()
        with pytest.raises(TimedOut, match=r"^timed out after 300ms$"):
            receive(connection, Deadline(0.3), 1 << 20, lambda _: False)
        assert time.monotonic() - started < 0.3 + SLACK


def test_receiving_can_be_called_off(serve: Serve) -> None:
    deadline = Deadline(30)
    with Net().connect("127.0.0.1", serve(silent), deadline) as connection:
        threading.Timer(0.1, deadline.cancel).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            receive(connection, deadline, 100, lambda _: False)
        assert time.monotonic() - started < SLACK


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_reset_is_a_lost_connection(serve: Serve) -> None:
    port = serve(reset)

    def converse() -> None:
        with Net().connect("127.0.0.1", port, Deadline(5)) as connection, bounded(connection, Deadline(5)):
            connection.sendall(b"x")
            connection.recv(1)

    with pytest.raises(Unreachable) as caught:
        converse()
    assert caught.value.message == f"connection to 127.0.0.1:{port} lost: connection reset by peer"
    assert (caught.value.code, caught.value.retryable) == ("connection_lost", True)


def test_sending_to_a_server_that_does_not_read_ends_with_the_deadline(serve: Serve) -> None:
    leave = threading.Event()
    with Net().connect("127.0.0.1", serve(lambda _: leave.wait(10)), Deadline(5)) as connection:
        with pytest.raises(TimedOut), bounded(connection, Deadline(0.3)):
            connection.sendall(b"x" * (64 << 20))
        leave.set()


PROXIES = {
    "http_proxy": "http://one:3128",
    "HTTPS_PROXY": "two:3128",
    "no_proxy": "localhost, .inner.example,other.example:8443, 10.0.0.0/8,*.star.example,[::1]",
}


@pytest.mark.parametrize(
    ("scheme", "host", "port", "proxy"),
    [
        ("http", "shop.example", 80, "http://one:3128"),
        ("https", "shop.example", 443, "http://two:3128"),
        ("http", "localhost", 80, ""),
        ("http", "notlocalhost", 80, "http://one:3128"),
        ("http", "inner.example", 80, "http://one:3128"),
        ("http", "a.inner.example", 80, ""),
        ("https", "other.example", 8443, ""),
        ("https", "other.example", 443, "http://two:3128"),
        ("http", "10.20.30.40", 80, ""),
        ("http", "11.20.30.40", 80, "http://one:3128"),
        ("http", "a.star.example", 80, ""),
        ("http", "::1", 80, ""),
    ],
)
def test_a_proxy_is_chosen_by_scheme_and_exceptions(scheme: str, host: str, port: int, proxy: str) -> None:
    assert Proxies.read(PROXIES).choose(scheme, host, port) == proxy


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, ""),
        ({"http_proxy": ""}, ""),
        ({"all_proxy": "http://all:1"}, "http://all:1"),
        ({"all_proxy": "http://all:1", "HTTP_PROXY": "http://upper:1"}, "http://upper:1"),
        ({"http_proxy": "http://lower:1", "HTTP_PROXY": "http://upper:1"}, "http://lower:1"),
        ({"http_proxy": "http://one:1", "NO_PROXY": "*"}, ""),
        ({"https_proxy": "http://one:1"}, ""),
    ],
    ids=["none", "empty", "all", "own before all", "small letters first", "everything exempt", "other scheme"],
)
def test_the_proxy_comes_from_the_environment(environ: dict[str, str], proxy: str) -> None:
    assert Proxies.read(environ).choose("http", "shop.example", 80) == proxy
