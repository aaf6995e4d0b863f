"""What GitHub is told beside the log: secrets to mask, annotations, outputs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runner.doors.files import Files
from runner.errors import NotWritten
from runner.records import record
from runner.reports.commands import command, mask
from runner.reports.escaping import printable
from runner.reports.github import diagnostic_annotations, failure_outputs, outputs, run_annotations
from runner.secrets import reveal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.cli.log import Log
    from runner.errors import Diagnostic
    from runner.results import Exit, NodeResult, RunResult, RunStatus
    from runner.secrets import Masker, Secret


@record
class GitHub:
    """The machine that runs a workflow, as one of its steps speaks to it."""

    log: Log
    masker: Masker
    workspace: Path
    output: str
    """The file that takes the outputs of the step; empty where there is none."""

    def teach(self, secrets: Iterable[Secret]) -> None:
        """Let it mask secrets in whatever it shows from here on."""
        for secret in secrets:
            for line in mask(reveal(secret)):
                self.log.teach(line)

    def annotate(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Annotate definitions at the places that are wrong."""
        for line in diagnostic_annotations(replace(one, file=self._file(one.file)) for one in diagnostics):
            self.log.command(line)

    def tell_failure(self, message: str, diagnostics: Sequence[Diagnostic], end: Exit, *, summary: str) -> None:
        """Annotate what ended before the first node, and write its outputs."""
        if diagnostics:
            self.annotate(diagnostics)
        else:
            level = "error" if end.code else "notice"
            self.log.command(command(level, "\n".join(map(printable, message.splitlines()))))
        self.tell_end(end, summary=summary)

    def tell_end(self, end: Exit, *, status: RunStatus | None = None, summary: str = "") -> None:
        """Write the outputs of what was to run no node; `status` is one that the exit code does not say."""
        self._write(failure_outputs(end, token=_token(), status=status, summary_path=self._relative(summary)))

    def tell_result(self, result: RunResult, *, results: str, summary: str, problem: str = "") -> None:
        """Annotate a run and write its outputs.

        `results` and `summary` are paths, empty where nothing was written; `problem` says why, where that is a fault.
        """
        if problem:
            self.log.command(command("error", printable(problem)))
        for line in run_annotations(self._placed(result)):
            self.log.command(line)
        results_path, summary_path = self._relative(results), self._relative(summary)
        self._write(outputs(result, token=_token(), results_path=results_path, summary_path=summary_path))

    def _placed(self, result: RunResult) -> RunResult:
        """Return a result whose files are named as the repository knows them."""

        def placed(node: NodeResult) -> NodeResult:
            findings = tuple(replace(finding, file=self._file(finding.file)) for finding in node.findings)
            return replace(node, file=self._file(node.file), findings=findings)

        return replace(result, nodes=tuple(map(placed, result.nodes)))

    def _file(self, path: str) -> str:
        """Name a file relative to the repository, wherever this was started; a label of no file stays."""
        return self._relative(os.path.normpath(path)) if path and Path(path).exists() else path

    def _relative(self, path: str) -> str:
        """Write a path as other steps know it: relative to the workspace where it is below."""
        whole = Path(os.path.normpath(Path(path).absolute()))
        return str(whole.relative_to(self.workspace)) if path and whole.is_relative_to(self.workspace) else path

    def _write(self, text: str) -> None:
        if not self.output:
            return
        try:
            Files().append(self.output, self.masker.mask(text).encode())
        except NotWritten as error:
            self.log.warning(f"no outputs: {error.message}")


def _token() -> str:
    return os.urandom(16).hex()
