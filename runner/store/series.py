"""A series: the runs of one definition in one environment, one after the other or at once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from runner.store.times import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from runner.store.connection import Connection


def series_of(definition: str, environment: str) -> str:
    """Return the SHA-256 (hex) that a definition in an environment has in the tables."""
    return hashlib.sha256(f"{definition}\0{environment}".encode("utf-8", "surrogatepass")).hexdigest()


def touch(connection: Connection, series: str, now: datetime) -> int:
    """Let nobody else write about a series until the transaction ends; return 0 where there is none of it yet."""
    return connection.change(
        "update pipeline_series set touched_at = :now where series = :series", now=stamp(now), series=series
    )
