"""How programs write a text: as it is, in URLs, in JSON, in HTML, in base64."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator


def spellings(value: str, *, shortest: int) -> set[str]:
    """Return every spelling of a value that a program is likely to write, and of each of its lines.

    Lines and pieces of base64 under `shortest` characters are left out.
    """
    lines = {line.strip() for line in value.splitlines()}
    texts = {value, *(line for line in lines if len(line) >= shortest)}
    return {form for text in texts for form in (*_quoted(text), *_base64(text, shortest))}


def _quoted(text: str) -> tuple[str, ...]:
    return (
        text,
        quote(text, safe=""),
        quote(text),
        quote_plus(text),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        html.escape(text),
        html.escape(text, quote=False),
    )


def _base64(text: str, shortest: int) -> Iterator[str]:
    """Write the text as it stands inside longer base64, at each of the three alignments."""
    raw = text.encode("utf-8", "surrogatepass")
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        inner = whole[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]
        if len(inner) >= shortest + 2:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
