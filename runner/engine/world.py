"""Everything that a run is given beside its definition."""

from __future__ import annotations

from dataclasses import field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runner.deadline import Stop
from runner.records import record
from runner.results import NOTHING
from runner.scope import Scope, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.deadline import Deadline
    from runner.definition.entries import FailOn
    from runner.results import NodeResult


def utc_now() -> datetime:
    """Read the wall clock."""
    return datetime.now(UTC)


@record
class World(Surroundings):
    """Everything a run is given beside its definition."""

    timeout: float
    fail_on: FailOn
    stop: Stop = field(default_factory=Stop)
    now: Callable[[], datetime] = utc_now

    def scope(
        self,
        deadline: Deadline,
        *,
        nodes: Mapping[str, NodeResult],
        node: str = "",
        incident: Mapping[str, object] = NOTHING,
        failure: str = "",
    ) -> Scope:
        """Return what a node sees of it, with what has happened so far."""
        same: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(Surroundings)}
        return Scope(**same, deadline=deadline, node=node, nodes=nodes, incident=incident, failure=failure)
