"""Pages of diagnostics and exit codes: the texts that `explain` prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from docs.generate.markdown import fence, page, table
from runner.cli.commands.explain import told
from runner.errors import DOCS_URL
from runner.explanations import diagnostic_codes, diagnostic_page, exit_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.explanations import DiagnosticPage, ExitPage

_GROUPS: Final = {
    "E1": "Reading the file",
    "E2": "Keys and values",
    "E3": "Nodes, and what they need",
    "E4": "Expressions",
    "W5": "Warnings",
}
_OWN_LINK: Final = re.compile(rf"\({re.escape(DOCS_URL)}/([^)#]+)\.html")


def code_pages() -> Iterator[tuple[str, str]]:
    """Make the pages, by the path of each."""
    found = [diagnostic_page(one) for one in diagnostic_codes()]
    yield "reference/diagnostics/index.md", _index(found)
    for shown in found:
        yield f"reference/diagnostics/{shown.code}.md", _diagnostic(shown)
    yield "reference/exit-codes.md", _exits(exit_pages())


def _index(found: list[DiagnosticPage]) -> str:
    blocks = [block for group, title in _GROUPS.items() for block in _group(group, title, found)]
    return page(
        "# Diagnostics",
        "Everything that can be wrong with a definition has a code that stays the same, and all of it is told at once, "
        "each at its line and column, as `FILE:LINE:COLUMN CODE path: sentence — hint`. `pipeline-runner validate` "
        "tells it without running anything, and `pipeline-runner explain CODE` prints these pages. An error (`E…`) "
        "keeps a definition from running; a warning (`W…`) does not.",
        *blocks,
    )


def _group(group: str, title: str, found: list[DiagnosticPage]) -> tuple[str, str]:
    rows = ((f"[{one.code}]({one.code}.md)", one.title) for one in found if one.code.startswith(group))
    return f"## {title}", table(("Code", "What is wrong"), rows)


def _diagnostic(shown: DiagnosticPage) -> str:
    saved = "" if shown.encoding == "utf-8" else f", saved as {shown.encoding}"
    return page(
        f"# {shown.code}: {shown.title}",
        _linked(shown.why, "../../"),
        "## What to do",
        _linked(shown.remedy, "../../"),
        "## Wrong",
        fence(shown.wrong, "yaml", f"definition.yaml{saved}"),
        "What is said about it:",
        fence("\n".join(map(str, told(shown)))),
        "## Right",
        fence(shown.right, "yaml", "definition.yaml"),
    )


def _exits(found: tuple[ExitPage, ...]) -> str:
    rows = ((one.numbers, f"[{one.name}](#{one.name})", one.title, one.again) for one in found)
    sections = [block for one in found for block in _exit(one)]
    return page(
        "# Exit codes",
        "How a run went, for scripts and for CI. Status and verdict meet here, and nowhere else: see "
        "[Verdicts and statuses](../explanation/verdicts.md).",
        table(("Code", "Name", "Meaning", "Try again?"), rows),
        "Where several apply, the first of 130 / 143, 70, 9, 7, 1, 5, 8, 0 counts. 0 never means that nothing "
        "happened.",
        *sections,
    )


def _exit(one: ExitPage) -> tuple[str, ...]:
    return (
        f"## {one.numbers} {one.name} {{ #{one.name} }}",
        f"{one.title}.",
        _linked(one.why, "../"),
        f"**Try again?** {one.again.capitalize()}." if one.again else "",
        f"**What to do:** {_linked(one.remedy, '../')}",
    )


def _linked(text: str, up: str) -> str:
    """Let links to this site be links between its pages."""
    return _OWN_LINK.sub(rf"({up}\1.md", text)
