"""The names of a definition: those of its nodes, and those that it declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.records import record
from runner.results import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.definition.config import Path
    from runner.definition.grants import Grants
    from runner.definition.parts import Part

DECLARED: Final = ("inputs", "secrets", "env")
"""The keys that names are declared under, and the words that expressions read them by."""


@record
class Names:
    """What the expressions of a definition may refer to, as far as it can be read."""

    nodes: Mapping[str, int]
    """Ids, with the place of the first node that has each."""
    declared: Mapping[str, Mapping[str, Path]]
    """By the key that it stands under, each name and where it stands."""
    lent: frozenset[str]
    """Variables of the drivers and providers in use: they count as declared secrets."""
    grants: Grants

    @classmethod
    def of(cls, tree: Mapping[str, Any], parts: Sequence[Part], grants: Grants) -> Names:
        """Collect the names of a definition, sound or not."""
        return cls(
            nodes=_places(parts),
            declared={kind: _declared(kind, tree.get(kind)) for kind in DECLARED},
            lent=grants.given(name for part in parts for name in _variables(part)),
            grants=grants,
        )


def _places(parts: Sequence[Part]) -> Mapping[str, int]:
    places: dict[str, int] = {}
    for at, part in enumerate(parts):
        if part.id:
            places.setdefault(part.id, at)
    return places


def _declared(kind: str, value: object) -> Mapping[str, Path]:
    if isinstance(value, dict):
        return {name: (kind, name) for name in value}
    listed = value if isinstance(value, list) else []
    return {name: (kind, at) for at, name in enumerate(listed) if isinstance(name, str)}


def _variables(part: Part) -> Iterator[str]:
    sketch = part.config.sketch if part.config else None
    for user in (*getattr(sketch, "channels", ()), getattr(sketch, "provider", None)):
        yield from getattr(user, "variables", NOTHING).values()
