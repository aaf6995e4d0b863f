"""`db upgrade`: the runner's tables, made or brought up to date."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from runner.cli.arguments import choice
from runner.cli.databases import DEFINITIONS, STATE, Chosen, add_state_flag, chosen, database_of, either, named
from runner.cli.remember import EMBEDDED, embedded
from runner.errors import ExitCode, UsageError
from runner.spec.databases import Kind
from runner.store.schema import refuse_newer, step_of
from runner.store.tables import NEWEST
from runner.store.upgrade import PATIENCE, upgrade_alone, write_sql

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    add_state_flag(parser)
    kinds = get_args(Kind)
    parser.add_argument(
        "--sql",
        metavar=f"[{'|'.join(kinds)}]",
        nargs="?",
        const=True,
        type=choice(*kinds),
        help="change nothing and print the SQL that would; with a kind of database all of it, without asking one",
    )
    parser.epilog = (
        "Nothing is created on a server but by this command. It may be run again, also by several at once, and when\n"
        "there is nothing to do it does nothing. Without PIPELINE_DATABASE_URL it is about PIPELINE_STATE_URL, and\n"
        "without either about what the runs in this folder remember."
    )


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Change the tables, or print what would."""
    if options.sql not in {None, True}:
        if options.state:
            raise UsageError("--state names a database, and --sql with a kind asks none — leave one out")
        return _print(shell, options.sql, "")
    found = _chosen(options, shell)
    if options.sql:
        step = found.database.work(step_of)
        refuse_newer(step, found.database)
        return _print(shell, found.database.url.kind, step, found)
    before = _upgraded(found)
    if shell.wants_json:
        shell.json({**_document(found), "from": before, "to": NEWEST, "changed": before != NEWEST})
    else:
        shell.say([_sentence(found, before)])
    _mention_state(found, shell)
    return ExitCode.OK


def _chosen(options: argparse.Namespace, shell: Shell) -> Chosen:
    """Return the database that is named; where none is, the embedded file, if there is one by now."""
    if not (named(shell, DEFINITIONS) or named(shell, STATE)) and Path(EMBEDDED).is_file():
        return Chosen(database=embedded(shell), variable="where nothing else is named")
    return chosen(shell, *either(state=options.state))


def _upgraded(found: Chosen) -> str:
    """Bring the tables up to date; return the step that they were at."""
    database = replace(found.database, creates=True, bare=True)
    return database.work(partial(upgrade_alone, database=database), limit=PATIENCE)


def _sentence(found: Chosen, before: str) -> str:
    if before == NEWEST:
        return f"{found.database} ({found.variable}) is at step {NEWEST} already, the newest"
    done = f"is brought from step {before} to {NEWEST}" if before else f"has its tables now, at step {NEWEST}"
    return f"{found.database} ({found.variable}) {done}"


def _document(found: Chosen) -> dict[str, object]:
    return {"database": str(found.database), "variable": found.variable}


def _print(shell: Shell, kind: Kind, step: str, found: Chosen | None = None) -> int:
    """Print the SQL that leads from a step to the newest one."""
    output = io.StringIO()
    if step != NEWEST:
        write_sql(output, kind, step)
    elif not shell.wants_json:
        output.write(f"-- {found.database if found else kind} is at step {NEWEST} already: there is nothing to do\n")
    if shell.wants_json:
        named = _document(found) if found else {}
        shell.json({**named, "kind": kind, "from": step, "to": NEWEST, "sql": output.getvalue()})
    else:
        shell.copy(output.getvalue())
    return ExitCode.OK


def _mention_state(found: Chosen, shell: Shell) -> None:
    """Say that the history is elsewhere, where nothing was made now."""
    if found.variable == STATE:
        return
    state = database_of(shell, STATE)
    if state is not None and state.url.kind != "sqlite" and str(state.url) != str(found.database.url):
        shell.log.info(f"{STATE} names {state}, which is looked after by: pipeline-runner db upgrade --state")
