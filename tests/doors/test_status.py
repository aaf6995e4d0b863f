from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from runner.doors.request import Response, Timings
from runner.doors.status import is_success, is_transient, phrase, retry_after


def answered(**headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=429, headers=named, body=b"", truncated=False, url="", timings=Timings())


@pytest.mark.parametrize(
    ("status", "success", "transient", "said"),
    [
        (199, False, False, "199"),
        (200, True, False, "200 OK"),
        (204, True, False, "204 No Content"),
        (302, False, False, "302 Found"),
        (404, False, False, "404 Not Found"),
        (408, False, True, "408 Request Timeout"),
        (425, False, True, "425 Too Early"),
        (429, False, True, "429 Too Many Requests"),
        (503, False, True, "503 Service Unavailable"),
        (599, False, True, "599"),
    ],
)
def test_a_status_says_what_became_of_a_request(status: int, success: bool, transient: bool, said: str) -> None:
    assert (is_success(status), is_transient(status), phrase(status)) == (success, transient, said)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 17 ", 17.0),
        ("9" * 400, 315360000.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("-1", None),
        ("٣", None),
        ("soon", None),
        ("", None),
    ],
    ids=["none", "number", "endless", "past", "negative", "foreign-digit", "word", "empty"],
)
def test_a_wait_is_read_in_either_form(value: str, seconds: float | None) -> None:
    assert retry_after(answered(retry_after=value)) == seconds


def test_a_wait_until_a_moment_is_counted_from_now() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3500 < (retry_after(answered(retry_after=moment)) or 0) <= 3600


def test_who_asks_for_no_wait_gets_none() -> None:
    assert retry_after(answered()) is None
