"""A page for each sub-command, made of its parser."""

from __future__ import annotations

import argparse
import textwrap
from importlib import import_module
from typing import TYPE_CHECKING, Final

from docs.generate.markdown import code, fence, page, table, tidy
from runner.cli.arguments import EXAMPLES, parser_of
from runner.cli.commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.cli.arguments import Parser

_LAST: Final = ("options", "output")
"""Groups that every command has come after its own."""


def command_pages() -> Iterator[tuple[str, str]]:
    """Make the pages, by the path of each."""
    yield "reference/commands/index.md", _index()
    for name in COMMANDS:
        yield path_of(name), _page(name, parser(name))


def path_of(name: str) -> str:
    """Return the path of a command's page."""
    return f"reference/commands/{_one_word(name)}.md"


def parser(name: str) -> Parser:
    """Return the parser of a sub-command as the program has it."""
    made = parser_of(name)
    import_module(f"runner.cli.commands.{name.replace(' ', '_')}").arguments(made)
    return made


def _one_word(name: str) -> str:
    return name.replace(" ", "-")


def _index() -> str:
    rows = (
        (f"[`{name}`]({_one_word(name)}.md)", f"{tidy(text[0].upper() + text[1:])}") for name, text in COMMANDS.items()
    )
    return page(
        "# Command line",
        "`pipeline-runner COMMAND [flags]`; without a command it is `run`. What is printed on stdout is the result, "
        "the log goes to stderr. The process ends with one of the [exit codes](../exit-codes.md).",
        table(("Command", "What it does"), rows),
    )


def _page(name: str, made: Parser) -> str:
    found = sorted(made._action_groups, key=lambda one: one.title in _LAST)  # noqa: SLF001 - argparse shows them nowhere else
    groups = [block for group in found for block in _group(group)]
    return page(
        f"# {name}",
        tidy(made.description or ""),
        fence(_usage(made)),
        *groups,
        page("## Examples", fence(textwrap.dedent(EXAMPLES.removeprefix("examples:\n")))) if name == "run" else "",
    )


def _usage(made: Parser) -> str:
    return made.format_usage().removeprefix("usage: ").replace("\n       ", "\n").strip()


def _group(group: argparse._ArgumentGroup) -> tuple[str, ...]:
    actions = [one for one in group._group_actions if one.help is not argparse.SUPPRESS]  # noqa: SLF001 - as above
    rows = [(_called(one), tidy(one.help or "")) for one in actions]
    title = {"positional arguments": "Arguments", "options": "Help"}.get(group.title or "", group.title or "")
    return (f"## {title[:1].upper()}{title[1:]}", table(("Flag", "What it does"), rows)) if rows else ()


def _called(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    names = ", ".join(action.option_strings)
    return code(f"{names}{value}".strip())
