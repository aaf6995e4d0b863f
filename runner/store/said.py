"""What people have been told, notify node by notify node, so that a change is said once however many runs overlap.

A message is claimed before it goes out and confirmed once it has arrived. A claim ends by itself: a run that was
killed in between has said nothing, and the next one will. That something is over is owed from the claim on, whether
or not anybody looks at it again: its sender may never repeat it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from runner.records import record
from runner.results import Open, Verdict
from runner.standing import Changes
from runner.store.database import LIMIT
from runner.store.times import moment, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from runner.deadline import Deadline
    from runner.standing import Standing
    from runner.store.connection import Connection
    from runner.store.series import Series

_GRACE: Final = 5.0
"""Seconds beyond its node's time that a claim stands."""
_SHARE: Final = 0.3
"""The part of a node's time that asking may take, and waiting for another run; the rest is for telling people."""
_PAUSE: Final = 0.2
"""Seconds until another look at what another run is saying."""
_LAST_WORDS: Final = 1.0
"""Seconds for a note where the node's time is up."""
_NAME: Final = 255
"""Characters of a name that a column keeps."""
_OVER: Final = str(Verdict.OK)
_BEGIN: Final = (
    "insert into pipeline_said (series, node, fingerprint, source, check_name, subject, identity, verdict, said_at,"
    " run_id, claim, claim_run_id, claim_until)"
    " values (:series, :node, :key, :source, :check, :subject, :identity, '', '', '', :claim, :run, :until)"
)
_AGAIN: Final = (
    "update pipeline_said set claim = :claim, claim_run_id = :run, claim_until = :until, identity = :identity"
    " where series = :series and node = :node and fingerprint = :key"
)
_LOST: Final = (
    "update pipeline_said set claim = :claim, claim_run_id = :killed"
    " where series = :series and node = :node and fingerprint = :key and claim_run_id = ''"
    " and claim in ('', :claim)"
)
_UNSURE: Final = "update pipeline_said set verdict = '' where series = :series and node = :node and fingerprint = :key"
_BACK: Final = "update pipeline_said set claim = '' where series = :series and node = :node and fingerprint = :key"


def claim(series: Series, node: str, standing: Standing, deadline: Deadline) -> Told:
    """Return what a notify node has not said yet, claimed until its deadline against runs that overlap.

    Where another run is just saying something else of the same thing, it is waited for: neither may be lost.
    """
    patience = deadline.within(deadline.left * _SHARE)
    while True:
        told = _claim(series, node, standing, deadline, last=patience.left <= _PAUSE)
        if told is not None:
            return told
        deadline.sleep(_PAUSE)


def _claim(series: Series, node: str, standing: Standing, deadline: Deadline, *, last: bool) -> Told | None:
    """Claim it; None where another run is saying something else, and it is not the `last` try."""
    now = series.now()
    until = stamp(now + timedelta(seconds=deadline.left + _GRACE))

    def work(connection: Connection) -> Told | None:
        with connection.transaction():
            series.hold(connection)
            account = _Account(known=_lines(connection, series.key, node), now=stamp(now), run_id=series.run_id)
            if not last and any(account.disputed(standing)):
                return None
            changes = account.changes(standing)
            told = Told(series=series, node=node, changes=changes, lost=account.lost(changes), deadline=deadline)
            told.write(connection, account, standing, until)
        return told

    return series.database.work(work, limit=min(LIMIT, max(deadline.left * _SHARE, _PAUSE)))


@record
class Told:
    """What one message is about to say."""

    series: Series
    node: str
    changes: Changes
    lost: tuple[_Line, ...]
    """What runs that were killed may have said before."""
    deadline: Deadline

    def confirm(self) -> None:
        """Note that it has been said."""
        self._note(
            "update pipeline_said set verdict = claim, said_at = :now, run_id = :run, claim = '', claim_run_id = '',"
            " claim_until = '' where series = :series and node = :node and claim_run_id = :run",
            now=stamp(self.series.now()),
        )

    def release(self) -> None:
        """Give it back: it reached nobody. What a run that was killed may have said of it is as open as before."""
        lost = [
            {**self._own, "key": line.one.fingerprint, "claim": line.claim, "killed": line.claimed_by}
            for line in self.lost
        ]
        self._note(
            "update pipeline_said set claim = case when claim = :over then claim else '' end, claim_run_id = '',"
            " claim_until = '' where series = :series and node = :node and claim_run_id = :run",
            over=_OVER,
            after=lost,
        )

    def write(self, connection: Connection, account: _Account, standing: Standing, until: str) -> None:
        """Note that this run is about to say it, and that what is wrong again is not over."""
        claimed = {one.fingerprint: self._line(one, until) for one in _claimed(self.changes)}
        new = [line for key, line in claimed.items() if key not in account.known]
        known = [line for key, line in claimed.items() if key in account.known]
        back = [{**self._own, "key": key} for key in account.back(standing) if key not in claimed]
        # what is new though people took it for wrong: a run that was killed may have told them of its end
        bad = {key for key, line in account.known.items() if line.bad}
        unsure = [{**self._own, "key": one.fingerprint} for one in self.changes.new if one.fingerprint in bad]
        for sql, lines in ((_BEGIN, new), (_AGAIN, known), (_UNSURE, unsure), (_BACK, back)):
            if lines:
                connection.change(sql, *lines)

    def _line(self, one: Open, until: str) -> dict[str, object]:
        return {
            **self._own,
            "run": self.series.run_id,
            "key": one.fingerprint,
            "source": one.node,
            "check": one.check,
            "subject": one.subject,
            "identity": one.identity,
            "claim": str(one.verdict),
            "until": until,
        }

    @property
    def _own(self) -> dict[str, object]:
        return {"series": self.series.key, "node": self.node[:_NAME]}

    def _note(self, sql: str, *, after: Sequence[Mapping[str, object]] = (), **values: object) -> None:
        if not self.changes:
            return

        def work(connection: Connection) -> None:
            with connection.transaction():
                self.series.hold(connection)
                connection.change(sql, **self._own, run=self.series.run_id, **values)
                if after:
                    connection.change(_LOST, *after)

        self.series.database.work(work, limit=min(LIMIT, max(self.deadline.left, _LAST_WORDS)))


def _claimed(changes: Changes) -> Sequence[Open]:
    """Return what people are about to know."""
    over = (replace(one, verdict=Verdict.OK) for one in changes.over)
    return (*changes.new, *changes.worse, *over)


@record
class _Line:
    """What people know of one thing."""

    one: Open
    """`since` is when they were told."""
    known: str
    """The verdict that they were told last; empty for none."""
    claim: str
    """The verdict that a run is telling them; where no run is, `ok` is owed to them; empty for none."""
    claimed_by: str
    until: str

    @property
    def bad(self) -> bool:
        """People take it for wrong."""
        return self.known not in {"", _OVER}

    @property
    def lost(self) -> bool:
        """A run was about to say that it is wrong, and has not said what became of that: people may know."""
        return bool(self.claimed_by) and self.claim != _OVER


@record
class _Account:
    """What people know of everything, as one run sees it."""

    known: Mapping[str, _Line]
    """By fingerprint."""
    now: str
    run_id: str

    def changes(self, standing: Standing) -> Changes:
        """Hold what is wrong, and what was, against what people know; what another run is saying is left to it."""
        new: list[Open] = []
        worse: list[Open] = []
        said: list[Open] = []
        for key, one in standing.wrong.items():
            line = self.known.get(key)
            if line is None or not (self._busy(line) or self._taken_for_wrong(line)):
                new.append(one)
            elif self._busy(line) or one.verdict <= Verdict(line.known):
                said.append(line.one)
            else:
                worse.append(one)
        over = tuple(self._over(standing))
        ended = {one.fingerprint for one in over}
        still = (line.one for key, line in self.known.items() if line.bad and key not in ended)
        return Changes(
            new=tuple(new),
            worse=tuple(worse),
            over=over,
            said=tuple(said),
            open=frozenset(one.identity for one in still if one.identity),
            elsewhere=next((line.claimed_by for line in self.known.values() if self._busy(line)), ""),
        )

    def lost(self, changes: Changes) -> tuple[_Line, ...]:
        """Find what this run is about to say of things that a run that was killed may have told of."""
        lines = (self.known.get(one.fingerprint) for one in _claimed(changes))
        return tuple(line for line in lines if line and line.claimed_by)

    def disputed(self, standing: Standing) -> Iterator[str]:
        """Find what another run is saying, and this one would say otherwise."""
        for key, line in self.known.items():
            if self._busy(line):
                seen = standing.wrong[key].verdict if key in standing.wrong else None
                saying = Verdict(line.claim)
                if seen > saying if seen is not None else saying > Verdict.OK and standing.over(line.one):
                    yield key

    def back(self, standing: Standing) -> set[object]:
        """Find what is wrong again before anybody was told that it was over."""
        return {key for key, line in self.known.items() if self._owed(line) and key in standing.wrong}

    def _over(self, standing: Standing) -> Iterator[Open]:
        for key, line in self.known.items():
            if self._busy(line) or key in standing.wrong:
                continue
            if self._owed(line) or ((line.bad or line.lost) and standing.over(line.one)):
                yield standing.ended(line.one)
        yield from (one for key, one in standing.resolved.items() if key not in self.known or self._new(key))

    def _new(self, key: str) -> bool:
        """Say whether people were never told of something that they could be told of."""
        line = self.known[key]
        return not (line.known or line.claim)

    def _taken_for_wrong(self, line: _Line) -> bool:
        """Say whether people know that it is wrong; not where a run that was killed may have told them of its end."""
        return line.bad and not (line.claimed_by and self._owed(line))

    def _busy(self, line: _Line) -> bool:
        """Say whether another run is saying something of it right now."""
        return bool(line.claimed_by) and line.claimed_by != self.run_id and line.until > self.now

    def _owed(self, line: _Line) -> bool:
        """Say whether people have to be told that it is over, since nobody has."""
        return line.claim == _OVER and not self._busy(line)


def _lines(connection: Connection, series: str, node: str) -> Mapping[str, _Line]:
    rows = connection.rows(
        "select fingerprint, source, check_name, subject, identity, verdict, said_at, claim, claim_run_id, claim_until"
        " from pipeline_said where series = :series and node = :node order by said_at, fingerprint",
        series=series,
        node=node[:_NAME],
    )
    return {row[0]: _line(row) for row in rows}


def _line(row: Sequence[Any]) -> _Line:
    fingerprint, source, check, subject, identity, verdict, said_at, claim, claimed_by, until = row
    one = Open(
        fingerprint=fingerprint,
        node=source,
        check=check,
        subject=subject,
        identity=identity,
        verdict=Verdict(verdict or _OVER),
        since=moment(said_at) if said_at else datetime.now(UTC),
        runs=0,
    )
    return _Line(one=one, known=verdict, claim=claim, claimed_by=claimed_by, until=until)
