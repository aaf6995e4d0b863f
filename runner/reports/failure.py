"""The summary of what ended before its first node, in Markdown, within a limit of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.errors import ExitCode
from runner.reports.gfm import escape, fitted, listing, paragraphs
from runner.reports.markdown import MAX_SUMMARY
from runner.reports.validation import problems
from runner.reports.wording import unstarted
from runner.results import RunStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.errors import Diagnostic
    from runner.reports.gfm import Listing
    from runner.results import Exit

_NOTHING_RAN: Final = frozenset(
    {ExitCode.OK, ExitCode.USAGE, ExitCode.INVALID, ExitCode.UNAVAILABLE, ExitCode.TRANSIENT}
)


def failure_summary(message: str, diagnostics: Sequence[Diagnostic], end: Exit, *, limit: int = MAX_SUMMARY) -> str:
    """Return the summary of a failure, at most `limit` bytes of UTF-8, with a newline at its end.

    `message` says what is wrong in its first line, and in the others each thing that is; diagnostics take their place.
    """
    said, *others = message.splitlines() or [""]
    if others and not said.endswith(":"):  # several things are wrong, and none is the heading of the others
        said, others = "", [said, *others]
    head = paragraphs(
        (
            f"## {_title(end)}",
            f"**{escape(said.rstrip(':'))}**" if said else "",
            f"Exit {end.code:d} ({escape(end.code.label)}){', nothing ran' if end.code in _NOTHING_RAN else ''}.",
        )
    )
    return fitted(head, (problems(diagnostics) if diagnostics else _lines(others),), limit)


def _title(end: Exit) -> str:
    skipped = unstarted(end) is RunStatus.SKIPPED
    return "⏭️ pipeline-runner: skipped" if skipped else f"❌ pipeline-runner: {escape(end.code.label)}"


def _lines(lines: Sequence[str]) -> Listing:
    told = [line.strip().removeprefix("- ") for line in lines if line.strip()]
    return listing(told, lambda line: f"- {escape(line)}", noun="problem")
