"""What the nodes of a definition need before the first one runs: variables, credentials, channels that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from runner.cli.resolve import variables_of
from runner.definition.config import credentials_of
from runner.definition.loader import invalid
from runner.errors import InvalidConfig
from runner.records import record
from runner.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from runner.definition.config import Config
    from runner.definition.model import Definition
    from runner.errors import Diagnostic
    from runner.scope import Directory, Node


Stored: TypeAlias = "Directory | None"
"""The channels of the database; None where there is no database."""


@record
class Needs:
    """What the nodes of a definition need, as far as that is known before the first one runs."""

    variables: Mapping[str, Secret]
    """The variables of channels and providers that are set."""
    directory: Directory | None
    """The channels of the database, where a node wants any and there is one."""
    secrets: tuple[Secret, ...]
    """The variables, and the credentials that stand in the definition itself and in channels of the database."""
    missing: tuple[str, ...]
    """What keeps a node from doing its work, a sentence each."""
    unset: tuple[str, ...]
    """Those of them that only want a variable to be set."""

    @classmethod
    def of(
        cls,
        definition: Definition,
        known: Mapping[str, Mapping[str, object]],
        secrets: Mapping[str, Secret],
        environ: Mapping[str, str],
        stored: Callable[[], Stored],
    ) -> Needs:
        """Read them off the nodes; `known` has the values of root names but `secrets`.

        `stored` is asked for the channels of the database where a node wants any. Raises `DefinitionError` with all
        that turns out wrong now that these values are known, and what `stored` raises.
        """
        absent = stand_ins(definition, secrets)
        nodes = dict(_nodes(definition, {**known, "secrets": {**absent, **secrets}}, absent))
        wanted = {need.name for node in nodes.values() for need in node.needs()}
        given = definition.grants.given(wanted)
        variables, unreadable = variables_of(sorted(given), environ)
        credentials = (secret for node in nodes.values() for secret in credentials_of(node))
        wanted_here = any(_asks_database(node, variables) for node in nodes.values())
        directory = stored() if wanted_here else None
        stored_here = (secret for node in nodes.values() for secret in _stored_secrets(node, variables, directory))
        lacking = _lacking(nodes, variables | unreadable, directory)
        hopeless = _lacking(nodes, wanted, directory)
        return cls(
            variables=variables,
            directory=directory,
            secrets=tuple(dict.fromkeys((*variables.values(), *credentials, *stored_here))),
            missing=(
                *unreadable.values(),
                *lacking,
                *(_withheld(wanted - given, environ) if lacking else ()),
                *_faults(definition, nodes, variables, absent),
            ),
            unset=tuple(sentence for sentence in lacking if sentence not in hopeless),
        )


def stand_ins(definition: Definition, secrets: Mapping[str, Secret], *, required: bool = False) -> dict[str, Secret]:
    """Return something in place of each declared secret that is not there, with `required` of those alone.

    It passes for a text and for a URL, so that whatever reads it can be looked at; it shows as `«NAME»`.
    """
    absent = (name for name, need in definition.secrets.items() if name not in secrets and need.required >= required)
    return {name: Secret(name, f"https://«{name}»") for name in absent}


def named_secrets(config: Config) -> frozenset[str]:
    """Return the names of the secrets that a node's templates and texts read."""
    texts = (*config.templates.values(), *config.blocks.values())
    paths = (reference.path for text in texts for reference in text.references)
    return frozenset(str(path[1]) for path in paths if path[0] == "secrets" and len(path) > 1)


def _nodes(definition: Definition, known: Mapping[str, object], absent: Collection[str]) -> Iterator[tuple[str, Node]]:
    """Return every node as far as it is known before the first one runs.

    All that is wrong with those whose values are known is said at once; an optional secret or a variable that is not
    set fails the nodes that use it, and no others.
    """
    wrong: list[Diagnostic] = []
    for step in definition.steps:
        if not step.config.names <= known.keys():
            if step.config.sketch is not None:
                yield step.id, step.config.sketch
            continue
        try:
            yield step.id, step.config.bind(lambda names: {name: known[name] for name in names})
        except InvalidConfig as error:
            if not named_secrets(step.config) & set(absent):
                wrong += [one for one in error.diagnostics if one.code != "E402"]
    if wrong:
        raise invalid(wrong)


def _asks_database(node: Node, variables: Collection[str]) -> bool:
    asks = getattr(node, "asks_database", None)
    return bool(asks and asks(variables))


def _stored_secrets(node: Node, variables: Mapping[str, Secret], stored: Stored) -> Iterator[Secret]:
    secrets = getattr(node, "stored_secrets", None)
    yield from secrets(variables, stored) if secrets else ()


def _lacking(nodes: Mapping[str, Node], variables: Collection[str], stored: Stored) -> tuple[str, ...]:
    """Say what keeps nodes from doing their work where these variables are set."""
    return tuple(f"node {step}: {one}" for step, node in nodes.items() for one in _missing(node, variables, stored))


def _missing(node: Node, variables: Collection[str], stored: Stored) -> tuple[str, ...]:
    missing = getattr(node, "missing", None)
    return tuple(missing(variables, stored)) if missing else ()


def _faults(
    definition: Definition, nodes: Mapping[str, Node], variables: Mapping[str, Secret], absent: Collection[str]
) -> Iterator[str]:
    """Say what is set and can be of no use; nothing of nodes that want an optional secret that is not there."""
    for step in definition.steps:
        faults = getattr(nodes.get(step.id), "faults", None)
        if faults and not named_secrets(step.config) & set(absent):
            yield from (f"node {step.id}: {one}" for one in faults(variables))


def _withheld(names: Collection[str], environ: Mapping[str, str]) -> Iterator[str]:
    """Say which variables are there and are not given to a definition from a database."""
    for name in sorted(names):
        if environ.get(name) or environ.get(f"{name}_FILE"):
            yield f"{name} is set, and a definition from a database gets it only by PIPELINE_ALLOW_SECRETS={name}"
