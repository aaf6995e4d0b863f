"""How full the file systems of this machine are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

import psutil
from annotated_types import MinLen

from runner.checks.base import PlainText, Seen, Usage, known
from runner.errors import TimedOut
from runner.records import record
from runner.results import Verdict
from runner.spec import PercentAbove, Threshold
from runner.threads import concurrently

if TYPE_CHECKING:
    from runner.deadline import Deadline
    from runner.scope import Scope

Metrics = dict[str, float | str]

FILLING: Final = Threshold(above=80.0)
FULL: Final = Threshold(above=95.0)


@record
class Disk(Usage):
    """Judge the fullest of some file systems."""

    type: ClassVar[str] = "disk"

    warning: PercentAbove | None = FILLING
    """From where on the verdict is `warning`; null for never."""
    critical: PercentAbove | None = FULL
    """From where on the verdict is `critical`; null for never."""
    paths: Annotated[tuple[PlainText, ...], MinLen(1)] = ("/",)
    """A path on each file system that is looked at. One that cannot be read is `unknown` beside the others."""

    def look(self, scope: Scope) -> Seen:
        """Ask for each path, all at once: a mount that hangs keeps only itself."""
        ask = [partial(_usage, path, scope.deadline) for path in self.paths]
        found = dict(zip(self.paths, concurrently(ask, scope.deadline, limit=len(ask)), strict=True))
        unread = [f"{path} cannot be read: {usage['error']}" for path, usage in found.items() if "error" in usage]
        read = {path: float(usage["percent"]) for path, usage in found.items() if "percent" in usage}
        if not read:
            return Seen(
                message="disk " + ", ".join(unread),
                verdict=Verdict.UNKNOWN,
                metrics={"paths": found},
                code="unreadable",
            )
        worst = max(read, key=lambda path: read[path])
        return Seen(
            message=f"disk {worst} is {read[worst]:g}% full",
            verdict=Verdict.UNKNOWN if unread else Verdict.OK,
            value=read[worst],
            unit="%",
            metrics={**found[worst], "path": worst, "paths": found},
            also=", ".join(unread),
            code="unreadable" if unread else "",
        )

    @property
    def place(self) -> str:
        """The paths."""
        return ",".join(self.paths)

    @property
    def about(self) -> str | None:
        """The paths."""
        return " ".join(self.paths) if known(*self.paths) else None

    @property
    def task(self) -> str:
        """What is measured."""
        return f"measure {', '.join(self.paths)}"


def _usage(path: str, deadline: Deadline) -> Metrics:
    """Return what a path's file system says, or its `error`."""
    # A file system that is gone blocks the call for good, so it gets a thread that can be left behind, and
    # a little less time than the check, which is to say so.
    patience = deadline.within(deadline.left * 0.9)
    try:
        return concurrently([partial(_ask, path)], patience, limit=1)[0]
    except TimedOut:
        deadline.check()
        return {"error": "it does not answer"}
    except OSError as error:
        return {"error": (error.strerror or str(error)).lower()}


def _ask(path: str) -> Metrics:
    usage = psutil.disk_usage(path)
    return {
        "percent": usage.percent,
        "total_bytes": usage.total,
        "used_bytes": usage.used,
        "free_bytes": usage.free,
    }
