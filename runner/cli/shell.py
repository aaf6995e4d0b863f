"""The world as a command sees it: environment and streams, and how to speak on them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from runner.cli.log import JsonLog, Log, TextLog
from runner.errors import DefinitionError, ExitCode
from runner.results import Exit
from runner.secrets import Masker

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from runner.errors import Diagnostic, RunnerError

ISSUES_URL = "https://github.com/org/pipeline-action/issues/new"


@dataclass(slots=True, kw_only=True)
class Shell:
    """What a command is handed; the only thing that writes to the streams."""

    environ: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    wants_json: bool = False
    masker: Masker = field(default_factory=Masker)
    log: Log = field(init=False)
    github: bool = False
    """Speak GitHub's log syntax."""
    verbose: bool = False
    color: str = "auto"

    def __post_init__(self) -> None:
        self.github = self.environ.get("GITHUB_ACTIONS") == "true"
        self.log = self._make_log(verbosity=0)

    def configure(self, options: argparse.Namespace) -> None:
        """Take over what the flags say of the output."""
        self.wants_json = getattr(options, "json", False)
        self.verbose = getattr(options, "verbose", 0) > 0 or self.environ.get("RUNNER_DEBUG") == "1"
        self.color = getattr(options, "color", "auto")
        ci = getattr(options, "ci", "auto")
        self.github = ci == "github" or (ci == "auto" and self.environ.get("GITHUB_ACTIONS") == "true")
        self.log = self._make_log(verbosity=int(self.verbose) - int(getattr(options, "quiet", False)))

    def _make_log(self, *, verbosity: int) -> Log:
        if self.environ.get("PIPELINE_LOG_FORMAT") == "json":
            return JsonLog(self.stderr, self.masker, verbosity=verbosity)
        return TextLog(self.stderr, self.masker, verbosity=verbosity, github=self.github)

    @property
    def workspace(self) -> Path:
        """Where relative names start from: the checkout on GitHub, else the working directory."""
        return Path(self.environ.get("GITHUB_WORKSPACE") or Path.cwd())

    @property
    def in_ci(self) -> bool:
        """A CI system runs this."""
        return self.environ.get("CI", "").lower() not in {"", "false", "0"}

    def out(self, text: str) -> None:
        """Write text to stdout, masked; a reader that has gone is no failure of ours."""
        masked = self.masker.mask(text)
        try:
            self.stdout.write(masked if masked.endswith("\n") else masked + "\n")
            self.stdout.flush()
        except BrokenPipeError:
            self.stdout = _nowhere()

    def fail(self, error: RunnerError) -> int:
        """Report an expected failure; return its exit code."""
        diagnostics = error.diagnostics if isinstance(error, DefinitionError) else ()
        self.log.error(error.message)
        if self.github:
            self._annotate(error, diagnostics)
        self._tell_json(error.message, diagnostics, error.exit_code)
        return error.exit_code

    def crash(self, error: Exception) -> int:
        """Report a bug in the runner; return its exit code."""
        self.log.error(f"internal error: {type(error).__name__}: {error} — please report it at {ISSUES_URL}")
        if self.verbose:
            import traceback  # noqa: PLC0415 - only for whoever looks for a bug

            self.log.error("".join(traceback.format_exception(error)))
        else:
            self.log.error("run it again with -v for the traceback")
        self._tell_json(f"internal error: {type(error).__name__}: {error}", (), ExitCode.INTERNAL)
        return ExitCode.INTERNAL

    def _tell_json(self, message: str, diagnostics: tuple[Diagnostic, ...], code: ExitCode) -> None:
        if not self.wants_json:
            return
        from runner.reports.document import failure_document  # noqa: PLC0415 - only where something is wrong

        self.json(failure_document(message, diagnostics, Exit(code=code, reason=message.partition("\n")[0])))

    def _annotate(self, error: RunnerError, diagnostics: tuple[Diagnostic, ...]) -> None:
        from runner.reports.github import command, diagnostic_annotations  # noqa: PLC0415 - only on GitHub

        lines = diagnostic_annotations(diagnostics) if diagnostics else [command("error", error.message)]
        for line in lines:
            self.log.raw(line)

    @property
    def colored(self) -> bool:
        """The result on stdout is for a terminal that shows colours."""
        if self.color != "auto":
            return self.color == "always"
        return self.stdout.isatty() and not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"

    def masked(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a document without the values of secrets."""
        return {key: self.masker.mask_tree(item) for key, item in document.items()}

    def json(self, document: Mapping[str, Any]) -> None:
        """Write one JSON document to stdout."""
        from runner.reports.document import encode  # noqa: PLC0415 - only where one is wanted

        self.out(encode(self.masked(document), indent=2).decode("ascii"))


def _nowhere() -> TextIO:
    """Point stdout at nothing, so that closing it raises nothing either."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())
    return sys.stdout
