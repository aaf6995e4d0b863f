"""`list`: what can be run, and what definitions can be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.catalogue import FAMILIES, summary
from runner.cli.prepare_run import library_of
from runner.definition.loader import load
from runner.errors import DefinitionError, ExitCode

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell
    from runner.definition.library import Library, Text


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    kinds = ("definitions", *(family.replace(" ", "-") for family in FAMILIES))
    parser.add_argument("kind", metavar="KIND", nargs="?", choices=kinds, help=f"one of {', '.join(kinds)}")


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Print the names with a line each."""
    found = {"definitions": _definitions(library_of(shell))}
    for family, registry in FAMILIES.items():
        found[family.replace(" ", "-")] = {name: summary(registry.load(name)) for name in registry}
    wanted = {options.kind: found[options.kind]} if options.kind else found
    if shell.wants_json:
        shell.json(
            {kind: [{"name": name, "summary": text} for name, text in names.items()] for kind, names in wanted.items()}
        )
        return ExitCode.OK
    for kind, names in wanted.items():
        shell.out(f"{kind}:")
        for name, text in names.items() or [("(none)", "")]:
            shell.out(f"  {name:<18} {text}".rstrip())
    return ExitCode.OK


def _definitions(library: Library) -> dict[str, str]:
    found = {}
    for path in library.files():
        found[path.stem] = _described(library.find(f"file:{path}"))
    for name in library.builtins():
        found.setdefault(name, _described(library.find(f"builtin:{name}")) + " (built in)")
    return found


def _described(text: Text) -> str:
    try:
        return load(text.data, text.label, name=text.name, kind=None if text.is_file else "yaml").description
    except DefinitionError as error:
        return f"invalid: {len(error.diagnostics)} problems, see pipeline-runner validate {text.label}"
