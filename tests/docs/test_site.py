"""The documentation as a site: it is built without a word of complaint, from the code, and fetches nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

import pytest

from docs.generate.commands import parser, path_of
from docs.generate.hook import nav
from docs.generate.pages import pages
from docs.generate.places import REPOSITORY, linked_outside
from runner.cli.action import INPUTS, OUTPUTS
from runner.cli.catalogue import FAMILIES
from runner.cli.commands import COMMANDS
from runner.errors import DOCS_URL
from runner.explanations import diagnostic_codes, diagnostic_page, exit_pages
from tests.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCS: Final = ROOT / "docs"
WRITTEN: Final = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
FETCHED: Final = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
"""Tags that a browser fetches something for, and the attribute that says what."""
NO_NETWORK: Final = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": ""}


class Page(HTMLParser):
    """What a page fetches, and where one can jump to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("rel") != "canonical":
            self.fetched += [given[FETCHED[tag]] or ""] if FETCHED.get(tag) in given else []
        self.anchors.add(given.get("id") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, **NO_NETWORK, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def test_every_page_is_built(site: Path) -> None:
    wanted = {path.removesuffix(".md") + ".html" for path in (*WRITTEN, *pages())}
    assert wanted == {str(path.relative_to(site)) for path in site.rglob("*.html")} - {"404.html"}


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    found = {
        (path.name, address)
        for path in site.rglob("*.html")
        for address in Page(path.read_text()).fetched
        if re.match(r"(?:https?:)?//", address)
    }
    assert found == set()
    sheets = "".join(path.read_text() for path in site.rglob("*.css"))
    assert re.findall(r"url\(['\"]?(?:https?:)?//[^)]*\)|@import", sheets) == []


@pytest.mark.parametrize("code", diagnostic_codes())
def test_the_address_in_an_annotation_leads_to_the_page_of_its_code(site: Path, code: str) -> None:
    page = site / diagnostic_page(code).url.removeprefix(f"{DOCS_URL}/")
    assert f"{code}: " in page.read_text()


def test_the_address_of_an_exit_code_leads_to_its_section(site: Path) -> None:
    for shown in exit_pages():
        path, _, anchor = shown.url.removeprefix(f"{DOCS_URL}/").partition("#")
        assert anchor in Page((site / path).read_text()).anchors


def test_nothing_of_the_generator_is_published(site: Path) -> None:
    assert [path.name for path in site.rglob("*.py")] == []


@pytest.mark.parametrize(
    ("page", "link", "led"),
    [
        ("action.md", "](../README.md#outputs)", f"]({REPOSITORY}/README.md#outputs)"),
        ("how-to/forks.md", "](../../SECURITY.md)", f"]({REPOSITORY}/SECURITY.md)"),
        ("how-to/forks.md", "](../action.md)", "](../action.md)"),
        ("index.md", "](tutorial.md)", "](tutorial.md)"),
    ],
)
def test_a_link_out_of_the_site_leads_to_the_repository(page: str, link: str, led: str) -> None:
    assert linked_outside(link, page) == led


# --- the pages that are made -----------------------------------------------------------------------


def test_every_member_and_every_command_has_a_page() -> None:
    wanted = {f"reference/{family}/{name}.md" for family, registry in FAMILIES.items() for name in registry}
    wanted |= set(map(path_of, COMMANDS))
    assert wanted <= pages().keys()


def test_every_input_and_output_of_the_action_is_told() -> None:
    page = pages()["reference/action.md"]
    told = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert told == [*INPUTS, *OUTPUTS]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_of_a_command_has_every_flag_of_its_help(name: str) -> None:
    flags = re.findall(r"(?<![\w-])--[a-z][a-z-]+", parser(name).format_help().partition("\n\n")[2])
    page = pages()[path_of(name)]
    assert [flag for flag in flags if flag not in page] == []


def test_no_page_is_both_written_and_made() -> None:
    assert pages().keys() & set(WRITTEN) == set()


def test_the_way_leads_to_every_page_once() -> None:
    made = list(pages())
    ways = [path for path in _leaves(nav([*WRITTEN, "database.md"], made)) if path]
    assert sorted(ways) == sorted([*WRITTEN, "database.md", *made])


def _leaves(part: object) -> list[str]:
    if isinstance(part, str):
        return [part]
    parts = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    return [leaf for one in parts for leaf in _leaves(one)]
