"""The world as a command sees it: environment and streams, and how to speak on them."""

from __future__ import annotations

import json
import os
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, TextIO

from runner.cli.log import NORMAL, JsonLog, Log, TextLog, masked_line, silence
from runner.errors import DefinitionError, ExitCode, NotWritten, UsageError
from runner.records import record
from runner.reports.escaping import inert, neutralise
from runner.results import Exit
from runner.secrets import Masker, reveal
from runner.spec import did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from runner.cli.github import GitHub
    from runner.cli.summary import SummaryFile
    from runner.errors import Diagnostic, RunnerError
    from runner.secrets import Secret
    from runner.store.database import Database

ISSUES_URL = "https://github.com/org/pipeline-action/issues/new"

_BARE: Final = frozenset({"", "dumb", "unknown"})
"""Terminals that can do nothing but go on."""
_OFF: Final = frozenset({"", "0", "false"})


@record(frozen=False)
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
    summary: str = ""
    """Where the Markdown summary is added to; empty: nowhere."""
    verdict: str = ""
    """What the run that was published saw; empty before."""
    databases: dict[tuple[str, bool], Database] = field(default_factory=dict)
    """Those that were spoken of so far, by their URLs, and whether they are made where they are not there."""
    told: bool = False
    """The result of the command is on stdout: a second document would spoil it."""
    in_action: bool = False
    """A step of a workflow started this, whose streams both end in the log of the job."""
    held: list[tuple[Callable[[Log, str], None], str]] = field(default_factory=list)
    """What is said once the CI system knows the secrets, or there is nothing more to say."""
    taught: set[Secret] = field(default_factory=set)
    """The secrets that the CI system knows."""

    def __post_init__(self) -> None:
        self.github = self._on_github
        self.summary = self.environ.get("GITHUB_STEP_SUMMARY", "")
        self.log = self._make_log(verbosity=0)

    def configure(self, options: argparse.Namespace) -> None:
        """Take over what the flags say of the output; raise `UsageError` for a log format that is none."""
        self.wants_json = options.json
        self.verbose = options.verbose or self.environ.get("RUNNER_DEBUG") == "1"
        self.color = options.color
        self.summary = getattr(options, "summary", None) or self.summary
        self.github = options.ci == "github" or (options.ci == "auto" and self._on_github)
        self.log.end()
        self.log = self._make_log(verbosity=self.verbose - options.quiet)
        if self._one_stream:
            os.dup2(self.stderr.fileno(), self.stdout.fileno())
        if self._log_format not in {"text", "json"}:
            hint = did_you_mean(self._log_format, ("text", "json"))
            raise UsageError(f"PIPELINE_LOG_FORMAT is {self._log_format!r} — {hint}")

    def _make_log(self, *, verbosity: int) -> Log:
        if self.github and not self.logs_json:
            from runner.cli.github_log import GitHubLog  # noqa: PLC0415 - only on GitHub

            return GitHubLog(self.stderr, self.masker, verbosity=verbosity)
        if self.logs_json:
            return JsonLog(self.stderr, self.masker, verbosity=verbosity)
        if verbosity >= NORMAL and self._draws:
            from runner.cli.live import LiveLog  # noqa: PLC0415 - only at a terminal

            return LiveLog(self.stderr, self.masker, verbosity=verbosity, environ=self.environ)
        return TextLog(self.stderr, self.masker, verbosity=verbosity)

    @property
    def _draws(self) -> bool:
        """Somebody sits at a terminal whose lines can be drawn anew; some CI systems keep what such a one was sent."""
        return self.stderr.isatty() and self.environ.get("TERM", "") not in _BARE and not self.in_ci

    @property
    def _one_stream(self) -> bool:
        """The text of the result goes where the log goes, in its order and behind its fence.

        JSON on stdout is no command however it is read, and somebody may want to read it.
        """
        return self.github and self.in_action and not (self.wants_json or self.logs_json)

    @property
    def _on_github(self) -> bool:
        return self.environ.get("GITHUB_ACTIONS") == "true"

    @property
    def _log_format(self) -> str:
        return self.environ.get("PIPELINE_LOG_FORMAT") or "text"

    @property
    def logs_json(self) -> bool:
        """Everything on stderr is JSON lines, and the result one line."""
        return self._log_format == "json"

    @property
    def hub(self) -> GitHub | None:
        """GitHub, where its log syntax is spoken."""
        if not self.github:
            return None
        from runner.cli.github import GitHub  # noqa: PLC0415 - only on GitHub

        return GitHub.of(self.environ, log=self.log, masker=self.masker, workspace=self.workspace)

    @property
    def workspace(self) -> Path:
        """Where relative names start from: the checkout on GitHub, else the working directory."""
        from pathlib import Path  # noqa: PLC0415 - 5 ms that a run of a file does without

        return Path(self.environ.get("GITHUB_WORKSPACE", "")).absolute()

    @property
    def in_ci(self) -> bool:
        """A CI system runs this."""
        return self.environ.get("CI", "").lower() not in {"", "false", "0"}

    @property
    def colored(self) -> bool:
        """The result on stdout is for a terminal that shows colours, or for somebody who wants them anyway."""
        if self.color != "auto":
            return self.color == "always"
        if self.environ.get("NO_COLOR"):
            return False
        if (wanted := self.environ.get("FORCE_COLOR")) is not None:
            return wanted.lower() not in _OFF
        return self.stdout.isatty() and self.environ.get("TERM", "") not in _BARE

    @property
    def width(self) -> int | None:
        """Characters of a line of the terminal that stdout is; None where it is none, and takes lines of any length."""
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns or None
        except (OSError, ValueError):
            return None

    def wrapped(self, lines: Iterable[str]) -> Iterator[str]:
        """Break lines between words where a terminal is too narrow for them; what continues one is indented more."""
        width = self.width
        for line in (one for text in lines for one in text.split("\n")):
            if width is None or len(line) <= width:
                yield line
                continue
            from textwrap import wrap  # noqa: PLC0415 - only at a narrow terminal

            indent = " " * (len(line) - len(line.lstrip()) + 2)
            # an address stays in one piece, which can be copied
            yield from wrap(
                line, max(width, 40), subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
            )

    def say(self, lines: Iterable[str]) -> None:
        """Write lines for people to stdout: nothing in them moves a cursor or is a command."""
        self._put("\n".join(neutralise(self.masker.mask(line)) for line in lines))

    def copy(self, text: str) -> None:
        """Write a text to stdout as it is, for other programs; in GitHub's log nothing in it is a command."""
        if self.github:
            self.say(line.expandtabs() for line in text.splitlines())
        else:
            self.write(text)

    def write(self, text: str) -> None:
        """Write a text to stdout that is harmless already."""
        self._put(self.masker.mask(text))

    def json(self, document: Mapping[str, Any]) -> None:
        """Write one JSON document to stdout."""
        from runner.reports.document import encode  # noqa: PLC0415 - only where one is wanted

        self._put(encode(self.masked(document), indent=2).decode("ascii"))

    def json_list(self, items: list[dict[str, Any]]) -> None:
        """Write one JSON list to stdout."""
        self._put(inert(json.dumps(self.masker.mask_tree(items), indent=2)))

    def event(self, line: str) -> None:
        """Write one line of JSON to stdout."""
        self._put(inert(masked_line(line, self.masker)))

    def masked(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a document without the values of secrets."""
        values: Any = self.masker.mask_tree([*document.values()])
        return dict(zip(document, values, strict=True))

    def _put(self, text: str) -> None:
        """Write to stdout; raise `NotWritten` where it takes nothing, but for a reader that has gone."""
        self.told = True
        try:
            if self._one_stream:
                self.log.guard()
            self.stdout.write(text if text.endswith("\n") else text + "\n")
            self.stdout.flush()
        except OSError as error:
            silence(self.stdout)
            if not isinstance(error, BrokenPipeError):
                raise NotWritten(f"cannot write to stdout: {error.strerror}") from error

    def learn(self, secrets: Collection[Secret]) -> None:
        """Mask secrets from here on, in our own output and in the CI system's, which is told before anything else."""
        values = [secret for secret in dict.fromkeys(secrets) if secret not in self.taught and reveal(secret)]
        for name in self.masker.add(*values):
            self.later(f"the secret {name} is shorter than 4 characters and is not masked")
        if hub := self.hub:
            hub.teach(values)
        self.taught.update(values)

    def later(self, text: str, say: Callable[[Log, str], None] = Log.warning) -> None:
        """Hold back what is to be said, as a warning or by another way, until the CI system knows the secrets."""
        self.held.append((say, text))

    def catch_up(self) -> None:
        """Say what was held back."""
        for say, text in self.held:
            say(self.log, text)
        self.held.clear()

    def close(self) -> None:
        """Say what is still to be said, and leave the streams to others."""
        self.catch_up()
        self.log.end()

    def fail(self, error: RunnerError) -> int:
        """Report an expected failure, or a run that is skipped as was asked for; return its exit code."""
        self.catch_up()
        say = self.log.error if error.exit_code else self.log.info
        say(error.message)
        diagnostics = error.diagnostics if isinstance(error, DefinitionError) else ()
        return self._end(error.message, diagnostics, error.exit_code)

    def crash(self, error: Exception) -> int:
        """Report a bug in the runner; return its exit code."""
        self.catch_up()
        message = f"internal error: {type(error).__name__}: {error}"
        self.log.error(f"{message} — please report it at {ISSUES_URL}")
        if self.verbose:
            import traceback  # noqa: PLC0415 - only for whoever looks for a bug

            self.log.error("".join(traceback.format_exception(error)))
        else:
            self.log.error("run it again with -v for the traceback")
        return self._end(message, (), ExitCode.INTERNAL)

    @property
    def summary_file(self) -> SummaryFile | None:
        """The file that takes summaries, where one is wanted."""
        if not self.summary:
            return None
        from runner.cli.summary import SummaryFile  # noqa: PLC0415 - only where one is wanted

        return SummaryFile(self.summary, self.log, self.masker)

    def _end(self, message: str, diagnostics: tuple[Diagnostic, ...], code: ExitCode) -> int:
        """Tell machines what went wrong; a run that has told its result already has told that too."""
        if self.told:
            return code
        end = Exit(code=code, reason=message.partition("\n")[0].rstrip(":"))
        file = self.summary_file
        written = file.add_failure(message, diagnostics, end) if file else ""
        if hub := self.hub:
            hub.tell_failure(message, diagnostics, end, summary=written)
        if self.wants_json:
            from runner.reports.document import failure_document  # noqa: PLC0415 - only where something is wrong

            self.json(failure_document(message, diagnostics, end))
        return code
