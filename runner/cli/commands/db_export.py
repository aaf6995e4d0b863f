"""`db export`: definitions of the database, as files."""

from __future__ import annotations

import os
import re
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from runner.cli.databases import DEFINITIONS, chosen, forced_table
from runner.cli.library import readable
from runner.definition.library import NAME, meant, text_of
from runner.doors import open_doors
from runner.errors import ExitCode, NodeError, Unavailable
from runner.records import record
from runner.store.definitions import find, names

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from runner.cli.shell import Shell
    from runner.doors.files import Files
    from runner.store.connection import Connection
    from runner.store.database import Database
    from runner.store.definitions import StoredDefinition

_LIMIT: Final = 60.0
"""Seconds for all of them."""
_SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {"yaml": (".yaml", ".yml"), "json": (".json",)}
"""Of files that may hold the definition already; the first is that of a new one."""
_MOST: Final = 16 * 1024 * 1024
"""Bytes of a file that is compared: more than any definition has."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] [NAME …]"
    parser.add_argument("names", metavar="NAME", nargs="*", help="NAME or NAME@REVISION; all where none is given")
    parser.add_argument("--to", metavar="FOLDER", default=".", help="where the files go (the working directory)")
    parser.add_argument("--force", action="store_true", help="overwrite files that differ")
    parser.epilog = (
        "A file is called as its definition and is as its author wrote it; what the database keeps as JSON of its\n"
        "own is laid out for people. One that is there and differs stays, and the exit code is 1."
    )


@record
class _Export:
    """A definition, and what became of its file."""

    name: str
    revision: int
    active: bool
    path: str
    state: Literal["written", "same", "differs", "unnamed"]

    def __str__(self) -> str:
        idle = "" if self.active else ", inactive"
        head = f"{self.name}@{self.revision}{idle}:"
        match self.state:
            case "written":
                return f"{head} written to {self.path}"
            case "same":
                return f"{head} {self.path} is the same"
            case "differs":
                return f"{head} {self.path} differs and stays as it is — --force overwrites it"
            case "unnamed":
                return f"{head} not written, for it is no name of a file — rename it where it was made"


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Write the files; exit 1 where one could not be."""
    database = chosen(shell, DEFINITIONS).database
    work = partial(_found, database=database, wanted=options.names, table=forced_table(shell))
    found = database.work(work, limit=_LIMIT)
    files = open_doors(shell.environ).files
    if found:
        files.make_folder(options.to, own=False)
    exports = [_export(one, options.to, files, force=options.force) for one in found]
    if shell.wants_json:
        shell.json({"database": str(database), "definitions": [asdict(one) for one in exports]})
    else:
        shell.say(map(str, exports) if exports else [f"{database} has no definitions"])
    return ExitCode.OK if all(one.state in {"written", "same"} for one in exports) else ExitCode.FAILED


def _found(connection: Connection, database: Database, wanted: Sequence[str], table: str) -> list[StoredDefinition]:
    """Read the definitions that are wanted, or all; raise `Unavailable` for one that is not there."""
    listed = names(connection, database, table)
    if not wanted:
        return [_read(connection, database, one.name, table) if _is_name(one.name) else one for one in listed]
    known = {one.name: one.name for one in listed}
    for name in (name.partition("@")[0] for name in wanted):
        if name not in known:
            hint = meant(name, known)
            said = f"{hint} " if hint else ""
            raise Unavailable(f"Pipeline definition not found: {name} — {said}Searched {database}")
    return [_read(connection, database, name, table) for name in wanted]


def _read(connection: Connection, database: Database, name: str, table: str) -> StoredDefinition:
    found = find(connection, database, name, table, inactive=True)
    if found is None:
        raise Unavailable(f"{name} was removed from {database} meanwhile — try again")
    return found


def _is_name(name: str) -> bool:
    """Say whether a name can be a file's: the app takes any text."""
    return re.fullmatch(NAME, name) is not None


def _export(found: StoredDefinition, folder: str, files: Files, *, force: bool) -> _Export:
    """Write one file, unless it is there already."""
    done = partial(_Export, name=found.name, revision=found.revision, active=found.active)
    if not _is_name(found.name):
        return done(path="", state="unnamed")
    data = readable(text_of(found)).encode()
    paths = [Path(folder, f"{found.name}{suffix}") for suffix in _SUFFIXES[found.format]]
    there = next((path for path in paths if os.path.lexists(path)), None)
    if there is not None and (_content(there, files) == data or not force):
        return done(path=str(there), state="same" if _content(there, files) == data else "differs")
    path = there or paths[0]
    files.write(path, data)
    return done(path=str(path), state="written")


def _content(path: Path, files: Files) -> bytes | None:
    """Return what is in a file; None where that cannot be told."""
    try:
        return files.read(path, _MOST)
    except NodeError:
        return None
