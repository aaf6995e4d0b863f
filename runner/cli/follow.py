"""Whoever follows a run while it goes on: the log, and the journal of what has finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.reports.journal import journal_header, journal_line
from runner.reports.wording import word

if TYPE_CHECKING:
    from runner.cli.log import Log
    from runner.definition.model import Definition, Step
    from runner.doors.files import Journal
    from runner.results import NodeResult, RunFacts
    from runner.secrets import Masker


class Follower:
    """Writes each node to the log, and its result to the journal as soon as it is there."""

    def __init__(self, log: Log, masker: Masker, journal: Journal | None) -> None:
        self._log = log
        self._masker = masker
        self._journal = journal

    def begin(self, facts: RunFacts, definition: Definition) -> None:
        """Say which run begins."""
        self._log.info(f"run {facts.id} of {facts.definition} ({facts.definition_source})")
        if self._journal is not None:
            nodes = [(step.id, step.type) for step in definition.steps]
            self._journal.write(self._masker.mask(journal_header(facts, nodes)), sync=True)

    def started(self, step: Step) -> None:
        """Begin the lines of a node."""
        self._log.group(f"{step.id} ({step.type})")

    def finished(self, result: NodeResult) -> None:
        """Say what became of a node, and note it in the journal: on disk where it broke."""
        if result.skipped:
            self._log.info(f"  {result.node_id}: skipped — {result.skip_reason}")
        else:
            self._tell(result)
            self._log.end_group()
        if self._journal is not None:
            self._journal.write(self._masker.mask(journal_line(result)), sync=result.status.broke)

    def _tell(self, result: NodeResult) -> None:
        for finding in result.findings:
            self._log.info(f"  {finding.verdict}: {finding.message}")
        for error in result.errors:
            self._log.warning(f"{result.node_id}: {error.message}")
        verdict = f", verdict {result.verdict}" if result.verdict is not None else ""
        self._log.info(f"  {word(result.status)} in {result.duration_ms:.0f}ms{verdict}")
