"""`db channel`: the channels of the database."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from runner.channels import CHANNELS
from runner.channels.options import attempt
from runner.cli.databases import DEFINITIONS, chosen
from runner.cli.members import member
from runner.cli.resolve import variables_of
from runner.engine.world import utc_now
from runner.errors import ExitCode, Unavailable, UsageError
from runner.records import record
from runner.secrets import Masker, Secret, reveal
from runner.store.keeping import Kept, keep, kept, remove, switch

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from runner.channels.model import Channel
    from runner.cli.shell import Shell
    from runner.store.database import Database

_FROM_ENVIRONMENT: Final = "@env:"
"""Begins a value that stands in a variable."""
_LONGEST: Final = 255
"""Characters of a name."""
_SWITCHES: Final = ("activate", "deactivate", "remove")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = (
        f"{parser.prog} [flags]\n"
        f"       {parser.prog} NAME --driver DRIVER --option KEY=VALUE …\n"
        f"       {parser.prog} NAME --activate | --deactivate | --remove"
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="a channel; all are listed where none is given")
    parser.add_argument("--driver", metavar="DRIVER", help="what it sends with; takes the place of all that it was")
    parser.add_argument(
        "--option",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="an option of the driver (repeatable); KEY=@env:NAME takes the value of a variable, or the content of"
        " the file that NAME_FILE names",
    )
    parser.add_argument("--activate", action="store_true", help="take it into use")
    parser.add_argument("--deactivate", action="store_true", help="take it out of use")
    parser.add_argument("--remove", action="store_true", help="delete it")
    parser.epilog = (
        "Options are kept in the database as they are, credentials too: whoever may read the table has them. They are\n"
        "never printed. pipeline-runner show DRIVER has the options of a driver."
    )


@record
class _Option:
    """An option as it was given."""

    text: str
    literal: bool
    """It stands on the command line."""


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """List the channels, or change one."""
    database = chosen(shell, DEFINITIONS).database
    asked = [f"--{word}" for word in _SWITCHES if getattr(options, word)]
    asked += ["--driver"] if options.driver is not None else []
    if len(asked) > 1:
        raise UsageError(f"{asked[0]} and {asked[1]} are two things — do one after the other")
    if options.option and not options.driver:
        raise UsageError("--option is of a driver — name it with --driver")
    if not options.name:
        if asked:
            raise UsageError(f"{asked[0]} of which channel? — give its name")
        return _list(database, shell)
    if not asked:
        raise UsageError(f"what of {options.name}? — give --driver, --activate, --deactivate or --remove")
    if options.driver is not None:
        return _set(options, database, shell)
    return _switch(options, database, shell)


def _list(database: Database, shell: Shell) -> int:
    found = database.work(partial(kept, database=database))
    if shell.wants_json:
        shell.json({"database": str(database), "channels": [_document(one) for one in found]})
    else:
        shell.say(_table(found) if found else [f"{database} has no channels"])
    return ExitCode.OK


def _document(one: Kept) -> dict[str, Any]:
    return {
        "name": one.name,
        "driver": one.driver,
        "active": one.active,
        "options": sorted(one.options),
        "table": one.table,
    }


def _table(found: Sequence[Kept]) -> Iterator[str]:
    rows = [
        ("NAME", "DRIVER", "STATE", "TABLE", "OPTIONS"),
        *(
            (one.name, one.driver, "active" if one.active else "inactive", one.table, " ".join(sorted(one.options)))
            for one in found
        ),
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _switch(options: argparse.Namespace, database: Database, shell: Shell) -> int:
    if options.remove:
        database.work(partial(remove, database=database, name=options.name))
        state, changed = "removed", True
    else:
        state = "active" if options.activate else "inactive"
        work = partial(switch, database=database, name=options.name, now=utc_now(), active=options.activate)
        changed = database.work(work)
    return _tell(options.name, state if changed else f"{state} already", {"state": state, "changed": changed}, shell)


def _set(options: argparse.Namespace, database: Database, shell: Shell) -> int:
    if not options.name.isprintable() or len(options.name) > _LONGEST:
        raise UsageError(f"{options.name[:_LONGEST]!r} cannot be the name of a channel — at most {_LONGEST} characters")
    cls = member(CHANNELS, options.driver)
    given = dict(_given(options.option, shell))
    channel, values = _read(cls, options.driver, given)
    shell.masker.add(*channel.secrets())
    _mention_literals(channel, given, shell)
    wanted = Kept(name=options.name, driver=options.driver, options=values, active=True)
    before = database.work(partial(keep, database=database, wanted=wanted, now=utc_now()))
    changed = _changed(before, wanted)
    what = f"new, {options.driver} with {', '.join(values) or 'no options'}" if before is None else ""
    said = what or (f"changed: {', '.join(changed)}" if changed else "unchanged")
    state = "new" if before is None else "changed" if changed else "unchanged"
    return _tell(options.name, said, {"state": state, "changed": changed}, shell)


def _tell(name: str, said: str, document: Mapping[str, object], shell: Shell) -> int:
    if shell.wants_json:
        shell.json({"name": name, **document})
    else:
        shell.say([f"{name}: {said}"])
    return ExitCode.OK


def _given(texts: Sequence[str], shell: Shell) -> Iterator[tuple[str, _Option]]:
    """Divide keys and values, and read those that stand in variables."""
    for text in texts:
        key, found, value = text.partition("=")
        if not found or not key:
            raise UsageError(f"Invalid option format: {key}. Use KEY=VALUE.")
        if value.startswith(_FROM_ENVIRONMENT):
            yield key, _Option(text=_variable(key, value.removeprefix(_FROM_ENVIRONMENT), shell), literal=False)
        else:
            yield key, _Option(text=value, literal=True)


def _variable(key: str, name: str, shell: Shell) -> str:
    found, unreadable = variables_of([name], shell.environ)
    if name not in found:
        reason = unreadable.get(name) or f"{name} is not set"
        raise Unavailable(f"--option {key}: {reason}")
    shell.masker.add(found[name])
    return reveal(found[name])


def _read(cls: type[Channel], driver: str, given: Mapping[str, _Option]) -> tuple[Channel, dict[str, object]]:
    """Read options as the driver takes them: as texts, or where that is wrong as JSON.

    Raises `UsageError`, whose words never hold a value.
    """
    values: dict[str, object] = {key: one.text for key, one in given.items()}
    channel, wrong = attempt(cls, values)
    if channel is None:
        values |= {key: _as_json(given[key].text) for key in {str(one.at[0]) for one in wrong if one.at} & given.keys()}
        channel, wrong = attempt(cls, values)
    masker = Masker(Secret(f"option {key}", one.text) for key, one in given.items())
    if channel is None:
        said = "; ".join(f"{'.'.join(map(str, one.at))}: {one.sentence} — {one.hint}".rstrip(" —") for one in wrong)
        raise UsageError(f"this is no {driver} channel: {masker.mask(said)}")
    if lacking := channel.lacking():
        options = " ".join(f"--option {key}=…" for key in lacking)
        raise UsageError(f"this is no {driver} channel: it has no {' and no '.join(lacking)} — add {options}")
    return channel, values


def _as_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _mention_literals(channel: Channel, given: Mapping[str, _Option], shell: Shell) -> None:
    """Say which credentials others may have read on their way here."""
    secret = {reveal(one) for one in channel.secrets()}
    for key in (key for key, one in given.items() if one.literal and one.text in secret):
        shell.log.warning(
            f"{key} stood on the command line, where other users of this machine and the shell's history see it:"
            f" better --option {key}={_FROM_ENVIRONMENT}NAME"
        )


def _changed(before: Kept | None, after: Kept) -> list[str]:
    """Name what is different, never how."""
    if before is None:
        return []
    keys = [key for key in (*after.options, *before.options) if before.options.get(key) != after.options.get(key)]
    driver = ["driver"] if before.driver != after.driver else []
    state = [] if before.active else ["active"]
    return [*driver, *dict.fromkeys(keys), *state]
