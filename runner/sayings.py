"""What pydantic finds wrong with a value, in our words, and what to write in its place."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from runner.spec import Invalid, described, did_you_mean, nearest
from runner.spec.mending import as_boolean, as_list, as_number, as_object, as_text

if TYPE_CHECKING:
    from pydantic_core.core_schema import ErrorType


def said(cls: type, line: Mapping[str, Any]) -> Invalid:
    """Say one of pydantic's lines about an instance of a class in our words."""
    kind, context = line["type"], line.get("ctx", {})
    if "sentence" in context:
        return Invalid(context["sentence"], context["hint"], code=kind)
    if isinstance(context.get("error"), Invalid):
        return cast("Invalid", context["error"])
    say: Saying = _SAYINGS.get(kind, _plain)
    return say(cls, line, context)


Saying = Callable[[type, Mapping[str, Any], Mapping[str, Any]], Invalid]


def _unknown_key(cls: type, line: Mapping[str, Any], _context: Mapping[str, Any]) -> Invalid:
    key = str(line["loc"][-1])
    known = _keys(_class_at(cls, line["loc"][:-1]))
    hint = did_you_mean(key, known)
    if "config" in known and not nearest(key, known):
        hint = "what the type of a node takes stands below its config"
    return Invalid(f'unknown key "{key}"', hint, code="E203")


def _missing_key(_cls: type, line: Mapping[str, Any], _context: Mapping[str, Any]) -> Invalid:
    key = line["loc"][-1]
    return Invalid(f'missing key "{key}"', f'add "{key}"', code="E201")


def _not_listed(_cls: type, line: Mapping[str, Any], context: Mapping[str, Any]) -> Invalid:
    known = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(",")]
    got = line["input"]
    hint = did_you_mean(got, known) if isinstance(got, str) else f"known: {', '.join(known)}"
    return Invalid(f"{described(got)} is not one of {', '.join(known)}", hint)


def _expected(what: str, mend: Callable[[object], str]) -> Saying:
    def say(_cls: type, line: Mapping[str, Any], _context: Mapping[str, Any]) -> Invalid:
        return Invalid(f"expected {what}, got {described(line['input'])}", mend(line["input"]), code="E202")

    return say


def _not_a_text(cls: type, line: Mapping[str, Any], _context: Mapping[str, Any]) -> Invalid:
    path = line["loc"]
    several = f"{path[-1]}s" if path else ""
    keys = _keys(_class_at(cls, path[:-1]))
    hint = as_text(line["input"], several if several in keys else "")
    return Invalid(f"expected a text, got {described(line['input'])}", hint, code="E202")


def _not_an_object(cls: type, line: Mapping[str, Any], _context: Mapping[str, Any]) -> Invalid:
    path = line["loc"]
    is_named = line["type"].startswith("dataclass")  # its keys are fields; of a mapping they can be anything
    keys = _keys(_class_at(cls, path)) if is_named else []
    return Invalid(f"expected an object, got {described(line['input'])}", as_object(line["input"], keys), code="E202")


def _out_of_bounds(_cls: type, line: Mapping[str, Any], context: Mapping[str, Any]) -> Invalid:
    (bound,) = (context[name] for name in ("ge", "gt", "le", "lt") if name in context)
    small = line["type"].startswith("greater")
    hint = {
        "greater_than_equal": f"write {bound:g} or more",
        "greater_than": f"write more than {bound:g}",
        "less_than_equal": f"write {bound:g} or less",
        "less_than": f"write less than {bound:g}",
    }[line["type"]]
    return Invalid(f"{described(line['input'])} is too {'small' if small else 'large'}", hint)


def _empty_list(_cls: type, _line: Mapping[str, Any], _context: Mapping[str, Any]) -> Invalid:
    return Invalid("an empty list says nothing", "name at least one")


def _empty_text(_cls: type, _line: Mapping[str, Any], _context: Mapping[str, Any]) -> Invalid:
    return Invalid("expected a text, got an empty one", "write one, or leave the key out")


def _plain(_cls: type, line: Mapping[str, Any], _context: Mapping[str, Any]) -> Invalid:
    """Anything that needs no words of ours."""
    return Invalid(f"{described(line['input'])} cannot stand here: {line['msg'].removeprefix('Input ')}")


_SAYINGS: Final[dict[ErrorType, Saying]] = {
    "unexpected_keyword_argument": _unknown_key,
    "missing": _missing_key,
    "literal_error": _not_listed,
    "enum": _not_listed,
    "string_type": _not_a_text,
    "int_type": _expected("a whole number", partial(as_number, whole=True)),
    "int_from_float": _expected("a whole number", partial(as_number, whole=True)),
    "float_type": _expected("a number", as_number),
    "bool_type": _expected("true or false", as_boolean),
    "dict_type": _not_an_object,
    "mapping_type": _not_an_object,
    "dataclass_type": _not_an_object,
    "dataclass_exact_type": _not_an_object,
    "list_type": _expected("a list", as_list),
    "tuple_type": _expected("a list", as_list),
    "too_short": _empty_list,
    "string_too_short": _empty_text,
    "greater_than_equal": _out_of_bounds,
    "greater_than": _out_of_bounds,
    "less_than_equal": _out_of_bounds,
    "less_than": _out_of_bounds,
}


def _keys(cls: type) -> list[str]:
    return [one.name for one in fields(cls)] if is_dataclass(cls) else []


def _class_at(cls: type, path: tuple[str | int, ...]) -> type:
    """Find the dataclass that a path below `cls` leads to."""
    for key in path:
        hints = typing.get_type_hints(cls)
        if isinstance(key, str) and key in hints:
            inner = [one for one in _alternatives(hints[key]) if hasattr(one, "__dataclass_fields__")]
            cls = inner[0] if inner else cls
    return cls


def _alternatives(hint: Any) -> list[Any]:  # noqa: ANN401 - a type expression
    inner = typing.get_args(hint)
    return [hint, *(found for one in inner for found in _alternatives(one))]
