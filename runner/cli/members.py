"""What flags name: members of a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from runner.errors import UsageError
from runner.spec import Invalid

if TYPE_CHECKING:
    from runner.registry import Registry

T = TypeVar("T")


def member(registry: Registry[T], name: str) -> type[T]:
    """Return the class of a member that a flag names; raise `UsageError` where there is none."""
    try:
        return registry.load(name)
    except Invalid as error:
        raise UsageError(f"{error.sentence} — {error.hint}") from None
