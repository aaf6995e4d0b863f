"""The JSON Schema of definitions, from the same classes that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.definition.entries import DefinitionEntry, NodeEntry
from runner.definition.legacy import UNREAD
from runner.nodes import NODES
from runner.providers import PROVIDERS
from runner.validators import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.registry import Registry
