"""What is put into a database comes back as it was, whichever database it is."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from runner.store import definitions
from runner.store.connection import fault
from runner.store.runs import Filter, document_of
from runner.store.runs import runs as list_runs
from tests.store.past import Runs, checked

if TYPE_CHECKING:
    from tests.databases import Store

WHOLE = [
    "",
    "shop",
    "Größe 100 % — “naïve” \\ ' \" ; -- :name %s %(name)s {}",
    "𝄞 music, 👩‍👩‍👧 family, 漢字",
    "tab\tline\r\nend\x01\x7f",
    "x" * 70_000,
]
"""Texts that every database keeps as they are."""
MENDED = {"a\0b": "a\ufffdb", "half \ud83d of it": "half ? of it"}
"""Texts that no database has, and what is kept of them."""


def test_a_text_comes_back(store: Store) -> None:
    texts = {**{text: text for text in WHOLE}, **MENDED}
    for number, text in enumerate(texts):
        store.change(
            "insert into pipeline_definition (name, revision, active, description, tags, created_at, updated_at)"
            " values (:name, 1, :yes, :text, :text, '', '')",
            name=f"n{number}",
            yes=True,
            text=text,
        )
        found = store.rows("select description from pipeline_definition where name = :name", name=f"n{number}")
        assert found == [(texts[text],)]


def test_every_text_of_a_run_may_hold_anything(store: Store) -> None:
    awkward = "a\0b 𝄞 \ud83d %s :x '\\"
    runs = Runs(store.database)
    runs.facts = runs.facts.__class__(
        id="",
        trace_id=awkward,
        definition=awkward * 40,
        definition_version=1,
        definition_source=awkward,
        definition_sha256="0" * 64,
        source=awkward,
        environment=awkward * 40,
        started_at=runs.clock.moment,
    )
    first = runs.tell(checked({awkward: "critical"}, node=awkward))
    again = runs.tell(checked({awkward: "critical"}, node=awkward))
    assert (len(first.new), bool(again)) == (1, False)
    (row, _) = store.database.work(lambda connection: list_runs(connection, Filter()))
    assert row.definition == (awkward * 40)[:255].replace("\0", "\ufffd").replace("\ud83d", "?")
    assert len(row.environment) == 255


def test_a_large_document_comes_back(store: Store) -> None:
    runs = Runs(store.database)
    document = json.dumps({"text": "ü" * 1_000_000}, ensure_ascii=False).encode()
    assert len(document) > 2_000_000
    memory = runs.begin()
    runs.keep(memory, document=document)
    found = store.database.work(partial(document_of, run_id=memory.series.run_id))
    assert found.encode() == document
    (row,) = store.database.work(lambda connection: list_runs(connection, Filter()))
    assert row.bytes == len(document)


def test_a_large_definition_comes_back(store: Store) -> None:
    document = "# " + "x" * 2_000_000 + "\nversion: '1.0'\n"
    store.define("shop", document)
    found = store.database.work(partial(definitions.find, database=store.database, name="shop"))
    assert found is not None
    assert found.document == document


def test_names_are_told_apart_to_the_letter(store: Store) -> None:
    for name in ("shop", "Shop", "SHOP", "shop-é", "shop-e"):
        store.define(name, f"# {name}")
        store.channel(name, "log", {})
    find = partial(definitions.find, database=store.database)
    found = [store.database.work(partial(find, name=name)) for name in ("shop", "Shop", "shop-e", "sHOP")]
    assert [one and one.document for one in found] == ["# shop", "# Shop", "# shop-e", None]
    assert [one.name for one in store.database.work(partial(definitions.names, database=store.database))] == [
        "SHOP",
        "Shop",
        "shop",
        "shop-e",
        "shop-é",
    ]


def test_the_words_of_a_database_stand_on_one_line_and_are_cut() -> None:
    error = fault("refused", "mysql at db:3306/shop", "first\n\tsecond\x1b[31m " + "x" * 500)
    assert error.message.startswith("mysql at db:3306/shop refuses the statement: first second [31m xxx")
    assert error.message.endswith("xxx…")
    assert len(error.message) == len("mysql at db:3306/shop refuses the statement: ") + 200
