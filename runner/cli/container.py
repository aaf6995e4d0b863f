"""What the image starts: the runner, or the program that a CI system asks for; never as root without need."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from runner.cli.commands import COMMANDS
from runner.cli.main import main as run_command_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

IN_THE_IMAGE: Final = "/opt/pipeline-runner/entrypoint.py"
"""Where the image has what it starts; the composite action starts it from elsewhere."""
_NOT_STARTED: Final = 126
"""What shells exit with for a program that is there and cannot be started."""
DOCKER_SOCKET: Final = "/var/run/docker.sock"
KEEP_DOCKER: Final = "PIPELINE_DOCKER_SOCKET"
"""`true` keeps the group of Docker's socket, so that commands may use it: who may, is root on the host."""


def main() -> int:
    """Start what the arguments ask for; return its exit code."""
    arguments = sys.argv[1:]
    if program := _other_program(arguments):
        return _become(program, arguments)
    # a job in a container of its own, for which the composite action is, has its other steps as root, too
    in_the_image = os.path.realpath(sys.argv[0]) == IN_THE_IMAGE
    warning = hand_over(os.environ) if in_the_image else ""
    return run_command_line(arguments, inputs=os.environ.get("GITHUB_ACTIONS") == "true", warning=warning)


def _other_program(arguments: Sequence[str]) -> str | None:
    """Return the program that the first word names, where it is none of ours: GitLab starts `sh`, Jenkins `cat`."""
    word = arguments[0] if arguments else "-"
    if word.startswith("-") or word in COMMANDS:
        return None
    from shutil import which  # noqa: PLC0415 - only for such a word

    return which(word)


def _become(program: str, arguments: list[str]) -> int:
    """Be another program from here on; return an exit code as shells have it where that cannot be."""
    try:
        os.execv(program, arguments)  # noqa: S606 - that is what was asked for, and nothing is put together for a shell
    except OSError as error:
        sys.stderr.write(f"error: {program} cannot be started: {error.strerror}\n")
        return _NOT_STARTED


def hand_over(environ: Mapping[str, str]) -> str:
    """Go on as the owner of the workspace where this is root and that is not: files made there belong to them.

    GitHub starts the container as root, since its mounts need that; nothing of a run does. Returns why it stays root
    where that is odd.
    """
    if os.geteuid() != 0:
        return ""
    owner = _owner(environ.get("GITHUB_WORKSPACE", ""))
    if owner.st_uid == 0:
        return ""
    try:
        os.setgroups(_groups(environ))
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
    except OSError as error:  # root by name only: without the capability, or in a namespace that has no such user
        return f"cannot go on as the owner of the workspace (user {owner.st_uid}), so as root: {error.strerror}"
    return ""


def _owner(workspace: str) -> os.stat_result:
    """Return who has the workspace; the working directory counts where there is none."""
    try:
        return os.stat(workspace)  # noqa: PTH116 - `--version` does without pathlib
    except OSError:
        return os.stat(os.curdir)  # noqa: PTH116 - likewise


def _groups(environ: Mapping[str, str]) -> list[int]:
    """Return the groups to keep beside the owner's: that of Docker's socket where it is asked for."""
    if environ.get(KEEP_DOCKER) != "true":
        return []
    from pathlib import Path  # noqa: PLC0415 - only then

    socket = Path(DOCKER_SOCKET)
    return [socket.stat().st_gid] if socket.exists() else []
