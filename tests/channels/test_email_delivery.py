"""Handing mail in: what is tried again, what is kept from others, and who logs in."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from runner.doors import open_doors
from runner.doors.distrust import REMEDIES, Distrust
from runner.errors import Cancelled
from runner.nodes.notify import Notify
from tests.channels.mails import ALL, FROM, ONCALL, sent
from tests.channels.smtp_server import HANG_UP, PASSWORD, SILENCE, mail_server, scripted
from tests.channels.stage import FULL_DISK, checked, make_scope
from tests.doors.conftest import dripping, silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channels.smtp_server import Post
    from tests.doors.conftest import Serve


# Trying again


def test_a_greylisting_server_is_asked_again(post: Post) -> None:
    post.answer(ONCALL, "450 4.7.1 greylisted, try again")
    delivery = sent(post.port)
    assert (delivery.status, delivery.attempts, len(post.mails), post.sessions) == ("sent", 2, 1, 2)


def test_a_server_that_goes_on_putting_it_off_is_named(post: Post) -> None:
    post.answer(ONCALL, *["450 4.7.1 greylisted"] * 3)
    failed = sent(post.port)
    said = f"{post.where} puts it off for {ONCALL} (450 4.7.1 greylisted)"
    assert (failed.status, failed.attempts, failed.error) == ("failed", 3, said)


def test_only_who_was_put_off_is_asked_again(post: Post) -> None:
    post.answer("a@example.org", "550 no")
    post.answer("b@example.org", "451 later")
    delivery = sent(post.port, to_addresses=list(ALL))
    assert post.asked == [*ALL, "b@example.org"]
    assert [arrived.recipients for arrived in post.mails] == [("c@example.org",), ("b@example.org",)]
    said = "sent to 2 of 3; refused: a@example.org (550 no)"
    assert (delivery.status, delivery.attempts, delivery.error) == ("sent", 2, said)


def test_who_has_it_counts_though_another_is_put_off_to_the_end(post: Post) -> None:
    post.answer("b@example.org", *["451 later"] * 3)
    delivery = sent(post.port, to_addresses=list(ALL))
    said = "sent to 2 of 3; refused: b@example.org (451 later)"
    assert (delivery.status, delivery.attempts, delivery.error) == ("sent", 3, said)
    assert delivery.message_id == str(post.mails[0].mail["Message-ID"])
    assert len(post.mails) == 1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"greeting": "421 too busy"}, "{where} answered 421 too busy to the connection"),
        ({"greeting": "554 go away"}, "{where} answered 554 go away to the connection"),
        ({"greeting": HANG_UP}, "connection to {where} lost: closed by the other side"),
        ({"EHLO": HANG_UP}, "connection to {where} lost: closed by the other side"),
        ({"MAIL": "451 not now"}, "{where} refused the sender watch@example.org: 451 not now"),
        ({"MAIL": "553 not yours"}, "{where} refused the sender watch@example.org: 553 not yours"),
        (
            {"MAIL": "530 log in first"},
            (
                "{where} refused the sender watch@example.org: 530 log in first"
                ": give username and password, or SMTP_URL with both"
            ),
        ),
        ({"RCPT": "421 closing"}, "{where} answered 421 closing"),
        ({"RCPT": HANG_UP}, "connection to {where} lost: closed by the other side"),
        ({"DATA": "451 no room"}, "{where} answered 451 no room to the message"),
        ({"DATA": HANG_UP}, "connection to {where} lost: closed by the other side"),
        ({"MESSAGE": "554 5.7.1 looks like spam"}, "{where} answered 554 5.7.1 looks like spam to the message"),
        ({"MESSAGE": "451 later"}, "{where} answered 451 later to the message"),
    ],
)
def test_what_the_server_cannot_have_taken_is_tried_again_where_that_may_help(
    serve: Serve, script: dict[str, str], error: str
) -> None:
    heard: list[bytes] = []
    port = serve(scripted(heard, **script))
    failed = sent(port, scope=make_scope(seconds=1.9))  # enough for one more try
    final = any(reply.startswith("5") for reply in script.values())
    assert (failed.status, failed.error) == ("failed", error.format(where=f"127.0.0.1:{port}"))
    assert failed.attempts == (1 if final else 2)


@pytest.mark.parametrize("reply", [HANG_UP, SILENCE], ids=["hangs up", "says nothing"])
def test_what_the_server_may_have_taken_is_not_sent_again(serve: Serve, reply: str) -> None:
    heard: list[bytes] = []
    port = serve(scripted(heard, MESSAGE=reply))
    failed = sent(port, scope=make_scope(seconds=2))
    where = f"127.0.0.1:{port}"
    said = f"{where} has the whole message and did not say that it takes it, so it may arrive: "
    why = {HANG_UP: f"connection to {where} lost: closed by the other side", SILENCE: f"timed out after 2s ({where})"}
    assert (failed.status, failed.attempts, failed.error) == ("failed", 1, said + why[reply])
    assert sum(line.startswith(b"DATA") for line in heard) == 1


def test_a_server_that_is_silent_after_it_took_the_mail_does_not_hold_it_up(serve: Serve) -> None:
    port = serve(scripted([], QUIT=SILENCE))
    started = time.monotonic()
    assert sent(port).status == "sent"
    assert time.monotonic() - started < 8


def test_a_server_that_is_not_there_is_tried_three_times(free_port: int) -> None:
    failed = sent(free_port)
    said = f"connection refused by 127.0.0.1:{free_port}"
    assert (failed.status, failed.attempts, failed.error) == ("failed", 3, said)


@pytest.mark.parametrize("way", [silent, dripping(b"220-x\r\n" * 1000), scripted([], greeting=SILENCE)])
def test_a_server_that_takes_its_time_is_left(serve: Serve, way: Callable[..., object]) -> None:
    port = serve(way)
    started = time.monotonic()
    failed = sent(port, scope=make_scope(seconds=1))
    assert time.monotonic() - started < 6
    assert (failed.status, failed.attempts, failed.error) == ("failed", 1, f"timed out after 1s (127.0.0.1:{port})")


def test_a_server_whose_answer_never_ends_is_left(serve: Serve) -> None:
    def endless(connection: Any) -> None:  # noqa: ANN401 - a socket
        while True:
            connection.sendall(b"220-and more\r\n")
            time.sleep(0.02)

    failed = sent(serve(endless), scope=make_scope(seconds=1))
    assert (failed.error or "").startswith("timed out after 1s (127.0.0.1:")


def test_a_run_that_is_stopped_stops_sending(serve: Serve) -> None:
    port = serve(scripted([], MAIL=SILENCE))
    scope = make_scope()
    threading.Timer(0.3, scope.deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        sent(port, scope=scope)
    assert time.monotonic() - started < 8


# Privacy


@pytest.fixture
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost", "127.0.0.1")


@pytest.mark.parametrize("options", [{"use_tls": True}, {"use_tls": None, "use_ssl": True}], ids=["STARTTLS", "TLS"])
def test_a_mail_goes_over_tls_with_a_login(
    certificate: trustme.LeafCert, ca_file: str, options: dict[str, Any]
) -> None:
    doors = open_doors({"SSL_CERT_FILE": ca_file})
    login = {"username": "watch", "password": PASSWORD}
    with mail_server(certificate, implicit="use_ssl" in options, login=True) as post:
        delivery = sent(post.port, scope=make_scope(doors=doors), **{"smtp_host": "localhost", **login, **options})
        assert (delivery.status, delivery.error) == ("sent", None)
        (arrived,) = post.mails
    assert (arrived.over_tls, arrived.user) == (True, "watch")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "other.example",
            "is for another name: have the server use one that names localhost, or ask for a name that it is for",
        ),
        (
            "localhost",
            f"comes without that of its issuer, which is not known here either: {REMEDIES[Distrust.INCOMPLETE]}",
        ),
    ],
    ids=["wrong name", "nobody's authority"],
)
@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS"])
def test_a_certificate_that_is_not_good_ends_it(
    authority: trustme.CA, ca_file: str, name: str, reason: str, implicit: bool
) -> None:
    issuer = authority if name != "localhost" else trustme.CA()
    doors = open_doors({"SSL_CERT_FILE": ca_file})
    options = {"use_ssl": True} if implicit else {"use_tls": True}
    with mail_server(issuer.issue_cert(name), implicit=implicit, login=True) as post:
        given: dict[str, Any] = {
            "use_tls": None,
            "smtp_host": "localhost",
            "username": "watch",
            "password": PASSWORD,
            **options,
        }
        failed = sent(post.port, scope=make_scope(doors=doors), **given)
        error = f"the certificate of localhost:{post.port} {reason}"
        assert (failed.status, failed.attempts, failed.error) == ("failed", 1, error)
        assert post.mails == []


def test_an_expired_certificate_ends_it(authority: trustme.CA, ca_file: str) -> None:
    expired = authority.issue_cert("localhost", not_after=datetime.now(UTC) - timedelta(days=1))
    with mail_server(expired) as post:
        scope = make_scope(doors=open_doors({"SSL_CERT_FILE": ca_file}))
        failed = sent(post.port, scope=scope, smtp_host="localhost", use_tls=True)
    said = "has expired, or one that vouches for it has: renew it, and have the server load the new one"
    assert failed.error == f"the certificate of localhost:{post.port} {said}"


def test_nothing_is_said_to_a_server_that_cannot_go_on_in_tls(post: Post) -> None:
    failed = sent(post.port, use_tls=True)
    said = "give use_ssl: true and its port for TLS, or use_tls: false to do without"
    assert (failed.attempts, failed.error) == (1, f"{post.where} offers no STARTTLS: {said}")
    assert post.asked == []


def test_tls_from_the_first_byte_is_not_spoken_by_every_port(post: Post) -> None:
    failed = sent(post.port, use_tls=None, use_ssl=True)
    said = "give the port that does, often 465, or use_tls in place of use_ssl for STARTTLS"
    assert (failed.attempts, failed.error) == (1, f"{post.where} does not speak TLS on this port: {said}")


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS"])
def test_a_handshake_that_hangs_is_left(serve: Serve, implicit: bool) -> None:
    def talk(connection: Any) -> None:  # noqa: ANN401 - a socket
        if not implicit:
            connection.sendall(b"220 mail.test\r\n")
            connection.recv(1000)
            connection.sendall(b"250-mail.test\r\n250 STARTTLS\r\n")
            connection.recv(1000)
            connection.sendall(b"220 go on\r\n")
        silent(connection)

    port = serve(talk)
    started = time.monotonic()
    options = {"use_tls": None, "use_ssl": True} if implicit else {"use_tls": True}
    failed = sent(port, scope=make_scope(seconds=1), **options)
    assert time.monotonic() - started < 6
    assert (failed.attempts, failed.error) == (1, f"timed out after 1s (127.0.0.1:{port})")


def test_what_was_said_before_tls_counts_for_nothing_in_it(serve: Serve) -> None:
    """Somebody between could have slipped it in."""

    def talk(connection: Any) -> None:  # noqa: ANN401 - a socket
        connection.sendall(b"220 mail.test\r\n")
        connection.recv(1000)
        connection.sendall(b"250-mail.test\r\n250 STARTTLS\r\n")
        connection.recv(1000)
        connection.sendall(b"220 go on\r\n250-injected\r\n250 AUTH PLAIN\r\n")
        silent(connection)

    failed = sent(serve(talk), scope=make_scope(seconds=2), use_tls=True)
    assert (failed.error or "").startswith(("TLS: ", "timed out after 2s"))


# Logging in


@pytest.fixture
def elsewhere(serve: Serve) -> tuple[str, int]:
    """A mail server on this machine under an address that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: the system only picks the address it would send from
        except OSError:
            pytest.skip("this machine has no address but loopback")
        host = probe.getsockname()[0]
    if host.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    return host, serve(scripted([], EHLO="250-mail.test\r\n250 AUTH PLAIN"), host)


def test_a_wrong_password_names_where_it_comes_from_and_not_itself() -> None:
    wrong = "not-the-password"
    reply = "535 5.7.8 Authentication credentials invalid"
    said = f"{{where}} does not accept the user name and the password: check {{what}} ({reply})"
    with mail_server(login=True) as post:
        failed = sent(post.port, username="watch", password=wrong)
        assert (failed.attempts, failed.error) == (1, said.format(where=post.where, what="username and password"))
        variables = {"SMTP_URL": f"smtp://watch:{wrong}@{post.where}?tls=no", "SMTP_FROM": FROM, "SMTP_TO": ONCALL}
        scope = make_scope(checked(disk=FULL_DISK), variables=variables)
        with pytest.raises(Exception, match="reached nobody") as caught:
            Notify.parse({"driver": "email"}).run(scope)
        assert said.format(where=post.where, what="SMTP_URL") in str(caught.value)
        assert wrong not in str(caught.value)
        assert post.mails == []


@pytest.mark.parametrize("offered", ["PLAIN LOGIN", "LOGIN"])
def test_a_password_beyond_ascii_gets_through(serve: Serve, offered: str) -> None:
    heard: list[bytes] = []
    port = serve(_with_login(heard, offered))
    login: dict[str, Any] = {"username": "jörg", "password": "pässwört"}
    assert sent(port, **login).status == "sent"
    assert any(b"AUTH PLAIN AGrDtnJnAHDDpHNzd8O2cnQ=" in line for line in heard) == (offered != "LOGIN")
    assert (b"cMOkc3N3w7ZydA==\r\n" in heard) == (offered == "LOGIN")


def _with_login(heard: list[bytes], offered: str) -> Callable[..., None]:
    """Speak SMTP, offer ways to log in, and agree to whoever does."""

    def talk(connection: Any) -> None:  # noqa: ANN401 - a socket
        connection.sendall(b"220 mail.test\r\n")
        waiting = 0
        with connection.makefile("rb") as lines:
            for line in lines:
                heard.append(line)
                if line.startswith(b"ehlo"):
                    reply = f"250-mail.test\r\n250 AUTH {offered}"
                elif line == b"AUTH LOGIN\r\n":
                    reply, waiting = "334 VXNlcm5hbWU6", 2
                elif waiting:
                    waiting -= 1
                    reply = "334 UGFzc3dvcmQ6" if waiting else "235 welcome"
                elif line.startswith(b"AUTH"):
                    reply = "235 welcome"
                elif line.startswith(b"DATA"):
                    connection.sendall(b"354 go on\r\n")
                    heard.append(b"".join(iter(lines.readline, b".\r\n")))
                    reply = "250 OK"
                else:
                    reply = "250 OK"
                connection.sendall(f"{reply}\r\n".encode())

    return talk


@pytest.mark.parametrize(
    ("ehlo", "error"),
    [
        ("250 mail.test", "offers no login"),
        (
            "250-mail.test\r\n250 AUTH XOAUTH2 GSSAPI",
            "offers the ways XOAUTH2, GSSAPI, and the runner knows PLAIN and LOGIN",
        ),
    ],
)
def test_a_server_without_a_way_to_log_in_says_so(serve: Serve, ehlo: str, error: str) -> None:
    port = serve(scripted([], EHLO=ehlo))
    failed = sent(port, username="watch", password=PASSWORD)
    assert (failed.attempts, failed.error) == (1, f"127.0.0.1:{port} {error}")


def test_a_login_that_the_server_puts_off_is_tried_again(serve: Serve) -> None:
    port = serve(scripted([], EHLO="250-mail.test\r\n250 AUTH PLAIN", AUTH="454 4.7.0 busy"))
    failed = sent(port, username="watch", password=PASSWORD)
    assert failed.attempts == 3
    assert (failed.error or "").endswith("check username and password (454 4.7.0 busy)")


def test_a_password_is_not_sent_in_the_clear_but_to_this_machine() -> None:
    with mail_server(login=True) as post:
        assert sent(post.port, username="watch", password=PASSWORD).status == "sent"
        assert post.mails[0].user == "watch"


def test_a_password_does_not_cross_a_network_in_the_clear(elsewhere: tuple[str, int]) -> None:
    host, port = elsewhere
    failed = sent(port, smtp_host=host, username="watch", password=PASSWORD)
    said = f"the password is not sent to {host}:{port} without TLS: give use_tls: true, or use_ssl: true and its port"
    assert (failed.attempts, failed.error) == (1, said)
