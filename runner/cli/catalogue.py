"""What there is to choose from: node types, checks, formats, providers, drivers, with their documentation."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import types
from dataclasses import MISSING, Field, fields, is_dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.formats import FORMATS
from runner.nodes import NODES
from runner.providers import PROVIDERS
from runner.records import record
from runner.spec import ReadBy, Threshold, duration_text
from runner.spec.quantities import duration, percentage, positive_duration
from runner.spec.thresholds import duration_above, duration_below, percent_above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.registry import Registry

FAMILIES: Final[dict[str, Registry[Any]]] = {
    "node-types": NODES,
    "checks": CHECKS,
    "formats": FORMATS,
    "providers": PROVIDERS,
    "drivers": CHANNELS,
}


@record
class Option:
    """A field of a configurable class, as a reference page shows it."""

    name: str
    """With a dot where it stands in another one: `expect.status`."""
    default: str
    text: str


def summary(cls: type[Any]) -> str:
    """Return the first line of a class's docstring."""
    return (inspect.getdoc(cls) or "").partition("\n")[0]


def details(cls: type[Any]) -> tuple[str, ...]:
    """Return the paragraphs of a class's docstring after its first line."""
    return tuple(part.replace("\n", " ") for part in (inspect.getdoc(cls) or "").split("\n\n")[1:])


def options(cls: type[Any], above: str = "") -> Iterator[Option]:
    """Return the fields of a class with the strings below them; none for one that has no configuration."""
    if not is_dataclass(cls):
        return
    texts = {name: text for base in reversed(cls.__mro__) for name, text in _field_texts(base)}
    hints = {name: hint for base in reversed(cls.__mro__) for name, hint in _hints(base).items()}
    for field in fields(cls):
        parts = tuple(_parts(hints[field.name]))
        nested = next((part for part in parts if isinstance(part, type) and is_dataclass(part)), None)
        said = " ".join(filter(None, (texts.get(field.name), *map(_words, parts))))
        variable = getattr(cls, "variables", {}).get(field.name, "")
        text = " ".join((said if variable in said else f"{said} Else {variable}.").split())
        yield Option(name=above + field.name, default=_default(field, parts), text=text)
        if nested is not None:
            yield from options(nested, f"{above}{field.name}.")


def _hints(cls: type[Any]) -> dict[str, Any]:
    """Return the types of a class's own fields alone: what else is annotated only type checkers may know."""
    names = {field.name for field in fields(cls)} if is_dataclass(cls) else set()
    written = {name: text for name, text in inspect.get_annotations(cls).items() if name in names}
    holder = types.SimpleNamespace(__annotations__=written)
    return get_type_hints(holder, globalns=vars(sys.modules[cls.__module__]), include_extras=True)


def _parts(hint: object) -> Iterator[Any]:
    """Return the types that a field may have."""
    if get_origin(hint) in {Union, types.UnionType}:
        for one in get_args(hint):
            yield from _parts(one)
    else:
        yield hint


def _words(part: object) -> str:
    """Say which words a field takes, where they are few."""
    return f"One of {', '.join(map(str, get_args(part)))}." if get_origin(part) is Literal else ""


def _default(field: Field[Any], parts: tuple[Any, ...]) -> str:
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    if default is MISSING:
        return "required"
    if default is None or default in ("", (), {}) or _is_nested(default):
        return "-"
    write = next((_WRITERS[one.function] for part in parts for one in _readers(part) if one.function in _WRITERS), str)
    if isinstance(default, Threshold):
        return default.text(write)
    if isinstance(default, tuple):
        return ", ".join("-".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in default)
    return str(default).lower() if isinstance(default, bool) else write(default)


def _is_nested(default: object) -> bool:
    return is_dataclass(default) and not isinstance(default, Threshold)


def _readers(part: object) -> Iterator[ReadBy]:
    return (one for one in getattr(part, "__metadata__", ()) if isinstance(one, ReadBy))


def _percent(value: float) -> str:
    return f"{value:g}%"


_WRITERS: Final[dict[Callable[[Any], Any], Callable[[Any], str]]] = {
    **dict.fromkeys((duration, positive_duration, duration_above, duration_below), duration_text),
    **dict.fromkeys((percentage, percent_above), _percent),
}
"""How the default of a field is written that is read by these."""


def _field_texts(cls: type[Any]) -> Iterator[tuple[str, str]]:
    """Read the string below each field from the source."""
    if not cls.__module__.startswith("runner."):
        return
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text).replace("\n", " ")
            case _:
                continue
