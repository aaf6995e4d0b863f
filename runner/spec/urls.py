"""URLs as people are shown them: without what may be a credential."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_plus

_ATOM: Final = r"\{\{(?:(?!\{\{|\}\}).)*+\}\}|«[^«»]*+»"
"""A template or the name of a secret: either may be shown. One that is not closed is looked for no further than the
next, so that no text takes long."""
_IN_TEXT: Final = rf"(?is)https?://(?:{_ATOM}|[^\s\"'<>])+"
_WHOLE: Final = rf"(?s)((?:{_ATOM}|[^?#])*)(\?(?:{_ATOM}|[^#])*)?"
_PARAMETER: Final = rf"(?s)(?<=[?&;])((?:{_ATOM}|[^=&;])+)(?:(=)((?:{_ATOM}|[^&;])*))?"
_SHOWN: Final = rf"(?s)(?:{_ATOM})*"
_USER: Final = r"(?<![^/])[^/@]*@"
"""User and password in front of a host."""
_KEYS: Final = r"(?:api|access|auth)[-_]?key|(?:^|[-_])(?:key|sig|auth)$"
_CREDENTIAL: Final = rf"(?i)token|secret|passw|pwd|signature|credential|session|jwt|{_KEYS}"
"""Names of parameters that carry credentials."""
_SHORTEST: Final = 8
_LONGEST_WORD: Final = 20
"""Characters of a value that can be a word like others, and must not be masked wherever it stands."""


def with_hidden_user(place: str) -> str:
    """Put `…@` in place of user and password of what may be a URL: a message shows neither."""
    return re.sub(_USER, "…@", place)


def without_values(url: str) -> str:
    """Leave out the values of a URL's parameters, and its fragment: `https://shop.example/health?token=…`."""
    found = re.match(_WHOLE, url)
    head, query = (found[1], found[2] or "") if found else (url, "")
    return head + re.sub(_PARAMETER, _without_value, query)


def shown_urls(text: str) -> str:
    """Show each URL in a text without user, password and the values of its parameters."""
    return re.sub(_IN_TEXT, lambda url: without_values(with_hidden_user(url[0])), text) if "://" in text else text


def credentials_in(url: str) -> dict[str, str]:
    """Return the values of parameters, by name, that can be nothing but credentials."""
    query = url.partition("#")[0].partition("?")[2]
    pairs = (part.partition("=") for part in re.split("[&;]", query))
    found = {unquote_plus(name): unquote_plus(value) for name, _, value in pairs if re.search(_CREDENTIAL, name)}
    return {name: value for name, value in found.items() if _is_no_word(value)}


def _is_no_word(value: str) -> bool:
    return len(value) > _LONGEST_WORD or (len(value) >= _SHORTEST and any(one.isdigit() for one in value))


def _without_value(parameter: re.Match[str]) -> str:
    name, equals, value = parameter.groups()
    if not equals:  # without a value the name may be the credential
        return name if re.fullmatch(_SHOWN, name) else "…"
    return f"{name}={value if re.fullmatch(_SHOWN, value) else '…'}"
