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
    "diff": "compare two runs: what is new, still wrong and fixed",
    "prune": "remove old runs from the history",
}
"""Name and summary; `runner.cli.commands.NAME` has `arguments(parser)` and `execute(options, shell)`."""
