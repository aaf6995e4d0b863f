"""Where things are: in the checkout, and on the net."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
REPOSITORY: Final = "https://github.com/org/pipeline-action/blob/main"
"""Where the files of the repository can be read that are no part of the site."""

_UPWARDS: Final = re.compile(r"\]\((?P<path>(?:\.\./)+[^)#\s]+)")


def linked_outside(text: str, page: str) -> str:
    """Let the links of a page that lead out of `docs/` lead to the repository."""

    def led(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), link["path"]))
        return f"]({REPOSITORY}/{target.removeprefix('../')}" if target.startswith("../") else link[0]

    return _UPWARDS.sub(led, text)
