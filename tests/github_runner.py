"""GitHub's own runner, as far as it reads what a step writes: a port of `actions/runner`.

Commands are read as in ActionCommand.cs and ActionCommandManager.cs, and output files as in FileCommandManager.cs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

STOP: Final = "stop-commands"
COMMANDS: Final = frozenset(
    {
        "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice",
        "remove-matcher", "save-state", "set-env", "set-output", STOP, "warning",
    }
)  # fmt: skip
"""Every command that it has an extension for."""


class Parsed(NamedTuple):
    """A command."""

    name: str
    properties: dict[str, str]
    data: str


def lines_of(text: str) -> list[str]:
    """Read a stream by lines, as .NET does."""
    lines = re.split(r"\r\n|\n|\r", text)
    return lines if lines[-1] else lines[:-1]


def unescape_data(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def unescape_property(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def unescape_old(text: str) -> str:
    for code, character in (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def parse_new(line: str, names: Collection[str] = COMMANDS) -> Parsed | None:
    """Read a line as `TryParseV2` does."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, rest = line[2:end].partition(" ")
    if name.lower() not in names:
        return None
    pairs = [item.partition("=") for item in rest.strip().split(",") if item]
    properties = {key.lower(): unescape_property(value) for key, _, value in pairs if key and value}
    return Parsed(name.lower(), properties, unescape_data(line[end + 2 :]))


def parse_old(line: str, names: Collection[str] = COMMANDS) -> Parsed | None:
    """Read a line as `TryParse` does: the command may stand anywhere in it."""
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, rest = line[start + 3 : end].partition(" ")
    if name.lower() not in names:
        return None
    pairs = [item.partition("=") for item in rest.split(";") if item]
    properties = {key.lower(): unescape_old(value) for key, _, value in pairs if key and value}
    return Parsed(name.lower(), properties, unescape_old(line[end + 1 :]))


@dataclass
class Runner:
    """A step as GitHub's runner follows it: it stops and resumes commands, for both streams alike."""

    acted: list[Parsed] = field(default_factory=list)
    """The commands that were carried out, in their order."""
    shown: list[str] = field(default_factory=list)
    """The lines that are text."""
    bare: list[str] = field(default_factory=list)
    """Those of them that could have been commands."""
    fences: list[str] = field(default_factory=list)
    """The tokens that stopped commands, in their order."""
    stopped: str = ""
    """The token that commands wait for."""

    def read(self, lines: Iterable[str]) -> Runner:
        for line in lines:
            self._line(line)
        return self

    def _line(self, line: str) -> None:
        names = COMMANDS | {self.stopped} if self.stopped else COMMANDS
        found = parse_new(line, names) or parse_old(line, names)
        if found is None or (self.stopped and found.name != self.stopped):
            self.shown.append(line)
            self.bare += [] if self.stopped else [line]
        elif self.stopped:
            self.stopped = ""
        elif found.name == STOP:
            token = found.data.lower()
            assert token
            assert token not in COMMANDS | {"pause-logging"}  # the step would fail
            self.fences.append(found.data)
            self.stopped = token
        else:
            self.acted.append(found)


def orders(*streams: str) -> list[list[str]]:
    """Return orders in which the lines of streams may be read: nobody knows, for there is a reader for each."""
    texts = [lines_of(text) for text in streams]
    in_turns = [line for several in zip_longest(*texts) for line in several if line is not None]
    return [list(chain(*texts)), list(chain(*reversed(texts))), in_turns]


def heard(*streams: str) -> Runner:
    """Return what the runner made of a step; the same in whatever order it read the streams, and no fence is left."""
    runners = [Runner().read(lines) for lines in orders(*streams)]
    assert [one.stopped for one in runners] == [""] * len(runners)
    assert [one.acted for one in runners] == [runners[0].acted] * len(runners)
    return runners[0]


def read_file(text: str) -> dict[str, str]:
    """Read `GITHUB_OUTPUT` as `EnvFileKeyValuePairs` does."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, heredoc, delimiter = line.partition("<<")
        assert heredoc
        assert "=" not in name
        value = []
        while (inner := next(lines)) != delimiter:
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def named(acted: Sequence[Parsed], *names: str) -> list[Parsed]:
    """Return the commands of these names."""
    return [one for one in acted if one.name in names]
