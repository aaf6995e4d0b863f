"""What a definition asks of its surroundings: inputs, secrets, variables. Missing ones end the run before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.definition.inputs import convert, empty
from runner.errors import Unavailable, UsageError
from runner.secrets import Secret
from runner.spec import Invalid, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.definition.inputs import Input
    from runner.definition.model import Definition


def inputs_of(definition: Definition, given: Iterable[str]) -> dict[str, object]:
    """Return the value of every declared input; `given` are `KEY=VALUE` texts.

    Raises `UsageError` for one that is not declared or cannot be read, `Unavailable` where required ones are missing.
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
    needed = [name for name, one in definition.inputs.items() if one.required and one.default is None]
    if missing := [
        name for name in needed if not texts.get(name) or _value(name, definition.inputs[name], texts) == []
    ]:
        sentences = [f"input {name} is required and not given — add --input {name}=…" for name in missing]
        raise Unavailable("\n".join(sentences))
    return {name: _value(name, one, texts) for name, one in definition.inputs.items()}


def _value(name: str, declared: Input, texts: Mapping[str, str]) -> object:
    try:
        return convert(declared, texts[name]) if name in texts else empty(declared)
    except Invalid as error:
        hint = f" — {error.hint}" if error.hint else ""
        raise UsageError(f"input {name}: {error.sentence}{hint}") from None


def secrets_of(
    definition: Definition, environ: Mapping[str, str]
) -> tuple[dict[str, Secret], tuple[str, ...], tuple[str, ...]]:
    """Return the declared secrets that are set, and a sentence for each that cannot be read or is required and not set.

    The two kinds of sentences come apart: only the latter are what a pull request from a fork cannot help.
    """
    found, unreadable = variables_of(definition.secrets, environ)
    absent = (name for name, need in definition.secrets.items() if need.required and name not in found | unreadable)
    return found, tuple(unreadable.values()), tuple(_absent(name, environ) for name in absent)


def _absent(name: str, environ: Mapping[str, str]) -> str:
    state = "is empty" if name in environ or environ.get(f"{name}_FILE") else "is not set"
    return f"secret {name} {state} — set {name}, or {name}_FILE to a file that holds it"


def variables_of(names: Iterable[str], environ: Mapping[str, str]) -> tuple[dict[str, Secret], dict[str, str]]:
    """Return the variables that are set, by name, and a sentence for each whose file cannot be read."""
    found: dict[str, Secret] = {}
    unreadable: dict[str, str] = {}
    for name in names:
        try:
            value = _variable(name, environ)
        except Unavailable as error:
            unreadable[name] = error.message
        else:
            found |= {name: Secret(name, value)} if value else {}
    return found, unreadable


def _variable(name: str, environ: Mapping[str, str]) -> str:
    """Return a value from `NAME`, else from the file that `NAME_FILE` names; empty where neither is set."""
    path = environ.get(f"{name}_FILE", "")
    if environ.get(name) or not path:
        return environ.get(name, "")
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Unavailable(f"{name}_FILE names {path}, which cannot be read: {reason}") from error
