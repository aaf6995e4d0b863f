from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from runner.checks.judging import Judged, examine
from runner.checks.tcp import MAX_ANSWER, Tcp
from runner.results import Verdict
from runner.secrets import Secret
from runner.validators import problems, read

if TYPE_CHECKING:
    from runner.scope import Scope

Listen = Callable[[Callable[[socket.socket], None]], int]


def judged(scope: Scope, port: int, **config: Any) -> Judged:  # noqa: ANN401 - as a file has it
    check = read(Tcp, {"host": "127.0.0.1", "port": port, "confirm": {"tries": 1}, **config})
    return examine(check, scope)


def echo(connection: socket.socket) -> None:
    connection.sendall(b"hello " + connection.recv(100))


def silent(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(1)


def dripping(connection: socket.socket) -> None:
    with suppress(OSError):
        for _ in range(100):
            connection.sendall(b".")
            time.sleep(0.05)


def test_a_port_that_takes_connections_is_ok(listen: Listen, scope: Scope) -> None:
    port = listen(silent)
    result = judged(scope, port)
    assert result.verdict is Verdict.OK
    assert result.message.startswith(f"127.0.0.1:{port} took the connection in ")
    assert list(result.seen.metrics) == ["connect_ms"]
    assert result.seen.unit == "s"


def test_the_connect_time_crosses_a_threshold(listen: Listen, scope: Scope) -> None:
    result = judged(scope, listen(silent), warning={"below": "1h"})
    assert (result.verdict, result.threshold) == (Verdict.WARNING, "below 1h")


def test_a_refused_connection_is_critical(closed_port: int, scope: Scope) -> None:
    result = judged(scope, closed_port)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "connection_refused")
    assert result.message == f"connection refused by 127.0.0.1:{closed_port}"


def test_what_is_sent_may_hold_a_secret_and_the_answer_is_judged(listen: Listen, scope: Scope) -> None:
    result = judged(scope, listen(echo), send=Secret("WORD", "open sesame"), expect={"contains": "sesame"})
    assert result.verdict is Verdict.OK
    assert result.message.endswith(" and said “hello open sesame”")
    assert result.seen.metrics["bytes"] == 17


@pytest.mark.parametrize(
    ("expect", "wanted"),
    [
        ({"contains": "bye"}, "“bye”"),
        ({"matches": "^bye$"}, "a match of ^bye$"),
        ({"contains": "hello", "matches": "^bye$"}, "“hello” and a match of ^bye$"),
    ],
    ids=["contains", "matches", "both"],
)
def test_another_answer_is_critical(expect: dict[str, str], wanted: str, listen: Listen, scope: Scope) -> None:
    port = listen(echo)
    result = judged(scope, port, send="you", expect=expect)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "content")
    assert result.message == f"127.0.0.1:{port} said “hello you”, expected {wanted}"


def test_an_answer_without_end_is_read_up_to_a_limit(listen: Listen, scope: Scope) -> None:
    def chatter(connection: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection.sendall(b"x" * 4096)

    result = judged(scope, listen(chatter), expect={"contains": "y"})
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "content")
    assert MAX_ANSWER <= int(str(result.seen.metrics["bytes"])) < MAX_ANSWER + 4096


@pytest.mark.parametrize(
    ("talk", "said", "code"),
    [(silent, "nothing", "timed_out"), (dripping, "“.", "content")],
    ids=["silent", "dripping"],
)
def test_an_answer_that_does_not_come_is_critical_when_the_time_is_up(
    talk: Callable[[socket.socket], None], said: str, code: str, listen: Listen, scope: Scope
) -> None:
    port, started = listen(talk), time.monotonic()
    result = judged(scope, port, timeout="200ms", expect={"contains": "hello"})
    assert time.monotonic() - started < 0.2 + 2
    assert (result.verdict, result.code) == (Verdict.CRITICAL, code)
    assert result.message.startswith(f"127.0.0.1:{port} said {said}")
    assert result.message.endswith(" in 200ms, expected “hello”")


def test_bytes_that_are_no_text_are_left_out_of_the_message(listen: Listen, scope: Scope) -> None:
    port = listen(lambda connection: connection.sendall(b"J\0\0\0\xff\xfe5.5.5-MariaDB\0\x80\x81\r\n"))
    result = judged(scope, port, expect={"contains": "SSH"})
    assert result.message == f"127.0.0.1:{port} said “J 5.5.5-MariaDB”, expected “SSH”"


def test_a_connection_that_is_reset_is_critical(listen: Listen, scope: Scope) -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    result = judged(scope, listen(reset), expect={"contains": "hello"})
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "connection_lost")


def test_the_name_and_the_subject_are_host_and_port(scope: Scope) -> None:
    check = read(Tcp, {"host": "db.internal", "port": 5432})
    assert (check.default_name, check.subject(scope)) == ("tcp_db_internal_5432", "db.internal:5432")
    assert check.task == "connect to db.internal:5432"


@pytest.mark.parametrize(
    ("given", "shown", "hint"),
    [
        ("me:s3cr3t@db.example", "…@db.example", 'write "db.example"'),
        ("db.example:5432", "db.example:5432", 'write "db.example" and port: 5432'),
        ("tcp://db.example", "tcp://db.example", 'write "db.example"'),
    ],
)
def test_more_than_a_host_is_refused_and_no_password_shown(given: str, shown: str, hint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Tcp, {"host": given, "port": 5432})
    (line,) = problems(caught.value)
    assert (line["loc"], line["msg"], line["ctx"]["hint"]) == (("host",), f'"{shown}" is more than a host', hint)
