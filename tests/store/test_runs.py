"""History in every kind of database: runs as they are kept, listed, found and removed, and what is wrong by now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.errors import RunnerError, Transient, Unavailable, UsageError
from runner.results import Status
from runner.store.runs import Filter, Pruned, document_of, find, prune, size
from runner.store.runs import runs as list_runs
from tests.databases import in_a_file
from tests.store.past import NOON, Runs, checked, named
from tests.store.test_server import held
from tests.support import FACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.store.memory import Remembered
    from tests.databases import Store


def listed(store: Store, **wanted: object) -> list[str]:
    found = store.database.work(partial(list_runs, wanted=Filter(**wanted)))  # type: ignore[arg-type]  # its fields
    return [row.run_id for row in found]


def kept(runs: Runs, *nodes: object, document: bytes = b"{}", **facts: object) -> str:
    """Make a run of these facts, and return its id."""
    runs.facts = replace(FACTS, **facts)  # type: ignore[arg-type]  # fields of RunFacts
    memory = runs.begin()
    runs.keep(memory, *nodes, document=document)  # type: ignore[arg-type]  # results of nodes
    return memory.series.run_id


def test_a_run_is_kept_whole(store: Store) -> None:
    runs = Runs(store.database)
    document = '{"text": "ü𝄞"}'.encode()
    run_id = kept(runs, checked({"a": "critical", "b": "warning"}), document=document, url="https://ci.example/1")
    assert store.database.work(partial(document_of, run_id=run_id)).encode() == document
    (row,) = store.database.work(partial(list_runs, wanted=Filter()))
    assert (
        row.__class__(
            run_id=run_id,
            definition="test",
            definition_version=1,
            definition_source="test.yaml",
            definition_sha256="0" * 64,
            environment="test",
            source="cli",
            status="completed",
            verdict="critical",
            exit_code=0,
            started_at="2026-03-01T12:01:00.000000Z",
            finished_at="2026-03-01T12:01:00.000000Z",
            duration_ms=1.5,
            findings=2,
            error="",
            bytes=len(document),
        )
        == row
    )


def test_runs_are_listed_the_newest_first_and_by_what_is_wanted(store: Store) -> None:
    runs = Runs(store.database)
    first = kept(runs, checked({"a": "ok"}))
    second = kept(runs, checked({"a": "critical"}), environment="production")
    third = kept(runs, checked({"a": "warning"}), definition="other")
    assert listed(store) == [third, second, first]
    assert listed(store, limit=2) == [third, second]
    assert listed(store, definition="other") == [third]
    assert listed(store, environment="production") == [second]
    assert listed(store, verdicts=("critical", "warning")) == [third, second]
    assert listed(store, since=NOON + timedelta(minutes=2)) == [third, second]
    assert listed(store, definition="test", environment="test", verdicts=("ok",)) == [first]
    assert listed(store, definition="tes") == []


def look_up(store: Store, wanted: str) -> str:
    return store.database.work(partial(find, wanted=wanted, where=store.database))


def test_a_run_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    runs = Runs(store.database)
    memories = []
    for number in ("aaaa1111-0000-4000-8000-000000000000", "aaaa2222-0000-4000-8000-000000000000"):
        memory = runs.begin()
        memory = replace(memory, series=replace(memory.series, run_id=number))
        runs.keep(memory)
        memories.append(memory)
    for wanted in ("aaaa1", "aaaa1111-0", "AAAA1111", "aaaa1111-0000-4000-8000-000000000000"):
        assert look_up(store, wanted) == "aaaa1111-0000-4000-8000-000000000000"
    with pytest.raises(UsageError) as several:
        look_up(store, "aaaa")
    ids = "aaaa1111-0000-4000-8000-000000000000, aaaa2222-0000-4000-8000-000000000000"
    assert several.value.message == f"several runs begin with aaaa: {ids} — write more of the id"
    for wanted in ("b", "aaaa1111-0000-4000-8000-0000000000001", "%", "_aaa", "*", "", "no"):
        with pytest.raises(Unavailable) as none:
            look_up(store, wanted)
        assert none.value.message == f"there is no run {wanted} in {store.database} — see: pipeline-runner history"


def test_the_last_run_and_the_last_that_failed_are_found(store: Store) -> None:
    runs = Runs(store.database)
    with pytest.raises(Unavailable):
        look_up(store, "last")
    failed, fine = kept(runs), kept(runs)
    store.change("update pipeline_run set exit_code = 5 where run_id = :id", id=failed)
    assert (look_up(store, "last"), look_up(store, "last-failed")) == (fine, failed)


def open_now(memory: Remembered) -> list[tuple[str, str, int]]:
    return [(one.check, str(one.verdict), one.runs) for one in memory.past.open.values()]


def test_what_is_wrong_is_known_to_the_next_run_of_the_same_definition_and_environment(store: Store) -> None:
    runs = Runs(store.database)
    first = kept(runs, checked({"a": "warning", "b": "critical"}))
    second = runs.begin()
    assert second.past.previous_run_id == first
    assert open_now(second) == [("a", "warning", 1), ("b", "critical", 1)] or open_now(second) == [
        ("b", "critical", 1),
        ("a", "warning", 1),
    ]
    runs.keep(second, checked({"a": "critical", "b": "ok"}))
    third = runs.begin()
    assert open_now(third) == [("a", "critical", 2)]
    runs.keep(third, checked({}, status=Status.SKIPPED))
    fourth = runs.begin()
    assert open_now(fourth) == [("a", "critical", 2)]
    assert fourth.past.open[next(iter(fourth.past.open))].since == NOON
    for facts in (replace(FACTS, environment="other"), replace(FACTS, definition="other")):
        other = Runs(store.database, facts=facts).begin()
        assert (other.past.previous_run_id, open_now(other)) == ("", [])


def test_old_runs_go_and_what_is_still_wrong_stays_known(store: Store) -> None:
    runs = Runs(store.database)
    kept(runs, checked({"a": "critical"}), document=b"x" * 100)
    runs.tell(checked({"a": "critical"}))
    runs.clock.go(days=10)
    left = kept(runs, checked({}, status=Status.SKIPPED), document=b"y" * 10)
    assert store.database.work(size) == (3, 112)
    done = store.database.work(partial(prune, before=runs.clock.moment - timedelta(days=1)))
    assert done == Pruned(removed=2, removed_bytes=102, left=1, left_bytes=10)
    assert listed(store) == [left]
    assert store.database.work(size) == (1, 10)
    assert open_now(runs.begin()) == [("a", "critical", 2)]
    assert named(runs.tell(checked({"a": "ok"})).over) == ["a"]
    again = store.database.work(partial(prune, before=runs.clock.moment - timedelta(days=1)))
    assert again == Pruned(removed=0, removed_bytes=0, left=2, left_bytes=12)


def test_more_runs_than_go_at_once_go(store: Store) -> None:
    runs = Runs(store.database)
    memory = runs.begin()
    runs.keep(memory)
    columns = (
        "series, trace_id, definition, definition_version, definition_source, definition_sha256, environment, source,"
        " status, verdict, exit_code, started_at, finished_at, duration_ms, findings, error, bytes, document"
    )
    store.change(
        f"insert into pipeline_run (run_id, {columns}) select :id, {columns} from pipeline_run where run_id = :like",  # noqa: S608 - constants
        *({"id": f"copy-{number}", "like": memory.series.run_id} for number in range(1100)),
    )
    store.change("update pipeline_series set runs = 1101, bytes = 2202")
    done = store.database.work(partial(prune, before=runs.clock.moment + timedelta(days=1)), limit=60.0)
    assert done == Pruned(removed=1101, removed_bytes=2202, left=0, left_bytes=0)


@in_a_file
def test_a_file_becomes_smaller_with_its_history(store: Store) -> None:
    runs = Runs(store.database)
    file = Path(store.database.url.database)
    for _ in range(5):
        kept(runs, checked({"a": "ok"}), document=b"x" * 100_000)
    before = file.stat().st_size
    store.database.work(partial(prune, before=runs.clock.moment + timedelta(days=1)))
    assert file.stat().st_size < before / 2


def test_what_people_were_told_long_ago_goes_where_it_is_over(store: Store) -> None:
    runs = Runs(store.database)
    runs.tell(checked({"a": "critical", "b": "critical"}))
    runs.tell(checked({"a": "ok", "b": "critical"}))
    runs.clock.go(days=10)
    store.database.work(partial(prune, before=runs.clock.moment))
    assert store.rows("select check_name, verdict from pipeline_said") == [("b", "critical")]


def test_a_run_that_cannot_be_kept_leaves_nothing_half_done(store: Store) -> None:
    runs = Runs(store.database)
    memory = runs.begin()
    with held(store), pytest.raises(RunnerError) as caught:
        runs.keep(memory, checked({"a": "critical"}), limit=0.5)
    assert isinstance(caught.value, Transient)
    assert listed(store) == []
    assert store.rows("select count(*) from pipeline_finding") == [(0,)]
    assert store.database.work(size) == (0, 0)


def test_runs_that_overlap_count_what_they_have_seen_together(store: Store) -> None:
    runs = Runs(store.database)
    both: Sequence[Remembered] = (runs.begin(), runs.begin())
    for memory in both:
        runs.keep(memory, checked({"a": "critical"}))
    assert open_now(runs.begin()) == [("a", "critical", 2)]
    assert store.database.work(size) == (2, 4)
