"""Definitions in a database: the runner's own tables, and the earlier Django app's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

from runner.errors import Unavailable, UsageError
from runner.records import record
from runner.spec import did_you_mean
from runner.store.connection import NoPermission, NoTable, as_text
from runner.store.schema import check, step_of
from runner.store.tables import DJANGO_DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from runner.store.connection import Connection
    from runner.store.database import Database

OWN: Final = "pipeline_definition"
KNOWN: Final = (OWN, DJANGO_DEFINITIONS)
"""The tables that definitions are read from."""


@record
class StoredDefinition:
    """A definition as it stands in a database."""

    name: str
    revision: int
    active: bool
    format: Literal["yaml", "json"]
    document: str
    kept: bool
    """The document is the text that its author wrote, so that lines and columns mean something to people."""
    table: str
    description: str = ""
    tags: tuple[str, ...] = ()
    """Only where it is listed."""


def find(
    connection: Connection, database: Database, name: str, forced: str = "", *, inactive: bool = False
) -> StoredDefinition | None:
    """Return a definition by `NAME` or `NAME@REVISION`; None where there is none of that name.

    `forced` names the one table to look into; `inactive` ones are found where that is asked. Raises `Unavailable` for
    one that is not active, a revision or a forced table that is not there, and a database that no definitions can be
    read from; `UsageError` where both tables have one.
    """
    name, revision = _pinned(name)
    readers = _readers(connection, database, forced)
    found = [one for table in readers if (one := _READERS[table](connection, name, revision))]
    if len(found) > 1:
        tables = " and ".join(one.table for one in found)
        raise UsageError(f"{database} has {name} in {tables} — say which with PIPELINE_DEFINITIONS_TABLE")
    if not found:
        return None
    if not found[0].active and not inactive:
        way = (
            f"make it so with: pipeline-runner db activate {name}" if found[0].table == OWN else "make it so in the app"
        )
        raise Inactive(f"Pipeline definition not active: {name} in {database} — {way}")
    return found[0]


class Inactive(Unavailable):
    """A definition is there, and is not to be run."""


def _pinned(wanted: str) -> tuple[str, int | None]:
    """Return the name, and the revision where one is pinned; raise `UsageError` for what no revision can be."""
    name, pinned, revision = wanted.partition("@")
    if not pinned:
        return name, None
    if not re.fullmatch("[1-9][0-9]{0,8}", revision):
        raise UsageError(f"{wanted} names no revision — revisions are numbers from 1 on: {name}@3")
    return name, int(revision)


def names(connection: Connection, database: Database, forced: str = "") -> Sequence[StoredDefinition]:
    """Return every definition that can be read, without its document, by name."""
    found = [one for table in _readers(connection, database, forced) for one in _LISTS[table](connection)]
    return sorted(found, key=lambda one: one.name)


def _readers(connection: Connection, database: Database, forced: str) -> tuple[str, ...]:
    """Return the tables to look into; raise `NoTable` where there are none, `Unavailable` where none can be read."""
    if forced and forced not in KNOWN:
        raise UsageError(f"PIPELINE_DEFINITIONS_TABLE is {forced!r} — {did_you_mean(forced, KNOWN)}")
    wanted = (forced,) if forced else KNOWN
    there: list[str] = []
    refused: list[Unavailable] = []
    for table in wanted:
        try:
            there += [table] if _PROBES[table](connection, database) else []
        except (NoPermission, _OtherTable) as error:
            refused.append(error)
    if not there and refused:
        raise refused[0]
    if not there:
        hint = "make the runner's own with: pipeline-runner db upgrade"
        raise NoTable(f"{database} has no table of definitions ({' or '.join(wanted)}) that can be read — {hint}")
    return tuple(there)


class _OtherTable(Unavailable):
    """A table has the name, and holds something else."""


def _has_own(connection: Connection, database: Database) -> bool:
    """Look for the runner's own tables; a role may be let read the definitions and nothing else."""
    try:
        step = step_of(connection)
    except NoPermission:
        return _has(connection, OWN, "name") and _has(connection, "pipeline_definition_revision", "name")
    if step:
        check(step, database)
    return bool(step)


def _has_django(connection: Connection, database: Database) -> bool:
    """Look for the app's table, and whether it still holds definitions: later versions keep something else there."""
    if _has(connection, DJANGO_DEFINITIONS, "config"):
        return True
    if _has(connection, DJANGO_DEFINITIONS, "name"):
        msg = f"the table {DJANGO_DEFINITIONS} of {database} has no column config"
        raise _OtherTable(f"{msg}: the app's later versions keep no definitions there")
    return False


def _has(connection: Connection, table: str, column: str) -> bool:
    """Say whether a table and a column in it are there; raise `NoPermission` where that may not be asked."""
    try:
        connection.rows(f"select {column} from {table} where 1 = 0")  # noqa: S608 - constants
    except NoTable:
        return False
    return True


def _read_own(connection: Connection, name: str, revision: int | None) -> StoredDefinition | None:
    found = connection.rows(
        "select d.name, r.revision, d.active, r.format, r.document, d.description from pipeline_definition d"
        " join pipeline_definition_revision r on r.name = d.name"
        " where d.name = :name and r.revision = coalesce(:revision, d.revision)",
        name=name,
        revision=revision,
    )
    if not found:
        _refuse_missing_revision(connection, name, revision)
        return None
    _, read, active, written, document, description = found[0]
    return StoredDefinition(
        name=name,
        revision=read,
        active=bool(active),
        format=written,
        document=document,
        kept=True,
        table=OWN,
        description=description,
    )


def _refuse_missing_revision(connection: Connection, name: str, revision: int | None) -> None:
    rows = connection.rows(
        "select revision from pipeline_definition_revision where name = :name order by revision", name=name
    )
    if revision and rows:
        known = ", ".join(str(row[0]) for row in rows)
        raise Unavailable(f"Pipeline definition not found: {name}@{revision} — {name} has the revisions {known}")


def _read_django(connection: Connection, name: str, revision: int | None) -> StoredDefinition | None:
    found = connection.rows(
        f"select name, version, is_active, {as_text(connection, 'config')}, description"  # noqa: S608 - constants
        f" from {DJANGO_DEFINITIONS} where name = :name",
        name=name,
    )
    # where a collation takes Shop and shop for the same, only one of them is meant
    found = [row for row in found if row[0] == name]
    if not found:
        return None
    _, version, active, document, description = found[0]
    if revision not in {None, version}:
        raise Unavailable(f"Pipeline definition not found: {name}@{revision} — {name} has the revision {version} alone")
    return StoredDefinition(
        name=name,
        revision=version,
        active=bool(active),
        format="json",
        document=document,
        kept=False,
        table=DJANGO_DEFINITIONS,
        description=description,
    )


def _list_own(connection: Connection) -> Iterator[StoredDefinition]:
    rows = connection.rows("select name, revision, active, description, tags from pipeline_definition")
    return (replace(_listed(row[:4], OWN), tags=tags_of(row[4])) for row in rows)


def tags_of(text: str) -> tuple[str, ...]:
    """Read the tags of a row; none where that is no list."""
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _list_django(connection: Connection) -> Iterator[StoredDefinition]:
    rows = connection.rows(f"select name, version, is_active, description from {DJANGO_DEFINITIONS}")  # noqa: S608 - a constant
    return (_listed(row, DJANGO_DEFINITIONS) for row in rows)


def _listed(row: Sequence[Any], table: str) -> StoredDefinition:
    name, revision, active, description = row
    return StoredDefinition(
        name=name,
        revision=revision,
        active=bool(active),
        format="json",
        document="",
        kept=False,
        table=table,
        description=description,
    )


_PROBES: Final[Mapping[str, Callable[[Connection, Database], bool]]] = {
    OWN: _has_own,
    DJANGO_DEFINITIONS: _has_django,
}
_READERS: Final[Mapping[str, Callable[[Connection, str, int | None], StoredDefinition | None]]] = {
    OWN: _read_own,
    DJANGO_DEFINITIONS: _read_django,
}
_LISTS: Final[Mapping[str, Callable[[Connection], Iterator[StoredDefinition]]]] = {
    OWN: _list_own,
    DJANGO_DEFINITIONS: _list_django,
}
