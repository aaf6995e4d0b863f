"""Pieces of work on a database: whole or not at all, in time, and done anew where others wrote the same."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from runner.errors import Transient

if TYPE_CHECKING:
    from runner.store.connection import Connection
    from tests.databases import Store


def test_what_comes_too_late_is_not_done(store: Store) -> None:
    """Who was told that something failed must not find later that it was done after all."""

    def work(connection: Connection) -> None:
        with connection.transaction():
            connection.change("update pipeline_schema set version_num = 'late'")
            time.sleep(1.0)

    with pytest.raises(Transient) as caught:
        store.database.work(work, limit=0.8)
    assert caught.value.message == f"{store.database} did not answer within 0.8s"
    time.sleep(0.5)
    assert store.rows("select version_num from pipeline_schema") == [("0001",)]


def test_what_fails_in_the_middle_is_not_done(store: Store) -> None:
    def work(connection: Connection) -> None:
        with connection.transaction():
            connection.change("update pipeline_schema set version_num = 'half'")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.database.work(work)
    assert store.rows("select version_num from pipeline_schema") == [("0001",)]


def test_what_is_always_written_by_another_first_is_given_up(store: Store) -> None:
    store.channel("ops", "log", {})
    tries: list[int] = []

    def work(connection: Connection) -> None:
        tries.append(1)
        with connection.transaction():
            connection.change(
                "insert into pipeline_channel (name, driver, options, active, created_at, updated_at)"
                " values ('ops', 'log', '{}', :yes, '', '')",
                yes=True,
            )

    with pytest.raises(Transient) as caught:
        store.database.work(work)
    assert len(tries) == 10
    assert caught.value.message.startswith(f"{store.database} is written by too many at once: ")
