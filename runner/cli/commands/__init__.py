"""The sub-commands, one module each."""

from __future__ import annotations

from typing import Final

COMMANDS: Final = {
    "run": "run a definition (the default)",
    "validate": "check definitions without running them; needs no network, database or secret",
    "list": "list definitions, node types, checks, formats, providers and drivers",
    "show": "print a definition, or the reference of a node type, check, format, provider or driver",
    "explain": "say what a diagnostic or an exit code means, and what to do about it",
    "graph": "draw a definition as Mermaid or DOT",
    "init": "write a first definition, and a workflow that runs it",
    "schema": "print the JSON Schema of definitions",
    "report": "render a result document or a journal again",
    "history": "list earlier runs, or show one: history show RUN",
    "diff": "compare two runs, or two definitions",
    "prune": "remove old runs from the history",
    "db": "look after a database: its tables, definitions and channels",
    "db upgrade": "make the runner's tables in a database, or bring them up to date",
    "db check": "say what a database has, and what the runner may do there",
    "db import": "write definitions from files into the database, and say what that changes",
    "db export": "write definitions of the database to files",
    "db activate": "make definitions of the database active",
    "db deactivate": "make definitions of the database inactive, so that no run finds them",
    "db channel": "list, set or remove the channels of the database",
}
"""Name and summary; `runner.cli.commands.NAME` has `arguments(parser)` and `execute(options, shell)`.

A name of two words is a module whose name has `_` between them.
"""


def commands_of(group: str) -> tuple[str, ...]:
    """Return the second words of the commands that begin with a word; none where it is a command by itself."""
    return tuple(name.removeprefix(f"{group} ") for name in COMMANDS if name.startswith(f"{group} "))
