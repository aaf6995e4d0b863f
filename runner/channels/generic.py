"""Any service that takes JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from dataclasses import field
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from runner.bounds import bounded
from runner.channels.model import Channel, credentials
from runner.channels.web import Post, web_url
from runner.errors import NodeError
from runner.records import record
from runner.rendering import render
from runner.secrets import CREDENTIAL_HEADERS, Sealed, Secret, reveal
from runner.spec import BlockText, Invalid, Text, Url

if TYPE_CHECKING:
    from runner.channels.message import Message
    from runner.channels.model import Sealable
    from runner.scope import Scope

_JSON: Final = "application/json"
_LISTS: Final = ("alerts", "checks")
"""What may be very long: together they are cut to 1 MiB, which `truncated` says then."""


@record
class Generic(Channel):
    """Sends the message as JSON, of which alerts and checks have up to 1 MiB, or as whatever a template makes of it."""

    driver: ClassVar[str] = "generic"
    variables: ClassVar[Mapping[str, str]] = {"endpoint": "NOTIFY_WEBHOOK_URL"}
    required: ClassVar[tuple[str, ...]] = ("endpoint",)

    endpoint: Url | None = None
    """Where it is sent; always a secret."""
    webhook_url: Url | None = None
    """Another word for `endpoint`."""
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    """How it is sent."""
    headers: Mapping[str, Text] = field(default_factory=dict)
    """Sent beside `Content-Type` and `Idempotency-Key`, or in their place."""
    payload_template: BlockText | None = None
    """The body, as a text that is rendered with the keys of the JSON as names; JSON unless `Content-Type` differs."""

    def __post_init__(self) -> None:
        """Refuse two addresses."""
        if self.endpoint and self.webhook_url:
            msg = "webhook_url is another word for endpoint"
            raise Invalid(msg, "keep one of them", code="E208", at=("webhook_url",))

    def wanting(self) -> tuple[str, ...]:
        """Name the endpoint where neither of its keys is given."""
        return () if self.endpoint or self.webhook_url else ("endpoint",)

    def secrets(self) -> tuple[Secret, ...]:
        """Return the address and the credentials among the headers."""
        address = credentials({"endpoint": self.endpoint or self.webhook_url})
        return (*address.values(), *self._credentials().values())

    def compose(self, message: Message, scope: Scope) -> Post:
        """Make the request."""
        headers = self._headers(message)
        content_type = next(str(value) for name, value in headers.items() if name.lower() == "content-type")
        body = self._body(message, scope)
        if isinstance(body, str | Sealed) and content_type.partition(";")[0].strip().lower() == _JSON:
            _check_json(reveal(body))
        return Post(
            method=self.method,
            url=web_url(self.secrets()[0]),
            headers=headers,
            body=body,
            repeatable=True,
            id_keys=("message_id", "id"),
        )

    def _credentials(self) -> dict[str, Secret]:
        return credentials({name: value for name, value in self.headers.items() if name.lower() in CREDENTIAL_HEADERS})

    def _headers(self, message: Message) -> dict[str, Sealable]:
        given: dict[str, Sealable] = {**self.headers, **self._credentials()}
        taken = {name.lower() for name in given}
        own = {"Content-Type": _JSON, "Idempotency-Key": self._idempotency_key(message)}
        return {name: value for name, value in own.items() if name.lower() not in taken} | given

    def _idempotency_key(self, message: Message) -> str:
        """Tell a message that is sent again from another one of the same run."""
        # The body would do, but for the time in it: a node that is tried again must not deliver twice.
        told = [message.dedup_key, message.run_id, message.title, message.text, message.whole, self.payload_template]
        return sha256(json.dumps(told).encode()).hexdigest()

    def _body(self, message: Message, scope: Scope) -> object:
        """Return the JSON, or what the template gives with every known secret masked that it did not ask for."""
        if self.payload_template is None:
            told = message.document
            return {**told, **bounded({key: told[key] for key in _LISTS})}
        rendered = render("payload_template", self.payload_template, scope, message.document)
        if isinstance(rendered, Secret | Sealed):
            parts = (scope.masker.mask(part) if isinstance(part, str) else part for part in rendered.parts)
            return Sealed(tuple(parts))
        return scope.masker.mask_tree(rendered)


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f" at line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        msg = f"payload_template did not give JSON{place}: write values as {{{{ title | tojson }}}}"
        raise NodeError(msg, code="template") from None
