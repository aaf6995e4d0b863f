"""Reading a value from a file into a configurable class, with every problem at once.

The classes are plain dataclasses. pydantic turns them into core schemas when the wheel is built
(`python -m runner.prepare`); at run time pydantic_core alone takes the prepared one. A prepared file
that does not match this code or the installed pydantic_core is ignored, and pydantic does the work.
"""

from __future__ import annotations

import os
import pickle
import zlib
from dataclasses import is_dataclass
from functools import cache
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from runner.spec import Invalid, Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic_core import CoreSchema, SchemaValidator, ValidationError

T = TypeVar("T")
U = TypeVar("U")

_HERE: Final = os.path.dirname(__file__)
PREPARED: Final = os.path.join(_HERE, "prepared")


def _versions() -> str:
    from runner.lean_pydantic import __version__  # noqa: PLC0415 - loaded with the first definition

    return __version__


def sources(modules: tuple[str, ...]) -> int:
    """Return a checksum of modules of the runner; raise `OSError` where one is not there."""
    return zlib.crc32(b"".join(map(_source, modules)))


@cache
def _source(module: str) -> bytes:
    """Return the checksum of one module; most classes share most of theirs."""
    path = os.path.join(_HERE, *module.split(".")[1:])
    with open(os.path.join(path, "__init__.py") if os.path.isdir(path) else f"{path}.py", "rb") as source:
        return zlib.crc32(source.read()).to_bytes(4)


def modules_of(schema: object) -> set[str]:
    """Return the modules of the runner that a core schema was made from: of its classes and functions."""
    if isinstance(schema, dict):
        return set().union(*map(modules_of, schema.values()))
    if isinstance(schema, list | tuple):
        return set().union(*map(modules_of, schema))
    if isinstance(schema, type):
        return {base.__module__ for base in schema.__mro__ if base.__module__.startswith("runner.")}
    module = str(getattr(schema, "__module__", ""))
    return {module} if module.startswith("runner.") else set()


def prepared_path(cls: type) -> str:
    """Where the prepared schema of a class stands."""
    return os.path.join(PREPARED, f"{cls.__module__}.{cls.__qualname__}.pickle")


def core_schema(cls: type) -> CoreSchema:
    """Let pydantic work out the schema of a class (slow: imports pydantic)."""
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - only where nothing is prepared

    cls.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    return cast("CoreSchema", _strict(TypeAdapter(cls).core_schema))


def json_schema(cls: type) -> dict[str, Any]:
    """Let pydantic describe a class as JSON Schema, with the strings below its fields (slow: imports pydantic).

    pydantic knows those of the class itself; an inherited field is described as the class that it comes from does.
    """
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - only where a schema is written

    cls.__pydantic_config__ = ConfigDict(extra="forbid", use_attribute_docstrings=True)  # type: ignore[attr-defined]
    schema = TypeAdapter(cls).json_schema()
    own = get_annotations(cls)
    for base in filter(is_dataclass, cls.__bases__):
        inherited = json_schema(base)["properties"]
        schema["properties"] |= {key: one for key, one in inherited.items() if key not in own}
    return schema


def _strict(schema: object) -> object:
    """Take scalars as they are (no `"3"` for 3), but a list for a tuple and an object for a dataclass."""
    if isinstance(schema, dict):
        scalar = {"strict": True} if schema.get("type") in {"int", "float", "bool", "str"} else {}
        return {key: _strict(item) for key, item in schema.items()} | scalar
    if isinstance(schema, list | tuple):
        return type(schema)(map(_strict, schema))
    return schema


_VALIDATORS: Final[dict[type, SchemaValidator]] = {}
"""Each made once."""


def _validator(cls: type) -> SchemaValidator:
    if cls not in _VALIDATORS:
        _VALIDATORS[cls] = _load(cls)
    return _VALIDATORS[cls]


def _load(cls: type) -> SchemaValidator:
    from runner.lean_pydantic import SchemaValidator  # noqa: PLC0415 - loaded with the first definition

    try:
        with open(prepared_path(cls), "rb") as file:
            stamp, schema = pickle.load(file)  # noqa: S301 - made by the build, beside the code
    except (OSError, ValueError, AttributeError, ImportError, EOFError, pickle.UnpicklingError):
        return SchemaValidator(core_schema(cls))
    return SchemaValidator(schema if _is_current(stamp) else core_schema(cls))


def prepare(cls: type) -> bytes:
    """Return the prepared schema of a class, for the file at `prepared_path`."""
    schema = _bare(core_schema(cls))
    modules = tuple(sorted({__name__, "runner.spec.base", *modules_of(schema)}))
    return pickle.dumps(((_versions(), modules, sources(modules)), schema))


def _is_current(stamp: tuple[str, tuple[str, ...], int]) -> bool:
    """Say whether a prepared schema was made from this very code, for this pydantic_core."""
    versions, modules, checksum = stamp
    return versions == _versions() and sources(modules) == checksum


_NOT_READ: Final = frozenset({"metadata", "serialization", "ref"})


def _bare(schema: object) -> object:
    """Leave out what only pydantic itself needs: metadata, serialisers, and names for recursion that none has."""
    if isinstance(schema, dict):
        return {key: _bare(item) for key, item in schema.items() if key not in _NOT_READ}
    if isinstance(schema, list | tuple):
        return type(schema)(map(_bare, schema))
    return schema


def read(cls: type[T], value: object) -> T:
    """Read a JSON-like value as an instance of `cls`.

    Raises `pydantic_core.ValidationError`, each line of which is one of ours: `type` the diagnostic's code,
    `msg` its sentence, `ctx` its `hint`. Inside another validator it keeps its paths.
    """
    from runner.lean_pydantic import ValidationError  # noqa: PLC0415 - loaded with the first definition

    try:
        return cast("T", _validator(cls).validate_python(value))
    except ValidationError as error:
        raise _translated(cls, error) from None


def problems(error: ValidationError) -> list[dict[str, Any]]:
    """Return the lines of an error that are known already: those about a template's value wait for it."""
    lines = error.errors(include_url=False)
    return [dict(line) for line in lines if line["type"] == "E203" or not isinstance(line["input"], Template)]


def read_each(whole: object, items: Mapping[Any, U], read_one: Callable[[U], T]) -> list[T]:
    """Read the items of a list or an object; raise one error for all that is wrong with any of them."""
    from runner.lean_pydantic import ValidationError  # noqa: PLC0415 - loaded with the first definition

    found: list[T] = []
    wrong: list[Invalid] = []
    for key, item in items.items():
        try:
            found.append(read_one(item))
        except Invalid as error:
            wrong.append(Invalid(error.sentence, error.hint, code=error.code, at=(key, *error.at)))
        except ValidationError as error:
            lines = error.errors(include_url=False)
            wrong += [
                Invalid(line["msg"], line["ctx"]["hint"], code=line["type"], at=(key, *line["loc"])) for line in lines
            ]
    if wrong:
        raise invalid(whole, *wrong)
    return found


def invalid(value: object, *found: Invalid) -> ValidationError:
    """Make the error that `read` raises, for a function that reads by other means."""
    from runner.lean_pydantic import InitErrorDetails, PydanticCustomError, ValidationError  # noqa: PLC0415 - only where something is wrong

    lines = [
        InitErrorDetails(
            type=PydanticCustomError(cast("Any", one.code), "{sentence}", {"sentence": one.sentence, "hint": one.hint}),
            loc=one.at,
            input=_at(value, one.at),
        )
        for one in found
    ]
    return ValidationError.from_exception_data("value", lines)


def _at(value: object, path: tuple[str | int, ...]) -> object:
    for key in path:
        try:
            value = value[key]  # type: ignore[index]  # a path that pydantic gave, or one of ours
        except (LookupError, TypeError):
            return value
    return value


def _translated(cls: type, error: ValidationError) -> ValidationError:
    from runner.lean_pydantic import InitErrorDetails, PydanticCustomError, ValidationError  # noqa: PLC0415 - only where something is wrong
    from runner.sayings import said  # noqa: PLC0415 - likewise

    lines = []
    found = error.errors(include_url=False)
    for line in found:
        if line["type"] == "too_short" and any(_is_below(other["loc"], line["loc"]) for other in found):
            continue  # pydantic counts only the items that are sound
        one = said(cls, line)
        kind = PydanticCustomError(cast("Any", one.code), "{sentence}", {"sentence": one.sentence, "hint": one.hint})
        lines.append(InitErrorDetails(type=kind, loc=(*line["loc"], *one.at), input=line["input"]))
    return ValidationError.from_exception_data(cls.__name__, lines)


def _is_below(path: tuple[str | int, ...], other: tuple[str | int, ...]) -> bool:
    return len(path) > len(other) and path[: len(other)] == other
