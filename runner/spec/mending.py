"""What to write in the place of a value of the wrong kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from runner.spec.base import described

if TYPE_CHECKING:
    from collections.abc import Sequence

_BOOLEANS: Final = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
_NUMBER: Final = r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?"
_WORD: Final = r"(?!(?:true|false|null)(?: |$))[A-Za-z_./][\w./+:@%~-]*(?<!:)|-[\w-]+"
_PLAIN: Final = rf"({_WORD})( ({_WORD}))*"
"""What YAML takes for texts in a list without quotes."""


def as_text(value: object, several: str = "") -> str:
    """Say how to write a text; `several` is the key that takes more than one."""
    if isinstance(value, list | tuple):
        return f"write one, or {several}: for several" if several else "write one text"
    if isinstance(value, Mapping):
        return "put it in quotes, if a text is meant"
    if value is None:
        return "write one, or leave the key out"
    return f'put it in quotes: "{described(value)}"'


def as_list(value: object) -> str:
    """Say how to write a list."""
    if isinstance(value, Mapping):
        return 'each item begins with "- "'
    if value is None:
        return 'name at least one: each item begins with "- "'
    text = described(value).strip('"')
    if isinstance(value, str) and not (re.fullmatch(_PLAIN, value) and text == value):
        return "put it in brackets: [a, b]"
    words = text.split(" ")
    return f"write [{text}]" if len(words) == 1 else f'write [{", ".join(words)}], or ["{text}"] for a single item'


def as_number(value: object, *, whole: bool = False) -> str:
    """Say how to write a number."""
    if isinstance(value, str) and (found := re.fullmatch(_NUMBER, value.strip())) and not (whole and found[1]):
        return f"write it without quotes: {value.strip()}"
    return "write one like 5" if whole else "write one like 5 or 0.5"


def as_boolean(value: object) -> str:
    """Say how to write true or false."""
    meant = str(value).strip().lower()
    word = meant if meant in {"true", "false"} else _BOOLEANS.get(meant, "")
    return f"write {word}, without quotes" if word else "write true or false"


def as_object(value: object, keys: Sequence[str] = ()) -> str:
    """Say how to write an object; `keys` are those that it may have."""
    if value is None:
        return "what belongs to it stands below, further to the right"
    return f"its keys are {', '.join(keys)}" if keys else "write KEY: VALUE, one below the other"
