"""`db activate`: definitions of the database become active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.switching import add_names, switched

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell

arguments = add_names


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Activate them, all or none."""
    return switched(options, shell, active=True)
