"""The check of a URL against servers that are slow, broken, lying or hostile: what each means, in its words."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_core import ValidationError

from runner.checks.http import Http
from runner.checks.judging import Judged, examine
from runner.doors import open_doors
from runner.results import Verdict
from runner.secrets import Secret
from runner.validators import problems, read
from tests.doors.conftest import answer, dripping, over_tls, read_request, silent

if TYPE_CHECKING:
    import trustme

    from runner.scope import Scope
    from tests.doors.conftest import Serve, Talk

SLACK = 2.0
"""Seconds that a noisy machine may add to a limit."""
HEAD = b"HTTP/1.1 200 OK\r\n"


def judged(scope: Scope, url: str, **config: Any) -> Judged:  # noqa: ANN401 - as a file has it
    return examine(read(Http, {"url": url, "confirm": {"tries": 1}, **config}), scope)


def reply(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with a body of the length that it says."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1") + body


def moved(to: str, status: str = "302 Found") -> bytes:
    return reply(b"", f"Location: {to}", status=status)


def bomb(size: int) -> bytes:
    """Return an answer that is small, and zeros of that size once it is unpacked."""
    packer = zlib.compressobj(wbits=31)
    zeros = bytes(1 << 20)
    body = b"".join(packer.compress(zeros) for _ in range(size >> 20)) + packer.flush()
    return reply(body, "Content-Encoding: gzip")


def resetting(after: bytes) -> Talk:
    """Break off with a reset, after some bytes."""

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(after)
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return talk


def at_once(connection: socket.socket) -> None:
    """Close without having read or said anything."""
    connection.shutdown(socket.SHUT_RDWR)


# --- answers that break off or make no sense ----------------------------------------------------------

BROKEN: dict[str, tuple[Talk, str]] = {
    "closes at once": (answer(b""), "closed without an answer"),
    "half a status": (answer(b"HTTP/1.1 2"), "closed without an answer"),
    "half a header": (answer(HEAD + b"Content-Le"), "the answer ended too early"),
    "nothing after a header": (answer(HEAD + b"Server: x\r\n"), "the answer ended too early"),
    "less than it promised": (answer(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "the answer ended too early"),
    "half a chunk": (answer(HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\nhalf"), "the answer ended too early"),
    "reset": (resetting(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "connection reset by peer"),
}


@pytest.mark.parametrize(("talk", "reason"), BROKEN.values(), ids=BROKEN)
def test_an_answer_that_breaks_off_is_critical(talk: Talk, reason: str, serve: Serve, scope: Scope) -> None:
    port = serve(talk)
    result = judged(scope, f"http://127.0.0.1:{port}/")
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "connection_lost")
    assert result.message == f"connection to 127.0.0.1:{port} lost: {reason}"
    assert (result.seen.value, result.seen.metrics) == (None, {})


def test_a_server_that_closes_before_it_was_asked_is_critical(serve: Serve, scope: Scope) -> None:
    result = judged(scope, f"http://127.0.0.1:{serve(at_once)}/")
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "connection_lost")


def test_more_than_was_promised_is_not_read(serve: Serve, scope: Scope) -> None:
    port = serve(answer(reply(b"up") + b" and away"))
    result = judged(scope, f"http://127.0.0.1:{port}/", expect={"body_matches": "^up$"})
    assert (result.verdict, result.seen.metrics["bytes"]) == (Verdict.OK, 2)


def test_headers_without_end_are_unknown(serve: Serve, scope: Scope) -> None:
    port = serve(answer(HEAD + b"X: 0123456789\r\n" * 6000 + b"\r\n"))
    result = judged(scope, f"http://127.0.0.1:{port}/")
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "too_large")
    assert result.message == (f"127.0.0.1:{port} sent more headers than the 65,536 bytes and 5,000 lines that are read")


# --- answers that do not come, or do not end ----------------------------------------------------------

SLOW: dict[str, Talk] = {
    "silent": silent,
    "drips its status": dripping(HEAD * 20),
    "drips its headers": dripping(HEAD + b"X: y\r\n" * 500, 0.01),
    "drips its body": dripping(HEAD + b"Content-Length: 2000\r\n\r\n" + b"x" * 2000, 0.01),
    "drips its chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 500, 0.01),
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("talk", SLOW.values(), ids=SLOW)
def test_an_answer_that_takes_too_long_is_critical_in_time(
    talk: Talk, scheme: str, serve: Serve, authority: trustme.CA, scope: Scope
) -> None:
    if scheme == "https":
        talk = over_tls(authority.issue_cert("127.0.0.1"), talk)
    url = f"{scheme}://127.0.0.1:{serve(talk)}/"
    started = time.monotonic()
    result = judged(scope, url, timeout="300ms", verify_tls=False)
    assert time.monotonic() - started < 0.3 + SLACK
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "timed_out")
    assert result.message == f"GET {url} timed out after 300ms"


def test_a_server_that_never_shakes_hands_is_critical_in_time(serve: Serve, scope: Scope) -> None:
    url = f"https://127.0.0.1:{serve(silent)}/"
    result = judged(scope, url, timeout="300ms")
    assert (result.verdict, result.message) == (Verdict.CRITICAL, f"GET {url} timed out after 300ms")


def test_the_timeout_is_that_of_all_redirects_together(serve: Serve, scope: Scope) -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        time.sleep(0.1)
        connection.sendall(moved("/"))

    url = f"http://127.0.0.1:{serve(talk)}/"
    result = judged(scope, url, timeout="350ms")
    assert (result.verdict, result.message) == (Verdict.CRITICAL, f"GET {url} timed out after 350ms")


# --- answers that are large ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20])
def test_a_body_within_the_limit_is_read_to_its_end(size: int, serve: Serve, scope: Scope) -> None:
    port = serve(answer(reply(b"x" * (size - 3) + b"end")))
    result = judged(scope, f"http://127.0.0.1:{port}/", expect={"body_contains": "xend"})
    assert (result.verdict, result.seen.metrics["bytes"]) == (Verdict.OK, size)


LARGE = {
    "a long one": lambda: reply(b"x" * ((1 << 20) + 1)),
    "a gzip bomb": lambda: bomb(1 << 26),
    "one that promises a terabyte": lambda: HEAD + b"Content-Length: 1099511627776\r\n\r\n" + b"x" * (2 << 20),
    "one without a length": lambda: b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * (2 << 20),
}
large = pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)


@large
def test_a_body_beyond_the_limit_is_well_where_nothing_is_expected_of_it(make: Any, serve: Serve, scope: Scope) -> None:  # noqa: ANN401 - a function of the table
    result = judged(scope, f"http://127.0.0.1:{serve(answer(make()))}/")
    assert (result.verdict, result.seen.metrics["bytes"]) == (Verdict.OK, 1 << 20)


@large
@pytest.mark.parametrize(
    ("expect", "wanted"),
    [
        ({"body_contains": "end"}, "“end” in it"),
        ({"body_matches": "end$"}, "a match of end$"),
        ({"json": {"a": 1}}, "JSON"),
    ],
    ids=["text", "pattern", "json"],
)
def test_what_may_stand_beyond_the_limit_is_unknown(
    make: Any,  # noqa: ANN401 - a function of the table
    expect: dict[str, Any],
    wanted: str,
    serve: Serve,
    scope: Scope,
) -> None:
    result = judged(scope, f"http://127.0.0.1:{serve(answer(make()))}/", expect=expect)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "too_large")
    assert result.message == f"the body is longer than the 1,048,576 bytes that are read, expected {wanted}"


def test_what_stands_within_the_limit_is_found_in_a_longer_body(serve: Serve, scope: Scope) -> None:
    port = serve(answer(reply(b"begin" + b"x" * (1 << 21))))
    assert judged(scope, f"http://127.0.0.1:{port}/", expect={"body_contains": "begin"}).verdict is Verdict.OK


def test_a_body_that_is_compressed_is_held_against_what_is_expected(serve: Serve, scope: Scope) -> None:
    port = serve(answer(reply(gzip.compress(b'{"status": "up"}'), "Content-Encoding: gzip")))
    result = judged(scope, f"http://127.0.0.1:{port}/", expect={"json": {"status": "up"}})
    assert (result.verdict, result.seen.metrics["bytes"]) == (Verdict.OK, 16)


# --- redirects ----------------------------------------------------------------------------------------


def test_redirects_in_a_circle_are_critical(serve: Serve, scope: Scope) -> None:
    asked: list[bytes] = []
    port = serve(answer(moved("/again"), asked))
    result = judged(scope, f"http://127.0.0.1:{port}/")
    assert (result.verdict, result.code, len(asked)) == (Verdict.CRITICAL, "redirect", 11)
    assert result.message == f"127.0.0.1:{port} redirects more than 10 times"


def test_credentials_do_not_follow_to_another_host(serve: Serve, scope: Scope) -> None:
    there: list[bytes] = []
    here: list[bytes] = []
    other = serve(answer(reply(b"ok"), there))
    port = serve(answer(moved(f"http://127.0.0.1:{other}/x"), here))
    secret = Secret("TOKEN", "s3cret-value")
    headers = {"Authorization": "Bearer s3cret-value", "Cookie": "id=s3cret-value", "X-Key": secret, "X-Plain": "a"}
    result = judged(scope, f"http://127.0.0.1:{port}/", headers=headers)
    assert result.verdict is Verdict.OK
    assert here[0].count(b"s3cret-value") == 3
    assert b"s3cret-value" not in there[0]
    assert b"X-Plain: a" in there[0]


def test_a_password_in_the_url_does_not_follow_to_another_host(serve: Serve, scope: Scope) -> None:
    there: list[bytes] = []
    port = serve(answer(moved(f"http://127.0.0.1:{serve(answer(reply(b'ok'), there))}/")))
    assert judged(scope, f"http://user:hunter22@127.0.0.1:{port}/").verdict is Verdict.OK
    assert b"uthorization" not in there[0]


def test_what_is_sent_does_not_follow_to_another_host(serve: Serve, scope: Scope) -> None:
    there: list[bytes] = []
    other = serve(answer(reply(b"ok"), there))
    port = serve(answer(moved(f"http://127.0.0.1:{other}/", "307 Temporary Redirect")))
    result = judged(scope, f"http://127.0.0.1:{port}/", method="POST", json={"password": "hunter22"})
    assert (result.verdict, result.code, there) == (Verdict.CRITICAL, "redirect", [])
    assert result.message == f"127.0.0.1:{port} redirects a POST elsewhere; what it carries is not sent there"


def test_where_a_bad_answer_came_from_is_told(serve: Serve, scope: Scope) -> None:
    other = serve(answer(reply(b"later", status="503 Service Unavailable")))
    port = serve(answer(moved(f"http://127.0.0.1:{other}/maintenance?token=s3cret-value")))
    result = judged(scope, f"http://127.0.0.1:{port}/shop")
    said = "answered 503, expected 200 to 399; the body is “later”"
    assert result.message == (
        f"http://127.0.0.1:{port}/shop {said}; it redirects to http://127.0.0.1:{other}/maintenance"
    )


def test_an_expected_redirect_is_not_followed_where_told_so(serve: Serve, scope: Scope) -> None:
    port = serve(answer(moved("https://shop.example/", "301 Moved Permanently")))
    expect = {"status": 301, "header": {"Location": "https://shop.example/"}}
    result = judged(scope, f"http://127.0.0.1:{port}/", follow_redirects=False, expect=expect)
    assert result.verdict is Verdict.OK


def test_a_redirect_to_metadata_is_not_followed(serve: Serve, scope: Scope) -> None:
    port = serve(answer(moved("http://169.254.169.254/latest/meta-data/")))
    result = judged(scope, f"http://127.0.0.1:{port}/")
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "refused_address")


# --- TLS ----------------------------------------------------------------------------------------------


def test_the_metrics_say_how_long_the_handshake_took(
    serve: Serve, authority: trustme.CA, ca_file: str, scope: Scope
) -> None:
    port = serve(over_tls(authority.issue_cert("127.0.0.1"), answer(reply(b"ok"))))
    trusting = replace(scope, doors=open_doors({"SSL_CERT_FILE": ca_file}))
    result = judged(trusting, f"https://127.0.0.1:{port}/")
    metrics: Any = result.seen.metrics
    assert result.verdict is Verdict.OK
    assert 0 < metrics["tls_ms"] <= metrics["first_byte_ms"] <= metrics["total_ms"]
    assert metrics["connect_ms"] + metrics["tls_ms"] <= metrics["first_byte_ms"]
    assert result.seen.value == pytest.approx(metrics["total_ms"] / 1000, abs=0.001)


def test_a_certificate_of_another_host_is_critical_unless_it_is_not_verified(
    serve: Serve, authority: trustme.CA, ca_file: str, scope: Scope
) -> None:
    port = serve(over_tls(authority.issue_cert("other.example"), answer(reply(b"ok"))))
    trusting = replace(scope, doors=open_doors({"SSL_CERT_FILE": ca_file}))
    url = f"https://127.0.0.1:{port}/"
    result = judged(trusting, url)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "wrong_name")
    remedy = "have the server use one that names 127.0.0.1, or ask for a name that it is for"
    assert result.message == f"the certificate of 127.0.0.1:{port} is for another name: {remedy}"
    assert judged(trusting, url, verify_tls=False).verdict is Verdict.OK


def test_a_certificate_of_nobody_known_is_critical(serve: Serve, authority: trustme.CA, scope: Scope) -> None:
    port = serve(over_tls(authority.issue_cert("127.0.0.1"), answer(reply(b"ok"))))
    result = judged(scope, f"https://127.0.0.1:{port}/")
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "incomplete_chain")
    assert result.message == (
        f"the certificate of 127.0.0.1:{port} comes without that of its issuer, which is not known here either:"
        " have the server send the whole chain (fullchain.pem), or, for an authority of your own, name its file in"
        " REQUESTS_CA_BUNDLE"
    )


# --- what is sent -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_is_sent_as_it_is(method: str, serve: Serve, scope: Scope) -> None:
    asked: list[bytes] = []
    port = serve(answer(reply(b"" if method == "HEAD" else b"ok"), asked))
    sent = {} if method == "HEAD" else {"body": "a=1"}
    result = judged(scope, f"http://127.0.0.1:{port}/a?b", method=method, **sent)
    assert result.verdict is Verdict.OK
    assert asked[0].startswith(f"{method} /a?b HTTP/1.1\r\n".encode())
    assert asked[0].endswith(b"\r\n\r\na=1" if sent else b"\r\n\r\n")


# --- what is expected ---------------------------------------------------------------------------------

CAFE = "Café Müller"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (CAFE.encode(), "text/html"),
        (CAFE.encode(), "text/html; charset=utf-8"),
        (CAFE.encode("latin-1"), "text/html; charset=ISO-8859-1"),
        (CAFE.encode("utf-16"), 'text/plain;charset="utf-16"'),
        (CAFE.encode(), "text/html; charset=no-such-charset"),
        (CAFE.encode(), "text/html; charset=hex"),
        (CAFE.encode(), "text/html; charset=idna"),
        (CAFE.encode(), "text/html; charset=unicode-escape"),
        (CAFE.encode("gb18030"), "text/html; charset=GB18030"),
        (CAFE.encode("cp1252"), "text/html; charset=windows-1252"),
    ],
)
def test_a_body_is_read_in_the_charset_that_it_is_said_to_be_in(
    body: bytes, kind: str, serve: Serve, scope: Scope
) -> None:
    port = serve(answer(reply(body, f"Content-Type: {kind}")))
    result = judged(scope, f"http://127.0.0.1:{port}/", expect={"body_contains": CAFE})
    assert result.verdict is Verdict.OK, result.message


def test_no_charset_takes_long_to_read(serve: Serve, scope: Scope) -> None:
    port = serve(answer(reply(b"a" * 1_000_000, "Content-Type: text/html; charset=punycode", status="500 Sad")))
    began = time.monotonic()
    result = judged(scope, f"http://127.0.0.1:{port}/")
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "status")
    assert time.monotonic() - began < 5


def test_json_may_begin_with_a_byte_order_mark(serve: Serve, scope: Scope) -> None:
    port = serve(answer(reply(b'\xef\xbb\xbf{"a": 1}', "Content-Type: application/json; charset=utf-8")))
    assert judged(scope, f"http://127.0.0.1:{port}/", expect={"json": {"a": 1}}).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({"header": {"content-type": "application/json"}}, ""),
        ({"header": {"content-type": "application/json; charset=utf-8"}}, ""),
        (
            {"header": {"content-type": "application"}},
            "has the header content-type “application/json; charset=utf-8”, expected “application”",
        ),
        ({"header": {"X-Twice": "a, b"}}, ""),
        ({"status": "200..204"}, ""),
        ({"status": ["404", 200]}, ""),
    ],
)
def test_headers_and_statuses_are_met_as_people_write_them(
    expect: dict[str, Any], message: str, serve: Serve, scope: Scope
) -> None:
    headers = ("Content-Type: application/json; charset=utf-8", "X-Twice: a", "X-Twice: b")
    url = f"http://127.0.0.1:{serve(answer(reply(b'{}', *headers)))}/"
    result = judged(scope, url, expect=expect)
    assert result.verdict is (Verdict.CRITICAL if message else Verdict.OK)
    assert not message or result.message == f"{url} {message}"


def test_an_empty_body_is_called_so(serve: Serve, scope: Scope) -> None:
    url = f"http://127.0.0.1:{serve(answer(reply(b'', status='500 Oh')))}/"
    assert judged(scope, url).message == f"{url} answered 500, expected 200 to 399; the body is empty"
    missed = judged(scope, url, expect={"status": 500, "body_contains": "up"})
    assert missed.message == f"{url} has an empty body, expected “up” in it"


@pytest.mark.parametrize(
    ("tree", "path", "wanted", "met"),
    [
        ('{"a": [1, 2.0]}', "a", [1.0, 2], True),
        ('{"a": [true]}', "a", [1], False),
        ('{"a": {"b": false}}', "a", {"b": 0}, False),
        ('{"a": {"b": 1}}', "a", {"b": 1, "c": None}, False),
        ('{"a": null}', "a", None, True),
        ("[3, 1, 2]", "max(@)", 3, True),
        ('{"n": [{"up": true}, {"up": false}]}', "n[?!up] | length(@)", 1, True),
        ("[1, 2]", "[::0]", [], False),
        ("[1e999]", "floor([0])", 1, False),
        ("1" * 5000, "@", 1, False),
        ("[" * 100_000, "@", 1, False),
        ("[" * 980 + "]" * 980, "@", 1, False),
        ("[" * 200 + "]" * 200, "to_string(@)", 1, False),
    ],
    ids=str,
)
def test_values_are_compared_as_json_does_and_nothing_in_a_body_breaks_that(
    tree: str, path: str, wanted: object, met: bool, serve: Serve, scope: Scope
) -> None:
    port = serve(answer(reply(tree.encode())))
    result = judged(scope, f"http://127.0.0.1:{port}/", expect={"json": {path: wanted}})
    assert result.verdict is (Verdict.OK if met else Verdict.CRITICAL)
    assert result.code == ("" if met else "content")


def test_a_message_stays_short_whatever_the_answer_is(serve: Serve, scope: Scope) -> None:
    body = json.dumps({"a": "x\n\x1b[31m" * 100_000}).encode()
    url = f"http://127.0.0.1:{serve(answer(reply(body)))}/"
    for expect in ({"json": {"a": "y"}}, {"body_contains": "z"}, {"status": 404}):
        message = judged(scope, url, expect=expect).message
        assert len(message) < 300
        assert "\n" not in message
        assert "\x1b" not in message


NO_BODY = "the answer to HEAD has no body"


@pytest.mark.parametrize(
    ("config", "code", "at", "sentence", "hint"),
    [
        pytest.param(
            {"body": "x"},
            "E208",
            ("body",),
            "a HEAD request carries no body",
            "leave it out, or ask with another method",
            id="body",
        ),
        pytest.param(
            {"json": {}},
            "E208",
            ("json",),
            "a HEAD request carries no body",
            "leave it out, or ask with another method",
            id="json",
        ),
        *(
            pytest.param(
                {"expect": {key: wanted}},
                "E208",
                ("expect", key),
                "the answer to HEAD has no body",
                "ask with GET",
                id=key,
            )
            for key, wanted in (("body_contains", "x"), ("body_matches", "x"), ("json", {"a": 1}))
        ),
    ],
)
def test_a_body_is_refused_where_there_can_be_none(
    config: dict[str, Any], code: str, at: tuple[str, ...], sentence: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Http, {"url": "http://a", "method": "HEAD", **config})
    (line,) = problems(caught.value)
    assert (line["type"], line["loc"], line["msg"], line["ctx"]["hint"]) == (code, at, sentence, hint)
