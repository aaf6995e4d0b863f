"""The node that tells people."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from runner.channels.delivery import Delivery, composed, deliver
from runner.channels.message import DOCUMENT_KEYS, Message, Section
from runner.channels.news import News
from runner.channels.options import AnyPlace, Named, attempt, check_ways, read_drivers
from runner.channels.stored import channel_named, channels_of
from runner.channels.writing import rewritten, write
from runner.errors import NodeError
from runner.facts import gather
from runner.records import record
from runner.results import NOTHING, Output, Problem
from runner.scope import Variable
from runner.spec import Block, BlockText, Invalid, Template
from runner.validators import invalid, read

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Self

    from runner.channels.model import Channel
    from runner.facts import Facts
    from runner.scope import Directory, Scope, StoredChannel
    from runner.secrets import Secret

_SHARE: Final = 0.9
"""The part of the node's time that sending gets; the rest is for saying what became of it."""
_NO_DATABASE: Final = "is looked up in a database, and none is configured"


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

    Where nothing is remembered `changes` acts as `problems`. Where nothing is judged, everything is sent."""
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
        self._mention_memory(scope)
        places, lost = self._ready(scope)
        news = News.of(self.send, scope)
        if news.held_back:
            held = (
                Delivery(driver=one.driver, channel=name, status="skipped", error=news.held_back)
                for name, one in places
            )
            return _output(None, [*held], *news.problems)
        with news:
            told = news.scope
            message, problems = self._message(gather(told), told)
            deliveries = [*lost, *_deliver(places, message, told)]
            _refuse_silence(deliveries)
        return _output(message, deliveries, *news.problems, *problems)

    def plan(self, scope: Scope) -> Iterator[str]:
        """Show the message as each channel would send it, as far as it is known."""
        wrong = (*self.missing(scope.variables, scope.directory), *self.faults(scope.variables))
        yield from (f"would exit 4: {sentence}" for sentence in wrong)
        facts = gather(scope)
        if reason := News.of(self.send, scope).held_back:
            yield f"as far as is known, the message would be held back: {reason}"
        message, problems = self._message(facts, scope)
        yield from (problem.message for problem in problems)
        places, lost = self._ready(scope)
        if scope.directory is None or not scope.directory.asked:
            yield from (f'would look up the channel "{one.channel}" in the database' for one in lost)
        for name, channel in places:
            if scope.directory and not scope.directory.asked and channel.lacking():
                yield f"would look up the active {channel.driver} channels in the database, and send with these:"
                yield from (f"    {line}" for line in message.readable.splitlines())
                continue
            yield f"would send with {channel.driver}{f' ({name})' if name else ''}:"
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

    def asks_database(self, variables: Collection[str]) -> bool:
        """Say whether channels of the database are wanted where these variables are set."""
        return any(self._named()) or any(_wanting(channel, variables) for channel in self._drivers())

    def missing(self, variables: Collection[str], stored: Directory | None = None) -> tuple[str, ...]:
        """Say what keeps each channel from sending, given the variables that are set and the database's channels."""
        if stored is not None and not stored.asked:
            return ()
        there = {one.driver for one in stored.channels.values()} if stored else frozenset()
        wanted = (
            f"the {channel.driver} channel of this node has no {option}:"
            f" set it in config or as {channel.variables[option]}"
            for channel in self._drivers()
            if channel.driver not in there
            for option in _wanting(channel, variables)
        )
        if stored is not None:
            return (*_unusable(self._named(), self._drivers(), variables, stored.channels), *wanted)
        hint = "set PIPELINE_DATABASE_URL, or give its driver and options here"
        return (*(f'channel "{place.name}" {_NO_DATABASE}: {hint}' for place in self._named()), *wanted)

    def faults(self, variables: Mapping[str, Secret]) -> Iterator[str]:
        """Say which channels cannot send as they are set, before anybody has to be told."""
        for channel in self._drivers():
            whole = channel.filled(variables)
            if whole.lacking() or _is_open(whole):
                continue
            try:
                whole.check()
            except NodeError as error:
                yield f"the {channel.driver} channel of this node cannot send: {error.message}"

    def secrets(self) -> tuple[Secret, ...]:
        """Return the credentials in the configuration, whether they were declared as secrets or not."""
        return tuple(secret for channel in self._drivers() for secret in channel.secrets())

    def stored_secrets(self, variables: Mapping[str, Secret], stored: Directory | None) -> Iterator[Secret]:
        """Return the credentials of the database's channels that would be used."""
        for place in self.channels:
            with suppress(NodeError):  # one that is no use is told of elsewhere
                for name, channel in _places(place, variables, stored):
                    yield from channel.secrets() if name else ()

    def _drivers(self) -> Iterator[Channel]:
        return (place for place in self.channels if not isinstance(place, Named))

    def _named(self) -> Iterator[Named]:
        return (place for place in self.channels if isinstance(place, Named))

    def _ready(self, scope: Scope) -> tuple[tuple[tuple[str, Channel], ...], tuple[Delivery, ...]]:
        """Return the channels, each with its name in the database, if it has one, and all options in place.

        Their credentials are known to the masker then. Beside them stands what became of those that cannot be used.
        """
        found: dict[str, tuple[str, Channel]] = {}
        lost: list[Delivery] = []
        for place in self.channels:
            try:
                for name, channel in _places(place, scope.variables, scope.directory):
                    found.setdefault(name or f"\0{len(found)}", (name, channel))
            except NodeError as error:
                name, driver = (place.name, "") if isinstance(place, Named) else ("", place.driver)
                lost.append(Delivery(driver=driver, channel=name, status="failed", error=error.message))
        scope.masker.add(*(secret for _, channel in found.values() for secret in channel.secrets()))
        return tuple(found.values()), tuple(lost)

    def _mention_memory(self, scope: Scope) -> None:
        """Say once in a run that nothing is remembered."""
        if self.send != "changes" or scope.memory is not None:
            return
        told = any(result.node_type == self.type and not result.skipped for result in scope.nodes.values())
        if not told and any(result.verdict is not None for result in scope.nodes.values()):
            scope.log.info("no state store to compare with: send: changes acts as problems")

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


def _wanting(channel: Channel, variables: Collection[str]) -> tuple[str, ...]:
    """Name the options without which a channel cannot send, and that no variable gives."""
    return tuple(option for option in channel.lacking() if channel.variables[option] not in variables)


def _is_open(channel: Channel) -> bool:
    """Say whether an option is known only when the node runs."""
    values = (getattr(channel, field.name) for field in fields(channel))
    parts = (one for value in values for one in (value if isinstance(value, tuple) else (value,)))
    return any(isinstance(one, Template) and not isinstance(one, Block) for one in parts)


def _places(
    place: Channel | Named, variables: Mapping[str, Secret], directory: Directory | None
) -> Iterator[tuple[str, Channel]]:
    """Find where a place of the definition leads: what it says itself, else its variables, else the database.

    Raises `NodeError` for a channel of the database that is not there or cannot be used.
    """
    stored = directory.channels if directory else NOTHING
    if isinstance(place, Named):
        if directory is None:
            raise NodeError(_NO_DATABASE, code="not_configured")
        yield place.name, channel_named(place.name, stored)
        return
    channel = place.filled(variables)
    found = channels_of(channel, stored) if channel.lacking() else {}
    yield from found.items() if found else [("", channel)]


def _unusable(
    named: Iterable[Named],
    drivers: Iterable[Channel],
    variables: Collection[str],
    stored: Mapping[str, StoredChannel],
) -> Iterator[str]:
    """Say what is wrong with the channels of the database that would be used."""
    finds: list[Callable[[], object]] = [partial(channel_named, place.name, stored) for place in named]
    finds += (partial(channels_of, one, stored) for one in drivers if _wanting(one, variables))
    for find in finds:
        try:
            find()
        except NodeError as error:
            yield error.message


def _refuse_silence(deliveries: Sequence[Delivery]) -> None:
    """Raise `NodeError` where a message reached nobody."""
    if any(delivery.status != "failed" for delivery in deliveries):
        return
    reasons = "; ".join(f"{delivery.name}: {delivery.error}" for delivery in deliveries)
    retryable = all(delivery.may_repeat for delivery in deliveries)
    arrived = "arrived only in part" if any(delivery.partly for delivery in deliveries) else "reached nobody"
    msg = f"the message {arrived}: {reasons}"
    raise NodeError(msg, code="undelivered", retryable=retryable, undelivered=True)


def _deliver(channels: Sequence[tuple[str, Channel]], message: Message, scope: Scope) -> Iterator[Delivery]:
    """Send to one after the other, each with its share of the time, so that one that hangs leaves some to the rest."""
    deadline = scope.deadline.within(scope.deadline.left * _SHARE)
    for place, (name, channel) in enumerate(channels):
        share = deadline.within(deadline.left / (len(channels) - place))
        yield replace(deliver(channel, message, scope.within(share)), channel=name)


def _shown(channel: Channel, message: Message, scope: Scope) -> Iterator[str]:
    """Show what a channel would send; the message alone where an option is missing."""
    try:
        yield from composed(channel, message, scope).lines()
    except NodeError as error:
        yield f"({scope.masker.mask(error.message)})"
        yield from message.readable.splitlines()


def _output(message: Message | None, deliveries: Sequence[Delivery], *problems: Problem) -> Output:
    failed = [delivery for delivery in deliveries if delivery.status == "failed"]
    sent = sum(delivery.status == "sent" for delivery in deliveries)
    partly = [delivery for delivery in deliveries if delivery.status == "sent" and delivery.error]
    return Output(
        data={
            "channels_attempted": sent + len(failed),
            "channels_succeeded": sent,
            "channels_failed": len(failed),
            "deliveries": [delivery.plain() for delivery in deliveries],
            "message": {"title": message.title, "text": message.whole or message.text} if message else None,
        },
        problems=(
            *problems,
            *(Problem(code="undelivered", message=f"{one.name}: {one.error}") for one in failed),
            *(Problem(code="partly_delivered", message=f"{one.name}: {one.error}") for one in partly),
        ),
    )
