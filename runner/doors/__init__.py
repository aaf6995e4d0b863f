"""The only ways out: network, HTTP, processes and files. Every call takes a deadline; a dry run gets shut doors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.doors.effect import Effect
from runner.doors.opened import Doors

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Doors", "Effect", "open_doors", "shut_doors"]


def open_doors(environ: Mapping[str, str], *, programs: bool = True) -> Doors:
    """Return doors that lead out, to `programs` only where they may be started."""
    return Doors(environ, programs=programs)


def shut_doors() -> Doors:
    """Return doors for a dry run: whatever would reach the world raises `ForbiddenEffect`; files may be read."""
    from runner.doors.shut import ShutDoors  # noqa: PLC0415 - only in a dry run

    return ShutDoors({})
