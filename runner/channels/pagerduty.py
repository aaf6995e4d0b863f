"""PagerDuty's Events API v2, and what understands the same events."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias, cast

from runner.bounds import bounded
from runner.channels.incident import VERDICTS, dedup_key
from runner.channels.message import Kind
from runner.channels.model import Channel, concealed, credentials
from runner.channels.web import Post, web_url
from runner.channels.wording import clipped, flat
from runner.channels.writing import write
from runner.errors import Cancelled, NodeError
from runner.facts import gather
from runner.results import Verdict
from runner.spec import FilledText, Invalid, Template, Text, Url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.channels.message import Message
    from runner.facts import Alert, CheckResult, Facts
    from runner.scope import Scope
    from runner.secrets import Secret

Action: TypeAlias = Literal["trigger", "acknowledge", "resolve"]

EVENTS_URL: Final = "https://events.pagerduty.com/v2/enqueue"
CLIENT: Final = "pipeline-runner"
_SUMMARY: Final = 1024
_FIELD: Final = 255
"""Characters of a dedup_key, by PagerDuty's limit, and of the other short fields."""
_LINK: Final = 2048
_DETAILS: Final = 480_000
"""Bytes of the details; PagerDuty takes events of up to 512 KB."""
_SEVERITIES: Final = {Verdict.OK: "info", Verdict.WARNING: "warning", Verdict.CRITICAL: "critical"}
_BY_STATUS: Final[Mapping[str, Action]] = {"acknowledged": "acknowledge", "resolved": "resolve"}
_BY_KIND: Final[Mapping[Kind, Action]] = {
    Kind.ACKNOWLEDGED: "acknowledge",
    Kind.RECOVERED: "resolve",
    Kind.WELL: "resolve",
}
_ORDER: Final = ("trigger", "acknowledge", "resolve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What PagerDuty makes one incident of: a group of alerts, a check, or what a message is about."""

    key: str
    action: Action
    severity: str
    source: str
    component: str = ""
    kind: str
    facts: Facts | None = None
    """What is known about it; None where that is all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDuty(Channel):
    """Sends an event for each incident, so that PagerDuty opens, acknowledges and resolves it.

    An incident is a group of alerts (or one that is in no group), a check that is not ok, or the run where it failed
    before it saw anything. A check that is ok resolves its incident, if it has one: without a state store that takes
    `send: always`, since a run in which all is ok tells nobody otherwise.
    """

    driver: ClassVar[str] = "pagerduty"
    variables: ClassVar[Mapping[str, str]] = {
        "integration_key": "PAGERDUTY_ROUTING_KEY",
        "events_url": "PAGERDUTY_EVENTS_URL",
    }
    required: ClassVar[tuple[str, ...]] = ("integration_key",)

    integration_key: FilledText | None = None
    """The integration key of an Events API v2 integration; always a secret."""
    routing_key: FilledText | None = None
    """Another word for `integration_key`."""
    dedup_key: Text | None = None
    """One key for everything that this node tells, in place of one for each incident; at most 255 characters."""
    event_action: Literal["auto", "trigger", "acknowledge", "resolve"] = "auto"
    """What is done with each incident; by default what its alerts' status or its check's verdict asks for."""
    client: Text | None = None
    """What PagerDuty calls the sender; `pipeline-runner` by default."""
    client_url: Url | None = None
    """Where the sender's name leads; the page of the run by default, where it has one."""
    events_url: Url | None = None
    """Where events are sent; `https://events.pagerduty.com/v2/enqueue` by default."""

    def __post_init__(self) -> None:
        """Refuse two keys for one integration, and a key that PagerDuty would refuse."""
        if self.integration_key and self.routing_key:
            msg = "routing_key is another word for integration_key"
            raise Invalid(msg, "keep one of them", code="E208", at=("routing_key",))
        if isinstance(self.dedup_key, str) and not isinstance(self.dedup_key, Template) and len(self.dedup_key) > _FIELD:
            msg = f"dedup_key has {len(self.dedup_key)} characters, and PagerDuty takes {_FIELD}"
            raise Invalid(msg, "give a shorter one", at=("dedup_key",))

    def wanting(self) -> tuple[str, ...]:
        """Name the options that have a variable and are not given, under either of their names."""
        lacking = super(PagerDuty, self).wanting()
        return tuple(option for option in lacking if option != "integration_key" or not self.routing_key)

    def secrets(self) -> tuple[Secret, ...]:
        """Return the integration key."""
        return tuple(credentials({"integration_key": self.integration_key or self.routing_key}).values())

    def compose(self, message: Message, scope: Scope) -> Events:
        """Make an event for each incident, the open ones first."""
        found = [self._whole(message)] if self.dedup_key else _incidents(scope, self.event_action == "resolve")
        chosen = {one.key: one for one in reversed(found)}.values() or [self._whole(message)]
        ordered = sorted(reversed(chosen), key=lambda one: _ORDER.index(one.action))
        return Events(posts={one.key: self._post(one, message, scope, len(ordered)) for one in ordered})
