"""Databases of every kind."""

from __future__ import annotations

from tests.databases import (
    empty,
    fresh,
    kind,
    lasting_mysql,
    lasting_postgres,
    mysql_database,
    postgres_database,
    private_mysql,
    private_postgres,
    role,
    server,
    shared_mysql,
    shared_postgres,
    store,
)

__all__ = [
    "empty",
    "fresh",
    "kind",
    "lasting_mysql",
    "lasting_postgres",
    "mysql_database",
    "postgres_database",
    "private_mysql",
    "private_postgres",
    "role",
    "server",
    "shared_mysql",
    "shared_postgres",
    "store",
]
