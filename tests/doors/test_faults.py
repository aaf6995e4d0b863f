"""What servers and proxies do wrong, over HTTP, TLS and SMTP: every fault is a sentence, none of libcurl's words."""

from __future__ import annotations

import os
import re
import socket
import ssl
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from runner.deadline import Deadline
from runner.doors import Effect
from runner.doors.distrust import HANDSHAKES, Distrust, complaint
from runner.doors.faults import MAX_HEADERS
from runner.doors.http import Http
from runner.doors.mail import Envelope, MailServer, Privacy
from runner.doors.net import Net
from runner.doors.proxies import Proxies
from runner.doors.request import Request
from runner.doors.smtp import Smtp
from runner.doors.tls import Tls
from runner.errors import NodeError, Unreachable
from tests.checks.tls_server import LONG, NOW, issued, leaf, showing
from tests.doors.conftest import answer, over_tls, read_request, speaking

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

    from tests.doors.conftest import Serve, Talk

HEAD = b"HTTP/1.1 200 OK\r\n"
OK = HEAD + b"Content-Length: 2\r\n\r\nok"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
Told = tuple[type[NodeError], str, bool, str]
"""An error's type, code, whether it is retryable, and its message."""


def told(http: Http, url: str) -> Told:
    with pytest.raises(NodeError) as caught:
        http.send(Request(url=url), Deadline(10), effect=Effect.READ)
    return _told(caught.value)


def told_by_handshake(port: int) -> Told:
    with pytest.raises(NodeError) as caught:
        Tls().look("127.0.0.1", port, "127.0.0.1", Deadline(10), trusted=True)
    return _told(caught.value)


def told_by_mail(port: int) -> Told:
    server = MailServer(host="127.0.0.1", port=port, privacy=Privacy.TLS)
    with pytest.raises(NodeError) as caught:
        Smtp().send(server, Envelope(sender="a@b.example", recipients=("c@d.example",), data=b""), Deadline(10))
    return _told(caught.value)


def _told(error: NodeError) -> Told:
    return type(error), error.code, error.retryable, error.message


# --- answers that are none -----------------------------------------------------------------------------

NONSENSE = {
    "something else": (speaking(b"220 mail.example ESMTP\r\n"), "it does not begin as HTTP does"),
    "a bare page": (speaking(b"<html>hello</html>"), "it does not begin as HTTP does"),
    "another version": (answer(b"HTTP/1.7 200 OK\r\n\r\n"), "it does not begin as HTTP does"),
    "no status": (answer(b"HTTP/1.1 000 OK\r\n\r\n"), "it does not begin as HTTP does"),
    "no colon": (answer(HEAD + b"good morning\r\n\r\n"), "a line of its headers has no colon"),
    "a zero byte": (answer(HEAD + b"X: a\0b\r\n\r\n"), "a header holds a zero byte"),
    "no length": (answer(HEAD + b"Content-Length: long\r\n\r\n"), "its Content-Length is no length"),
    "two lengths": (
        answer(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nok"),
        "its Content-Length is no length",
    ),
    "no chunk": (answer(CHUNKED + b"nonsense\r\n"), "its pieces are not of the length that they say"),
    "a longer chunk": (answer(CHUNKED + b"2\r\nhello\r\n"), "its pieces are not of the length that they say"),
    "a huge chunk": (answer(CHUNKED + b"f" * 20 + b"\r\n"), "its pieces are not of the length that they say"),
    "no gzip": (
        answer(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"),
        "it cannot be decompressed",
    ),
    "another encoding": (
        answer(HEAD + b"Content-Encoding: pear\r\nContent-Length: 5\r\n\r\nplain"),
        "it comes in an encoding that nobody asked for",
    ),
    "another transfer": (
        answer(HEAD + b"Transfer-Encoding: pear\r\n\r\nplain"),
        "it comes in an encoding that nobody asked for",
    ),
}


@pytest.mark.parametrize(("talk", "detail"), NONSENSE.values(), ids=NONSENSE)
def test_an_answer_that_is_no_http_says_how(talk: Talk, detail: str, serve: Serve) -> None:
    port = serve(talk)
    said = (
        f"127.0.0.1:{port} sent no proper HTTP answer ({detail}): look at what answers there, and at proxies on the way"
    )
    assert told(Http(), f"http://127.0.0.1:{port}/") == (Unreachable, "bad_answer", True, said)


@pytest.mark.parametrize(
    "headers", [b"X: 0123456789\r\n" * 5000, b"".join(b"X%d: y\r\n" % number for number in range(5001))]
)
def test_headers_that_are_too_long_or_too_many_are_told(headers: bytes, serve: Serve) -> None:
    port = serve(answer(HEAD + headers + b"\r\n"))
    said = f"127.0.0.1:{port} sent more headers than the {MAX_HEADERS:,} bytes and 5,000 lines that are read"
    assert told(Http(), f"http://127.0.0.1:{port}/")[1::2] == ("too_large", said)


# --- HTTP/2 --------------------------------------------------------------------------------------------


def frame(kind: int, stream: int, content: bytes = b"", flags: int = 0) -> bytes:
    return len(content).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + content


SETTINGS = frame(4, 0)
STREAMS = {
    "reset": (SETTINGS + frame(3, 1, (2).to_bytes(4)), "the server broke off the answer (HTTP/2 says INTERNAL_ERROR)"),
    "reset in the answer": (
        SETTINGS + frame(1, 1, b"\x88", 4) + frame(3, 1, (2).to_bytes(4)),
        "the server broke off the answer (HTTP/2 says INTERNAL_ERROR)",
    ),
    "sent away": (
        SETTINGS + frame(7, 0, bytes(4) + (11).to_bytes(4)),
        "the server broke off the answer (HTTP/2 says ENHANCE_YOUR_CALM)",
    ),
    "refused": (SETTINGS + frame(3, 1, (7).to_bytes(4)), "the server broke off every try"),
}


def second_version(authority: trustme.CA, frames: bytes) -> Talk:
    """Speak HTTP/2, and answer with these frames whatever is asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.set_alpn_protocols(["h2"])

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as client:
            client.recv(65536)
            client.sendall(frames)
            client.recv(65536)
            time.sleep(0.2)

    return talk


@pytest.mark.parametrize(("frames", "reason"), STREAMS.values(), ids=STREAMS)
def test_a_stream_that_is_broken_off_says_so(
    frames: bytes, reason: str, serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    port = serve(second_version(authority, frames))
    said = f"connection to 127.0.0.1:{port} lost: {reason}"
    found = told(Http(ca_bundle=ca_file), f"https://127.0.0.1:{port}/")
    assert found == (Unreachable, "connection_lost", True, said)


@pytest.mark.parametrize(
    "frames", [b"HTTP/1.1 400 Bad Request\r\n\r\n", SETTINGS + frame(1, 1, b"\xff" * 7, 5)], ids=["none", "headers"]
)
def test_frames_that_make_no_sense_are_told(frames: bytes, serve: Serve, authority: trustme.CA, ca_file: str) -> None:
    port = serve(second_version(authority, frames))
    said = (
        f"127.0.0.1:{port} sent no proper HTTP answer (its HTTP/2 makes no sense): look at what answers there, and at"
        " proxies on the way"
    )
    found = told(Http(ca_bundle=ca_file), f"https://127.0.0.1:{port}/")
    assert found == (Unreachable, "bad_answer", True, said)


# --- handshakes ----------------------------------------------------------------------------------------


def alert(number: int) -> Talk:
    """Answer the first words of a handshake with a fatal alert."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(bytes((0x15, 3, 3, 0, 2, 2, number)))
        connection.recv(65536)

    return talk


CLIENT = "wants a certificate of its clients, and the runner has none: use an address that takes clients without one"
ENCRYPTION = "shares no encryption with the runner: bring its TLS settings up to date"
VERSION = "speaks no version of TLS that is safe: have it speak TLS 1.2 or 1.3"
ALERTS = {
    40: (
        "tls",
        "refused the TLS handshake: see its log; it shares no encryption with the runner, or wants its certificate",
    ),
    **dict.fromkeys((42, 43, 44, 45, 46, 48, 116), ("client_certificate", CLIENT)),
    49: ("tls", "does not let this client in: allow the runner's address, or use another that is open to it"),
    70: ("tls", VERSION),
    71: ("tls", ENCRYPTION),
    80: (
        "tls",
        "failed itself in the TLS handshake: its log says why, often a certificate or a key that it cannot load",
    ),
    86: ("tls", VERSION),
    112: (
        "wrong_name",
        "serves nothing by the name that it was asked for: add the name to the server, or ask for another",
    ),
    120: ("tls", "speaks neither HTTP/1.1 nor HTTP/2 over TLS: another service answers there"),
}


@pytest.mark.parametrize("number", ALERTS)
def test_an_alert_is_told_in_words_alike_for_a_page_a_certificate_and_a_mail(number: int, serve: Serve) -> None:
    port = serve(alert(number))
    code, said = ALERTS[number]
    expected = Unreachable, code, False, f"127.0.0.1:{port} {said}"
    assert told(Http(), f"https://127.0.0.1:{port}/") == expected
    assert told_by_handshake(port) == expected
    assert told_by_mail(port) == expected


def test_every_sentence_about_a_handshake_says_what_to_do() -> None:
    assert [said for _, code, said in HANDSHAKES if code and not re.search("[:;] ", said)] == [
        "does not speak TLS on this port"
    ]


def test_an_alert_that_has_no_words_is_quoted(serve: Serve) -> None:
    port = serve(alert(50))
    where = f"127.0.0.1:{port}"
    said = (
        f"the TLS handshake with {where} failed (“decode error”): look at the server's log, and at what is on the way"
    )
    assert told(Http(), f"https://{where}/") == (Unreachable, "tls", False, said)
    assert told_by_handshake(port) == (Unreachable, "tls", False, said)


@pytest.mark.parametrize("first", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail.example ESMTP\r\n", b"\xff" * 99])
def test_who_speaks_no_tls_is_told_with_what_to_write_instead(first: bytes, serve: Serve) -> None:
    port = serve(speaking(first))
    no_tls = f"127.0.0.1:{port} does not speak TLS on this port: give the port that does"
    page, handshake, mail = told(Http(), f"https://127.0.0.1:{port}/"), told_by_handshake(port), told_by_mail(port)
    assert page == (Unreachable, "tls", False, f"{no_tls}, or http:// in the URL")
    assert handshake == (Unreachable, "tls", False, f"{no_tls} from the first byte (STARTTLS is not known here)")
    assert mail == (Unreachable, "tls", False, f"{no_tls}, often 465, or use_tls in place of use_ssl for STARTTLS")


def half_a_record(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00")


@pytest.mark.parametrize("talk", [lambda connection: connection.recv(65536), half_a_record], ids=["at once", "half"])
def test_the_end_of_a_connection_in_a_handshake_is_told(talk: Talk, serve: Serve) -> None:
    port = serve(talk)
    expected = (
        Unreachable,
        "connection_lost",
        True,
        f"connection to 127.0.0.1:{port} lost: closed during the TLS handshake",
    )
    assert told(Http(), f"https://127.0.0.1:{port}/") == expected
    assert told_by_handshake(port) == expected


def wanting(authority: trustme.CA, version: ssl.TLSVersion) -> Talk:
    """Want a certificate of each client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as client:
            with suppress(ssl.SSLError):
                client.do_handshake()
            while socket.socket.recv(client, 65536):  # leaving at once would reset what was said
                pass

    return talk


def test_a_server_that_wants_a_certificate_of_its_clients_is_told(
    serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    port = serve(wanting(authority, ssl.TLSVersion.TLSv1_3))
    found = told(Http(ca_bundle=ca_file), f"https://127.0.0.1:{port}/")
    assert found == (Unreachable, "client_certificate", False, f"127.0.0.1:{port} {CLIENT}")
    older = serve(wanting(authority, ssl.TLSVersion.TLSv1_2))
    found = told(Http(ca_bundle=ca_file), f"https://127.0.0.1:{older}/")
    assert found == (Unreachable, "tls", False, f"127.0.0.1:{older} {ALERTS[40][1]}")


# --- connections that break once they are encrypted -----------------------------------------------------


def cut(after: bytes) -> Talk:
    """Answer, and leave without TLS's goodbye."""

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(after)
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

    return talk


def garbled(connection: socket.socket) -> None:
    """Answer with what was never encrypted."""
    read_request(connection)
    with socket.socket(fileno=os.dup(connection.fileno())) as bare:
        bare.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        bare.recv(1)


def reset(connection: socket.socket) -> None:
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


CUT = {
    "before the answer": (cut(b""), "closed without an answer"),
    "in the answer": (cut(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "the answer ended too early"),
    "garbled": (garbled, "what came cannot be decrypted (“decryption failed or bad record mac”)"),
    "reset": (reset, "connection reset by peer"),
}


@pytest.mark.parametrize(("talk", "reason"), CUT.values(), ids=CUT)
def test_an_encrypted_connection_that_breaks_says_how(
    talk: Talk, reason: str, serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    port = serve(over_tls(authority.issue_cert("127.0.0.1"), talk))
    found = told(Http(ca_bundle=ca_file), f"https://127.0.0.1:{port}/")
    assert found == (Unreachable, "connection_lost", True, f"connection to 127.0.0.1:{port} lost: {reason}")


# --- certificates --------------------------------------------------------------------------------------


def test_a_certificate_that_vouches_for_itself_is_told(serve: Serve) -> None:
    port = serve(showing(issued("shop", "shop.example").with_key))
    said = (
        f"the certificate of shop.example:{port} is self-signed, so nobody else vouches for it: use one from an"
        " authority that clients trust, or name its file in REQUESTS_CA_BUNDLE"
    )
    http = Http(net=Net(lookup=_everywhere))
    assert told(http, f"https://shop.example:{port}/") == (Unreachable, "self_signed", False, said)


def test_an_authority_that_is_not_trusted_is_told(serve: Serve) -> None:
    root = issued("Our Own Root", vouches=True)
    port = serve(showing(issued("shop", "shop.example", by=root).with_key + root.pem))
    said = (
        f"the certificate of shop.example:{port} leads to an authority that is not trusted here: use one from an"
        " authority that clients trust, or name the authority's file in REQUESTS_CA_BUNDLE"
    )
    http = Http(net=Net(lookup=_everywhere))
    assert told(http, f"https://shop.example:{port}/") == (Unreachable, "unknown_root", False, said)


def test_an_issuer_that_may_not_sign_others_is_told(serve: Serve, tmp_path: Path) -> None:
    root = issued("Our Own Root", vouches=True)
    between = issued("Between", by=root)
    port = serve(showing(issued("shop", "shop.example", by=between).with_key + between.pem))
    (tmp_path / "root.pem").write_bytes(root.pem)
    said = (
        f"the certificate of shop.example:{port} is signed by one that may sign no others: have the authority issue"
        " one that clients accept, and the server load it"
    )
    http = Http(net=Net(lookup=_everywhere), ca_bundle=str(tmp_path / "root.pem"))
    assert told(http, f"https://shop.example:{port}/") == (Unreachable, "tls", False, said)


def _everywhere(host: bytes, port: int, *, flags: int, **kinds: Any) -> list[tuple[Any, Any, Any, str, Any]]:  # noqa: ANN401 - getaddrinfo's own
    """Find every name on this machine."""
    return socket.getaddrinfo(host if flags else "127.0.0.1", port, flags=flags, **kinds)


def test_a_complaint_that_has_no_words_is_quoted() -> None:
    said = "SSL certificate OpenSSL verify result: unhandled critical extension (34)"
    assert complaint(34, said) == "is not accepted (“unhandled critical extension”)"


def test_every_kind_of_distrust_has_words_of_its_own() -> None:
    results = {2: Distrust.INCOMPLETE, 9: Distrust.NOT_YET_VALID, 10: Distrust.EXPIRED, 18: Distrust.SELF_SIGNED}
    results |= {19: Distrust.UNKNOWN_ROOT, 62: Distrust.WRONG_NAME}
    assert set(results.values()) == set(Distrust) - {Distrust.NONE, Distrust.OTHER}
    assert [number for number in results if "“" in complaint(number, "said")] == []


# --- proxies -------------------------------------------------------------------------------------------


def resetting(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


LEAVING: dict[str, tuple[Talk, str]] = {
    "closes": (read_request, "closed without an answer"),
    "resets": (resetting, "connection reset by peer"),
}


@pytest.mark.parametrize(("talk", "reason"), LEAVING.values(), ids=LEAVING)
def test_a_proxy_that_leaves_is_told_apart_from_what_is_behind_it(talk: Talk, reason: str, serve: Serve) -> None:
    proxy = f"127.0.0.1:{serve(talk)}"
    http = Http(proxies=Proxies({"all": f"http://{proxy}"}))
    said = f"connection to the proxy {proxy} lost: {reason}"
    assert told(http, "https://shop.example/") == (NodeError, "proxy", True, said)
    assert told(http, "http://shop.example/") == (Unreachable, "connection_lost", True, said)


def test_a_proxy_whose_certificate_does_not_convince_is_told(serve: Serve, authority: trustme.CA, ca_file: str) -> None:
    late = leaf(authority, "127.0.0.1", begins=-2 * LONG, ends=-LONG)
    proxy = f"127.0.0.1:{serve(over_tls(late, read_request))}"
    http = Http(proxies=Proxies({"all": f"https://{proxy}"}), ca_bundle=ca_file)
    said = (
        f"the certificate of the proxy {proxy} has expired, or one that vouches for it has: renew it, and have the"
        " server load the new one"
    )
    assert told(http, "https://shop.example/") == (NodeError, "proxy", False, said)
    tls = Tls(proxies=http.proxies, ca_bundle=ca_file)
    with pytest.raises(NodeError) as caught:
        tls.look("shop.example", 443, "shop.example", Deadline(10), trusted=True)
    assert _told(caught.value) == (NodeError, "proxy", False, said)


def test_a_proxy_that_speaks_no_tls_is_told(serve: Serve) -> None:
    proxy = f"127.0.0.1:{serve(speaking(HEAD))}"
    http = Http(proxies=Proxies({"all": f"https://{proxy}"}))
    said = f"the proxy {proxy} does not speak TLS on this port: correct the proxy that the environment names"
    assert told(http, "http://shop.example/") == (NodeError, "proxy", False, said)


def test_what_is_wrong_behind_a_proxy_is_told_of_what_is_behind_it(
    serve: Serve, authority: trustme.CA, ca_file: str
) -> None:
    late = leaf(authority, "shop.example", begins=-2 * LONG, ends=NOW - NOW - LONG)
    behind = over_tls(late, read_request)

    def tunnel(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        behind(connection)

    http = Http(proxies=Proxies({"all": f"http://127.0.0.1:{serve(tunnel)}"}), ca_bundle=ca_file)
    found = told(http, "https://shop.example/")
    assert found[:3] == (Unreachable, "expired", False)
    assert found[3].startswith("the certificate of shop.example:443 has expired, or one that vouches for it has: ")
