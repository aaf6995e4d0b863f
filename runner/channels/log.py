"""The message in the log: the channel that needs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from runner.channels.message import Kind
from runner.channels.model import Channel
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.channels.message import Message
    from runner.scope import Scope


@record
class LogLines(Channel):
    """Writes the message to the log of the run."""

    driver: ClassVar[str] = "log"

    def compose(self, message: Message, scope: Scope) -> Lines:  # noqa: ARG002 - every channel has it
        """Take the lines of the message; the first one stands out where somebody has to look."""
        grave = message.kind in {Kind.PROBLEM, Kind.FAILED}
        return Lines(texts=tuple(filter(None, message.readable.splitlines())), grave=grave)


@record
class Lines:
    """Lines for the log."""

    texts: tuple[str, ...]
    grave: bool
    repeatable: bool = False

    def send(self, scope: Scope) -> None:
        """Write them."""
        first, *rest = self.texts or ("",)
        (scope.log.warning if self.grave else scope.log.info)(first)
        for text in rest:
            scope.log.info(text)

    def lines(self) -> Iterator[str]:
        """Show them."""
        yield from self.texts
