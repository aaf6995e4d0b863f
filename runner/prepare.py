"""Prepares the validators of every configurable class, so that no run has to wait for pydantic.

`python -m runner.prepare [DIR]` writes one file a class into DIR (`runner/prepared` beside the code by
default) and removes those of classes that are no more. The wheel carries the files; a checkout makes its own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.definition.entries import ENTRIES
from runner.nodes import NODES
from runner.providers import PROVIDERS
from runner.validators import PREPARED, prepare, prepared_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.registry import Registry

REGISTRIES: Final[tuple[Registry[Any], ...]] = (NODES, CHECKS, CHANNELS, PROVIDERS)


def configurable() -> tuple[type, ...]:
    """Return every class that is read from a definition by itself, each once."""
    members = [registry.load(name) for registry in REGISTRIES for name in registry]
    return tuple(dict.fromkeys((*ENTRIES, *members)))


def write(folder: Path) -> tuple[Path, ...]:
    """Write the prepared validators into `folder`, made where it is missing; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = tuple(_written(folder / Path(prepared_path(cls)).name, prepare(cls)) for cls in configurable())
    for stale in set(folder.glob("*.pickle")).difference(written):
        stale.unlink(missing_ok=True)
    return written


def _written(path: Path, data: bytes) -> Path:
    """Put a whole file in place: a run that reads meanwhile finds the old one or the new one."""
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(data)
    return unfinished.replace(path)


def main(arguments: Sequence[str]) -> int:
    """Prepare into the folder that the arguments name; return the exit code."""
    if len(arguments) > 1:
        sys.stderr.write("usage: python -m runner.prepare [DIR]\n")
        return 2
    written = write(Path(arguments[0]) if arguments else Path(PREPARED))
    sys.stdout.write(f"prepared {len(written)} validators in {written[0].parent}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
