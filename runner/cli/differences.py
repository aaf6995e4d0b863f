"""Two definitions side by side: what has changed, for people and for programs."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from runner.definition.comparison import compare, snapshot_of
from runner.definition.config import credentials_of
from runner.definition.library import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.cli.shell import Shell
    from runner.definition.comparison import Change, Snapshot
    from runner.definition.source import Text

_PREFIXES: Final = r"(file|db|builtin):"


def names_definition(word: str) -> bool:
    """Say whether a word means a definition where it could mean a run: by a prefix, a path or a suffix."""
    return bool(re.match(_PREFIXES, word)) or "/" in word or word.endswith(SUFFIXES)


def looked_at(text: Text, shell: Shell) -> Snapshot:
    """Look at a definition; the credentials that stand in it are masked from then on."""
    found = snapshot_of(text)
    for step in found.definition.steps if found.definition else ():
        if step.config.sketch is not None:
            shell.masker.add(*credentials_of(step.config.sketch))
    return found


def changes(before: Text | None, after: Text, shell: Shell) -> tuple[Change, ...]:
    """Return what has changed from one text to another, or what a new one uses."""
    return compare(None if before is None else looked_at(before, shell), looked_at(after, shell))


def documents(found: Iterable[Change]) -> list[dict[str, Any]]:
    """Return changes as JSON has them."""
    return [{**asdict(one), "text": str(one)} for one in found]
