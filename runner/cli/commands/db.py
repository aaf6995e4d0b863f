"""`db`: the commands that look after a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from runner.cli.commands import COMMANDS, commands_of
from runner.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell

WORDS = commands_of("db")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say which commands there are."""
    width = max(map(len, WORDS))
    listed = "\n".join(f"  {word:<{width}}  {COMMANDS[f'db {word}']}" for word in WORDS)
    parser.usage = f"{parser.prog} COMMAND [flags]"
    parser.epilog = f"commands:\n{listed}\n\nEach has a --help of its own."


def execute(options: argparse.Namespace, shell: Shell) -> NoReturn:  # noqa: ARG001 - every command is called alike
    """Refuse: it does nothing by itself."""
    raise UsageError(f"db does nothing by itself — write db and one of {', '.join(WORDS)}")
