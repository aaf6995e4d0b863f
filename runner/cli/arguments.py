"""Parsers that teach: help with examples, and the nearest flag for a wrong one."""

from __future__ import annotations

import argparse
import re
from functools import partial
from typing import Final, NoReturn

from runner import __version__
from runner.cli.commands import COMMANDS
from runner.errors import UsageError
from runner.spec import duration, nearest

EXAMPLES = """\
examples:
  pipeline-runner --definition web-health              run a definition of this repository
  pipeline-runner --config health.yaml --dry-run       show what would happen, touch nothing
  pipeline-runner --sample --source alertmanager       run the built-in alert pipeline on a sample
  pipeline-runner --definition alert --file alert.json --notify-driver slack
  pipeline-runner validate definitions/                check every definition of a folder
"""


_WIDE: Final = partial(argparse.RawDescriptionHelpFormatter, width=100)
"""Asking the terminal for its width takes longer than to read the arguments."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are ours: one line, what to do, exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` with a hint."""
        raise UsageError(f"{message}{self._hint(message)} — {self.prog} --help shows them all")

    def _hint(self, message: str) -> str:
        known = [flag for action in self._actions for flag in action.option_strings]
        unknown = re.findall(r"(?<!\S)--?[\w-]+", message.partition("unrecognized arguments:")[2])
        found = [near for near in (nearest(flag, known) for flag in unknown) if near]
        return f": did you mean {', '.join(found)}?" if found else ""


def parser_of(command: str) -> Parser:
    """Return the parser of a sub-command, with what all of them share."""
    if command == "run":
        commands = "\n".join(f"  {name:<10} {summary}" for name, summary in COMMANDS.items())
        parser = Parser(
            prog="pipeline-runner",
            usage="pipeline-runner [run] [flags]\n       pipeline-runner COMMAND [flags]",
            description="Run a health pipeline: ingest alerts, gather context by checks, analyse, transform, notify.",
            epilog=f"commands:\n{commands}\n\n{EXAMPLES}",
            formatter_class=_WIDE,
            allow_abbrev=False,
        )
        parser.add_argument(
            "--version", action="version", version=f"pipeline-runner {__version__}", help="print the version and exit"
        )
    else:
        parser = Parser(
            prog=f"pipeline-runner {command}",
            description=_sentence(COMMANDS[command]),
            formatter_class=_WIDE,
            allow_abbrev=False,
        )
    add_output_flags(parser)
    return parser


def _sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + "."


def add_output_flags(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="write one JSON document to stdout, and nothing else")
    group.add_argument("--ci", choices=("auto", "github", "none"), default="auto", help="whose log syntax to speak")
    group.add_argument("-v", "--verbose", action="count", default=0, help="say more on stderr")
    group.add_argument("-q", "--quiet", action="store_true", help="say only warnings and errors on stderr")
    group.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colour the result")


def duration_argument(text: str) -> float:
    """Read a duration of the command line."""
    try:
        return duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def percent_argument(text: str) -> float:
    """Read a threshold in per cent: `85` or `85%`."""
    try:
        return float(text.strip().removesuffix("%"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a percentage, got {text!r}") from None
