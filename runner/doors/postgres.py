"""PostgreSQL by psycopg, which takes 120 ms to load: only a run that speaks to such a server loads this module.

libpq is led by hand through the login: so it looks up no name, takes nothing from the environment or the home folder,
and stops when it is told to. It tells of a failure by a text, which may be in any language; its trace has the code.
"""

from __future__ import annotations

import errno
import os
import re
import ssl
import struct
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from runner.doors.database import (
    CLIENT,
    FAREWELL,
    Answer,
    another,
    authorities,
    context,
    distrusted,
    late,
    refusal,
    slow,
    unreadable,
    user_of,
)
from runner.doors.libpq import TOLD, neutral, overheard, ready
from runner.doors.net import admitted, broken, shut, turns
from runner.errors import NodeError
from runner.records import record
from runner.secrets import reveal

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    from runner.deadline import Deadline
    from runner.doors.net import Address, Net
    from runner.spec.databases import DatabaseUrl

_TLS_REQUEST: Final = struct.pack(">ii", 8, 80877103)
_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})
_STATES: Final = {
    "08": "not_ready",
    "28": "login_refused",
    "3D": "no_database",
    "42501": "login_refused",
    "53": "not_ready",
    "57": "not_ready",
}
"""Why a server takes no login, by its code or by the class of it."""
_WORDS: Final = (
    ("other_service", r"invalid response|unencrypted data after|expected authentication|invalid message|lost sync"),
    ("no_database", r"database .* does not exist|no such database"),
    (
        "login_refused",
        r"password|pg_hba|authentication|role .* (does not exist|is not permitted)|no such user|[Pp]eer ",
    ),
    ("not_ready", r"starting up|shutting down|too many (clients|connections)|remaining connection slots|pgbouncer"),
    ("no_tls", r"does not support SSL"),
    ("not_ready", r"session is (not )?read-only|hot standby|server is not in"),
    ("connection_lost", r"server closed the connection|EOF|eof while reading|connection has been closed"),
    ("tls", r"SSL|TLS"),
)
"""What libpq says by itself, and what servers say where their code is not known."""
_DISTRUST: Final = re.compile(r"certificate verify failed|does not match host name|host name could not be")
_FILES: Final = re.compile(r"root certificate|certificate file|private key|certificate from file|CRL")
_QUERIES: Final = {
    "25006": "read_only",
    "40": "query_failed",
    "42501": "no_permission",
    "53": "query_failed",
    "55P03": "query_failed",
    "57": "query_failed",
    "57P": "connection_lost",
    "58": "query_failed",
    "XX": "query_failed",
}
"""Why a server does not answer a query, by its code or by the beginning of it; of any other the query is to blame."""


def connect(
    net: Net, url: DatabaseUrl, ca_bundle: str, deadline: Deadline, *, trusted: bool
) -> psycopg.Connection[Any]:
    """Log in; raise `TimedOut`, `Cancelled`, `Refused`, or `NodeError` as `Sql.connect` says."""
    login = _Login(net=net, url=url, ca_bundle=ca_bundle, deadline=deadline, trusted=trusted)
    if url.local:
        return login.at(None, deadline)
    found = net.resolve(url.host, url.port, deadline)
    failure: NodeError = refusal("unreachable", url)
    for address, seconds in turns(admitted(found, url.server, trusted=trusted), deadline):
        try:
            return login.at(address, deadline.within(seconds))
        except _NotConnectedError as error:
            failure = error.reason
            if deadline.over:
                break
    raise failure


def ask(connection: psycopg.Connection[Any], url: DatabaseUrl, query: str, deadline: Deadline) -> Answer:
    """Have a query answered in a transaction that only reads and is taken back; `connected` is left at 0."""
    try:
        with _stoppable(connection, url, deadline), connection.cursor() as cursor:
            connection.read_only = True
            limit = max(1, int((deadline.left + FAREWELL) * 1000))  # the server's own, should it not hear of the end
            cursor.execute(f"SET LOCAL statement_timeout = {limit}".encode())
            began = time.perf_counter()
            first, rows = None, 0
            # one row after the other, so that many cost no memory, and by the protocol that takes one statement alone
            for row in cursor.stream(query.encode()):
                first, rows = first or row, rows + 1
                if deadline.over:  # what has arrived by now can be read for long
                    raise slow(url, deadline)
            taken = time.perf_counter() - began
            connection.rollback()
    except (psycopg.Error, ValueError, ArithmeticError) as error:
        raise _unanswered(error, connection, url, deadline) from None
    return Answer(row=first, rows=rows, connected=0.0, answered=taken)


class _NotConnectedError(Exception):
    """No connection came about at one address: another may take it."""

    def __init__(self, reason: NodeError) -> None:
        super().__init__(reason.message)
        self.reason = reason


@record
class _Login:
    """What it takes to log in."""

    net: Net
    url: DatabaseUrl
    ca_bundle: str
    deadline: Deadline
    trusted: bool

    def at(self, address: Address | None, until: Deadline) -> psycopg.Connection[Any]:
        """Log in at an address, or by a socket of this machine."""
        handle = pq.PGconn.connect_start(make_conninfo(**self._parameters(address)).encode())
        try:
            with overheard(handle) as heard:
                self._shake(handle, until, heard)
        except BaseException:
            handle.finish()
            raise
        handle.nonblocking = 1
        connection = psycopg.Connection(handle)
        if until.over:
            connection.close()
            raise late(self.url, self.deadline, connected=True)
        return connection

    def _shake(self, handle: pq.abc.PGconn, until: Deadline, heard: Callable[[], str]) -> None:
        """Lead libpq through the login."""
        turn, connected = pq.PollingStatus.WRITING, self.url.local
        while turn in {pq.PollingStatus.READING, pq.PollingStatus.WRITING} and handle.status != pq.ConnStatus.BAD:
            if not ready(handle.socket, turn, until):
                problem = late(self.url, self.deadline, connected=connected)
                raise problem if connected else _NotConnectedError(problem)
            turn = pq.PollingStatus(handle.connect_poll())
            connected = connected or handle.status not in {pq.ConnStatus.STARTED, pq.ConnStatus.BAD}
        if turn != pq.PollingStatus.OK:
            raise self._failure(handle.get_error_message(), heard(), connected=connected)

    def _parameters(self, address: Address | None) -> Mapping[str, str]:
        url = self.url
        options = {key: value for key, value in url.options.items() if key != "connect_timeout"}
        place = {"host": url.host, "port": str(url.port or 5432)}
        return {
            **neutral(),
            "application_name": CLIENT,
            "user": user_of(url),
            "password": "" if url.password is None else reveal(url.password),
            "dbname": url.database,
            "require_auth": "!gss,!sspi" if self._may_be_clear(address) else "!gss,!sspi,!password",
            "sslcertmode": "allow" if "sslcert" in options else "disable",
            **options,
            **self._authorities(),
            **(place if address is None else {**place, "hostaddr": address.ip}),
        }

    def _may_be_clear(self, address: Address | None) -> bool:
        """Say whether a password may go as it is: nobody listens on the way, or it is encrypted in any case."""
        here = address is None or address.ip == "::1" or address.ip.startswith("127.")
        return here or self.url.options.get("sslmode") in _ENCRYPTED

    def _authorities(self) -> Mapping[str, str]:
        """Return the file of authorities for libpq, where a certificate is verified and the URL names none."""
        given = self.url.options.get("sslrootcert", "system" if self._verified else "")
        if given != "system":
            return {}
        file, folder = authorities("" if "sslrootcert" in self.url.options else self.ca_bundle)
        if folder:
            raise unreadable(self.url, f"{folder} is a folder; name a file in sslrootcert of the URL")
        return {"sslrootcert": file}

    @property
    def _verified(self) -> bool:
        return self.url.options.get("sslmode", "").startswith("verify")

    def _failure(self, text: str, trace: str, *, connected: bool) -> Exception:
        """Say why there is no login."""
        url = self.url
        said = re.sub(r"^connection to server .*? failed: ", "", text).partition("\n")[0]
        if told := TOLD.findall(trace):
            # with and without TLS a server is asked twice; that one way is not allowed says little about the other
            state, words = min(told, key=lambda one: str(one[0]) == "28000")
            return refusal(_by_state(_STATES, state) or _by_words(words) or "login_refused", url, words)
        if number := _system_error(said):
            problem = broken(number, url.server)
            return problem if connected else _NotConnectedError(problem)
        if _DISTRUST.search(said):
            return self._distrust() or refusal("tls", url, said)
        if _FILES.search(said):
            return unreadable(url, said)
        reason = _by_words(said)
        if reason == "connection_lost":
            return broken(None, url.server)
        return refusal(reason or "unreachable", url, "" if reason in _ENOUGH else _PLAINER.get(said, said))

    def _distrust(self) -> NodeError | None:
        """Find out why a certificate does not convince, which libpq does not say."""
        file = {**self.url.options, **self._authorities()}.get("sslrootcert", "")
        named = self.url.options.get("sslmode") == "verify-full"
        trust = context(self.url, file, verified=True, named=named)
        try:
            sock = self.net.connect(self.url.host, self.url.port, self.deadline, trusted=self.trusted)
            with sock, self.deadline.guard(partial(shut, sock)):
                sock.sendall(_TLS_REQUEST)
                sock.recv(1)
                trust.wrap_socket(sock, server_hostname=self.url.host).close()
        except ssl.SSLCertVerificationError as error:
            return distrusted(self.url, error)
        except (NodeError, OSError):
            return None  # it was another server, or is another one by now
        return None


_PLAINER: Final = {
    "fe_sendauth: no password supplied": "it asks for a password, and its URL has none",
    'authentication method requirement "!gss,!sspi,!password" failed: server requested a cleartext password': (
        "it asks for the password in the clear; have its URL ask for TLS with sslmode=require"
    ),
}
"""What libpq says, and words for those who do not know it."""
_ENOUGH: Final = frozenset({"no_tls", "other_service"})
"""Where libpq's words add nothing to ours."""


def _by_state(table: Mapping[str, str], state: str) -> str:
    """Look a code up, else its class, the longest beginning first."""
    return next((table[state[:end]] for end in range(len(state), 1, -1) if state[:end] in table), "")


def _by_words(said: str) -> str:
    return next((reason for reason, words in _WORDS if re.search(words, said)), "")


def _system_error(said: str) -> int:
    """Return the system's error that a text ends with; 0 where it ends with none."""
    return next((number for number in errno.errorcode if said.endswith(os.strerror(number))), 0)


@contextmanager
def _stoppable(connection: psycopg.Connection[Any], url: DatabaseUrl, deadline: Deadline) -> Iterator[None]:
    """Stop what the block does on a connection, here and on the server, as soon as the deadline is over."""
    if deadline.over:
        raise slow(url, deadline)
    with another(connection) as line:
        # whoever calls the run off must not wait for the server
        end = threading.Thread(target=_stop, args=(connection, line), daemon=True)
        with deadline.guard(end.start):
            yield


def _stop(connection: psycopg.Connection[Any], line: socket.socket) -> None:
    with suppress(psycopg.Error, OSError):
        connection.cancel_safe(timeout=FAREWELL)
    shut(line)


def _unanswered(
    error: Exception, connection: psycopg.Connection[Any], url: DatabaseUrl, deadline: Deadline
) -> NodeError:
    """Say why a query has no answer."""
    if deadline.over:
        return slow(url, deadline)
    if isinstance(error, psycopg.Error) and error.sqlstate:
        reason = _by_state(_QUERIES, error.sqlstate) or "bad_query"
        return refusal(reason, url, error.diag.message_primary or "")
    if connection.broken:
        return broken(None, url.server)
    if isinstance(error, psycopg.ProgrammingError | psycopg.InternalError):
        return refusal("no_rows", url)
    return refusal("unreadable", url, str(error).partition("\n")[0])
