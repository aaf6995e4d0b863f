"""What each diagnostic and each exit code means and what to do about it, for `explain` and for the documentation.

The texts are files beside this one, in Markdown: a line of title, paragraphs that say why, and sections. One of a
diagnostic has a definition that is told it, and the same definition mended.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, TypeAlias

from runner.errors import DOCS_URL, ExitCode, explained_at
from runner.records import record

_FOLDER: Final = Path(__file__).parent
_EXITS: Final = _FOLDER / "exits"
_SECTION: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_FENCED: Final = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
_ENCODING: Final = re.compile(r"Wrong(?: \((.+)\))?")


@record
class DiagnosticPage:
    """What a diagnostic is about."""

    code: str
    title: str
    why: str
    remedy: str
    wrong: str
    """A definition that is told this diagnostic and no other."""
    encoding: str
    """How its file is encoded."""
    right: str
    """The same, and nothing is wrong with it."""

    @property
    def url(self) -> str:
        """Where it is published."""
        return explained_at(self.code)


@record
class ExitPage:
    """What an exit code is about."""

    codes: tuple[ExitCode, ...]
    """More than one where they mean the same."""
    title: str
    why: str
    again: str
    """Whether to try again; empty where there is no reason to."""
    remedy: str

    @property
    def name(self) -> str:
        """The public name, like `timed-out`."""
        return self.codes[0].label

    @property
    def numbers(self) -> str:
        """The codes as people write them: `130 / 143`."""
        return " / ".join(str(int(code)) for code in self.codes)

    @property
    def url(self) -> str:
        """Where it is published."""
        return f"{DOCS_URL}/reference/exit-codes.html#{self.name}"


Page: TypeAlias = DiagnosticPage | ExitPage


def diagnostic_codes() -> tuple[str, ...]:
    """Return the codes of all diagnostics."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("[EW]*.md")))


def diagnostic_page(code: str) -> DiagnosticPage:
    """Return what a diagnostic is about."""
    sections = _read(_FOLDER / f"{code}.md")
    heading = next(heading for heading in sections if _ENCODING.fullmatch(heading))
    encoding = _ENCODING.fullmatch(heading)
    return DiagnosticPage(
        code=code,
        title=sections["title"],
        why=sections["why"],
        remedy=sections["What to do"],
        wrong=_fenced(sections[heading]),
        encoding=(encoding and encoding[1]) or "utf-8",
        right=_fenced(sections["Right"]),
    )


def exit_pages() -> tuple[ExitPage, ...]:
    """Return what the exit codes are about, in their order; codes of one name share a page."""
    return tuple(_exit_page(label) for label in dict.fromkeys(code.label for code in ExitCode))


def find(word: str) -> Page | None:
    """Return the page of a diagnostic by its code, or of an exit code by its number or its name."""
    if word.upper() in diagnostic_codes():
        return diagnostic_page(word.upper())
    named = {name: page for page in exit_pages() for name in (page.name, *(str(int(code)) for code in page.codes))}
    return named.get(word.lower())


def _exit_page(label: str) -> ExitPage:
    sections = _read(_EXITS / f"{label}.md")
    return ExitPage(
        codes=tuple(code for code in ExitCode if code.label == label),
        title=sections["title"],
        why=sections["why"],
        again=sections.get("Try again?", ""),
        remedy=sections["What to do"],
    )


def _read(path: Path) -> dict[str, str]:
    """Read the sections of a file by their headings; `title` and `why` are what comes before the first."""
    before, *others = _SECTION.split(path.read_text(encoding="utf-8"))
    title, _, why = before.partition("\n")
    sections = {"title": title.removeprefix("# "), "why": why}
    sections.update(zip(others[::2], others[1::2], strict=True))
    return {heading: text.strip() for heading, text in sections.items()}


def _fenced(section: str) -> str:
    (text,) = _FENCED.findall(section)
    return str(text)
