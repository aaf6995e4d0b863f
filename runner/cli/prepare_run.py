"""From flags to a job: definition, event, inputs and secrets; whatever is missing is said before the first node."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from runner.cli.databases import directory_of, learn_databases
from runner.cli.loading import load_text
from runner.cli.needs import Needs
from runner.cli.overrides import overrides_of, rewriting_of
from runner.cli.payload import is_given, read_payload
from runner.cli.resolve import inputs_of, secrets_of
from runner.definition.source import read_file
from runner.errors import DefinitionError, Skipped, Unavailable, UsageError
from runner.records import record
from runner.spec import did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from runner.cli.rewrite import Rewriting
    from runner.cli.shell import Shell
    from runner.definition.entries import FailOn
    from runner.definition.model import Definition
    from runner.definition.source import Text
    from runner.scope import Directory, Overrides
    from runner.secrets import Secret


@record
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
    directory: Directory | None
    """The channels of the database, where a node wants any and there is one."""
    missing: tuple[str, ...]
    """What would end the run with exit 4, a sentence each; only a dry run gets here with any."""
    skips: bool
    """What is missing would skip it instead."""


def prepared(options: argparse.Namespace, shell: Shell) -> Job:
    """Resolve what the flags name.

    Raises `UsageError`, `DefinitionError` and `Unavailable`; in a dry run what is missing is noted instead.
    """
    overrides = overrides_of(options)
    text, origin = _found(options, shell)
    payload = read_payload(options, shell)
    if options.allow_commands and text.origin != "database":
        raise UsageError(f"--allow-commands is for definitions from a database, and {text.label} may start programs")
    definition = _loaded(text, shell, rewriting_of(options), commands=options.allow_commands)
    for warning in definition.warnings:
        shell.later(str(warning))
    job = _resolved(options, shell, definition, origin=origin, payload=payload, overrides=overrides)
    shell.log.detail(f"definition {definition.name} found at {text.label}")
    return job


def _found(options: argparse.Namespace, shell: Shell) -> tuple[Text, str]:
    """Return the definition that the flags name, and how people named it."""
    flags = ("definition", "config", "checks_only")
    given = [f"--{flag.replace('_', '-')}" for flag in flags if getattr(options, flag)]
    if len(given) > 1:
        raise UsageError(f"Cannot specify both {given[0]} and {given[1]}")
    if options.config:
        return _configured(options.config, shell), f"Config: {options.config}"
    embedded = "builtin:checks-only" if options.checks_only else "builtin:alert" if is_given(options) else ""
    name = options.definition or embedded
    if not name:
        wanted = "--sample, --payload, --file, --checks-only, --definition, or --config"
        raise UsageError(f"Must specify {wanted} — pipeline-runner init writes a first definition, --help has examples")
    from runner.cli.library import library_of  # noqa: PLC0415 - a file given by its path needs no looking for

    return library_of(shell).find(name), f"Definition: {name.removeprefix('builtin:')}"


def _configured(path: str, shell: Shell) -> Text:
    """Read the file that `--config` names."""
    try:
        return read_file(path, missing="")
    except Unavailable as error:
        if error.message:
            raise
        from runner.cli.library import library_of  # noqa: PLC0415 - only where something is wrong

        raise Unavailable(library_of(shell).absent(f"Config file not found: {path}", path)) from None


def _loaded(text: Text, shell: Shell, rewriting: Rewriting | None, *, commands: bool) -> Definition:
    """Load a definition, changed as flags say; what is wrong only because of them is their fault."""
    try:
        return load_text(text, shell, rewriting, commands=commands)
    except DefinitionError as error:
        if rewriting is None:
            raise
        load_text(text, shell, commands=commands)
        wrong = "".join(f"\n  - {one}" for one in error.diagnostics if one.severity == "error")
        raise UsageError(f"{', '.join(rewriting.flags)} cannot be used with this definition:{wrong}") from error


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
    secrets, unreadable, unset = secrets_of(definition, environ)
    shell.learn(secrets.values())
    env = {name: environ[name] for name in definition.env if name in environ}
    asked = partial(directory_of, shell, from_database=definition.grants.limited, dry_run=options.dry_run)
    needs = Needs.of(definition, {"inputs": inputs, "env": env}, secrets, environ, asked)
    shell.learn(needs.secrets)
    learn_databases(shell)
    shell.catch_up()
    missing = (*unreadable, *unset, *needs.missing)
    wanted = options.on_missing_secret == "skip"  # noqa: S105 - a word of the command line
    skips = wanted and set(missing) <= {*unset, *needs.unset}
    if missing and not options.dry_run:
        raise Skipped(f"the run is skipped: {'; '.join(missing)}") if skips else Unavailable("\n".join(missing))
    return Job(
        definition=definition,
        origin=origin,
        payload=payload,
        inputs=inputs,
        secrets=secrets,
        env=env,
        variables=needs.variables,
        overrides=overrides,
        source=options.source,
        environment=options.environment or environ.get("PIPELINE_ENVIRONMENT") or "development",
        trace_id=options.trace_id or "",
        timeout=options.timeout or definition.timeout,
        fail_on=_fail_on(options, environ) or definition.fail_on,
        results=options.results or ("pipeline-results.json" if shell.in_ci else ""),
        directory=needs.directory,
        missing=missing,
        skips=skips,
    )


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
