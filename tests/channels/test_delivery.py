from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from runner.channels.delivery import Delivery, deliver
from runner.channels.generic import Generic
from runner.channels.log import LogLines
from runner.channels.slack import Slack
from runner.channels.writing import write
from runner.errors import Cancelled
from runner.facts import gather
from runner.secrets import Sealed
from tests.channels.stage import FULL_DISK, checked, make_scope, said

if TYPE_CHECKING:
    from runner.channels.message import Message
    from tests.channels.stage import Receiver

PATH = "/services/T000/B000/very-secret"


@pytest.fixture
def message() -> Message:
    scope = make_scope(checked(disk=FULL_DISK))
    return write(scope, gather(scope), datetime(2026, 3, 1, 12, 1, tzinfo=UTC))


def test_the_log_gets_the_message_line_by_line(message: Message) -> None:
    scope = make_scope()
    assert deliver(LogLines(), message, scope) == Delivery(driver="log", status="sent", attempts=1)
    assert said(scope) == [
        "warning: [CRITICAL] db1: disk / is 96.2% full, above 95%",
        "Limits: warning above 80%, critical above 95%.",
        "First seen in this run.",
        "This run: https://ci.example/runs/1",
        "web-health · production · run run-1",
    ]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_the_server_may_take_later_is_sent_again(receiver: Receiver, message: Message, status: int) -> None:
    receiver.answer(status, b"busy")
    assert deliver(Slack(webhook_url=receiver.url), message, make_scope()).attempts == 2
    first, second = receiver.requests
    assert first.body == second.body


def test_three_tries_are_enough(receiver: Receiver, message: Message) -> None:
    for _ in range(4):
        receiver.answer(503, b"<h1>Down</h1>\n\x1b[31mfor now")
    failed = deliver(Slack(webhook_url=receiver.url), message, make_scope())
    said = f"{host_of(receiver)} answered 503 Service Unavailable: <h1>Down</h1> [31mfor now"
    assert (failed.status, failed.attempts, failed.error) == ("failed", 3, said)
    assert len(receiver.requests) == 3


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b"no_service", "404 Not Found: no_service"),
        (403, b"", "403 Forbidden"),
        (302, b"", "302 Found"),
        (499, b"x" * 900, "499: " + "x" * 199 + "…"),
        (400, b'{"message": "bad text", "status_code": 400}', "400 Bad Request: bad text"),
        (400, b'{"error": {"message": "no"}, "errors": ["a", {"message": "b"}, 3]}', "400 Bad Request: no: a: b"),
        (400, b'{"code": 7}', '400 Bad Request: {"code": 7}'),
        (404, b"<!DOCTYPE html><html><body>Not here</body></html>", "404 Not Found"),
    ],
)
def test_a_refusal_is_final_and_in_the_server_s_own_words(
    receiver: Receiver, message: Message, status: int, body: bytes, error: str
) -> None:
    receiver.answer(status, body)
    failed = deliver(Slack(webhook_url=receiver.url), message, make_scope())
    assert (failed.status, failed.attempts) == ("failed", 1)
    assert failed.error == f"{host_of(receiver)} answered {error}"


def host_of(receiver: Receiver) -> str:
    return receiver.url.removeprefix("http://")


LOGIN = b"\n<!DOCTYPE HTML><html><title>Please log in</title></html>"


def test_a_web_page_is_no_delivery_where_the_receiver_has_none(receiver: Receiver, message: Message) -> None:
    receiver.answer(200, LOGIN)
    failed = deliver(Slack(webhook_url=receiver.url), message, make_scope())
    assert (failed.status, failed.attempts) == ("failed", 1)
    assert failed.error == (
        f"{receiver.url.removeprefix('http://')} answered with a web page, so somebody else took the message:"
        " look at the URL, and for a login or a proxy on the way"
    )


def test_a_web_page_of_an_endpoint_of_one_s_own_is_an_answer_like_any(receiver: Receiver, message: Message) -> None:
    receiver.answer(200, LOGIN)
    assert deliver(Generic(endpoint=receiver.url), message, make_scope()).status == "sent"


def test_a_server_that_asks_for_a_pause_gets_it(receiver: Receiver, message: Message) -> None:
    receiver.answer(429, b"", Retry_After="1")
    started = time.monotonic()
    assert deliver(Slack(webhook_url=receiver.url), message, make_scope()).attempts == 2
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    "wait",
    ["3600", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)],
    ids=["seconds", "date"],
)
def test_a_pause_beyond_the_deadline_is_not_begun(receiver: Receiver, message: Message, wait: str) -> None:
    receiver.answer(429, b"", Retry_After=wait)
    started = time.monotonic()
    failed = deliver(Slack(webhook_url=receiver.url), message, make_scope())
    assert time.monotonic() - started < 5
    assert failed.attempts == 1
    assert (failed.error or "").startswith(f"{host_of(receiver)} answered 429 Too Many Requests (asks to wait ")
    assert (failed.error or "").endswith(", more than the time that is left)")


def test_a_wait_that_is_no_time_is_ignored(receiver: Receiver, message: Message) -> None:
    receiver.answer(503, b"", Retry_After="soon")
    assert deliver(Slack(webhook_url=receiver.url), message, make_scope()).attempts == 2


def test_what_never_arrived_is_sent_again(message: Message) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}{PATH}"
    failed = deliver(Slack(webhook_url=url), message, make_scope())
    assert (failed.status, failed.attempts) == ("failed", 3)
    assert "refused" in (failed.error or "")
    assert "very-secret" not in (failed.error or "")


@pytest.mark.parametrize(
    "written",
    ["http://{host}{path}", " HTTP://user:pass-word@{host}{path}\n", "http://{host}?{path}", "http:/\n/{host}"],
)
def test_a_refused_delivery_names_host_and_port_and_no_credential(message: Message, written: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
    scope = make_scope(secrets={"HOOK": written.format(host=host, path=PATH)}, seconds=1)
    failed = deliver(Slack(webhook_url=scope.secrets["HOOK"]), message, scope)
    assert (failed.status, failed.error) == ("failed", f"connection refused by {host}")


def test_a_host_that_does_not_resolve_is_named(message: Message) -> None:
    failed = deliver(Slack(webhook_url=f"https://hooks.invalid{PATH}"), message, make_scope(seconds=1))
    assert (failed.error or "").startswith("the name hooks.invalid does not resolve: ")


def test_a_host_that_is_a_secret_itself_is_not_named(message: Message) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    scope = make_scope(secrets={"HOST": "127.0.0.1"}, seconds=1)
    url = Sealed(("http://", scope.secrets["HOST"], f":{port}{PATH}"))
    failed = deliver(Slack(webhook_url=url), message, scope)
    assert failed.error == f"connection refused by «HOST»:{port}"


def test_what_may_have_arrived_is_not_sent_again_without_a_key(receiver: Receiver, message: Message) -> None:
    receiver.hang = 3
    failed = deliver(Slack(webhook_url=f"{receiver.url}{PATH}"), message, make_scope(seconds=1))
    host = receiver.url.removeprefix("http://")
    assert (failed.status, failed.attempts) == ("failed", 1)
    assert failed.error == f"timed out after 1s ({host})"


@pytest.mark.parametrize(("driver", "attempts"), [("slack", 1), ("generic", 3)])
def test_a_lost_connection_is_tried_again_where_a_key_makes_that_safe(
    message: Message, driver: str, attempts: int
) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def hang_up() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            heard.append(connection.recv(65536))
            connection.close()

    threading.Thread(target=hang_up, daemon=True).start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    channel = Slack(webhook_url=url) if driver == "slack" else Generic(endpoint=url)
    failed = deliver(channel, message, make_scope())
    server.close()
    assert (failed.status, failed.attempts, len(heard)) == ("failed", attempts, attempts)


def test_a_run_that_is_stopped_stops_sending(receiver: Receiver, message: Message) -> None:
    receiver.hang = 5
    scope = make_scope()
    threading.Timer(0.3, scope.deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        deliver(Slack(webhook_url=receiver.url), message, scope)
    assert time.monotonic() - started < 3


def test_a_channel_without_its_address_says_so(message: Message) -> None:
    failed = deliver(Generic(), message, make_scope())
    assert (failed.attempts, failed.error) == (0, "the generic channel has no endpoint")
