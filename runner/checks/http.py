"""What a URL answers, and how long that takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from urllib.parse import unquote, urlsplit

from runner.checks.answer import Expect
from runner.checks.base import Answered, Seen, known
from runner.doors import Effect
from runner.doors.request import Request
from runner.records import record
from runner.results import Verdict
from runner.secrets import CREDENTIAL_HEADERS, Sealed, Secret, reveal, reveal_tree
from runner.spec import Invalid, Text, Url, duration_text
from runner.spec.headers import refuse_bad_headers
from runner.spec.urls import credentials_in, without_values

if TYPE_CHECKING:
    from runner.doors.request import Response
    from runner.scope import Scope

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
_USER_INFO: Final = re.compile(r"(?<=://)[^/?#@]*@")


@record
class Http(Answered):
    """Ask a URL, and hold the answer against what is expected and the time it took."""

    type: ClassVar[str] = "http"

    url: Url
    """What is asked; a secret may stand in it, and in `headers`, `body` and `json`."""
    method: Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    """How it is asked."""
    headers: Mapping[str, Text] = field(default_factory=dict)
    """Sent along, by name; those that carry credentials count as secrets."""
    body: Text | None = None
    """What is sent; `json` is the other way to say it."""
    json: Any = None
    """What is sent as JSON."""
    expect: Expect = field(default_factory=Expect)
    """What the answer must be like; anything else is `critical`."""
    follow_redirects: bool = True
    """At most 10; credentials go to the first host alone."""
    verify_tls: bool = True
    """Refuse a certificate that nobody who is trusted vouches for, or that is for another name."""

    def __post_init__(self) -> None:
        """Refuse headers that cannot be sent, two bodies, and bodies where there are none."""
        Answered.__post_init__(self)
        refuse_bad_headers(self.headers)
        sent = [key for key in ("body", "json") if getattr(self, key) is not None]
        if len(sent) > 1:
            msg = "body and json both say what is sent"
            raise Invalid(msg, "keep one of them", code="E208", at=("body",))
        if self.method != "HEAD":
            return
        if sent:
            msg = "a HEAD request carries no body"
            raise Invalid(msg, "leave it out, or ask with another method", code="E208", at=(sent[0],))
        if known(self.expect) and self.expect.reads:
            msg = "the answer to HEAD has no body"
            raise Invalid(msg, "ask with GET", code="E208", at=("expect", self.expect.reads))

    def look(self, scope: Scope) -> Seen:
        """Ask once."""
        effect = Effect.READ if self.method in READING else Effect.WRITE
        response = scope.doors.http.send(self._request(scope), scope.deadline, effect=effect)
        miss = self.expect.missed(response, scope.deadline)
        total = response.timings.total
        if miss is None:
            message = f"{self._shown} answered {response.status} in {duration_text(total)}"
            return Seen(message=message, value=total, unit="s", metrics=_metrics(response))
        elsewhere = _without_query(response.url)
        return Seen(
            message=f"{self._shown} {miss.sentence}",
            verdict=Verdict.CRITICAL,
            value=total,
            unit="s",
            metrics=_metrics(response),
            also="" if elsewhere == _without_query(self._shown) else f"it redirects to {elsewhere}",
            code=miss.code,
        )

    @property
    def place(self) -> str:
        """The URL, without what may change from one call to the next."""
        return _without_query(self._shown)

    @property
    def about(self) -> str | None:
        """Host, port and path."""
        if not known(self.url):
            return None
        parts = urlsplit(self._shown)
        return f"{parts.netloc} {parts.path}"

    @property
    def task(self) -> str:
        """What is asked."""
        return f"{self.method} {self._shown}"

    @property
    def _shown(self) -> str:
        """The URL without a password and the values of its parameters."""
        return without_values(_USER_INFO.sub("", str(self.url)))

    def secrets(self) -> tuple[Secret, ...]:
        """Return the password of the URL, and parameters and headers that carry credentials."""
        plain = {name: value for name, value in self.headers.items() if isinstance(value, str) and known(value)}
        found = [Secret(name, value) for name, value in plain.items() if name.lower() in CREDENTIAL_HEADERS]
        if not known(self.url):
            return tuple(found)
        url = reveal(self.url)
        password = urlsplit(url).password
        found += [Secret("password", unquote(password))] if password else []
        return (*found, *(Secret(name, value) for name, value in credentials_in(url).items()))

    def _request(self, scope: Scope) -> Request:
        headers: dict[str, str | Secret | Sealed] = dict(self.headers)
        body = None if self.body is None else reveal(self.body).encode()
        if self.json is not None:
            body = json.dumps(reveal_tree(self.json)).encode()
            if "content-type" not in map(str.lower, headers):
                headers["Content-Type"] = "application/json"
        return Request(
            method=self.method,
            url=self.url,
            headers=headers,
            body=body,
            follow_redirects=self.follow_redirects,
            verify_tls=self.verify_tls,
            trusted=scope.trusts(self.url),
        )


def _without_query(url: str) -> str:
    return re.split(r"[?#]", url)[0]


def _metrics(response: Response) -> dict[str, object]:
    """Return the status, the size, and the times in milliseconds of what there was: http has no TLS."""
    timings = response.timings
    spent = {
        "dns_ms": timings.dns,
        "connect_ms": timings.connect,
        "tls_ms": timings.tls,
        "first_byte_ms": timings.first_byte,
        "total_ms": timings.total,
    }
    return {
        "status": response.status,
        **{name: round(seconds * 1000, 2) for name, seconds in spent.items() if seconds},
        "bytes": len(response.body),
    }
