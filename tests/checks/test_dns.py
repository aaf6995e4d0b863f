"""The check of names: a name server of the test's own, which answers in every way there is."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_core import ValidationError

from runner.checks.dns import Dns
from runner.checks.judging import Judged, examine
from runner.doors import Doors
from runner.doors import dns as door
from runner.doors.net import Net
from runner.errors import Cancelled
from runner.results import Verdict
from runner.secrets import foreign
from runner.spec import Template
from runner.validators import problems, read
from tests.checks.dns_server import NameServer, cut, failing, having, name_server, raw, silent, too_long_for_udp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import dns.message

    from runner.scope import Scope
    from tests.doors.conftest import Serve

MANY = [f"many.example. 5 A 192.0.2.{number}" for number in range(10, 99)]
ALIAS = "www.shop.example. 300 CNAME cdn.example."

REPLIES = {
    "shop.example": having("shop.example. 300 A 192.0.2.2", "shop.example. 300 A 192.0.2.1"),
    "one.example": having("one.example. 60 A 192.0.2.1"),
    "www.shop.example": having(ALIAS, "cdn.example. 60 A 192.0.2.1"),
    "alias.example": having("alias.example. 300 CNAME cdn.example."),
    "dangling.example": failing("NXDOMAIN", "dangling.example. 300 CNAME gone.example."),
    "empty.example": having(),
    "broken.example": failing("SERVFAIL"),
    "secret.example": failing("REFUSED"),
    "new.example": failing("NOTIMP"),
    "silent.example": silent,
    "cut.example": cut,
    "many.example": too_long_for_udp(*MANY),
    "xn--bcher-kva.example": having("xn--bcher-kva.example. 5 A 192.0.2.7"),
    "garbage.example": raw(lambda asked: asked[:2] + b"\x81\x80" + b"\xff" * 40),
    "short.example": raw(lambda asked: asked[:2]),
    "another.example": raw(lambda asked: asked[:2] + b"\x81\x80" + asked[4:12] + b"\x01x\0\0\1\0\1"),
    "question.example": raw(lambda asked: asked),
    "forged.example": raw(lambda asked: _other_number(asked) + b"\x81\x83" + asked[4:]),
    "raced.example": raw(
        lambda asked: _other_number(asked) + b"\x81\x83" + asked[4:],
        lambda asked: asked[:2] + b"\x81\x80" + asked[4:],
    ),
    "headless.example": raw(lambda asked: asked[:2] + b"\x81\x81" + b"\0" * 8),
}


def _other_number(asked: bytes) -> bytes:
    return (int.from_bytes(asked[:2]) ^ 1).to_bytes(2)


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    """The name server."""
    with name_server(REPLIES) as server:
        yield server


def check_of(name: str, server: str | None, **config: Any) -> Dns:  # noqa: ANN401 - as a file has it
    return read(Dns, {"name": name, "server": server, "confirm": {"tries": 1}, **config})


def judged(scope: Scope, names: NameServer, name: str, **config: Any) -> Judged:  # noqa: ANN401 - as a file has it
    return examine(check_of(name, names.place, **config), scope)


def untimed(text: str) -> str:
    """Leave out how long something took."""
    return re.sub(r"answered in [\d.]+m?s", "answered in T", text)


# --- answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message", "answers", "ttl"),
    [
        ("one.example", "one.example has the A record 192.0.2.1, answered in T", 1, 60),
        ("shop.example", "shop.example has the A records 192.0.2.1 and 192.0.2.2, answered in T", 2, 300),
        (
            "www.shop.example",
            "www.shop.example has the A record 192.0.2.1, answered in T; it is an alias of cdn.example",
            1,
            60,
        ),
        (
            "many.example",
            (
                "many.example has the A records 192.0.2.10, 192.0.2.11, 192.0.2.12, 192.0.2.13, 192.0.2.14 "
                "and 84 more, answered in T"
            ),
            89,
            5,
        ),
        ("bücher.example", "bücher.example has the A record 192.0.2.7, answered in T", 1, 5),
        ("SHOP.example.", "SHOP.example. has the A records 192.0.2.1 and 192.0.2.2, answered in T", 2, 300),
    ],
    ids=["one", "two", "alias", "many", "idn", "spelling"],
)
def test_a_name_that_has_the_record_is_ok(
    name: str, message: str, answers: int, ttl: int, names: NameServer, scope: Scope
) -> None:
    result = judged(scope, names, name)
    assert (result.verdict, result.code, untimed(result.message)) == (Verdict.OK, "", message)
    metrics: Any = result.seen.metrics
    assert result.seen.value == pytest.approx(metrics.pop("answer_ms") / 1000, abs=0.001)
    assert metrics == {"answers": answers, "ttl": ttl}


RECORDS = [
    ("AAAA", "2001:db8::1", ["2001:DB8:0::1"]),
    ("CNAME", "cdn.example.", ["CDN.example"]),
    ("MX", "10 Mail.shop.example.", ["10 mail.shop.example."]),
    ("NS", "ns1.shop.example.", ["ns1.shop.example"]),
    ("SRV", "10 5 5060 sip.shop.example.", ["10 5 5060 sip.shop.example"]),
    ("CAA", '0 issue "letsencrypt.org"', ['0 issue "letsencrypt.org"']),
    ("TXT", '"v=spf1 include:x" ".example -all"', ["v=spf1 include:x.example -all"]),
    ("TXT", r'"quoted \"text\""', [r'"quoted \"text\""']),
    ("SOA", "ns1.example. root.example. 1 2 3 4 5", ["ns1.example root.example 1 2 3 4 5"]),
    ("MX", "0 .", ["0 ."]),
]


@pytest.mark.parametrize(("kind", "value", "expected"), RECORDS, ids=[f"{kind}-{value}" for kind, value, _ in RECORDS])
def test_every_kind_is_read_and_compared_by_what_it_means(
    kind: str, value: str, expected: list[str], scope: Scope
) -> None:
    with name_server({"x.example": having(f"x.example. 60 {kind} {value}")}) as names:
        result = judged(scope, names, "x.example", record=kind, expect={"values": expected})
        other = judged(scope, names, "x.example", record=kind)
    assert (result.verdict, names.asked) == (Verdict.OK, [(f"x.example {kind}", False)] * 2)
    assert f"x.example has the {kind} record " in other.message


def test_names_are_written_without_the_final_dot_and_texts_in_one_piece(scope: Scope) -> None:
    mail, text = having("x.example. 60 MX 10 mx.example."), having('x.example. 60 TXT "a" "b\\010::error::c\\027[1m"')
    with name_server({"x.example": mail}) as names:
        assert "the MX record 10 mx.example, " in judged(scope, names, "x.example", record="MX").message
    with name_server({"x.example": text}) as names:
        assert "the TXT record “ab ::error::c [1m”, " in judged(scope, names, "x.example", record="TXT").message


def test_an_address_stands_for_the_name_that_its_pointer_is_at(scope: Scope) -> None:
    pointer = "1.2.0.192.in-addr.arpa"
    with name_server({pointer: having(f"{pointer}. 60 PTR shop.example.")}) as names:
        result = judged(scope, names, "192.0.2.1", record="PTR")
    assert untimed(result.message) == "192.0.2.1 has the PTR record shop.example, answered in T"
    assert names.asked == [(f"{pointer} PTR", False)]


def test_the_answer_time_crosses_a_threshold(names: NameServer, scope: Scope) -> None:
    result = judged(scope, names, "one.example", warning={"below": "1h"})
    assert (result.verdict, result.threshold) == (Verdict.WARNING, "below 1h")
    assert untimed(result.message) == "one.example has the A record 192.0.2.1, answered in T, below 1h"


def test_what_is_expected_is_met_in_any_order(names: NameServer, scope: Scope) -> None:
    assert judged(scope, names, "shop.example", expect={"values": ["192.0.2.1", "192.0.2.2"]}).verdict is Verdict.OK
    assert judged(scope, names, "shop.example", expect={"values": ["192.0.2.2", "192.0.2.1"]}).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (["192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1", "192.0.2.3"], "192.0.2.1 and 192.0.2.3"),
        (["192.0.2.1", "192.0.2.2", "192.0.2.3"], "192.0.2.1, 192.0.2.2 and 192.0.2.3"),
    ],
    ids=["more", "another", "fewer"],
)
def test_an_answer_that_is_not_expected_is_critical(
    expected: list[str], said: str, names: NameServer, scope: Scope
) -> None:
    result = judged(scope, names, "shop.example", expect={"values": expected})
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "content")
    assert result.message == f"shop.example has the A records 192.0.2.1 and 192.0.2.2, expected {said}"


# --- failures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("gone.example", "no_such_name", "there is no such name as gone.example (NXDOMAIN from {server})"),
        (
            "dangling.example",
            "no_such_name",
            (
                "dangling.example is an alias of gone.example, and there is no such name as gone.example "
                "(NXDOMAIN from {server})"
            ),
        ),
        ("empty.example", "no_such_record", "empty.example has no A record ({server} says so)"),
        (
            "alias.example",
            "no_such_record",
            "alias.example has no A record: it is an alias of cdn.example, which has none ({server} says so)",
        ),
        (
            "broken.example",
            "server_failure",
            (
                "{server} fails on broken.example (SERVFAIL): its name servers do not answer, or its DNSSEC signatures "
                "are wrong"
            ),
        ),
        (
            "secret.example",
            "query_refused",
            (
                "{server} refuses to answer about secret.example (REFUSED): it does not serve this client, or not this "
                "name"
            ),
        ),
        ("new.example", "server_failure", "{server} failed on the A record of new.example (NOTIMP)"),
        ("headless.example", "server_failure", "{server} failed on the A record of headless.example (FORMERR)"),
    ],
)
def test_a_failure_is_critical_and_each_has_its_words(
    name: str, code: str, message: str, names: NameServer, scope: Scope
) -> None:
    result = judged(scope, names, name)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, code)
    assert result.message == message.format(server=names.place)
    assert set(result.seen.metrics) == {"answer_ms", "answers"}


@pytest.mark.parametrize("name", ["silent.example", "forged.example"])
def test_silence_is_critical_when_the_time_is_up(name: str, names: NameServer, scope: Scope) -> None:
    started = time.monotonic()
    result = judged(scope, names, name, timeout="200ms")
    assert time.monotonic() - started < 0.2 + 2
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "timed_out")
    assert result.message == f"{names.place} did not answer within 200ms when asked for the A record of {name}"


def test_an_answer_with_another_number_is_ignored_and_the_right_one_counts(names: NameServer, scope: Scope) -> None:
    assert judged(scope, names, "raced.example").code == "no_such_record"


def test_an_answer_from_elsewhere_is_ignored(scope: Scope) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere,
    ):
        server.bind(("127.0.0.1", 0))

        def mislead() -> None:
            asked, client = server.recvfrom(512)
            elsewhere.sendto(asked[:2] + b"\x81\x80" + asked[4:], client)

        threading.Thread(target=mislead, daemon=True).start()
        check = check_of("shop.example", f"127.0.0.1:{server.getsockname()[1]}", timeout="300ms")
        assert examine(check, scope).code == "timed_out"


@pytest.mark.parametrize("name", ["garbage.example", "short.example", "another.example", "question.example"])
def test_an_answer_that_cannot_be_read_is_unknown(name: str, names: NameServer, scope: Scope) -> None:
    result = judged(scope, names, name)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "unreadable")
    told = f"the answer of {names.place} about the A record of {name} cannot be read: "
    assert result.message.startswith(told)
    assert result.message != told


def test_a_server_that_is_not_there_is_critical(closed_port: int, scope: Scope) -> None:
    result = examine(check_of("shop.example", f"127.0.0.1:{closed_port}"), scope)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "connection_refused")
    assert result.message == f"connection refused by 127.0.0.1:{closed_port}"


def test_a_question_that_gets_lost_is_asked_again(scope: Scope) -> None:
    replies = [silent, having("lossy.example. 5 A 192.0.2.1")]

    def lossy(asked: dns.message.Message, over_tcp: bool) -> list[bytes]:
        return replies.pop(0)(asked, over_tcp)

    with name_server({"lossy.example": lossy}) as names:
        result = judged(scope, names, "lossy.example")
    assert (result.verdict, len(names.asked)) == (Verdict.OK, 2)
    assert result.seen.value is not None
    assert result.seen.value > 0.9


# --- over TCP -----------------------------------------------------------------------------------------


def test_an_answer_that_is_cut_off_over_tcp_tells_nothing(names: NameServer, scope: Scope) -> None:
    result = judged(scope, names, "cut.example")
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "unreadable")
    assert result.message == (
        f"the answer of {names.place} about the A record of cut.example cannot be read: it is cut off, over TCP, too"
    )


def test_what_does_not_fit_into_a_datagram_is_asked_for_over_tcp(scope: Scope) -> None:
    with name_server({"many.example": too_long_for_udp(*MANY)}) as names:
        result = judged(scope, names, "many.example")
    assert names.asked == [("many.example A", False), ("many.example A", True)]
    assert result.seen.metrics["answers"] == len(MANY)


def hanging_up(connection: socket.socket) -> None:
    connection.recv(512)
    connection.sendall(b"\x10\x00half")


def dripping(connection: socket.socket) -> None:
    connection.recv(512)
    with suppress(OSError):
        for _ in range(400):
            connection.sendall(b"\x7f")
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (None, "connection refused by {server}"),
        (hanging_up, "connection to {server} lost: closed by the other side"),
        (dripping, "timed out after 400ms"),
    ],
    ids=["refuses", "hangs-up", "drips"],
)
def test_a_server_that_answers_over_udp_alone_is_critical_within_the_time(
    talk: Callable[[socket.socket], None] | None, reason: str, serve: Serve, closed_port: int, scope: Scope
) -> None:
    port, started = serve(talk) if talk else closed_port, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", port))

        def truncate() -> None:
            asked, client = server.recvfrom(512)
            server.sendto(asked[:2] + struct.pack("!H", 0x8380) + asked[4:], client)

        threading.Thread(target=truncate, daemon=True).start()
        result = examine(check_of("shop.example", f"127.0.0.1:{port}", timeout="400ms"), scope)
    assert time.monotonic() - started < 0.4 + 2
    server_name = f"127.0.0.1:{port}"
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "no_tcp")
    assert result.message == (
        f"{server_name} answered over UDP, cut off, and cannot be asked for all of it over TCP: "
        + reason.format(server=server_name)
    )


# --- whom to ask --------------------------------------------------------------------------------------


class Machine(Doors):
    """The doors of a machine with resolvers of its own."""

    def __init__(self, configuration: Path, port: int) -> None:
        super().__init__({})
        self._resolvers = door.Dns(configuration=str(configuration), port=port)

    @cached_property
    def dns(self) -> door.Dns:
        return self._resolvers


@pytest.mark.parametrize(
    "configuration",
    [
        "nameserver 127.0.0.1\n",
        "# nameserver 192.0.2.1\nsearch shop.example\nnameserver\t127.0.0.1  # here\noptions ndots:5\n",
        "nameserver nonsense\nnameserver 127.0.0.1\n",
        "nameserver 127.0.0.2\nnameserver 127.0.0.1\n",
        "",
        None,
    ],
    ids=["one", "comments", "nonsense", "second", "empty", "none"],
)
def test_without_a_server_the_resolvers_of_the_machine_are_asked(
    configuration: str | None, names: NameServer, scope: Scope, tmp_path: Path
) -> None:
    path = tmp_path / "resolv.conf"
    if configuration is not None:
        path.write_text(configuration)
    result = examine(check_of("one.example", None), replace(scope, doors=Machine(path, names.port)))
    assert untimed(result.message) == "one.example has the A record 192.0.2.1, answered in T"


def test_a_resolver_of_the_machine_may_be_where_no_check_goes(closed_port: int, scope: Scope, tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver fe80::1%lo\n")
    check = check_of("one.example", None, timeout="300ms")
    result = examine(check, replace(scope, doors=Machine(path, closed_port)))
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "no_resolver")  # asked, and not refused
    assert result.message == f"no resolver of this machine finds anything: [fe80::1%lo]:{closed_port}"


def both(first: NameServer, second: NameServer) -> Net:
    """Names that lead to two servers; only a lookup of the test's own can say so without a name server."""
    assert first.port == second.port
    answer = [(None, None, 0, "", (host, 0)) for host in (first.host, second.host)]
    return Net(lookup=lambda *_, flags=0, **__: [] if flags else answer)


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED"])
def test_where_one_server_does_not_know_the_next_is_asked(code: str, scope: Scope) -> None:
    with name_server({"x.example": failing(code)}) as first:
        good = having("x.example. 5 A 192.0.2.1")
        with name_server({"x.example": good}, host="127.0.0.2", port=first.port) as second:
            found = Ask(both(first, second)).judged(scope, first.port)
    assert (found.verdict, first.asked, second.asked) == (
        Verdict.OK,
        [("x.example A", False)],
        [("x.example A", False)],
    )


def test_where_one_server_says_that_there_is_none_that_is_it(scope: Scope) -> None:
    with name_server({}) as first, name_server({}, host="127.0.0.2", port=first.port) as second:
        found = Ask(both(first, second)).judged(scope, first.port)
    assert (found.code, second.asked) == ("no_such_name", [])


class Ask(Doors):
    """Doors with a network of the test's own."""

    def __init__(self, net: Net) -> None:
        super().__init__({})
        self._net = net

    @cached_property
    def net(self) -> Net:
        return self._net

    def judged(self, scope: Scope, port: int) -> Judged:
        return examine(check_of("x.example", f"ns.example:{port}"), replace(scope, doors=self))


@pytest.mark.parametrize(
    ("server", "where", "kinds"),
    [
        ("169.254.169.254", "169.254.169.254:53", "link-local and metadata"),
        ("[fd00:ec2::254]:5353", "[fd00:ec2::254]:5353", "link-local and metadata"),
        (foreign("127.0.0.1"), "127.0.0.1:53", "private, loopback, link-local and metadata"),
    ],
    ids=["link-local", "metadata", "private-from-a-payload"],
)
def test_a_server_that_is_not_for_checks_is_unknown(server: str, where: str, kinds: str, scope: Scope) -> None:
    result = examine(check_of("shop.example", server), scope)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "refused_address")
    assert result.message == f"{where} is not connected to: {kinds} addresses are refused"


def test_a_question_ends_when_the_run_is_told_to_stop(names: NameServer, scope: Scope) -> None:
    started = time.monotonic()
    threading.Timer(0.2, scope.deadline.cancel).start()
    with pytest.raises(Cancelled):
        judged(scope, names, "silent.example")
    assert time.monotonic() - started < 5


# --- the configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "name", "subject", "task"),
    [
        (
            {"name": "shop.example"},
            "dns_shop_example",
            "shop.example A",
            "ask the resolvers of this machine for the A record of shop.example",
        ),
        (
            {"name": "shop.example", "record": "MX", "server": "192.0.2.53"},
            "dns_shop_example_mx",
            "shop.example MX at 192.0.2.53",
            "ask 192.0.2.53 for the MX record of shop.example",
        ),
    ],
    ids=["plain", "all"],
)
def test_the_name_the_subject_and_the_task_say_what_is_asked(
    config: dict[str, Any], name: str, subject: str, task: str, scope: Scope
) -> None:
    check = read(Dns, config)
    assert (check.default_name, check.given_name) == (name, "")
    assert (check.subject(scope), check.task) == (subject, task)
    assert check.confirmation.tries == 2


def test_a_name_that_is_not_known_yet_gives_no_name() -> None:
    check = read(Dns, {"name": Template("{{ inputs.name }}"), "expect": {"values": [Template("{{ inputs.ip }}")]}})
    assert check.default_name is None


WRONG = [
    (
        {"name": "me:s3cr3t@shop.example"},
        ("name",),
        '"…@shop.example" is more than a name',
        'write "shop.example"',
    ),
    (
        {"name": "https://shop.example/"},
        ("name",),
        '"https://shop.example/" is a URL, not a name',
        'write "shop.example"',
    ),
    ({"name": "shop..example"}, ("name",), '"shop..example" is no name that DNS knows', 'write it like "shop.example"'),
    ({"name": "a b"}, ("name",), '"a b" is no name that DNS knows', 'write it like "shop.example"'),
    ({"name": ""}, ("name",), '"" is no name that DNS knows', 'write it like "shop.example"'),
    ({"name": "ü..x"}, ("name",), '"ü..x" is no name that DNS knows', 'write it like "shop.example"'),
    (
        {"server": "192.0.2.53:99999"},
        ("server",),
        '"192.0.2.53:99999" is no name server',
        "write it like 192.0.2.53, ns1.shop.example:5353 or [2001:db8::53]:53",
    ),
    (
        {"server": "udp://192.0.2.53"},
        ("server",),
        '"udp://192.0.2.53" is no name server',
        "write it like 192.0.2.53, ns1.shop.example:5353 or [2001:db8::53]:53",
    ),
    ({"record": "a"}, ("record",), None, None),
    ({"expect": {"values": []}}, ("expect", "values"), "an empty list says nothing", "name at least one"),
    (
        {"expect": {"values": ["192.0.2.1", "shop.example"]}},
        ("expect", "values", 1),
        '"shop.example" is no A record',
        "write it as `dig` shows it: 192.0.2.1",
    ),
    (
        {"record": "MX", "expect": {"values": ["mail.shop.example"]}},
        ("expect", "values", 0),
        '"mail.shop.example" is no MX record',
        "write it as `dig` shows it: 10 mail.shop.example",
    ),
]


@pytest.mark.parametrize(("config", "at", "sentence", "hint"), WRONG, ids=[str(config) for config, *_ in WRONG])
def test_what_cannot_be_asked_is_refused(
    config: dict[str, Any], at: tuple[str | int, ...], sentence: str | None, hint: str | None
) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Dns, {"name": "shop.example", **config})
    (line,) = problems(caught.value)
    assert line["loc"] == at
    if sentence is not None:
        assert (line["msg"], line["ctx"]["hint"]) == (sentence, hint)


def test_a_name_must_be_given() -> None:
    with pytest.raises(ValidationError) as caught:
        read(Dns, {})
    (line,) = problems(caught.value)
    assert line["msg"] == 'missing key "name"'


@pytest.mark.parametrize(
    "server", ["ns1.shop.example", "192.0.2.53:5353", "[2001:db8::53]", "[::1]:53", "2001:db8::53"]
)
def test_a_server_is_a_host_with_or_without_a_port(server: str) -> None:
    assert read(Dns, {"name": "shop.example", "server": server}).server == server
