"""From arguments to an exit code: the only reader of argv and environ, and the only catch-all."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from runner import __version__
from runner.cli.commands import COMMANDS
from runner.errors import ExitCode, RunnerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.cli.shell import Shell


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the process's exit code."""
    gc.set_threshold(50_000)  # starting up makes many objects and no garbage: looking for it takes a twentieth
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        print(f"pipeline-runner {__version__}")  # noqa: T201 - what was asked for
        return ExitCode.OK
    from runner.cli.shell import Shell  # noqa: PLC0415 - `--version` does without

    shell = Shell(
        environ=dict(os.environ),
        stdin=sys.stdin,
        stdout=sys.stdout,
        stderr=sys.stderr,
        wants_json="--json" in arguments,
    )
    try:
        code = _dispatch(arguments, shell)
        sys.stdout.flush()
    except RunnerError as error:
        return shell.fail(error)
    except BrokenPipeError:
        return _leave_quietly()
    except Exception as error:  # noqa: BLE001 - a bug: Python's own exit code would be 1, which means "the run failed"
        return shell.crash(error)
    return code


def _dispatch(arguments: list[str], shell: Shell) -> int:
    from runner.cli.arguments import parser_of  # noqa: PLC0415 - `--version` does without

    name = arguments[0] if arguments and arguments[0] in COMMANDS else "run"
    rest = arguments[1:] if arguments and arguments[0] in COMMANDS else arguments
    command = import_module(f"runner.cli.commands.{name}")
    parser = parser_of(name)
    command.arguments(parser)
    options = parser.parse_args(rest)
    shell.configure(options)
    code: int = command.execute(options, shell)
    return code


def _leave_quietly() -> int:
    """Whoever read our output has gone: point it elsewhere, so that closing it raises nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.OK
