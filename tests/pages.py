"""Pages for people, as tests read them: fenced blocks, the files that these name, links, tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]

_BLOCK: Final = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK: Final = re.compile(r"\]\((?!https?:)([^)#]+)")
_BAR: Final = re.compile(r"(?<!\\)\|")
_TARGET: Final = re.compile(r"^([a-z]+):", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block."""

    language: str
    text: str
    path: str
    """The file that the line above names; empty where there is none."""

    @property
    def commands(self) -> tuple[str, ...]:
        """Its lines, without comments and blank ones."""
        lines = (line.partition(" #")[0].rstrip() for line in self.text.splitlines())
        return tuple(line for line in lines if line and not line.startswith("#"))


@dataclass(frozen=True, slots=True)
class Page:
    """A page in Markdown."""

    text: str

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every fenced block, in order."""
        found = _BLOCK.finditer(self.text)
        return tuple(Block(language=one["language"], text=one["text"], path=one["path"] or "") for one in found)

    def blocks_of(self, language: str) -> tuple[Block, ...]:
        """The blocks in one language."""
        return tuple(block for block in self.blocks if block.language == language)

    @property
    def commands(self) -> tuple[str, ...]:
        """The lines of every `sh` block."""
        return tuple(command for block in self.blocks_of("sh") for command in block.commands)

    @property
    def links(self) -> tuple[str, ...]:
        """Paths that it links to."""
        return tuple(_LINK.findall(self.text))

    def table(self, *heads: str) -> tuple[tuple[str, ...], ...]:
        """The rows of the table with these heads."""
        lines = iter(self.text.splitlines())
        next(line for line in lines if _cells(line) == heads)
        next(lines)  # the rule below the heads
        return tuple(_cells(line) for line in iter(lambda: next(lines, ""), ""))


def page(name: str) -> Page:
    """Read a page of this repository."""
    return Page((ROOT / name).read_text(encoding="utf-8"))


def make_targets() -> set[str]:
    """What `make` can be asked for."""
    return set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


def _cells(line: str) -> tuple[str, ...]:
    cells = _BAR.split(line.strip().removeprefix("|").removesuffix("|"))
    return tuple(cell.strip().replace("\\|", "|") for cell in cells)
