"""What there is to choose from: node types, checks, formats, providers, drivers, with their documentation."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import MISSING, dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.formats import FORMATS
from runner.nodes import NODES
from runner.providers import PROVIDERS
from runner.spec import Threshold, duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.registry import Registry

FAMILIES: Final[dict[str, Registry[Any]]] = {
    "node types": NODES,
    "checks": CHECKS,
    "formats": FORMATS,
    "providers": PROVIDERS,
    "drivers": CHANNELS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A field of a configurable class, as a reference page shows it."""

    name: str
    default: str
    text: str


def summary(cls: type[Any]) -> str:
    """Return the first line of a class's docstring."""
    return (inspect.getdoc(cls) or "").partition("\n")[0]


def options(cls: type[Any]) -> Iterator[Option]:
    """Return the fields of a class with the strings below them; none for one that has no configuration."""
    texts = {name: text for base in reversed(cls.__mro__) for name, text in _field_texts(base)}
    for field in fields(cls) if hasattr(cls, "__dataclass_fields__") else ():
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        yield Option(name=field.name, default=_written(default, field.name), text=texts.get(field.name, ""))


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


def _written(default: object, name: str) -> str:
    if default is MISSING:
        return "required"
    if isinstance(default, Threshold):
        return default.text(lambda value: f"{value:g}")
    if isinstance(default, float) and name in {"timeout", "sample_interval", "pause"}:
        return duration_text(default)
    if default is None or default in ("", (), {}):
        return "-"
    if isinstance(default, bool):
        return str(default).lower()
    return ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
