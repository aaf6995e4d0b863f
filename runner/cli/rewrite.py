"""Flags that replace parts of a definition for one run: each has an effect, or is refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.checks.base import Usage
from runner.cli.members import member
from runner.errors import UsageError
from runner.nodes.context import UNASKED

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from runner.checks import Check

Tree = dict[str, Any]
_LISTS: Final = ("checks", "include", "checker_names")
"""The keys that a context node's checks stand under."""
_DRIVER_KEYS: Final = ("driver", "drivers", "channel", "channels")
_FORMAT_KEYS: Final = ("format", "driver")


class Rewriting:
    """Changes a definition's tree as the flags say, before it is checked."""

    def __init__(self, options: argparse.Namespace, flags: tuple[str, ...]) -> None:
        self._options = options
        self.flags = flags
        """Those that were given, as they are written."""

    def __call__(self, tree: Tree) -> None:
        """Change the tree in place; raise `UsageError` for a flag that does not concern it."""
        given, nodes = self._options, list(_objects(tree.get("nodes")))
        limits = {"warning": given.warning_threshold, "critical": given.critical_threshold}
        if given.checkers is not None:
            _replace_checks(nodes, given.checkers)
        if given.hostname:
            _require_local_check(nodes)
        _check_order(limits)
        _replace_thresholds(nodes, {level: limit for level, limit in limits.items() if limit is not None})
        if given.notify_driver is not None:
            _replace_driver(nodes, given.notify_driver)
        if given.format:
            _replace_format(nodes, given.format)
        if given.label:
            _nodes(nodes, "--label", "ingest", "notify")
        if given.no_incidents:
            _nodes(nodes, "--no-incidents", "ingest")


def _objects(value: object) -> Iterator[Tree]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _nodes(nodes: list[Tree], flag: str, *types: str) -> list[Tree]:
    """Return the nodes that a flag concerns; raise `UsageError` where there is none."""
    found = [node for node in nodes if node.get("type") in types]
    if not found:
        raise UsageError(f"{flag} has no effect here: the definition has no {' or '.join(types)} node")
    return found


def _config(node: Tree) -> Tree:
    config = node.get("config", {})
    return config if isinstance(config, dict) else {}


def _checks(node: Tree) -> list[Any]:
    """Return a context node's checks as they are written, those of one that names none included."""
    config = _config(node)
    listed = next((config[key] for key in _LISTS if key in config), UNASKED)
    return list(listed) if isinstance(listed, list | tuple) else []


def _set_checks(node: Tree, checks: list[Any]) -> None:
    node["config"] = {key: item for key, item in _config(node).items() if key not in _LISTS} | {"checks": checks}


def _class(check: object) -> type[Check] | None:
    """Return what a check is, as it is written; None where that is no check."""
    name = check.get("type") if isinstance(check, dict) else check
    return CHECKS.load(name) if isinstance(name, str) and name in CHECKS else None


def _replace_checks(nodes: list[Tree], names: str) -> None:
    wanted = list(dict.fromkeys(names.replace(",", " ").split()))
    if not wanted:
        raise UsageError("--checkers names no check — give one or more, separated by commas")
    for name in wanted:
        member(CHECKS, name)
    for node in _nodes(nodes, "--checkers", "context"):
        _set_checks(node, list(wanted))


def _require_local_check(nodes: list[Tree]) -> None:
    classes = [_class(check) for node in _nodes(nodes, "--hostname", "context") for check in _checks(node)]
    if classes and all(cls is not None and cls.remote for cls in classes):
        raise UsageError("--hostname has no effect here: none of the definition's checks looks at this machine")


def _check_order(limits: Mapping[str, float | None]) -> None:
    """Refuse a warning that is given only after something is critical, where the flags name both."""
    warning, critical = limits["warning"], limits["critical"]
    if warning is not None and critical is not None and warning > critical:
        both = f"--warning-threshold {warning:g} is above --critical-threshold {critical:g}"
        raise UsageError(f"{both}: the warning would never be seen — swap them")


def _replace_thresholds(nodes: list[Tree], limits: Mapping[str, float]) -> None:
    if not limits:
        return
    flag = f"--{next(iter(limits))}-threshold"
    changed = False
    for node in _nodes(nodes, flag, "context"):
        checks = _checks(node)
        concerned = [(cls := _class(check)) is not None and issubclass(cls, Usage) for check in checks]
        if any(concerned):
            changed = True
            pairs = zip(checks, concerned, strict=True)
            _set_checks(node, [_with_limits(check, limits) if judged else check for check, judged in pairs])
    if not changed:
        raise UsageError(f"{flag} has no effect here: none of the definition's checks judges a percentage")


def _with_limits(check: str | Tree, limits: Mapping[str, float]) -> Tree:
    return {**({"type": check} if isinstance(check, str) else check), **limits}


def _replace_driver(nodes: list[Tree], driver: str) -> None:
    kept = member(CHANNELS, driver).__dataclass_fields__
    for node in _nodes(nodes, "--notify-driver", "notify"):
        config = _config(node)
        dropped = {*_DRIVER_KEYS, *(_options(config) - kept.keys())}
        node["config"] = {key: item for key, item in config.items() if key not in dropped} | {"driver": driver}


def _options(config: Tree) -> set[str]:
    """Return the keys of a `config` that belong to the drivers that it names."""
    several = config.get("drivers")
    named = [config.get("driver"), *(several if isinstance(several, list) else ())]
    known = [CHANNELS.load(name) for name in named if isinstance(name, str) and name in CHANNELS]
    return {option for cls in known for option in cls.__dataclass_fields__}


def _replace_format(nodes: list[Tree], name: str) -> None:
    for node in _nodes(nodes, "--format", "ingest"):
        config = {key: item for key, item in _config(node).items() if key not in _FORMAT_KEYS}
        node["config"] = {**config, "format": name}
