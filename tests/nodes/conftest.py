from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from runner.deadline import Deadline
from runner.doors import open_doors
from runner.results import RunFacts
from runner.scope import Overrides, Scope
from runner.secrets import Masker

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.results import NodeResult

RUN = RunFacts(
    id="run-1",
    trace_id="trace-1",
    definition="test",
    definition_version=1,
    definition_source="test.yaml",
    definition_sha256="0" * 64,
    source="cli",
    environment="test",
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@dataclass
class Said:
    """A log that remembers."""

    lines: list[str] = field(default_factory=list)

    def info(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.lines.append(text)


ScopeMaker = "Callable[..., Scope]"


@pytest.fixture
def make_scope() -> Callable[..., Scope]:
    """Make a scope with open doors: `make_scope(seconds=2.0, hostname="web-1", nodes=(result, …))`."""

    def make(*, seconds: float = 20.0, hostname: str = "web-1", nodes: tuple[NodeResult, ...] = ()) -> Scope:
        return Scope(
            run=RUN,
            deadline=Deadline(seconds),
            doors=open_doors({}),
            log=Said(),
            masker=Masker(),
            nodes={result.node_id: result for result in nodes},
            overrides=Overrides(hostname=hostname),
        )

    return make


@pytest.fixture
def scope(make_scope: Callable[..., Scope]) -> Scope:
    return make_scope()
