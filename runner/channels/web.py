"""Sending over HTTP."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from runner.channels.wording import flat
from runner.doors import Effect
from runner.doors.request import Request, target_of
from runner.doors.status import is_success, is_transient, phrase, retry_after
from runner.errors import NodeError, TimedOut
from runner.records import record
from runner.rendering import written
from runner.results import NOTHING
from runner.secrets import Sealed, Secret, reveal, reveal_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.channels.model import Sealable
    from runner.doors.request import Response
    from runner.scope import Scope

_ANSWER_SHOWN: Final = 200
_TOLD: Final = ("error", "message", "detail", "errors")
"""Keys of a JSON answer whose texts are meant for people."""
_URL: Final = re.compile(r"([^/]*//)(?:([^/?#]*)@)?([^/?#]*)/?(.*)", re.DOTALL)
"""Scheme, credentials, host and port, and what follows them."""
_NO_BREAKS: Final = dict.fromkeys(map(ord, "\t\r\n"))
"""What URLs go on after, as everyone reads them."""


Objection: TypeAlias = "Callable[[Response], str]"
"""Says how an answer shows that the message was not taken, as what follows “hooks.example:443 answered ”."""


def no_objection(_response: Response) -> str:
    """Take any success for one."""
    return ""


def page_objection(response: Response) -> str:
    """Object to a web page: it comes from a login or a proxy on the way, not from who answers in a word or in JSON."""
    if not response.body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return ""
    return "with a web page, so somebody else took the message: look at the URL, and for a login or a proxy on the way"


def error_objection(error: object) -> str:
    """Object to an answer that tells of an error."""
    return f"“{flat(str(error), _ANSWER_SHOWN)}”, so it did not take the message" if error else ""


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
    objection: Objection = no_objection
    """What speaks against an answer that counts as success."""

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
        if not is_success(response.status):
            raise _refusal(response, target_of(url).called)
        if reason := self.objection(response):
            raise NodeError(f"{target_of(url).called} answered {reason}", code="not_accepted")
        return _message_id(response, self.id_keys)

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


def json_in(response: Response) -> Mapping[str, object]:
    """Return the JSON object that an answer is; an empty one where it is none."""
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        return NOTHING
    return answer if isinstance(answer, dict) else NOTHING


def _message_id(response: Response, keys: tuple[str, ...]) -> str | None:
    """Return the id in a JSON answer, if there is one."""
    answer = json_in(response)
    found = map(answer.get, keys)
    return next((str(one) for one in found if isinstance(one, str | int) and not isinstance(one, bool)), None)


def _refusal(response: Response, where: str) -> NodeError:
    """Say what the receiver answered, in its own words where they are short."""
    said = "" if page_objection(response) else flat(_words(response), _ANSWER_SHOWN)
    return NodeError(
        f"{where} answered {phrase(response.status)}" + (f": {said}" if said else ""),
        code="refused_by_server",
        retryable=is_transient(response.status),
        retry_after=retry_after(response),
    )


def _words(response: Response) -> str:
    """Return what an answer says to people: of JSON the texts that are meant for them."""
    answer = json_in(response)
    told = [text for key in _TOLD for text in _texts(answer.get(key))]
    return ": ".join(dict.fromkeys(told)) or response.body.decode(errors="replace")


def _texts(value: object) -> Iterator[str]:
    """Find the texts of a value: itself, those of a list, or the `message` of an object."""
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(value.get("message"))
