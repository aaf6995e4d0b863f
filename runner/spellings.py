"""How programs write a text: as it is, in URLs, in JSON, in HTML, in base64."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPE: Final = re.compile("%[0-9A-F]{2}")
_WEB: Final = re.compile(r"https?://[^/?#\s]+(/[^\s#]+)")
_TELLING: Final = 12
"""Characters of a path that is a secret; a shorter one is a word like `/webhook`."""
_GO: Final = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})


def spellings(value: str, *, shortest: int) -> set[str]:
    """Return every spelling of a value that a program is likely to write, and of each of its lines.

    Lines and pieces of base64 under `shortest` characters are left out.
    """
    lines = {line.strip() for line in value.splitlines()}
    texts = {value, *(line for line in lines if len(line) >= shortest), *_path_of(value)}
    return {form for text in texts for form in _forms(text, shortest)}


def _path_of(value: str) -> Iterator[str]:
    """Return what follows the host of a URL: of a webhook that is the secret, and servers repeat it alone."""
    match = _WEB.match(value)
    if match and len(match[1]) >= _TELLING:
        yield match[1]


def _forms(text: str, shortest: int) -> Iterator[str]:
    # an environment variable that is not UTF-8 comes with halves of surrogate pairs
    raw = text.encode("utf-8", "surrogatepass")
    yield text
    yield from _in_urls(raw)
    yield from _in_json(text)
    yield from _in_html(text)
    yield from _in_base64(raw, shortest)


def _in_urls(raw: bytes) -> Iterator[str]:
    """Escape it whole, as a path and as a form, in large letters and in small ones."""
    for form in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield form
        yield _ESCAPE.sub(lambda match: match.group().lower(), form)


def _in_json(text: str) -> Iterator[str]:
    """Escape it as Python, PHP and Go do."""
    for form in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield form
        yield form.replace("/", r"\/")
        yield form.translate(_GO)


def _in_html(text: str) -> Iterator[str]:
    yield html.escape(text, quote=False)
    yield html.escape(text)
    yield html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield html.escape(text).replace("&#x27;", "&#39;")


def _in_base64(raw: bytes, shortest: int) -> Iterator[str]:
    """Write it as it stands inside longer base64, at each of the three alignments."""
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        inner = whole[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]
        if len(inner) >= shortest + 2:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
