"""`for_each`: one entry of a list that stands for as many as another list has items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from runner.spec import Template

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from runner.definition.document import Path
    from runner.expressions import TextTemplate

Fault: TypeAlias = tuple[str, "Path", str, str]
"""Code, path, sentence, hint."""

FOR_EACH: Final = "for_each"
"""The key of an entry that names the list."""
ITEM: Final = "item"
"""What the other keys of the entry call an item of it; there it hides a node of that id."""
MOST_ITEMS: Final = 1_000
"""Entries that one of them may stand for."""
_LISTS: Final = ("checks",)
"""The keys of a `config` whose entries may be repeated."""


def repeated_in(config: Mapping[str, Any]) -> frozenset[Path]:
    """Return the places of the entries that are repeated."""
    lists = ((key, config[key]) for key in _LISTS if isinstance(config.get(key), list))
    return frozenset(
        (key, place)
        for key, entries in lists
        for place, entry in enumerate(entries)
        if isinstance(entry, dict) and entry.get(FOR_EACH) is not None
    )


def has_item(at: Path, repeated: Collection[Path]) -> bool:
    """Say whether an expression at this place may read the item that its entry is made for."""
    return at[:2] in repeated and at[2:3] != (FOR_EACH,)


def written_at(at: Path, repeated: Collection[Path]) -> Path:
    """Return where something stands in the file: an entry that was repeated stands there once."""
    numbered = at[:2] in repeated and any(isinstance(key, int) for key in at[2:3])
    return (*at[:2], *at[3:]) if numbered else at


def faults(
    config: Mapping[str, Any], repeated: Collection[Path], templates: Mapping[Path, TextTemplate]
) -> Iterator[Fault]:
    """Say what would make all the checks the same that an entry stands for."""
    for at in sorted(repeated):
        name = config[str(at[0])][at[1]].get("name")
        if isinstance(name, str) and not isinstance(name, Template):
            hint = f"leave it out, or put {{{{ {ITEM} }}}} into it"
            yield "E208", (*at, "name"), "for_each would give all its checks this name", hint
        below = (template for spot, template in templates.items() if spot[:2] == at and has_item(spot, repeated))
        if not any(ITEM in template.names for template in below):
            yield "E208", (*at, FOR_EACH), "nothing here reads the items", f"write {{{{ {ITEM} }}}} where they differ"
