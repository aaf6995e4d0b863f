"""Flags that change what nodes do in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.cli.members import member
from runner.errors import UsageError
from runner.formats import FORMATS
from runner.scope import Overrides

if TYPE_CHECKING:
    import argparse

    from runner.cli.rewrite import Rewriting

_REWRITING: Final = (
    "checkers",
    "warning_threshold",
    "critical_threshold",
    "notify_driver",
    "label",
    "no_incidents",
    "format",
    "hostname",
)
"""Flags that replace parts of the definition, or need a node that they concern."""


def overrides_of(options: argparse.Namespace) -> Overrides:
    """Return what nodes are told to do otherwise; raise `UsageError` for a value that cannot be."""
    labels = {}
    for label in options.label:
        key, found, value = label.partition("=")
        if not found or not key:
            raise UsageError(f"Invalid label format: {label}. Use KEY=VALUE.")
        labels[key] = value
    name = options.format or (options.source if options.source in FORMATS else "")
    if name:
        member(FORMATS, name)
    return Overrides(hostname=options.hostname or "", labels=labels, format=name, incidents=not options.no_incidents)


def rewriting_of(options: argparse.Namespace) -> Rewriting | None:
    """Return what changes the definition's tree; None where no flag does."""
    given = [flag for flag in _REWRITING if getattr(options, flag) not in (None, [], False)]
    if not given:
        return None
    from runner.cli.rewrite import Rewriting  # noqa: PLC0415 - imports checks and channels, which few runs need so early

    return Rewriting(options, tuple(f"--{flag.replace('_', '-')}" for flag in given))
