"""The providers: back ends that turn what is known into an analysis."""

from __future__ import annotations

from typing import Final

from runner.providers.base import Answer, Provider
from runner.registry import Registry

__all__ = ["PROVIDERS", "Answer", "Provider"]

PROVIDERS: Final[Registry[Provider]] = Registry(
    kind="provider",
    key="provider",
    table={
        "local": "runner.providers.local:Local",
        "openai": "runner.providers.openai:OpenAI",
    },
)
