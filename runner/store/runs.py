"""History: every run, with its result document, and what was wrong when it ended."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from runner.errors import ExitCode, Transient, Unavailable, UsageError
from runner.records import record
from runner.store.database import LIMIT
from runner.store.memory import open_of
from runner.store.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from runner.results import RunResult
    from runner.standing import Standing
    from runner.store.connection import Connection
    from runner.store.database import Database
    from runner.store.memory import Remembered

MOST_SHOWN: Final = 1000
"""Runs that one look at the history shows at most."""
_NAME: Final = 255
"""Characters of a name that a column keeps."""
_COLUMNS: Final = (
    "run_id, definition, definition_version, definition_source, definition_sha256, environment, source, status,"
    " verdict, exit_code, started_at, finished_at, duration_ms, findings, error, bytes"
)
_AMBIGUOUS: Final = 5
"""Runs that are named where several have the same beginning."""
_ID_CHARACTERS: Final = frozenset("0123456789abcdef-")
_BATCH: Final = 500
"""Runs that are removed at once."""


@record
class RunRow:
    """One run, as a list of runs shows it."""

    run_id: str
    definition: str
    definition_version: int
    definition_source: str
    definition_sha256: str
    environment: str
    source: str
    status: str
    verdict: str
    exit_code: int
    started_at: str
    """RFC 3339, in UTC, to the microsecond."""
    finished_at: str
    duration_ms: float
    findings: int
    error: str
    bytes: int
    """Of its result document in the history."""


@record
class Filter:
    """Which runs are wanted."""

    definition: str = ""
    environment: str = ""
    verdicts: tuple[str, ...] = ()
    """Any, where none is named."""
    since: datetime | None = None
    limit: int = 20

    def clauses(self) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield conditions, each with its values."""
        if self.definition:
            yield "definition = :definition", {"definition": self.definition}
        if self.environment:
            yield "environment = :environment", {"environment": self.environment}
        if self.verdicts:
            values: dict[str, object] = {f"verdict_{place}": word for place, word in enumerate(self.verdicts)}
            yield f"verdict in ({', '.join(f':{name}' for name in values)})", values
        if self.since is not None:
            yield "started_at >= :since", {"since": stamp(self.since)}


def keep(memory: Remembered, result: RunResult, document: bytes, standing: Standing, *, limit: float = LIMIT) -> None:
    """Add a run to the history, and note what is wrong now; raise `Transient` and `Unavailable`."""

    def work(connection: Connection) -> None:
        with connection.transaction():
            memory.series.hold(connection, runs=1, size=len(document))
            connection.change(
                f"insert into pipeline_run ({_COLUMNS}, series, trace_id, document)"
                " values (:run_id, :definition, :definition_version, :definition_source, :definition_sha256,"
                " :environment, :source, :status, :verdict, :exit_code, :started_at, :finished_at, :duration_ms,"
                " :findings, :error, :bytes, :series, :trace_id, :document)",
                **_values(result, document),
                series=memory.series.key,
            )
            _note(connection, memory, standing)

    memory.series.database.work(work, limit=limit)


def _values(result: RunResult, document: bytes) -> dict[str, object]:
    facts = result.facts
    return {
        "run_id": facts.id,
        "trace_id": facts.trace_id,
        "definition": facts.definition[:_NAME],
        "definition_version": facts.definition_version,
        "definition_source": facts.definition_source,
        "definition_sha256": facts.definition_sha256,
        "environment": facts.environment[:_NAME],
        "source": facts.source,
        "status": str(result.status),
        "verdict": str(result.verdict),
        "exit_code": int(result.exit.code),
        "started_at": stamp(facts.started_at),
        "finished_at": stamp(result.finished_at),
        "duration_ms": result.duration_ms,
        "findings": len(result.findings),
        "error": result.error,
        "bytes": len(document),
        "document": document.decode(),
    }


def _note(connection: Connection, memory: Remembered, standing: Standing) -> None:
    """Bring what is known to be wrong up to date: other runs may have done so since this one began."""
    known = open_of(connection, memory.series.key)
    still = [_finding(memory, one.fingerprint, one.verdict) for key, one in standing.bad.items() if key in known]
    new = [
        {
            **_finding(memory, one.fingerprint, one.verdict),
            "node": one.node,
            "check_name": one.check,
            "subject": one.subject,
            "since": stamp(one.since),
        }
        for key, one in standing.bad.items()
        if key not in known
    ]
    over = [{"series": memory.series.key, "key": key} for key, one in known.items() if standing.over(one)]
    if still:
        connection.change(
            "update pipeline_finding set verdict = :verdict, run_id = :run_id, runs = runs + 1"
            " where series = :series and fingerprint = :key",
            *still,
        )
    if new:
        connection.change(
            "insert into pipeline_finding"
            " (series, fingerprint, node, check_name, subject, verdict, since, runs, run_id)"
            " values (:series, :key, :node, :check_name, :subject, :verdict, :since, 1, :run_id)",
            *new,
        )
    if over:
        connection.change("delete from pipeline_finding where series = :series and fingerprint = :key", *over)


def _finding(memory: Remembered, key: str, verdict: str) -> dict[str, object]:
    return {"series": memory.series.key, "key": key, "verdict": str(verdict), "run_id": memory.series.run_id}


def runs(connection: Connection, wanted: Filter) -> Sequence[RunRow]:
    """Return the runs that are wanted, the newest first."""
    conditions = list(wanted.clauses())
    where = " and ".join(sql for sql, _ in conditions)
    values = {name: value for _, some in conditions for name, value in some.items()}
    sql = (
        f"select {_COLUMNS} from pipeline_run{f' where {where}' if where else ''} order by started_at desc limit :most"
    )
    return [_row(row) for row in connection.rows(sql, **values, most=min(wanted.limit, MOST_SHOWN))]


def _row(row: Sequence[Any]) -> RunRow:
    return RunRow(**dict(zip(_COLUMNS.split(", "), row, strict=True)))


def document_of(connection: Connection, run_id: str) -> str:
    """Return the result document of a run, as JSON."""
    found = connection.rows("select document from pipeline_run where run_id = :run_id", run_id=run_id)
    return str(found[0][0])


def find(connection: Connection, wanted: str, where: Database) -> str:
    """Return the id of the run that is meant: an id, the beginning of one, `last` or `last-failed`.

    Raises `Unavailable` where there is none, `UsageError` where several begin like that.
    """
    if wanted == "last":
        found = connection.rows("select run_id from pipeline_run order by started_at desc limit 1")
    elif wanted == "last-failed":
        found = _last_failed(connection)
    else:
        found = _beginning(connection, wanted.lower())
    if not found:
        raise Unavailable(f"there is no run {wanted} in {where} — see: pipeline-runner history")
    if len(found) > 1:
        ids = ", ".join(row[0] for row in found)
        raise UsageError(f"several runs begin with {wanted}: {ids} — write more of the id")
    return str(found[0][0])


def _last_failed(connection: Connection) -> Sequence[Sequence[Any]]:
    """Return the last run that did not exit with 0, by the index of each code: among many good ones it may be old."""
    last = "select run_id, started_at from pipeline_run where exit_code = :code order by started_at desc limit 1"
    found = [row for code in ExitCode if code for row in connection.rows(last, code=int(code))]
    return sorted(found, key=lambda row: str(row[1]))[-1:]


def _beginning(connection: Connection, text: str) -> Sequence[Sequence[Any]]:
    """Return the ids that begin with a text."""
    if not text or not _ID_CHARACTERS.issuperset(text):
        return ()
    # SQLite's LIKE takes upper and lower case for the same, so it has no use for the index
    like, anything = ("glob", "*") if connection.kind == "sqlite" else ("like", "%")
    return connection.rows(
        f"select run_id from pipeline_run where run_id {like} :beginning order by run_id limit :most",
        beginning=f"{text}{anything}",
        most=_AMBIGUOUS,
    )


@record
class Pruned:
    """What was removed from the history, and what is left."""

    removed: int
    removed_bytes: int
    left: int
    left_bytes: int


def prune(connection: Connection, before: datetime) -> Pruned:
    """Remove the runs that began before a moment; what is still wrong stays known, however long ago it began."""
    old = stamp(before)
    removed, removed_bytes = 0, 0
    while batch := _prune_some(connection, old):
        removed += len(batch)
        removed_bytes += sum(size for _, size in batch)
    with connection.transaction():
        connection.change(
            "delete from pipeline_said where verdict in ('', 'ok') and claim = '' and said_at < :before", before=old
        )
        left, left_bytes = size(connection)
    if removed and connection.kind == "sqlite":
        with suppress(Transient):  # somebody writes; another time
            connection.change("vacuum")  # a file does not become smaller by itself
    return Pruned(removed=removed, removed_bytes=removed_bytes, left=left, left_bytes=left_bytes)


def _prune_some(connection: Connection, before: str) -> Sequence[tuple[str, int]]:
    """Remove some of the oldest runs, few enough for runs that go on meanwhile; return the series and size of each."""
    with connection.transaction():
        # nobody else adds or removes runs until the end: the sums would be wrong then
        connection.change("update pipeline_series set touched_at = touched_at")
        found = connection.rows(
            "select run_id, series, bytes from pipeline_run where started_at < :before order by started_at limit :most",
            before=before,
            most=_BATCH,
        )
        if not found:
            return ()
        connection.change("delete from pipeline_run where run_id = :id", *({"id": run_id} for run_id, _, _ in found))
        gone = Counter(series for _, series, _ in found)
        sizes: Counter[str] = Counter()
        for _, series, number in found:
            sizes[series] += number
        connection.change(
            "update pipeline_series set runs = runs - :runs, bytes = bytes - :size where series = :series",
            *({"series": series, "runs": runs, "size": sizes[series]} for series, runs in gone.items()),
        )
    return [(series, number) for _, series, number in found]


def size(connection: Connection) -> tuple[int, int]:
    """Return how many runs there are, and the bytes of their documents, as they are counted with each run."""
    ((count, total),) = connection.rows("select coalesce(sum(runs), 0), coalesce(sum(bytes), 0) from pipeline_series")
    return int(count), int(total)
