"""A definition as it was found, before anybody has read it."""

from __future__ import annotations

import hashlib
import os
from typing import Final, Literal, TypeAlias

from runner.definition.document import MAX_BYTES, Kind
from runner.errors import Unavailable
from runner.records import record

Origin: TypeAlias = Literal["file", "builtin", "database"]

MOST_READ: Final = 16 * MAX_BYTES
"""Bytes of a file: more than a definition may have, to say by how much; and a device never ends."""


@record
class Text:
    """A definition as it was found."""

    data: bytes
    label: str
    """What diagnostics call it: the path as given, `builtin:NAME`, `db:NAME@REVISION`."""
    name: str
    """Used where it has none of its own."""
    origin: Origin = "file"
    kind: Kind | None = None
    """The language; the suffix of the label says so where it is None."""
    version: int = 1
    """The row's revision."""
    kept: bool = True
    """It is as its author wrote it, so that lines and columns mean something."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the text, in hex."""
        return hashlib.sha256(self.data).hexdigest()


def read_file(path: str, *, missing: str, start: str | os.PathLike[str] = "") -> Text:
    """Read a definition file; raise `Unavailable` with the text `missing` where there is none."""
    try:
        with open(os.path.join(start, path), "rb") as stream:
            data = stream.read(MOST_READ)
    except (FileNotFoundError, NotADirectoryError):
        raise Unavailable(missing) from None
    except OSError as error:
        raise Unavailable(unreadable(path, error)) from error
    return Text(data=data, label=path, name=os.path.splitext(os.path.basename(path))[0])


def unreadable(path: str, error: OSError) -> str:
    """Say why a file cannot be read, and what to do."""
    if isinstance(error, IsADirectoryError):
        return f"{path} is a folder — name a file in it"
    mend = (
        f" — the user {os.geteuid()}, who runs this, needs the right to" if isinstance(error, PermissionError) else ""
    )
    return f"{path} cannot be read: {error.strerror}{mend}"
