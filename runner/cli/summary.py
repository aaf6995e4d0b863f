"""The Markdown summary: added to the file that a CI system or a flag names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.doors.files import Files
from runner.errors import NotWritten
from runner.records import record
from runner.reports.failure import failure_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.cli.log import Log
    from runner.errors import Diagnostic
    from runner.results import Exit
    from runner.secrets import Masker


@record(kw_only=False)
class SummaryFile:
    """A file that takes summaries, one below the other."""

    path: str
    log: Log
    masker: Masker

    def add_failure(self, message: str, diagnostics: Sequence[Diagnostic], end: Exit) -> str:
        """Add what ended before the first node; return the path, empty where it could not be written."""
        return self.add(failure_summary(message, diagnostics, end))

    def add(self, text: str) -> str:
        """Add a text; return the path, empty where it could not be written, which changes nothing else."""
        try:
            Files().append(self.path, self.masker.mask(text).encode())
        except NotWritten as error:
            self.log.warning(f"no summary: {error.message}")
            return ""
        self.log.info(f"summary: {self.path}")
        return self.path
