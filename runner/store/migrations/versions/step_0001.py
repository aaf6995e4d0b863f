"""The first tables: definitions, channels, runs, what is wrong now, and what has been said about it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

ID = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")
"""In the order of its bytes, so that an index finds what begins with some of them."""
HASH = sa.String(64)
NAME = sa.String(255)
WORD = sa.String(16)
TIME = sa.String(27)
"""RFC 3339 in UTC with microseconds, so that every database orders and shows it alike."""
LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""MySQL's TEXT ends at 64 KiB."""
EXACT: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
"""MySQL would take `Shop` and `shop` for the same name."""


def upgrade() -> None:
    """Make them."""
    _definitions()
    _runs()
    _state()


def _table(name: str, *columns: sa.Column[Any]) -> None:
    """Make a table.

    MySQL takes nothing back: where this was stopped half-way, it goes on from there.
    """
    again = op.get_context().dialect.name == "mysql" and not op.get_context().as_sql
    op.create_table(name, *columns, if_not_exists=again or None, **EXACT)


def _index(name: str, *columns: str) -> None:
    """Make an index of the runs, like a table."""
    known = [] if op.get_context().as_sql else sa.inspect(op.get_bind()).get_indexes("pipeline_run")
    if name not in {one["name"] for one in known}:
        op.create_index(name, "pipeline_run", list(columns))


def _definitions() -> None:
    _table(
        "pipeline_definition",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("description", LONG, nullable=False),
        sa.Column("tags", LONG, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    _table(
        "pipeline_definition_revision",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("format", sa.String(4), nullable=False),
        sa.Column("document", LONG, nullable=False),
        sa.Column("sha256", HASH, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    _table(
        "pipeline_channel",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("driver", sa.String(64), nullable=False),
        sa.Column("options", LONG, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )


def _runs() -> None:
    _table(
        "pipeline_run",
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("series", HASH, nullable=False),
        sa.Column("trace_id", LONG, nullable=False),
        sa.Column("definition", NAME, nullable=False),
        sa.Column("definition_version", sa.Integer, nullable=False),
        sa.Column("definition_source", LONG, nullable=False),
        sa.Column("definition_sha256", HASH, nullable=False),
        sa.Column("environment", NAME, nullable=False),
        sa.Column("source", LONG, nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("verdict", WORD, nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=False),
        sa.Column("duration_ms", sa.Double, nullable=False),
        sa.Column("findings", sa.Integer, nullable=False),
        sa.Column("error", LONG, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("document", LONG, nullable=False),
    )
    _index("pipeline_run_started", "started_at")
    _index("pipeline_run_series", "series", "started_at")
    _index("pipeline_run_definition", "definition", "started_at")
    _index("pipeline_run_environment", "environment", "started_at")
    _index("pipeline_run_verdict", "verdict", "started_at")
    _index("pipeline_run_exit_code", "exit_code", "started_at")


def _state() -> None:
    _table(
        "pipeline_series",
        sa.Column("series", HASH, primary_key=True),
        sa.Column("definition", NAME, nullable=False),
        sa.Column("environment", NAME, nullable=False),
        sa.Column("touched_at", TIME, nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    )
    _table(
        "pipeline_finding",
        sa.Column("series", HASH, primary_key=True),
        sa.Column("fingerprint", HASH, primary_key=True),
        sa.Column("node", LONG, nullable=False),
        sa.Column("check_name", LONG, nullable=False),
        sa.Column("subject", LONG, nullable=False),
        sa.Column("verdict", WORD, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("run_id", ID, nullable=False),
    )
    _table(
        "pipeline_said",
        sa.Column("series", HASH, primary_key=True),
        sa.Column("node", NAME, primary_key=True),
        sa.Column("fingerprint", HASH, primary_key=True),
        sa.Column("source", LONG, nullable=False),
        sa.Column("check_name", LONG, nullable=False),
        sa.Column("subject", LONG, nullable=False),
        sa.Column("identity", LONG, nullable=False),
        sa.Column("verdict", WORD, nullable=False),
        sa.Column("said_at", TIME, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("claim", WORD, nullable=False),
        sa.Column("claim_run_id", ID, nullable=False),
        sa.Column("claim_until", TIME, nullable=False),
    )
