"""A definition out of a real PostgreSQL, and a history in it that outlasts the container."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.databases import store_at

if TYPE_CHECKING:
    from runner.spec.databases import DatabaseUrl
    from tests.container.images import Ended, Engine
    from tests.databases import Store

FULL = """\
version: "1.0"
nodes:
  - id: look
    type: context
    config:
      checks:
        - {type: memory, warning: 0.01%, critical: 0.02%}
"""


@pytest.fixture
def store(postgres_database: DatabaseUrl) -> Store:
    return store_at(postgres_database).upgrade()


def test_the_image_reads_its_definition_from_postgresql_and_remembers_there_whatever_a_container_is_called(
    image: str, containers: Engine, store: Store
) -> None:
    store.define("shop", FULL)

    def run(hostname: str) -> Ended:
        flags = "--definition", "db:shop", "--json"
        environment = {"PIPELINE_DATABASE_URL": store.text}
        return containers.run(
            image, *flags, environment=environment, network_mode="host", hostname=hostname, read_only=True
        )

    first, second = run("runner-28431-x7k2p"), run("runner-28432-q9w4z")
    assert (first.code, second.code) == (5, 5), first.out + first.err + second.err
    before, result = json.loads(first.out), json.loads(second.out)
    (finding,) = result["findings"]
    assert finding["subject"] == "runner-28432-q9w4z"
    assert (result["definition"], result["definition_source"]) == ("shop", "db:shop@1")
    assert before["comparison"]["previous_run_id"] is None
    assert result["comparison"] == {
        "previous_run_id": before["run_id"],
        "new": [],
        "still": [{"fingerprint": finding["fingerprint"], "since": before["findings"][0]["first_seen"], "runs": 2}],
        "fixed": [],
        "gone": [],
    }
    rows = store.rows("select run_id from pipeline_run order by started_at")
    assert rows == [(before["run_id"],), (result["run_id"],)]
