"""The pages of diagnostics and exit codes: one for each that there is, and what they show is true."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

import pytest

from runner.cli.commands.explain import told
from runner.errors import ExitCode
from runner.explanations import DiagnosticPage, ExitPage, diagnostic_codes, diagnostic_page, exit_pages, find
from tests.definition.reading import loaded
from tests.pages import ROOT, page

if TYPE_CHECKING:
    from pathlib import Path

    from runner.explanations import Page

RUNNER: Final = ROOT / "runner"
CODE: Final = re.compile(r"[EW]\d{3}")
PAGES: Final = [diagnostic_page(code) for code in diagnostic_codes()]

every_diagnostic = pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.code)
every_page = pytest.mark.parametrize(
    "shown", [*PAGES, *exit_pages()], ids=lambda shown: shown.code if isinstance(shown, DiagnosticPage) else shown.name
)


def codes_in(path: Path) -> set[str]:
    """The codes that a module names as values; a docstring that mentions one has more words."""
    texts = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and CODE.fullmatch(text)}


def test_every_code_that_can_be_told_has_a_page_and_every_page_such_a_code() -> None:
    told = set[str]().union(*map(codes_in, RUNNER.rglob("*.py")))
    assert set(diagnostic_codes()) == told


@every_diagnostic
def test_what_is_shown_as_wrong_is_told_this_and_nothing_else_at_a_place(shown: DiagnosticPage) -> None:
    found = told(shown)
    assert {one.code for one in found} == {shown.code}
    assert all(one.line > 0 and one.column > 0 for one in found)
    assert {one.severity for one in found} == {"error" if shown.code.startswith("E") else "warning"}


@every_diagnostic
def test_what_is_shown_as_right_is_told_nothing(shown: DiagnosticPage) -> None:
    assert loaded(shown.right).warnings == ()


@every_diagnostic
def test_what_is_right_is_what_is_wrong_but_for_the_mistake(shown: DiagnosticPage) -> None:
    wrong, right = (set(text.splitlines()) for text in (shown.wrong, shown.right))
    assert (wrong & right) >= {'version: "1.0"'} - ({'version: "1.0"'} if shown.code == "E209" else set())
    assert len(wrong - right) <= 2
    assert shown.wrong != shown.right or shown.encoding != "utf-8"


def test_every_exit_code_has_one_page() -> None:
    assert [code for shown in exit_pages() for code in shown.codes] == list(ExitCode)


@every_page
def test_a_page_says_what_why_and_what_to_do(shown: Page) -> None:
    assert shown.title
    assert not shown.title.endswith(".")
    assert shown.why.endswith(".")
    assert shown.remedy.endswith(".")


def test_whether_to_try_again_is_what_the_readme_says() -> None:
    rows = page("README.md").table("Code", "Name", "Meaning", "Try again?")
    assert {(codes, name): again for codes, name, _, again in rows} == {
        (shown.numbers, shown.name): shown.again for shown in exit_pages()
    }


@pytest.mark.parametrize("word", ["E203", "e203"])
def test_a_diagnostic_is_found_by_its_code(word: str) -> None:
    assert find(word) == diagnostic_page("E203")


@pytest.mark.parametrize("word", ["130", "143", "cancelled", "Cancelled"])
def test_an_exit_code_is_found_by_number_and_by_name(word: str) -> None:
    found = find(word)
    assert isinstance(found, ExitPage)
    assert (found.name, found.numbers) == ("cancelled", "130 / 143")


@pytest.mark.parametrize("word", ["", "E", "E2", "E20", "E999", "6", "0x1", "../E203", "exits/ok"])
def test_what_is_no_code_is_not_found(word: str) -> None:
    assert find(word) is None


def test_a_page_has_an_address_of_its_own() -> None:
    pages: list[Page] = [*PAGES, *exit_pages()]
    addresses = [shown.url for shown in pages]
    assert len(set(addresses)) == len(addresses)
    assert diagnostic_page("E203").url == "https://org.github.io/pipeline-action/reference/diagnostics/E203.html"
