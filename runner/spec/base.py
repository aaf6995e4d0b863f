"""What reading any value takes: what is wrong with it, what stands for it until it is known, how it is said.

The types are plain `Annotated` ones. `ReadBy` names the function that reads a value from a file; pydantic
finds it there when validators are prepared, and nothing here imports pydantic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from runner.spec.urls import shown_urls

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import CoreSchema


class Invalid(ValueError):
    """A value that cannot stand where it stands; becomes a diagnostic.

    `code` is the diagnostic's, `at` a path below the value that is to blame.
    """

    def __init__(self, sentence: str, hint: str = "", *, code: str = "E204", at: tuple[str | int, ...] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.code = code
        self.at = at


class Template(str):
    """A string of a definition that holds a live `{{ … }}`; its value is known when the node runs."""

    __slots__ = ()


class Block(Template):
    """A whole Jinja2 text (`template`, `message`, `payload_template`): the node renders it itself."""

    __slots__ = ()


class Repeated(list[Any]):
    """What `for_each` has made of one entry of a list: an entry for each item. No file holds one."""

    __slots__ = ()


class ReadBy:
    """How a value is read from a file, and the JSON Schema of what may stand there."""

    __slots__ = ("function", "schema")

    def __init__(self, function: Callable[[Any], Any], schema: Mapping[str, Any]) -> None:
        self.function = function
        self.schema = schema

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # noqa: PLC0415 - only where validators are prepared

        return core_schema.no_info_plain_validator_function(self.function)

    def __get_pydantic_json_schema__(self, _core: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self.schema)


_SHOWN: Final = 60
"""Characters of a value that a message shows."""


def template_in(value: object) -> Template | None:
    """Return the template that stands for a value or for an item of a list; None where all is known."""
    items = value if isinstance(value, list) else [value]
    return next((item for item in items if isinstance(item, Template)), None)


def described(value: object) -> str:
    """Say a value to a person: `"abc"`, `12`, `a list`."""
    if isinstance(value, str):
        text = shown_urls(value)
        return f'"{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"}"'
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "a list"
    return "an object" if isinstance(value, Mapping) else str(value)[:_SHOWN]


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Return the known word that `word` was most likely meant to be, or an empty string."""
    import difflib  # noqa: PLC0415 - only where something is wrong already

    found = difflib.get_close_matches(word.lower(), [item.lower() for item in known], n=1, cutoff=0.6)
    return next(item for item in known if item.lower() == found[0]) if found else ""


def did_you_mean(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Hint at the nearest known word, or list them all."""
    found = nearest(word, known)
    return f'did you mean "{found}"?' if found else f"known: {', '.join(known)}"
