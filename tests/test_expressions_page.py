"""docs/expressions.md: its examples give what it says, and its lists are the language's."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Any, Final

import pytest

from runner.expressions import FILTERS, TESTS, compile_expression
from runner.expressions.methods import METHODS
from runner.nodes.context import Context
from runner.results import Verdict
from runner.scope import NODE_WORDS, RUN_WORDS, SCOPE_WORDS
from tests.pages import page
from tests.support import definition_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE: Final = page("docs/expressions.md")
READS: Final = {name.strip("`"): what for name, what in PAGE.table("Name", "What it is")}
LOOPS: Final = {"cycle"}
"""Methods of what only a loop has."""


def known() -> dict[str, Any]:
    """What the page supposes, as a run has it."""
    names: dict[str, Any] = json.loads(PAGE.blocks_of("json")[0].text)
    return names | {"probe": names["probe"] | {"verdict": Verdict(names["probe"]["verdict"])}}


@pytest.mark.parametrize(("written", "gives"), PAGE.table("Expression", "Gives"))
def test_an_example_gives_what_it_says(written: str, gives: str) -> None:
    expression = compile_expression(written.strip("`"))
    assert expression.evaluate(known()) == json.loads(gives.strip("`"))


def test_the_checks_that_are_shown_are_made_of_the_items() -> None:
    checks = textwrap.indent(PAGE.blocks_of("yaml")[0].text, "      ")
    top = 'version: "1.0"\ninputs: {urls: {type: list}}\nnodes:\n  - id: it\n    type: context\n    config:\n'
    definition = definition_of(top + checks)
    node = definition.steps[0].config.bind(lambda _: {"inputs": {"urls": ["https://a.example/", "https://b.example/"]}})
    assert isinstance(node, Context)
    assert node.names() == ("http_a_example", "http_b_example", "tcp_mail_example_25", "tcp_db_example_5432")


@pytest.mark.parametrize(
    ("head", "tail", "words"), [("Filter", "Gives", FILTERS), ("Test", "True for", TESTS)], ids=["filters", "tests"]
)
def test_the_words_are_all_there_are(head: str, tail: str, words: Mapping[str, Any]) -> None:
    assert PAGE.table(head, tail) == tuple((f"`{word.use}`", word.meaning) for word in words.values())


def test_the_methods_are_all_there_are() -> None:
    section = PAGE.text.partition("## Methods")[2].partition("##")[0]
    assert set(re.findall(r"`(\w+)`", section)) - {"range"} == set(METHODS) - LOOPS


def test_the_names_are_all_there_are() -> None:
    assert tuple(READS) == SCOPE_WORDS
    assert tuple(re.findall(r"`(\w+)`", READS["run"])) == RUN_WORDS
    assert f"with {', '.join(f'`{word}`' for word in NODE_WORDS)}" in PAGE.text
