"""Diagnostics about definitions: each on one line, at the place that is to blame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.definition.document import format_path
from runner.errors import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.definition.document import Document, Path, Place

AT_THE_KEY: Final = frozenset({"E103", "E203", "W504"})
"""Codes of diagnostics that stand at the key: unknown, duplicate and obsolete keys."""


def diagnostic_at(place: Place, label: str, code: str, path: Path, sentence: str, hint: str) -> Diagnostic:
    """Make a diagnostic about a place in the file that is called `label`."""
    return Diagnostic(
        code=code,
        severity="warning" if code.startswith("W") else "error",
        file=label,
        line=place.line,
        column=place.column,
        path=_printable(format_path(path)),
        sentence=_printable(sentence),
        hint=_printable(hint),
    )


def diagnostic(document: Document, label: str, code: str, path: Path, sentence: str, hint: str = "") -> Diagnostic:
    """Make a diagnostic, with the place that its path leads to: the key where the key is to blame."""
    return diagnostic_at(document.place(path, key=code in AT_THE_KEY), label, code, path, sentence, hint)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Put diagnostics in the order of their places."""
    return tuple(sorted(diagnostics, key=lambda one: (one.line, one.column, one.code)))


def _printable(text: str) -> str:
    """Write out what cannot be seen: what a file holds must not begin a line of the log."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
