"""How busy the processors of this machine are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import psutil
from annotated_types import Interval

from runner.checks.base import Seen, Usage, known
from runner.records import record
from runner.spec import Duration, Invalid, duration_text

if TYPE_CHECKING:
    from runner.deadline import Deadline
    from runner.scope import Scope


@record
class Cpu(Usage):
    """Judge how busy the processors are, on average over some samples."""

    type: ClassVar[str] = "cpu"

    samples: Annotated[int, Interval(ge=1, le=1000)] = 5
    """How often the usage is measured."""
    sample_interval: Duration = 1.0
    """How long each sample takes."""
    per_cpu: bool = False
    """Judge the busiest core, not the average of all."""

    def __post_init__(self) -> None:
        """Refuse samples that take more time than there is."""
        Usage.__post_init__(self)
        if not known(self.sample_interval, self.timeout):
            return
        needed = self.samples * self.sample_interval
        if needed >= self.timeout:
            msg = f"{self.samples} samples of {duration_text(self.sample_interval)} leave no time"
            hint = f"the timeout is {duration_text(self.timeout)}: raise it, or take fewer samples"
            raise Invalid(msg, hint, at=("samples",))

    def look(self, scope: Scope) -> Seen:
        """Measure as often as asked, or as often as the time that is left allows."""
        rounds = _measure(self.samples, self.sample_interval, scope.deadline)
        cores = [_average(core) for core in zip(*rounds, strict=True)]
        totals = [_average(cpus) for cpus in rounds]
        percent = max(cores) if self.per_cpu else _average(totals)
        which = f"busiest of {len(cores)} cores" if self.per_cpu else "cpu"
        return Seen(
            message=f"{which} is {percent:g}% busy",
            value=percent,
            unit="%",
            metrics={
                "percent": percent,
                "min": min(totals),
                "max": max(totals),
                "samples": len(rounds),
                "cpu_count": len(cores),
                "per_cpu": cores,
            },
        )

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
        which = "the busiest core" if self.per_cpu else "all cores"
        return f"measure {which}, samples: {self.samples}"


def _measure(samples: int, interval: float, deadline: Deadline) -> list[list[float]]:
    """Return the usage of each core, for each sample; fewer samples where the time runs out, but one at least."""
    rounds: list[list[float]] = []
    psutil.cpu_percent(percpu=True)
    while len(rounds) < samples and (not rounds or deadline.left > interval):
        deadline.sleep(interval)
        rounds.append(psutil.cpu_percent(percpu=True))
    return rounds


def _average(values: list[float] | tuple[float, ...]) -> float:
    return round(sum(values) / len(values), 1)
