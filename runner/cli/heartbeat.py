"""The dead-man's switch outside: a URL that is called at every end of a run, so that silence means something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.cli.commands import COMMANDS
from runner.cli.resolve import variables_of
from runner.cli.signals import stopping
from runner.deadline import Deadline, Stop
from runner.doors import Effect, open_doors
from runner.doors.request import Request
from runner.doors.status import is_success
from runner.errors import ExitCode, RunnerError
from runner.secrets import Secret, reveal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.cli.shell import Shell

VARIABLE: Final = "PIPELINE_HEARTBEAT_URL"
SECONDS: Final = 5.0
HURRIED: Final = 1.0
"""Seconds after a run that was cancelled: it has to be gone within five, and most of them may be over."""
_CANCELLED: Final = frozenset({ExitCode.INTERRUPTED, ExitCode.TERMINATED})


def beat(shell: Shell, arguments: Sequence[str], code: int) -> None:
    """Call the URL where this was a run, with exit code and verdict filled in; a failure is a warning and no more."""
    if not _is_run(arguments):
        return
    found, unreadable = variables_of([VARIABLE], shell.environ)
    for sentence in unreadable.values():
        shell.log.warning(f"no heartbeat: {sentence}")
    for url in found.values():
        shell.masker.add(url)
        seconds = HURRIED if code in _CANCELLED else SECONDS
        if problem := _called(_filled(url, code, shell.verdict), shell, Deadline(seconds)):
            shell.log.warning(f"no heartbeat: {problem}")


def _is_run(arguments: Sequence[str]) -> bool:
    command = next(iter(arguments), "run")
    return (command == "run" or command not in COMMANDS) and "--dry-run" not in arguments


def _filled(url: Secret, code: int, verdict: str) -> Secret:
    text = reveal(url).replace("{exit_code}", str(code)).replace("{verdict}", verdict or "unknown")
    return Secret(url.name, text)


def _called(url: Secret, shell: Shell, deadline: Deadline) -> str:
    """Return what went wrong; empty where nothing did. A signal calls it off."""
    request = Request(url=url, follow_redirects=True)
    stop = Stop()
    stop.watch(deadline)
    try:
        with stopping(stop):
            response = open_doors(shell.environ).http.send(request, deadline, effect=Effect.WRITE)
    except RunnerError as error:
        return error.message
    return "" if is_success(response.status) else f"{VARIABLE} answered {response.status}"
