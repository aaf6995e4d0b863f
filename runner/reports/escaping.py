"""Text from outside made harmless for a line of a log: what cannot be seen is written out, nothing is a command."""

from __future__ import annotations

import re
from typing import Final

_UNSEEN: Final = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
"""Control characters, line separators, marks that turn the direction of writing, and halves of surrogate pairs."""
_SPOKEN: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_COMMAND: Final = r"^(\s*)::"


def well_formed(text: str) -> str:
    """Write out halves of surrogate pairs, so that the text can be encoded; the rest stays."""
    return str(text) if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def printable(text: str) -> str:
    """Write out, as Python would, every character that cannot be seen or that moves others."""
    return text if text.isprintable() else re.sub(_UNSEEN, _written, text)


def one_line(text: str, limit: int) -> str:
    """Put a text on one line of at most `limit` characters: white space becomes one space, the rest is printable."""
    line = printable(" ".join(text[: 4 * limit].split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def neutralise(text: str) -> str:
    """Put a text on one line that no CI system reads as a command.

    GitHub's runner takes `::` behind any white space at the start of a line, and `##[` anywhere.
    """
    return re.sub(_COMMAND, r"\1\\::", printable(text).replace("##[", r"##\["))


def inert(text: str) -> str:
    """Spell JSON so that no CI system finds a command in it: GitHub's runner takes `##[` anywhere in a line."""
    return text.replace("##[", r"#\u0023[")


def _written(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    return _SPOKEN.get(character) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004 - a byte
