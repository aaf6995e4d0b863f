"""Values of a run as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from runner.reports.escaping import well_formed


def plain(value: object) -> object:
    """Turn a value of a node's output into one that any JSON parser reads.

    Words of an enum become texts, times RFC 3339, secrets their names; what is no number becomes null.
    """
    if type(value) is str:  # nearly all are, and what comes below takes its time
        return well_formed(value)
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, float) or math.isfinite(value) else None
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, Mapping):
        return {well_formed(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return well_formed(str(value))


@lru_cache
def time_text(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, to the millisecond: `2026-11-22T03:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def rounded(milliseconds: float) -> float:
    """Round a duration to what was measured; never below nothing."""
    return round(max(milliseconds, 0.0), 2) if math.isfinite(milliseconds) else 0.0
