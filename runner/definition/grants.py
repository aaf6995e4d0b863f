"""What whoever runs a definition allows it: a definition cannot grant itself what its author does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable

_GUARDED: Final = ("PIPELINE_", "ACTIONS_", "INPUT_")
"""The runner's own configuration and the CI system's tokens."""


@record
class Grants:
    """What a definition may have."""

    names: frozenset[str] = frozenset()
    """Environment variables that are allowed by name."""
    limited: bool = False
    """It comes from a database, where others may write than in the repository: it gets no other variables, no hosts
    of its own, and no commands."""
    commands: bool = False
    """It may start programs all the same."""
    looking: bool = False
    """It is looked at, and will not run: nothing is refused."""

    def refused(self, name: str) -> str:
        """Say why a definition does not get a variable; empty where it does."""
        if self.looking or name in self.names:
            return ""
        if name.startswith(_GUARDED) or name == "GITHUB_TOKEN":
            return f"a definition cannot grant itself {name}"
        return f"a definition from a database does not get {name} by itself" if self.limited else ""

    def given(self, names: Iterable[str]) -> frozenset[str]:
        """Return which of the variables that drivers and providers read it gets."""
        return frozenset(name for name in names if not self.limited or name in self.names)


EVERYTHING: Final = Grants()
"""What a definition of the repository may have."""
LOOKING: Final = Grants(looking=True)
"""What is asked of a definition that somebody only looks at."""
