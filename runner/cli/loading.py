"""How a definition that was found is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.definition.grants import Grants
from runner.definition.loader import load

if TYPE_CHECKING:
    from runner.cli.shell import Shell
    from runner.definition.loader import Rewrite
    from runner.definition.model import Definition
    from runner.definition.source import Text


def load_text(text: Text, shell: Shell, rewrite: Rewrite | None = None, *, commands: bool = False) -> Definition:
    """Load a definition that was found, as whoever runs this allows; raise `DefinitionError`."""
    names = shell.environ.get("PIPELINE_ALLOW_SECRETS", "").replace(",", " ").split()
    grants = Grants(names=frozenset(names), limited=text.origin == "database", commands=commands)
    return load(text, grants=grants, rewrite=rewrite)
