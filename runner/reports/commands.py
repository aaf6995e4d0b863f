"""GitHub's workflow commands, a line each: masks, groups, the two lines around what is none.

The rules are those of the parser in `actions/runner` (ActionCommand.cs).
"""

from __future__ import annotations

from typing import Final

from runner.reports.escaping import neutralise, one_line
from runner.secrets import SHORTEST_MASKED

MAX_TITLE: Final = 255


def escape_data(text: str) -> str:
    """Escape the message of a command; `%` comes first, so that nothing is escaped twice."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Escape the value of a command's property."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def command(name: str, message: str = "", **properties: str | int) -> str:
    """Return a command, one line without its newline; properties that are empty or 0 are left out."""
    pairs = ",".join(f"{key}={escape_property(str(value))}" for key, value in properties.items() if value)
    return f"::{name}{' ' if pairs else ''}{pairs}::{escape_data(message)}"


def mask(value: str) -> list[str]:
    """Return the commands that hide a value in the log: one for each of its lines, since a log has no others.

    A line too short to be masked is left out, as the runner's own masker does.
    """
    lines = dict.fromkeys(line.strip() for line in value.splitlines())
    return [command("add-mask", line) for line in lines if len(line) >= SHORTEST_MASKED]


def group(title: str) -> str:
    """Return the command that folds the log up to the next `endgroup`; groups cannot stand in each other."""
    return command("group", neutralise(one_line(title, MAX_TITLE)))


def endgroup() -> str:
    """Return the command that ends a group."""
    return command("endgroup")


def stop(token: str) -> str:
    """Return the command after which nothing is one, our own ones included, until `resume` with the same token."""
    return command("stop-commands", token)


def resume(token: str) -> str:
    """Return the command that ends it."""
    return command(token)
