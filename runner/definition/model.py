"""What a definition is once it is loaded: everything checked, every expression compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.definition.config import Config
    from runner.definition.document import Place
    from runner.definition.entries import FailOn, Retry, SecretNeed
    from runner.definition.grants import Grants
    from runner.definition.inputs import Input
    from runner.errors import Diagnostic
    from runner.expressions import Expression


@record
class Way:
    """One way to go on, compiled."""

    to: str
    when: Expression | None = None


@record
class Step:
    """A node of a loaded definition: when it runs, within which limits, and what it is."""

    id: str
    type: str
    config: Config
    ways: tuple[Way, ...]
    """Where the walk goes on, tried in order; empty: it ends here."""
    when: Expression | None
    skip_if_errors: tuple[str, ...]
    skip_if: Expression | None
    required: bool
    always: bool
    timeout: float
    """Seconds of one attempt."""
    retry: Retry
    judges: bool
    """Its verdict counts."""
    place: Place


@record
class Definition:
    """A definition that can be run."""

    name: str
    label: str
    """The file as given, or `builtin:NAME`, `db:NAME`: what diagnostics and annotations name."""
    grants: Grants
    """What it may have."""
    sha256: str
    description: str
    version: int
    """The row's revision; 1 for a file."""
    timeout: float
    fail_on: FailOn
    inputs: Mapping[str, Input]
    secrets: Mapping[str, SecretNeed]
    env: tuple[str, ...]
    allow_hosts: tuple[str, ...]
    """Hosts that URLs out of a payload may name though their addresses are private."""
    steps: tuple[Step, ...]
    warnings: tuple[Diagnostic, ...]
