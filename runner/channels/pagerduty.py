"""PagerDuty's Events API v2, and what understands the same events."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from dataclasses import field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, TypeAlias

from runner.bounds import bounded
from runner.channels.grouping import incidents
from runner.channels.incident import dedup_key
from runner.channels.incident_page import own_messages, rows
from runner.channels.message import Kind
from runner.channels.model import Channel, Partly, concealed, credentials
from runner.channels.web import Post, error_objection, json_in, page_objection, web_url
from runner.channels.wording import clipped, flat, open_name
from runner.errors import Cancelled, NodeError
from runner.facts import Facts, gather
from runner.records import record
from runner.results import Verdict
from runner.scope import host_of
from runner.secrets import Sealed, Secret, is_foreign
from runner.spec import FilledText, Invalid, ReadBy, Template, Url, filled_text, url
from runner.standing import RUN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.channels.grouping import Incident
    from runner.channels.message import Message
    from runner.doors.request import Response
    from runner.scope import Scope

EVENTS_URL: Final = "https://events.pagerduty.com/v2/enqueue"
CLIENT: Final = "pipeline-runner"
_ACTIONS: Final = {"firing": "trigger", "acknowledged": "acknowledge", "resolved": "resolve"}
"""What is done with an incident, by its status; the most urgent first."""
_STATUSES: Final = tuple(_ACTIONS)
_BY_KIND: Final = {Kind.ACKNOWLEDGED: "acknowledged", Kind.RECOVERED: "resolved", Kind.WELL: "resolved"}
"""The status of what a message is about, where it is not firing."""
_PARTS: Final = ("component", "service", "job")
"""Labels that name the part of a machine that an alert is about."""
_SEVERITIES: Final = {Verdict.UNKNOWN: "error", Verdict.INCONCLUSIVE: "error"}
"""PagerDuty's word for verdicts whose severity does not say enough: it stands between warning and critical."""

# PagerDuty's limits, and lengths that no honest value reaches.
_KEY: Final = 255
_SUMMARY: Final = 1024
_FIELD: Final = 255
_LINK: Final = 2048
_DETAILS: Final = 480_000
"""Bytes; a whole event may have 512 KB."""


def read_key(value: object) -> str | Secret | Sealed:
    """Read a key that ties events together; what a payload gives must not keep an event from going out.

    A number is its digits, nothing is no key, and what is too long is told from others by its hash.
    """
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not is_given_by_payload(text):
        return filled_text(text)
    key = str(text).strip()
    return key if len(key) <= _KEY else sha256(key.encode("utf-8", "replace")).hexdigest()


def read_link(value: object) -> str | Secret | Sealed | None:
    """Read a URL that is a help and no more: what a payload gives and is none is left out."""
    try:
        return url(value)
    except Invalid:
        if is_given_by_payload(value):
            return None
        raise


def is_given_by_payload(value: object) -> bool:
    """Say whether a text came out of a payload."""
    return isinstance(value, str | Sealed) and is_foreign(value)


DedupKey: TypeAlias = Annotated[
    str | Secret | Sealed, ReadBy(read_key, {"anyOf": [{"type": "string", "minLength": 1}, {"type": "number"}]})
]
Link: TypeAlias = Annotated[
    str | Secret | Sealed | None,
    ReadBy(read_link, {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^\\s/?#]+\\S*$"}),
]


@record
class Event:
    """One event, before it has PagerDuty's form."""

    key: str
    status: str
    """`firing`, `acknowledged` or `resolved`."""
    told: Message
    """What there is to say about it."""
    facts: Facts
    """What it is about; nothing but a verdict where that is the run."""


@record
class PagerDuty(Channel):
    """Sends an event for each incident, so that PagerDuty opens it, knows it is taken on, and closes it.

    An incident is a group of alerts, an alert in no group, a check, or a run that failed before it saw anything.
    A check that is ok closes its incident where one is open. Without a state store a run in which all is ok tells
    nobody, so that takes `send: always`. An event has arrived on any answer of success, but for JSON whose `status` is
    another than `success`, and for a web page.
    """

    driver: ClassVar[str] = "pagerduty"
    variables: ClassVar[Mapping[str, str]] = {
        "integration_key": "PAGERDUTY_ROUTING_KEY",
        "events_url": "PAGERDUTY_EVENTS_URL",
    }
    required: ClassVar[tuple[str, ...]] = ("integration_key",)

    integration_key: FilledText | None = None
    """The key of an integration of the type Events API v2; always a secret."""
    routing_key: FilledText | None = None
    """Another word for `integration_key`."""
    dedup_key: DedupKey | None = None
    """One key, of up to 255 characters, for all that the node tells, in place of one for each incident."""
    event_action: Literal["auto", "trigger", "acknowledge", "resolve"] = "auto"
    """What is done with each open incident; `auto` asks the alerts' status and the checks' verdict."""
    client: FilledText | None = None
    """What PagerDuty calls the sender; `pipeline-runner` by default."""
    client_url: Link | None = None
    """Where the sender's name leads; to the page of the run by default, where it has one."""
    events_url: Url | None = None
    """Where events are sent; `https://events.pagerduty.com/v2/enqueue` by default."""

    def __post_init__(self) -> None:
        """Refuse two keys of one integration, and a key that PagerDuty would refuse."""
        if self.integration_key and self.routing_key:
            msg = "routing_key is another word for integration_key"
            raise Invalid(msg, "keep one of them", code="E208", at=("routing_key",))
        key = self.dedup_key
        if isinstance(key, str) and not isinstance(key, Template) and len(key) > _KEY:
            msg = f"dedup_key has {len(key)} characters, and PagerDuty takes {_KEY}"
            raise Invalid(msg, "give a shorter one", at=("dedup_key",))

    def wanting(self) -> tuple[str, ...]:
        """Name the options that have a variable and are given under none of their names."""
        given = {"integration_key": self.integration_key or self.routing_key, "events_url": self.events_url}
        return tuple(option for option in self.variables if not given[option])

    def secrets(self) -> tuple[Secret, ...]:
        """Return the integration key."""
        return tuple(credentials({"integration_key": self.integration_key or self.routing_key}).values())

    def check(self) -> None:
        """Look at the URL."""
        web_url(self._address)

    def compose(self, message: Message, scope: Scope) -> Events:
        """Make an event for each incident, the open ones first."""
        open_only = self.event_action in {"trigger", "acknowledge"}
        found = () if self.dedup_key else tuple(one for one in incidents(scope) if not (open_only and one.closed))
        alone = len(found) == 1 and message.kind is not Kind.FAILED
        told = [message] if alone else own_messages(found, message, scope)
        events = [_event_of(one, own) for one, own in zip(found, told, strict=True)]
        if not open_only and not self.dedup_key:
            events += _events_over(message, scope)
        if message.kind is Kind.FAILED or not events:
            events.append(_event_about(message))
        events.sort(key=lambda one: (_STATUSES.index(one.status), -one.facts.verdict.rank))
        return Events(posts=tuple(self._post(event, _also(event, events), scope) for event in events))

    @property
    def _address(self) -> Secret:
        return concealed("events_url", self.events_url or EVENTS_URL)

    def _post(self, event: Event, also: Sequence[str], scope: Scope) -> Post:
        (key,) = self.secrets()
        body = {
            "routing_key": key,
            "event_action": _ACTIONS[event.status] if self.event_action == "auto" else self.event_action,
            "dedup_key": self.dedup_key or event.key,
            "payload": {**_payload(event, scope), "custom_details": bounded(rows(event.told, also), limit=_DETAILS)},
            "links": [{"href": link.url, "text": link.text} for link in event.told.links if len(link.url) <= _LINK],
            "client": self.client or CLIENT,
            "client_url": self.client_url or scope.run.url,
        }
        return Post(
            url=web_url(self._address),
            body={name: item for name, item in body.items() if item},
            headers={"Content-Type": "application/json"},
            repeatable=True,
            id_keys=("dedup_key",),
            objection=_objection,
        )


@record
class Events:
    """One event or several; their keys make it safe to send them again."""

    posts: tuple[Post, ...]
    accepted: dict[int, str | None] = field(default_factory=dict)
    """The ids of what has arrived, by its place: another try leaves it out."""
    repeatable: bool = True

    def send(self, scope: Scope) -> str | None:
        """Send what has not arrived yet; return the id of the first event.

        A final refusal of one keeps none of the others from going out. Raises `NodeError` for the first that fails.
        """
        refused: list[NodeError] = []
        for place, post in enumerate(self.posts):
            if place in self.accepted:
                continue
            try:
                self.accepted[place] = post.send(scope)
            except Cancelled:
                raise
            except NodeError as error:
                refused.append(error)
                if error.retryable:
                    break
        if refused:
            raise self._failure(refused[-1] if refused[-1].retryable else refused[0])
        return self.accepted[0]

    def lines(self) -> Iterator[str]:
        """Show one after the other."""
        for post in self.posts:
            yield from post.lines()

    def _failure(self, error: NodeError) -> NodeError:
        """Say how many events have not arrived, where there is more than one."""
        if len(self.posts) == 1:
            return error
        missed = f"{len(self.posts) - len(self.accepted)} of {len(self.posts)} events did not arrive: {error.message}"
        # it fails all the same, so that the next run sends all of them: those that are known are taken for the same
        known = Partly(message_id=None, missed=missed, enough=False) if self.accepted else None
        return NodeError(missed, code=error.code, retryable=error.retryable, retry_after=error.retry_after, known=known)


def _objection(response: Response) -> str:
    """Object to an answer that tells of an error, though its status does not."""
    answer = json_in(response)
    status = answer.get("status", "success")
    if status == "success":
        return page_objection(response)
    errors = answer.get("errors")
    told = [status, answer.get("message"), *(errors if isinstance(errors, list) else ())]
    return error_objection(": ".join(str(one) for one in told if one) or "an error")


def _event_of(incident: Incident, told: Message) -> Event:
    return Event(key=incident.key, status=incident.status, told=told, facts=incident.facts)


def _event_about(message: Message) -> Event:
    """Make an event of a message that is about nothing more definite than the run."""
    status = _BY_KIND.get(message.kind, "firing")
    return Event(key=message.dedup_key, status=status, told=message, facts=Facts(verdict=message.verdict))


def _events_over(message: Message, scope: Scope) -> Iterator[Event]:
    """Close the incidents of nodes and runs that can do their work again, and of checks that there are no longer."""
    facts = gather(scope)
    checks = {(check.node, check.name) for check in facts.checks}
    for one in facts.over:
        if one.check and (one.watched or (one.node, one.check) in checks):
            continue
        identity = tuple(filter(None, (one.node if one.node != RUN else "", one.check)))
        key = dedup_key(scope.run.definition, scope.run.environment, *identity)
        end = "is no longer watched" if one.check else "works again"
        told = replace(message, title=f"[RESOLVED] {open_name(one)} {end}", sections=(), whole="")
        yield Event(key=key, status="resolved", told=told, facts=Facts())


def _also(event: Event, events: Sequence[Event]) -> tuple[str, ...]:
    """Name what else is wrong, for somebody who looks at one of several incidents."""
    if event.status == "resolved":
        return ()
    return tuple(one.told.title for one in events if one is not event and one.status != "resolved")


def _payload(event: Event, scope: Scope) -> dict[str, object]:
    """Describe an incident within PagerDuty's limits."""
    told = event.told
    source, component, kind = (flat(scope.masker.mask(text), _FIELD) for text in _place(event.facts))
    definition = flat(scope.run.definition, _FIELD)
    place = {
        "source": source or definition,
        "component": component,
        "group": definition,
        "class": kind,
    }
    return {
        "summary": clipped(told.whole.partition("\n")[0] or told.title, _SUMMARY),
        "severity": _SEVERITIES.get(event.facts.verdict, told.severity),
        "timestamp": told.data["generated_at"],
        **{name: text for name, text in place.items() if text},
    }


def _place(facts: Facts) -> tuple[str, str, str]:
    """Return the machine or host that something is wrong with, the part of it, and what kind of trouble it is."""
    for check in facts.checks:
        return host_of(check.subject), check.name, check.type
    for alert in facts.firing or facts.alerts:
        part = next((alert.labels[name] for name in _PARTS if alert.labels.get(name)), "")
        return alert.subject, part, alert.name
    return "", "", ""
