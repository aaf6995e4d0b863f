"""Making definitions of the database active and inactive: two commands that do the same the other way round."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from runner.cli.databases import DEFINITIONS, chosen
from runner.engine.world import utc_now
from runner.errors import ExitCode
from runner.store.authoring import switch

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell


def add_names(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] NAME …"
    parser.add_argument("names", metavar="NAME", nargs="+", help="a definition of the runner's own table")


def switched(options: argparse.Namespace, shell: Shell, *, active: bool) -> int:
    """Switch them, and say which ones that changed."""
    database = chosen(shell, DEFINITIONS).database
    work = partial(switch, database=database, names=options.names, now=utc_now(), active=active)
    changed = database.work(work)
    word = "active" if active else "inactive"
    if shell.wants_json:
        shell.json({"database": str(database), "active": active, "changed": changed})
    else:
        names = dict.fromkeys(options.names)
        shell.say(f"{name}: {word}{'' if name in changed else ' already'}" for name in names)
    return ExitCode.OK
