"""Names, texts that may hold secrets, and URLs."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from runner.secrets import Sealed, Secret, reveal
from runner.spec.base import Invalid, ReadBy, Template, described
from runner.spec.mending import as_text
from runner.spec.urls import with_hidden_user, without_values

NAME_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"


def name(value: object) -> str:
    """Read a name that can stand in an expression."""
    if isinstance(value, str) and not isinstance(value, Template) and re.fullmatch(NAME_PATTERN, value):
        return value
    msg = f"{described(value)} is no name"
    raise Invalid(msg, "use letters, digits and _, not starting with a digit")


NAME_SCHEMA: Final = {
    "type": "string",
    "pattern": NAME_PATTERN,
    "patternErrorMessage": "Not a name: use letters, digits and _, not starting with a digit.",
}
Name: TypeAlias = Annotated[str, ReadBy(name, NAME_SCHEMA)]


def text(value: object) -> str | Secret | Sealed:
    """Read a text that may hold secrets; a sink opens it."""
    if isinstance(value, str | Secret | Sealed):
        return value
    msg = f"expected a text, got {described(value)}"
    raise Invalid(msg, as_text(value), code="E202")


def filled_text(value: object) -> str | Secret | Sealed:
    """Read a text that is not empty."""
    found = text(value)
    if not isinstance(found, Template) and not str(found).strip():
        msg = "expected a text, got an empty one"
        raise Invalid(msg, "write one, or leave the key out")
    return found


Text: TypeAlias = Annotated[str | Secret | Sealed, ReadBy(text, {"type": "string"})]
FilledText: TypeAlias = Annotated[str | Secret | Sealed, ReadBy(filled_text, {"type": "string", "minLength": 1})]

_SHORT_PATH: Final = 12
"""Characters of a path, or of a word in the place of a URL, that can be no credential."""
_HOST: Final = r"(?:localhost|(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}|[0-9.]{7,15})(?::\d+)?(?=/|$)"
"""A host as people write it, alone or with a path."""
_PORT: Final = r"[^/?#]*//(?>(?:[^/?#]*@)?)(?>\[[^\]]*\]|[^/?#:@\[]*):([^/?#]+)"
HIGHEST_PORT: Final = 65535
_URL: Final = r"(?i)https?://[^\s/?#]\S*"


def url(value: object) -> str | Secret | Sealed:
    """Read an http or https URL; a secret in it is opened by the door that calls it."""
    found = filled_text(value)
    if isinstance(found, Template):
        return found
    if isinstance(found, str) and not re.fullmatch(_URL, found):
        shown = _without_path(without_values(with_hidden_user(found)))
        # what has neither a scheme nor a host may be a credential that stands in the place of a URL
        harmless = "/" in shown or re.match(_HOST, found) or len(found) <= _SHORT_PATH
        needs_scheme = harmless and re.fullmatch(r"[\w.-]+(:\d+)?(/\S*)?", found)
        hint = f'write "https://{shown}"' if needs_scheme else "it starts with http:// or https://"
        if variable := re.fullmatch(r"\$\{?([A-Za-z_]\w*)\}?", found):
            hint = f'write "{{{{ secrets.{variable[1]} }}}}" and, at the top, secrets: [{variable[1]}]'
        what = described(shown) if harmless else "this text"
        raise Invalid(f"{what} is no URL", hint)
    _refuse_no_port(found)
    return found


def _refuse_no_port(given: str | Secret | Sealed) -> None:
    """Raise `Invalid` for a URL whose port nobody can have."""
    found = re.match(_PORT, reveal(given))
    if found is None or (found[1].isascii() and found[1].isdigit() and 0 < int(found[1]) <= HIGHEST_PORT):
        return
    shown = described(_without_path(without_values(with_hidden_user(str(given)))))
    port = f":{found[1]}" if f":{found[1]}" in shown else "a port"
    raise Invalid(f"{shown} names {port}, and there is no such port", f"give one from 1 to {HIGHEST_PORT}, or none")


def refuse_no_host(given: str, key: str) -> None:
    """Raise `Invalid` at `key` for more than a name or an address: a URL, a user, a path, a port."""
    shown = with_hidden_user(given)
    there, _, path = shown.rpartition("://")[2].partition("/")
    host, _, port = there.rpartition("@")[2].partition(":")
    if host and (port.isdigit() or "://" in given or path or shown != given):
        hint = f'write "{host}"' + (f" and port: {port}" if port.isdigit() and key == "host" else "")
        raise Invalid(f"{described(shown)} is more than a host", hint, at=(key,))


def _without_path(place: str) -> str:
    """Leave out what follows the host where it is long: of a webhook it is a credential."""
    slash = place.find("/", place.find("://") + 3 if "://" in place else 0)
    return place if slash < 0 or len(place) - slash <= _SHORT_PATH else f"{place[:slash]}/…"


Url: TypeAlias = Annotated[
    str | Secret | Sealed,
    ReadBy(
        url,
        {
            "type": "string",
            "pattern": "^[hH][tT][tT][pP][sS]?://[^\\s/?#]+\\S*$",
            "patternErrorMessage": "Not a URL: it starts with http:// or https://, and has no spaces.",
        },
    ),
]


def block(value: object) -> str:
    """Read a Jinja2 text that the node renders."""
    if isinstance(value, str):
        return value
    msg = f"expected a text, got {described(value)}"
    raise Invalid(msg, as_text(value), code="E202")


BlockText: TypeAlias = Annotated[str, ReadBy(block, {"type": "string"})]
