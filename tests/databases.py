"""Databases for tests: with the runner's own tables, with the earlier Django app's, and what is put into them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest

from runner.doors import open_doors
from runner.secrets import Secret, reveal
from runner.spec.databases import DatabaseUrl
from runner.store.database import Database
from runner.store.server import Server
from runner.store.tables import NEWEST, OWN, VERSIONS
from runner.store.upgrade import upgrade
from tests.servers import fresh as new_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.store.connection import Connection

EARLIER: Final = Path(__file__).with_name("store") / "earlier"
"""What the earlier app's migrations make on each kind of database, as Django 5.2 writes it out."""
KINDS: Final = ("sqlite", "postgresql", "mysql")
SERVERS: Final = ("postgresql", "mysql")
in_a_file = pytest.mark.parametrize("kind", ["sqlite"])
"""For what has nothing to do with the kind of database."""


def url_text(url: DatabaseUrl) -> str:
    """Write a URL as people have it."""
    if url.kind == "sqlite":
        return f"sqlite:///{url.database}"
    password = "" if url.password is None else f":{quote(reveal(url.password), safe='')}"
    options = f"?{urlencode(url.options)}" if url.options else ""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.kind}://{quote(url.user)}{password}@{host}:{url.port}/{url.database}{options}"


@dataclass(frozen=True)
class Store:
    """A database, and what tests do there."""

    database: Database

    @property
    def kind(self) -> str:
        return self.database.url.kind

    @property
    def text(self) -> str:
        """Its URL."""
        return url_text(self.database.url)

    def rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask something."""
        return [tuple(row) for row in self.database.work(lambda connection: connection.rows(sql, **values))]

    def change(self, sql: str, *each: Mapping[str, object], **values: object) -> None:
        """Change something."""

        def work(connection: Connection) -> None:
            with connection.transaction():
                connection.change(sql, *each, **values)

        self.database.work(work)

    def upgrade(self) -> Store:
        """Make the runner's own tables."""
        if self.kind == "sqlite":
            Database(url=self.database.url, doors=self.database.doors, creates=True).work(lambda _: None)
            return self

        def work(connection: Connection) -> None:
            assert isinstance(connection, Server)
            upgrade(connection.sqlalchemy)
            connection.sqlalchemy.commit()

        self.database.work(work, limit=30.0)
        return self

    def make_earlier(self) -> Store:
        """Make the earlier app's tables."""
        if self.kind == "sqlite":
            Path(self.database.url.database).touch()
        for statement in (EARLIER / f"{self.kind}.sql").read_text().split(";\n"):
            if statement.strip():
                self.change(statement)
        return self

    def clear(self) -> Store:
        """Leave the runner's own tables, with nothing in them, and no others."""

        def work(connection: Connection) -> None:
            for table in sorted(connection.tables()):
                own = table in {*OWN, VERSIONS}
                connection.change(f"delete from {table}" if own else f"drop table {table}")  # noqa: S608 - their names
            connection.change("insert into pipeline_schema (version_num) values (:step)", step=NEWEST)

        def whole(connection: Connection) -> None:
            with connection.transaction():
                work(connection)

        self.database.work(whole, limit=30.0)
        return self

    def define(
        self, name: str, document: str, *, written: str = "yaml", revision: int = 1, active: bool = True
    ) -> None:
        """Put a definition into the runner's own table, as its newest revision."""
        text = {"tags": "", "at": "2026-03-01T00:00:00.000000Z", "description": f"what {name} does"}
        self.change("delete from pipeline_definition where name = :name", name=name)
        self.change(
            "insert into pipeline_definition (name, revision, active, description, tags, created_at, updated_at)"
            " values (:name, :revision, :active, :description, :tags, :at, :at)",
            name=name,
            revision=revision,
            active=active,
            **text,
        )
        self.change(
            "delete from pipeline_definition_revision where name = :name and revision = :revision",
            name=name,
            revision=revision,
        )
        self.change(
            "insert into pipeline_definition_revision (name, revision, format, document, sha256, author, created_at)"
            " values (:name, :revision, :written, :document, '', 'someone', :at)",
            name=name,
            revision=revision,
            written=written,
            document=document,
            at=text["at"],
        )

    def define_earlier(self, name: str, config: object, *, version: int = 1, active: bool = True) -> None:
        """Put a definition into the earlier app's table."""
        self.change(
            "insert into orchestration_pipelinedefinition"  # noqa: S608 - constants
            " (name, description, version, config, tags, is_active, created_by, created_at, updated_at)"
            f" values (:name, 'earlier', :version, {self._json(':config')}, '{{}}', :active, 'admin', :at, :at)",
            name=name,
            version=version,
            config=json.dumps(config),
            active=active,
            at="2026-03-01 00:00:00",
        )

    def channel(self, name: str, driver: str, options: object, *, active: bool = True) -> None:
        """Put a channel into the runner's own table."""
        self.change(
            "insert into pipeline_channel (name, driver, options, active, created_at, updated_at)"
            " values (:name, :driver, :options, :active, '', '')",
            name=name,
            driver=driver,
            options=options if isinstance(options, str) else json.dumps(options),
            active=active,
        )

    def channel_earlier(self, name: str, driver: str, config: object, *, active: bool = True) -> None:
        """Put a channel into the earlier app's table."""
        self.change(
            "insert into notify_notificationchannel"  # noqa: S608 - constants
            " (name, driver, config, is_active, description, created_at, updated_at)"
            f" values (:name, :driver, {self._json(':config')}, :active, '', :at, :at)",
            name=name,
            driver=driver,
            config=json.dumps(config),
            active=active,
            at="2026-03-01 00:00:00",
        )

    def _json(self, value: str) -> str:
        return f"cast({value} as jsonb)" if self.kind == "postgresql" else value


class Role(Protocol):
    """Makes a role that may do no more than this with these tables; returns the database as that role has it."""

    def __call__(self, store: Store, *tables: str, may: str = "select") -> Store: ...


@pytest.fixture
def role(fresh: Store) -> Iterator[Role]:
    """Make roles of a server, in a database of their own, and remove them in the end."""
    made: list[str] = []
    password = "a-pass-word"  # noqa: S105 - of servers that listen to this machine alone

    def make(store: Store, *tables: str, may: str = "select") -> Store:
        name = f"role_{uuid4().hex[:12]}"
        who = name if store.kind == "postgresql" else f"{name}@'%'"
        role = (
            f"create role {name} login password" if store.kind == "postgresql" else f"create user {who} identified by"
        )
        store.change(f"{role} '{password}'")
        made.append(who)
        for table in tables:
            store.change(f"grant {may} on {table} to {who}")
        return store_at(replace(store.database.url, user=name, password=Secret("password", password)))

    yield make
    for who in made:
        if fresh.kind == "postgresql":
            fresh.change(f"drop owned by {who}")
        fresh.change(f"drop {'role' if fresh.kind == 'postgresql' else 'user'} {who}")


def store_at(url: DatabaseUrl) -> Store:
    return Store(Database(url=url, doors=open_doors({})))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database."""
    return str(request.param)


@pytest.fixture
def empty(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A new database without a table; of SQLite not even the file."""
    if kind == "sqlite":
        return store_at(DatabaseUrl(kind="sqlite", database=str(tmp_path / "shared.sqlite3")))
    return store_at(request.getfixturevalue({"postgresql": "postgres_database", "mysql": "mysql_database"}[kind]))


@pytest.fixture
def fresh(empty: Store) -> Store:
    """A new database with the runner's own tables."""
    return empty.upgrade()


@pytest.fixture
def store(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A database with the runner's own tables, that tests of the same process use one after the other."""
    if kind == "sqlite":
        return store_at(DatabaseUrl(kind="sqlite", database=str(tmp_path / "shared.sqlite3"))).upgrade()
    found: Store = request.getfixturevalue({"postgresql": "lasting_postgres", "mysql": "lasting_mysql"}[kind])
    return found.clear()


@pytest.fixture(scope="session")
def lasting_postgres(shared_postgres: DatabaseUrl) -> Iterator[Store]:
    with new_database(shared_postgres) as url:
        yield store_at(url).upgrade()


@pytest.fixture(scope="session")
def lasting_mysql(shared_mysql: DatabaseUrl) -> Iterator[Store]:
    with new_database(shared_mysql) as url:
        yield store_at(url).upgrade()
