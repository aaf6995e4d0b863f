"""What libcurl's errors mean: where something went wrong, what, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from runner.doors.distrust import BROKEN_OFF, no_handshake, reason_in, unconvincing, wants_certificate
from runner.doors.net import broken
from runner.doors.request import no_url
from runner.errors import NodeError, Refused, Unreachable
from runner.records import record

if TYPE_CHECKING:
    import pycurl

    from runner.doors.request import Target

# Numbers of libcurl, as curl/curl.h has them; they never change.
MAX_HEADERS: Final = 1 << 16
"""Bytes of an answer's headers."""
MAX_LINES: Final = 5000
"""libcurl's own limit of them."""
TIMED_OUT: Final = 28
ENDED_EARLY: Final = 18
_UNTRUSTED: Final = frozenset({51, 60})
"""A certificate does not convince: one of theirs, or the one that they did not get from us."""
_NO_AUTHORITIES: Final = 77
_MULTIPLE_CHOICES: Final = 300
_SERVER_ERROR: Final = 500
_URL_MALFORMED: Final = 3
_COULDNT_CONNECT: Final = 7
_NOTHING: Final = 52
_TOO_LARGE: Final = frozenset({23, 100})
"""The header callback took no more, or libcurl itself did not."""
_TLS: Final = frozenset({35, 53, 54, 58, 59, 64, 66, 80, 82, 83, 90, 91, 98})
_WRONG_NAME: Final = 62
"""OpenSSL's result for another name."""
_ENDINGS: Final = {
    ENDED_EARLY: "the answer ended too early",
    _NOTHING: "closed without an answer",
}
_MANGLED: Final = (
    ("Content-Length", "its Content-Length is no length"),
    ("NUL byte in header", "a header holds a zero byte"),
    ("Header without colon", "a line of its headers has no colon"),
    ("(?i)chunk|hexadecimal", "its pieces are not of the length that they say"),
    ("(?i)Transfer-Encoding|content encoding", "it comes in an encoding that nobody asked for"),
)
"""Words of libcurl about answers that make no sense, and ours."""
_NONSENSE: Final = {
    1: "it does not begin as HTTP does",
    8: "its headers make no sense",
    16: "its HTTP/2 makes no sense",
    61: "it cannot be decompressed",
}
_JUDGED: Final = "verify result|certificate problem|subject name"
"""Words of libcurl about a certificate that was shown."""
_BREAKS: Final = (
    ("Proxy CONNECT aborted", _ENDINGS[_NOTHING]),
    ("Connection died", "the server broke off every try"),
    (r"HTTP/2 stream .*\(error \w+ (\w+)\)", r"the server broke off the answer (HTTP/2 says \1)"),
)
"""Words of libcurl about connections that broke, and ours."""
_SYSTEM: Final = r"(?:Recv|Send) failure: (.+)"
_FILE: Final = r"(?:file|path): (.+)"


@record
class Fault:
    """An error of libcurl, with what else it knows."""

    number: int
    said: str = ""
    cause: int = 0
    """The system's error number."""
    tunnel: int = 0
    """The status of the proxy that was asked for a tunnel."""
    verified: int = 0
    """OpenSSL's result of verifying the certificate."""
    begun: bool = False
    """Some of an answer had come."""

    @property
    def result(self) -> int:
        """OpenSSL's result of verifying the certificate, with the name, which libcurl compares by itself."""
        return _WRONG_NAME if "subject name" in self.said else self.verified

    @property
    def distrusts(self) -> bool:
        """A certificate was shown, and does not convince."""
        return self.number in _UNTRUSTED and re.search(_JUDGED, self.said) is not None


def fault_of(handle: pycurl.Curl, error: pycurl.error) -> Fault:
    """Ask a handle what went wrong."""
    import pycurl  # noqa: PLC0415 - 20 ms that only a run with HTTP pays

    return Fault(
        number=int(error.args[0]),
        said=handle.errstr(),
        cause=handle.getinfo(pycurl.OS_ERRNO),
        tunnel=handle.getinfo(pycurl.HTTP_CONNECTCODE),
        verified=handle.getinfo(pycurl.SSL_VERIFYRESULT) or handle.getinfo(pycurl.PROXY_SSL_VERIFYRESULT),
        begun=handle.getinfo(pycurl.HEADER_SIZE) > 0,
    )


def failure(
    target: Target, proxy: Target | None, fault: Fault, *, plain: str = "give the port that does, or http:// in the URL"
) -> NodeError:
    """Translate an error of libcurl's on the way to a target; `plain` is what to do where that speaks no TLS."""
    if fault.number == _URL_MALFORMED:
        return no_url(target.called)
    if proxy and fault.tunnel >= _MULTIPLE_CHOICES:
        return _denied(target, proxy, fault.tunnel)
    if proxy is None or fault.tunnel:
        return _failed(fault, target.called, target.hidden or target.host, plain)
    error = _failed(fault, f"the proxy {proxy.called}", proxy.host, "correct the proxy that the environment names")
    if target.scheme == "http" and error.code in {"connection_lost", "bad_answer"}:  # the proxy had the request
        return error
    return NodeError(error.message, code="proxy", retryable=error.retryable)


def _denied(target: Target, proxy: Target, status: int) -> NodeError:
    """Say what a proxy answered: of its own where it denies the way, else perhaps for the target's sake."""
    msg = f"the proxy {proxy.called} answered {status} to the request for {target.called}"
    return Unreachable(msg, code="proxy") if status >= _SERVER_ERROR else NodeError(msg, code="proxy")


def _failed(fault: Fault, where: str, wanted: str, plain: str) -> NodeError:
    if fault.number in _TOO_LARGE:
        msg = f"{where} sent more headers than the {MAX_HEADERS:,} bytes and {MAX_LINES:,} lines that are read"
        return Refused(msg, code="too_large")
    if fault.number == _COULDNT_CONNECT:
        return broken(fault.cause, where)
    if insecure := _insecure(fault, where, wanted, plain):
        return insecure
    if detail := _nonsense(fault):
        msg = f"{where} sent no proper HTTP answer ({detail}): look at what answers there, and at proxies on the way"
        return Unreachable(msg, code="bad_answer")
    return Unreachable(f"connection to {where} lost: {_lost(fault)}", code="connection_lost")


def _insecure(fault: Fault, where: str, wanted: str, plain: str) -> NodeError | None:
    """Say why there is no TLS; None where that is not what is wrong."""
    reason = reason_in(fault.said)
    if fault.number == _NO_AUTHORITIES:
        return _no_authorities(fault.said)
    if fault.distrusts:
        return unconvincing(fault.result, fault.said, where, wanted)
    if fault.number in _UNTRUSTED or wants_certificate(reason):  # it was the other side that judged
        return no_handshake(reason or "certificate required", where)
    if fault.number in _TLS and reason and reason != BROKEN_OFF:
        return no_handshake(reason, where, plain)
    return None


def _no_authorities(said: str) -> NodeError:
    file = re.search(_FILE, said)
    which = f" in {file[1]}" if file else ""
    hint = "correct the variable that names them (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE)"
    msg = f"no certificate can be verified, for the authorities{which} cannot be read: {hint}"
    return NodeError(msg, code="ca_bundle")


def _nonsense(fault: Fault) -> str:
    """Say how an answer is none; empty where that is not what is wrong."""
    known = next((words for pattern, words in _MANGLED if re.search(pattern, fault.said)), "")
    return known or _NONSENSE.get(fault.number, "")


def _lost(fault: Fault) -> str:
    """Say how a connection was lost."""
    reason = reason_in(fault.said)
    if reason == BROKEN_OFF:
        unfinished = _ENDINGS[ENDED_EARLY if fault.begun else _NOTHING]
        return "closed during the TLS handshake" if fault.number in _TLS else unfinished
    if reason:
        return f"what came cannot be decrypted (“{reason}”)"
    for pattern, words in _BREAKS:
        if found := re.search(pattern, fault.said):
            return found.expand(words)
    if system := re.fullmatch(_SYSTEM, fault.said):
        return system[1].lower()
    return _ENDINGS.get(fault.number) or f"“{fault.said}”"
