"""Members of registries that a flag names."""

from __future__ import annotations

from typing import Any

from runner.errors import UsageError
from runner.spec import Invalid


def member(registry: Any, name: str) -> type[Any]:  # noqa: ANN401 - any registry
    """Return the class of a member that a flag names; raise `UsageError` where there is none."""
    try:
        return registry.load(name)  # type: ignore[no-any-return]
    except Invalid as error:
        raise UsageError(f"{error.sentence} — {error.hint}") from None
