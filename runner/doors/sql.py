"""Database servers: one connection under a deadline, to an address that may be connected to."""

from __future__ import annotations

import math
import re
import ssl
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from runner.doors.net import Net, admitted, place
from runner.errors import NodeError, Unreachable
from runner.records import record
from runner.secrets import reveal
from runner.spec import did_you_mean
from runner.threads import concurrently

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    import pymysql

    from runner.deadline import Deadline
    from runner.spec.databases import DatabaseUrl

CLIENT: Final = "pipeline-runner"
"""What a server's list of connections calls us."""

_POSTGRESQL: Final = (
    ("login_refused", r"password|pg_hba|authentication|role .* (does not exist|is not permitted)|peer"),
    ("no_database", r"database .* does not exist|permission denied for database"),
    ("not_ready", r"starting up|shutting down|recovery|too many (clients|connections)|remaining connection slots"),
    ("tls", r"SSL|certificate"),
    ("connection_refused", r"[Cc]onnection refused|No such file or directory"),
    ("timed_out", r"timeout expired|timed out"),
)
"""How libpq words why there is no connection: it tells by text alone."""
_MYSQL: Final = {
    1040: "not_ready",
    1044: "login_refused",
    1045: "login_refused",
    1049: "no_database",
    1053: "not_ready",
    1129: "login_refused",
    1130: "login_refused",
    1203: "not_ready",
    1698: "login_refused",
    2026: "tls",
    3118: "login_refused",
    3159: "tls",
}
_FINAL: Final = frozenset({"login_refused", "no_database", "tls"})
"""What another try would not change."""
_SENTENCES: Final = {
    "login_refused": "{} refuses the login of {}",
    "no_database": "{} has no such database, or not for {}",
    "not_ready": "{} takes no connection now",
    "tls": "{} and the runner find no way to encrypt",
    "connection_refused": "connection refused by {}",
    "timed_out": "{} did not answer in time",
}
_MODES: Final = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
_SHOWN: Final = 200
"""Characters of what a server says."""


@record(kw_only=False)
class Sql:
    """Connects to PostgreSQL and MySQL."""

    net: Net = field(default_factory=Net)
    ca_bundle: str = ""
    """A file or a folder; the drivers' own where empty."""

    def connect(self, url: DatabaseUrl, deadline: Deadline, *, trusted: bool = True) -> Any:  # noqa: ANN401 - DB-API 2
        """Return a DB-API connection, in a transaction of its own from the first statement on.

        Raises `TimedOut`, `Cancelled`, and `NodeError` with the codes of `Net.connect`, `tls`, `login_refused`,
        `no_database` and `not_ready`. Messages never hold the password.
        """
        dial = partial(self._postgresql if url.kind == "postgresql" else self._mysql, url, deadline, trusted=trusted)
        return concurrently([dial], deadline, limit=1)[0]

    def _postgresql(self, url: DatabaseUrl, deadline: Deadline, *, trusted: bool) -> psycopg.Connection[Any]:
        import psycopg  # noqa: PLC0415 - 120 ms, only where such a server is spoken to

        places = self._places(url, deadline, trusted=trusted)
        given: dict[str, Any] = {"application_name": CLIENT, **self._trust(url), **url.options, **places}
        try:
            return psycopg.connect(
                user=url.user or None,
                password=None if url.password is None else reveal(url.password),
                dbname=url.database or None,
                connect_timeout=math.ceil(deadline.left),
                **given,
            )
        except psycopg.Error as error:
            said = re.sub(r"(?s).*?FATAL:\s*|^connection failed: ", "", str(error)).partition("\n")[0]
            code = next((code for code, words in _POSTGRESQL if re.search(words, str(error))), "unreachable")
            raise refusal(code, said, url) from None

    def _places(self, url: DatabaseUrl, deadline: Deadline, *, trusted: bool) -> Mapping[str, str]:
        """Return host and addresses as libpq takes them: it looks nothing up itself, and still checks the name."""
        if url.host.startswith("/"):
            return {"host": url.host}
        found = admitted(self.net.resolve(url.host, url.port, deadline), place(url.host, url.port), trusted=trusted)
        return {
            "host": ",".join([url.host] * len(found)),
            "hostaddr": ",".join(address.ip for address in found),
            "port": ",".join([str(url.port)] * len(found)),
        }

    def _trust(self, url: DatabaseUrl) -> Mapping[str, str]:
        """Return the CA bundle for libpq, where a certificate is to be verified and the URL names none."""
        verified = url.options.get("sslmode", "").startswith("verify")
        return {"sslrootcert": self.ca_bundle or "system"} if verified and "sslrootcert" not in url.options else {}

    def _mysql(self, url: DatabaseUrl, deadline: Deadline, *, trusted: bool) -> pymysql.Connection[Any]:
        import pymysql  # noqa: PLC0415 - 40 ms, only where such a server is spoken to

        local = url.host.startswith("/")
        encryption = self._encryption(url)
        dialled = None if local else self.net.connect(url.host, url.port, deadline, trusted=trusted)
        left = max(deadline.left, 0.01)
        try:
            connection = pymysql.Connection(
                host="localhost" if local else url.host,
                user=url.user or None,
                password=b"" if url.password is None else reveal(url.password).encode(),
                database=url.database or None,
                charset=url.options.get("charset", "utf8mb4"),
                unix_socket=url.host if local else None,
                ssl=encryption,
                ssl_disabled=url.options.get("ssl_mode", "").upper() == "DISABLED",
                connect_timeout=left,
                read_timeout=left,
                write_timeout=left,
                program_name=CLIENT,
                defer_connect=True,
            )
            connection.connect(dialled)
        except (pymysql.MySQLError, ssl.SSLError) as error:
            number, said = (*error.args, "")[:2] if isinstance(error.args[0], int) else (0, str(error))
            code = "tls" if "SSL" in str(said) else _MYSQL.get(number, "unreachable")
            raise refusal(code, str(said), url) from None
        return connection

    def _encryption(self, url: DatabaseUrl) -> ssl.SSLContext | None:
        """Return how to encrypt; None is as MySQL's own client has it: where the server can, unverified."""
        options = url.options
        mode = options.get("ssl_mode", "VERIFY_CA" if options.get("ssl_ca") else "PREFERRED").upper()
        if mode not in _MODES:
            raise NodeError(f"unknown ssl_mode {mode} — {did_you_mean(mode, _MODES)}", code="invalid_config")
        if mode in {"DISABLED", "PREFERRED"}:
            return None
        try:
            context = ssl.create_default_context(cafile=options.get("ssl_ca") or self.ca_bundle or None)
            context.check_hostname = mode == "VERIFY_IDENTITY"
            context.verify_mode = ssl.CERT_NONE if mode == "REQUIRED" else ssl.CERT_REQUIRED
            if "ssl_cert" in options:
                context.load_cert_chain(options["ssl_cert"], options.get("ssl_key"))
        except OSError as error:
            msg = f"the certificates for {url} cannot be read: {error.strerror or error}"
            raise NodeError(msg, code="invalid_config") from error
        return context


def refusal(code: str, said: str, url: DatabaseUrl) -> NodeError:
    """Say why a server lets nobody in: which one, whom, and in its own words."""
    what = _SENTENCES.get(code, "{} cannot be reached").format(url, url.user or "this user")
    message = f"{what}: {' '.join(said.split())[:_SHOWN]}" if said else what
    kind = NodeError if code in _FINAL else Unreachable
    return kind(message, code=code)
