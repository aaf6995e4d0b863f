"""What GitHub is told beside the log: secrets to mask, annotations, outputs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runner.doors.files import Files
from runner.errors import NotWritten
from runner.records import record
from runner.reports.commands import mask
from runner.reports.github import (
    diagnostic_annotations,
    failure_annotation,
    failure_outputs,
    outputs,
    run_annotations,
)
from runner.secrets import reveal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    remotes: frozenset[str]
    """Lines of git's configuration, any of which makes a checkout the one of the workflow's repository."""
    output: str
    """The file that takes the outputs of the step; empty where there is none."""

    @classmethod
    def of(cls, environ: Mapping[str, str], *, log: Log, masker: Masker, workspace: Path) -> GitHub:
        """Read what it says of itself."""
        server, repository = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY"))
        remotes = {f"url = {server}/{repository}", f"url = git@{server.partition('://')[2]}:{repository}.git"}
        return cls(
            log=log,
            masker=masker,
            workspace=workspace,
            remotes=frozenset(remotes if repository else ()),
            output=environ.get("GITHUB_OUTPUT", ""),
        )

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
            self.log.command(failure_annotation(message, "error" if end.code else "notice"))
        self.tell_end(end, summary=summary)

    def tell_end(self, end: Exit, *, status: RunStatus | None = None, summary: str = "") -> None:
        """Write the outputs of what was to run no node; `status` is one that the exit code does not say."""
        self._write(failure_outputs(end, token=_token(), status=status, summary_path=self._relative(summary)))

    def tell_result(self, result: RunResult, *, results: str, summary: str, problem: str = "") -> None:
        """Annotate a run and write its outputs.

        `results` and `summary` are paths, empty where nothing was written; `problem` says why, where that is a fault.
        """
        if problem:
            self.log.command(failure_annotation(problem, "error"))
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
        if not path or not Path(path).exists():
            return path
        whole = Path(os.path.normpath(Path(path).absolute()))
        below = (folder for folder in whole.parents if folder.is_relative_to(self.workspace))
        root = next(filter(self._is_checkout, below), self.workspace)
        return str(whole.relative_to(root)) if whole.is_relative_to(root) else os.path.normpath(path)

    def _is_checkout(self, folder: Path) -> bool:
        """Say whether the repository of the workflow is checked out there: that may be deeper in the workspace."""
        try:
            lines = (folder / ".git" / "config").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
        return any(line.strip() in self.remotes for line in lines)

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
