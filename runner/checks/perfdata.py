"""Performance data of monitoring plugins: `'/var'=42%;80;95;0;100`, after the first `|`."""

from __future__ import annotations

import re
from typing import Final

_DATUM: Final = re.compile(
    r"(?:'(?P<quoted>(?:[^']|'')++)'|(?P<bare>[^\s='|]++))"
    r"=(?P<value>[+-]?(?:\d++(?:[.,]\d*+)?|[.,]\d++)(?:[eE][+-]?\d+)?)(?P<unit>[^\s;|=\d]*+)(?P<limits>(?:;[^\s;]*+)*+)"
    r"|\S++"
)
"""One of them, or a word that is none: it is passed as a whole, so that no output takes long."""
_LIMITS: Final = ("warning", "critical", "min", "max")

Datum = dict[str, float | str]


def perfdata(output: str) -> dict[str, Datum]:
    """Return what a plugin measured, by label: `value`, `unit`, and the limits it gave as text.

    It stands after `|` on the first line, and after the next `|` in the lines that follow.
    """
    first, _, rest = output.partition("\n")
    data = " ".join(part.partition("|")[2] for part in (first, rest))
    return {_label(match): _datum(match) for match in _DATUM.finditer(data) if match["value"]}


def _label(match: re.Match[str]) -> str:
    return match["bare"] or match["quoted"].replace("''", "'")


def _datum(match: re.Match[str]) -> Datum:
    limits = zip(_LIMITS, match["limits"].split(";")[1:], strict=False)
    return {
        "value": float(match["value"].replace(",", ".")),
        "unit": match["unit"],
        **{name: limit for name, limit in limits if limit},
    }
