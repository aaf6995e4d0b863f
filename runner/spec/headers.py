"""Headers that a definition adds to an HTTP request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from runner.secrets import Foreign
from runner.spec.base import Invalid, Template, described

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MADE: Final = frozenset({"content-length", "transfer-encoding"})
"""Headers (lower case) that follow from what is sent."""


def refuse_bad_headers(headers: object, key: str = "headers") -> None:
    """Raise `Invalid` at `key` for a name that no header has, one that is not for people to set, and a line break.

    A template in place of all of them is looked at once its value is known; what came out of a payload is for whoever
    sends it to put right.
    """
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        if not re.fullmatch(_NAME, name):
            msg = f"{described(name)} is no name of a header"
            raise Invalid(msg, 'write it like "X-Api-Key"', at=(key, name))
        if name.lower() in _MADE:
            raise Invalid(f"{name} follows from what is sent", "leave it out", at=(key, name))
        constant = isinstance(value, str) and not isinstance(value, Template | Foreign)
        if constant and re.search(r"[\r\n\0]", value.strip()):
            raise Invalid(f"the header {name} holds a line break", "write it on one line", at=(key, name))
