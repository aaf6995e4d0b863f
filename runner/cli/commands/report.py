"""`report`: a result document or a journal, rendered again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.cli.arguments import add_choice
from runner.cli.journals import journals_of
from runner.doors.files import Files
from runner.errors import ExitCode, NodeError, Unavailable, UsageError

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell
    from runner.results import RunResult

MAX_READ: Final = 64 * 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] PATH"
    parser.add_argument("path", metavar="PATH", help="a result document, or the journal that a killed run left behind")
    add_choice(parser, "--format", "text", "markdown", default="text", help="how to render it (text)")


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Print it; the exit code says whether it could be read, not how the run ended."""
    result = _read(options.path, shell)
    if shell.wants_json:
        from runner.reports.document import document  # noqa: PLC0415 - only then

        shell.json(document(result))
    elif options.format == "markdown":
        from runner.reports.markdown import summary  # noqa: PLC0415 - only then

        shell.copy(summary(result))
    else:
        from runner.reports.console import result_text  # noqa: PLC0415 - only then

        shell.write(result_text(result, origin=f"Definition: {result.facts.definition}", color=shell.colored))
    return ExitCode.OK


def _read(path: str, shell: Shell) -> RunResult:
    """Read what a path names; where only journals of it are left, the newest of them."""
    journals = journals_of(path)
    if Path(path).exists() or not journals:
        for journal in journals:
            shell.log.warning(f"{journal} lies beside it: a run that goes on, or was killed, left it")
        return _parsed(path)
    *others, newest = journals
    shell.log.warning(f"{path} is not there: this is its journal, {newest}, of a run that goes on or was killed")
    for journal in others:
        shell.log.warning(f"{journal} is an older one")
    return _parsed(newest)


def _parsed(path: str) -> RunResult:
    import json  # noqa: PLC0415 - `--help` does without

    from runner.reports.reading import read_document  # noqa: PLC0415 - `--help` does without

    text = _text(path)
    if path.endswith(".ndjson"):
        return _journal(path, text)
    try:
        return read_document(json.loads(text))
    except ValueError:
        return _journal(path, text)
    except RecursionError:
        raise UsageError(f"{path} is not a result document: it is nested too deeply") from None
    except UsageError as error:
        raise UsageError(f"{path} is {error.message}") from error


def _journal(path: str, text: str) -> RunResult:
    from runner.reports.recovery import read_journal  # noqa: PLC0415 - `--help` does without

    try:
        return read_journal(text)
    except UsageError as error:
        raise UsageError(f"{path} is neither a result document nor a journal: {error.message}") from error


def _text(path: str) -> str:
    try:
        return Files().read(path, MAX_READ).decode("utf-8", "replace")
    except NodeError as error:
        raise Unavailable(f"File not found: {path}" if error.code == "not_found" else error.message) from error
