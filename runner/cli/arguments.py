"""Parsers that teach: help with examples, and the nearest flag for a wrong one."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from runner import __version__
from runner.cli.commands import COMMANDS, commands_of
from runner.errors import UsageError
from runner.spec import Invalid, described, did_you_mean, nearest
from runner.spec.quantities import percentage, positive_duration

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

WIDTH: Final = 100
"""Characters of a line of help: asking the terminal takes longer than to read the arguments."""
_MARGIN: Final = 30
_COMMAND: Final = max(map(len, COMMANDS))
_NUMBER: Final = re.compile(r"\s*\d+(\.\d+)?\s*")

_HABITS: Final = {
    "check": "validate",
    "lint": "validate",
    "test": "validate",
    "help": "--help",
    "version": "--version",
    "plan": "--dry-run",
    "ls": "list",
    "-c": "--config",
    "-d": "--definition",
    "-f": "--file",
    "-i": "--input",
    "-n": "--dry-run",
    "-o": "--results",
}
"""What other tools have taught people to write, and what it is called here."""

EXAMPLES: Final = """\
examples:
  pipeline-runner --definition web-health              run a definition of this repository
  pipeline-runner --config health.yaml --dry-run       show what would happen, touch nothing
  pipeline-runner --sample --source alertmanager       run the built-in alert pipeline on a sample
  pipeline-runner --definition alert --file alert.json --notify-driver slack
  pipeline-runner validate definitions/                check every definition of a folder
"""


class Asked(Exception):
    """Somebody wants to read a text in place of everything else: `what` is `help` or `version`."""

    def __init__(self, what: str, text: str) -> None:
        super().__init__(what)
        self.what = what
        self.text = text


class _Ask(argparse.Action):
    """A flag that asks for a text; whatever else is on the command line does not matter any more."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Raise `Asked`."""
        raise Asked(self.dest, __version__ if self.dest == "version" else parser.format_help())


class HelpFormat(argparse.RawDescriptionHelpFormatter):
    """Help that every Python lays out alike, whatever the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=_MARGIN, width=WIDTH)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """Write `--file, --payload-file PATH`: the value once, as newer Pythons do."""
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        return f"{', '.join(action.option_strings)} {action.metavar}"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are ours: one line, what to do, exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` with a hint."""
        message = self._lacking(message)
        more = "" if " — " in message else f" — {self.prog} --help shows them all"
        raise UsageError(f"{message}{self._hint(message)}{more}")

    def _hint(self, message: str) -> str:
        unknown = message.partition("unrecognized arguments:")[2].split()
        late = next((word for word in unknown if word in COMMANDS), None)
        if late:
            return f": the command comes first, pipeline-runner {late} …"
        if unknown and (hint := self._misplaced(unknown[0])):
            return hint
        known = [flag for action in self._actions for flag in action.option_strings]
        flags = [match[0] for word in unknown if (match := re.match(r"--?[\w-]+", word))]
        if command := next((flag.strip("-") for flag in flags if flag.strip("-") in COMMANDS), ""):
            return f": it is a command, pipeline-runner {command}"
        meant = {flag: habit for flag, habit in _HABITS.items() if habit in known}
        found = [near for near in (meant.get(flag) or nearest(flag, known) for flag in flags) if near]
        return f": did you mean {', '.join(found)}?" if found else ""

    def _misplaced(self, word: str) -> str:
        """Say how to name a definition: `run` takes it with a flag, the other commands take it without one."""
        takes = next((action.metavar for action in self._actions if not action.option_strings), None)
        if takes is None:
            return "" if word.startswith("-") else self._stray(word)
        flag = word.partition("=")[0]
        return f": it takes {takes} without a flag" if flag in {"--config", "--definition"} else ""

    def _stray(self, word: str) -> str:
        """Say what a word may be meant for, where none is expected."""
        flag = next((one.option_strings[0] for one in self._actions if word in str(one.metavar).split("|")), "")
        if flag:
            return f": write {flag} {word}"
        if "://" in word:
            return ": a value that has a space in it needs quotes, as in --input 'urls=https://a.example https://b.example'"
        return f": to run a definition, write --definition {word}" if self.prog.endswith("runner") else ""

    def _lacking(self, message: str) -> str:
        """Say of a flag without its value what the value is."""
        found = re.fullmatch(r"argument (\S+?)(/\S+)?: expected one argument", message)
        flag = found[1] if found else ""
        takes = next((action.metavar for action in self._actions if flag in action.option_strings), None)
        return f"{flag} needs a value — write {flag} {takes}" if takes else message


def split(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the command and what comes after it; `run` where none is named."""
    if not arguments or arguments[0].startswith("-"):
        return "run", arguments
    name, *rest = arguments
    if name not in COMMANDS:
        near = _HABITS.get(name) or nearest(name, list(COMMANDS))
        others = f"to run a definition, write --definition {name}; the commands are {', '.join(COMMANDS)}"
        hint = f'did you mean "{near}"?' if near else others
        raise UsageError(f"unknown command {described(name)} — {hint}")
    words = commands_of(name)
    if not words or not rest or rest[0].startswith("-"):
        return name, rest
    second, *rest = rest
    if second not in words:
        raise UsageError(f"unknown command {described(f'{name} {second}')} — {did_you_mean(second, words)}")
    return f"{name} {second}", rest


def parser_of(command: str) -> Parser:
    """Return the parser of a sub-command, with what all of them share."""
    parser = _main_parser() if command == "run" else _parser(command)
    parser.add_argument("-h", "--help", action=_Ask, nargs=0, help="show this help message and exit")
    if command == "run":
        parser.add_argument("--version", action=_Ask, nargs=0, help="print the version and exit")
    add_output_flags(parser)
    return parser


def _main_parser() -> Parser:
    commands = "\n".join(f"  {name:<{_COMMAND}} {summary}" for name, summary in COMMANDS.items())
    return Parser(
        prog="pipeline-runner",
        usage="pipeline-runner [run] [flags]\n       pipeline-runner COMMAND [flags]",
        description="Run a health pipeline: ingest alerts, gather context by checks, analyse, transform, notify.",
        epilog=f"commands:\n{commands}\n\n{EXAMPLES}",
        formatter_class=HelpFormat,
        allow_abbrev=False,
        add_help=False,
    )


def _parser(command: str) -> Parser:
    summary = COMMANDS[command]
    return Parser(
        prog=f"pipeline-runner {command}",
        usage=f"pipeline-runner {command} [flags]",
        description=f"{summary[0].upper()}{summary[1:]}.",
        formatter_class=HelpFormat,
        allow_abbrev=False,
        add_help=False,
    )


def add_output_flags(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="write one JSON document to stdout, and nothing else")
    add_choice(group, "--ci", "auto", "github", "none", default="auto", help="whose log syntax to speak (auto)")
    group.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")
    group.add_argument("-q", "--quiet", action="store_true", help="say only warnings and errors on stderr")
    add_choice(group, "--color", "auto", "always", "never", default="auto", help="colour the result (auto)")


def choice(*words: str) -> Callable[[str], str]:
    """Return what reads one of some words from the command line."""

    def one_of(text: str) -> str:
        if text not in words:
            raise argparse.ArgumentTypeError(f"unknown word {described(text)} — {did_you_mean(text, words)}")
        return text

    return one_of


def add_choice(
    group: argparse._ActionsContainer,
    flag: str,
    *words: str,
    help: str,  # noqa: A002 - argparse's own word
    default: str | None = None,
) -> None:
    """Add a flag that takes one of some words."""
    group.add_argument(flag, metavar="|".join(words), type=choice(*words), default=default, help=help)


def duration_argument(text: str) -> float:
    """Read a duration of the command line."""
    return _read(positive_duration, text)


def percent_argument(text: str) -> float:
    """Read a threshold in per cent: `85` or `85%`."""
    return _read(percentage, f"{text}%" if _NUMBER.fullmatch(text) else text)


def _read(reader: Callable[[object], T], text: str) -> T:
    try:
        return reader(text)
    except Invalid as error:
        raise argparse.ArgumentTypeError(" — ".join(filter(None, (error.sentence, error.hint)))) from None
