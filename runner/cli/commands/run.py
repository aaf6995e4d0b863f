"""`run`: the main job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import add_choice, duration_argument, percent_argument

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    _what_to_run(parser.add_argument_group("what to run"))
    _event(parser.add_argument_group("the event"))
    _overrides(parser.add_argument_group("what nodes do in this run"))
    _how(parser.add_argument_group("how"))


def _what_to_run(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--definition", metavar="NAME", help="a definition by name; file:PATH, db:NAME, builtin:NAME say where"
    )
    group.add_argument("--config", metavar="PATH", help="a definition file")
    group.add_argument(
        "--checks-only", action="store_true", help="the built-in definition checks-only: this machine's checks"
    )
    group.add_argument(
        "--input", metavar="KEY=VALUE", action="append", default=[], help="a declared input (repeatable)"
    )


def _event(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--payload", metavar="JSON", help="the input event, inline")
    group.add_argument("--file", "--payload-file", metavar="PATH", help="the input event, from a file; - is stdin")
    group.add_argument("--sample", action="store_true", help="a built-in sample of the format that --source names")
    group.add_argument("--event", action="store_true", help="the event that started this GitHub workflow")
    group.add_argument(
        "--source",
        metavar="S",
        default="cli",
        help="where the event came from; the name of a format is also how to parse it (cli)",
    )
    group.add_argument("--format", metavar="F", help="the alert format; detected where it is not given")
    group.add_argument("--environment", metavar="E", help="label on run, messages and results (development)")
    group.add_argument("--trace-id", metavar="T", help="correlation id (a new UUID)")


def _overrides(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--checkers", metavar="A,B", help="run these checks in place of the definition's")
    group.add_argument("--hostname", metavar="H", help="what findings call this machine, in this run and the next")
    group.add_argument(
        "--label", metavar="K=V", action="append", default=[], help="a label of every alert and message (repeatable)"
    )
    group.add_argument("--no-incidents", action="store_true", help="give alerts no incident")
    group.add_argument(
        "--warning-threshold", metavar="N", type=percent_argument, help="of the checks that judge a percentage"
    )
    group.add_argument(
        "--critical-threshold", metavar="N", type=percent_argument, help="of the checks that judge a percentage"
    )
    group.add_argument("--notify-driver", metavar="D", help="notify by this driver in place of the definition's")


def _how(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--allow-commands", action="store_true", help="let a definition from a database run command checks"
    )
    group.add_argument(
        "--dry-run", action="store_true", help="validate, resolve, show what would happen; touch nothing"
    )
    add_choice(
        group, "--fail-on", "warning", "unknown", "critical", "never", help="the verdict from which the run exits 5"
    )
    add_choice(group, "--on-missing-secret", "fail", "skip", default="fail", help="exit with 4, or skip the run (fail)")
    group.add_argument("--timeout", metavar="DURATION", type=duration_argument, help="limit of the whole run (15m)")
    group.add_argument("--results", metavar="PATH", help="where the result document is written")
    group.add_argument("--summary", metavar="PATH", help="where the Markdown summary is appended")


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Run, or rehearse with `--dry-run`."""
    from runner.cli.prepare_run import prepared  # noqa: PLC0415 - `--help` does without

    job = prepared(options, shell)
    if options.dry_run:
        from runner.cli.dry_run import rehearse  # noqa: PLC0415 - only then

        return rehearse(job, shell)
    from runner.cli.perform import perform  # noqa: PLC0415 - only then

    return perform(job, shell)
