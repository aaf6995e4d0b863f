"""Declared inputs, and their values: converted to their type, wherever they come from."""

from __future__ import annotations

import json
import re
from typing import Any, Final, Literal

from runner.records import record
from runner.spec import Invalid, described, did_you_mean
from runner.spec.mending import as_list, as_number, as_text

_BOOLEANS: Final = {"true": True, "false": False}


@record
class Input:
    """A value that whoever starts the run may give."""

    type: Literal["string", "number", "boolean", "choice", "list"] = "string"
    """What a value is converted to; texts are split into a `list` at spaces, commas and line ends."""
    default: Any = None
    """Used where none is given; without one the input is empty of its type."""
    options: tuple[Any, ...] = ()
    """What a `choice` chooses from."""
    required: bool = False
    """Without a value the run does not start (exit 4)."""
    description: str = ""
    """What it is for, for people."""

    def __post_init__(self) -> None:
        if self.type == "choice" and not self.options:
            msg = "a choice needs options"
            raise Invalid(msg, "add options: [a, b]", code="E201", at=("options",))
        if self.type != "choice" and self.options:
            msg = f"options belong to a choice, not to a {self.type}"
            raise Invalid(msg, "write type: choice", code="E208", at=("options",))
        if self.default is not None:
            _check_default(self)


def _check_default(declared: Input) -> None:
    try:
        convert(declared, declared.default)
    except Invalid as error:
        raise Invalid(error.sentence, error.hint, code=error.code, at=("default",)) from None


def convert(declared: Input, value: object) -> object:
    """Return a value as the type that the input declares; raise `Invalid` where it is none.

    Texts are read as a command line or a workflow hands them over: `"false"` is false, `"a b"` a list of two.
    """
    if declared.type == "choice":
        return _chosen(declared, value)
    return {"string": _string, "number": _number, "boolean": _boolean, "list": _list}[declared.type](value)


def empty(declared: Input) -> object:
    """Return what an input is that nobody gave."""
    if declared.default is not None:
        return convert(declared, declared.default)
    return {"string": "", "number": 0, "boolean": False, "choice": "", "list": []}[declared.type]


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return described(value)
    raise Invalid(f"expected a text, got {described(value)}", as_text(value), code="E202")


def _number(value: object) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,15}", value.strip()):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,15}\.\d{1,15}", value.strip()):
        return float(value)
    raise Invalid(f"expected a number, got {described(value)}", as_number(value), code="E202")


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    raise Invalid(f"expected true or false, got {described(value)}", "write true or false", code="E202")


def _chosen(declared: Input, value: object) -> object:
    for option in declared.options:
        if value == option or (isinstance(value, str) and value == described(option).strip('"')):
            return option
    known = [described(option).strip('"') for option in declared.options]
    raise Invalid(f"{described(value)} is not one of {', '.join(known)}", did_you_mean(str(value), known))


def _list(value: object) -> list[object]:
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        raise Invalid(f"expected a list, got {described(value)}", as_list(value), code="E202")
    if not value.lstrip().startswith("["):
        return [item for item in re.split(r"[\s,]+", value) if item]
    try:
        found = json.loads(value)
    except ValueError as error:
        raise Invalid(f"expected a list, got no JSON: {error}", 'write ["a", "b"], or a, b', code="E202") from error
    except RecursionError as error:
        raise Invalid(
            "expected a list, got one that is nested too deeply", "write a flatter one", code="E202"
        ) from error
    return list(found)
