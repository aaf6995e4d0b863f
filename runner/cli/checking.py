"""Looking through definitions before anything is done with them: every problem of every one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from runner.cli.library import library_of
from runner.cli.loading import load_text
from runner.definition.library import SUFFIXES
from runner.definition.source import read_file, unreadable
from runner.errors import DefinitionError, Diagnostic, ExitCode, Unavailable, UsageError
from runner.records import record
from runner.reports.wording import counted
from runner.results import Exit, RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from runner.cli.shell import Shell
    from runner.definition.model import Definition
    from runner.definition.source import Text

    Load = Callable[[Text, Shell], Definition]


@record(kw_only=False)
class Verdict:
    """What was found in one definition."""

    text: Text
    definition: Definition | None
    """None where it is invalid."""
    diagnostics: tuple[Diagnostic, ...]


def texts_of(paths: Sequence[str], shell: Shell) -> list[Text]:
    """Read the definitions that paths name.

    Raises `Unavailable` where a path is not there, `UsageError` where nothing is found.
    """
    texts = [text for path in paths for text in _texts(path, shell)]
    if not texts:
        raise UsageError(f"no definition in {', '.join(paths)} — a folder's .yaml, .yml and .json are checked")
    return texts


def _texts(path: str, shell: Shell) -> Iterator[Text]:
    if path.startswith("db:"):
        hint = f"pipeline-runner db export {path.removeprefix('db:')} writes it to one"
        raise UsageError(f"{path} is in a database, and files are wanted here — {hint}")
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
    for place, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (str(Path(place, name)) for name in sorted(files) if name.endswith(SUFFIXES))


def _refuse(error: OSError) -> NoReturn:
    raise Unavailable(unreadable(error.filename, error)) from error


def check(text: Text, shell: Shell, load: Load = load_text) -> Verdict:
    """Find out what is wrong with a definition."""
    try:
        definition = load(text, shell)
    except DefinitionError as error:
        return Verdict(text, None, error.diagnostics)
    return Verdict(text, definition, definition.warnings)


def publish(verdicts: Collection[Verdict], shell: Shell) -> int:
    """Say what is wrong with definitions, and what is well; exit 3 where one is invalid."""
    if shell.wants_json:
        shell.json(_document(verdicts))
    else:
        shell.say(_lines(verdicts))
    found = tuple(one for verdict in verdicts for one in verdict.diagnostics)
    valid = all(verdict.definition for verdict in verdicts)
    end = Exit(code=ExitCode.OK if valid else ExitCode.INVALID, reason=_counts(found))
    summary = _summarise(verdicts, found, end, shell)
    if hub := shell.hub:
        hub.annotate(found)
        hub.tell_end(end, status=RunStatus.COMPLETED if valid else RunStatus.FAILED, summary=summary)
    return end.code


def _summarise(verdicts: Collection[Verdict], found: tuple[Diagnostic, ...], end: Exit, shell: Shell) -> str:
    """Add to the summary what was found, or that nothing was; return its path, empty where there is none."""
    file = shell.summary_file
    if file is None:
        return ""
    if end.code:
        return file.add_failure(f"{end.reason} in {counted(len(verdicts), 'definition')}", found, end)
    from runner.reports.validation import Validated, validation_summary  # noqa: PLC0415 - only where one is wanted

    valid = [
        Validated(one.text.label, one.definition.name, len(one.definition.steps)) for one in verdicts if one.definition
    ]
    return file.add(validation_summary(valid, found))


def _lines(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Say what is wrong, then what is well, how much of it, and where to read more."""
    found = [one for verdict in verdicts for one in verdict.diagnostics]
    yield from map(str, found)
    for verdict in verdicts:
        if definition := verdict.definition:
            yield f"{verdict.text.label}: ok ({definition.name}, {counted(len(definition.steps), 'node')})"
    if found:
        yield _counts(found)
        worst = next((one for one in found if one.severity == "error"), found[0])
        yield f"explain a code: pipeline-runner explain {worst.code}"


def _counts(found: Collection[Diagnostic]) -> str:
    errors = sum(one.severity == "error" for one in found)
    return f"{counted(errors, 'error')}, {counted(len(found) - errors, 'warning')}"


def _document(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    from runner.reports.document import diagnostic_document  # noqa: PLC0415 - only where one is wanted

    return {
        "valid": all(verdict.definition for verdict in verdicts),
        "files": [
            {
                "path": verdict.text.label,
                "name": verdict.definition.name if verdict.definition else verdict.text.name,
                "valid": verdict.definition is not None,
                "diagnostics": [diagnostic_document(one) for one in verdict.diagnostics],
            }
            for verdict in verdicts
        ],
    }
