"""Looking for something in a text that came from outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from runner.checks.base import known
from runner.errors import NodeError
from runner.spec import Invalid

if TYPE_CHECKING:
    from runner.deadline import Deadline

EXCERPT: Final = 120
"""Characters of an answer that a message shows."""
PATIENCE: Final = 1.0
"""Seconds that a pattern may be looked for."""
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ufffd]+")
"""Space, control characters, and what stands for bytes that are no text."""


def excerpt(text: str) -> str:
    """Return the beginning of a text on one line: `“Service unavailable”`."""
    line = _BLANK.sub(" ", text[: EXCERPT * 4]).strip()
    if not line:
        return "nothing"
    return f"“{line if len(line) <= EXCERPT else line[: EXCERPT - 1] + '…'}”"


def refuse_bad_pattern(pattern: str | None, *at: str | int) -> None:
    """Raise `Invalid` where the pattern at a path does not compile."""
    if pattern is None or not known(pattern):
        return
    import regex  # noqa: PLC0415 - 30 ms that only a pattern is worth

    try:
        regex.compile(pattern)
    except regex.error as error:
        msg = f"the pattern does not compile: {error}"
        raise Invalid(msg, "patterns are written as in Python's re", at=at) from None


def found(pattern: str, text: str, deadline: Deadline) -> bool:
    """Say whether a pattern is somewhere in a text.

    Raises `NodeError` where that takes too long. Python's own `re` cannot be stopped.
    """
    import regex  # noqa: PLC0415 - 30 ms that only a pattern is worth

    deadline.check()
    try:
        return regex.search(pattern, text, timeout=min(PATIENCE, deadline.left)) is not None
    except TimeoutError as error:
        deadline.check()
        msg = f"the pattern {pattern} takes too long on {excerpt(text)}: write it without nested repetitions"
        raise NodeError(msg, code="pattern") from error
