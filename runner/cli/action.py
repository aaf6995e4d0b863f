"""The inputs of the GitHub Action: `INPUT_*` variables as the command line they stand for."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Final

from runner.cli.payload import parsed
from runner.errors import UsageError
from runner.records import record
from runner.spec import described, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX: Final = "INPUT_"
COMMANDS: Final = ("run", "validate")
INPUTS: Final = (
    "command",
    "definition",
    "config",
    "path",
    "payload",
    "inputs",
    "environment",
    "dry-run",
    "fail-on",
    "on-missing-secret",
    "database-url",
    "state-url",
    "results-path",
    "extra-args",
)
"""As action.yml declares them."""
OUTPUTS: Final = (
    "status",
    "verdict",
    "exit-code",
    "run-id",
    "results-path",
    "summary-path",
    "failed-nodes",
    "findings-count",
)
"""As action.yml declares them."""
GITHUBS_OWN: Final = frozenset({"args", "entrypoint"})
"""Every container action has these; they are acted on before the container starts."""

_FLAGS: Final = {
    "definition": "--definition",
    "config": "--config",
    "environment": "--environment",
    "fail-on": "--fail-on",
    "on-missing-secret": "--on-missing-secret",
    "results-path": "--results",
}
"""Inputs that are flags by another name."""
_VARIABLES: Final = {"database-url": "PIPELINE_DATABASE_URL", "state-url": "PIPELINE_STATE_URL"}
"""Inputs that are secrets, and go where secrets are looked for."""
_OF_RUN: Final = frozenset(INPUTS) - {"command", "path", "extra-args", *_VARIABLES}
DEFAULTS: Final = {"PIPELINE_ENVIRONMENT": "production"}
"""Variables that the Action sets where nobody has: what a workflow looks after is mostly that."""
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
"""The booleans of YAML, as GitHub's own toolkit reads them."""
_ALWAYS_SET: Final = frozenset({"on-missing-secret", "dry-run"})
"""Inputs with a default in action.yml: they say nothing about what somebody wanted."""


@record(kw_only=False)
class Call:
    """What the inputs stand for."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    """Environment variables that the inputs set."""


def call_of(environ: Mapping[str, str]) -> Call:
    """Read the inputs; raise `UsageError` for one that is unknown, or that cannot be read.

    An input that is empty is not given, for GitHub sets all that action.yml declares. Where none is given the image
    was started by its name, and the arguments say what to do.
    """
    given = _given(environ)
    if not given:
        return Call((), {})
    command = given.get("command", COMMANDS[0])
    if command not in COMMANDS:
        raise UsageError(f"input command: unknown word {described(command)} — {did_you_mean(command, COMMANDS)}")
    dry_run = _boolean("dry-run", given.get("dry-run", "false"))
    variables = {_VARIABLES[name]: given[name] for name in _VARIABLES if name in given}
    if command == "validate":
        # behind the dashes nothing is a flag, whatever somebody has called a file
        return Call((command, *_extra(given), "--", *_paths(given)), variables)
    return Call((command, *_run(given, dry_run=dry_run), *_extra(given)), variables)


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what was given, by the names of action.yml.

    GitHub writes them in capitals and keeps the hyphens; the composite action writes `_`, which every shell hands on.
    """
    given: dict[str, str] = {}
    for variable, value in environ.items():
        name = variable.removeprefix(PREFIX).lower().replace("_", "-")
        if variable.startswith(PREFIX) and name not in GITHUBS_OWN and value.strip():
            if name not in INPUTS:
                raise UsageError(f"unknown input {described(name)} — {did_you_mean(name, INPUTS)}")
            given[name] = value.strip()
    return given


def _run(given: Mapping[str, str], *, dry_run: bool) -> Iterator[str]:
    if "path" in given:
        raise UsageError("input path is for command: validate — name what to run with definition or config")
    yield from (f"{flag}={given[name]}" for name, flag in _FLAGS.items() if name in given)
    yield from _payload(given.get("payload", ""))
    yield from (f"--input={entry}" for entry in _entries(given.get("inputs", "")))
    if dry_run:
        yield "--dry-run"


def _paths(given: Mapping[str, str]) -> Iterator[str]:
    if useless := sorted((_OF_RUN - _ALWAYS_SET) & given.keys()):
        raise UsageError(f"input {useless[0]} is for command: run — name what to validate with path")
    yield from filter(None, map(str.strip, given.get("path", "").splitlines()))


def _payload(text: str) -> Iterator[str]:
    """Tell a word from JSON from a path."""
    if text in {"event", "sample"}:
        yield f"--{text}"
    elif text.startswith(("{", "[")):
        yield f"--payload={text}"
    elif text:
        yield f"--file={text}"


def _entries(text: str) -> Iterator[str]:
    """Return `KEY=VALUE` texts, from lines of them or from a JSON object."""
    if not text.startswith("{"):
        yield from filter(None, map(str.strip, text.splitlines()))
        return
    values = parsed(text, "input inputs: Invalid JSON")
    given = {key: value for key, value in values.items() if value is not None}
    yield from (f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in given.items())


def _extra(given: Mapping[str, str]) -> list[str]:
    try:
        return shlex.split(given.get("extra-args", ""))
    except ValueError as error:
        raise UsageError(f"input extra-args: {error} — quote as a shell would") from None


def _boolean(name: str, text: str) -> bool:
    if text not in _TRUE | _FALSE:
        raise UsageError(f"input {name}: {described(text)} is no boolean — write true or false")
    return text in _TRUE
