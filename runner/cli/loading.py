"""How a definition that was found is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.definition.loader import load

if TYPE_CHECKING:
    from runner.cli.shell import Shell
    from runner.definition.loader import Rewrite
    from runner.definition.model import Definition
    from runner.definition.source import Text


def load_text(text: Text, shell: Shell, rewrite: Rewrite | None = None) -> Definition:
    """Load a definition that was found, as whoever runs this allows; raise `DefinitionError`."""
    return load(
        text.data,
        text.label,
        name=text.name,
        kind=None if text.is_file else "yaml",
        is_file=text.is_file,
        granted=frozenset(shell.environ.get("PIPELINE_ALLOW_SECRETS", "").replace(",", " ").split()),
        rewrite=rewrite,
    )
