"""What no node can know by itself: ids, guarded names, and what its neighbours are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.definition.references import References
from runner.definition.telling import check_telling
from runner.definition.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.definition.draft import Draft
    from runner.definition.names import Names
    from runner.definition.parts import Part

_GUARDED: Final = ("PIPELINE_", "ACTIONS_", "INPUT_")
"""The runner's own configuration and the CI system's tokens: a definition cannot grant itself these."""


def check(draft: Draft, names: Names, parts: Sequence[Part]) -> None:
    """Note everything that is wrong between the parts of a definition."""
    _check_ids(draft, names, parts)
    _check_guarded(draft, names)
    ways = Ways(names, parts)
    ways.check(draft)
    References(draft, names, ways.graph, parts).check()
    check_telling(draft, parts)


def _check_ids(draft: Draft, names: Names, parts: Sequence[Part]) -> None:
    for at, part in enumerate(parts):
        first = names.nodes.get(part.id, at)
        if first != at:
            line = draft.document.place(parts[first].at("id")).line
            draft.say("E301", part.at("id"), f'duplicate id "{part.id}"', f"line {line} has it too: ids are unique")


def _check_guarded(draft: Draft, names: Names) -> None:
    for kind in ("secrets", "env"):
        for name, path in names.declared[kind].items():
            if (name.startswith(_GUARDED) or name == "GITHUB_TOKEN") and name not in names.granted:
                hint = f"whoever runs it can allow it: PIPELINE_ALLOW_SECRETS={name}"
                draft.say("E308", path, f"a definition cannot grant itself {name}", hint)
