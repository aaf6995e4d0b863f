"""The node types: what a definition is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.registry import Registry

if TYPE_CHECKING:
    from runner.scope import Node

NODES: Final[Registry[Node]] = Registry(
    kind="node type",
    key="type",
    table={
        "ingest": "runner.nodes.ingest:Ingest",
        "context": "runner.nodes.context:Context",
        "intelligence": "runner.nodes.intelligence:Intelligence",
        "transform": "runner.nodes.transform:Transform",
        "notify": "runner.nodes.notify:Notify",
    },
)
