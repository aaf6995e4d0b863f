"""URLs of databases, in the forms people have them."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias
from urllib.parse import parse_qsl, unquote

from runner.records import record
from runner.secrets import Sealed, Secret, reveal
from runner.spec.base import Invalid, ReadBy, Template, described, did_you_mean
from runner.spec.texts import filled_text

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind: TypeAlias = Literal["postgresql", "mysql", "sqlite"]

KINDS: Final[Mapping[str, Kind]] = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mysql2": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
}
"""What URLs begin with, before a `+driver` of their own, and the kind of server it means."""
PORTS: Final[Mapping[Kind, int]] = {"postgresql": 5432, "mysql": 3306}

_OPTIONS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "postgresql": ("host", "sslmode", "sslrootcert", "sslcert", "sslkey", "application_name", "channel_binding"),
    "mysql": ("unix_socket", "ssl_mode", "ssl_ca", "ssl_cert", "ssl_key", "charset"),
    "sqlite": (),
}
"""What may stand behind the `?`."""
_SPELLINGS: Final = {
    "sslmode": "ssl_mode",
    "ssl-mode": "ssl_mode",
    "sslrootcert": "ssl_ca",
    "ssl-ca": "ssl_ca",
    "sslcert": "ssl_cert",
    "ssl-cert": "ssl_cert",
    "sslkey": "ssl_key",
    "ssl-key": "ssl_key",
}
"""Other words for MySQL's options."""
_SHAPE: Final = re.compile(r"(?s)(?P<scheme>[A-Za-z0-9]+)(?:\+[A-Za-z0-9_]+)?://(?P<rest>.*)")


@record
class DatabaseUrl:
    """Where a database is, and how to get in."""

    kind: Kind
    host: str = ""
    """A name, an address, or (with a leading `/`) the folder of a socket; empty for SQLite."""
    port: int = 0
    user: str = ""
    password: Secret | None = None
    database: str = ""
    """Its name; of SQLite the path of the file."""
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say which one it is, never how to get in: `postgresql at db.example:5432/health`."""
        if self.kind == "sqlite":
            return f"sqlite file {self.database}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind} at {host}{f':{self.port}' if self.port else ''}/{self.database}"


def database_url(text: str | Secret | Sealed, name: str = "database URL") -> DatabaseUrl:
    """Read a URL; `name` is what its password is called. Raises `Invalid`, whose words never hold a password.

    A password may hold `@` and `%` as they are, or percent-encoded.
    """
    found = _SHAPE.fullmatch(reveal(text).strip())
    if found is None:
        raise Invalid("this text is no URL of a database", "write postgresql://user:password@host/database")
    scheme, rest = found["scheme"].lower(), found["rest"]
    if scheme not in KINDS:
        msg = f"{described(scheme)} is no kind of database"
        raise Invalid(msg, did_you_mean(scheme, ["postgresql", "mysql", "mariadb", "sqlite"]))
    kind = KINDS[scheme]
    return _sqlite(rest) if kind == "sqlite" else _server(kind, rest, name)


def _sqlite(rest: str) -> DatabaseUrl:
    path, _, query = rest.partition("?")
    if query:
        raise Invalid("the URL of a SQLite file takes no options", "leave out what follows the ?")
    if not path.startswith("/") or path in {"/", "/:memory:"}:
        hint = "write sqlite:///relative/path or sqlite:////absolute/path"
        raise Invalid("the URL of a SQLite database names a file", hint)
    return DatabaseUrl(kind="sqlite", database=unquote(path[1:]))


def _server(kind: Kind, rest: str, name: str) -> DatabaseUrl:
    credentials, _, place = rest.rpartition("@")
    place, _, query = place.partition("?")
    address, _, database = place.partition("/")
    user, _, password = credentials.partition(":")
    options = _options(kind, query)
    host, port = _address(address)
    host = options.pop("host", "") or options.get("unix_socket", "") or host or "localhost"
    return DatabaseUrl(
        kind=kind,
        host=host,
        port=0 if host.startswith("/") else port or PORTS[kind],
        user=unquote(user),
        password=Secret(f"password of {name}", unquote(password)) if password else None,
        database=unquote(database),
        options=options,
    )


def _address(text: str) -> tuple[str, int]:
    """Divide `host:port`, `[::1]:port`, or a host alone."""
    found = re.fullmatch(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]*))(?::(?P<port>\d{1,5})?)?", text)
    if found is None:
        raise Invalid("the host of this database URL cannot be read", "write host:port, an IPv6 address in brackets")
    port = int(found["port"] or 0)
    if port > 65535:  # noqa: PLR2004 - the highest port there is
        raise Invalid(f"{port} is no port", "ports go from 1 to 65535")
    return found["six"] or unquote(found["host"] or ""), port


def _options(kind: Kind, query: str) -> dict[str, str]:
    given = parse_qsl(query, keep_blank_values=True)
    known = _OPTIONS[kind]
    options = {(_SPELLINGS.get(key, key) if kind == "mysql" else key): value for key, value in given}
    for key in options:
        if key not in known:
            raise Invalid(f"{described(key)} is no option of a {kind} URL", did_you_mean(key, list(known)))
    return options


def readable_url(value: object) -> str | Secret | Sealed:
    """Read the URL of a server in a definition, where a secret may stand in it."""
    found = filled_text(value)
    if not isinstance(found, Template):
        database_url(found)
    return found


ServerUrl: TypeAlias = Annotated[
    str | Secret | Sealed,
    ReadBy(readable_url, {"type": "string", "pattern": "^[A-Za-z0-9]+(\\+[A-Za-z0-9_]+)?://"}),
]
