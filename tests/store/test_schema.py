"""The tables: what makes them, and what is said where they are of another version."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.errors import Unavailable
from runner.store import definitions
from runner.store.connection import NoTable
from runner.store.memory import remember
from runner.store.schema import writable
from runner.store.tables import NEWEST, OWN, VERSIONS
from runner.store.upgrade import write_sql
from tests.store.past import Clock
from tests.support import FACTS

if TYPE_CHECKING:
    from tests.databases import Store

MIGRATIONS = Path(__file__).parents[2] / "runner" / "store" / "migrations"


def test_what_makes_a_file_is_what_the_migrations_make() -> None:
    """Regenerate it with runner.store.upgrade.write_sql(file, "sqlite")."""
    output = io.StringIO()
    write_sql(output, "sqlite")
    assert (MIGRATIONS / f"sqlite_{NEWEST}.sql").read_text() == output.getvalue()


def test_every_step_is_there_and_the_newest_is_known() -> None:
    steps = sorted((MIGRATIONS / "versions").glob("step_*.py"))
    assert steps[-1].stem == f"step_{NEWEST}"


def test_the_tables_are_those_that_are_named(store: Store) -> None:
    tables = store.database.work(lambda connection: connection.tables())
    assert tables == {*OWN, VERSIONS}


def test_making_them_again_changes_nothing(store: Store) -> None:
    store.define("shop", "version: '1.0'")
    store.upgrade()
    assert store.rows("select name from pipeline_definition") == [("shop",)]


def test_a_text_of_any_length_fits_where_one_may_come(store: Store) -> None:
    """MySQL's TEXT would end at 64 KiB."""
    store.define("shop", "x" * 100_000)
    assert store.rows("select length(document) from pipeline_definition_revision") == [(100_000,)]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            "0000",
            "tables of an older pipeline-runner (step 0000) — bring them up to date with: pipeline-runner db upgrade",
        ),
        ("9999", f"tables of a newer pipeline-runner (step 9999, this one knows {NEWEST}) — update it"),
    ],
)
def test_tables_of_another_version_are_left_alone(step: str, said: str, store: Store) -> None:
    store.define("shop", "version: '1.0'")
    store.change("update pipeline_schema set version_num = :step", step=step)
    for work in (
        lambda: store.database.work(partial(definitions.find, database=store.database, name="shop")),
        lambda: remember(store.database, FACTS, Clock()),
    ):
        with pytest.raises(Unavailable) as caught:
            work()
        assert (type(caught.value), caught.value.message) == (Unavailable, f"{store.database} has {said}")
    assert not store.database.work(writable)
    assert store.rows("select count(*) from pipeline_series") == [(0,)]


def test_a_database_without_tables_remembers_nothing(empty: Store) -> None:
    if empty.kind == "sqlite":
        Path(empty.database.url.database).touch()
    with pytest.raises(NoTable) as caught:
        remember(empty.database, FACTS, Clock())
    hint = "make them with: pipeline-runner db upgrade"
    assert caught.value.message == f"{empty.database} has no tables of pipeline-runner — {hint}"
    assert not empty.database.work(writable)
