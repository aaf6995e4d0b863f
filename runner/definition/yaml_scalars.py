"""YAML's scalars without quotes, by YAML 1.2's core schema: `on`, `no`, `1:30` and `2001-01-01` are texts."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from runner.definition.document import MAX_INTEGER, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.definition.document import Path, Reading

_CORE: Final = re.compile(
    r"""(?P<null>~|null|Null|NULL|)
      | (?P<true>true|True|TRUE)
      | (?P<false>false|False|FALSE)
      | (?P<decimal>[-+]?[0-9]+)
      | (?P<octal>0o[0-7]+)
      | (?P<hexadecimal>0x[0-9a-fA-F]+)
      | (?P<real>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)
      | (?P<endless>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))""",
    re.VERBOSE,
)
"""The plain scalars that are no strings."""
_CONSTANTS: Final[Mapping[str, object]] = {"null": None, "true": True, "false": False}
_BASES: Final = {"decimal": 10, "octal": 8, "hexadecimal": 16}


def is_text(scalar: str) -> bool:
    """Say whether a scalar is a text, not a number, a boolean or nothing."""
    return _CORE.fullmatch(scalar) is None


def plain(reading: Reading, scalar: str, path: Path, offset: int) -> object:
    """Return what a scalar stands for; a number that is none is noted, and another one stands for it."""
    match = _CORE.fullmatch(scalar)
    if match is None:
        return scalar
    kind = str(match.lastgroup)
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]
    if kind in _BASES:
        number: float | None = whole_number(scalar, _BASES[kind])
    else:
        number = float(scalar.replace(".", "") if kind == "endless" else scalar)
    if kind == "endless":
        reading.not_finite(path, offset, scalar)
    elif number is None or math.isinf(number):
        reading.too_large(path, offset, scalar)
    return MAX_INTEGER if number is None else number
