"""What single values of a definition are like: its version, conditions, names of variables, numbers of tries."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runner.spec import Invalid, ReadBy, described
from runner.spec import name as read_name
from runner.spec import number as read_number
from runner.spec.mending import as_number
from runner.spec.texts import NAME_SCHEMA

MAX_RETRIES: Final = 20
MAX_BACKOFF: Final = 10


def read_version(value: object) -> str:
    """Read the version of the language: 1, 1.0 or "1.0"."""
    if value == "1.0" or (type(value) in {int, float} and value == 1):
        return "1.0"
    is_empty = value is None or value == ""
    msg = "the version is empty" if is_empty else f"version {described(value)} is none that this runner reads"
    raise Invalid(msg, 'write version: "1.0"', code="E209")


def read_variable(value: object) -> str:
    """Read the name of an environment variable."""
    if isinstance(value, str):
        return read_name(value)
    msg = f"expected a name, got {described(value)}"
    raise Invalid(msg, "write it like API_TOKEN", code="E202")


def read_condition(value: object) -> str:
    """Read the text of an expression; true and false may be written bare."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    msg = f"expected an expression, got {described(value)}"
    raise Invalid(msg, "write it in quotes", code="E202")


def read_retries(value: object) -> int:
    """Read a number of further tries."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_RETRIES:
        return value
    msg = f"expected a whole number from 0 to {MAX_RETRIES}, got {described(value)}"
    raise Invalid(msg, as_number(value, whole=True), code="E202")


def read_backoff(value: object) -> float:
    """Read the factor that each pause grows by."""
    factor = read_number(value)
    if not 1 <= factor <= MAX_BACKOFF:
        msg = f"{described(value)} is no backoff"
        raise Invalid(msg, f"give a number from 1 to {MAX_BACKOFF}")
    return factor


VariableName: TypeAlias = Annotated[str, ReadBy(read_variable, NAME_SCHEMA)]
Version: TypeAlias = Annotated[str, ReadBy(read_version, {"enum": [1, 1.0, "1.0"]})]
Condition: TypeAlias = Annotated[str, ReadBy(read_condition, {"type": ["string", "boolean"]})]
Retries: TypeAlias = Annotated[int, ReadBy(read_retries, {"type": "integer", "minimum": 0, "maximum": MAX_RETRIES})]
Backoff: TypeAlias = Annotated[float, ReadBy(read_backoff, {"type": "number", "minimum": 1, "maximum": MAX_BACKOFF})]
