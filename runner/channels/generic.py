"""Any service that takes JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from dataclasses import field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from runner.bounds import bounded
from runner.channels.json_template import refuse_no_json
from runner.channels.message import Section
from runner.channels.model import Channel, credentials
from runner.channels.web import Post, web_url
from runner.errors import NodeError
from runner.records import record
from runner.rendering import render
from runner.secrets import CREDENTIAL_HEADERS, Sealed, Secret, is_foreign, reveal
from runner.spec import BlockText, Invalid, Text, Url
from runner.spec.headers import refuse_bad_headers

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
        """Refuse two addresses, and headers that cannot be sent."""
        refuse_bad_headers(self.headers)
        if self.endpoint and self.webhook_url:
            msg = "webhook_url is another word for endpoint"
            raise Invalid(msg, "keep one of them", code="E208", at=("webhook_url",))
        if self.payload_template is not None and self._sends_json:
            refuse_no_json(self.payload_template, "payload_template")

    def wanting(self) -> tuple[str, ...]:
        """Name the endpoint where neither of its keys is given."""
        return () if self.endpoint or self.webhook_url else ("endpoint",)

    def secrets(self) -> tuple[Secret, ...]:
        """Return the address and the credentials among the headers."""
        address = credentials({"endpoint": self.endpoint or self.webhook_url})
        return (*address.values(), *self._credentials().values())

    def check(self) -> None:
        """Look at the URL."""
        web_url(self.secrets()[0])

    def compose(self, message: Message, scope: Scope) -> Post:
        """Make the request."""
        return Post(
            method=self.method,
            url=web_url(self.secrets()[0]),
            headers=self._headers(message),
            body=self._body(message, scope),
            repeatable=True,
            id_keys=("message_id", "id"),
        )

    @property
    def _sends_json(self) -> bool:
        """The body is to be JSON, as far as is known."""
        given = (str(value) for name, value in self.headers.items() if name.lower() == "content-type")
        return next(given, _JSON).partition(";")[0].strip().lower() == _JSON

    def _credentials(self) -> dict[str, Secret]:
        return credentials({name: value for name, value in self.headers.items() if name.lower() in CREDENTIAL_HEADERS})

    def _headers(self, message: Message) -> dict[str, Sealable]:
        given: dict[str, Sealable] = {**self.headers, **self._credentials()}
        taken = {name.lower() for name in given}
        own = {"Content-Type": _JSON, "Idempotency-Key": self._idempotency_key(message)}
        mine = {name: value for name, value in own.items() if name.lower() not in taken}
        return {name: _one_line(value) for name, value in (mine | given).items()}

    def _idempotency_key(self, message: Message) -> str:
        """Tell a message that is sent again from another one of the same run."""
        # The body would do, but for the time in it: a node that is tried again must not deliver twice.
        told = [message.dedup_key, message.run_id, message.title, message.text, message.whole, self.payload_template]
        return sha256(json.dumps(told).encode()).hexdigest()

    def _body(self, message: Message, scope: Scope) -> object:
        """Return the usual JSON, or what the template gives; people hear of it also where that is of no use."""
        if self.payload_template is None:
            return _usual(message)
        try:
            body = self._rendered(self.payload_template, message, scope)
            wrong = _objection(reveal(body)) if isinstance(body, str | Sealed) and self._sends_json else ""
        except NodeError as error:
            body, wrong = None, scope.masker.mask(error.message)
        if not wrong:
            return body
        scope.log.warning(f"{wrong}: the usual JSON is sent instead")
        note = Section(heading="About this message", paragraphs=(f"{wrong}: this is the usual JSON.",))
        return _usual(replace(message, sections=(*message.sections, note)))

    def _rendered(self, template: str, message: Message, scope: Scope) -> object:
        """Return what the template gives, with every known secret masked that it did not ask for."""
        rendered = render("payload_template", template, scope, message.document)
        if isinstance(rendered, Secret | Sealed):
            parts = (scope.masker.mask(part) if isinstance(part, str) else part for part in rendered.parts)
            return Sealed(tuple(parts))
        return scope.masker.mask_tree(rendered)


def _one_line(value: Sealable) -> Sealable:
    """Put what a payload says in a header on one line: a line break would end the header."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return " ".join(value.split()) if is_foreign(value) else value
    return Sealed(tuple(" ".join(one.splitlines()) if isinstance(one, str) else one for one in value.parts))


def _usual(message: Message) -> dict[str, object]:
    """Return the JSON that is sent where no template says otherwise."""
    told = message.document
    return {**told, **bounded({key: told[key] for key in _LISTS})}


def _objection(text: str) -> str:
    """Say why a text is no JSON; empty where it is."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f" at line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        return f"payload_template did not give JSON{place} (values are written as {{{{ title | tojson }}}})"
    return ""
