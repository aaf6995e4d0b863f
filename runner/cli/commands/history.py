"""`history`: earlier runs, and one of them."""

from __future__ import annotations

import argparse
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from runner.cli.arguments import duration_argument
from runner.cli.past import result_of
from runner.cli.remember import history_database
from runner.engine.world import utc_now
from runner.errors import ExitCode, UsageError
from runner.reports.wording import bytes_text, counted
from runner.results import Verdict
from runner.spec import described, did_you_mean, duration_text
from runner.store.runs import MOST_SHOWN, Filter, runs, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.cli.shell import Shell
    from runner.store.connection import Connection
    from runner.store.runs import RunRow


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags]\n       {parser.prog} show RUN [flags]"
    parser.add_argument(
        "words",
        metavar="show RUN",
        nargs="*",
        help="a run in full: its id, the beginning of it, last, or last-failed (the last that did not exit with 0)",
    )
    parser.add_argument("--definition", metavar="NAME", default="", help="runs of this definition")
    parser.add_argument("--environment", metavar="E", default="", help="runs in this environment")
    parser.add_argument(
        "--verdict", metavar="V", action="append", default=[], help="runs with this verdict (repeatable)"
    )
    parser.add_argument(
        "--since",
        metavar="WHEN",
        type=_moment,
        help="runs that began since then: 7d, 12h, 2026-03-01, 2026-03-01T12:00Z",
    )
    parser.add_argument(
        "--limit", metavar="N", type=_count, default=20, help=f"at most so many, up to {MOST_SHOWN:,} (20)"
    )


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Print the runs, the newest first, or one of them as `report` would."""
    match options.words:
        case []:
            return _list(options, shell)
        case ["show", wanted]:
            return _show(wanted, shell)
        case ["show", *_]:
            raise UsageError("history show takes one run — write: history show last")
        case words:
            raise UsageError(f"unknown word {described(words[0])} — write: history, or history show RUN")


def _list(options: argparse.Namespace, shell: Shell) -> int:
    for word in options.verdict:
        if word not in set(Verdict):
            raise UsageError(f"no verdict is {described(word)} — {did_you_mean(word, list(Verdict))}")
    wanted = Filter(
        definition=options.definition,
        environment=options.environment,
        verdicts=tuple(options.verdict),
        since=options.since,
        limit=options.limit,
    )

    def work(connection: Connection) -> tuple[Sequence[RunRow], tuple[int, int]]:
        return runs(connection, wanted), size(connection)

    database = history_database(shell)
    found, (count, total) = database.work(work)
    if shell.wants_json:
        shell.json_list([{one.name: getattr(row, one.name) for one in fields(row)} for row in found])
        return ExitCode.OK
    shell.say(_table(found, shell.width) if found else ["no runs"])
    each = bytes_text(total // count if count else 0)
    shell.log.info(f"{counted(count, 'run')} in {database}, {bytes_text(total)}; {each} a run")
    return ExitCode.OK


_FIRST: Final = (0, 1, 5, 6, 8)
_SECOND: Final = (2, 3, 4, 7)
"""The columns of the two lines of a run where one does not hold them all."""
_INDENT: Final = " " * 10


def _table(found: Sequence[RunRow], width: int | None) -> Iterator[str]:
    """Lay the runs out in columns that are as wide as they have to be, in two lines each where a terminal is narrow."""
    head = ("RUN", "STARTED", "DEFINITION", "ENVIRONMENT", "STATUS", "VERDICT", "EXIT", "FINDINGS", "TIME")
    rows = [head, *(_cells(row) for row in found)]
    lines = _aligned(rows)
    if width is None or max(map(len, lines)) <= width:
        yield from lines
        return
    first, second = (_aligned([[row[place] for place in places] for row in rows]) for places in (_FIRST, _SECOND))
    yield from (line for pair in zip(first, (_INDENT + one for one in second), strict=True) for line in pair)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _cells(row: RunRow) -> tuple[str, ...]:
    started = row.started_at[:16].replace("T", " ")
    took = duration_text(round(row.duration_ms / 1000, 3))
    return (
        row.run_id[:8],
        started,
        row.definition,
        row.environment,
        row.status,
        row.verdict,
        str(row.exit_code),
        str(row.findings),
        took,
    )


def _show(wanted: str, shell: Shell) -> int:
    result, document = result_of(wanted, shell)
    if shell.wants_json:
        shell.json(document)
    else:
        from runner.reports.console import result_text  # noqa: PLC0415 - only the report that is wanted

        origin = f"Definition: {result.facts.definition}"
        shell.write(result_text(result, origin=origin, color=shell.colored))
    return ExitCode.OK


def _moment(text: str) -> datetime:
    """Read a moment, or how long ago it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return utc_now() - timedelta(seconds=duration_argument(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_SHOWN:
        raise argparse.ArgumentTypeError(f"{described(text)} is no number from 1 to {MOST_SHOWN:,}")
    return int(text)
