"""Sending over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from runner.channels.wording import flat
from runner.doors import Effect
from runner.doors.request import Request
from runner.doors.status import is_success, is_transient, phrase, retry_after
from runner.errors import NodeError
from runner.records import record
from runner.rendering import written
from runner.secrets import Secret, reveal, reveal_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.channels.model import Sealable
    from runner.doors.request import Response
    from runner.scope import Scope

_ANSWER_SHOWN: Final = 200


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

    def send(self, scope: Scope) -> str | None:
        """Send it once, and take any answer but a success for a failure."""
        request = Request(
            method=self.method,
            url=self.url,
            headers=self.headers,
            body=written(reveal_tree(self.body)).encode(),
            trusted=scope.trusts(self.url),
        )
        response = scope.doors.http.send(request, scope.deadline, effect=Effect.WRITE)
        if is_success(response.status):
            return _message_id(response, self.id_keys)
        raise _refusal(response)

    def lines(self) -> Iterator[str]:
        """Show method, URL, headers and body."""
        yield f"{self.method} {shown_url(self.url)}"
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
        msg = f"{url.name} is no URL: it starts with http:// or https:// and names a host"
        raise NodeError(msg, code="bad_url")
    return url


def shown_url(url: Secret) -> str:
    """Write a URL that `web_url` let through with its host alone in clear."""
    parts = urlsplit(reveal(url))
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}/{url}"


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
