"""From arguments to an exit code: the only reader of environ, and the only catch-all."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, TextIO, cast

from runner.cli.arguments import Asked, parser_of, split
from runner.cli.shell import Shell
from runner.cli.signals import Interrupted, deafen, interruptible
from runner.errors import ExitCode, RunnerError
from runner.results import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEARTBEAT = frozenset({"PIPELINE_HEARTBEAT_URL", "PIPELINE_HEARTBEAT_URL_FILE"})


def run(arguments: list[str], *, inputs: bool, warning: str = "") -> int:
    """Run a command line in the world of this process; return the exit code.

    With `inputs` those of the GitHub Action come first; `warning` is what was odd before.
    """
    interruptible()
    shell = Shell(
        environ=dict(os.environ),
        stdin=_open(sys.stdin, "r"),
        stdout=_open(sys.stdout, "w"),
        stderr=_open(sys.stderr, "w"),
        wants_json="--json" in arguments,
    )
    if warning:
        shell.later(warning)
    try:
        return _ended(arguments, shell, inputs=inputs)
    finally:
        shell.close()


def _ended(arguments: list[str], shell: Shell, *, inputs: bool) -> int:
    """Run a command to its end, whatever that is, and tell the dead-man's switch."""
    try:
        arguments = [*_inputs(shell), *arguments] if inputs else arguments
        code = _dispatch(arguments, shell)
    except Asked as asked:
        return _told(asked, shell)
    except RunnerError as error:
        code = shell.fail(error)
    except KeyboardInterrupt as asked:
        code = shell.fail(Interrupted(*asked.args))
    except Exception as error:  # noqa: BLE001 - a bug: Python's own exit code would be 1, which means "the run failed"
        code = shell.crash(error)
    deafen()
    if not _HEARTBEAT.isdisjoint(shell.environ):
        from runner.cli.heartbeat import beat  # noqa: PLC0415 - only where one is wanted

        beat(shell, arguments, code)
    return code


def _inputs(shell: Shell) -> Iterator[str]:
    """Return the arguments that the inputs of the GitHub Action stand for; what they set is in the environment then."""
    from runner.cli.action import DEFAULTS, call_of  # noqa: PLC0415 - only in the Action

    call = call_of(shell.environ)
    set_already = {name: value for name, value in shell.environ.items() if value or name not in DEFAULTS}
    shell.environ = {**(DEFAULTS if call.arguments else {}), **set_already, **call.variables}
    shell.in_action = bool(call.arguments)
    shell.wants_json |= "--json" in call.arguments
    yield from call.arguments


def _open(stream: TextIO | None, mode: str) -> TextIO:
    """Return a stream that takes any character; one that was closed before we came leads nowhere."""
    if stream is None:
        nowhere = open(os.devnull, mode)  # noqa: PTH123, SIM115 - it stays open as long as the process lives
        return cast("TextIO", nowhere)
    if isinstance(stream, io.TextIOWrapper) and mode == "w":
        stream.reconfigure(errors="backslashreplace")
    return stream


def _told(asked: Asked, shell: Shell) -> int:
    """Print what somebody asked for in place of a run."""
    if shell.wants_json:
        shell.json({asked.what: asked.text})
    else:
        shell.copy(f"pipeline-runner {asked.text}" if asked.what == "version" else asked.text)
    if shell.in_action and (hub := shell.hub):
        hub.tell_end(Exit(code=ExitCode.OK, reason=f"the {asked.what} was asked for"))
    return ExitCode.OK


def _dispatch(arguments: list[str], shell: Shell) -> int:
    name, rest = split(arguments)
    command = import_module(f"runner.cli.commands.{name.replace(' ', '_')}")
    parser = parser_of(name)
    command.arguments(parser)
    options = parser.parse_args(rest)
    shell.configure(options)
    code: int = command.execute(options, shell)
    return code
