"""Reading where a message goes from a node's configuration: channels by driver, with their options, or by name."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, TypeVar

from runner.channels import CHANNELS
from runner.channels.model import Channel
from runner.records import record
from runner.spec import Invalid, ReadBy, Template, did_you_mean
from runner.validators import read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

T = TypeVar("T")

WAYS: Final = ("driver", "drivers", "channel", "channels")
"""Of these keys a node has exactly one."""


@record(kw_only=False)
class Named:
    """A channel that stands in the database under a name."""

    name: str


Place: TypeAlias = Channel | Named


def read_place(value: object) -> Place:
    """Read an object with a `driver` and its options, or the name of a channel."""
    if value == "":
        raise Invalid("an empty name names no channel")
    return Named(value) if isinstance(value, str) else CHANNELS.read(value)


AnyPlace: TypeAlias = Annotated[
    Place,
    ReadBy(
        read_place,
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "object", "properties": {"driver": {"enum": list(CHANNELS)}}, "required": ["driver"]},
            ]
        },
    ),
]


def check_ways(value: Mapping[str, Any]) -> Iterator[Invalid]:
    """Find fault with a configuration that says nowhere, or in more than one way, where messages go."""
    given = [key for key in WAYS if value.get(key) is not None]
    if not given:
        hint = f"add a driver, one of {', '.join(CHANNELS)}"
        yield Invalid('missing key "driver"', hint, code="E201", at=("driver",))
    for key in given[1:]:
        yield Invalid(f"{given[0]} and {key} both say where messages go", "keep one of them", code="E208", at=(key,))
    for key in given:
        if value[key] == []:
            yield Invalid(f"{key} is empty: messages would go nowhere", "name at least one", at=(key,))


def read_drivers(value: Mapping[str, Any], own: Collection[str]) -> tuple[tuple[Channel, ...], tuple[Invalid, ...]]:
    """Read the channels of `driver` or `drivers`, whose options are all keys that are not the node's `own`.

    Each driver takes the options that it has; one that none of them has is unknown.
    """
    drivers = tuple(_drivers(value))
    unknown_yet = [Invalid("the driver is known when the node runs", at=path) for path in _waiting(drivers)]
    classes, wrong = _classes([one for one in drivers if not isinstance(one[1], Template)])
    if unknown_yet:
        return (), (*unknown_yet, *wrong)
    options = {key: item for key, item in value.items() if key not in own}
    known = {key for cls in classes for key in _keys(cls)}
    if not wrong:
        hints = [*own, *sorted(known)]
        wrong = [
            Invalid(f'unknown key "{key}"', did_you_mean(key, hints), code="E203", at=(key,))
            for key in options
            if key not in known
        ]
    channels: list[Channel] = []
    for cls in classes:
        channel, faults = attempt(cls, {key: item for key, item in options.items() if key in _keys(cls)})
        channels += [channel] if channel else []
        wrong += [fault for fault in faults if fault.at not in {one.at for one in wrong}]
    return tuple(channels), tuple(wrong)


def attempt(cls: type[T], value: object) -> tuple[T | None, tuple[Invalid, ...]]:
    """Read a value; return it, or all that is wrong with it."""
    from runner.lean_pydantic import ValidationError  # noqa: PLC0415 - loaded with the first definition

    try:
        return read(cls, value), ()
    except ValidationError as error:
        lines = error.errors(include_url=False)
        return None, tuple(
            Invalid(line["msg"], line["ctx"]["hint"], code=line["type"], at=line["loc"]) for line in lines
        )


def _drivers(value: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Find the names of drivers, and where they stand; what is no text is found fault with elsewhere."""
    if isinstance(value.get("driver"), str):
        yield ("driver",), value["driver"]
    listed = value.get("drivers")
    for place, name in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(name, str):
            yield ("drivers", place), name


def _waiting(drivers: Sequence[tuple[tuple[str | int, ...], str]]) -> Iterator[tuple[str | int, ...]]:
    return (path for path, name in drivers if isinstance(name, Template))


def _classes(
    drivers: Sequence[tuple[tuple[str | int, ...], str]],
) -> tuple[list[type[Channel]], list[Invalid]]:
    classes, wrong = [], []
    for path, name in drivers:
        try:
            classes.append(CHANNELS.load(name))
        except Invalid as error:
            wrong.append(Invalid(error.sentence, error.hint, code=error.code, at=path))
    return classes, wrong


def _keys(cls: type[Channel]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))
