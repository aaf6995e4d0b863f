"""The servers that tests of databases run against: they answer, and a database of one's own is gone in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.deadline import Deadline
from runner.doors.sql import Sql
from runner.errors import NodeError
from tests.servers import fresh

if TYPE_CHECKING:
    from runner.spec.databases import DatabaseUrl


@pytest.fixture(params=["shared_postgres", "shared_mysql"])
def shared(request: pytest.FixtureRequest) -> DatabaseUrl:
    found: DatabaseUrl = request.getfixturevalue(request.param)
    return found


def test_a_fresh_database_is_empty_and_gone_in_the_end(shared: DatabaseUrl) -> None:
    with fresh(shared) as url:
        schema = "public" if url.kind == "postgresql" else url.database
        query = f"SELECT count(*) FROM information_schema.tables WHERE table_schema = '{schema}'"  # noqa: S608 - ours
        assert Sql().ask(url, query, Deadline(5)).row == (0,)
    with pytest.raises(NodeError) as caught:
        Sql().connect(url, Deadline(5))
    assert caught.value.code == "no_database"
