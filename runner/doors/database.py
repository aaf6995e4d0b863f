"""What the doors to database servers share: what a query brings, why it brings nothing, and whom to trust."""

from __future__ import annotations

import os
import pwd
import re
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from runner.doors.curl import system_trust
from runner.doors.distrust import Distrust, complaint, distrust_of, no_handshake, unconvincing
from runner.errors import NodeError, TimedOut, Unreachable
from runner.records import record
from runner.secrets import Masker
from runner.spec import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.deadline import Deadline
    from runner.spec.databases import DatabaseUrl

CLIENT: Final = "pipeline-runner"
"""What a server's list of connections calls us."""
FAREWELL: Final = 0.3
"""Seconds that it may take to stop what a server is doing once the time is up."""
_SHOWN: Final = 200
"""Characters of what a server says."""
_PRODUCTS: Final = {"postgresql": "PostgreSQL", "mysql": "MySQL"}
SENTENCES: Final = {
    "login_refused": "{url} refuses the login of {user}",
    "no_database": "{server} has no database {database}",
    "not_ready": "{url} takes no connection now",
    "connection_lost": "connection to {url} lost",
    "other_service": "no {product} server answers at {server}: something else listens there",
    "no_tls": "{url} offers no TLS, and its URL asks for it",
    "tls_wanted": "{url} takes no connection without TLS, and its URL asks for none",
    "tls": "{url} and the runner agree on no encryption",
    "no_permission": "{url} does not let {user} ask this",
    "read_only": "a check only reads, and this query would change something in {url}",
    "bad_query": "{url} cannot answer the query",
    "no_rows": "this statement brings no rows from {url}: ask with one that does, like SELECT or SHOW",
    "query_failed": "{url} failed on the query",
    "unreadable": "the answer of {url} cannot be read",
    "unreachable": "{url} cannot be reached",
}
"""What is wrong, by the code; the server's own words follow."""
CODES: Final = {"no_tls": "tls", "tls_wanted": "tls", "read_only": "bad_query", "no_rows": "bad_query"}
"""Where the code of an error is another."""
_ENOUGH: Final = frozenset({"no_tls", "other_service", "no_rows"})
"""Where the words of a library would add nothing."""
_TRANSIENT: Final = frozenset({"not_ready", "connection_lost", "unreachable"})
"""What another try may change."""
_OF_ONES_OWN: Final = frozenset({Distrust.SELF_SIGNED, Distrust.INCOMPLETE, Distrust.UNKNOWN_ROOT})
"""What the certificates of databases mostly are: signed by an authority that no system knows."""


@record
class Answer:
    """What a query brought."""

    row: tuple[Any, ...] | None
    """The first row; None where there is none."""
    rows: int
    connected: float
    """Seconds until the login was done."""
    answered: float
    """Seconds from the query to the last row."""


def refusal(reason: str, url: DatabaseUrl, said: str = "") -> NodeError:
    """Say why a server does not do what it should, by a key of the sentences, and in its own words."""
    sentence = SENTENCES[reason].format(
        url=url,
        user=url.user or "this user",
        server=f"{url.kind} at {url.server}" if reason == "no_database" else url.server,
        database=url.database or "of this name",
        product=_PRODUCTS.get(url.kind, ""),
    )
    kind = Unreachable if reason in _TRANSIENT else NodeError
    words = "" if reason in _ENOUGH else own_words(said, url)
    return kind(f"{sentence}: {words}" if words else sentence, code=CODES.get(reason, reason))


def own_words(said: str, url: DatabaseUrl) -> str:
    """Return what a server says on one line, without the password, whoever sent it back."""
    masker = Masker([] if url.password is None else [url.password])
    line = " ".join("".join(one if one.isprintable() else " " for one in masker.mask(said)).split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def late(url: DatabaseUrl, deadline: Deadline, *, connected: bool) -> TimedOut:
    """Say how far it came; raise `Cancelled` where the run was told to stop."""
    if deadline.cancelled:
        deadline.check()
    what = "took the connection and then did not answer" if connected else "did not take the connection"
    return TimedOut(f"{url} {what} within {duration_text(deadline.limit)}")


def slow(url: DatabaseUrl, deadline: Deadline) -> TimedOut:
    """Say that the answer to a query did not come; raise `Cancelled` where the run was told to stop."""
    if deadline.cancelled:
        deadline.check()
    return TimedOut(f"{url} did not answer the query within {duration_text(deadline.limit)}")


def read_rows(
    rows: Iterable[tuple[Any, ...]], url: DatabaseUrl, deadline: Deadline
) -> tuple[tuple[Any, ...] | None, int]:
    """Return the first row and how many there are, read one after the other, so that many cost no memory.

    Raises `TimedOut` where the deadline is over by then.
    """
    first, count = None, 0
    for row in rows:
        first, count = first or row, count + 1
        if deadline.over:  # what has arrived by now can be read for long
            break
    if deadline.over:  # a query that is stopped may answer all the same, with anything
        raise slow(url, deadline)
    return first, count


class _HasNumber(Protocol):
    """What a socket has, and a connection that is made of one."""

    def fileno(self) -> int: ...


def another(connection: _HasNumber) -> socket.socket:
    """Return another socket of the same connection, by which other threads can break it off, encrypted or not."""
    return socket.socket(fileno=os.dup(connection.fileno()))


def aside(task: Callable[[], None]) -> Callable[[], None]:
    """Return what begins a task and does not wait: whoever calls a run off must not wait for a server."""
    return lambda: threading.Thread(target=task, daemon=True).start()


def user_of(url: DatabaseUrl) -> str:
    """Return who logs in: whom the URL names, else the user of this process, as the servers' own clients have it."""
    if url.user:
        return url.user
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        msg = f"the URL of {url} names no user, and the user of this process has no name: write user:password@ into it"
        raise NodeError(msg, code="invalid_config") from None


def distrusted(url: DatabaseUrl, error: ssl.SSLCertVerificationError) -> NodeError:
    """Say why the certificate of a server does not convince."""
    found = unconvincing(error.verify_code, error.verify_message, str(url), url.host)
    code = distrust_of(error.verify_code)
    if code not in _OF_ONES_OWN:
        return NodeError(found.message, code=code)
    option = "sslrootcert" if url.kind == "postgresql" else "ssl_ca"
    said = complaint(error.verify_code, error.verify_message)
    msg = f"the certificate of {url} {said}: name the file of its authority in {option} of the URL"
    return NodeError(msg, code=code)


def not_encrypted(url: DatabaseUrl, error: ssl.SSLError) -> NodeError:
    """Say why the handshake with a server failed."""
    found = no_handshake((error.reason or str(error)).replace("_", " ").lower(), str(url))
    return NodeError(found.message, code=found.code)


def authorities(ca_bundle: str) -> tuple[str, str]:
    """Return the file and the folder of the certificates that are trusted; one of them is empty."""
    file, folder = (ca_bundle, "") if ca_bundle else system_trust()
    return ("", file) if file and Path(file).is_dir() else (file, folder)


def context(
    url: DatabaseUrl, ca_bundle: str, *, verified: bool, named: bool, cert: str = "", key: str = ""
) -> ssl.SSLContext:
    """Return how to encrypt; raise `NodeError` where a file for it cannot be read."""
    file, folder = authorities(ca_bundle)
    try:
        found = ssl.create_default_context(cafile=file or None, capath=folder or None)
        found.check_hostname = named
        found.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
        found.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)  # servers make certificates that are not strict
        if cert:
            found.load_cert_chain(cert, key or None)
    except OSError as error:
        missing = next((f"{one}: " for one in (file, cert, key) if one and not os.access(one, os.R_OK)), "")
        raise unreadable(url, f"{missing}{error.strerror or error}") from error
    return found


def unreadable(url: DatabaseUrl, said: str) -> NodeError:
    """Say that a file for the encryption cannot be read."""
    reason = re.sub(r"\[[^\]]*\] | \(_ssl\.c:\d+\)$", "", said)
    return NodeError(f"the certificates for {url} cannot be read: {reason}", code="invalid_config")
