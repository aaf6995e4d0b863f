"""A definition as it was found, before anybody has read it."""

from __future__ import annotations

import os
from typing import Final

from runner.definition.document import MAX_BYTES
from runner.errors import Unavailable
from runner.records import record

MOST_READ: Final = 16 * MAX_BYTES
"""Bytes of a file: more than a definition may have, to say by how much; and a device never ends."""


@record
class Text:
    """A definition as it was found."""

    data: bytes
    label: str
    """What diagnostics call it: the path as given, `builtin:NAME`."""
    name: str
    """Used where it has none of its own."""
    is_file: bool = True


def read_file(path: str, *, missing: str, start: str | os.PathLike[str] = "") -> Text:
    """Read a definition file; raise `Unavailable` with the text `missing` where there is none."""
    try:
        with open(os.path.join(start, path), "rb") as stream:
            data = stream.read(MOST_READ)
    except (FileNotFoundError, NotADirectoryError):
        raise Unavailable(missing) from None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from error
    return Text(data=data, label=path, name=os.path.splitext(os.path.basename(path))[0])
