"""pydantic_core, without its description of core schemas: a tenth of a short run, of use to type checkers alone.

`import pydantic_core` builds 80 typed dictionaries in `pydantic_core.core_schema` and needs four names of them
for annotations. An empty module answers for it during that import and is gone afterwards, so that whoever asks for
the description later (pydantic does) gets the real one.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Final

_DESCRIPTION: Final = "pydantic_core.core_schema"


class _Anything(ModuleType):
    """A module in which every name stands for a type that is not looked at."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return Any


def _stands_in() -> bool:
    """Put the empty module where the description would be, unless somebody has read that already."""
    return sys.modules.setdefault(_DESCRIPTION, _Anything(_DESCRIPTION)).__class__ is _Anything


_is_lean = _stands_in()
try:
    from pydantic_core import (
        InitErrorDetails,
        PydanticCustomError,
        SchemaValidator,
        ValidationError,
        __version__,
    )
finally:
    if _is_lean:
        del sys.modules[_DESCRIPTION]

__all__ = ["InitErrorDetails", "PydanticCustomError", "SchemaValidator", "ValidationError", "__version__"]
