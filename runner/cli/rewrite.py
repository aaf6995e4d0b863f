"""Flags that replace parts of a definition for one run: each has an effect, or is refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.checks.base import Usage
from runner.cli.members import member
from runner.errors import UsageError
from runner.spec import Invalid, percentage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_LISTS = ("checks", "include", "checker_names")
"""The keys that a context node's checks stand under."""
_LABELLED = ("ingest", "notify")
"""The types of nodes that labels show in: in alerts, and in messages."""
_DRIVER_KEYS = ("driver", "drivers", "channel", "channels")


class Rewriting:
    """Changes a definition's tree as the flags say, before it is checked."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    def __call__(self, tree: dict[str, Any]) -> None:
        """Change the tree in place; raise `UsageError` for a flag that does not concern it."""
        options = self._options
        if options.checkers is not None:
            self._replace_checks(tree, [name for name in options.checkers.replace(",", " ").split() if name])
        if options.warning_threshold is not None or options.critical_threshold is not None:
            self._replace_thresholds(tree)
        if options.notify_driver is not None:
            self._replace_driver(tree, options.notify_driver)
        if options.label and not any(node.get("type") in _LABELLED for node in _objects(tree.get("nodes"))):
            raise UsageError("--label has no effect here: the definition has no ingest and no notify node")
        for flag, kind in (
            ("no_incidents", "ingest"),
            ("format", "ingest"),
            ("hostname", "context"),
        ):
            if getattr(options, flag):
                self._nodes(tree, kind, "--" + flag.replace("_", "-"))

    def _nodes(self, tree: dict[str, Any], kind: str, flag: str) -> list[dict[str, Any]]:
        found = [node for node in _objects(tree.get("nodes")) if node.get("type") == kind]
        if not found:
            raise UsageError(f"{flag} has no effect here: the definition has no {kind} node")
        return found

    def _replace_checks(self, tree: dict[str, Any], names: list[str]) -> None:
        if not names:
            raise UsageError("--checkers names no check — give one or more, separated by commas")
        for name in names:
            member(CHECKS, name)
        for node in self._nodes(tree, "context", "--checkers"):
            config = {key: item for key, item in _config(node).items() if key not in _LISTS}
            node["config"] = {**config, "checks": list(names)}

    def _replace_thresholds(self, tree: dict[str, Any]) -> None:
        given = {"warning": self._options.warning_threshold, "critical": self._options.critical_threshold}
        limits = {key: _percentage(limit, key) for key, limit in given.items() if limit is not None}
        changed = 0
        for node in self._nodes(tree, "context", "--" + next(iter(limits)) + "-threshold"):
            config = _config(node)
            listed = next((config[key] for key in _LISTS if key in config), ["cpu", "memory", "disk"])
            checks = [_with_limits(check, limits) for check in listed] if isinstance(listed, list) else []
            changed += sum(check is not None for check in checks)
            kept = {key: item for key, item in config.items() if key not in _LISTS}
            merged = [new if new is not None else old for new, old in zip(checks, listed, strict=False)]
            node["config"] = {**kept, "checks": merged}
        if not changed:
            flag = "--" + next(iter(limits)) + "-threshold"
            raise UsageError(f"{flag} has no effect here: none of the definition's checks judges a percentage")

    def _replace_driver(self, tree: dict[str, Any], driver: str) -> None:
        cls = member(CHANNELS, driver)
        for node in self._nodes(tree, "notify", "--notify-driver"):
            config = _config(node)
            known = set(_options_of(config)) - set(cls.__dataclass_fields__)
            kept = {key: item for key, item in config.items() if key not in {*_DRIVER_KEYS, *known}}
            node["config"] = {**kept, "driver": driver}


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _config(node: dict[str, Any]) -> dict[str, Any]:
    config = node.get("config", {})
    return config if isinstance(config, dict) else {}


def _percentage(limit: float, key: str) -> float:
    try:
        return percentage(limit)
    except Invalid as error:
        raise UsageError(f"--{key}-threshold: {error.sentence} — {error.hint}") from None


def _with_limits(check: object, limits: dict[str, float]) -> dict[str, Any] | None:
    """Return a check with these limits; None where it judges no percentage."""
    written = {"type": check} if isinstance(check, str) else check
    if not isinstance(written, dict) or written.get("type") not in CHECKS:
        return None
    return {**written, **limits} if issubclass(CHECKS.load(str(written["type"])), Usage) else None


def _options_of(config: dict[str, Any]) -> set[str]:
    """Return the keys of a `config` that belong to the driver it names."""
    driver = config.get("driver")
    return set(CHANNELS.load(driver).__dataclass_fields__) if isinstance(driver, str) and driver in CHANNELS else set()
