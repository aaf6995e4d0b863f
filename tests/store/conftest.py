"""Databases of every kind."""

from __future__ import annotations

from tests.databases import (
    empty,
    mysql_database,
    postgres_database,
    private_mysql,
    private_postgres,
    shared_mysql,
    shared_postgres,
    store,
)

__all__ = [
    "empty",
    "mysql_database",
    "postgres_database",
    "private_mysql",
    "private_postgres",
    "shared_mysql",
    "shared_postgres",
    "store",
]
