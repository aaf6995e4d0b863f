"""Names put into the texts of rules: in prose as they are, in commands quoted for a shell.

Alerts and answers are written by strangers, and people paste commands: what a shell could take for more than one
word, or a program for an option, never stands in one.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME: Final = re.compile(r"{(\w+)}")
_LONGEST: Final = 200
"""Characters of a name in a command."""


class Words(str):
    """Several words of a command that were looked at by whoever put them together: they stay apart."""

    __slots__ = ()


def fill(text: str, names: Mapping[str, str]) -> str | None:
    """Fill names in; None where one of them is not known, or does not belong into a command."""
    parts = text.split("`")
    wanted = {name for part in parts for name in _NAME.findall(part)}
    in_commands = {name for part in parts[1::2] for name in _NAME.findall(part)}
    if wanted - names.keys() or not all(quotable(names[name]) for name in in_commands):
        return None
    prose, commands = {name: _plain(names[name]) for name in wanted}, {name: _quoted(names[name]) for name in wanted}
    return "`".join(_put(part, commands if place % 2 else prose) for place, part in enumerate(parts))


def _put(text: str, names: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: names[match[1]], text)


def quotable(value: str) -> bool:
    """Say whether a text may stand in a command."""
    bare = value.strip()
    return len(bare) <= _LONGEST and bare.isprintable() and "`" not in bare and not bare.startswith("-")


def _quoted(value: str) -> str:
    """Quote a text, but for a blank before it."""
    if isinstance(value, Words):
        return value
    bare = value.lstrip()
    return value[: len(value) - len(bare)] + shlex.quote(bare) if bare else ""


def _plain(value: str) -> str:
    """Keep a text from looking like a command."""
    return value.replace("`", "'")
