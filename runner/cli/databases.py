"""The databases that the environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.cli.resolve import variables_of
from runner.doors import open_doors
from runner.errors import Unavailable, UsageError
from runner.scope import Directory
from runner.secrets import reveal
from runner.spec import Invalid

if TYPE_CHECKING:
    from runner.cli.shell import Shell
    from runner.store.database import Database


NOWHERE: Final = "none"
"""What a variable says that names no database on purpose."""


def database_of(shell: Shell, variable: str, *, creates: bool = False) -> Database | None:
    """Return the database whose URL stands in a variable, or in the file of `VARIABLE_FILE`; None where none is named.

    The URL and its password are masked from then on, and that it could not be asked is known to whoever asks next.
    Raises `UsageError` for what is no such URL, `Unavailable` for a file that cannot be read.
    """
    found, unreadable = variables_of([variable], shell.environ)
    if unreadable:
        raise Unavailable(unreadable[variable])
    if not found or reveal(found[variable]).strip().lower() == NOWHERE:
        return None
    from runner.spec.databases import database_url  # noqa: PLC0415 - only where there is a database
    from runner.store.database import Database  # noqa: PLC0415 - only where there is a database

    secret = found[variable]
    try:
        url = database_url(secret, variable)
    except Invalid as error:
        raise UsageError(f"{variable}: {error.sentence} — {error.hint}") from None
    if url.password is not None:
        shell.masker.add(secret, url.password)
    database = Database(url=url, doors=open_doors(shell.environ), creates=creates)
    return shell.databases.setdefault((reveal(secret), creates), database)


def directory_of(shell: Shell, *, from_database: bool, dry_run: bool) -> Directory | None:
    """Return the channels of the database, of the one that the definition comes from where it comes from one.

    A dry run speaks to no server but that one. Raises `Transient` and `Unavailable`.
    """
    database = database_of(shell, "PIPELINE_DATABASE_URL")
    if database is None and from_database:
        database = database_of(shell, "DATABASE_URL")
    if database is None:
        return None
    if dry_run and not from_database and database.url.kind != "sqlite":
        return Directory(asked=False)
    from runner.store.channels import channels  # noqa: PLC0415 - only where there is a database
    from runner.store.connection import NoPermission  # noqa: PLC0415 - only where there is a database

    try:
        found = {channel.name: channel for channel in database.work(channels, again=False)}
    except NoPermission as error:
        shell.log.warning(f"the channels of the database cannot be read: {error.message}")
        found = {}
    for channel in found.values():
        shell.log.detail(f"channel {channel.name} ({channel.driver}) found in {database}")
    return Directory(channels=found)
