"""What the checks of one node are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.spec import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.checks.base import Check


def names(checks: Sequence[Check]) -> tuple[str | None, ...]:
    """Return the name of each check; None where it depends on a template that is still to be rendered.

    A default name that is taken already gets a number: `disk`, `disk_2`.
    """
    taken = {check.given_name for check in checks if check.given_name}
    found: list[str | None] = []
    for check in checks:
        name = check.given_name or _free(check.default_name, taken)
        taken.add(name or "")
        found.append(name)
    return tuple(found)


def refuse_duplicates(entries: Sequence[Sequence[Check]]) -> None:
    """Raise `Invalid` where two of the checks that the entries of `checks` stand for are given the same name."""
    seen: set[str] = set()
    for place, check in ((place, check) for place, entry in enumerate(entries) for check in entry):
        if check.given_name and check.given_name in seen:
            msg = f'duplicate check name "{check.given_name}"'
            raise Invalid(msg, "give each check of a node its own name", code="E301", at=("checks", place, "name"))
        seen.add(check.given_name)


def _free(name: str | None, taken: set[str]) -> str | None:
    if name is None or name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
