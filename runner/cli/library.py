"""Where definitions are looked for by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.definition.library import Library

if TYPE_CHECKING:
    from runner.cli.shell import Shell


def library_of(shell: Shell) -> Library:
    """Return where definitions are looked for by name."""
    folder = shell.environ.get("PIPELINE_DEFINITIONS_DIR")
    own = (Path(folder).absolute(),) if folder else ()
    return Library(folders=(*own, shell.workspace / "definitions"), workspace=shell.workspace)
