"""What a definition reaches for: hosts, secrets, variables, commands. A reader of a change looks at these first."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, Final

from runner.definition.config import BLOCK_KEYS
from runner.records import record
from runner.results import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.definition.model import Definition, Step

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<place>(?:\{\{.*?\}\}|[^\s/?#'\"<>])+)")
"""Up to the path; an expression may stand in the host."""
_PORT: Final = re.compile(r":\d+$")
_HOST_KEYS: Final = frozenset({"host", "server", "server_name", "smtp_host"})
"""Keys of checks and channels that hold a host."""
ANY: Final = "*"
"""Stands for every declared secret: an expression picks one by a name that it makes up."""


@record
class Uses:
    """What a definition uses, each with the nodes that do."""

    hosts: frozenset[str] = frozenset()
    """As they are written, without ports; an expression may stand in one."""
    secrets: Mapping[str, frozenset[str]] = NOTHING
    """By name, the ids of the nodes; none of one that is declared alone."""
    variables: frozenset[str] = frozenset()
    """Environment variables that expressions may read."""
    commands: frozenset[str] = frozenset()
    """As a shell would have them."""


def uses_of(definition: Definition, tree: Mapping[str, Any]) -> Uses:
    """Find what a definition uses; `tree` is what it was loaded from."""
    configs = [step.config.tree for step in definition.steps]
    values = [*configs, *_defaults(tree.get("inputs"))]
    return Uses(
        hosts=frozenset(host for value in values for host in _hosts(value, "")),
        secrets=_secrets(definition),
        variables=frozenset(definition.env),
        commands=frozenset(command for config in configs for command in _commands(config)),
    )


def _defaults(inputs: object) -> Iterator[object]:
    for declared in inputs.values() if isinstance(inputs, dict) else ():
        if isinstance(declared, dict):
            yield [declared.get("default"), declared.get("options")]


def _secrets(definition: Definition) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {name: set() for name in definition.secrets}
    for step in definition.steps:
        for name in _read(step):
            found.setdefault(name, set()).add(step.id)
    return {name: frozenset(nodes) for name, nodes in found.items()}


def _read(step: Step) -> Iterator[str]:
    """Name the secrets that a node's expressions read, and the variables of its channels and provider."""
    conditions = (step.when, step.skip_if, *(way.when for way in step.ways))
    codes = (*conditions, *step.config.templates.values(), *step.config.blocks.values())
    for path in (reference.path for code in codes if code is not None for reference in code.references):
        if path[0] == "secrets":
            yield str(path[1]) if len(path) > 1 else ANY
    if step.config.sketch is not None:
        yield from (need.name for need in step.config.sketch.needs())


def _commands(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        argv = value.get("argv")
        if isinstance(argv, list):
            yield shlex.join(map(str, argv))
        for item in value.values():
            yield from _commands(item)
    elif isinstance(value, list):
        for item in value:
            yield from _commands(item)


def _hosts(value: object, key: str) -> Iterator[str]:
    """Find hosts below a value; texts for people name some that nothing is sent to."""
    if isinstance(value, dict):
        if value.get("type") == "dns" and isinstance(value.get("name"), str):
            yield value["name"]
        for name, item in value.items():
            if name not in BLOCK_KEYS:
                yield from _hosts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _hosts(item, key)
    elif isinstance(value, str):
        places = [found["place"] for found in _URL.finditer(value)] or ([value] if key in _HOST_KEYS else [])
        yield from filter(None, map(_host, places))


def _host(place: str) -> str:
    """Take user and port away."""
    host = place.rpartition("@")[2].strip()
    return _PORT.sub("", host) if host.count(":") == 1 or "]" in host else host
