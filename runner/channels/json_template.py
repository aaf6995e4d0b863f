"""Templates that make JSON: what comes out of an expression must never end the text that it stands in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from runner.spec import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIVE: Final = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)
_SHOWN: Final = 60


def refuse_no_json(template: str, key: str) -> None:
    """Raise `Invalid` at `key` for a template that cannot give JSON, or whose values could add keys to it."""
    if loose := next(_inside_texts(template), ""):
        name = loose.strip("{} ")
        msg = f"{loose[:_SHOWN]} stands inside a text of JSON, which its value could end"
        raise Invalid(msg, f"write {{{{ {name} | tojson }}}} without quotation marks around it", at=(key,))
    if not _LIVE.search(template):
        try:
            json.loads(template)
        except (ValueError, RecursionError):
            msg = "this text is no JSON"
            raise Invalid(msg, "correct it, or give another Content-Type in headers", at=(key,)) from None


def _inside_texts(template: str) -> Iterator[str]:
    """Find the expressions that begin inside a JSON text."""
    inside = False
    for part in _LIVE.split(template):
        if part.startswith("{{"):
            if inside:
                yield part
        elif not part.startswith(("{%", "{#")):
            quotes = re.sub(r"\\.", "", part).count('"')
            inside ^= bool(quotes % 2)
