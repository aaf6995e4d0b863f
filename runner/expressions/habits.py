"""What people type by habit, and what to write here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUOTED: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_BEGIN: Final = re.compile(r"\{\{|\{%(?:\s*set\s[^=]*=)?")
_END: Final = re.compile(r"\}\}|%\}")
_LONGEST_LINE: Final = 1000
"""Characters that are searched: the patterns go back and forth."""
_SIGNS: Final = (
    (re.compile(r"[!=]=="), "write == or !="),
    (re.compile(r"&&"), 'write "and"'),
    (re.compile(r"\|\|"), 'write "or"'),
    (re.compile(r"!(?!=)"), 'write "not"'),
    (re.compile(r"\?"), 'write "a if condition else b"'),
    (re.compile(r"(?<![=!<>])=(?!=)"), "write == to compare"),
)

_SOUND: Final = 'write it like: probe.verdict >= "warning" and not inputs.quiet'
_STATUS: Final = 'write a "when" that reads a node, like: probe.status == "failed"'
FOREIGN_FUNCTIONS: Final[Mapping[str, str]] = {
    "always": "set always: true on the node",
    "success": "leave it out: a node runs only while no required node has failed",
    "failure": f"set always: true on the node, and {_STATUS}",
    "cancelled": f"set always: true on the node, and {_STATUS.replace('failed', 'cancelled')}",
    "contains": "write: b in a",
    "startsWith": 'write: a.startswith("b")',
    "endsWith": 'write: a.endswith("b")',
    "format": 'join the parts with ~, like: "disk " ~ name',
    "join": 'write: a | join(", ")',
    "toJSON": "write: a | tojson",
    "fromJSON": "leave it out: values keep their types",
    "len": "write: a | length",
    "str": 'write: a ~ ""',
    "list": "write: a | list",
    "now": "read run.started_at",
}
"""Functions of GitHub's expressions and of Python."""

FOREIGN_METHODS: Final[Mapping[str, str]] = {
    "append": "write: a + [b]",
    "contains": "write: b in a",
    "includes": "write: b in a",
    "format": 'join the parts with ~, like: "disk " ~ name',
    "format_map": 'join the parts with ~, like: "disk " ~ name',
    "toUpperCase": "write: a.upper()",
    "toLowerCase": "write: a.lower()",
}
FOREIGN_WORDS: Final[Mapping[str, str]] = {
    "null": "write none",
    "undefined": "write: name is undefined",
}
"""Names of other languages."""
FOREIGN_FILTERS: Final[Mapping[str, str]] = {
    "attr": "read it with a dot: a.name",
    "count": "write length",
    "d": "write default",
    "e": "write escape",
    "format": "join the parts with ~",
    "safe": "leave it out: nothing is escaped unless you write escape",
    "string": 'write: a ~ ""',
    "to_json": "write tojson",
}
"""Filters of Jinja2 and Ansible."""


def sign_hint(line: str, *, bare: bool) -> str:
    """Return the hint at the first foreign operator in a line that could not be read, else at what can be.

    `bare` says that all of it is an expression.
    """
    line = line[:_LONGEST_LINE]
    pieces = [line] if bare or not _BEGIN.search(line) else _BEGIN.split(line)[1:]
    unquoted = _QUOTED.sub("''", " ".join(_END.split(piece, 1)[0] for piece in pieces))
    found = [(match.start(), hint) for sign, hint in _SIGNS if (match := sign.search(unquoted))]
    return min(found)[1] if found else _SOUND
