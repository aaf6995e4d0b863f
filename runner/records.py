"""Values: `@record` is `@dataclass(frozen=True, slots=True, kw_only=True)` at a tenth of the price.

A dataclass writes and compiles its methods for each class, about a millisecond apiece; a short run knows sixty
classes, and that was a third of its time. A record is a dataclass all the same (`fields`, `replace`, `asdict` and
pydantic take it as one), only its methods are the ones below, made once for all. It inherits from records alone.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

Class = TypeVar("Class")

_put = object.__setattr__


@overload
def record(cls: type[Class], /) -> type[Class]: ...
@overload
def record(*, kw_only: bool = True, frozen: bool = True) -> Callable[[type[Class]], type[Class]]: ...
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def record(
    cls: type[Class] | None = None, /, *, kw_only: bool = True, frozen: bool = True
) -> type[Class] | Callable[[type[Class]], type[Class]]:
    """Make a class a frozen record with slots.

    With `kw_only=False` its fields can be given by position, with `frozen=False` they can be changed. A field with
    `init=False` is left to `__post_init__`.
    """
    if cls is None:
        return lambda cls: _made(cls, kw_only=kw_only, frozen=frozen)
    return _made(cls, kw_only=kw_only, frozen=frozen)


def _made(cls: type[Class], *, kw_only: bool, frozen: bool) -> type[Class]:
    shape = _shape(cls, kw_only=kw_only)
    body = {name: value for name, value in vars(cls).items() if name not in shape.own}
    methods = _METHODS | (_FROZEN if frozen else _CHANGING)
    body |= {name: method for name, method in methods.items() if name not in body}
    body |= {"__slots__": tuple(shape.own), "__shape__": shape, "__dataclass_fields__": _DataclassFields()}
    body.pop("__dict__", None)
    body.pop("__weakref__", None)
    return type(cls)(cls.__name__, cls.__bases__, body)  # type: ignore[misc,no-any-return]  # a metaclass is called


class _Shape:
    """The fields of a record, its bases' first."""

    __slots__ = ("checks", "defaults", "factories", "kw_only", "names", "own", "positional")

    def __init__(self, bases: list[_Shape], own: dict[str, object], *, kw_only: bool, checks: bool) -> None:
        self.own = own
        """What stands behind the fields of the class itself; `MISSING` for nothing."""
        self.kw_only = kw_only
        self.checks = checks
        self.names: dict[str, None] = {}
        """Of the fields that a call gives, in order."""
        self.positional: dict[str, None] = {}
        self.defaults: dict[str, object] = {}
        self.factories: dict[str, Callable[[], object]] = {}
        for base in bases:
            self.names.update(base.names)
            self.positional.update(base.positional)
            self.defaults.update(base.defaults)
            self.factories.update(base.factories)
        for name, default in own.items():
            self._add(name, default)

    def _add(self, name: str, default: object) -> None:
        if isinstance(default, Field):
            if not default.init:
                return
            if default.default_factory is not MISSING:
                self.factories[name] = default.default_factory
            default = default.default
        self.names[name] = None
        if not self.kw_only:
            self.positional[name] = None
        if default is not MISSING:
            self.factories.pop(name, None)
            self.defaults[name] = default


def _shape(cls: type, *, kw_only: bool) -> _Shape:
    written: dict[str, str] = vars(cls).get("__annotations__", {})
    own = {name: vars(cls).get(name, MISSING) for name, kind in written.items() if not kind.startswith("ClassVar")}
    bases = [vars(base)["__shape__"] for base in reversed(cls.__mro__) if "__shape__" in vars(base)]
    return _Shape(bases, own, kw_only=kw_only, checks=hasattr(cls, "__post_init__"))


class _DataclassFields:
    """What makes a dataclass of a record, worked out when it is asked for."""

    def __get__(self, instance: object, owner: type) -> dict[str, Field[Any]]:
        """Return the fields as `dataclasses` describes them."""
        found: dict[str, Field[Any]] = {}
        for base in reversed(owner.__mro__):
            if "__shape__" in vars(base):
                found.update(_described(base))
        owner.__dataclass_fields__ = found  # type: ignore[attr-defined]
        return found


def _described(cls: Any) -> dict[str, Field[Any]]:  # noqa: ANN401 - any record
    """Let the library describe the fields of a class itself, bare of all else."""
    shape: _Shape = vars(cls)["__shape__"]
    kinds = {name: cls.__annotations__[name] for name in shape.own}
    given = {name: default for name, default in shape.own.items() if default is not MISSING}
    bare = type(cls.__name__, (), {"__annotations__": kinds, "__module__": cls.__module__, **given})
    plain: Any = dataclass(init=False, repr=False, eq=False, match_args=False, kw_only=True)(bare)
    return {one.name: one for one in fields(plain)}


def _init(self: Any, /, *values: object, **named: object) -> None:  # noqa: ANN401 - any record
    """Set each field to the value given for it, else to its default; raise `TypeError` as any call would."""
    shape: _Shape = self.__shape__
    given = {**shape.defaults, **named}
    if values:
        _place(self, shape.positional, values, named)
        given.update(zip(shape.positional, values, strict=False))
    for name, make in shape.factories.items():
        if name not in given:
            given[name] = make()
    if given.keys() != shape.names.keys():
        _refuse(self, shape.names, given)
    for name, value in given.items():
        _put(self, name, value)
    if shape.checks:
        self.__post_init__()


def _place(self: object, positional: dict[str, None], values: tuple[object, ...], named: dict[str, object]) -> None:
    if len(values) > len(positional):
        raise TypeError(f"{type(self).__qualname__}() takes {len(positional)} positional values, not {len(values)}")
    if twice := named.keys() & set(list(positional)[: len(values)]):
        raise TypeError(f"{type(self).__qualname__}() got {', '.join(sorted(twice))} twice")


def _refuse(self: object, names: dict[str, None], given: dict[str, object]) -> None:
    missing = [name for name in names if name not in given]
    unknown = sorted(given.keys() - names.keys())
    wrong = [f"needs {', '.join(missing)}"] * bool(missing) + [f"has no field {', '.join(unknown)}"] * bool(unknown)
    raise TypeError(f"{type(self).__qualname__}() {' and '.join(wrong)}")


def _setattr(self: object, name: str, value: object) -> None:  # noqa: ARG001 - the signature is Python's
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: object, name: str) -> None:  # noqa: ARG001 - the signature is Python's
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _values(self: object) -> tuple[object, ...]:
    return tuple(getattr(self, name) for name in self.__shape__.names)  # type: ignore[attr-defined]


def _eq(self: object, other: object) -> bool:
    if type(self) is not type(other):
        return NotImplemented  # type: ignore[no-any-return]
    return _values(self) == _values(other)


def _hash(self: object) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:  # noqa: ANN401 - any record
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _setstate(self: object, state: tuple[None, dict[str, object]]) -> None:
    """Take what pickle and copy kept of a record."""
    for name, value in state[1].items():
        _put(self, name, value)


_METHODS = {"__init__": _init, "__eq__": _eq, "__repr__": _repr}
_FROZEN = {"__setattr__": _setattr, "__delattr__": _delattr, "__hash__": _hash, "__setstate__": _setstate}
_CHANGING = {"__hash__": None}
