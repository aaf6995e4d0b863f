"""`validate`: every problem of every definition, offline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.cli.library import library_of
from runner.cli.loading import load_text
from runner.definition.library import SUFFIXES
from runner.definition.source import read_file
from runner.errors import DefinitionError, Diagnostic, ExitCode, Unavailable, UsageError
from runner.records import record
from runner.reports.wording import counted
from runner.results import Exit, RunStatus

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterable, Iterator

    from runner.cli.shell import Shell
    from runner.definition.source import Text


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] [PATH …]"
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="a file, a folder with all below it, or builtin:NAME; definitions/ where none is given",
    )


@record(kw_only=False)
class _Verdict:
    """What was found in one definition."""

    path: str
    name: str
    nodes: int
    diagnostics: tuple[Diagnostic, ...]

    @property
    def valid(self) -> bool:
        return not any(one.severity == "error" for one in self.diagnostics)


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Check every definition; exit 3 where one is invalid, 4 where a path is not there."""
    paths = options.paths or [_default(shell)]
    texts = [text for path in paths for text in _texts(path, shell)]
    if not texts:
        raise UsageError(f"no definition in {', '.join(paths)} — a folder's .yaml, .yml and .json are checked")
    verdicts = [_check(text, shell) for text in texts]
    if shell.wants_json:
        shell.json(_document(verdicts))
    else:
        shell.say(_lines(verdicts))
    found = tuple(one for verdict in verdicts for one in verdict.diagnostics)
    valid = all(verdict.valid for verdict in verdicts)
    end = Exit(code=ExitCode.OK if valid else ExitCode.INVALID, reason=_counts(found))
    summary = _summarise(verdicts, found, end, shell)
    if hub := shell.hub:
        hub.annotate(found)
        hub.tell_end(end, status=RunStatus.COMPLETED if valid else RunStatus.FAILED, summary=summary)
    return end.code


def _summarise(verdicts: list[_Verdict], found: tuple[Diagnostic, ...], end: Exit, shell: Shell) -> str:
    """Add to the summary what was found, or that nothing was; return its path, empty where there is none."""
    file = shell.summary_file
    if file is None:
        return ""
    if end.code:
        return file.add_failure(f"{end.reason} in {counted(len(verdicts), 'definition')}", found, end)
    from runner.reports.validation import Validated, validation_summary  # noqa: PLC0415 - only where one is wanted

    valid = [Validated(one.path, one.name, one.nodes) for one in verdicts]
    return file.add(validation_summary(valid, found))


def _default(shell: Shell) -> str:
    folder = Path(shell.environ.get("PIPELINE_DEFINITIONS_DIR") or shell.workspace / "definitions")
    if not folder.is_dir():
        raise UsageError(f"which definitions? {folder} is not there — name files or folders")
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)


def _texts(path: str, shell: Shell) -> Iterator[Text]:
    """Read the definitions that a path names; raise `Unavailable` where it is not there."""
    if path.startswith("builtin:"):
        yield library_of(shell).find(path)
    elif Path(path).is_dir():
        yield from (read_file(file, missing=f"File not found: {file}") for file in _below(path))
    else:
        yield _named(path, shell)


def _named(path: str, shell: Shell) -> Text:
    try:
        return read_file(path, missing="")
    except Unavailable as error:
        raise Unavailable(error.message or library_of(shell).absent(f"File not found: {path}", path)) from None


def _below(folder: str) -> Iterator[str]:
    """Find the definitions in a folder and those below it, but for hidden ones."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (str(Path(place, name)) for name in sorted(files) if name.endswith(SUFFIXES))


def _check(text: Text, shell: Shell) -> _Verdict:
    try:
        definition = load_text(text, shell)
    except DefinitionError as error:
        return _Verdict(text.label, text.name, 0, error.diagnostics)
    return _Verdict(text.label, definition.name, len(definition.steps), definition.warnings)


def _lines(verdicts: Iterable[_Verdict]) -> Iterator[str]:
    """Say what is wrong, then what is well, and last how much of it."""
    found = [one for verdict in verdicts for one in verdict.diagnostics]
    yield from map(str, found)
    for verdict in verdicts:
        if verdict.valid:
            yield f"{verdict.path}: ok ({verdict.name}, {counted(verdict.nodes, 'node')})"
    if found:
        yield _counts(found)


def _counts(found: Collection[Diagnostic]) -> str:
    errors = sum(one.severity == "error" for one in found)
    return f"{counted(errors, 'error')}, {counted(len(found) - errors, 'warning')}"


def _document(verdicts: Iterable[_Verdict]) -> dict[str, Any]:
    from runner.reports.document import diagnostic_document  # noqa: PLC0415 - only where one is wanted

    return {
        "valid": all(verdict.valid for verdict in verdicts),
        "files": [
            {
                "path": verdict.path,
                "name": verdict.name,
                "valid": verdict.valid,
                "diagnostics": [diagnostic_document(one) for one in verdict.diagnostics],
            }
            for verdict in verdicts
        ],
    }
