"""`schema`: the JSON Schema of definitions, for editors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from runner.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no further flags."""
    parser.description = "Print the JSON Schema of definitions, for editors and other tools."


def execute(options: argparse.Namespace, shell: Shell) -> int:  # noqa: ARG001 - every command is called alike
    """Print it."""
    from runner.definition.schema import definition_schema  # noqa: PLC0415 - imports pydantic

    shell.copy(json.dumps(definition_schema(), indent=2, ensure_ascii=False))
    return ExitCode.OK
