"""The databases that the environment names."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from runner.cli.log import Log
from runner.cli.resolve import variables_of
from runner.doors import open_doors
from runner.errors import Unavailable, UsageError
from runner.records import record
from runner.scope import Directory
from runner.secrets import reveal
from runner.spec import Invalid

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell
    from runner.store.database import Database


DEFINITIONS: Final = "PIPELINE_DATABASE_URL"
STATE: Final = "PIPELINE_STATE_URL"
NOWHERE: Final = "none"
"""What a variable says that names no database on purpose."""


@record
class Chosen:
    """The database that a command is about."""

    database: Database
    variable: str
    """What named it."""


def add_state_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag that chooses between the two databases."""
    parser.add_argument(
        "--state",
        action="store_true",
        help="the database of PIPELINE_STATE_URL, where that is another one than PIPELINE_DATABASE_URL's",
    )


def chosen(shell: Shell, *variables: str) -> Chosen:
    """Return the database that the first of the variables names that names one.

    Raises `UsageError` where none does, and as `database_of` does.
    """
    for variable in variables:
        if (database := database_of(shell, variable)) is not None:
            return Chosen(database=database, variable=variable)
    hint = "; DATABASE_URL is the application's own" if shell.environ.get("DATABASE_URL") else ""
    raise UsageError(f"no database is named — set {' or '.join(variables)} to its URL{hint}")


def either(*, state: bool) -> tuple[str, ...]:
    """Return the variables that name the database of a command that is about either of them."""
    return (STATE,) if state else (DEFINITIONS, STATE)


def named(shell: Shell, variable: str) -> bool:
    """Say whether a variable names a database, or `none`."""
    return any(shell.environ.get(name) for name in (variable, f"{variable}_FILE"))


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
        shell.learn([secret, url.password])
    database = Database(url=url, doors=open_doors(shell.environ), creates=creates)
    return shell.databases.setdefault((reveal(secret), creates), database)


def learn_databases(shell: Shell) -> None:
    """Mask what the URLs hold that a run may use; one that cannot be read is told about where it is used."""
    for variable in (DEFINITIONS, STATE):
        with suppress(UsageError, Unavailable):
            database_of(shell, variable)


def forced_table(shell: Shell) -> str:
    """Return the one table that definitions are read from; empty for all that are known."""
    return shell.environ.get("PIPELINE_DEFINITIONS_TABLE", "")


def directory_of(shell: Shell, *, from_database: bool, dry_run: bool) -> Directory | None:
    """Return the channels of the database, of the one that the definition comes from where it comes from one.

    A dry run speaks to no server but that one. Raises `Transient` and `Unavailable`.
    """
    database = database_of(shell, DEFINITIONS)
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
        shell.later(f"channel {channel.name} ({channel.driver}) found in {database}", Log.detail)
    return Directory(channels=found)
