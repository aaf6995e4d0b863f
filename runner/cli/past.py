"""A run of the history, read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runner.cli.remember import history_database
from runner.reports.reading import read_document
from runner.store.runs import document_of, find

if TYPE_CHECKING:
    from runner.cli.shell import Shell
    from runner.results import RunResult
    from runner.store.connection import Connection


def result_of(wanted: str, shell: Shell) -> tuple[RunResult, dict[str, Any]]:
    """Return a run by its id, the beginning of one, `last` or `last-failed`, and its result document.

    Raises `Unavailable`, `UsageError` and `Transient`.
    """
    database = history_database(shell)

    def work(connection: Connection) -> str:
        return document_of(connection, find(connection, wanted, database))

    document = json.loads(database.work(work))
    return read_document(document), document
