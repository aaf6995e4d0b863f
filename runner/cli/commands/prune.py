"""`prune`: old runs go from the history."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from runner.cli.arguments import duration_argument
from runner.cli.remember import history_database
from runner.engine.world import utc_now
from runner.errors import ExitCode
from runner.reports.wording import counted
from runner.spec import duration_text
from runner.store.runs import prune

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell

_LIMIT = 600.0
"""Seconds: a history of years is more than what a run waits for."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] --keep DURATION"
    parser.add_argument(
        "--keep", metavar="DURATION", type=duration_argument, required=True, help="how much of it stays, like 90d"
    )


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Remove what is older, and say how much that was."""
    database = history_database(shell)
    before = utc_now() - timedelta(seconds=options.keep)
    done = database.work(partial(prune, before=before), limit=_LIMIT)
    if shell.wants_json:
        shell.json(
            {
                "removed": done.removed,
                "removed_bytes": done.removed_bytes,
                "left": done.left,
                "left_bytes": done.left_bytes,
            }
        )
    else:
        older = f"older than {duration_text(options.keep)}"
        shell.say([f"removed {counted(done.removed, 'run')} {older} from {database}, {done.left:,} left"])
    return ExitCode.OK
