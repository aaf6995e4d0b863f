"""`db check`: what a database has, and what the runner may do there."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from runner.channels.stored import channel_named
from runner.cli.databases import add_state_flag, chosen, either, forced_table
from runner.errors import ExitCode, NodeError, Unavailable
from runner.records import record
from runner.reports.wording import bytes_text, counted
from runner.secrets import Masker, Secret
from runner.spec import duration_text
from runner.store.channels import channels
from runner.store.survey import CHANGES, DJANGO, survey
from runner.store.tables import NEWEST, OWN

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from runner.cli.databases import Chosen
    from runner.cli.shell import Shell
    from runner.store.database import Database
    from runner.store.survey import Rights, Survey

_LIMIT = 60.0
"""Seconds: counting is more than what a run waits for."""


@record
class _Checked:
    """What is known of a database, and what follows from it."""

    chosen: Chosen
    found: Survey
    seconds: float
    """From the first packet to the first answer."""
    warnings: tuple[str, ...]
    """About channels that cannot be used."""
    reason: str
    """Why it is no use for what it was asked about; empty where it is."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    add_state_flag(parser)
    parser.epilog = (
        "Nothing is written: what may be changed is tried on no row, and taken back. Exits 0 where definitions can be\n"
        "read (with --state, where runs can be remembered), 4 where they cannot, and 75 where nobody answers."
    )


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Look, and say what was found."""
    one = chosen(shell, *either(state=options.state))
    found = one.database.work(partial(survey, database=one.database, forced=forced_table(shell)), limit=_LIMIT)
    checked = _Checked(
        chosen=one,
        found=found,
        seconds=_reached(one.database),
        warnings=tuple(_unusable(one.database)) if found.channels else (),
        reason=_reason(found, state=options.state),
    )
    if shell.wants_json:
        shell.json(_document(checked))
    else:
        shell.say(_lines(checked))
    for warning in checked.warnings:
        shell.log.warning(warning)
    if checked.reason:
        shell.log.error(checked.reason)
    return ExitCode.UNAVAILABLE if checked.reason else ExitCode.OK


def _reason(found: Survey, *, state: bool) -> str:
    if state:
        return f"runs cannot be remembered: {found.forgetful}" if found.forgetful else ""
    return f"no definitions can be read: {found.unreadable}" if found.unreadable else ""


def _reached(database: Database) -> float:
    """Measure a connection of its own: what was loaded for the first one is no time of the database's."""
    began = time.perf_counter()
    database.work(lambda connection: connection.rows("select 1"))
    return time.perf_counter() - began


def _unusable(database: Database) -> Iterator[str]:
    """Say which active channels a message could not be sent to."""
    try:
        found = {one.name: one for one in database.work(channels)}
    except Unavailable as error:
        yield error.message
        return
    for name, one in found.items():
        try:
            channel_named(name, found)
        except NodeError as error:
            values = (Secret(key, value) for key, value in one.options.items() if isinstance(value, str))
            yield Masker(values).mask(error.message)


def _lines(checked: _Checked) -> Iterator[str]:
    one, found = checked.chosen, checked.found
    yield f"{one.database} ({one.variable})"
    by = f" as {found.user}" if found.user else ""
    yield f"  server       {found.server}, reached in {duration_text(round(checked.seconds, 3))}{by}"
    yield f"  tables       {_step(found)}"
    django = [rights.table for rights in found.rights if rights.table in DJANGO]
    yield f"  Django app   {', '.join(django) or 'no tables of it'}"
    yield f"  definitions  {'cannot be read' if found.unreadable else _halves(found.definitions)}"
    yield f"  channels     {_halves(found.channels)}"
    if found.history is not None:
        runs, size = found.history
        yield f"  history      {counted(runs, 'run')}, {bytes_text(size)}"
    if found.rights:
        yield ""
        yield from _table(found.rights)


def _step(found: Survey) -> str:
    if found.state == "current":
        return f"step {found.step}, the newest"
    if found.state == "none":
        there = any(one.table in OWN for one in found.rights)
        return "there, but their step may not be read" if there else "none of the runner's"
    return f"step {found.step}, {found.state} than this version's {NEWEST}"


def _halves(found: Mapping[str, tuple[int, int]]) -> str:
    """Say how many there are of each: `slack: 2 active, 1 inactive; email: 1 active`."""
    parts = (
        f"{name}: {active:,} active{f', {inactive:,} inactive' if inactive else ''}"
        for name, (active, inactive) in found.items()
    )
    return "; ".join(parts) or "none"


def _table(rights: tuple[Rights, ...]) -> Iterator[str]:
    """Lay the rights out, one table a line."""
    width = max(len(one.table) for one in rights)
    yield "  ".join(["TABLE".ljust(width), "READ", *(change.upper() for change in CHANGES)])
    for one in rights:
        cells = [("READ", _word(may=one.read)), *((change, _word(may=one.changes.get(change))) for change in CHANGES)]
        yield "  ".join([one.table.ljust(width), *(cell.ljust(len(head)) for head, cell in cells)]).rstrip()


def _word(*, may: bool | None) -> str:
    return "-" if may is None else "yes" if may else "no"


def _document(checked: _Checked) -> dict[str, Any]:
    one, found = checked.chosen, checked.found
    runs, size = found.history or (None, None)
    return {
        "ok": not checked.reason,
        "reason": checked.reason,
        "database": str(one.database),
        "variable": one.variable,
        "kind": one.database.url.kind,
        "server": found.server,
        "user": found.user,
        "reached_ms": round(checked.seconds * 1000, 3),
        "tables": {"state": found.state, "step": found.step, "newest": NEWEST},
        "django_tables": [rights.table for rights in found.rights if rights.table in DJANGO],
        "definitions": _counts("table", found.definitions),
        "channels": _counts("driver", found.channels),
        "runs": runs,
        "bytes": size,
        "rights": [
            {"table": rights.table, "read": rights.read, **{change: rights.changes.get(change) for change in CHANGES}}
            for rights in found.rights
        ],
        "warnings": list(checked.warnings),
    }


def _counts(key: str, found: Mapping[str, tuple[int, int]]) -> list[dict[str, object]]:
    return [{key: name, "active": active, "inactive": inactive} for name, (active, inactive) in found.items()]
