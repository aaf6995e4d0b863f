"""GitHub Flavored Markdown: escaping, so that no text is markup, and the blocks a summary is made of."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final, TypeVar

from runner.records import record
from runner.reports.escaping import one_line
from runner.reports.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MAX_TEXT: Final = 500
"""Characters of one text in a summary."""
MAX_ROWS: Final = 2000
"""Rows of one list; more are counted, however much room there is."""

_ROWS: Final = (1000, 300, 100, 30, 10, 3, 0)
"""How many of each list are shown, ever fewer until all fits."""

T = TypeVar("T")

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_BLOCK: Final = re.compile(r"^(?:(?=[-+=])|(\d{1,9})(?=[.)](?:\s|$)))")
"""What would start a list or a rule at the start of a line."""
_PLAIN: Final = re.compile(r"[\w ./:@%+=,;()«»-]+")
"""What may stand in a code span as it is."""


def escape(text: str, limit: int = MAX_TEXT) -> str:
    """Put a text on one line that renders as itself: no markup, no link, no mention."""
    line = _MARKUP.sub(r"\\\1", one_line(text, limit))
    line = _BLOCK.sub(r"\1\\", line)
    line = line.replace("://", r"\://").replace("www.", r"www\.").replace("@", "@&#8203;")
    return rf"\:\:{line[2:]}" if line.startswith("::") else line


def code(text: str, limit: int = MAX_TEXT) -> str:
    """Put a text in a code span where nothing in it could end the span or a cell, else escape it."""
    line = one_line(text, limit)
    return f"`{line}`" if _PLAIN.fullmatch(line) else escape(line, limit)


def row(*cells: str) -> str:
    """Return a row of a table; the cells are escaped already."""
    return f"| {' | '.join(cells)} |"


def fold(title: str, body: str) -> str:
    """Fold a block below its title, which is plain text."""
    shown = html.escape(one_line(title, MAX_TEXT)).replace("@", "@&#8203;")
    return f"<details><summary>{shown}</summary>\n\n{body}\n\n</details>"


def fence(text: str, language: str) -> str:
    """Fence a block of code, however many backticks are in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


@record
class Listing:
    """Rows below a heading, of which the first may stand for all."""

    title: str = ""
    head: tuple[str, ...] = ()
    """The columns of a table; none for a list."""
    rows: tuple[str, ...]
    beyond: int = 0
    """Rows that are never written, only counted."""
    noun: str
    """What a row is, for the line that counts those left out."""

    @property
    def total(self) -> int:
        """All rows, written or not."""
        return len(self.rows) + self.beyond

    def text(self, most: int) -> str:
        """Return the block with at most so many rows and the number of the others; empty where there are none."""
        if not self.rows:
            return ""
        left_out = self.total - min(most, len(self.rows))
        blocks = [f"### {self.title}"] if self.title else []
        if most > 0:
            table = [row(*self.head), row(*["---"] * len(self.head))] if self.head else []
            blocks.append(lines([*table, *self.rows[:most]]))
        if left_out > 0:
            blocks.append(f"… and {counted(left_out, f'more {self.noun}')}.")
        return paragraphs(blocks)


def listing(items: Sequence[T], write: Callable[[T], str], *, noun: str, title: str = "") -> Listing:
    """Write a row for each item, up to as many as anybody reads."""
    rows = tuple(map(write, items[:MAX_ROWS]))
    return Listing(title=title, rows=rows, beyond=len(items) - len(rows), noun=noun)


def table(
    items: Sequence[T], write: Callable[[T], tuple[str, ...]], *, head: tuple[str, ...], noun: str, title: str = ""
) -> Listing:
    """Write a row of cells for each item, up to as many as anybody reads; a column in which nothing stands is none."""
    cells = [write(item) for item in items[:MAX_ROWS]]
    filled = [place for place in range(len(head)) if any(one[place] for one in cells)]
    return Listing(
        title=title,
        head=tuple(head[place] for place in filled),
        rows=tuple(row(*(one[place] for place in filled)) for one in cells),
        beyond=len(items) - len(cells),
        noun=noun,
    )


def fitted(head: str, listings: Iterable[Listing], limit: int) -> str:
    """Return a page of lists below its head within a limit of bytes, rows going first; empty where nothing fits."""
    lists = tuple(listings)
    pages = (paragraphs((head, *(one.text(most) for one in lists))) + "\n" for most in _ROWS)
    return next((page for page in pages if len(page.encode()) <= limit), "")


def paragraphs(blocks: Iterable[str]) -> str:
    """Join blocks, leaving out the empty ones."""
    return "\n\n".join(block for block in blocks if block)


def lines(rows: Iterable[str]) -> str:
    """Join lines."""
    return "\n".join(rows)
