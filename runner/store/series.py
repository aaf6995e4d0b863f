"""A series: the runs of one definition in one environment, one after the other or at once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from runner.records import record
from runner.store.times import stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from runner.store.connection import Connection
    from runner.store.database import Database


@record
class Series:
    """A run among those of the same definition in the same environment."""

    database: Database
    key: str
    """SHA-256 (hex) of definition and environment."""
    run_id: str
    now: Callable[[], datetime]

    def hold(self, connection: Connection, *, runs: int = 0, size: int = 0) -> None:
        """Let nobody else write about it until the transaction ends.

        `runs` and `size` are what is about to be added to its history, in runs and in bytes.
        """
        connection.change(
            "update pipeline_series set touched_at = :now, runs = runs + :runs, bytes = bytes + :size"
            " where series = :series",
            now=stamp(self.now()),
            series=self.key,
            runs=runs,
            size=size,
        )


def series_key(definition: str, environment: str) -> str:
    """Return what names a definition in an environment in the tables."""
    return hashlib.sha256(f"{definition}\0{environment}".encode("utf-8", "surrogatepass")).hexdigest()
