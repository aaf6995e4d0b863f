"""`validate`: every problem of every definition, offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.definition.library import SUFFIXES, builtin_folder, read_file
from runner.definition.loader import load
from runner.errors import DefinitionError, Diagnostic, ExitCode, Unavailable, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from runner.cli.shell import Shell


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", help="files and folders; definitions/ of the workspace where none is given"
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What was found in one file."""

    path: str
    name: str
    nodes: int
    diagnostics: tuple[Diagnostic, ...]

    @property
    def valid(self) -> bool:
        return not any(one.severity == "error" for one in self.diagnostics)


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Check every file; exit 3 where one is invalid, 4 where a path is not there."""
    from runner.cli.prepare_run import granted  # noqa: PLC0415 - `--help` does without

    paths = list(_files(options.paths or [_default(shell)]))
    if not paths:
        raise UsageError(f"no definition in {', '.join(options.paths)} — a folder's .yaml, .yml and .json are checked")
    verdicts = [_check(path, granted(shell.environ)) for path in paths]
    if shell.wants_json:
        shell.json(_document(verdicts))
    else:
        _print(verdicts, shell)
    if shell.github:
        _annotate(verdicts, shell)
    return ExitCode.OK if all(verdict.valid for verdict in verdicts) else ExitCode.INVALID


def _default(shell: Shell) -> str:
    folder = shell.environ.get("PIPELINE_DEFINITIONS_DIR") or shell.workspace / "definitions"
    if not Path(folder).is_dir():
        raise UsageError(f"which definitions? {folder} is not there — name files or folders")
    return str(Path(folder).relative_to(Path.cwd())) if Path(folder).is_relative_to(Path.cwd()) else str(folder)


def _files(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        if path.startswith("builtin:"):
            yield str(builtin_folder() / f"{path.removeprefix('builtin:')}.yaml")
        elif Path(path).is_dir():
            yield from (
                str(file) for file in sorted(Path(path).rglob("*")) if file.suffix in SUFFIXES and file.is_file()
            )
        elif not Path(path).exists():
            raise Unavailable(f"File not found: {path}")
        else:
            yield path


def _check(path: str, granted: frozenset[str]) -> _Verdict:
    text = read_file(path, missing=f"File not found: {path}")
    try:
        definition = load(text.data, text.label, name=text.name, granted=granted)
    except DefinitionError as error:
        return _Verdict(path, text.name, 0, error.diagnostics)
    return _Verdict(path, definition.name, len(definition.steps), definition.warnings)


def _print(verdicts: list[_Verdict], shell: Shell) -> None:
    for verdict in verdicts:
        for diagnostic in verdict.diagnostics:
            shell.out(str(diagnostic))
    for verdict in verdicts:
        if verdict.valid:
            nodes = "1 node" if verdict.nodes == 1 else f"{verdict.nodes} nodes"
            shell.out(f"{verdict.path}: ok ({verdict.name}, {nodes})")
    found = [one for verdict in verdicts for one in verdict.diagnostics]
    errors = sum(one.severity == "error" for one in found)
    if found:
        shell.out(f"{_counted(errors, 'error')}, {_counted(len(found) - errors, 'warning')}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _document(verdicts: list[_Verdict]) -> dict[str, Any]:
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


def _annotate(verdicts: list[_Verdict], shell: Shell) -> None:
    from runner.reports.github import diagnostic_annotations  # noqa: PLC0415 - only on GitHub

    for line in diagnostic_annotations([one for verdict in verdicts for one in verdict.diagnostics]):
        shell.log.raw(line)
