"""The check of certificates: real servers with those of a private authority, one for each thing that is wrong."""

from __future__ import annotations

import re
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from pydantic_core import ValidationError

from runner.checks.judging import Judged, examine
from runner.checks.tls import Tls
from runner.doors import open_doors
from runner.errors import Cancelled
from runner.results import Verdict
from runner.secrets import foreign
from runner.spec import Template
from runner.validators import problems, read
from tests.checks.tls_server import LONG, NOW, alone, chain, issued, leaf, showing
from tests.doors.conftest import read_request, silent, speaking

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    import trustme

    from runner.scope import Scope
    from tests.doors.conftest import Serve

HOST = "shop.example"
SOON = timedelta(days=10, hours=12)
VERY_SOON = timedelta(days=3, hours=12)
PAST = timedelta(days=-3, minutes=-1)


@pytest.fixture
def trusting(scope: Scope, ca_file: str) -> Scope:
    """A scope that trusts the authority of the tests."""
    return replace(scope, doors=open_doors({"REQUESTS_CA_BUNDLE": ca_file}))


def judged(scope: Scope, port: int, **config: Any) -> Judged:  # noqa: ANN401 - as a file has it
    given = {"host": "127.0.0.1", "port": port, "server_name": HOST, "confirm": {"tries": 1}, **config}
    return examine(read(Tls, {key: value for key, value in given.items() if value is not None}), scope)


def on(moment: timedelta, *, exact: bool = True) -> str:
    """Write a moment, counted from when the tests began, as the check does."""
    return f"{NOW + moment:%Y-%m-%d %H:%M} UTC" if exact else f"{NOW + moment:%Y-%m-%d}"


def issuer(authority: trustme.CA) -> str:
    """Say what an authority is called."""
    subject = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
    return str(subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value)


def test_a_sound_certificate_is_ok_and_says_when_it_ends_whom_it_is_for_and_who_vouches_for_it(
    serve: Serve, authority: trustme.CA, trusting: Scope
) -> None:
    port = serve(showing(chain(leaf(authority, HOST, "www.shop.example"))))
    result = judged(trusting, port)
    assert result.message == (
        f"the certificate of 127.0.0.1:{port} expires in 90 days, on {on(LONG)}; it is for shop.example and "
        f"www.shop.example; chain: the shop ← {issuer(authority)}"
    )
    assert (result.verdict, result.code, result.seen.unit) == (Verdict.OK, "", "s")
    assert result.seen.value == pytest.approx(LONG.total_seconds(), abs=3600)


def test_the_metrics_say_what_was_measured(serve: Serve, authority: trustme.CA, trusting: Scope) -> None:
    metrics: Any = judged(trusting, serve(showing(chain(leaf(authority, HOST))))).seen.metrics
    assert set(metrics) == {
        "days_left", "valid_from", "valid_until", "chain_length", "connect_ms", "handshake_ms", "tls_version",
    }  # fmt: skip
    assert metrics["days_left"] == pytest.approx(90.5, abs=0.1)
    assert metrics["valid_from"] == (NOW - LONG).replace(microsecond=0).isoformat()
    assert metrics["valid_until"] == (NOW + LONG).replace(microsecond=0).isoformat()
    assert (metrics["chain_length"], metrics["tls_version"]) == (1, "TLSv1.3")
    assert metrics["connect_ms"] > 0
    assert metrics["handshake_ms"] > 0


def test_an_older_version_is_named(serve: Serve, authority: trustme.CA, trusting: Scope) -> None:
    port = serve(showing(chain(leaf(authority, HOST)), limit=ssl.TLSVersion.TLSv1_2))
    assert judged(trusting, port).seen.metrics["tls_version"] == "TLSv1.2"


def test_a_chain_is_told_from_the_server_up(serve: Serve, authority: trustme.CA, trusting: Scope) -> None:
    between = authority.create_child_ca()
    port = serve(showing(chain(leaf(between, HOST))))
    result = judged(trusting, port)
    assert result.verdict is Verdict.OK
    assert result.seen.metrics["chain_length"] == 2
    assert result.message.endswith(f"; chain: the shop ← {issuer(between)} ← {issuer(authority)}")


@pytest.mark.parametrize(
    ("left", "verdict", "said"),
    [
        (SOON, Verdict.WARNING, "expires in 10 days, on {when}, below 21d; "),
        (VERY_SOON, Verdict.CRITICAL, "expires in 3 days, on {when}, below 7d; "),
        (timedelta(hours=30), Verdict.CRITICAL, "expires in N hours, on {when}, below 7d; "),
        (timedelta(minutes=110), Verdict.CRITICAL, "expires in N minutes, on {when}, below 7d; "),
    ],
    ids=["ten-days", "three-days", "hours", "minutes"],
)
def test_time_that_runs_out_crosses_the_usual_thresholds(
    left: timedelta, verdict: Verdict, said: str, serve: Serve, authority: trustme.CA, trusting: Scope
) -> None:
    port = serve(showing(chain(leaf(authority, HOST, ends=left))))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (verdict, "")
    message = re.sub(r"\d+ (hours|minutes),", r"N \1,", result.message)
    assert message.startswith(f"the certificate of 127.0.0.1:{port} {said.format(when=on(left))}")


def test_a_threshold_of_ones_own_means_less_time_than_it(serve: Serve, authority: trustme.CA, trusting: Scope) -> None:
    port = serve(showing(chain(leaf(authority, HOST, ends=SOON))))
    assert judged(trusting, port, warning="9d", critical="2d").verdict is Verdict.OK
    assert judged(trusting, port, warning="11d", critical="2d").threshold == "below 11d"
    assert judged(trusting, port, warning=None, critical=None).threshold == "below 21d"  # not given is the default
    assert examine(read(Tls, {"host": "127.0.0.1", "port": port, "warning": None}), trusting).threshold == ""


# --- what is wrong ------------------------------------------------------------------------------------


def test_an_expired_certificate_is_critical_and_says_since_when(
    serve: Serve, authority: trustme.CA, trusting: Scope
) -> None:
    port = serve(showing(chain(leaf(authority, HOST, ends=PAST))))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "expired")
    assert result.message == (
        f"the certificate of 127.0.0.1:{port} expired 3 days ago, on {on(PAST)}: renew it, and have the server load "
        f"the new one; it is for shop.example; chain: the shop ← {issuer(authority)}"
    )
    assert result.seen.metrics["days_left"] == pytest.approx(-3, abs=0.1)


def test_a_certificate_of_the_future_is_critical(serve: Serve, authority: trustme.CA, trusting: Scope) -> None:
    port = serve(showing(chain(leaf(authority, HOST, begins=SOON))))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "not_yet_valid")
    assert result.message == (
        f"the certificate of 127.0.0.1:{port} is not valid yet: it begins in 10 days, on {on(SOON)}: use the former "
        "one until then, or correct the clock of this machine if that is wrong; "
        f"it expires in 90 days, on {on(LONG)}; it is for shop.example; chain: the shop ← {issuer(authority)}"
    )


def test_a_certificate_for_another_name_is_critical_and_says_for_which(
    serve: Serve, authority: trustme.CA, trusting: Scope
) -> None:
    port = serve(showing(chain(leaf(authority, "www.example", "*.shop.example", "192.0.2.1"))))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "wrong_name")
    assert result.message == (
        f"the certificate of 127.0.0.1:{port} is for www.example, *.shop.example and 192.0.2.1, not for shop.example: "
        "have the server use one that names shop.example, or give server_name the right name; "
        f"it expires in 90 days, on {on(LONG)}; chain: the shop ← {issuer(authority)}"
    )


def test_a_self_signed_certificate_is_critical(serve: Serve, trusting: Scope) -> None:
    port = serve(showing(issued("the shop", HOST).with_key))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "self_signed")
    assert result.message == (
        f"the certificate of 127.0.0.1:{port} is self-signed, since {on(-LONG, exact=False)} at the earliest, so "
        "nobody else vouches for it: use one from an authority that clients trust, or name its file in "
        "REQUESTS_CA_BUNDLE; "
        f"it expires in 90 days, on {on(LONG)}; it is for shop.example; chain: the shop"
    )


def test_a_chain_without_the_certificate_between_is_critical(
    serve: Serve, authority: trustme.CA, trusting: Scope
) -> None:
    between = authority.create_child_ca()
    port = serve(showing(alone(leaf(between, HOST))))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "incomplete_chain")
    assert result.message == (
        f"the certificate of 127.0.0.1:{port} comes without that of its issuer {issuer(between)}, "
        f"since {on(-LONG, exact=False)} at the earliest, which is not known here either: have the server send the "
        "whole chain (fullchain.pem), or, for an authority of your own, name its file in REQUESTS_CA_BUNDLE; "
        f"it expires in 90 days, on {on(LONG)}; it is for shop.example; chain: the shop ← {issuer(between)}"
    )


def test_a_chain_that_leads_to_an_unknown_authority_is_critical(serve: Serve, trusting: Scope) -> None:
    root = issued("Our Own Root", vouches=True)
    port = serve(showing(issued("the shop", HOST, by=root).with_key + root.pem))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "unknown_root")
    assert " leads to Our Own Root, since " in result.message
    assert result.message.endswith("; it is for shop.example; chain: the shop ← Our Own Root")


def test_an_issuer_that_has_expired_is_named(serve: Serve, scope: Scope, tmp_path: Path) -> None:
    root = issued("Our Own Root", vouches=True)
    late = issued("Between", by=root, ends=PAST, vouches=True)
    (tmp_path / "root.pem").write_bytes(root.pem)
    port = serve(showing(issued("the shop", HOST, by=late).with_key + late.pem))
    trusting = replace(scope, doors=open_doors({"SSL_CERT_FILE": str(tmp_path / "root.pem")}))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "expired")
    assert result.message.startswith(
        f"the certificate of 127.0.0.1:{port} is vouched for by one (Between, {on(-LONG, exact=False)} to "
        f"{on(PAST, exact=False)}) that is out of its time: have the server send"
    )


def test_an_issuer_that_ends_sooner_is_mentioned(serve: Serve, scope: Scope, tmp_path: Path) -> None:
    root = issued("Our Own Root", vouches=True)
    between = issued("Between", by=root, ends=SOON, vouches=True)
    (tmp_path / "root.pem").write_bytes(root.pem)
    port = serve(showing(issued("the shop", HOST, by=between).with_key + between.pem))
    result = judged(replace(scope, doors=open_doors({"SSL_CERT_FILE": str(tmp_path / "root.pem")})), port)
    assert result.verdict is Verdict.OK
    assert result.message.endswith(
        f"; chain: the shop ← Between ← Our Own Root; Between, which vouches for it, ends sooner, "
        f"on {on(SOON, exact=False)}"
    )


def test_all_that_is_wrong_is_said_the_worst_first(serve: Serve, trusting: Scope) -> None:
    port = serve(showing(issued("the shop", "other.example", ends=PAST).with_key))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "expired")
    said = [result.message.find(words) for words in ("expired 3 days ago", "is for other.example, not", "self-signed")]
    assert said == sorted(said)
    assert -1 not in said


def test_a_certificate_between_that_has_nothing_to_do_with_it_completes_no_chain(
    serve: Serve, authority: trustme.CA, trusting: Scope
) -> None:
    between, other = authority.create_child_ca(), authority.create_child_ca()
    result = judged(trusting, serve(showing(alone(leaf(between, HOST), other.cert_pem.bytes()))))
    assert result.code == "incomplete_chain"
    assert f"comes without that of its issuer {issuer(between)}, " in result.message


def test_what_a_certificate_says_stays_on_one_line_and_is_cut(serve: Serve, trusting: Scope) -> None:
    called = '::error::gone\n\x1b[31m \u65e5\u672c, "Inc" = a+b'
    names = [f"host-{number}.example" for number in range(50)]
    result = judged(trusting, serve(showing(issued(called, *names).with_key)))
    assert "\x1b" not in result.message
    assert "\n" not in result.message
    assert 'chain: ::error::gone [31m 日本, "Inc" = a+b' in result.message
    assert "host-4.example and 45 more, not for shop.example" in result.message


# --- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identity", "wanted", "fits"),
    [
        ("*.shop.example", "www.shop.example", True),
        ("*.shop.example", "shop.example", False),
        ("*.shop.example", "a.www.shop.example", False),
        ("SHOP.example", "shop.EXAMPLE", True),
        ("xn--bcher-kva.example", "bücher.example", True),
        ("127.0.0.1", None, True),
        ("127.0.0.2", None, False),
        ("localhost", None, False),
    ],
    ids=["wildcard", "wildcard-bare", "wildcard-deep", "case", "idn", "address", "other-address", "name-for-address"],
)
def test_a_name_fits_as_it_does_for_clients(
    identity: str, wanted: str | None, fits: bool, serve: Serve, authority: trustme.CA, trusting: Scope
) -> None:
    result = judged(trusting, serve(showing(chain(leaf(authority, identity)))), server_name=wanted)
    assert (result.verdict, result.code) == ((Verdict.OK, "") if fits else (Verdict.CRITICAL, "wrong_name"))


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [("shop.example", "shop.example"), ("bücher.example", "xn--bcher-kva.example"), (None, None)],
    ids=["name", "idn", "address"],
)
def test_the_server_is_asked_for_the_name(
    wanted: str | None, asked: str | None, serve: Serve, authority: trustme.CA, trusting: Scope
) -> None:
    names: list[str | None] = []
    judged(trusting, serve(showing(chain(leaf(authority, "127.0.0.1")), names=names)), server_name=wanted)
    assert set(names) == {asked}


# --- no certificate at all ----------------------------------------------------------------------------


def test_a_refused_connection_is_critical(closed_port: int, trusting: Scope) -> None:
    result = judged(trusting, closed_port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "connection_refused")
    assert result.message == f"connection refused by 127.0.0.1:{closed_port}"


def test_a_server_that_speaks_no_tls_is_critical(serve: Serve, trusting: Scope) -> None:
    port = serve(speaking(b"220 mail.shop.example ESMTP\r\n"))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "tls")
    assert result.message == (
        f"127.0.0.1:{port} does not speak TLS on this port: give the port that does from the first byte (STARTTLS is"
        " not known here)"
    )


def test_a_server_that_hangs_up_is_critical(serve: Serve, trusting: Scope) -> None:
    port = serve(lambda connection: connection.recv(65536))
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "connection_lost")
    assert result.message == f"connection to 127.0.0.1:{port} lost: closed during the TLS handshake"


def test_a_server_that_wants_another_version_is_critical(serve: Serve, authority: trustme.CA, trusting: Scope) -> None:
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        talk = showing(chain(leaf(authority, HOST)), limit=ssl.TLSVersion.TLSv1_1)
    port = serve(talk)
    result = judged(trusting, port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "tls")
    assert result.message == f"127.0.0.1:{port} speaks no version of TLS that is safe: have it speak TLS 1.2 or 1.3"


def dripping(connection: socket.socket) -> None:
    """Begin the longest of all records, and go on with it a byte at a time."""
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x40\x00")
    for _ in range(400):
        connection.sendall(b"\x02")
        time.sleep(0.02)


@pytest.mark.parametrize("talk", [silent, dripping], ids=["silent", "dripping"])
def test_a_handshake_that_does_not_end_is_critical_when_the_time_is_up(
    talk: Callable[[socket.socket], None], serve: Serve, trusting: Scope
) -> None:
    port, started = serve(talk), time.monotonic()
    result = judged(trusting, port, timeout="300ms")
    assert time.monotonic() - started < 0.3 + 2
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "timed_out")
    assert result.message == f"127.0.0.1:{port} showed no certificate within 300ms"


def test_a_handshake_ends_when_the_run_is_told_to_stop(serve: Serve, trusting: Scope) -> None:
    port, started = serve(silent), time.monotonic()
    threading.Timer(0.2, trusting.deadline.cancel).start()
    with pytest.raises(Cancelled):
        judged(trusting, port)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("host", "kinds"),
    [
        ("169.254.169.254", "link-local and metadata"),
        (foreign("127.0.0.1"), "private, loopback, link-local and metadata"),
    ],
    ids=["metadata", "private-from-a-payload"],
)
def test_an_address_that_is_not_for_checks_is_unknown(host: str, kinds: str, trusting: Scope) -> None:
    result = judged(trusting, 443, host=host)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "refused_address")
    assert result.message == f"{host}:443 is not connected to: {kinds} addresses are refused"


def test_without_authorities_nothing_can_be_told(
    serve: Serve, authority: trustme.CA, scope: Scope, tmp_path: Path
) -> None:
    port = serve(showing(chain(leaf(authority, HOST))))
    result = judged(replace(scope, doors=open_doors({"REQUESTS_CA_BUNDLE": f"{tmp_path}/gone.pem"})), port)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "ca_bundle")
    assert result.message == (
        f"no certificate can be verified, for the authorities in {tmp_path}/gone.pem cannot be read: correct the"
        " variable that names them (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE)"
    )


def test_a_proxy_that_the_environment_names_is_gone_through(
    serve: Serve, authority: trustme.CA, ca_file: str, scope: Scope
) -> None:
    shop = showing(chain(leaf(authority, HOST)))
    asked: list[bytes] = []

    def proxy(connection: socket.socket) -> None:
        asked.append(read_request(connection).splitlines()[0])
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        with suppress(OSError):
            shop(connection)

    environ = {"https_proxy": f"http://127.0.0.1:{serve(proxy)}", "REQUESTS_CA_BUNDLE": ca_file}
    result = judged(replace(scope, doors=open_doors(environ)), 993, host="mail.inner.example")
    assert (result.verdict, asked) == (Verdict.OK, [b"CONNECT mail.inner.example:993 HTTP/1.1"])
    assert result.message.startswith("the certificate of mail.inner.example:993 expires in 90 days, ")


# --- the configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "name", "subject", "task"),
    [
        ({"host": HOST}, "tls_shop_example", "shop.example:443", "ask shop.example:443 for a certificate"),
        (
            {"host": HOST, "port": 8443},
            "tls_shop_example_8443",
            "shop.example:8443",
            "ask shop.example:8443 for a certificate",
        ),
        (
            {"host": "2001:db8::1", "server_name": HOST},
            "tls_2001_db8_1",
            "[2001:db8::1]:443 as shop.example",
            "ask [2001:db8::1]:443 for a certificate that is for shop.example",
        ),
    ],
    ids=["host", "port", "server-name"],
)
def test_the_name_the_subject_and_the_task_say_what_is_looked_at(
    config: dict[str, Any], name: str, subject: str, task: str, scope: Scope
) -> None:
    check = read(Tls, config)
    assert (check.default_name, check.subject(scope), check.task) == (name, subject, task)
    assert check.confirmation.tries == 2


def test_a_host_that_is_not_known_yet_gives_no_name() -> None:
    assert read(Tls, {"host": Template("{{ inputs.host }}")}).default_name is None


@pytest.mark.parametrize(
    ("key", "given", "hint"),
    [
        ("host", "https://shop.example/cart", 'write "shop.example"'),
        ("host", "https://shop.example:8443", 'write "shop.example" and port: 8443'),
        ("host", "shop.example:8443", 'write "shop.example" and port: 8443'),
        ("server_name", "shop.example:8443", 'write "shop.example"'),
    ],
    ids=["url", "url-port", "port", "server-name"],
)
def test_more_than_a_host_is_refused(key: str, given: str, hint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Tls, {"host": HOST, key: given})
    (line,) = problems(caught.value)
    assert (line["loc"], line["msg"], line["ctx"]["hint"]) == ((key,), f'"{given}" is more than a host', hint)


def test_a_password_before_the_host_is_not_shown() -> None:
    with pytest.raises(ValidationError) as caught:
        read(Tls, {"host": "https://me:s3cr3t@shop.example"})
    (line,) = problems(caught.value)
    assert (line["msg"], line["ctx"]["hint"]) == (
        '"https://…@shop.example" is more than a host',
        'write "shop.example"',
    )
