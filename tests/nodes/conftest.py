from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.scope import Overrides
from tests.support import scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.results import NodeResult
    from runner.scope import Scope


@pytest.fixture
def make_scope() -> Callable[..., Scope]:
    """Make a scope of a machine: `make_scope(seconds=2.0, hostname="web-1", nodes=(result, …))`."""

    def make(*, seconds: float = 20.0, hostname: str = "web-1", nodes: tuple[NodeResult, ...] = ()) -> Scope:
        return scope_of(*nodes, seconds=seconds, overrides=Overrides(hostname=hostname))

    return make


@pytest.fixture
def scope(make_scope: Callable[..., Scope]) -> Scope:
    return make_scope()
