"""How much of this machine's memory is used."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

import psutil

from runner.checks.base import Seen, Usage
from runner.checks.running import survey
from runner.errors import TimedOut
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.checks.running import Running
    from runner.scope import Scope


_MOST: Final = 3
"""Processes that are named."""
_TIME: Final = 0.5
"""The part of the check's time that looking for them may take."""
_SHARE: Final = 0.05
"""Of the memory; who has less is not to blame."""


@record
class Memory(Usage):
    """Judge how much memory is used."""

    type: ClassVar[str] = "memory"

    include_swap: bool = False
    """Judge swap, too: the fuller of the two counts."""

    def look(self, scope: Scope) -> Seen:
        """Read the figures of the kernel; where it is too much, look who has most of it."""
        seen = self._measured()
        if not any(threshold.crossed(seen.value or 0.0) for _, threshold in self.levels):
            return seen
        most: list[Running] = []
        with suppress(TimedOut):  # that it is too much is known, and must not be lost for a name
            survey_time = scope.deadline.within(scope.deadline.left * _TIME)
            most = largest(survey(survey_time).found, psutil.virtual_memory().total)
        named = ", ".join(f"{one.name} (pid {one.pid}, {one.rss / 2**30:.1f} GiB)" for one in most)
        told = [{"name": one.name, "pid": one.pid, "rss_bytes": one.rss} for one in most]
        return replace(
            seen, also=f"most is held by {named}" if named else "", metrics={**seen.metrics, "largest": told}
        )

    def _measured(self) -> Seen:
        memory = psutil.virtual_memory()
        swap = psutil.swap_memory() if self.include_swap else None
        metrics = {
            "percent": memory.percent,
            "total_bytes": memory.total,
            "used_bytes": memory.used,
            "available_bytes": memory.available,
        }
        if swap is None:
            return _seen("memory", memory.percent, metrics)
        metrics |= {"swap_percent": swap.percent, "swap_total_bytes": swap.total, "swap_used_bytes": swap.used}
        fuller = ("swap", swap.percent) if swap.percent > memory.percent else ("memory", memory.percent)
        return _seen(*fuller, metrics)

    @property
    def place(self) -> str:
        """Nothing: the machine is all there is."""
        return ""

    @property
    def about(self) -> str | None:
        """Nothing: there is one."""
        return ""

    @property
    def task(self) -> str:
        """What is measured."""
        return "measure memory and swap" if self.include_swap else "measure memory"


def largest(found: Iterable[Running], total: int) -> list[Running]:
    """Return the processes that have most of the memory, the largest first; none that has little of `total` bytes.

    In a container, where those of others are not seen, nobody's few megabytes are to pass for the reason.
    """
    big = [one for one in found if one.rss >= total * _SHARE]
    return sorted(big, key=lambda one: (-one.rss, one.pid))[:_MOST]


def _seen(what: str, percent: float, metrics: dict[str, float]) -> Seen:
    return Seen(message=f"{what} is {percent:g}% used", value=percent, unit="%", metrics=metrics)
