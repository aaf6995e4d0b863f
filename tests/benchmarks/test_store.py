"""What a database costs: a definition out of one, a run that is remembered, and a history of a hundred thousand."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from runner.store import definitions
from runner.store.runs import Filter
from runner.store.runs import runs as list_runs
from runner.store.times import stamp
from tests.benchmarks.test_start import THREE_NODES
from tests.store.past import NOON, Runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.store.connection import Connection
    from tests.benchmarks.conftest import Bench
    from tests.databases import Store

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

ROUNDS = 40
FEW, MANY = 1_000, 100_000
BATCH = 5_000
DEFINITIONS = 20
DEFINITION = json.dumps({"version": "1.0", "nodes": [{"id": "a", "type": "transform", "config": {"extract": "x"}}]})
SELECT = (
    "select r.document from pipeline_definition d join pipeline_definition_revision r on r.name = d.name"
    " and r.revision = d.revision where d.name = %s"
)
ROW: dict[str, object] = {
    "trace_id": "",
    "definition_version": 1,
    "definition_source": "",
    "definition_sha256": "",
    "environment": "test",
    "source": "cli",
    "status": "completed",
    "exit_code": 0,
    "duration_ms": 1.5,
    "findings": 0,
    "error": "",
    "bytes": 2,
    "document": "{}",
}
LOOKS = {
    "all": Filter(),
    "of a definition": Filter(definition="definition-7"),
    "of a verdict": Filter(verdicts=("critical",)),
    "of an environment that has none": Filter(environment="nowhere"),
    "since": Filter(since=NOON),
}


def best(*works: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return the shortest time of each, in interleaved rounds; the first one, which imports, is left out."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for times, work in zip(taken, works, strict=True):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
    return [min(times[1:]) for times in taken]


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_definition_by_its_name_takes_at_most_three_times_a_bare_connection_and_select(
    bench: Bench, fresh: Store
) -> None:
    fresh.define("shop", DEFINITION, written="json")
    url = fresh.database.url

    def bare() -> str:
        where: dict[str, Any] = {"host": url.host, "port": url.port, "user": url.user, "dbname": url.database}
        with closing(psycopg.connect(**where)) as connection:
            return str(connection.execute(SELECT, ("shop",)).fetchall()[0][0])

    def ours() -> str:
        found = fresh.database.work(partial(definitions.find, database=fresh.database, name="shop"))
        assert found
        return found.document

    assert ours() == bare() == DEFINITION
    least, taken = best(bare, ours)
    ratio = taken / least
    bench.note(f"a definition: {taken * 1000:.1f} ms, bare psycopg {least * 1000:.1f} ms: {ratio:.2f} x", "<= 3 x")
    assert ratio <= 3


def test_remembering_a_run_of_three_nodes_costs_at_most_60_ms(bench: Bench) -> None:
    (bench.folder / "three.yaml").write_text(THREE_NODES)
    run = bench.runner("--config", "three.yaml", "--payload", '{"a": 1}', "--results", "results.json")
    without, remembered = bench.measure(
        {
            "run, 3 nodes, no state": ("/usr/bin/env", "PIPELINE_STATE_URL=none", *run),
            "run, 3 nodes, embedded file": ("/usr/bin/env", *run),
        },
        rounds=25,
    )
    for timing in (without, remembered):
        bench.row(timing)
    more = (remembered.best - without.best) * 1000
    bench.note(f"the embedded file: {more:.1f} ms more", "<= 60 ms")
    assert (bench.folder / ".pipeline" / "state.sqlite3").is_file()
    assert more <= 60


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_look_at_a_hundred_thousand_runs_takes_less_than_twice_one_at_a_thousand(bench: Bench, fresh: Store) -> None:
    _keep_few(bench, fresh)
    fresh.change("delete from pipeline_run")
    _fill(fresh, 0, FEW)
    few = _looks(fresh)
    _fill(fresh, FEW, MANY)
    many = _looks(fresh)
    for look, seconds in many.items():
        claim = f"{fresh.kind}: runs {look}, of {MANY:,} {seconds * 1000:.2f} ms, of {FEW:,} {few[look] * 1000:.2f} ms"
        bench.note(claim, "< 2 x")
        assert seconds < 2 * few[look], claim
        assert " pipeline_run_" in _plan(fresh, LOOKS[look]), look


def _keep_few(bench: Bench, store: Store) -> None:
    """Keep runs as the runner does, each by a connection of its own."""
    runs = Runs(store.database)
    memory = runs.begin()
    began = time.perf_counter()
    for _ in range(FEW):
        runs.clock.go(minutes=1)
        runs.keep(replace(memory, series=replace(memory.series, run_id=str(uuid4()))))
    taken = time.perf_counter() - began
    bench.note(f"{store.kind}: {FEW:,} runs kept in {taken:.1f} s, {taken / FEW * 1000:.1f} ms each", "")


def _fill(store: Store, first: int, last: int) -> None:
    """Make small runs, a minute apart: each definition has a twentieth of them, and of those a fifth are critical."""
    columns = ("run_id", "series", "definition", "verdict", "started_at", "finished_at", *ROW)
    values = ", ".join(f":{name}" for name in columns)
    sql = f"insert into pipeline_run ({', '.join(columns)}) values ({values})"  # noqa: S608 - constants
    for start in range(first, last, BATCH):
        store.change(sql, *map(_row, range(start, min(start + BATCH, last))))
    store.change("analyze")


def _row(number: int) -> dict[str, object]:
    at = stamp(NOON + timedelta(minutes=number))
    verdict = "critical" if number % 100 < DEFINITIONS else "ok"
    own = {"run_id": str(uuid4()), "series": f"series-{number % DEFINITIONS}", "verdict": verdict}
    return {**ROW, **own, "definition": f"definition-{number % DEFINITIONS}", "started_at": at, "finished_at": at}


def _looks(store: Store) -> dict[str, float]:
    """Return the seconds of each look at the history, once there is a connection."""

    def work(connection: Connection) -> list[float]:
        return best(*(partial(list_runs, connection, wanted) for wanted in LOOKS.values()))

    return dict(zip(LOOKS, store.database.work(work, limit=60.0), strict=True))


def _plan(store: Store, wanted: Filter) -> str:
    """Return how the database goes about a look."""
    explain = "explain query plan " if store.kind == "sqlite" else "explain "

    def work(connection: Connection) -> str:
        asked = Asked()
        list_runs(asked, wanted)  # type: ignore[arg-type]  # it asks, and does nothing else
        return "\n".join(str(row[-1]) for row in connection.rows(f"{explain}{asked.sql}", **asked.values))

    return store.database.work(work)


@dataclass
class Asked:
    """A connection that only keeps what it is asked."""

    sql: str = ""
    values: dict[str, object] = field(default_factory=dict)

    def rows(self, sql: str, **values: object) -> tuple[()]:
        self.sql, self.values = sql, values
        return ()
