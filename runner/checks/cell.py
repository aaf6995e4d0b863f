"""One value out of a database: as a number, for comparing, and for people."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from runner.checks.matching import excerpt

_NUMBER: Final = re.compile(r"\s*+[+-]?([0-9]++\.?[0-9]*+|\.[0-9]++)([eE][+-]?[0-9]{1,3})?\s*+")
_LARGEST: Final = 1 << 53
"""From here on not every whole number is a number of JSON."""


def number_of(cell: object) -> Decimal | None:
    """Return a cell as a number, a time span in seconds; None where it is none, or one that JSON does not have."""
    if isinstance(cell, timedelta):
        return Decimal(repr(cell.total_seconds()))
    if isinstance(cell, int | Decimal):
        found = Decimal(cell)
    elif isinstance(cell, float):
        found = Decimal(repr(cell))
    elif isinstance(cell, str) and _NUMBER.fullmatch(cell):
        found = Decimal(cell.strip())
    else:
        return None
    return found if found.is_finite() and math.isfinite(float(found)) else None


def same(cell: object, wanted: object) -> bool:
    """Compare a cell with what a file says: numbers as numbers, texts as a cell is written."""
    if cell is None or wanted is None:
        return cell is wanted
    if isinstance(wanted, str):
        return written(cell) == wanted
    return number_of(cell) == number_of(wanted)


def written(cell: object) -> str:
    """Write a cell as people do."""
    if cell is None:
        return "NULL"
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, bytes | bytearray | memoryview):
        return bytes(cell).decode("utf-8", "replace")
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, list | Mapping) else str(cell)


def shown(cell: object) -> str:
    """Write a cell for a message: `7`, `NULL`, `“in maintenance”`."""
    text = written(cell)
    return excerpt(text) if isinstance(cell, str | bytes | bytearray | memoryview) or len(text) > _SHORT else text


_SHORT: Final = 40
"""Characters that a message shows without quotation marks."""


def plain(cell: object) -> Any:  # noqa: ANN401 - a value of JSON
    """Return a cell for a result document."""
    if cell is None or isinstance(cell, bool | str):
        return cell if not isinstance(cell, str) else excerpt(cell).removeprefix("“").removesuffix("”")
    number = None if isinstance(cell, timedelta) else number_of(cell)
    if number is None:
        return excerpt(written(cell)).removeprefix("“").removesuffix("”")
    return int(number) if number == number.to_integral_value() and abs(number) < _LARGEST else float(number)
