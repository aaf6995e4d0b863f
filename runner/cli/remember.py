"""What is remembered from run to run: where, and that a run goes on where nothing can be."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from runner.cli.databases import DEFINITIONS, STATE, database_of, named
from runner.doors import open_doors
from runner.errors import Transient, Unavailable, UsageError
from runner.results import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.cli.shell import Shell
    from runner.results import RunFacts, RunResult
    from runner.standing import Standing
    from runner.store.connection import Connection
    from runner.store.database import Database
    from runner.store.memory import Remembered

EMBEDDED: Final = ".pipeline/state.sqlite3"
"""The file below the working directory that remembers where nothing else is named."""
_MOST_KEPT: Final = 4 * 1024 * 1024
"""Bytes of a result document in the history; of a larger one outputs are left out, as its own limit does."""
_LAST_WORDS: Final = 1.5
"""Seconds for the history where a run was told to stop."""


def memory_of(shell: Shell, facts: RunFacts) -> Remembered | None:
    """Return what is remembered of a definition in an environment; None, with a word to people, where nothing can be.

    Raises `UsageError` for a variable that names no database.
    """
    try:
        return _opened(shell, facts)
    except (Transient, Unavailable) as error:
        shell.log.warning(f"this run is compared with no other and remembered by none: {error.message}")
        return None


def state_database(shell: Shell) -> Database | None:
    """Return the database that `PIPELINE_STATE_URL` names, else the embedded file; None where it says `none`."""
    return database_of(shell, STATE, creates=True) if named(shell, STATE) else embedded(shell)


def history_database(shell: Shell) -> Database:
    """Return the database that runs are recorded in; raise `UsageError`, `Transient` and `Unavailable` without one."""
    database = _history(shell)
    from runner.store.schema import require  # noqa: PLC0415 - only where something is remembered

    database.work(partial(require, database=database))
    return database


def _history(shell: Shell) -> Database:
    if named(shell, STATE):
        database = database_of(shell, STATE)
        if database is None:
            raise UsageError("PIPELINE_STATE_URL is none, so nothing is remembered")
        return database
    from runner.store.schema import step_of, writable  # noqa: PLC0415 - only where something is remembered

    shared = database_of(shell, DEFINITIONS)
    if shared is not None and shared.work(writable):
        return shared
    if os.path.isfile(EMBEDDED):
        return embedded(shell, creates=False)
    # whoever may only read there has no runs recorded, and can see those of others all the same
    if shared is not None and _allowed(shared, step_of):
        return shared
    raise Unavailable(f"there is no history yet: {EMBEDDED} begins with the first run in this folder")


def _allowed(database: Database, look: Callable[[Connection], object]) -> object:
    """Ask a database something; None where it does not permit that."""
    from runner.store.connection import NoPermission  # noqa: PLC0415 - only where something is remembered

    try:
        return database.work(look)
    except NoPermission:
        return None


def _opened(shell: Shell, facts: RunFacts) -> Remembered | None:
    own = named(shell, STATE)
    shared = None if own else database_of(shell, DEFINITIONS)
    database = state_database(shell)
    if database is None:
        return None
    from runner.engine.world import utc_now  # noqa: PLC0415 - only where something is remembered
    from runner.store.connection import NoPermission, NoTable  # noqa: PLC0415 - only where something is remembered
    from runner.store.memory import remember  # noqa: PLC0415 - only where something is remembered

    if shared is not None:
        try:
            return remember(shared, facts, utc_now)
        except (NoTable, NoPermission) as error:
            # it is a database of definitions, and need not be more than that
            shell.log.detail(f"nothing is remembered in {shared}: {error.message}")
    try:
        return remember(database, facts, utc_now)
    except NoPermission as error:
        if own:
            raise
        shell.log.info(f"nothing is remembered from run to run: {error.message}")
        return None


def embedded(shell: Shell, *, creates: bool = True) -> Database:
    """Return the file in the working directory."""
    from runner.spec.databases import DatabaseUrl  # noqa: PLC0415 - only where something is remembered
    from runner.store.database import Database  # noqa: PLC0415 - only where something is remembered

    url = DatabaseUrl(kind="sqlite", database=EMBEDDED)
    return Database(url=url, doors=open_doors(shell.environ), creates=creates)


def keep_run(memory: Remembered | None, result: RunResult, standing: Standing, shell: Shell) -> None:
    """Add a run to the history, if there is one; where that cannot be, say so: it changes nothing else."""
    if memory is None:
        return
    from runner.reports.document import document, encode  # noqa: PLC0415 - the report may not have been wanted
    from runner.store.runs import keep  # noqa: PLC0415 - only where something is remembered

    limit = {"limit": _LAST_WORDS} if result.status is RunStatus.CANCELLED else {}
    try:
        keep(memory, result, encode(shell.masked(document(result)), limit=_MOST_KEPT), standing, **limit)
    except (Transient, Unavailable) as error:
        shell.log.warning(f"this run is not in the history: {error.message}")
