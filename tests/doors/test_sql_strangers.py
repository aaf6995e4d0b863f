"""The door to database servers where somebody else answers, in another language, with evil intent, or nobody at all."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.deadline import Deadline
from runner.doors.net import Net
from runner.doors.sql import Sql
from runner.errors import Cancelled, NodeError, TimedOut, Unreachable
from runner.spec.databases import database_url
from tests.doors.conftest import answer, silent, speaking
from tests.doors.databases import (
    GREETING,
    KINDS,
    every_kind,
    failure,
    fault,
    in_time,
    message,
    mysql_that_answers,
    packet,
    postgresql_that_wants_the_password,
    said,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.spec.databases import DatabaseUrl
    from tests.doors.conftest import Serve, Talk
    from tests.servers import Private

PRODUCTS: Final = {"postgresql": "PostgreSQL", "mysql": "MySQL"}


# --- somebody else answers, or nobody ----------------------------------------------------------------


FOREIGN: Final = {
    "smtp": speaking(b"220 mail.example ESMTP\r\n"),
    "http": speaking(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "ftp": speaking(b"220-Welcome\r\n220 \r\n"),
    "zeroes": speaking(bytes(64)),
}


@every_kind
@pytest.mark.parametrize("talk", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_where_another_service_answers_no_database_does(kind: str, talk: Talk, tls: bool, serve: Serve) -> None:
    port = serve(talk)
    plain = {"postgresql": "?sslmode=disable", "mysql": "?ssl_mode=DISABLED"}[kind]
    error = failure(f"{kind}://u:p@127.0.0.1:{port}/shop{'' if tls else plain}", limit=5)
    assert said(error) == (
        "other_service",
        f"no {PRODUCTS[kind]} server answers at 127.0.0.1:{port}: something else listens there",
        NodeError,
    )


def test_a_postgresql_is_no_mysql_and_the_other_way_round(
    shared_postgres: DatabaseUrl, shared_mysql: DatabaseUrl
) -> None:
    with pytest.raises(NodeError) as caught:
        Sql().connect(replace(shared_mysql, kind="postgresql"), Deadline(5))
    assert caught.value.code == "other_service"
    with in_time(0.5), pytest.raises(TimedOut):
        Sql().connect(replace(shared_postgres, kind="mysql"), Deadline(0.5))


@every_kind
def test_a_connection_that_is_closed_at_once_is_lost(kind: str, serve: Serve) -> None:
    port = serve(lambda connection: connection.close())
    assert said(failure(f"{kind}://u:p@127.0.0.1:{port}/shop")) == (
        "connection_lost",
        f"connection to {kind} at 127.0.0.1:{port}/shop lost: closed by the other side",
        Unreachable,
    )


def trickling(raw: bytes) -> Talk:
    """Say something, without being asked, one byte at a time."""

    def talk(connection: socket.socket) -> None:
        for byte in raw:
            connection.sendall(bytes((byte,)))
            time.sleep(0.05)

    return talk


SLOW: Final = {
    "silent": silent,
    "web": answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"),  # it waits for the end of a request that never ends
}


@every_kind
@pytest.mark.parametrize("talk", SLOW.values(), ids=SLOW)
def test_who_takes_the_connection_and_does_not_answer_holds_nobody_up(kind: str, talk: Talk, serve: Serve) -> None:
    port = serve(talk)
    with in_time(0.5):
        error = failure(f"{kind}://u:p@127.0.0.1:{port}/shop", limit=0.5)
    assert said(error) == (
        "timed_out",
        f"{kind} at 127.0.0.1:{port}/shop took the connection and then did not answer within 500ms",
        TimedOut,
    )


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("postgresql", b"R" + struct.pack(">ii", 1500, 10) + b"SCRAM-SHA-256" * 99),
        ("mysql", packet(0, GREETING)),
    ],
    ids=KINDS,
)
def test_who_drips_holds_nobody_up(kind: str, raw: bytes, serve: Serve) -> None:
    port = serve(trickling(raw))
    more = "?sslmode=disable" if kind == "postgresql" else ""
    with in_time(0.7):
        error = failure(f"{kind}://u:p@127.0.0.1:{port}/shop{more}", limit=0.7)
    assert error.code == "timed_out"


@every_kind
def test_who_does_not_even_take_the_connection_holds_nobody_up(kind: str, blackhole: int) -> None:
    with in_time(0.5):
        error = failure(f"{kind}://u:p@127.0.0.1:{blackhole}/shop", limit=0.5)
    assert said(error) == (
        "timed_out",
        f"{kind} at 127.0.0.1:{blackhole}/shop did not take the connection within 500ms",
        TimedOut,
    )


@every_kind
def test_a_name_that_is_looked_up_for_ever_holds_nobody_up(kind: str) -> None:
    def lookup(*_: object, flags: int = 0, **__: object) -> list[Any]:
        if not flags:
            time.sleep(3)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with in_time(0.5):
        error = failure(f"{kind}://u:p@db.example/shop", limit=0.5, door=Sql(net=Net(lookup=lookup)))
    late = "the name db.example does not resolve in time: timed out after 500ms"
    assert said(error) == ("not_resolved", late, Unreachable)


@every_kind
def test_the_connect_timeout_of_a_url_counts(kind: str, serve: Serve) -> None:
    port = serve(silent)
    with in_time(1):
        error = failure(f"{kind}://u:p@127.0.0.1:{port}/shop?connect_timeout=1", limit=20)
    assert error.message.endswith(" did not answer within 1s")


@every_kind
def test_a_login_is_given_up_when_the_run_is_told_to_stop(kind: str, serve: Serve) -> None:
    deadline = Deadline(20)
    threading.Timer(0.3, deadline.cancel).start()
    with in_time(0.3), pytest.raises(Cancelled):
        Sql().connect(database_url(f"{kind}://u:p@127.0.0.1:{serve(silent)}/shop"), deadline)


def test_a_server_that_has_its_client_reckon_for_ever_holds_nobody_up(serve: Serve) -> None:
    """SCRAM lets the server say how often the password is hashed."""

    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(message(b"R", struct.pack(">i", 10) + b"SCRAM-SHA-256\0\0"))
        nonce = connection.recv(1000).partition(b"r=")[2]
        first = b"r=" + nonce + b"more,s=c2FsdHNhbHRzYWx0c2FsdA==,i=20000000"
        connection.sendall(message(b"R", struct.pack(">i", 11) + first))
        silent(connection)

    with in_time(0.5):
        error = failure(f"postgresql://u:p@127.0.0.1:{serve(talk)}/shop?sslmode=disable", limit=0.5)
    assert error.code == "timed_out"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('password authentication failed for user "app"', "login_refused"),
        ("Passwort-Authentifizierung für Benutzer »app« fehlgeschlagen", "login_refused"),
        ("кто ты", "login_refused"),
        ("no such user: app", "login_refused"),
        ('role "app" is not permitted to log in', "login_refused"),
        ("invalid value", "login_refused"),
        ('database "shop" does not exist', "no_database"),
        ("no such database: shop", "no_database"),
        ("sorry, too many clients already", "not_ready"),
        ('too many connections for role "app"', "not_ready"),
        ("remaining connection slots are reserved for roles with the SUPERUSER attribute", "not_ready"),
        ("the database system is starting up", "not_ready"),
        ("the database system is in recovery mode", "not_ready"),
        ("terminating connection due to administrator command", "not_ready"),
        ("pgbouncer cannot connect to server", "not_ready"),
        ("server login has been failing, try again later (server_login_retry)", "not_ready"),
    ],
)
@pytest.mark.parametrize("severity", ["FATAL", "ВАЖНО"])
def test_the_words_of_servers_and_poolers_are_understood(words: str, code: str, severity: str, serve: Serve) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(message(b"E", f"S{severity}\0C28000\0M{words}\0\0".encode()))

    error = failure(f"postgresql://app:p@127.0.0.1:{serve(talk)}/shop?sslmode=disable")
    assert error.code == code
    assert error.message.endswith(f": {words}")


@every_kind
def test_a_server_that_says_the_password_back_is_not_quoted(kind: str, serve: Serve) -> None:
    words = "who is app with hunter2?\x1b[31m And what else"

    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(message(b"E", f"SFATAL\0VFATAL\0C28P01\0M{words}\0\0".encode()))

    port = serve(talk if kind == "postgresql" else mysql_that_answers(fault(1045, words)))
    more = "?sslmode=disable" if kind == "postgresql" else ""
    assert failure(f"{kind}://app:hunter2@127.0.0.1:{port}/shop{more}").message == (
        f"{kind} at 127.0.0.1:{port}/shop refuses the login of app: who is app with «password of database URL»?"
        " [31m And what else"
    )


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200), cut=st.integers(0, len(GREETING)))
def test_a_mysql_that_talks_nonsense_after_its_greeting_is_none(raw: bytes, cut: int, nonsense: Nonsense) -> None:
    nonsense.said = packet(0, GREETING[:cut] + raw)
    error = failure(f"mysql://u:p@127.0.0.1:{nonsense.port}/shop", limit=5)
    assert error.code in {"other_service", "connection_lost", "login_refused"}


@dataclass
class Nonsense:
    """A server that says something else to each client."""

    said: bytes = b""
    port: int = 0

    def talk(self, connection: socket.socket) -> None:
        connection.sendall(self.said)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)


@pytest.fixture
def nonsense(serve: Serve) -> Nonsense:
    server = Nonsense()
    server.port = serve(server.talk)
    return server


# --- passwords in the clear --------------------------------------------------------------------------


class Elsewhere(Net):
    """A network in which the servers of this machine are another's."""

    __slots__ = ()

    def connect(self, host: str, port: int, deadline: Deadline, *, trusted: bool = True) -> socket.socket:
        return Faraway(super().connect(host, port, deadline, trusted=trusted))


class Faraway(socket.socket):
    def __init__(self, near: socket.socket) -> None:
        super().__init__(near.family, near.type, near.proto, fileno=near.detach())

    def getpeername(self) -> tuple[str, int]:
        return "192.0.2.7", 3306


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog"])
def test_a_password_of_mysql_never_goes_in_the_clear_to_another_machine(plugin: bytes, serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(mysql_that_answers(b"\xfe" + plugin + b"\0Password: ", seen=seen))
    error = failure(f"mysql://app:hunter2@127.0.0.1:{port}/shop", door=Sql(net=Elsewhere()))
    hint = "it asks for the password in the clear; have its URL ask for TLS with ssl_mode=REQUIRED"
    assert said(error) == (
        "login_refused",
        f"mysql at 127.0.0.1:{port}/shop refuses the login of app: {hint}",
        NodeError,
    )
    assert b"hunter2" not in b"".join(seen)


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog"])
def test_a_password_of_mysql_goes_as_it_is_where_nobody_listens(plugin: bytes, serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(mysql_that_answers(b"\xfe" + plugin + b"\0Password: ", seen=seen))
    failure(f"mysql://app:hunter2@127.0.0.1:{port}/shop", limit=2)
    assert seen[1][4:] == b"hunter2\0"


def test_a_password_of_postgresql_goes_as_it_is_over_tls_or_at_home(private_postgres: Private) -> None:
    for more in ("?sslmode=require", "?sslmode=disable", ""):
        url = database_url(private_postgres.url(more, user="in_the_clear"))
        assert Sql().ask(url, "SELECT 1", Deadline(10)).row == (1,)


def test_a_password_of_postgresql_never_goes_in_the_clear_to_another_machine(serve: Serve) -> None:
    seen: list[bytes] = []
    with address_of_another_machine() as ip:
        port = serve(postgresql_that_wants_the_password(seen), host=ip)
        error = failure(f"postgresql://app:hunter2@{ip}:{port}/shop")
    assert said(error) == (
        "login_refused",
        (
            f"postgresql at {ip}:{port}/shop refuses the login of app: it asks for the password in the clear; have its"
            " URL ask for TLS with sslmode=require"
        ),
        NodeError,
    )
    assert b"hunter2" not in b"".join(seen)


@contextmanager
def address_of_another_machine() -> Iterator[str]:
    """An address of this machine that looks like any other's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        if sock.connect_ex(("192.0.2.1", 9)):
            pytest.skip("this machine has no address beside those that lead back to it")
        yield sock.getsockname()[0]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b"\x01\x04", "it wants the password encrypted; have its URL ask for TLS with ssl_mode=REQUIRED"),
        (
            b"\xfeclient_ed25519\0" + bytes(32),
            "it wants a proof by ed25519, which the runner cannot give; let the user log in another way",
        ),
        (b"\xfeparsec\0", "Authentication plugin 'b'parsec'' not configured"),
    ],
    ids=["sha2", "ed25519", "parsec"],
)
def test_a_way_to_log_in_that_is_not_known_is_said_to_be_none(
    body: bytes, hint: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pymysql._auth._have_cryptography", False)  # as where the runner runs: tests alone need it
    port = serve(mysql_that_answers(body, b"\x01-----BEGIN PUBLIC KEY-----"))
    error = failure(f"mysql://app:hunter2@127.0.0.1:{port}/shop")
    assert said(error) == (
        "login_refused",
        f"mysql at 127.0.0.1:{port}/shop refuses the login of app: {hint}",
        NodeError,
    )


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (b"\x15\x03\x03\x00\x02\x02\x28", "tls", "refused the TLS handshake: see its log;"),
        (b"\x15\x03\x03\x00\x02\x02\x74", "client_certificate", "wants a certificate of its clients, and the runner"),
        (b"hello there", "tls", "does not speak TLS on this port"),
        (b"", "connection_lost", "lost: closed by the other side"),
    ],
    ids=["handshake failure", "certificate required", "no TLS at all", "closed"],
)
def test_a_handshake_that_fails_is_told_in_plain_words(said: bytes, code: str, words: str, serve: Serve) -> None:
    def mysql(connection: socket.socket) -> None:
        connection.sendall(packet(0, GREETING.replace(b"\xdf\xf7", b"\xdf\xff")))  # it offers TLS
        connection.recv(1000)
        connection.sendall(said)

    port = serve(mysql)
    error = failure(f"mysql://app:p@127.0.0.1:{port}/shop?ssl_mode=REQUIRED")
    assert error.code == code
    assert f"mysql at 127.0.0.1:{port}/shop {words}" in error.message
