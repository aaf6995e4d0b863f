"""What a definition asks of its surroundings: inputs, secrets, variables. Missing ones end the run before it starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.definition.inputs import convert, empty
from runner.errors import Unavailable, UsageError
from runner.secrets import Secret
from runner.spec import Invalid, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.definition.entries import Input
    from runner.definition.model import Definition


def variable(environ: Mapping[str, str], name: str) -> str:
    """Return a secret or URL from `NAME`, else from the file that `NAME_FILE` names; empty where neither is set.

    Raises `Unavailable` where the file cannot be read.
    """
    if environ.get(name):
        return environ[name]
    path = environ.get(f"{name}_FILE", "")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Unavailable(f"{name}_FILE names {path}, which cannot be read: {reason}") from error


def inputs_of(definition: Definition, given: Iterable[str]) -> dict[str, object]:
    """Return the value of every declared input; `given` are `KEY=VALUE` texts.

    Raises `UsageError` for one that is not declared or cannot be read, `Unavailable` where a required one is missing.
    """
    texts: dict[str, str] = {}
    for item in given:
        key, found, value = item.partition("=")
        if not found or not key:
            raise UsageError(f"Invalid input format: {item}. Use KEY=VALUE.")
        if key not in definition.inputs:
            known = list(definition.inputs)
            hint = did_you_mean(key, known) if known else "it declares none"
            raise UsageError(f"the definition declares no input {key} — {hint}")
        texts[key] = value
    missing = [
        name for name, one in definition.inputs.items() if one.required and not texts.get(name) and one.default is None
    ]
    if missing:
        raise Unavailable(f"input {missing[0]} is required and not given — add --input {missing[0]}=…")
    return {name: _value(name, one, texts) for name, one in definition.inputs.items()}


def _value(name: str, declared: Input, texts: Mapping[str, str]) -> object:
    try:
        return convert(declared, texts[name]) if name in texts else empty(declared)
    except Invalid as error:
        hint = f" — {error.hint}" if error.hint else ""
        raise UsageError(f"input {name}: {error.sentence}{hint}") from None


def secrets_of(definition: Definition, environ: Mapping[str, str]) -> tuple[dict[str, Secret], tuple[str, ...]]:
    """Return the declared secrets that are set, and a sentence for each required one that is not."""
    found, missing = {}, []
    for name, need in definition.secrets.items():
        value = variable(environ, name)
        if value:
            found[name] = Secret(name, value)
        elif need.required:
            state = "is empty" if name in environ else "is not set"
            missing.append(f"secret {name} {state} — set {name}, or {name}_FILE to a file that holds it")
    return found, tuple(missing)
