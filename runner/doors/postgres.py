"""PostgreSQL by psycopg, which takes 120 ms to load: only a run that speaks to such a server loads this module.

libpq is led by hand through the login, so it looks up no name, takes nothing from the environment or the home folder,
and stops when it is told to. Why there is no login it tells by text alone, in a server's words those of its language.
"""

from __future__ import annotations

import errno
import os
import re
import ssl
import struct
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg

from runner.doors.database import (
    CLIENT,
    authorities,
    context,
    distrusted,
    late,
    refusal,
    unreadable,
    user_of,
)
from runner.doors.libpq import TooLateError, log_in, neutral
from runner.doors.net import admitted, broken, shut, turns
from runner.errors import NodeError, TimedOut
from runner.records import record
from runner.secrets import reveal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.deadline import Deadline
    from runner.doors.net import Address, Net
    from runner.spec.databases import DatabaseUrl

_TLS_REQUEST: Final = struct.pack(">ii", 8, 80877103)
_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})
_TRIES: Final = re.compile(r"^(?:connection [a-z ]+: )?connection to server .*? failed: (.+)$", re.MULTILINE)
"""What libpq says of each try, alone on a line."""
_TOLD: Final = re.compile(r"[^\s:]+:  (.+)")
"""What a server says itself stands behind how bad it is, in whatever language, and two blanks."""
_SERVER: Final = (
    ("no_database", r"database .* does not exist|no such database"),
    ("login_refused", r"password|pg_hba|authentication|role .* (does not exist|is not permitted)|no such user"),
    ("not_ready", r"starting up|shutting down|recovery|too many|connection slots|administrator command"),
    ("not_ready", r"pgbouncer|server login|server conn|query_wait_timeout|crash"),
)
"""Words of servers and poolers, and why they take no login; what is not known is a refusal."""
_LIBPQ: Final = (
    ("other_service", r"invalid response|unencrypted data after|expected authentication|invalid message|lost sync"),
    ("other_service", r"error response during SSL"),
    ("login_refused", r"password|authentication method|SCRAM|SASL|[Pp]eer "),
    ("no_tls", r"does not support SSL"),
    ("not_ready", r"session is (not )?read-only|hot standby|server is not in"),
    ("connection_lost", r"server closed the connection|EOF|eof while reading|connection has been closed"),
    ("tls", r"SSL|TLS|channel binding"),
)
"""Words of libpq, and why it does not come to a login."""
_ON_THE_WAY: Final = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})
"""Errors that come only once there is a connection."""
_DISTRUST: Final = re.compile(r"certificate verify failed|does not match host name|host name could not be")
_FILES: Final = re.compile(r"root certificate|certificate file|private key|certificate from file|CRL")


def connect(
    net: Net, url: DatabaseUrl, ca_bundle: str, deadline: Deadline, *, trusted: bool
) -> psycopg.Connection[Any]:
    """Log in; raise `TimedOut`, `Cancelled`, `Refused`, or `NodeError` as `Sql.connect` says."""
    login = _Login(net=net, url=url, ca_bundle=ca_bundle, deadline=deadline, trusted=trusted)
    failure: NodeError = refusal("unreachable", url)
    for address, seconds in turns(_places(net, url, deadline, trusted=trusted), deadline):
        try:
            return login.at(address, deadline.within(seconds))
        except _NotConnectedError as error:
            failure = error.reason
            if deadline.over:
                break
    raise failure


def _places(net: Net, url: DatabaseUrl, deadline: Deadline, *, trusted: bool) -> tuple[Address | None, ...]:
    """Return the addresses of the server; None stands for a socket of this machine."""
    if url.local:
        return (None,)
    try:
        found = net.resolve(url.host, url.port, deadline)
    except TimedOut:
        raise late(url, deadline, connected=False) from None
    return admitted(found, url.server, trusted=trusted)


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
        try:
            connection = psycopg.Connection(log_in(self._parameters(address), until))
        except TooLateError as error:
            problem = late(self.url, self.deadline, connected=error.connected)
            raise problem if error.connected else _NotConnectedError(problem) from None
        except psycopg.OperationalError as error:
            raise self._failure(str(error)) from None
        if until.over:
            connection.close()
            raise late(self.url, self.deadline, connected=True)
        return connection

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

    def _failure(self, text: str) -> Exception:
        """Say why there is no login."""
        url = self.url
        # with and without TLS a server is asked twice; that one way is not allowed says little about the other
        lines = _TRIES.findall(text) or [text]
        said = next((line for line in lines if "pg_hba" not in line), lines[0])
        if told := _TOLD.fullmatch(said):
            return refusal(_by_words(_SERVER, told[1]) or "login_refused", url, told[1])
        if number := _system_error(said):
            problem = broken(number, str(url))
            return problem if number in _ON_THE_WAY else _NotConnectedError(problem)
        if _DISTRUST.search(said):
            return self._distrust() or refusal("tls", url, said)
        if _FILES.search(said):
            return unreadable(url, said)
        reason = _by_words(_LIBPQ, said)
        if reason == "connection_lost":
            return broken(None, str(url))
        return refusal(reason or "unreachable", url, _PLAINER.get(said, said))

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


def _by_words(table: Sequence[tuple[str, str]], said: str) -> str:
    return next((reason for reason, words in table if re.search(words, said)), "")


def _system_error(said: str) -> int:
    """Return the system's error that a text ends with; 0 where it ends with none."""
    return next((number for number in errno.errorcode if said.endswith(os.strerror(number))), 0)
