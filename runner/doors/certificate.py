"""A certificate, from the words in which libcurl tells of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from runner.errors import NodeError
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE: Final = re.compile(rf"({'|'.join(_MONTHS)}) +(\d+) (\d\d):(\d\d):(\d\d) (\d{{4}}) GMT")
_ATTRIBUTE: Final = re.compile(r'(?:^|[,+] )([\w.]+) = ("(?:[^"\\]|\\.)*"|(?:[^,+\\]|\\.)*)')
_ESCAPED: Final = re.compile(rb"\\([0-9A-F]{2}|.)", re.DOTALL)
_CALLED_BY: Final = ("CN", "OU", "O")
"""What a certificate's owner is called by, the best first."""
_NAMES: Final = re.compile(r"(?:DNS|IP Address):([^,]+)")


@record
class Certificate:
    """What a certificate says."""

    subject: str
    """What its owner is called."""
    issuer: str
    self_issued: bool
    """Owner and issuer are the same."""
    names: tuple[str, ...]
    """Hosts and addresses that it is for."""
    begins: datetime
    ends: datetime


def read_certificate(lines: Sequence[tuple[str, ...]]) -> Certificate:
    """Read what libcurl's CERTINFO says of one; raise `NodeError` where that cannot be understood."""
    told = dict(line for line in lines if len(line) == 2)  # noqa: PLR2004 - a key and a value
    try:
        return Certificate(
            subject=_called(told["Subject"]),
            issuer=_called(told["Issuer"]),
            self_issued=told["Subject"] == told["Issuer"],
            names=tuple(name.strip() for name in _NAMES.findall(told.get("X509v3 Subject Alternative Name", ""))),
            begins=_moment(told["Start date"]),
            ends=_moment(told["Expire date"]),
        )
    except (KeyError, ValueError) as error:
        raise NodeError(f"the certificate cannot be read: {error}", code="unreadable") from error


def _called(name: str) -> str:
    """Return what somebody is called: the common name, else the unit, the organisation, or the whole name."""
    found = {key: _plain(value.strip()) for key, value in _ATTRIBUTE.findall(name)}
    return next((found[key] for key in _CALLED_BY if found.get(key)), name)


def _plain(value: str) -> str:
    r"""Undo quotes and escapes: `"Soci\C3\A9t\C3\A9"`."""
    bare = value[1:-1] if value.startswith('"') else value

    def unescaped(match: re.Match[bytes]) -> bytes:
        code: bytes = match[1]
        return bytes.fromhex(code.decode()) if len(code) == 2 else code  # noqa: PLR2004 - two digits

    return _ESCAPED.sub(unescaped, bare.encode()).decode("utf-8", "replace")


def _moment(text: str) -> datetime:
    """Read `Nov  3 00:10:11 2026 GMT`, in whatever language the machine speaks."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is no date")
    month, day, hour, minute, second, year = found.groups()
    return datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
