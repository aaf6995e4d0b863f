"""What tests build runs from: a log and an observer that remember, definitions from text, a world with real doors."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from runner.deadline import Deadline
from runner.definition.loader import load
from runner.definition.source import Text
from runner.doors import open_doors
from runner.engine.world import World
from runner.errors import NodeError
from runner.results import Output, RunFacts
from runner.scope import Scope
from runner.secrets import Masker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.definition.model import Definition, Step
    from runner.results import NodeResult
    from runner.scope import Node


@dataclass
class Lines:
    """A log that keeps what it is told."""

    said: list[str] = field(default_factory=list)

    def info(self, text: str) -> None:
        self.said.append(text)

    def warning(self, text: str) -> None:
        self.said.append(f"warning: {text}")


@dataclass
class Witness:
    """An observer that keeps what it hears."""

    heard: list[str] = field(default_factory=list)

    def started(self, step: Step) -> None:
        self.heard.append(f"started {step.id}")

    def finished(self, result: NodeResult) -> None:
        self.heard.append(f"finished {result.node_id}")


FACTS = RunFacts(
    id="11111111-1111-4111-8111-111111111111",
    trace_id="22222222-2222-4222-8222-222222222222",
    definition="test",
    definition_version=1,
    definition_source="test.yaml",
    definition_sha256="0" * 64,
    source="cli",
    environment="test",
    started_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)


def definition_of(text: str) -> Definition:
    """Load a definition from YAML."""
    return load(Text(data=text.encode(), label="test.yaml", name="test"))


def world_of(definition: Definition, **given: Any) -> World:  # noqa: ANN401 - the fields of World
    """Return a world with real doors."""
    fixed: dict[str, Any] = {
        "run": FACTS,
        "doors": open_doors({}),
        "log": Lines(),
        "masker": Masker(),
        "timeout": definition.timeout,
        "fail_on": definition.fail_on,
    }
    return World(**{**fixed, **given})


def scope_of(*nodes: NodeResult, seconds: float = 20.0, **given: Any) -> Scope:  # noqa: ANN401 - the fields of Scope
    """Return a scope with real doors, in which these nodes have run."""
    fixed: dict[str, Any] = {"run": FACTS, "doors": open_doors({}), "log": Lines(), "masker": Masker()}
    results = {result.node_id: result for result in nodes}
    return Scope(**{**fixed, **given}, deadline=Deadline(seconds), nodes=results)


def concluded(node: Node, scope: Scope) -> Output:
    """Run a node as a walk does that has no try left: what stands in for its output counts."""
    try:
        return node.run(scope)
    except NodeError as error:
        if not isinstance(error.instead, Output):
            raise
        return error.instead


def needs(name: str, available: object, reason: str) -> None:
    """Skip the test where what it needs is not there; fail it where `PIPELINE_TEST_REQUIRE` lists the name of it."""
    if available:
        return
    if name in os.environ.get("PIPELINE_TEST_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"PIPELINE_TEST_REQUIRE lists {name}, but {reason}")
    pytest.skip(reason)


@contextmanager
def at_once() -> Iterator[None]:
    """Fail where the block works for a quarter of a second: what others send has no power over our time."""
    began = time.thread_time()
    yield
    assert time.thread_time() - began < 0.25
