"""The node that tells people."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from runner.channels.delivery import Delivery, composed, deliver
from runner.channels.message import DOCUMENT_KEYS, Message, Section
from runner.channels.options import AnyPlace, Named, attempt, check_ways, read_drivers
from runner.channels.writing import rewritten, write
from runner.errors import NodeError
from runner.facts import gather
from runner.records import record
from runner.results import Output, Problem, Verdict
from runner.scope import Variable
from runner.spec import BlockText, Invalid
from runner.validators import invalid, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from typing import Self

    from runner.channels.model import Channel
    from runner.facts import Facts
    from runner.scope import Scope
    from runner.secrets import Secret

_SHARE: Final = 0.9
"""The part of the node's time that sending gets; the rest is for saying what became of it."""
_NO_DATABASE: Final = "is looked up in a database, and none is configured"
_TOLD: Final = frozenset({"firing", "resolved"})


@record
class Notify:
    """Renders one message about what is known and delivers it.

    The options of a driver stand beside `driver` or `drivers`, or with it in an object of `channel` or `channels`.
    """

    type: ClassVar[str] = "notify"
    timeout: ClassVar[float] = 30.0
    judges: ClassVar[bool] = False
    tells: ClassVar[bool] = True
    pure: ClassVar[bool] = False
    own_names: ClassVar[frozenset[str]] = frozenset(DOCUMENT_KEYS)

    driver: str | None = None
    """The kind of channel."""
    drivers: tuple[str, ...] = ()
    """Several kinds; each takes those of the options that it has."""
    channel: AnyPlace | None = None
    """One channel: its name in the database, or an object with a driver and its options."""
    channels: tuple[AnyPlace, ...] = ()
    """Several channels."""
    send: Literal["changes", "problems", "always"] = "changes"
    """When there is something to say: when something became bad, got worse or is over; as long as it is bad; or always.

    Without a state store `changes` acts as `problems`. Where nothing is judged, everything is sent."""
    title: BlockText | None = None
    """In place of the title; reads the keys of the generic driver's JSON beside the usual names, as the next two do."""
    message: BlockText | None = None
    """In place of the paragraphs; title and links stay."""
    template: BlockText | None = None
    """In place of everything that people read."""

    def __post_init__(self) -> None:
        """Refuse two texts for one message."""
        if self.message is not None and self.template is not None:
            msg = "template takes the place of message, too"
            raise Invalid(msg, "keep one of them", code="E208", at=("template",))

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a configuration; all channels, however they are given, are in `channels` of what is returned.

        Raises `pydantic_core.ValidationError` like `validators.read`.
        """
        if not isinstance(value, dict):
            return read(cls, value)
        own = tuple(field.name for field in fields(cls))
        node, wrong = attempt(cls, {key: item for key, item in value.items() if key in own})
        channels, faults = read_drivers(value, own)
        wrong = (*check_ways(value), *wrong, *faults)
        if wrong or node is None:
            raise invalid(value, *wrong)
        single = () if node.channel is None else (node.channel,)
        return replace(node, channels=(*channels, *single, *node.channels))

    def run(self, scope: Scope) -> Output:
        """Tell people, or hold the message back where there is nothing to say.

        Raises `NodeError` (`undelivered`) where the message reached nobody: retryable where no try can have arrived.
        """
        facts = gather(scope)
        self._mention_state(facts, scope)
        channels = self._ready(scope)
        reason = self._held_back(facts, scope)
        if reason:
            return _output([Delivery(driver=one.driver, status="skipped", error=reason) for one in channels])
        message, problems = self._message(facts, scope)
        deliveries = [
            *(Delivery(driver="", channel=place.name, status="failed", error=_NO_DATABASE) for place in self._named()),
            *_deliver(channels, message, scope),
        ]
        if all(delivery.status == "failed" for delivery in deliveries):
            reasons = "; ".join(f"{delivery.name}: {delivery.error}" for delivery in deliveries)
            retryable = all(delivery.may_repeat for delivery in deliveries)
            msg = f"the message reached nobody: {reasons}"
            raise NodeError(msg, code="undelivered", retryable=retryable, undelivered=True)
        return _output(deliveries, problems)

    def plan(self, scope: Scope) -> Iterator[str]:
        """Show the message as each channel would send it, as far as it is known."""
        yield from (f"would exit 4: {sentence}" for sentence in self.missing(scope.variables))
        facts = gather(scope)
        reason = self._held_back(facts, scope)
        if reason:
            yield f"as far as is known, the message would be held back: {reason}"
        message, problems = self._message(facts, scope)
        yield from (problem.message for problem in problems)
        for channel in self._ready(scope):
            yield f"would send with {channel.driver}:"
            yield from (f"    {line}" for line in _shown(channel, message, scope))

    def needs(self) -> tuple[Variable, ...]:
        """Name the variables of options that are not given."""
        return tuple(
            Variable(
                name=channel.variables[option],
                required=option in channel.required,
                needed_for=f"the {channel.driver} channel",
            )
            for channel in self._drivers()
            for option in channel.wanting()
        )

    def missing(self, variables: Collection[str]) -> tuple[str, ...]:
        """Say what keeps each channel from sending, given the names of the variables that are set."""
        unknown = [
            f'channel "{place.name}" {_NO_DATABASE}: give its driver and options here' for place in self._named()
        ]
        wanted = [
            f"the {channel.driver} channel of this node has no {option}:"
            f" set it in config or as {channel.variables[option]}"
            for channel in self._drivers()
            for option in channel.lacking()
            if channel.variables[option] not in variables
        ]
        return (*unknown, *wanted)

    def secrets(self) -> tuple[Secret, ...]:
        """Return the credentials in the configuration, whether they were declared as secrets or not."""
        return tuple(secret for channel in self._drivers() for secret in channel.secrets())

    def _drivers(self) -> Iterator[Channel]:
        return (place for place in self.channels if not isinstance(place, Named))

    def _named(self) -> Iterator[Named]:
        return (place for place in self.channels if isinstance(place, Named))

    def _ready(self, scope: Scope) -> tuple[Channel, ...]:
        """Return the channels with all options in place, their credentials known to the masker."""
        channels = tuple(channel.filled(scope.variables) for channel in self._drivers())
        scope.masker.add(*(secret for channel in channels for secret in channel.secrets()))
        return channels

    def _mention_state(self, facts: Facts, scope: Scope) -> None:
        """Say once in a run that nothing is remembered."""
        told = any(result.node_type == self.type and not result.skipped for result in scope.nodes.values())
        if self.send == "changes" and facts.judged and not told:
            scope.log.info("no state store to compare with: send: changes acts as problems")

    def _held_back(self, facts: Facts, scope: Scope) -> str:
        """Say why there is nothing to say; empty where there is something."""
        if self.send == "always" or not facts.judged:
            return ""
        failed = scope.failure or any(failure.required for failure in facts.failures)
        if failed or facts.verdict > Verdict.OK or any(alert.status in _TOLD for alert in facts.alerts):
            return ""
        return "nothing is wrong: the verdict is ok, no alert is firing or resolved, and the run has not failed"

    def _message(self, facts: Facts, scope: Scope) -> tuple[Message, tuple[Problem, ...]]:
        """Write the message; a text of the definition that cannot be rendered does not keep it from going out."""
        message = write(scope, facts, datetime.now(UTC).replace(microsecond=0)).masked(scope.masker)
        problems: list[Problem] = []
        for key, text in (("title", self.title), ("message", self.message), ("template", self.template)):
            try:
                message = message if text is None else rewritten(message, key, text, scope)
            except NodeError as error:
                problems.append(Problem(code=error.code, message=scope.masker.mask(error.message)))
        told = [Section(heading="About this message", paragraphs=(problem.message,)) for problem in problems]
        return replace(message, sections=(*message.sections, *told)), tuple(problems)


def _deliver(channels: Sequence[Channel], message: Message, scope: Scope) -> Iterator[Delivery]:
    """Send to one after the other, each with its share of the time, so that one that hangs leaves some to the rest."""
    deadline = scope.deadline.within(scope.deadline.left * _SHARE)
    for place, channel in enumerate(channels):
        share = deadline.within(deadline.left / (len(channels) - place))
        yield deliver(channel, message, scope.within(share))


def _shown(channel: Channel, message: Message, scope: Scope) -> Iterator[str]:
    """Show what a channel would send; the message alone where an option is missing."""
    try:
        yield from composed(channel, message, scope).lines()
    except NodeError as error:
        yield f"({scope.masker.mask(error.message)})"
        yield from message.readable.splitlines()


def _output(deliveries: Sequence[Delivery], problems: tuple[Problem, ...] = ()) -> Output:
    failed = [delivery for delivery in deliveries if delivery.status == "failed"]
    sent = sum(delivery.status == "sent" for delivery in deliveries)
    partly = [delivery for delivery in deliveries if delivery.status == "sent" and delivery.error]
    return Output(
        data={
            "channels_attempted": sent + len(failed),
            "channels_succeeded": sent,
            "channels_failed": len(failed),
            "deliveries": [delivery.plain() for delivery in deliveries],
        },
        problems=(
            *problems,
            *(Problem(code="undelivered", message=f"{one.name}: {one.error}") for one in failed),
            *(Problem(code="partly_delivered", message=f"{one.name}: {one.error}") for one in partly),
        ),
    )
