"""URLs of databases, in the forms people have them."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias
from urllib.parse import unquote

from runner.records import record
from runner.secrets import Sealed, Secret, reveal
from runner.spec.base import Invalid, ReadBy, Template, described, did_you_mean
from runner.spec.texts import filled_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kind: TypeAlias = Literal["postgresql", "mysql", "sqlite"]

KINDS: Final[Mapping[str, Kind]] = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "pgsql": "postgresql",
    "mysql": "mysql",
    "mysql2": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
}
"""What URLs begin with, before a `+driver` of their own, and the kind of server it means."""
_OTHERS: Final = frozenset(
    {"clickhouse", "cockroachdb", "db2", "file", "http", "https", "jdbc", "mongodb", "mssql", "oracle", "redis", "tcp"}
)
"""What URLs of something else begin with."""
PORTS: Final[Mapping[Kind, int]] = {"postgresql": 5432, "mysql": 3306}
EXAMPLE: Final = "postgresql://user:password@host/database"
_HIGHEST_PORT: Final = 65535

_SHAPE: Final = re.compile(r"(?s)(?P<scheme>[A-Za-z0-9]+)(?:\+[A-Za-z0-9_]+)?://(?P<rest>.*)")
_PLACE: Final = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/?#@\[\],]*))(?::(?P<port>\d*))?"
    r"(?:/(?P<database>[^\s/?#@]*))?/?"
    r"(?:\?(?P<query>(?:[A-Za-z_-]+=[^&]*(?:&|$))*))?"
)
"""What stands behind user and password; a database whose name holds `/`, `?`, `#` or `@` has them percent-encoded."""


@record
class DatabaseUrl:
    """Where a database is, and how to get in."""

    kind: Kind
    host: str = ""
    """A name, an address, or (with a leading `/`) a socket: of PostgreSQL its folder; empty for SQLite."""
    port: int = 0
    """0 for SQLite, and for a socket where the URL names none."""
    user: str = ""
    password: Secret | None = None
    database: str = ""
    """Its name; of SQLite the path of the file."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What follows the `?`, in one spelling, without what the fields above say; all values are sound."""

    def __str__(self) -> str:
        """Say which one it is, never how to get in: `postgresql at db.example:5432/health`."""
        return f"sqlite file {self.database}" if self.kind == "sqlite" else f"{self.kind} at {self.place}"

    @property
    def server(self) -> str:
        """Where the server is: `db.example:5432`, `[::1]:3306`, `/run/postgresql`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host

    @property
    def place(self) -> str:
        """Server and database: `db.example:5432/health`."""
        if self.local:
            return f"{self.server}, database {self.database}" if self.database else self.server
        return f"{self.server}/{self.database}" if self.database else self.server

    @property
    def local(self) -> bool:
        """The server is reached by a socket of this machine."""
        return self.host.startswith("/")


def database_url(text: str | Secret | Sealed, name: str = "database URL") -> DatabaseUrl:
    """Read a URL; `name` is what its password is called. Raises `Invalid`, whose words never hold a password.

    A password may hold `@` and `%` as they are, or percent-encoded; what looks percent-encoded is decoded.
    """
    given = reveal(text).strip()
    found = _SHAPE.fullmatch(given)
    if found is None or "\0" in unquote(given):
        raise Invalid("this text is no URL of a database", f"write {EXAMPLE}")
    scheme, rest = found["scheme"].lower(), found["rest"]
    if scheme not in KINDS:
        # what stands there may be a credential in the place of a URL
        what = described(scheme) if scheme in _OTHERS else "what this URL begins with"
        hint = did_you_mean(scheme, ["postgresql", "mysql", "mariadb", "sqlite"])
        raise Invalid(f"{what} is no kind of database", hint)
    kind = KINDS[scheme]
    return _sqlite(rest) if kind == "sqlite" else _server(kind, rest, name)


def _sqlite(rest: str) -> DatabaseUrl:
    path, _, query = rest.partition("?")
    if query:
        raise Invalid("the URL of a SQLite file takes no options", "leave out what follows the ?")
    if not path.startswith("/") or path in {"/", "/:memory:"}:
        hint = "write sqlite:///relative/path or sqlite:////absolute/path"
        raise Invalid("the URL of a SQLite database names a file", hint)
    return DatabaseUrl(kind="sqlite", database=_decoded(path[1:]))


def _server(kind: Kind, rest: str, name: str) -> DatabaseUrl:
    credentials, place = _divided(rest)
    user, _, password = credentials.partition(":")
    options = _options(kind, place["query"] or "", shown="@" not in (place["query"] or ""))
    host = options.pop("host", "") or options.pop("unix_socket", "") or place["six"] or _decoded(place["host"] or "")
    port = options.pop("port", place["port"] or "")
    password = options.pop("password", "") or _decoded(password)
    host = host or "localhost"
    return DatabaseUrl(
        kind=kind,
        host=host,
        port=_port(port) if port else 0 if host.startswith("/") else PORTS[kind],
        user=options.pop("user", "") or _decoded(user),
        password=Secret(f"password of {name}", password) if password else None,
        database=_decoded(place["database"] or ""),
        options=options,
    )


def _divided(rest: str) -> tuple[str, re.Match[str]]:
    """Divide user and password from the rest.

    Either may hold an `@`, and so may an option: they are divided where all behind looks like a host and what may
    follow one, as far to the left as that is so.
    """
    ends = [-1, *(found.start() for found in re.finditer("@", rest))]
    places = ((rest[: max(end, 0)], _PLACE.fullmatch(rest, end + 1)) for end in ends)
    found = next(((before, place) for before, place in places if place is not None), None)
    if found is None:
        hint = f"write {EXAMPLE}, an IPv6 address in brackets, and in a password %40 for @, %2F for / and %3F for ?"
        raise Invalid("the host of this database URL cannot be read", hint)
    return found


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        raise Invalid("the port of this database URL is none", f"ports go from 1 to {_HIGHEST_PORT}")
    return int(text)


def _decoded(text: str) -> str:
    """Take percent-encoding away; a text that is none once it is gone had none, like the password `100%ff`."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _options(kind: Kind, query: str, *, shown: bool) -> dict[str, str]:
    """Read what follows the `?`; not `shown`, an option that is not known may be a part of the password."""
    known = _OPTIONS[kind]
    options: dict[str, str] = {}
    for given, _, value in (pair.partition("=") for pair in query.split("&") if pair):
        key = given if kind == "postgresql" else _MYSQL_SPELLINGS.get(given.lower().replace("-", "_"), given)
        if key not in known:
            what = described(given) if shown else "what follows the ?"
            hint = did_you_mean(key, [one for one in known if one not in _SPELLINGS]) if shown else "write @ as %40"
            raise Invalid(f"{what} is no option of a {kind} URL", hint)
        options |= _option(key, known[key], _decoded(value))
    return options


def _option(key: str, read: Callable[[str], str], value: str) -> dict[str, str]:
    try:
        found = read(value)
    except Invalid as error:
        raise Invalid(f"the {key} of this database URL {error.sentence}", error.hint) from None
    return {_SPELLINGS.get(key, key): found} if found else {}


def _text(value: str) -> str:
    return value


def _one_of(*words: str) -> Callable[[str], str]:
    """Read one of some words, in whatever case and with `-` or `_` between them."""

    def read(value: str) -> str:
        plain = {word.lower().replace("-", "_"): word for word in words}
        found = plain.get(value.lower().replace("-", "_"))
        if found is None:
            raise Invalid("is none that there is", did_you_mean(value, words))
        return found

    return read


def _seconds(value: str) -> str:
    if not value.isdecimal() or int(value) < 1:
        raise Invalid("is no number of seconds", "write it like connect_timeout=5")
    return value


def _switch(mode: str) -> Callable[[str], str]:
    """Read an option that is another way to ask for a mode."""

    def read(value: str) -> str:
        return mode if _one_of("true", "false", "1", "0")(value) in {"true", "1"} else ""

    return read


_OPTIONS: Final[Mapping[Kind, Mapping[str, Callable[[str], str]]]] = {
    "postgresql": {
        "host": _text,
        "port": _text,
        "user": _text,
        "password": _text,
        "sslmode": _one_of("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
        "sslrootcert": _text,
        "sslcert": _text,
        "sslkey": _text,
        "sslnegotiation": _one_of("postgres", "direct"),
        "channel_binding": _one_of("disable", "prefer", "require"),
        "application_name": _text,
        "connect_timeout": _seconds,
        "options": _text,
        "target_session_attrs": _one_of("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    },
    "mysql": {
        "unix_socket": _text,
        "ssl_mode": _one_of("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"),
        "ssl_ca": _text,
        "ssl_cert": _text,
        "ssl_key": _text,
        "ssl_verify_cert": _switch("VERIFY_CA"),
        "ssl_verify_identity": _switch("VERIFY_IDENTITY"),
        "charset": _text,
        "connect_timeout": _seconds,
    },
}
"""What may stand behind the `?`, and how its value is read."""
_SPELLINGS: Final = {"ssl_verify_cert": "ssl_mode", "ssl_verify_identity": "ssl_mode"}
"""Options that say the same as another."""
_MYSQL_SPELLINGS: Final[Mapping[str, str]] = {
    **{key: key for key in _OPTIONS["mysql"]},
    "sslmode": "ssl_mode",
    "sslrootcert": "ssl_ca",
    "sslcert": "ssl_cert",
    "sslkey": "ssl_key",
}
"""MySQL's options in the spellings of its clients, and in PostgreSQL's."""


def readable_url(value: object) -> str | Secret | Sealed:
    """Read the URL of a server in a definition, where a secret may stand in it; that one is read when it is used."""
    found = filled_text(value)
    if isinstance(found, str) and not isinstance(found, Template) and database_url(found).kind == "sqlite":
        raise Invalid("this is the URL of a file, not of a server", f"write {EXAMPLE}")
    return found


ServerUrl: TypeAlias = Annotated[
    str | Secret | Sealed,
    ReadBy(readable_url, {"type": "string", "pattern": "^\\s*[A-Za-z0-9]+(\\+[A-Za-z0-9_]+)?://"}),
]
