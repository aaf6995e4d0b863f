"""How much of this machine's memory is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import psutil

from runner.checks.base import Seen, Usage
from runner.records import record

if TYPE_CHECKING:
    from runner.scope import Scope


@record
class Memory(Usage):
    """Judge how much memory is used."""

    type: ClassVar[str] = "memory"

    include_swap: bool = False
    """Judge swap, too: the fuller of the two counts."""

    def look(self, scope: Scope) -> Seen:  # noqa: ARG002 - nothing here blocks
        """Read the figures of the kernel."""
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


def _seen(what: str, percent: float, metrics: dict[str, float]) -> Seen:
    return Seen(message=f"{what} is {percent:g}% used", value=percent, unit="%", metrics=metrics)
