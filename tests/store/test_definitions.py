"""Definitions in a database: in the runner's own tables, and in those that the earlier app's migrations make."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest

from runner.errors import ExitCode, RunnerError, Unavailable, UsageError
from runner.store import definitions
from runner.store.connection import NoPermission, NoTable
from tests.databases import SERVERS, Role, Store

if TYPE_CHECKING:
    from runner.store.definitions import StoredDefinition

EARLIER = "orchestration_pipelinedefinition"
CONFIG = {"version": "1.0", "nodes": [{"id": "a", "type": "ingest", "config": {"ü": "𝄞"}}]}


def find(store: Store, name: str, forced: str = "") -> StoredDefinition | None:
    return store.database.work(partial(definitions.find, database=store.database, name=name, forced=forced))


def names(store: Store, forced: str = "") -> list[tuple[str, int, bool, str]]:
    found = store.database.work(partial(definitions.names, database=store.database, forced=forced))
    return [(one.name, one.revision, one.active, one.table) for one in found]


def refusal(store: Store, name: str, forced: str = "") -> RunnerError:
    with pytest.raises(RunnerError) as caught:
        find(store, name, forced)
    return caught.value


def test_the_newest_revision_is_found_and_any_other_by_its_number(store: Store) -> None:
    for revision in (1, 2, 3):
        store.define("shop", f"# {revision}", revision=revision)
    found = find(store, "shop")
    assert found is not None
    assert (found.document, found.revision, found.format, found.kept) == ("# 3", 3, "yaml", True)
    assert found.description == "what shop does"
    older = find(store, "shop@1")
    assert older is not None
    assert (older.document, older.revision) == ("# 1", 1)


def test_a_revision_that_is_not_there_names_those_that_are(store: Store) -> None:
    for revision in (1, 2):
        store.define("shop", "", revision=revision)
    error = refusal(store, "shop@7")
    assert (type(error), error.exit_code) == (Unavailable, ExitCode.UNAVAILABLE)
    assert error.message == "Pipeline definition not found: shop@7 — shop has the revisions 1, 2"
    assert find(store, "other@7") is None
    for pin in ("latest", "0", "-1", "³", "9" * 30, ""):
        said = f"shop@{pin} names no revision — revisions are numbers from 1 on: shop@3"
        assert refusal(store, f"shop@{pin}").message == said


def test_one_that_is_not_active_is_refused_by_name(store: Store) -> None:
    store.define("shop", "", active=False)
    error = refusal(store, "shop")
    assert (type(error), error.exit_code) == (definitions.Inactive, ExitCode.UNAVAILABLE)
    said = f"Pipeline definition not active: shop in {store.database}"
    assert error.message == f"{said} — make it so with: pipeline-runner db activate shop"


def test_the_earlier_app_s_are_found_as_its_migrations_keep_them(empty: Store) -> None:
    store = empty.make_earlier()
    store.define_earlier("shop", CONFIG, version=4)
    found = find(store, "shop")
    assert found is not None
    assert json.loads(found.document) == CONFIG
    assert (found.name, found.revision, found.format, found.kept, found.table) == ("shop", 4, "json", False, EARLIER)
    assert found.description == "earlier"
    assert find(store, "shop@4") == found
    assert find(store, "Shop") is None
    assert refusal(store, "shop@3").message == ("Pipeline definition not found: shop@3 — shop has the revision 4 alone")


def test_one_of_the_earlier_app_that_is_not_active_is_refused(empty: Store) -> None:
    store = empty.make_earlier()
    store.define_earlier("shop", CONFIG, active=False)
    assert refusal(store, "shop").message == (
        f"Pipeline definition not active: shop in {store.database} — make it so in the app"
    )


def test_a_table_of_the_earlier_app_that_holds_no_definitions_any_more(empty: Store) -> None:
    store = empty.make_earlier()
    store.change(f"alter table {EARLIER} drop column config")
    error = refusal(store, "shop")
    assert isinstance(error, Unavailable)
    said = f"the table {EARLIER} of {store.database} has no column config"
    assert error.message == f"{said}: the app's later versions keep no definitions there"
    store.upgrade()
    store.define("shop", "# here")
    found = find(store, "shop")
    assert found is not None
    assert found.document == "# here"


def test_a_name_in_both_tables_is_told_and_how_to_say_which(fresh: Store) -> None:
    store = fresh.make_earlier()
    store.define("shop", "# own")
    store.define("own", "# own")
    store.define_earlier("shop", CONFIG)
    store.define_earlier("earlier", CONFIG)
    error = refusal(store, "shop")
    assert (type(error), error.exit_code) == (UsageError, ExitCode.USAGE)
    both = f"pipeline_definition and {EARLIER}"
    assert error.message == f"{store.database} has shop in {both} — say which with PIPELINE_DEFINITIONS_TABLE"
    tables = {name: found.table for name in ("own", "earlier") if (found := find(store, name))}
    assert tables == {"own": "pipeline_definition", "earlier": EARLIER}
    for forced in definitions.KNOWN:
        found = find(store, "shop", forced)
        assert found is not None
        assert found.table == forced
    assert names(store) == [
        ("earlier", 1, True, EARLIER),
        ("own", 1, True, "pipeline_definition"),
        ("shop", 1, True, "pipeline_definition"),
        ("shop", 1, True, EARLIER),
    ]
    assert names(store, EARLIER) == [("earlier", 1, True, EARLIER), ("shop", 1, True, EARLIER)]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_table_that_is_forced_has_to_be_there(store: Store) -> None:
    hint = "make the runner's own with: pipeline-runner db upgrade"
    error = refusal(store, "shop", EARLIER)
    assert type(error) is NoTable
    assert error.message == f"{store.database} has no table of definitions ({EARLIER}) that can be read — {hint}"
    unknown = refusal(store, "shop", "pipeline_definitions")
    assert (type(unknown), unknown.message) == (
        UsageError,
        "PIPELINE_DEFINITIONS_TABLE is 'pipeline_definitions' — did you mean \"pipeline_definition\"?",
    )


@pytest.mark.parametrize("kind", SERVERS)
def test_a_role_that_may_read_the_definitions_and_nothing_else_finds_them(fresh: Store, role: Role) -> None:
    store = fresh.make_earlier()
    store.define("shop", "# here")
    reader = role(fresh, "pipeline_definition", "pipeline_definition_revision")
    found = find(reader, "shop")
    assert found is not None
    assert found.document == "# here"
    assert find(reader, "other") is None
    assert names(reader) == [("shop", 1, True, "pipeline_definition")]
    with pytest.raises(NoPermission):
        reader.rows("select run_id from pipeline_run")


@pytest.mark.parametrize("kind", SERVERS)
def test_a_role_that_may_read_the_earlier_app_s_and_nothing_else_finds_them(fresh: Store, role: Role) -> None:
    store = fresh.make_earlier()
    store.define("shop", "# here")
    store.define_earlier("shop", CONFIG)
    found = find(role(store, EARLIER), "shop")
    assert found is not None
    assert found.table == EARLIER


@pytest.mark.parametrize("kind", SERVERS)
def test_a_role_that_may_read_nothing_is_told_so(fresh: Store, role: Role) -> None:
    error = refusal(role(fresh, "pipeline_channel"), "shop")
    assert type(error) is NoPermission
    assert error.message.startswith(f"{fresh.database} does not permit this: ")
    assert "pipeline_definition" in error.message
