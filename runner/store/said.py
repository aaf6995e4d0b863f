"""What people have been told, notify node by notify node, so that a change is said once however many runs overlap.

A message is claimed before it goes out and confirmed once it has arrived. A claim ends by itself: a run that was
killed in between has said nothing, and the next one will.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from runner.records import record
from runner.results import Open, Verdict
from runner.standing import Changes
from runner.store.times import moment, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from runner.standing import Standing
    from runner.store.connection import Connection
    from runner.store.series import Series

_GRACE: Final = 5.0
"""Seconds beyond its node's time that a claim stands."""
_NAME: Final = 255
"""Characters of a name that a column keeps."""
_OVER: Final = str(Verdict.OK)


def claim(series: Series, node: str, standing: Standing, seconds: float) -> Told:
    """Return what a notify node has not said yet, claimed for some seconds against runs that overlap."""
    now = series.now()
    until = stamp(now + timedelta(seconds=seconds + _GRACE))

    def work(connection: Connection) -> Told:
        with connection.transaction():
            series.hold(connection)
            known = _said(connection, series.key, node)
            changes = _changes(standing, known, stamp(now), series.run_id)
            told = Told(series=series, node=node, changes=changes)
            for one in _claimed(changes):
                told.claim(connection, one, until, new=one.fingerprint not in known)
        return told

    return series.database.work(work)


@record
class Told:
    """What one message is about to say."""

    series: Series
    node: str
    changes: Changes

    def confirm(self) -> None:
        """Note that it has been said."""
        self._change(
            "update pipeline_said set verdict = claim, said_at = :now, run_id = :run, claim = '', claim_run_id = '',"
            " claim_until = '' where series = :series and node = :node and claim_run_id = :run",
            now=stamp(self.series.now()),
        )

    def release(self) -> None:
        """Give it back: it reached nobody."""
        self._change(
            "update pipeline_said set claim = '', claim_run_id = '', claim_until = ''"
            " where series = :series and node = :node and claim_run_id = :run"
        )

    def claim(self, connection: Connection, one: Open, until: str, *, new: bool) -> None:
        """Note that this run is about to say something."""
        values = {**self._own, "key": one.fingerprint, "claim": str(one.verdict), "until": until}
        if new:
            about = {"source": one.node, "check": one.check, "subject": one.subject}
            connection.change(
                "insert into pipeline_said (series, node, fingerprint, source, check_name, subject, verdict, said_at,"
                " run_id, claim, claim_run_id, claim_until)"
                " values (:series, :node, :key, :source, :check, :subject, '', '', '', :claim, :run, :until)",
                **values,
                **about,
            )
        else:
            connection.change(
                "update pipeline_said set claim = :claim, claim_run_id = :run, claim_until = :until"
                " where series = :series and node = :node and fingerprint = :key",
                **values,
            )

    @property
    def _own(self) -> dict[str, object]:
        return {"series": self.series.key, "node": self.node[:_NAME], "run": self.series.run_id}

    def _change(self, sql: str, **values: object) -> None:
        if not self.changes:
            return

        def work(connection: Connection) -> None:
            with connection.transaction():
                self.series.hold(connection)
                connection.change(sql, **self._own, **values)

        self.series.database.work(work)


@record
class _Line:
    """What people know of one thing."""

    one: Open
    """`since` is when they were told."""
    known: str
    """The verdict that they were told last; empty for none."""
    claim: str
    """The verdict that a run is telling them; empty for none."""
    claimed_by: str
    until: str

    def claimed(self, now: str, run_id: str) -> bool:
        """Say whether another run is saying something right now."""
        return bool(self.claim) and self.claimed_by != run_id and self.until > now


def _said(connection: Connection, series: str, node: str) -> Mapping[str, _Line]:
    rows = connection.rows(
        "select fingerprint, source, check_name, subject, verdict, said_at, claim, claim_run_id, claim_until"
        " from pipeline_said where series = :series and node = :node order by said_at, fingerprint",
        series=series,
        node=node[:_NAME],
    )
    return {row[0]: _line(row) for row in rows}


def _line(row: Sequence[Any]) -> _Line:
    fingerprint, source, check, subject, verdict, said_at, claim, claimed_by, until = row
    one = Open(
        fingerprint=fingerprint,
        node=source,
        check=check,
        subject=subject,
        verdict=Verdict(verdict or _OVER),
        since=moment(said_at) if said_at else datetime.now(UTC),
        runs=0,
    )
    return _Line(one=one, known=verdict, claim=claim, claimed_by=claimed_by, until=until)


def _changes(standing: Standing, known: Mapping[str, _Line], now: str, run_id: str) -> Changes:
    """Hold what is wrong, and what was, against what people know; what another run is saying counts as known."""
    new, worse, said = [], [], []
    busy = {key: line for key, line in known.items() if line.claimed(now, run_id)}
    for key, one in standing.wrong.items():
        line = known.get(key)
        told = _told(line, busy)
        if line is None or told in {"", _OVER}:
            new.append(one)
        elif one.verdict > Verdict(told):
            worse.append(one)
        else:
            said.append(line.one)
    over = [
        line.one
        for key, line in known.items()
        if _told(line, busy) not in {"", _OVER} and standing.over(key, line.one.node)
    ]
    first = [one for key, one in standing.resolved.items() if not _told(known.get(key), busy)]
    return Changes(
        new=tuple(new),
        worse=tuple(worse),
        over=(*over, *first),
        said=tuple(said),
        elsewhere=next((line.claimed_by for line in busy.values()), ""),
    )


def _told(line: _Line | None, busy: Mapping[str, _Line]) -> str:
    """Return the verdict that people know, or are being told by another run."""
    if line is None:
        return ""
    return line.claim if line.one.fingerprint in busy else line.known


def _claimed(changes: Changes) -> Sequence[Open]:
    """Return what people are about to know."""
    over = (replace(one, verdict=Verdict.OK) for one in changes.over)
    return (*changes.new, *changes.worse, *over)
