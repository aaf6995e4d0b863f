"""Where definitions are looked for, and how one that was found is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.definition.library import Library
from runner.definition.loader import load

if TYPE_CHECKING:
    from runner.cli.shell import Shell
    from runner.definition.library import Text
    from runner.definition.loader import Rewrite
    from runner.definition.model import Definition


def library_of(shell: Shell) -> Library:
    """Return where definitions are looked for by name."""
    folder = shell.environ.get("PIPELINE_DEFINITIONS_DIR")
    own = (Path(folder).absolute(),) if folder else ()
    return Library(folders=(*own, shell.workspace / "definitions"), workspace=shell.workspace)


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
