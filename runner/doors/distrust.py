"""Why a certificate does not convince, and why a handshake fails: OpenSSL's numbers and words in plain ones.

libcurl and the `ssl` module hand both on as OpenSSL has them. What is searched for stays in quotation marks where
there are no better words for it.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from runner.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_TLS: Final = "does not speak TLS on this port"
BROKEN_OFF: Final = "unexpected eof while reading"
"""OpenSSL's words for a connection that ended without TLS's goodbye."""
_NAME_AND_ADDRESS: Final = frozenset({62, 64})
"""OpenSSL's results where the certificate is for another name, or another address."""
_REASON: Final = r"error:[0-9A-Fa-f]+:[^:]*:[^:]*:([^,]+)"
_RESULT: Final = r"^.*(?:verify result|problem): | \(\d+\)$"
"""What stands before and after the reason in libcurl's words about a certificate."""
_ALERT: Final = r"(?:ssl/tls|sslv3|tlsv1|tlsv13)(?: alert)? "


class Distrust(StrEnum):
    """Why a certificate does not convince; the code of whoever says so."""

    NONE = ""
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_NAME = "wrong_name"
    SELF_SIGNED = "self_signed"
    INCOMPLETE = "incomplete_chain"
    """The certificate of an issuer was not sent and is not known here."""
    UNKNOWN_ROOT = "unknown_root"
    OTHER = "tls"


_RESULTS: Final = {
    2: Distrust.INCOMPLETE,
    9: Distrust.NOT_YET_VALID,
    10: Distrust.EXPIRED,
    18: Distrust.SELF_SIGNED,
    19: Distrust.UNKNOWN_ROOT,
    20: Distrust.INCOMPLETE,
    21: Distrust.INCOMPLETE,
    **dict.fromkeys(_NAME_AND_ADDRESS, Distrust.WRONG_NAME),
}
"""OpenSSL's results of a verification, as openssl/x509_vfy.h has them."""
_SAID: Final = {
    Distrust.EXPIRED: "has expired, or one that vouches for it has",
    Distrust.NOT_YET_VALID: "is not valid yet",
    Distrust.WRONG_NAME: "is for another name",
    Distrust.SELF_SIGNED: "is self-signed, so nobody else vouches for it",
    Distrust.INCOMPLETE: "comes without that of its issuer, which is not known here either",
    Distrust.UNKNOWN_ROOT: "leads to an authority that is not trusted here",
}
_OTHERS: Final = {
    23: "has been revoked by its authority",
    26: "is not made for servers",
    66: "has a key that is too weak",
    67: "is signed with a key that is too weak",
    68: "is signed in a way that is too weak",
    79: "is signed by one that may sign no others",
}
_TRUSTED: Final = "use one from an authority that clients trust"
REMEDIES: Final[Mapping[Distrust, str]] = {
    Distrust.EXPIRED: "renew it, and have the server load the new one",
    Distrust.NOT_YET_VALID: "use the former one until then, or correct the clock of this machine if that is wrong",
    Distrust.SELF_SIGNED: f"{_TRUSTED}, or name its file in REQUESTS_CA_BUNDLE",
    Distrust.INCOMPLETE: "have the server send the whole chain (fullchain.pem), or, for an authority of your own, name"
    " its file in REQUESTS_CA_BUNDLE",
    Distrust.UNKNOWN_ROOT: f"{_TRUSTED}, or name the authority's file in REQUESTS_CA_BUNDLE",
    Distrust.OTHER: "have the authority issue one that clients accept, and the server load it",
}
"""What to do about it; a name that is missing depends on who asks for which."""


def distrust_of(result: int) -> Distrust:
    """Say why a chain does not convince, from OpenSSL's result of verifying it."""
    return _RESULTS.get(result, Distrust.OTHER)


def complaint(result: int, said: str) -> str:
    """Say what is wrong with a certificate, as what follows “the certificate of shop.example:443 ”."""
    known = _SAID.get(distrust_of(result)) or _OTHERS.get(result)
    return known or f"is not accepted (“{re.sub(_RESULT, '', said)}”)"


def unconvincing(result: int, said: str, where: str, wanted: str) -> Unreachable:
    """Make the error for a certificate that does not convince; `wanted` is what it should be for."""
    distrust = distrust_of(result)
    remedy = REMEDIES.get(distrust, f"have the server use one that names {wanted}, or ask for a name that it is for")
    msg = f"the certificate of {where} {complaint(result, said)}: {remedy}"
    return Unreachable(msg, code=distrust, retryable=False)


def reason_in(text: str) -> str:
    """Return OpenSSL's reason in a text of libcurl's; empty where there is none."""
    found = re.search(_REASON, text)
    return found[1].strip() if found else ""


def wants_certificate(reason: str) -> bool:
    """Say whether a server turned a client away for want of a certificate of the client's."""
    return re.sub(_ALERT, "", reason) in _CLIENTS


def no_handshake(reason: str, where: str, remedy: str = "") -> Unreachable:
    """Make the error for a handshake that failed for a reason of OpenSSL's; `remedy` is for who speaks no TLS."""
    short = re.sub(_ALERT, "", reason)
    for reasons, code, sentence in HANDSHAKES:
        if short in reasons:
            hint = f": {remedy}" if remedy and sentence == NO_TLS else ""
            return Unreachable(f"{where} {sentence}{hint}", code=code, retryable=False)
    msg = f"the TLS handshake with {where} failed (“{short}”): look at the server's log, and at what is on the way"
    return Unreachable(msg, code="tls", retryable=False)


_CLIENTS: Final = frozenset(
    {
        "bad certificate",
        "certificate expired",
        "certificate required",
        "certificate revoked",
        "certificate unknown",
        "certificate verify failed",
        "unknown ca",
        "unsupported certificate",
    }
)
HANDSHAKES: Final = (
    (
        frozenset(
            {
                "bad record type",
                "http request",
                "https proxy request",
                "invalid record type",
                "packet length too long",
                "record layer failure",
                "wrong version number",
            }
        ),
        "tls",
        NO_TLS,
    ),
    (
        _CLIENTS,
        "client_certificate",
        "wants a certificate of its clients, and the runner has none: use an address that takes clients without one",
    ),
    (
        frozenset({"handshake failure"}),
        "tls",
        "refused the TLS handshake: see its log; it shares no encryption with the runner, or wants its certificate",
    ),
    (
        frozenset({"protocol version", "unsupported protocol", "inappropriate fallback", "version too low"}),
        "tls",
        "speaks no version of TLS that is safe: have it speak TLS 1.2 or 1.3",
    ),
    (
        frozenset({"insufficient security", "no shared cipher", "no cipher match", "wrong cipher returned"}),
        "tls",
        "shares no encryption with the runner: bring its TLS settings up to date",
    ),
    (
        frozenset({"dh key too small", "ee key too small", "ca key too small", "ca md too weak", "wrong curve"}),
        "tls",
        "uses keys that are too weak: bring its TLS settings and its certificate up to date",
    ),
    (
        frozenset({"unsafe legacy renegotiation disabled"}),
        "tls",
        "speaks TLS in an old way that is not safe: bring its TLS software up to date",
    ),
    (
        frozenset({"unrecognized name"}),
        "wrong_name",
        "serves nothing by the name that it was asked for: add the name to the server, or ask for another",
    ),
    (
        frozenset({"no application protocol"}),
        "tls",
        "speaks neither HTTP/1.1 nor HTTP/2 over TLS: another service answers there",
    ),
    (
        frozenset({"internal error"}),
        "tls",
        "failed itself in the TLS handshake: its log says why, often a certificate or a key that it cannot load",
    ),
    (
        frozenset({"access denied"}),
        "tls",
        "does not let this client in: allow the runner's address, or use another that is open to it",
    ),
)
"""OpenSSL's reasons without who gave them, the code, and what there is to say of the server."""
