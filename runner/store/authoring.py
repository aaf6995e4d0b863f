"""Writing definitions into the runner's own tables: every change is a new revision beside those before it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from runner.errors import Unavailable
from runner.records import record
from runner.spec import nearest
from runner.store.definitions import OWN, find, tags_of
from runner.store.schema import require
from runner.store.tables import DJANGO_DEFINITIONS
from runner.store.times import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from runner.store.connection import Connection
    from runner.store.database import Database
    from runner.store.definitions import StoredDefinition

LONGEST_NAME = 255
"""Characters of a name, of a definition as of its author."""


@record
class Wanted:
    """A definition as it is to stand in the database."""

    name: str
    format: str
    """`yaml` or `json`."""
    document: str
    """As its author wrote it."""
    sha256: str
    description: str
    tags: tuple[str, ...] | None
    """None: those that it has."""


@record
class Stood:
    """How a definition stood before, and what becomes of it."""

    wanted: Wanted
    before: StoredDefinition | None
    """None where there was none."""
    changed: bool
    """Its document is another one."""
    tags: tuple[str, ...]
    """Those that it had."""
    revision: int
    """The one that it has now, or would have."""
    also_in: str = ""
    """The other table that has a definition of this name; empty for none."""

    @property
    def retagged(self) -> bool:
        """Its tags are others."""
        return self.wanted.tags is not None and self.wanted.tags != self.tags


def compare(connection: Connection, database: Database, wanted: Sequence[Wanted]) -> list[Stood]:
    """Return how definitions stand that are wanted otherwise; raise `Unavailable` where the tables are not there."""
    require(connection, database)
    earlier = _names_in_django(connection)
    return [_stood(connection, database, one, earlier) for one in wanted]


def put(
    connection: Connection, database: Database, wanted: Sequence[Wanted], author: str, now: datetime
) -> list[Stood]:
    """Write definitions, all or none, and return how they stood before; what has not changed is left alone.

    Raises `Unavailable` where the tables are not there.
    """
    require(connection, database)
    earlier = _names_in_django(connection)
    with connection.transaction():
        for one in wanted:  # whoever else writes the same waits from here on
            connection.change("update pipeline_definition set revision = revision where name = :name", name=one.name)
        found = [_stood(connection, database, one, earlier) for one in wanted]
        for stood in found:
            _write(connection, stood, author[:LONGEST_NAME], stamp(now))
    return found


def _stood(connection: Connection, database: Database, wanted: Wanted, earlier: frozenset[str]) -> Stood:
    before = find(connection, database, wanted.name, OWN, inactive=True)
    tags = connection.rows("select tags from pipeline_definition where name = :name", name=wanted.name)
    ((newest,),) = connection.rows(
        "select coalesce(max(revision), 0) from pipeline_definition_revision where name = :name", name=wanted.name
    )
    text = before.document.encode("utf-8", "surrogatepass") if before else b""
    same = before is not None and sha256(text).hexdigest() == wanted.sha256
    return Stood(
        wanted=wanted,
        before=before,
        changed=not same,
        tags=tags_of(tags[0][0]) if tags else (),
        revision=before.revision if before is not None and same else newest + 1,
        also_in=DJANGO_DEFINITIONS if wanted.name in earlier else "",
    )


def _names_in_django(connection: Connection) -> frozenset[str]:
    """Return the names that the earlier app's table has; asked before a transaction, which an error would end."""
    try:
        return frozenset(name for (name,) in connection.rows(f"select name from {DJANGO_DEFINITIONS}"))  # noqa: S608 - a constant
    except Unavailable:  # it is not there, or may not be read
        return frozenset()


def _write(connection: Connection, one: Stood, author: str, now: str) -> None:
    values = {"name": one.wanted.name, "revision": one.revision, "now": now}
    if one.changed:
        connection.change(
            "insert into pipeline_definition_revision (name, revision, format, document, sha256, author, created_at)"
            " values (:name, :revision, :format, :document, :sha256, :author, :now)",
            **values,
            format=one.wanted.format,
            document=one.wanted.document,
            sha256=one.wanted.sha256,
            author=author,
        )
    about = {
        "description": one.wanted.description,
        "tags": json.dumps(one.tags if one.wanted.tags is None else one.wanted.tags, ensure_ascii=False),
    }
    if one.before is None:
        connection.change(
            "insert into pipeline_definition (name, revision, active, description, tags, created_at, updated_at)"
            " values (:name, :revision, :active, :description, :tags, :now, :now)",
            **values,
            **about,
            active=True,
        )
    elif one.changed or one.retagged:
        connection.change(
            "update pipeline_definition set revision = :revision, description = :description, tags = :tags,"
            " updated_at = :now where name = :name",
            **values,
            **about,
        )


def switch(
    connection: Connection, database: Database, names: Sequence[str], now: datetime, *, active: bool
) -> list[str]:
    """Make definitions active or inactive, all or none; return those that were not so before.

    Raises `Unavailable` for one that is not there.
    """
    require(connection, database)
    with connection.transaction():
        known = {name: bool(was) for name, was in connection.rows("select name, active from pipeline_definition")}
        for name in names:
            if name not in known:
                raise Unavailable(_not_there(connection, database, name, list(known)))
        changed = [name for name in dict.fromkeys(names) if known[name] is not active]
        for name in changed:
            connection.change(
                "update pipeline_definition set active = :active, updated_at = :now where name = :name",
                name=name,
                active=active,
                now=stamp(now),
            )
    return changed


def _not_there(connection: Connection, database: Database, name: str, known: list[str]) -> str:
    if name in _names_in_django(connection):
        return f"{name} stands in {DJANGO_DEFINITIONS} of {database}, which the runner only reads: switch it in the app"
    near = nearest(name, known)
    hint = f'did you mean "{near}"? ' if near else ""
    return f"Pipeline definition not found: {name} — {hint}Searched {OWN} of {database}"
