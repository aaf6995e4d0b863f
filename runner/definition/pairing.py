"""What belongs together in two definitions: nodes by their ids, checks by their names, secrets by theirs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LISTS: Final = ("checks", "include", "checker_names")
"""Keys that the checks of a context node stand under."""


def keyed(items: object, key: str) -> dict[str, Mapping[str, Any]]:
    """Return the objects of a list by what stands under a key, in order."""
    found = items if isinstance(items, list) else []
    return {str(item.get(key)): item for item in found if isinstance(item, dict)}


def checks_of(node: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, object]]:
    """Return a node without its checks, and these by name.

    Those without a name go by their type, from the second on with a number.
    """
    config = node.get("config")
    if node.get("type") != "context" or not isinstance(config, dict):
        return node, {}
    key = next((key for key in _LISTS if isinstance(config.get(key), list)), "")
    if not key:
        return node, {}
    rest = {name: item for name, item in config.items() if name != key}
    return {**node, "config": rest}, dict(_named(config[key]))


def _named(checks: list[Any]) -> Iterator[tuple[str, object]]:
    seen: Counter[str] = Counter()
    for item in checks:
        check = item if isinstance(item, dict) else {"type": item}
        kind = str(check.get("type"))
        name = "" if kind == "dns" else str(check.get("name", ""))  # that of dns is what it asks about
        seen[kind] += not name
        yield name or (kind if seen[kind] == 1 else f"{kind} {seen[kind]}"), check


def needs_of(tree: Mapping[str, Any]) -> dict[str, bool]:
    """Return the declared secrets, and whether each is required."""
    declared = tree.get("secrets")
    if isinstance(declared, dict):
        return {str(name): _is_required(need) for name, need in declared.items()}
    return {str(name): True for name in declared} if isinstance(declared, list) else {}


def _is_required(need: object) -> bool:
    return not isinstance(need, dict) or need.get("required", True) is not False
