"""Runs commands in turn and says what each took; a process of its own, since a child's peak memory counts its parent's.

Reads `{"commands": [{"argv", "env", "cwd", "exits"}], "rounds": n}` from stdin: each round runs every command
once (A B A B …), after one round that is not counted. Writes a list of `[seconds, kibibytes]` for each command.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


def once(command: dict[str, Any]) -> tuple[float, float]:
    quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    started = time.perf_counter()
    os.chdir(command["cwd"])
    child = os.posix_spawn(command["argv"][0], command["argv"], command["env"], file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    if code not in command["exits"]:
        sys.exit(f"exit code {code}: {' '.join(command['argv'])}")
    return seconds, usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)


def main() -> None:
    job = json.load(sys.stdin)
    for command in job["commands"]:
        once(command)
    rounds = [[once(command) for command in job["commands"]] for _ in range(job["rounds"])]
    json.dump(list(zip(*rounds, strict=True)), sys.stdout)


if __name__ == "__main__":
    main()
