"""MySQL and MariaDB by PyMySQL, which takes 40 ms to load: only a run that speaks to such a server does."""

from __future__ import annotations

import socket
import ssl
import struct
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pymysql
from pymysql.charset import charset_by_name

from runner.doors.database import (
    CLIENT,
    another,
    context,
    distrusted,
    late,
    not_encrypted,
    refusal,
    user_of,
)
from runner.doors.net import broken, shut
from runner.errors import NodeError, TimedOut, Unreachable
from runner.secrets import reveal

if TYPE_CHECKING:
    from runner.deadline import Deadline
    from runner.doors.net import Net
    from runner.spec.databases import DatabaseUrl

_HEAD: Final = 5
"""Bytes of a greeting that tell whether it is one: its length, its number (0), and the version of the protocol."""
_GREETINGS: Final = frozenset({9, 10, 255})
"""Versions of the protocol, and an error in their place."""
LOST: Final = frozenset({2006, 2013})
_LOGINS: Final = {
    1040: "not_ready",
    1049: "no_database",
    1053: "not_ready",
    1129: "not_ready",
    1203: "not_ready",
    1226: "not_ready",
    2026: "no_tls",
    3159: "tls_wanted",
}
"""Why a server takes no login, by its number; any other is a refusal."""
NONSENSE: Final = (struct.error, LookupError, ValueError, TypeError, AttributeError, NameError, RuntimeError)
"""What PyMySQL ends with where the other side does not keep to the protocol."""


class Connection(pymysql.Connection):
    """PyMySQL's, with what its stubs do not know."""

    _sock: socket.socket
    _result: Any
    _read_timeout: float
    _write_timeout: float
    _secure: bool
    server_thread_id: tuple[int]
    server_version: str


def connect(net: Net, url: DatabaseUrl, ca_bundle: str, deadline: Deadline, *, trusted: bool) -> Connection:
    """Log in; raise `TimedOut`, `Cancelled`, `Refused`, or `NodeError` as `Sql.connect` says."""
    connection = _prepared(url, ca_bundle, deadline)
    dialled = _dialled(net, url, deadline, trusted=trusted)
    with another(dialled) as line:  # TLS takes the socket itself away
        try:
            with deadline.guard(partial(shut, line)):
                _expect_greeting(dialled, url)
                connection.connect(dialled)
        except (pymysql.MySQLError, NodeError, OSError, *NONSENSE) as error:
            dialled.close()
            raise _failure(error, url, deadline) from None
        except BaseException:
            dialled.close()
            raise
    if deadline.over:
        connection.close()
        raise late(url, deadline, connected=True)
    return connection


def allow(connection: Connection, seconds: float) -> None:
    """Let the server be silent for that long from now on."""
    connection._read_timeout = connection._write_timeout = max(seconds, 0.01)  # noqa: SLF001 - it stands nowhere else


class _PlainPassword:
    """Answers a server that asks for the password as it is, where nobody listens on the way."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - stubs do not know what is used of it
        self._connection = connection

    def authenticate(self, packet: Any) -> Any:  # noqa: ANN401, ARG002 - PyMySQL's interface
        """Send it, or refuse to."""
        connection = self._connection
        if not connection._secure and not _at_home(connection._sock):  # noqa: SLF001 - it stands nowhere else
            raise pymysql.OperationalError(_IN_THE_CLEAR)
        connection.write_packet(connection.password + b"\0")
        return connection._read_packet()  # noqa: SLF001 - as PyMySQL's own ways to log in do


_IN_THE_CLEAR: Final = "in the clear"
_HINTS: Final = {
    _IN_THE_CLEAR: "it asks for the password in the clear; have its URL ask for TLS with ssl_mode=REQUIRED",
    "'cryptography' package": "it wants the password encrypted; have its URL ask for TLS with ssl_mode=REQUIRED",
    "'pynacl' package": "it wants a proof by ed25519, which the runner cannot give; let the user log in another way",
}
"""Words of PyMySQL's and our own about a login that does not go on, and what to do."""


def _at_home(sock: socket.socket) -> bool:
    """Say whether the server runs on this machine."""
    ip = str(sock.getpeername()[0])
    return ip == "::1" or ip.startswith("127.")


def _prepared(url: DatabaseUrl, ca_bundle: str, deadline: Deadline) -> Connection:
    """Return a connection that is not yet one; nothing that it waits for takes longer than the login may."""
    charset = url.options.get("charset", "utf8mb4")
    if charset_by_name(charset) is None:
        msg = f"the charset in the URL of {url} is none that there is: leave it out, or write charset=utf8mb4"
        raise NodeError(msg, code="invalid_config")
    connection = Connection(
        host=url.host,
        user=user_of(url),
        password=b"" if url.password is None else reveal(url.password).encode(),
        database=url.database or None,
        charset=charset,
        ssl=_encryption(url, ca_bundle),
        ssl_disabled=url.options.get("ssl_mode") == "DISABLED",
        auth_plugin_map={"mysql_clear_password": _PlainPassword, "dialog": _PlainPassword},
        read_timeout=max(deadline.left, 0.01),
        write_timeout=max(deadline.left, 0.01),
        program_name=CLIENT,
        defer_connect=True,
    )
    connection._secure = url.local  # noqa: SLF001 - PyMySQL says so only of sockets that it has opened itself
    return connection


def _encryption(url: DatabaseUrl, ca_bundle: str) -> ssl.SSLContext | None:
    """Return how to encrypt; None is as MySQL's own client has it: where the server can, whoever it is."""
    ca, cert, key = (url.options.get(option, "") for option in ("ssl_ca", "ssl_cert", "ssl_key"))
    mode = url.options.get("ssl_mode") or ("VERIFY_CA" if ca else "REQUIRED" if cert else "PREFERRED")
    if mode in {"DISABLED", "PREFERRED"}:
        return None
    verified, named = mode.startswith("VERIFY"), mode == "VERIFY_IDENTITY"
    return context(url, ca or ca_bundle, verified=verified, named=named, cert=cert, key=key)


def _dialled(net: Net, url: DatabaseUrl, deadline: Deadline, *, trusted: bool) -> socket.socket:
    """Connect to the host, or to a socket of this machine."""
    if not url.local:
        try:
            return net.connect(url.host, url.port, deadline, trusted=trusted)
        except TimedOut:
            raise late(url, deadline, connected=False) from None
        except Unreachable as error:
            said = error.message.replace(url.server, str(url))
            raise Unreachable(said, code=error.code, retryable=error.retryable) from error
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with deadline.guard(partial(shut, sock)):
            sock.connect(url.host)
    except OSError as error:
        sock.close()
        raise broken(error.errno, str(url)) from error
    return sock


def _expect_greeting(sock: socket.socket, url: DatabaseUrl) -> None:
    """Look at what a server says first, and leave it there to be read."""
    head = sock.recv(_HEAD, socket.MSG_PEEK | socket.MSG_WAITALL)
    if not head:
        raise broken(None, str(url))
    if len(head) < _HEAD or head[3] != 0 or head[4] not in _GREETINGS:
        raise refusal("other_service", url)


def _failure(error: Exception, url: DatabaseUrl, deadline: Deadline) -> NodeError:
    """Say why there is no login."""
    if deadline.over:
        return late(url, deadline, connected=True)
    if isinstance(error, NodeError):
        return error
    cause = getattr(error, "original_exception", error)
    if isinstance(cause, OSError):
        return _broken(cause, url)
    number, said = told(error)
    if number in LOST:
        return broken(None, str(url))
    if hint := next((hint for words, hint in _HINTS.items() if words in said), ""):
        return refusal("login_refused", url, hint)
    return refusal(_LOGINS.get(number, "login_refused"), url, said) if number else refusal("other_service", url)


def _broken(error: OSError, url: DatabaseUrl) -> NodeError:
    """Say why a connection broke in the middle of the login."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return distrusted(url, error)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return not_encrypted(url, error)
    return broken(None if isinstance(error, ssl.SSLError) else error.errno, str(url))


def told(error: Exception) -> tuple[int, str]:
    """Return the number and the words of a server's error; 0 where it is another's."""
    if not isinstance(error, pymysql.MySQLError):
        return 0, str(error)
    number, said = (*error.args, "", "")[:2]
    return (number, str(said)) if isinstance(number, int) else (0, str(number))
