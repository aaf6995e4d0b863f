"""Whoever follows a run while it goes on: the log, and the journal of what has finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.cli.log import masked_line
from runner.errors import NotWritten
from runner.reports.escaping import one_line
from runner.reports.journal import journal_end, journal_header, journal_line, journal_start
from runner.reports.wording import word

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.cli.log import Log
    from runner.definition.model import Definition, Step
    from runner.doors.files import Journal
    from runner.results import NodeResult, RunFacts, RunResult
    from runner.secrets import Masker

_LONGEST: Final = 2_000
"""Characters of a message that the log shows."""


class Trail:
    """The journal of a run: a help and no duty, so where it cannot be written it says so and ends."""

    def __init__(self, log: Log, masker: Masker, journal: Journal | None) -> None:
        self._log = log
        self._masker = masker
        self._journal = journal

    def begin(self, facts: RunFacts, definition: Definition) -> None:
        """Note which run begins, and what it is made of."""
        self._note(journal_header(facts, [(step.id, step.type, step.required) for step in definition.steps]), sync=True)

    def start(self, step: Step) -> None:
        """Note that a node begins: where a run is killed, that is what people ask for."""
        self._note(journal_start(step.id), sync=False)

    def add(self, result: NodeResult) -> None:
        """Note what became of a node: on disk where it broke."""
        self._note(journal_line(result), sync=result.status.broke)

    def end(self, result: RunResult) -> None:
        """Note what became of the run."""
        self._note(journal_end(result), sync=True)

    def remove(self) -> None:
        """Remove it: the result document says it all."""
        self._try(lambda journal: journal.remove())

    def _note(self, line: str, *, sync: bool) -> None:
        self._try(lambda journal: journal.write(masked_line(line, self._masker), sync=sync))

    def _try(self, work: Callable[[Journal], None]) -> None:
        if self._journal is None:
            return
        try:
            work(self._journal)
        except NotWritten as error:
            self._log.warning(f"the journal ends here: {error.message}")
            self._journal = None


class Follower:
    """Writes each node to the log, and its result to the journal as soon as it is there."""

    def __init__(self, log: Log, trail: Trail) -> None:
        self._log = log
        self._trail = trail

    def begin(self, facts: RunFacts, definition: Definition) -> None:
        """Say which run begins, and where its definition was found."""
        self._log.info(f"run {facts.id} of {facts.definition} ({facts.definition_source})")
        self._trail.begin(facts, definition)

    def started(self, step: Step) -> None:
        """Begin the lines of a node."""
        self._trail.start(step)
        self._log.group(f"{step.id} ({step.type})")

    def finished(self, result: NodeResult) -> None:
        """Say what became of a node, and note it in the journal."""
        if result.skipped:
            self._log.info(f"  {result.node_id}: skipped — {result.skip_reason}")
        else:
            self._tell(result)
            self._log.end_group()
        self._trail.add(result)

    def _tell(self, result: NodeResult) -> None:
        for finding in result.findings:
            self._log.info(f"  {finding.verdict}: {one_line(finding.message, _LONGEST)}")
        for error in result.errors:
            self._log.warning(f"{result.node_id}: {one_line(error.message, _LONGEST)}")
        verdict = f", verdict {result.verdict}" if result.verdict is not None else ""
        self._log.info(f"  {word(result.status)} in {result.duration_ms:.0f}ms{verdict}")
