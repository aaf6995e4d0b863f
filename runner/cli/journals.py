"""Where the journals of runs lie: beside the result document, one for each run that writes it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from runner.errors import NotWritten

if TYPE_CHECKING:
    from runner.cli.log import Log
    from runner.doors.files import Files, Journal

_SUFFIX: Final = ".journal.ndjson"


def begin_journal(results: str, run: str, files: Files, log: Log) -> Journal | None:
    """Begin the journal of a run beside its result document; a stream has none beside it.

    Where another run writes the same document, its journal has the usual name, and this one's the run's id in it.
    """
    if not results or (os.path.exists(results) and not os.path.isfile(results)):
        return None
    usual = f"{results}{_SUFFIX}"
    try:
        journal = files.journal(usual, f"{results}.{run}{_SUFFIX}")
    except NotWritten as error:
        log.warning(f"no journal: {error.message}")
        return None
    if journal.path != usual:
        last = "whichever ends last leaves its result"
        log.warning(f"another run writes {results}, too: {last}, and the journal of this one is {journal.path}")
    return journal


def journals_of(results: str) -> list[str]:
    """Return the journals that lie beside a result document, the newest last."""
    folder, name = os.path.split(results)
    try:
        names = os.listdir(folder or os.curdir)
    except OSError:
        return []
    ours = re.compile(rf"{re.escape(name)}(\.[0-9a-f-]{{36}})?{re.escape(_SUFFIX)}")
    return sorted((os.path.join(folder, name) for name in names if ours.fullmatch(name)), key=_changed)


def _changed(path: str) -> int:
    """Return when a file was written to; 0 for one that is gone meanwhile."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
