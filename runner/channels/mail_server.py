"""Reading where mail is handed in: a host, or all of it as a URL."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from runner.records import record

if TYPE_CHECKING:
    from urllib.parse import SplitResult

EXAMPLE: Final = "smtp://user:password@mail.example:587"
PORT: Final = 587
TLS_PORT: Final = 465
_ANSWERS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@record
class Place:
    """What a host or a URL says; None where it leaves a thing open."""

    host: str
    port: int | None = None
    tls: bool | None = None
    """STARTTLS."""
    ssl: bool | None = None
    """TLS from the first byte."""
    username: str | None = None
    password: str | None = None


def read_place(text: str) -> Place:
    """Read `mail.example`, or `smtp://user:password@mail.example:587?tls=no` and `smtps://…:465`.

    Raises `ValueError` with what is wrong, and shows nothing of the text.
    """
    text = text.strip()
    if "://" in text:
        return _read_url(text)
    bare = text.strip("[]")
    if ":" in bare and not _is_address(bare):
        msg = f"holds a port or a user: give smtp_port beside it, or write all of it as {EXAMPLE}"
        raise ValueError(msg)
    if not bare or any(character.isspace() or character in "/@?#" for character in bare):
        msg = f"is no host name: write mail.example, or {EXAMPLE}"
        raise ValueError(msg)
    return Place(host=bare)


def _read_url(text: str) -> Place:
    try:
        parts = urlsplit(text)
        host = parts.hostname or _refuse_url()
        port = parts.port
    except ValueError:
        _refuse_url()
    if port == 0 or parts.scheme not in {"smtp", "smtps"} or parts.path not in {"", "/"} or "#" in text:
        _refuse_url()
    if parts.username and not parts.password:
        msg = f"names a user and no password: write {EXAMPLE}"
        raise ValueError(msg)
    implicit = parts.scheme == "smtps"
    return Place(
        host=host,
        port=port,
        ssl=implicit,
        tls=None if implicit else _tls_of(parts),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _refuse_url() -> NoReturn:
    msg = f"is no URL of a mail server: write {EXAMPLE}, with %40 for @, %2F for / and %23 for # in the password"
    raise ValueError(msg) from None  # the cause would show what may be secret


def _tls_of(parts: SplitResult) -> bool:
    """Read `?tls=no`."""
    given = parse_qsl(parts.query, keep_blank_values=True)
    if [key for key, _ in given] not in ([], ["tls"]) or any(value.lower() not in _ANSWERS for _, value in given):
        msg = "has more behind its ? than tls=yes or tls=no"
        raise ValueError(msg)
    return all(_ANSWERS[value.lower()] for _, value in given)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
