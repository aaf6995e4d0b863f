"""What the status of an HTTP answer says to whoever asked: in words, and whether and when to come back."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from runner.doors.request import Response

_TRY_LATER: Final = frozenset({408, 425, 429})
_HTTP_DATE: Final = "%a, %d %b %Y %H:%M:%S GMT"
_LONGEST_WAIT: Final = 10 * 365 * 86400.0
"""Seconds; who asks for more asks for this."""


def is_success(status: int) -> bool:
    """Say whether the request was taken."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def is_transient(status: int) -> bool:
    """Say whether the same request may be taken later."""
    return status in _TRY_LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def phrase(status: int) -> str:
    """Write a status for people: `404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after(response: Response) -> float | None:
    """Return the seconds that `Retry-After` asks to wait, written as a number or as a date; None without one."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = datetime.strptime(text, _HTTP_DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
