"""From arguments to an exit code: the only reader of argv and environ, and the only catch-all."""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, TextIO, cast

from runner import __version__
from runner.errors import ExitCode, RunnerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.cli.shell import Shell


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line of this process, which ends with it; return the exit code."""
    gc.set_threshold(50_000)  # starting up makes many objects and no garbage: looking for it takes a twentieth
    try:
        return _run(argv)
    finally:
        gc.freeze()  # ending, Python looks for garbage once more, in all there is: a tenth of a short run


def _run(argv: Sequence[str] | None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        print(f"pipeline-runner {__version__}")  # noqa: T201 - what was asked for
        return ExitCode.OK
    from runner.cli.shell import Shell  # noqa: PLC0415 - `--version` does without
    from runner.cli.signals import Interrupted, interruptible  # noqa: PLC0415 - `--version` does without

    interruptible()
    shell = Shell(
        environ=dict(os.environ),
        stdin=_open(sys.stdin, "r"),
        stdout=_open(sys.stdout, "w"),
        stderr=_open(sys.stderr, "w"),
        wants_json="--json" in arguments,
    )
    try:
        return _dispatch(arguments, shell)
    except RunnerError as error:
        return shell.fail(error)
    except KeyboardInterrupt as asked:
        return shell.fail(Interrupted(*asked.args))
    except Exception as error:  # noqa: BLE001 - a bug: Python's own exit code would be 1, which means "the run failed"
        return shell.crash(error)


def _open(stream: TextIO | None, mode: str) -> TextIO:
    """Return a stream that takes any character; one that was closed before we came leads nowhere."""
    if stream is None:
        nowhere = open(os.devnull, mode)  # noqa: PTH123, SIM115 - it stays open as long as the process lives
        return cast("TextIO", nowhere)
    if isinstance(stream, io.TextIOWrapper) and mode == "w":
        stream.reconfigure(errors="backslashreplace")
    return stream


def _dispatch(arguments: list[str], shell: Shell) -> int:
    from runner.cli.arguments import parser_of, split  # noqa: PLC0415 - `--version` does without

    name, rest = split(arguments)
    command = import_module(f"runner.cli.commands.{name}")
    parser = parser_of(name)
    command.arguments(parser)
    options = parser.parse_args(rest)
    shell.configure(options)
    code: int = command.execute(options, shell)
    return code
