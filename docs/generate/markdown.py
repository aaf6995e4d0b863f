"""Blocks of Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def page(*blocks: str) -> str:
    """Put blocks together, with a blank line between them; empty ones are left out."""
    return "\n\n".join(block.strip("\n") for block in blocks if block) + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Write a table; empty where it has no rows."""
    lines = [_row(cells) for cells in rows]
    return "\n".join([_row(head), _row(("---",) * len(head)), *lines]) if lines else ""


def fence(text: str, language: str = "text", title: str = "") -> str:
    """Write a block of code, however many backticks are in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    label = f' title="{title}"' if title else ""
    return f"{ticks}{language}{label}\n{text.rstrip()}\n{ticks}"


def code(text: str) -> str:
    """Write a text as code; nothing for an empty one."""
    return f"`{text}`" if text else ""


def tidy(text: str) -> str:
    """Write a text of the program as Markdown: what it has in angle brackets is no tag."""
    parts = text.split("`")
    return "`".join(part if at % 2 else part.replace("<", "&lt;").replace("*", r"\*") for at, part in enumerate(parts))


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
