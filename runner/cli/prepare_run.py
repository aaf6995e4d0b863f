"""From flags to a job: definition, event, inputs and secrets; whatever is missing is said before the first node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.overrides import overrides_of, rewrite_of
from runner.cli.payload import is_given, read_payload
from runner.cli.resolve import inputs_of, secrets_of, variable
from runner.definition.config import credentials_of
from runner.definition.library import Library, Text, read_file
from runner.definition.loader import invalid, load
from runner.errors import InvalidConfig, Unavailable, UsageError
from runner.secrets import Secret, reveal
from runner.spec import did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterator, Mapping

    from runner.cli.shell import Shell
    from runner.definition.entries import FailOn
    from runner.definition.model import Definition
    from runner.errors import Diagnostic
    from runner.scope import Node, Overrides

_EARLY = frozenset({"inputs", "secrets", "env"})
"""Root names whose values are known before the first node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything that a run needs, resolved."""

    definition: Definition
    origin: str
    """`Definition: NAME` or `Config: PATH`, as people named it."""
    payload: object
    inputs: Mapping[str, object]
    secrets: Mapping[str, Secret]
    env: Mapping[str, str]
    variables: Mapping[str, Secret]
    overrides: Overrides
    source: str
    environment: str
    trace_id: str
    timeout: float
    fail_on: FailOn
    results: str
    """Where the result document goes; empty: nowhere."""
    summary: str
    missing: tuple[str, ...]
    """What would end the run with exit 4, a sentence each; only a dry run gets here with any."""


def prepared(options: argparse.Namespace, shell: Shell) -> Job:
    """Resolve what the flags name.

    Raises `UsageError`, `DefinitionError` and `Unavailable`; in a dry run what is missing is noted instead.
    """
    if options.definition and options.config:
        raise UsageError("Cannot specify both --definition and --config")
    overrides = overrides_of(options)
    text, origin = _found(options, shell)
    payload = read_payload(options, shell)
    definition = load(
        text.data,
        text.label,
        name=text.name,
        kind=None if text.is_file else "yaml",
        is_file=text.is_file,
        granted=granted(shell.environ),
        rewrite=rewrite_of(options),
    )
    shell.log.detail(f"definition {definition.name} found at {text.label}")
    for warning in definition.warnings:
        shell.log.warning(str(warning))
    return _resolved(options, shell, definition, origin=origin, payload=payload, overrides=overrides)


def _resolved(
    options: argparse.Namespace,
    shell: Shell,
    definition: Definition,
    *,
    origin: str,
    payload: object,
    overrides: Overrides,
) -> Job:
    environ = shell.environ
    inputs = inputs_of(definition, _inputs(options, shell, definition))
    secrets, missing = secrets_of(definition, environ)
    env = {name: environ[name] for name in definition.env if name in environ}
    named = {name: Secret(name, "") for name, need in definition.secrets.items() if need.required}
    nodes = dict(_known(definition, {"inputs": inputs, "secrets": {**named, **secrets}, "env": env}))
    variables = _variables(nodes, environ)
    credentials = [secret for node in nodes.values() for secret in credentials_of(node)]
    missing += tuple(
        f"node {node}: {sentence}" for node, one in nodes.items() for sentence in _missing(one, frozenset(variables))
    )
    if missing and not options.dry_run:
        raise Unavailable("\n".join(missing))
    _learn(shell, {*secrets.values(), *variables.values(), *credentials})
    return Job(
        definition=definition,
        origin=origin,
        payload=payload,
        inputs=inputs,
        secrets=secrets,
        env=env,
        variables=variables,
        overrides=overrides,
        source=options.source,
        environment=options.environment or environ.get("PIPELINE_ENVIRONMENT") or "development",
        trace_id=options.trace_id or "",
        timeout=options.timeout or definition.timeout,
        fail_on=_fail_on(options, environ) or definition.fail_on,
        results=options.results or ("pipeline-results.json" if shell.in_ci and not options.dry_run else ""),
        summary=options.summary or environ.get("GITHUB_STEP_SUMMARY", ""),
        missing=missing,
    )


def library_of(shell: Shell) -> Library:
    """Return where definitions are looked for by name."""
    folder = shell.environ.get("PIPELINE_DEFINITIONS_DIR")
    own = (Path(folder),) if folder else ()
    return Library(folders=(*own, shell.workspace / "definitions"), workspace=shell.workspace)


def granted(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the guarded names that whoever runs this allows definitions to read."""
    return frozenset(environ.get("PIPELINE_ALLOW_SECRETS", "").replace(",", " ").split())


def _found(options: argparse.Namespace, shell: Shell) -> tuple[Text, str]:
    """Return the definition that the flags name, and how people named it."""
    if options.config:
        text = read_file(options.config, missing=f"Config file not found: {options.config}")
        return text, f"Config: {options.config}"
    name = options.definition
    if not name and options.checks_only:
        name = "builtin:checks-only"
    if not name and is_given(options):
        name = "builtin:alert"
    if not name:
        wanted = "--sample, --payload, --file, --checks-only, --definition, or --config"
        raise UsageError(f"Must specify {wanted}")
    return library_of(shell).find(name), f"Definition: {name.removeprefix('builtin:')}"


def _inputs(options: argparse.Namespace, shell: Shell, definition: Definition) -> Iterator[str]:
    """Return the inputs; in CI the machine has nothing to do with an alert, and is looked at only where asked."""
    if definition.label == "builtin:alert" and shell.in_ci and options.checkers is None:
        yield "machine_checks=false"
    yield from options.input


def _fail_on(options: argparse.Namespace, environ: Mapping[str, str]) -> FailOn | None:
    words: tuple[FailOn, ...] = ("warning", "unknown", "critical", "never")
    wanted = options.fail_on or environ.get("PIPELINE_FAIL_ON", "")
    if wanted and wanted not in words:
        raise UsageError(f"PIPELINE_FAIL_ON is {wanted!r} — {did_you_mean(wanted, words)}")
    return next((word for word in words if word == wanted), None)


def _known(definition: Definition, values: Mapping[str, object]) -> Iterator[tuple[str, Node]]:
    """Return every node as far as it is known before the first one runs.

    Raises `DefinitionError` with all that is wrong with those whose values are known.
    """
    wrong: list[Diagnostic] = []
    for step in definition.steps:
        if not step.config.names <= _EARLY:
            if step.config.sketch is not None:
                yield step.id, step.config.sketch
            continue
        try:
            yield step.id, step.config.bind(lambda names: {name: values[name] for name in names})
        except InvalidConfig as error:
            # an optional secret or a variable that is not set fails the nodes that use it, and no others
            wrong += [one for one in error.diagnostics if one.code != "E402"]
    if wrong:
        raise invalid(wrong)


def _missing(node: Node, variables: frozenset[str]) -> tuple[str, ...]:
    missing = getattr(node, "missing", None)
    return tuple(missing(variables)) if missing else ()


def _variables(nodes: Mapping[str, Node], environ: Mapping[str, str]) -> dict[str, Secret]:
    wanted = {need.name for node in nodes.values() for need in node.needs()}
    values = {name: variable(environ, name) for name in sorted(wanted)}
    return {name: Secret(name, value) for name, value in values.items() if value}


def _learn(shell: Shell, secrets: Collection[Secret]) -> None:
    """Mask every secret from here on, in our own output and in the CI system's."""
    for name in shell.masker.add(*secrets):
        shell.log.warning(f"the secret {name} is shorter than 4 characters and is not masked")
    if shell.github and secrets:
        from runner.reports.github import mask  # noqa: PLC0415 - only on GitHub

        for secret in secrets:
            for line in mask(reveal(secret)):
                shell.log.unmasked(line)
