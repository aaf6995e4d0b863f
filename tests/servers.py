"""Real database servers: those that run on this machine anyway, and private ones, with passwords and TLS.

The shared ones answer on the standard ports, or at `PIPELINE_TEST_POSTGRES_URL` and `PIPELINE_TEST_MYSQL_URL`. The
private ones are started from what is installed, once in each process of the tests that wants them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import psycopg
import pymysql
import pytest
import trustme

from runner.deadline import Deadline
from runner.doors.sql import Sql
from runner.errors import NodeError
from runner.spec.databases import DatabaseUrl, database_url
from tests.support import needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATIENCE: Final = 60.0
"""Seconds for a server to come up, far beyond what any takes."""
PASSWORD: Final = "p@ss/w%rd:1?#ü"  # noqa: S105 - of servers that listen to this machine alone
"""With everything in it that may go wrong in a URL."""
ENCODED: Final = "p%40ss%2Fw%25rd%3A1%3F%23%C3%BC"
"""The same as a careful person writes it into a URL."""
_POSTGRES: Final = """
listen_addresses = 'localhost'
unix_socket_directories = '{folder}'
port = {port}
max_connections = 12
superuser_reserved_connections = 3
fsync = off
"""
_POSTGRES_TLS: Final = """
ssl = on
ssl_cert_file = '{folder}/server.pem'
ssl_key_file = '{folder}/server.key'
"""
_ALLOWED: Final = """
local all postgres trust
local all all scram-sha-256
hostssl all only_tls all scram-sha-256
hostnossl all only_tls all reject
host all in_the_clear all password
host all all all scram-sha-256
"""


@dataclass(frozen=True)
class Private:
    """A private server with a database `shop`, and a user `app` in it that has the password."""

    kind: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    authority: trustme.CA

    @property
    def ca(self) -> str:
        """The file of the authority behind its certificate, which is for localhost alone."""
        return str(self.folder / "ca.pem")

    @property
    def stranger(self) -> str:
        """The file of an authority that has nothing to do with it."""
        return str(self.folder / "stranger.pem")

    def url(
        self, more: str = "", *, user: str = "app", password: str = ENCODED, database: str = "shop", host: str = ""
    ) -> str:
        """Return its URL, with `more` behind it."""
        return f"{self.kind}://{user}:{password}@{host or '127.0.0.1'}:{self.port}/{database}{more}"

    def do(self, *statements: str) -> list[tuple[Any, ...]]:
        """Have its superuser do something, each statement by itself; return what the last one brings."""
        with self._admin() as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    @contextmanager
    def showing(self, certificate: trustme.LeafCert) -> Iterator[None]:
        """Show another certificate meanwhile."""
        before = (self.folder / "server.pem").read_bytes(), (self.folder / "server.key").read_bytes()
        self._show(*_pems(certificate))
        try:
            yield
        finally:
            self._show(*before)

    def _show(self, certificate: bytes, key: bytes) -> None:
        (self.folder / "server.pem").write_bytes(certificate)
        (self.folder / "server.key").write_bytes(key)
        self.do("FLUSH SSL" if self.kind == "mysql" else "SELECT pg_reload_conf()")
        time.sleep(0.3)  # PostgreSQL reads them again when a signal has arrived

    @contextmanager
    def _admin(self) -> Iterator[Any]:
        admin: Any
        if self.kind == "mysql":
            admin = pymysql.connect(unix_socket=str(self.folder / "s"), user="root", autocommit=True)
        else:
            admin = psycopg.connect(host=str(self.folder), port=self.port, user="postgres", autocommit=True)
        with closing(admin):
            yield admin


@contextmanager
def postgres(*, tls: bool = True) -> Iterator[Private]:
    """Start a PostgreSQL of one's own."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(binaries[-1]) if binaries else shutil.which("initdb")
    needs("postgres", found, "no PostgreSQL is installed here (initdb)")
    binary = Path(found or "").parent
    with _folder("postgres") as (folder, authority), ExitStack() as stack:
        data, port = folder / "data", _free_port()
        _run([str(binary / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C", "-N"], "postgres")
        extra = (
            f"ssl = on\nssl_cert_file = '{folder}/server.pem'\nssl_key_file = '{folder}/server.key'\n" if tls else ""
        )
        settings = data / "postgresql.conf"
        settings.write_text(settings.read_text() + _POSTGRES.format(folder=folder, port=port) + extra)
        (data / "pg_hba.conf").write_text(_ALLOWED)
        process = stack.enter_context(_started([str(binary / "postgres"), "-D", str(data)], "postgres", folder))
        server = _awaited(Private("postgresql", folder, port, process, authority))
        quoted = PASSWORD.replace("'", "''")
        roles = ("app", "only_tls", "in_the_clear", "reader")
        server.do(
            *(f"CREATE ROLE {role} LOGIN PASSWORD '{quoted}'" for role in roles), "CREATE DATABASE shop OWNER app"
        )
        yield server


@contextmanager
def mysql(*, tls: bool = True) -> Iterator[Private]:
    """Start a MariaDB of one's own."""
    install, daemon = shutil.which("mariadb-install-db"), shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    needs("mysql", install and Path(daemon).exists(), "no MariaDB is installed here (mariadb-install-db, mariadbd)")
    with _folder("mysql") as (folder, authority), ExitStack() as stack:
        data, port = folder / "data", _free_port()
        plain = ["--no-defaults", f"--datadir={data}"]
        _run([str(install), *plain, "--auth-root-authentication-method=normal", "--skip-test-db"], "mysql")
        places = [f"--port={port}", f"--socket={folder}/s", f"--pid-file={folder}/pid", "--bind-address=127.0.0.1"]
        files = {"ssl-cert": "server.pem", "ssl-key": "server.key", "ssl-ca": "ca.pem"}
        extra = [f"--{option}={folder}/{file}" for option, file in files.items()] if tls else []
        limits = ["--max-connections=10", "--skip-name-resolve", "--innodb-flush-method=nosync"]
        process = stack.enter_context(_started([daemon, *plain, *places, *extra, *limits], "mysql", folder))
        server = _awaited(Private("mysql", folder, port, process, authority))
        users = {"app": "", "only_tls": " REQUIRE SSL" if tls else "", "reader": "", "busy": ""}
        server.do(
            "CREATE DATABASE shop CHARACTER SET utf8mb4",
            *(f"CREATE USER {user}@'%' IDENTIFIED BY '{PASSWORD}'{more}" for user, more in users.items()),
            "GRANT ALL ON shop.* TO app@'%'",
            "GRANT SELECT ON shop.* TO reader@'%', only_tls@'%', busy@'%'",
            "ALTER USER busy@'%' WITH MAX_USER_CONNECTIONS 1",
        )
        yield server


def _awaited(server: Private) -> Private:
    """Wait until a server takes connections."""
    end, log = time.monotonic() + PATIENCE, server.folder / "log"
    while not _answers(server):
        assert server.process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    return server


def _answers(server: Private) -> bool:
    path = server.folder / (f".s.PGSQL.{server.port}" if server.kind == "postgresql" else "s")
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)):
            return False
    try:
        server.do("SELECT 1")
    except (psycopg.Error, pymysql.MySQLError):
        return False
    return True


def _pems(certificate: trustme.LeafCert) -> tuple[bytes, bytes]:
    return b"".join(pem.bytes() for pem in certificate.cert_chain_pems), certificate.private_key_pem.bytes()


@contextmanager
def _folder(owner: str) -> Iterator[tuple[Path, trustme.CA]]:
    """Make a folder for the user that a server runs as, with certificates in it."""
    folder, authority = Path(mkdtemp(prefix=f"{owner}-", dir="/tmp")), trustme.CA()
    certificate, key = _pems(authority.issue_cert("localhost"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "stranger.pem"))
    (folder / "server.pem").write_bytes(certificate)
    (folder / "server.key").write_bytes(key)
    (folder / "server.key").chmod(0o600)
    for path in (folder, *folder.iterdir()):
        if os.geteuid() == 0:
            shutil.chown(path, owner, owner)
    folder.chmod(0o755)
    try:
        yield folder, authority
    finally:
        shutil.rmtree(folder)


def _identity(owner: str) -> dict[str, Any]:
    """Return as whom a server is started: none of them runs as root."""
    return {"user": owner, "group": owner, "extra_groups": []} if os.geteuid() == 0 else {}


def _run(command: Sequence[str], owner: str) -> None:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **_identity(owner))
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _started(command: Sequence[str], owner: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **_identity(owner))
    try:
        yield process
    finally:
        process.send_signal(signal.SIGQUIT if owner == "postgres" else signal.SIGKILL)  # nothing is to be kept
        process.wait(PATIENCE)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def private_postgres() -> Iterator[Private]:
    """A PostgreSQL of one's own, with passwords and TLS."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def private_mysql() -> Iterator[Private]:
    """A MariaDB of one's own, with passwords and TLS."""
    with mysql() as server:
        yield server


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Private:
    """The private server of a kind (`postgresql`, `mysql`), for tests that are the same for both."""
    name = {"postgresql": "private_postgres", "mysql": "private_mysql"}[request.param]
    found: Private = request.getfixturevalue(name)
    return found


def _shared(name: str, variable: str, default: str) -> DatabaseUrl:
    """Return the URL of a server that runs here anyway; skip the test where none answers."""
    url, reason = database_url(os.environ.get(variable) or default), ""
    try:
        Sql().ask(url, "SELECT 1", Deadline(5))
    except NodeError as error:
        reason = f"{error.message}; {variable} names another server"
    needs(name, not reason, reason)
    return url


@contextmanager
def fresh(server: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """Make a database, and throw it away in the end."""
    name = f"test_{uuid4().hex}"
    with closing(Sql().connect(server, Deadline(5))) as admin, closing(admin.cursor()) as cursor:
        if server.kind == "postgresql":
            admin.autocommit = True
        cursor.execute(f"CREATE DATABASE {name}")
        yield replace(server, database=name)
        cursor.execute(f"DROP DATABASE {name}{' WITH (FORCE)' if server.kind == 'postgresql' else ''}")


@pytest.fixture(scope="session")
def shared_postgres() -> DatabaseUrl:
    """The PostgreSQL that runs here anyway, as its superuser."""
    return _shared("postgres", "PIPELINE_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1/postgres")


@pytest.fixture(scope="session")
def shared_mysql() -> DatabaseUrl:
    """The MySQL or MariaDB that runs here anyway, as its superuser."""
    return _shared("mysql", "PIPELINE_TEST_MYSQL_URL", "mysql://root@127.0.0.1/mysql")


@pytest.fixture
def postgres_database(shared_postgres: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """An empty database on the shared PostgreSQL."""
    with fresh(shared_postgres) as url:
        yield url


@pytest.fixture
def mysql_database(shared_mysql: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """An empty database on the shared MySQL."""
    with fresh(shared_mysql) as url:
        yield url
