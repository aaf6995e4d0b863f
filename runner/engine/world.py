"""Everything that a run is given beside its definition."""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from runner.deadline import Stop
from runner.records import record
from runner.results import NOTHING
from runner.scope import Overrides, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.deadline import Deadline
    from runner.definition.entries import FailOn
    from runner.doors import Doors
    from runner.results import NodeResult, RunFacts
    from runner.scope import Log
    from runner.secrets import Masker, Secret


def utc_now() -> datetime:
    """Read the wall clock."""
    return datetime.now(UTC)


@record
class World:
    """Everything a run is given beside its definition."""

    facts: RunFacts
    doors: Doors
    log: Log
    masker: Masker
    timeout: float
    fail_on: FailOn
    payload: object = NOTHING
    inputs: Mapping[str, object] = NOTHING
    secrets: Mapping[str, Secret] = NOTHING
    env: Mapping[str, str] = NOTHING
    variables: Mapping[str, Secret] = NOTHING
    allow_hosts: frozenset[str] = frozenset()
    overrides: Overrides = field(default_factory=Overrides)
    in_ci: bool = False
    stop: Stop = field(default_factory=Stop)
    now: Callable[[], datetime] = utc_now

    def scope(
        self,
        deadline: Deadline,
        *,
        nodes: Mapping[str, NodeResult],
        incident: Mapping[str, object] = NOTHING,
        failure: str = "",
    ) -> Scope:
        """Return what a node sees of it, with what has happened so far."""
        return Scope(
            run=self.facts,
            deadline=deadline,
            doors=self.doors,
            log=self.log,
            masker=self.masker,
            payload=self.payload,
            inputs=self.inputs,
            secrets=self.secrets,
            env=self.env,
            variables=self.variables,
            nodes=nodes,
            incident=incident,
            allow_hosts=self.allow_hosts,
            overrides=self.overrides,
            in_ci=self.in_ci,
            failure=failure,
        )
