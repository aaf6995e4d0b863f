"""What is remembered of one definition in one environment: what was wrong when the last run ended, what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.records import record
from runner.results import Open, Past, Verdict
from runner.store.said import claim
from runner.store.schema import require
from runner.store.series import Series, series_key
from runner.store.times import moment, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from runner.deadline import Deadline
    from runner.results import RunFacts
    from runner.standing import Standing
    from runner.store.connection import Connection
    from runner.store.database import Database
    from runner.store.said import Told

_NAME: Final = 255
"""Characters of a name that a column keeps."""


@record
class Remembered:
    """What is remembered: of the past when it was opened, and what is said as it is now."""

    series: Series
    past: Past

    def claim(self, node: str, standing: Standing, deadline: Deadline) -> Told:
        """Return what a notify node has not said yet, claimed until its deadline against runs that overlap."""
        return claim(self.series, node, standing, deadline)


def remember(database: Database, facts: RunFacts, now: Callable[[], datetime]) -> Remembered:
    """Open what is remembered; raise `Transient` and `Unavailable` where nothing can be read or written."""
    key = series_key(facts.definition, facts.environment)
    series = Series(database=database, key=key, run_id=facts.id, now=now)

    def work(connection: Connection) -> Past:
        require(connection, database)
        with connection.transaction():
            _begin(connection, series, facts)
            return _past(connection, key)

    return Remembered(series=series, past=database.work(work, again=False))


def _begin(connection: Connection, series: Series, facts: RunFacts) -> None:
    """Let nobody else write about it; how many rows an update finds, MySQL does not say where none is changed."""
    series.hold(connection)
    if not connection.rows("select series from pipeline_series where series = :series", series=series.key):
        connection.change(
            "insert into pipeline_series (series, definition, environment, touched_at, runs, bytes)"
            " values (:series, :definition, :environment, :now, 0, 0)",
            series=series.key,
            definition=facts.definition[:_NAME],
            environment=facts.environment[:_NAME],
            now=stamp(series.now()),
        )


def _past(connection: Connection, key: str) -> Past:
    last = connection.rows(
        "select run_id from pipeline_run where series = :series order by started_at desc limit 1", series=key
    )
    return Past(previous_run_id=last[0][0] if last else "", open=open_of(connection, key))


def open_of(connection: Connection, series: str) -> Mapping[str, Open]:
    """Return what was wrong when the last run ended, by fingerprint."""
    rows = connection.rows(
        "select fingerprint, node, check_name, subject, verdict, since, runs from pipeline_finding"
        " where series = :series order by since, fingerprint",
        series=series,
    )
    return {row[0]: _open(row) for row in rows}


def _open(row: Sequence[Any]) -> Open:
    fingerprint, node, check, subject, verdict, since, runs = row
    return Open(
        fingerprint=fingerprint,
        node=node,
        check=check,
        subject=subject,
        verdict=Verdict(verdict),
        since=moment(since),
        runs=runs,
    )
