"""`list`: what can be run, and what definitions can be made of."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from runner.cli.catalogue import FAMILIES, summary
from runner.cli.library import library_of
from runner.cli.loading import load_text
from runner.errors import DefinitionError, ExitCode, Unavailable, UsageError
from runner.reports.wording import counted
from runner.spec import described, did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from runner.cli.shell import Shell

KINDS = ("definitions", *FAMILIES)
_NARROWEST: Final = 40
"""Characters of a line in which a name and a summary have room."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] [KIND]"
    parser.add_argument("kind", metavar="KIND", nargs="?", help=f"one of {', '.join(KINDS)}; all where none is given")


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Print the names with a line each."""
    if options.kind and options.kind not in KINDS:
        raise UsageError(f"unknown kind {described(options.kind)} — {did_you_mean(options.kind, KINDS)}")
    found = {kind: _members(kind, shell) for kind in ([options.kind] if options.kind else KINDS)}
    if shell.wants_json:
        shell.json(
            {kind: [{"name": name, "summary": text} for name, text in one.items()] for kind, one in found.items()}
        )
    else:
        shell.say(_lines(found, shell.width))
    return ExitCode.OK


def _members(kind: str, shell: Shell) -> dict[str, str]:
    """Return names and summaries."""
    if kind == "definitions":
        return _definitions(shell)
    registry = FAMILIES[kind]
    return {name: summary(registry.load(name)) for name in registry}


def _lines(found: Mapping[str, Mapping[str, str]], columns: int | None) -> Iterator[str]:
    """Lay the names out beside their summaries, which go on below themselves where a terminal is narrow."""
    width = max(18, *(len(name) for names in found.values() for name in names))
    for kind, names in found.items():
        yield f"{kind}:"
        for name, text in names.items():
            line = f"  {name:<{width}} {text}".rstrip()
            yield from (
                [line]
                if columns is None
                else textwrap.wrap(line, max(columns, _NARROWEST), subsequent_indent=" " * (width + 3))
            )


def _definitions(shell: Shell) -> dict[str, str]:
    """Return what can be run by name, in the order that names are looked up."""
    library = library_of(shell)
    found: dict[str, str] = {}
    for path in library.files():
        found.setdefault(path.stem, _described(f"file:{path}", shell))
    for name in library.builtins():
        found.setdefault(name, f"{_described(f'builtin:{name}', shell)} (built in)")
    return found


def _described(wanted: str, shell: Shell) -> str:
    try:
        return load_text(library_of(shell).find(wanted), shell).description
    except DefinitionError as error:
        problems = counted(sum(one.severity == "error" for one in error.diagnostics), "problem")
        return f"(invalid: {problems}, see pipeline-runner validate)"
    except Unavailable as error:
        return f"({error.message})"
