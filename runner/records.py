"""Values: `@record` is `@dataclass(frozen=True, slots=True, kw_only=True)` at a tenth of the price.

A dataclass writes and compiles its methods for each class, about a millisecond apiece; a short run knows sixty
classes, and that was a third of its time. A record is a dataclass all the same (`fields`, `replace`, `asdict` and
pydantic take it as one), only its methods are the ones below, made once for all. It inherits from records alone.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
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
    own = vars(cls).keys()
    made = dataclass(init=False, repr=False, eq=False, match_args=False, slots=True, kw_only=kw_only)(cls)
    known = [one for one in fields(made) if one.init]  # type: ignore[arg-type]
    made.__shape__ = (  # type: ignore[attr-defined]
        tuple(one.name for one in known),
        tuple(one.name for one in known if not one.kw_only),
        {one.name: one.default for one in known if one.default is not MISSING},
        [(one.name, one.default_factory) for one in known if one.default_factory is not MISSING],
        hasattr(made, "__post_init__"),
    )
    for name, method in (_METHODS | (_FROZEN if frozen else _CHANGING)).items():
        if name not in own:
            setattr(made, name, method)
    return made


def _init(self: Any, /, *values: object, **named: object) -> None:  # noqa: ANN401 - any record
    """Set each field to the value given for it, else to its default; raise `TypeError` as any call would."""
    names, positional, defaults, factories, checks = type(self).__shape__
    given = {**defaults, **named}
    if values:
        _place(self, positional, values, named)
        given.update(zip(positional, values, strict=False))
    for name, make in factories:
        if name not in given:
            given[name] = make()
    if len(given) != len(names):
        _refuse(self, names, given)
    try:
        for name in names:
            _put(self, name, given[name])
    except KeyError:
        _refuse(self, names, given)
    if checks:
        self.__post_init__()


def _place(self: object, positional: tuple[str, ...], values: tuple[object, ...], named: dict[str, object]) -> None:
    if len(values) > len(positional):
        raise TypeError(f"{type(self).__qualname__}() takes {len(positional)} positional values, not {len(values)}")
    if twice := named.keys() & positional[: len(values)]:
        raise TypeError(f"{type(self).__qualname__}() got {', '.join(sorted(twice))} twice")


def _refuse(self: object, names: tuple[str, ...], given: dict[str, object]) -> None:
    missing = [name for name in names if name not in given]
    unknown = sorted(given.keys() - set(names))
    wrong = [f"needs {', '.join(missing)}"] * bool(missing) + [f"has no field {', '.join(unknown)}"] * bool(unknown)
    raise TypeError(f"{type(self).__qualname__}() {' and '.join(wrong)}")


def _setattr(self: object, name: str, value: object) -> None:  # noqa: ARG001 - the signature is Python's
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: object, name: str) -> None:  # noqa: ARG001 - the signature is Python's
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _values(self: object) -> tuple[object, ...]:
    return tuple(getattr(self, name) for name in type(self).__shape__[0])  # type: ignore[attr-defined]


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
