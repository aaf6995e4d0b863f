"""What a channel is, and what it sends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from runner.records import record
from runner.results import NOTHING
from runner.secrets import Foreign, Sealed, Secret, is_foreign, reveal
from runner.spec import Template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from runner.channels.message import Message
    from runner.scope import Scope

Sealable: TypeAlias = str | Secret | Sealed


@record
class Partly:
    """A message that reached some of those that it was for."""

    message_id: str | None
    missed: str
    """Who it did not reach, and why."""
    enough: bool = True
    """It counts as sent: another try would reach the same once more, and nobody else."""


class Parcel(Protocol):
    """A message as one channel sends it."""

    @property
    def repeatable(self) -> bool:
        """It may be sent again when nobody knows whether it arrived: the receiver takes it only once."""

    def send(self, scope: Scope) -> str | Partly | None:
        """Send it once; return its id, if it has one.

        Raises `NodeError`, with `retryable` where the receiver may take it later, and a `Partly` as what is `known`
        where some have it already.
        """

    def lines(self) -> Iterator[str]:
        """Show it as it would go out, with secrets as `«NAME»`."""


@record
class Channel(ABC):
    """A place where messages go: its fields are the options that stand beside `driver`."""

    driver: ClassVar[str]
    variables: ClassVar[Mapping[str, str]] = NOTHING
    """The environment variable that stands in for an option that is not given, by option."""
    required: ClassVar[tuple[str, ...]] = ()
    """Options without which nothing can be sent."""

    @abstractmethod
    def compose(self, message: Message, scope: Scope) -> Parcel:
        """Make what is sent; opens nothing. Raises `NodeError` where an option makes that impossible."""

    def wanting(self) -> tuple[str, ...]:
        """Name the options that have a variable and are not given."""
        return tuple(option for option in self.variables if not getattr(self, option))

    def lacking(self) -> tuple[str, ...]:
        """Name the options without which nothing can be sent, and that are not given."""
        return tuple(option for option in self.wanting() if option in self.required)

    def filled(self, variables: Mapping[str, Secret]) -> Self:
        """Return the channel with the options that are not given taken from their variables."""
        found = {option: variables.get(self.variables[option]) for option in self.wanting()}
        return replace(self, **{option: value for option, value in found.items() if value is not None})

    def check(self) -> None:  # noqa: B027 - one without options has nothing to look at
        """Raise `NodeError` where an option can be seen to be of no use, all of them being known."""

    def secrets(self) -> tuple[Secret, ...]:
        """Return the credentials among its options, whether they were declared as secrets or not."""
        return ()


def credentials(given: Mapping[str, Sealable | None]) -> dict[str, Secret]:
    """Return the options that are credentials as secrets; what is not given, or not rendered yet, is left out."""
    return {name: concealed(name, value) for name, value in given.items() if value and not isinstance(value, Template)}


def concealed(name: str, value: Sealable) -> Secret:
    """Return a credential as a secret: by its own name, or called `name` where it stands in plain text."""
    if isinstance(value, Secret):
        return value
    text = reveal(value)
    return Secret(name, Foreign(text) if is_foreign(value) else text)
