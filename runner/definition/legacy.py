"""What definitions of the earlier runner hold: keys that nothing ever read, and ids that are no names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from runner.definition.config import Path
    from runner.definition.draft import Draft

UNREAD: Final = frozenset({"source_hint", "include_recommendations", "system_prompt_hint", "context_flow"})
_HAS_ERRORS: Final = r"\s*([A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)+)\.has_errors\s*"


def drop_unread_keys(draft: Draft, value: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return an object without the keys that never had an effect."""
    for key in sorted(UNREAD & set(value)):
        draft.say("W504", (*path, key), f'"{key}" never had an effect and is ignored', "remove it")
    return {key: item for key, item in value.items() if key not in UNREAD}


def drop_unread_config(draft: Draft, config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a node's `config` without them, those in `provider_config` included."""
    kept = drop_unread_keys(draft, config, path)
    inner = kept.get("provider_config")
    if isinstance(inner, dict):
        kept["provider_config"] = drop_unread_keys(draft, inner, (*path, "provider_config"))
    return kept


def spelled_condition(text: str | None, ids: Collection[str]) -> str | None:
    """Return a condition with an id that is no name spelled as expressions need it: `nodes["a-b"].has_errors`."""
    match = re.fullmatch(_HAS_ERRORS, text or "")
    return f'nodes["{match[1]}"].has_errors' if match and match[1] in ids else text
