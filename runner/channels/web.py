"""Sending over HTTP."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from runner.channels.wording import flat
from runner.doors import Effect
from runner.doors.request import Request, target_of
from runner.doors.status import is_success, is_transient, phrase, retry_after
from runner.errors import NodeError, TimedOut
from runner.records import record
from runner.rendering import written
from runner.secrets import Sealed, Secret, reveal, reveal_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.channels.model import Sealable
    from runner.doors.request import Response
    from runner.scope import Scope

_ANSWER_SHOWN: Final = 200
_URL: Final = re.compile(r"([^/]*//)(?:([^/?#]*)@)?([^/?#]*)/?(.*)", re.DOTALL)
"""Scheme, credentials, host and port, and what follows them."""
_NO_BREAKS: Final = dict.fromkeys(map(ord, "\t\r\n"))
"""What URLs go on after, as everyone reads them."""


@record
class Post:
    """One request that carries a message."""

    url: Secret
    body: object
    """A text, or what is written as JSON."""
    headers: Mapping[str, Sealable]
    method: str = "POST"
    repeatable: bool = False
    id_keys: tuple[str, ...] = ()
    """Where a JSON answer may name the message, the best first."""
    never_a_page: bool = False
    """The receiver answers in a word or in JSON: a web page comes from a login or a proxy on the way, not from it."""

    def send(self, scope: Scope) -> str | None:
        """Send it once, and take any answer but a success for a failure."""
        url = with_its_host(self.url)
        request = Request(
            method=self.method,
            url=url,
            headers=self.headers,
            body=written(reveal_tree(self.body)).encode(),
            trusted=scope.trusts(self.url),
        )
        try:
            response = scope.doors.http.send(request, scope.deadline, effect=Effect.WRITE)
        except TimedOut as error:
            raise TimedOut(f"{error.message} ({target_of(url).called})") from error
        if self.never_a_page and is_success(response.status) and _is_page(response):
            told = f"{target_of(url).called} answered with a web page, so somebody else took the message"
            raise NodeError(f"{told}: look at the URL, and for a login or a proxy on the way", code="not_accepted")
        if is_success(response.status):
            return _message_id(response, self.id_keys)
        raise _refusal(response)

    def lines(self) -> Iterator[str]:
        """Show method, URL, headers and body."""
        yield f"{self.method} {Request(url=with_its_host(self.url)).shown}"
        for name, value in self.headers.items():
            yield f"{name}: {value}"
        yield ""
        yield from written(self.body).splitlines()


def web_url(url: Secret) -> Secret:
    """Return the URL; raise `NodeError` (`bad_url`) where it is none, without showing it."""
    try:
        parts = urlsplit(reveal(url))
        sound = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        msg = f"{url.name} is no URL: one starts with http:// or https://, names a host, and no port above 65535"
        raise NodeError(msg, code="bad_url")
    return url


def with_its_host(url: Secret) -> Sealed:
    """Write a URL that `web_url` let through with its host in clear: that is no secret, and people look for it."""
    text = reveal(url).strip().translate(_NO_BREAKS)
    scheme, user, host, path = _URL.fullmatch(text).groups()  # type: ignore[union-attr]  # a URL has all
    credentials = (Secret(url.name, user), "@") if user else ()
    return Sealed((scheme, *credentials, f"{host}/", Secret(url.name, path)))


def _is_page(response: Response) -> bool:
    return response.body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))


def _message_id(response: Response, keys: tuple[str, ...]) -> str | None:
    """Return the id in a JSON answer, if there is one."""
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    found = [answer.get(key) for key in keys] if isinstance(answer, dict) else []
    return next((str(one) for one in found if isinstance(one, str | int) and not isinstance(one, bool)), None)


def _refusal(response: Response) -> NodeError:
    """Say what the receiver answered, in its own words where they are short."""
    said = flat(response.body.decode(errors="replace"), _ANSWER_SHOWN)
    return NodeError(
        f"the server answered {phrase(response.status)}" + (f": {said}" if said else ""),
        code="refused_by_server",
        retryable=is_transient(response.status),
        retry_after=retry_after(response),
    )
