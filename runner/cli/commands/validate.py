"""`validate`: every problem of every definition, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.checking import check, publish, texts_of
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] [PATH …]"
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="a file, a folder with all below it, or builtin:NAME; definitions/ where none is given",
    )


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Check every definition; exit 3 where one is invalid, 4 where a path is not there."""
    texts = texts_of(options.paths or [_default(shell)], shell)
    return publish([check(text, shell) for text in texts], shell)


def _default(shell: Shell) -> str:
    folder = Path(shell.environ.get("PIPELINE_DEFINITIONS_DIR") or shell.workspace / "definitions")
    if not folder.is_dir():
        raise UsageError(f"which definitions? {folder} is not there — name files or folders")
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)
