"""`list`: what can be run, and what definitions can be made of."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from runner.cli.catalogue import FAMILIES, summary
from runner.cli.library import library_of
from runner.cli.loading import load_text
from runner.errors import DefinitionError, ExitCode, Transient, Unavailable, UsageError
from runner.records import record
from runner.reports.wording import counted
from runner.results import NOTHING
from runner.spec import described, did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from runner.cli.shell import Shell
    from runner.errors import RunnerError
    from runner.store.definitions import StoredDefinition

KINDS = ("definitions", *FAMILIES)
_NARROWEST: Final = 40
"""Characters of a line in which a name and a summary have room."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] [KIND]"
    parser.add_argument("kind", metavar="KIND", nargs="?", help=f"one of {', '.join(KINDS)}; all where none is given")


@record
class _Row:
    """Something that has a name."""

    name: str
    summary: str
    more: Mapping[str, object] = NOTHING
    """What programs are told beside that."""


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Print the names with a line each; a database that cannot be asked leaves out its own, and decides the exit."""
    if options.kind and options.kind not in KINDS:
        raise UsageError(f"unknown kind {described(options.kind)} — {did_you_mean(options.kind, KINDS)}")
    kinds = [options.kind] if options.kind else KINDS
    stored, trouble = _stored(shell) if "definitions" in kinds else ([], None)
    found = {kind: _definitions(shell, stored) if kind == "definitions" else _members(kind) for kind in kinds}
    if shell.wants_json:
        shell.json(
            {
                kind: [{"name": row.name, "summary": row.summary, **row.more} for row in rows]
                for kind, rows in found.items()
            }
        )
    else:
        shell.say(_lines(found, shell.width))
    if trouble is None:
        return ExitCode.OK
    shell.log.error(f"the definitions of the database are not listed: {trouble.message}")
    return trouble.exit_code


def _members(kind: str) -> list[_Row]:
    registry = FAMILIES[kind]
    return [_Row(name=name, summary=summary(registry.load(name))) for name in registry]


def _lines(found: Mapping[str, Sequence[_Row]], columns: int | None) -> Iterator[str]:
    """Lay the names out beside their summaries, which go on below themselves where a terminal is narrow."""
    width = max(18, *(len(row.name) for rows in found.values() for row in rows))
    for kind, rows in found.items():
        yield f"{kind}:"
        for row in rows:
            line = f"  {row.name:<{width}} {row.summary}".rstrip()
            yield from [line] if columns is None else _wrapped(line, columns, width + 3)


def _wrapped(line: str, columns: int, indent: int) -> list[str]:
    return textwrap.wrap(line, max(columns, _NARROWEST), subsequent_indent=" " * indent)


def _stored(shell: Shell) -> tuple[Sequence[StoredDefinition], RunnerError | None]:
    """Return the definitions of the database, or what keeps them from being read."""
    try:
        return library_of(shell).stored(), None
    except (Transient, Unavailable) as error:
        return (), error


def _definitions(shell: Shell, stored: Sequence[StoredDefinition]) -> list[_Row]:
    """Return what can be run by name, in the order that names are looked up."""
    library = library_of(shell)
    files: dict[str, str] = {}
    for path in library.files():
        files.setdefault(path.stem, f"file:{path}")
    found = [_row(name, wanted, _described(wanted, shell)) for name, wanted in files.items()]
    found += map(_stored_row, stored)
    known = {row.name for row in found}
    builtins = {name: f"builtin:{name}" for name in library.builtins() if name not in known}
    return [
        *found,
        *(_row(name, wanted, f"{_described(wanted, shell)} (built in)") for name, wanted in builtins.items()),
    ]


def _row(name: str, wanted: str, text: str) -> _Row:
    return _Row(name=name, summary=text, more={"source": wanted, "active": True, "tags": []})


def _stored_row(one: StoredDefinition) -> _Row:
    """Say of a definition of the database where it stands, too."""
    words = ["database", f"revision {one.revision}", *([] if one.active else ["inactive"]), *one.tags]
    source = f"db:{one.name}@{one.revision}"
    return _Row(
        name=one.name,
        summary=f"{one.description} ({', '.join(words)})".lstrip(),
        more={"source": source, "active": one.active, "tags": list(one.tags)},
    )


def _described(wanted: str, shell: Shell) -> str:
    try:
        return load_text(library_of(shell).find(wanted), shell).description
    except DefinitionError as error:
        problems = counted(sum(one.severity == "error" for one in error.diagnostics), "problem")
        return f"(invalid: {problems}, see pipeline-runner validate)"
    except Unavailable as error:
        return f"({error.message})"
