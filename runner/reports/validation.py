"""The summary of definitions that are valid, in Markdown, within a limit of bytes; and the table of what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.records import record
from runner.reports.gfm import code, escape, fitted, paragraphs, table
from runner.reports.markdown import MAX_SUMMARY
from runner.reports.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.errors import Diagnostic
    from runner.reports.gfm import Listing

_SIGNS: Final = {"error": "❌", "warning": "⚠️"}


@record(kw_only=False)
class Validated:
    """A definition that is valid."""

    path: str
    name: str
    nodes: int


def validation_summary(valid: Sequence[Validated], warnings: Sequence[Diagnostic], *, limit: int = MAX_SUMMARY) -> str:
    """Return the summary of definitions none of which is invalid, with a newline at its end."""
    seen = counted(len(warnings), "warning") if warnings else "no problems"
    head = paragraphs(
        (
            f"## {'🟡' if warnings else '🟢'} pipeline-runner: valid",
            f"**{counted(len(valid), 'definition')}, {seen}**",
        )
    )
    found = table(valid, _valid, noun="definition", head=("Definition", "Name", "Nodes"))
    return fitted(head, (problems(warnings), found), limit)


def _valid(one: Validated) -> tuple[str, ...]:
    return code(one.path), escape(one.name), f"{one.nodes:,}"


def problems(diagnostics: Sequence[Diagnostic]) -> Listing:
    """Return the table of what is wrong with definitions."""
    return table(diagnostics, _problem, noun="problem", head=("", "Where", "What", "What to do"))


def _problem(one: Diagnostic) -> tuple[str, ...]:
    what = f"{code(one.path)}: {escape(one.sentence)}" if one.path else escape(one.sentence)
    place = f"{one.file}:{one.line}:{one.column}" if one.line else one.file
    return f"{_SIGNS[one.severity]} {escape(one.code)}", code(place), what, escape(one.hint)
