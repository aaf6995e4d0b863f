"""The HTTP door against real servers: good ones, ill ones and hostile ones."""

from __future__ import annotations

import base64
import datetime as dt
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner import __version__
from runner.deadline import Deadline
from runner.doors import Effect, open_doors
from runner.doors.http import Http
from runner.doors.net import Net
from runner.doors.proxies import Proxies
from runner.doors.request import Request, Response, Timings
from runner.errors import Cancelled, NodeError, Refused, TimedOut, Unreachable
from runner.secrets import Sealed, Secret
from tests.doors.conftest import answer, dripping, over_tls, read_request, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import trustme

    from tests.doors.conftest import Serve, Talk

SLACK = 2.0
"""Seconds that a noisy machine may add to a limit."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ROOT = Path(__file__).parents[2]
CHAIN = (
    "comes without that of its issuer, which is not known here either: have the server send the whole chain"
    " (fullchain.pem), or, for an authority of your own, name its file in REQUESTS_CA_BUNDLE"
)


def lookup(host: bytes, port: int, *, flags: int, **kinds: Any) -> list[tuple[Any, Any, Any, str, Any]]:  # noqa: ANN401 - getaddrinfo's own
    """Every name is 127.0.0.1, but those that say otherwise."""
    if flags:
        return socket.getaddrinfo(host, port, flags=flags, **kinds)
    return [(0, 0, 0, "", (TABLE.get(host, "127.0.0.1"), port))]


TABLE = {
    b"metadata.example": "169.254.169.254",
    b"inside.example": "10.0.0.1",
    b"v6.example": "::1",
    b"proxy.example": "127.0.0.2",
}
NET = Net(lookup=lookup)


def send(request: Request, seconds: float = 10, http: Http | None = None) -> Response:
    return (http or Http(net=NET)).send(request, Deadline(seconds), effect=Effect.READ)


def refusal(request: Request, http: Http | None = None) -> tuple[type[NodeError], str, bool, str]:
    """What is raised: its type, code, whether it is retryable, and its message."""
    with pytest.raises(NodeError) as caught:
        send(request, http=http)
    return type(caught.value), caught.value.code, caught.value.retryable, caught.value.message


def lost(port: int, reason: str) -> tuple[type[NodeError], str, bool, str]:
    return Unreachable, "connection_lost", True, f"connection to 127.0.0.1:{port} lost: {reason}"


# --- what is sent and what comes back ----------------------------------------------------------------


def test_a_request_is_sent_as_it_was_given_and_an_answer_comes_back(serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(
        answer(b"HTTP/1.1 404 Not Found\r\nX-One: 1\r\nx-two: a\r\nX-TWO: b\r\nContent-Length: 4\r\n\r\ngone", seen)
    )
    found = send(Request(url=f"http://shop.example:{port}/a?b=c#d", headers={"X-Own": "1", "X-Empty": ""}))
    assert seen == [
        f"GET /a?b=c HTTP/1.1\r\nHost: shop.example:{port}\r\nUser-Agent: pipeline-runner/{__version__}\r\n"
        "Accept: */*\r\nAccept-Encoding: deflate, gzip, br\r\nX-Own: 1\r\nX-Empty:\r\n\r\n".encode()
    ]
    assert (found.status, found.body, found.truncated) == (404, b"gone", False)
    assert found.headers == {"x-one": "1", "x-two": "a, b", "content-length": "4"}
    assert found.url == f"http://shop.example:{port}/a?b=…"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_is_sent_as_it_is_and_without_headers_that_nobody_asked_for(method: str, serve: Serve) -> None:
    seen: list[bytes] = []
    body = b"\x00\xff" * 1_000_000
    send(Request(method=method, url=f"http://127.0.0.1:{serve(answer(OK, seen))}/", body=body))
    head, _, sent = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(f"{method} / HTTP/1.1\r\n".encode())
    assert b"Content-Length: 2000000" in head
    assert b"Expect" not in head
    assert b"Content-Type" not in head
    assert sent == body


def test_a_post_of_nothing_says_that_it_carries_nothing(serve: Serve) -> None:
    seen: list[bytes] = []
    send(Request(method="POST", url=f"http://127.0.0.1:{serve(answer(OK, seen))}/"))
    assert b"Content-Length: 0" in seen[0]


def test_a_head_request_waits_for_no_body(serve: Serve) -> None:
    port = serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"))
    assert send(Request(method="HEAD", url=f"http://127.0.0.1:{port}/")).headers == {"content-length": "1000"}


def test_secrets_are_opened_on_the_way_out_only(serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(answer(OK, seen))
    token = Secret("TOKEN", "s3cr3t")
    url = Sealed((f"http://127.0.0.1:{port}/", token))
    found = send(Request(url=url, headers={"Authorization": Sealed(("Bearer ", token))}))
    assert seen[0].startswith(b"GET /s3cr3t HTTP/1.1\r\n")
    assert b"Authorization: Bearer s3cr3t\r\n" in seen[0]
    assert found.url == f"http://127.0.0.1:{port}/«TOKEN»"


@pytest.mark.parametrize("userinfo", ["me:p%40ss:word@", "me:p@ss:word@"])
def test_credentials_in_a_url_become_a_header_and_are_not_shown(userinfo: str, serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(answer(OK, seen))
    found = send(Request(url=f"http://{userinfo}127.0.0.1:{port}/"))
    assert b"Authorization: Basic " + base64.b64encode(b"me:p@ss:word") in seen[0]
    assert found.url == f"http://127.0.0.1:{port}/"


def test_other_characters_of_a_url_are_escaped(serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(answer(OK, seen))
    send(Request(url=f"http://bücher.example:{port}/ä b%20c?q=ü"))
    assert seen[0].startswith(b"GET /%C3%A4%20b%20c?q=%C3%BC HTTP/1.1\r\nHost: xn--bcher-kva.example:")


def test_bytes_in_headers_that_are_no_utf8_are_escaped(serve: Serve) -> None:
    port = serve(answer(b"HTTP/1.1 200 OK\r\nX-Place: caf\xe9 \xc3\xa9\r\nContent-Length: 0\r\n\r\n"))
    assert send(Request(url=f"http://127.0.0.1:{port}/")).headers["x-place"] == "caf\\xe9 é"


def test_headers_of_interim_answers_are_not_those_of_the_answer(serve: Serve) -> None:
    port = serve(answer(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK))
    assert send(Request(url=f"http://127.0.0.1:{port}/")).headers == {"content-length": "2"}


def test_a_compressed_body_is_decompressed(serve: Serve) -> None:
    body = zlib.compress(b"hello " * 100, wbits=31)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert send(Request(url=f"http://127.0.0.1:{serve(answer(head + body))}/")).body == b"hello " * 100


def test_an_ipv6_server_is_reached(serve: Serve) -> None:
    try:
        port = serve(answer(OK), "::1")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    assert send(Request(url=f"http://[::1]:{port}/")).status == 200
    assert send(Request(url=f"http://v6.example:{port}/")).status == 200


def test_timings_say_where_the_time_went(serve: Serve) -> None:
    def slow(connection: socket.socket) -> None:
        read_request(connection)
        time.sleep(0.1)
        connection.sendall(OK[:-1])
        time.sleep(0.5)
        connection.sendall(OK[-1:])

    spent = send(Request(url=f"http://shop.example:{serve(slow)}/")).timings
    assert spent.dns > 0
    assert spent.connect > 0
    assert spent.tls == 0
    assert 0.1 <= spent.first_byte <= spent.total - 0.3
    assert spent.dns + spent.connect <= spent.first_byte


def test_timings_add_up() -> None:
    first = Timings(dns=1, connect=2, tls=3, first_byte=7, total=10)
    second = Timings(dns=1, connect=1, tls=1, first_byte=4, total=5)
    assert second.after(first) == Timings(dns=2, connect=3, tls=4, first_byte=14, total=15)


def test_two_hundred_requests_in_ten_threads_do_not_disturb_each_other(serve: Serve) -> None:
    def echo(connection: socket.socket) -> None:
        path = read_request(connection).split()[1]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))

    port = serve(echo)
    http = Http(net=NET)
    with ThreadPoolExecutor(10) as pool:
        answers = pool.map(lambda number: send(Request(url=f"http://127.0.0.1:{port}/{number}"), http=http), range(200))
        assert [found.body for found in answers] == [f"/{number}".encode() for number in range(200)]


# --- limits ------------------------------------------------------------------------------------------


def never_ends(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    silent(connection)


HANGING: dict[str, Talk] = {
    "silent": silent,
    "drips its headers": dripping(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500),
    "drips its body": dripping(OK[:-2].replace(b": 2", b": 2000") + b"x" * 2000, 0.01),
    "stops in the body": never_ends,
}
hanging = pytest.mark.parametrize("talk", HANGING.values(), ids=HANGING)


@hanging
def test_a_server_that_hangs_does_not_defeat_the_deadline(talk: Talk, serve: Serve) -> None:
    port = serve(talk)
    started = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        send(Request(url=f"http://127.0.0.1:{port}/"), 0.5)
    assert 0.5 <= time.monotonic() - started < 0.5 + SLACK
    assert caught.value.message == "timed out after 500ms"


@hanging
def test_a_request_can_be_called_off(talk: Talk, serve: Serve) -> None:
    port = serve(talk)
    deadline = Deadline(30)
    threading.Timer(0.2, deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled, match=r"^stopped: the run was told to stop$"):
        Http().send(Request(url=f"http://127.0.0.1:{port}/"), deadline, effect=Effect.READ)
    assert time.monotonic() - started < 0.2 + SLACK


def test_a_server_that_takes_no_connection_does_not_defeat_the_deadline(blackhole: int) -> None:
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"^timed out after 500ms$"):
        send(Request(url=f"http://127.0.0.1:{blackhole}/"), 0.5)
    assert time.monotonic() - started < 0.5 + SLACK


def test_connecting_can_be_called_off(blackhole: int) -> None:
    deadline = Deadline(30)
    threading.Timer(0.2, deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        Http().send(Request(url=f"http://127.0.0.1:{blackhole}/"), deadline, effect=Effect.READ)
    assert time.monotonic() - started < 0.2 + SLACK


def test_a_server_that_never_shakes_hands_does_not_defeat_the_deadline(serve: Serve) -> None:
    port = serve(silent)
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"^timed out after 500ms$"):
        send(Request(url=f"https://127.0.0.1:{port}/"), 0.5)
    assert time.monotonic() - started < 0.5 + SLACK


def test_a_body_that_ends_with_the_connection_is_not_taken_for_whole_when_called_off(serve: Serve) -> None:
    def endless(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhalf")
        silent(connection)

    with pytest.raises(TimedOut):
        send(Request(url=f"http://127.0.0.1:{serve(endless)}/"), 0.3)


def test_nothing_is_sent_once_the_time_is_up(serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(answer(OK, seen))
    with pytest.raises(TimedOut, match=r"^timed out after 0ms$"):
        send(Request(url=f"http://127.0.0.1:{port}/"), 0)
    assert seen == []


@pytest.mark.parametrize(("limit", "truncated"), [(9, True), (10, False), (11, False)])
def test_a_body_is_read_up_to_its_limit(limit: int, truncated: bool, serve: Serve) -> None:
    port = serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"))
    found = send(Request(url=f"http://127.0.0.1:{port}/", max_body=limit))
    assert (found.body, found.truncated, found.status) == (b"0123456789"[:limit], truncated, 200)


PEAK = """
import sys
from pathlib import Path
from runner.deadline import Deadline
from runner.doors import Effect
from runner.doors.http import Http
from runner.doors.request import Request
found = Http().send(Request(url=sys.argv[1]), Deadline(30), effect=Effect.READ)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(found.truncated, len(found.body), int(peak.split()[1]) // 1024)
"""


def bomb() -> bytes:
    packer = zlib.compressobj(wbits=31)
    zeros = bytes(1 << 20)
    body = b"".join(packer.compress(zeros) for _ in range(200)) + packer.flush()
    return f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


LARGE: dict[str, Callable[[], bytes]] = {
    "64 MiB": lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n" + bytes(1 << 26),
    "200 MiB in 200 KB of gzip": bomb,
}


@pytest.mark.parametrize("body", LARGE.values(), ids=LARGE)
def test_memory_is_bounded_whatever_comes(body: Callable[[], bytes], serve: Serve) -> None:
    port = serve(answer(body()))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    truncated, size, peak = done.stdout.split()
    assert (truncated, size) == ("True", str(1 << 20))
    assert int(peak) < 50


def test_headers_have_a_limit(serve: Serve) -> None:
    port = serve(answer(b"HTTP/1.1 200 OK\r\n" + b"X: 0123456789\r\n" * 5000 + b"\r\n"))
    assert refusal(Request(url=f"http://127.0.0.1:{port}/")) == (
        Refused,
        "too_large",
        False,
        f"127.0.0.1:{port} sent more headers than the 65,536 bytes and 5,000 lines that are read",
    )


# --- servers that are ill ----------------------------------------------------------------------------


def reset(after: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(after)
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return talk


HEAD = b"HTTP/1.1 200 OK\r\n"
ILL: dict[str, tuple[Talk, str]] = {
    "closes at once": (answer(b""), "closed without an answer"),
    "resets at once": (reset(b""), "connection reset by peer"),
    "resets in the body": (reset(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "connection reset by peer"),
    "promises more than it sends": (answer(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "the answer ended too early"),
    "closes in the headers": (answer(HEAD + b"Content-Le"), "the answer ended too early"),
    "closes after a header": (answer(HEAD + b"Server: x\r\n"), "the answer ended too early"),
    "closes in the headers after an interim answer": (
        answer(b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD),
        "the answer ended too early",
    ),
    "closes in the chunks": (
        answer(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe"),
        "the answer ended too early",
    ),
}


@pytest.mark.parametrize(("talk", "reason"), ILL.values(), ids=ILL)
def test_a_connection_that_breaks_says_how(talk: Talk, reason: str, serve: Serve) -> None:
    port = serve(talk)
    assert refusal(Request(url=f"http://127.0.0.1:{port}/")) == lost(port, reason)


def test_a_body_shorter_than_promised_lower_than_the_limit_is_not_truncation(serve: Serve) -> None:
    port = serve(answer(HEAD + b"Content-Length: 100\r\n\r\n" + b"x" * 20))
    assert send(Request(url=f"http://127.0.0.1:{port}/", max_body=10)).truncated


def test_what_comes_after_the_promised_length_is_not_the_body(serve: Serve) -> None:
    assert send(Request(url=f"http://127.0.0.1:{serve(answer(OK + b'and more'))}/")).body == b"ok"


def test_a_refused_connection_names_host_and_port(free_port: int) -> None:
    expected = Unreachable, "connection_refused", True, f"connection refused by shop.example:{free_port}"
    assert refusal(Request(url=f"http://shop.example:{free_port}/")) == expected


def test_a_name_that_does_not_exist_is_told() -> None:
    def nobody(*_: object, **__: object) -> list[tuple[Any, Any, Any, str, Any]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    http = Http(net=Net(lookup=nobody))
    message = "the name x.example does not resolve: there is no such name"
    assert refusal(Request(url="http://x.example/"), http) == (Unreachable, "not_resolved", False, message)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "http://",
        "http://[::1/",
        "http://a:99999/",
        "ftp://a:80/",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    assert refusal(Request(url=url)) == (Refused, "refused", False, f"{url} is no http or https URL")


def test_a_host_that_libcurl_does_not_take_is_refused() -> None:
    assert refusal(Request(url="http://a b/")) == (Refused, "refused", False, "a b:80 is no http or https URL")


def test_a_password_in_what_is_no_url_is_not_told() -> None:
    expected = Refused, "refused", False, "the URL is no http or https URL"
    assert refusal(Request(url="https://me:pass/word@shop.example/")) == expected


@pytest.mark.parametrize(("name", "value"), [("X-A", "a\r\nX-B: b"), ("X-A", "a\0b"), ("X-A\nB", "a")])
def test_a_header_cannot_bring_others_along(name: str, value: str, serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(answer(OK, seen))
    expected = Refused, "refused", False, "the header X-A holds a line break"
    assert refusal(Request(url=f"http://127.0.0.1:{port}/", headers={name: value})) == expected
    assert seen == []


def test_a_method_cannot_bring_headers_along(serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(answer(OK, seen))
    expected = Refused, "refused", False, "'GET / HTTP/1.1\\r\\nX: y' is no method"
    assert refusal(Request(method="GET / HTTP/1.1\r\nX: y", url=f"http://127.0.0.1:{port}/")) == expected
    assert seen == []


# --- secrets in messages -----------------------------------------------------------------------------


def test_the_host_of_a_secret_url_is_not_told(free_port: int) -> None:
    url = Secret("HOOK", f"http://abc123.example:{free_port}/s3cr3t")
    expected = Unreachable, "connection_refused", True, "connection refused by the host of «HOOK»"
    assert refusal(Request(url=url)) == expected


def test_a_host_in_plain_sight_is_told_even_where_the_path_is_secret(free_port: int) -> None:
    url = Sealed((f"http://shop.example:{free_port}/", Secret("TOKEN", "s3cr3t")))
    expected = Unreachable, "connection_refused", True, f"connection refused by shop.example:{free_port}"
    assert refusal(Request(url=url)) == expected


def test_a_secret_that_is_no_url_is_not_told() -> None:
    expected = Refused, "refused", False, "«HOOK» is no http or https URL"
    assert refusal(Request(url=Secret("HOOK", "s3cr3t"))) == expected


def test_where_a_secret_url_redirects_to_is_not_told(serve: Serve) -> None:
    there = serve(answer(OK))
    here = serve(answer(f"HTTP/1.1 302 Found\r\nLocation: http://other.example:{there}/s3cr3t\r\n\r\n".encode()))
    found = send(Request(url=Secret("HOOK", f"http://127.0.0.1:{here}/s3cr3t"), follow_redirects=True))
    assert (found.status, found.url) == (200, "«HOOK»")


# --- redirects ---------------------------------------------------------------------------------------


def redirect(location: str, status: int = 302, seen: list[bytes] | None = None) -> Talk:
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    return answer(head.encode(), seen)


def test_a_redirect_is_an_answer_where_it_is_not_followed(serve: Serve) -> None:
    found = send(Request(url=f"http://127.0.0.1:{serve(redirect('/next'))}/"))
    assert (found.status, found.headers["location"]) == (302, "/next")


def test_a_redirect_without_a_location_is_an_answer(serve: Serve) -> None:
    port = serve(answer(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"))
    assert send(Request(url=f"http://127.0.0.1:{port}/", follow_redirects=True)).status == 302


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "POST", "GET", b""),
        (302, "POST", "GET", b""),
        (303, "POST", "GET", b""),
        (303, "PUT", "GET", b""),
        (303, "HEAD", "HEAD", b""),
        (301, "PUT", "PUT", b"data"),
        (307, "POST", "POST", b"data"),
        (308, "POST", "POST", b"data"),
        (308, "GET", "GET", b""),
    ],
)
def test_a_redirect_keeps_the_method_as_browsers_do(
    status: int, method: str, then: str, body: bytes, serve: Serve
) -> None:
    seen: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        first = not seen
        (redirect("/next", status, seen) if first else answer(OK, seen))(connection)

    port = serve(talk)
    sent = b"data" if method in {"POST", "PUT"} else None
    found = send(Request(method=method, url=f"http://127.0.0.1:{port}/", body=sent, follow_redirects=True))
    assert (found.status, found.url) == (200, f"http://127.0.0.1:{port}/next")
    assert seen[1].startswith(f"{then} /next HTTP/1.1\r\n".encode())
    assert seen[1].endswith(b"\r\n\r\n" + body)


CREDENTIALS: Mapping[str, str | Secret | Sealed] = {
    "Authorization": "Bearer plain",
    "cookie": "session=1",
    "X-Key": Secret("KEY", "s3cr3t"),
    "X-Sealed": Sealed(("key ", Secret("KEY", "s3cr3t"))),
    "X-Plain": "stays",
}


@pytest.mark.parametrize("where", ["http://127.0.0.1:{other}/", "http://other.example:{same}/"], ids=["port", "host"])
def test_credentials_do_not_follow_a_redirect_elsewhere(where: str, serve: Serve) -> None:
    seen: list[bytes] = []
    other = serve(answer(OK, seen))
    location = ""

    def talk(connection: socket.socket) -> None:
        request = read_request(connection)
        if b"Host: other.example" in request:
            seen.append(request)
            connection.sendall(OK)
        else:
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    same = serve(talk)
    location = where.format(other=other, same=same)
    url = f"http://me:password@127.0.0.1:{same}/"
    assert send(Request(url=url, headers=CREDENTIALS, follow_redirects=True)).url == location
    names = [line.partition(b":")[0].lower() for line in seen[0].splitlines()[1:-1]]
    assert names == [b"host", b"user-agent", b"accept", b"accept-encoding", b"x-plain"]


def test_the_name_of_a_host_does_not_follow_a_redirect_elsewhere(serve: Serve) -> None:
    seen: list[bytes] = []
    there = serve(answer(OK, seen))
    here = serve(redirect(f"http://127.0.0.1:{there}/"))
    send(Request(url=f"http://127.0.0.1:{here}/", headers={"Host": "shop.example"}, follow_redirects=True))
    assert f"Host: 127.0.0.1:{there}\r\n".encode() in seen[0]


def test_credentials_do_not_follow_a_redirect_from_https_to_http(
    serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    seen: list[bytes] = []
    there = serve(answer(OK, seen))
    here = serve(over_tls(authority.issue_cert("127.0.0.1"), redirect(f"http://127.0.0.1:{there}/")))
    request = Request(url=f"https://127.0.0.1:{here}/", headers=CREDENTIALS, follow_redirects=True)
    assert send(request, http=Http(ca_bundle=ca_file)).status == 200
    assert b"s3cr3t" not in seen[0]
    assert b"authorization" not in seen[0].lower()


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://me:word@127.0.0.1:{port}/"])
@pytest.mark.parametrize("location", ["/next", "http://127.0.0.1:{port}/next"])
def test_credentials_stay_where_they_were_meant_for(url: str, location: str, serve: Serve) -> None:
    seen: list[bytes] = []
    port = 0

    def talk(connection: socket.socket) -> None:
        first = not seen
        (redirect(location.format(port=port), 302, seen) if first else answer(OK, seen))(connection)

    port = serve(talk)
    headers = {"X-Key": Secret("KEY", "s3cr3t")} | ({} if "@" in url else {"Authorization": "Bearer plain"})
    send(Request(url=url.format(port=port), headers=headers, follow_redirects=True))
    expected = b"Authorization: Basic " if "@" in url else b"Authorization: Bearer plain"
    assert expected in seen[1]
    assert b"X-Key: s3cr3t" in seen[1]


def test_a_body_does_not_follow_a_redirect_elsewhere(serve: Serve) -> None:
    seen: list[bytes] = []
    there = serve(answer(OK, seen))
    port = serve(redirect(f"http://127.0.0.1:{there}/", 307))
    request = Request(method="POST", url=f"http://127.0.0.1:{port}/", body=b"key", follow_redirects=True)
    message = f"127.0.0.1:{port} redirects a POST elsewhere; what it carries is not sent there"
    assert refusal(request) == (Refused, "redirect", False, message)
    assert seen == []


def test_a_circle_of_redirects_is_left(serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(redirect("/again", 302, seen))
    message = f"127.0.0.1:{port} redirects more than 10 times"
    expected = Refused, "redirect", False, message
    assert refusal(Request(url=f"http://127.0.0.1:{port}/", follow_redirects=True)) == expected
    assert len(seen) == 11


def test_the_deadline_is_that_of_all_redirects_together(serve: Serve) -> None:
    def slow(connection: socket.socket) -> None:
        time.sleep(0.15)
        redirect("/again")(connection)

    with pytest.raises(TimedOut, match=r"^timed out after 500ms$"):
        send(Request(url=f"http://127.0.0.1:{serve(slow)}/", follow_redirects=True), 0.5)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://127.0.0.1/", "//[", "http://a:99999/", "data:,x"])
def test_a_redirect_to_something_else_than_http_is_refused(location: str, serve: Serve) -> None:
    port = serve(redirect(location))
    message = f"127.0.0.1:{port} redirects to what is no http or https URL"
    expected = Refused, "redirect", False, message
    assert refusal(Request(url=f"http://127.0.0.1:{port}/", follow_redirects=True)) == expected


# --- addresses ---------------------------------------------------------------------------------------

METADATA = {
    "169.254.169.254": "169.254.169.254",
    "2852039166": "2852039166",
    "0xa9fea9fe": "0xa9fea9fe",
    "0251.0376.0251.0376": "0251.0376.0251.0376",
    "169.254.43518": "169.254.43518",
    "[::ffff:169.254.169.254]": "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]": "[::ffff:a9fe:a9fe]",
    "[fe80::1]": "[fe80::1]",
    "[fd00:ec2::254]": "[fd00:ec2::254]",
    "[64:ff9b::a9fe:a9fe]": "[64:ff9b::a9fe:a9fe]",
    "metadata.example": "metadata.example",
    "METADATA.example": "metadata.example",
}
metadata = pytest.mark.parametrize(("host", "called"), METADATA.items(), ids=METADATA)


@metadata
def test_metadata_is_refused_however_the_host_is_written(host: str, called: str) -> None:
    message = f"{called}:80 is not connected to: link-local and metadata addresses are refused"
    assert refusal(Request(url=f"http://{host}/latest")) == (Refused, "refused_address", False, message)


@metadata
def test_a_redirect_to_metadata_is_refused(host: str, called: str, serve: Serve) -> None:
    port = serve(redirect(f"http://{host}/latest"))
    message = f"{called}:80 is not connected to: link-local and metadata addresses are refused"
    expected = Refused, "refused_address", False, message
    assert refusal(Request(url=f"http://127.0.0.1:{port}/", follow_redirects=True)) == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::1]", "0", "inside.example", "10.0.0.1"])
def test_a_url_from_a_payload_leads_to_no_private_address(host: str, serve: Serve) -> None:
    seen: list[bytes] = []
    port = serve(answer(OK, seen))
    message = f"{host}:{port} is not connected to: private, loopback, link-local and metadata addresses are refused"
    expected = Refused, "refused_address", False, message
    assert refusal(Request(url=f"http://{host}:{port}/", trusted=False)) == expected
    assert seen == []


def test_a_name_is_asked_for_once_and_its_answer_is_what_is_connected_to(serve: Serve) -> None:
    asked: list[bytes] = []

    def rebinding(host: bytes, port: int, *, flags: int, **_: object) -> list[tuple[Any, Any, Any, str, Any]]:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1" if len(asked) == 1 else "169.254.169.254", port))]

    port = serve(answer(OK))
    assert send(Request(url=f"http://Shop.Example.:{port}/"), http=Http(net=Net(lookup=rebinding))).status == 200
    assert asked == [b"shop.example."]


def test_the_address_that_was_judged_is_the_one_that_is_connected_to(serve: Serve) -> None:
    def lying(_: bytes, port: int, **__: object) -> list[tuple[Any, Any, Any, str, Any]]:
        return [(0, 0, 0, "", ("127.0.0.2", port))]

    port = serve(answer(OK), "127.0.0.2")
    assert send(Request(url=f"http://127.0.0.1:{port}/"), http=Http(net=Net(lookup=lying))).body == b"ok"


# --- TLS ---------------------------------------------------------------------------------------------


def test_a_certificate_of_a_private_authority_is_accepted_with_its_bundle(
    serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    port = serve(over_tls(authority.issue_cert("shop.example"), answer(OK)))
    found = send(Request(url=f"https://shop.example:{port}/"), http=Http(net=NET, ca_bundle=ca_file))
    assert found.body == b"ok"
    assert found.timings.tls > 0
    assert found.timings.connect + found.timings.tls <= found.timings.first_byte


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_bundle_comes_from_the_environment(
    variable: str, serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    port = serve(over_tls(authority.issue_cert("127.0.0.1"), answer(OK)))
    environ = {"REQUESTS_CA_BUNDLE": "", variable: ca_file}
    found = open_doors(environ).http.send(Request(url=f"https://127.0.0.1:{port}/"), Deadline(10), effect=Effect.READ)
    assert found.body == b"ok"


def test_a_bundle_may_be_a_folder(serve: Serve, authority: trustme.CA, ca_file: str) -> None:
    port = serve(over_tls(authority.issue_cert("127.0.0.1"), answer(OK)))
    subprocess.run(["openssl", "rehash", Path(ca_file).parent], check=True)
    http = Http(ca_bundle=str(Path(ca_file).parent))
    assert send(Request(url=f"https://127.0.0.1:{port}/"), http=http).body == b"ok"


CLIENT = """
import sys
from runner.deadline import Deadline
from runner.doors import Effect, open_doors
from runner.doors.request import Request
from runner.errors import NodeError
try:
    print(open_doors({}).http.send(Request(url=sys.argv[1]), Deadline(10), effect=Effect.READ).body.decode())
except NodeError as error:
    print(error.message.partition(": ")[0])
"""


@pytest.mark.parametrize(
    ("file", "folder", "expected"),
    [
        ("{ca}/ca.pem", "/nowhere", "ok"),
        ("/nowhere", "{ca}", "ok"),
        (
            "/nowhere",
            "{empty}",
            "the certificate of 127.0.0.1:{port} comes without that of its issuer, which is not known here either",
        ),
        (
            "/nowhere",
            "/nowhere",
            "the certificate of 127.0.0.1:{port} comes without that of its issuer, which is not known here either",
        ),
    ],
    ids=["the system's file", "the system's folder", "certifi for an empty folder", "certifi"],
)
def test_the_bundle_is_the_system_s_or_certifi_s(
    file: str, folder: str, expected: str, serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    port = serve(over_tls(authority.issue_cert("127.0.0.1"), answer(OK)))
    where = {"ca": Path(ca_file).parent, "empty": Path(ca_file).parent / "empty"}
    subprocess.run(["openssl", "rehash", where["ca"]], check=True)
    where["empty"].mkdir()
    environ = {"SSL_CERT_FILE": file.format(**where), "SSL_CERT_DIR": folder.format(**where)}
    command = [sys.executable, "-c", CLIENT, f"https://127.0.0.1:{port}/"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environ)
    assert done.stdout == f"{expected.format(port=port)}\n"


def certificate(authority: trustme.CA, kind: str) -> trustme.LeafCert:
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    if kind == "expired":
        return authority.issue_cert("shop.example", not_before=now - 9 * day, not_after=now - day)
    if kind == "not yet valid":
        return authority.issue_cert("shop.example", not_before=now + day, not_after=now + 9 * day)
    return authority.issue_cert("other.example")


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        (
            "expired",
            "expired",
            "has expired, or one that vouches for it has: renew it, and have the server load the new one",
        ),
        (
            "not yet valid",
            "not_yet_valid",
            "is not valid yet: use the former one until then, or correct the clock of this machine if that is wrong",
        ),
        (
            "of another host",
            "wrong_name",
            "is for another name: have the server use one that names shop.example, or ask for a name that it is for",
        ),
    ],
)
def test_a_bad_certificate_says_why_and_is_not_tried_again(
    kind: str, code: str, said: str, serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    seen: list[bytes] = []
    port = serve(over_tls(certificate(authority, kind), answer(OK, seen)))
    url = f"https://shop.example:{port}/"
    expected = Unreachable, code, False, f"the certificate of shop.example:{port} {said}"
    assert refusal(Request(url=url), Http(net=NET, ca_bundle=ca_file)) == expected
    assert seen == []
    assert send(Request(url=url, verify_tls=False), http=Http(net=NET)).body == b"ok"


def test_the_name_of_a_secret_host_is_not_told_by_the_certificate_error(
    serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    port = serve(over_tls(authority.issue_cert("other.example"), answer(OK)))
    remedy = "have the server use one that names the host of «HOOK», or ask for a name that it is for"
    said = f"the certificate of the host of «HOOK» is for another name: {remedy}"
    expected = Unreachable, "wrong_name", False, said
    found = refusal(Request(url=Secret("HOOK", f"https://abc.example:{port}/")), Http(net=NET, ca_bundle=ca_file))
    assert found == expected


def test_an_unknown_authority_is_told(serve: Serve, authority: trustme.CA) -> None:
    port = serve(over_tls(authority.issue_cert("127.0.0.1"), answer(OK)))
    assert refusal(Request(url=f"https://127.0.0.1:{port}/")) == (
        Unreachable,
        "incomplete_chain",
        False,
        f"the certificate of 127.0.0.1:{port} {CHAIN}",
    )


def test_a_reset_in_the_handshake_is_a_lost_connection(serve: Serve) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    port = serve(talk)
    assert refusal(Request(url=f"https://127.0.0.1:{port}/")) == lost(port, "connection reset by peer")


def test_a_bundle_that_is_missing_is_told(serve: Serve) -> None:
    port = serve(silent)
    said = (
        "no certificate can be verified, for the authorities in /nowhere/ca.pem cannot be read: correct the variable"
        " that names them (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE)"
    )
    found = refusal(Request(url=f"https://127.0.0.1:{port}/"), Http(ca_bundle="/nowhere/ca.pem"))
    assert found == (NodeError, "ca_bundle", False, said)


# --- proxies -----------------------------------------------------------------------------------------


def relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # one of the two left
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


def forward(seen: list[bytes]) -> Talk:
    """A proxy to 127.0.0.1, whatever the host: tunnels for CONNECT, absolute URLs for the rest."""

    def talk(connection: socket.socket) -> None:
        request = read_request(connection)
        seen.append(request)
        method, target, _ = request.split(b" ", 2)
        port = int(target.removeprefix(b"http://").partition(b"/")[0].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as onward:
            if method == b"CONNECT":
                connection.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
                threading.Thread(target=relay, args=(connection, onward), daemon=True).start()
            else:
                onward.sendall(request)
            relay(onward, connection)

    return talk


def test_plain_requests_go_through_the_proxy_with_their_whole_url(serve: Serve) -> None:
    seen: list[bytes] = []
    there, proxy = serve(answer(OK)), serve(forward(seen))
    http = open_doors({"http_proxy": f"http://me:p%40ss@127.0.0.1:{proxy}"}).http
    found = send(Request(url=f"http://never-resolved.example:{there}/a"), http=http)
    assert (found.body, found.headers) == (b"ok", {"content-length": "2"})
    assert seen[0].startswith(f"GET http://never-resolved.example:{there}/a HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss") in seen[0]


def test_tls_goes_through_a_tunnel_of_the_proxy(serve: Serve, authority: trustme.CA, ca_file: str) -> None:
    seen: list[bytes] = []
    there = serve(over_tls(authority.issue_cert("never-resolved.example"), answer(OK)))
    proxy = serve(forward(seen))
    http = open_doors({"HTTPS_PROXY": f"127.0.0.1:{proxy}", "SSL_CERT_FILE": ca_file}).http
    found = send(Request(url=f"https://never-resolved.example:{there}/"), http=http)
    assert (found.body, found.headers) == (b"ok", {"content-length": "2"})
    assert seen[0].startswith(f"CONNECT never-resolved.example:{there} HTTP/1.1\r\n".encode())


def test_hosts_that_are_exempt_are_reached_directly(serve: Serve) -> None:
    there = serve(answer(OK))
    http = open_doors({"http_proxy": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.0/8"}).http
    assert send(Request(url=f"http://127.0.0.1:{there}/"), http=http).body == b"ok"


def test_the_environment_of_the_process_is_not_read(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(Request(url=f"http://shop.example:{serve(answer(OK))}/")).body == b"ok"


@pytest.mark.parametrize(
    ("status", "kind", "retryable"), [(403, NodeError, False), (407, NodeError, False), (502, Unreachable, True)]
)
def test_a_proxy_that_denies_the_tunnel_is_told(
    status: int, kind: type[NodeError], retryable: bool, serve: Serve
) -> None:
    proxy = serve(answer(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()))
    http = Http(net=NET, proxies=Proxies({"https": f"http://me:word@127.0.0.1:{proxy}"}))
    message = f"the proxy 127.0.0.1:{proxy} answered {status} to the request for shop.example:443"
    assert refusal(Request(url="https://shop.example/"), http) == (kind, "proxy", retryable, message)


def test_a_proxy_that_is_down_is_told(free_port: int) -> None:
    http = Http(net=NET, proxies=Proxies({"all": f"http://me:word@127.0.0.1:{free_port}"}))
    message = f"connection refused by the proxy 127.0.0.1:{free_port}"
    assert refusal(Request(url="http://shop.example/"), http) == (NodeError, "proxy", True, message)


def test_metadata_is_refused_behind_a_proxy_too(serve: Serve) -> None:
    seen: list[bytes] = []
    http = Http(net=NET, proxies=Proxies({"http": f"http://127.0.0.1:{serve(answer(OK, seen))}"}))
    message = "0xa9fea9fe:80 is not connected to: link-local and metadata addresses are refused"
    assert refusal(Request(url="http://0xa9fea9fe/"), http) == (Refused, "refused_address", False, message)
    assert seen == []


def test_a_proxy_without_a_port_is_at_that_of_its_scheme() -> None:
    http = Http(net=NET, proxies=Proxies({"http": "http://proxy.example"}))
    message = "connection refused by the proxy proxy.example:80"
    assert refusal(Request(url="http://shop.example:8080/"), http) == (NodeError, "proxy", True, message)


def test_a_proxy_of_another_kind_is_refused() -> None:
    http = Http(net=NET, proxies=Proxies({"http": "socks5://me:word@127.0.0.1:1080"}))
    message = "the proxy that the environment names is no http or https URL"
    assert refusal(Request(url="http://shop.example/"), http) == (Refused, "refused", False, message)
