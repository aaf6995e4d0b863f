"""A mail on its way: who has it, who has not, and why."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from runner.channels.model import Partly
from runner.doors.mail import Envelope
from runner.errors import Cancelled, NodeError
from runner.records import record
from runner.secrets import reveal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.channels.letter import Letter
    from runner.channels.model import Sealable
    from runner.doors.mail import MailServer, Reply
    from runner.scope import Scope

_SHOWN: Final = 3
"""Recipients that a message names; the rest are counted."""


@record
class Mail:
    """A mail on its way; another try is for those alone who may take it yet."""

    server: MailServer
    named: Sealable
    """The server as it was given."""
    shown: tuple[str, str]
    """Sender and recipients, with secrets as their names."""
    letter: Letter
    told: dict[str, Reply | None] = field(default_factory=dict)
    """Who needs no other try: None for those that have it, else the refusal."""
    repeatable: bool = False

    def send(self, scope: Scope) -> str | Partly | None:
        """Hand it in; raise `NodeError` where nobody gets it, or some may at another try."""
        waiting = tuple(one.address for one in self.letter.recipients if one.address not in self.told)
        envelope = Envelope(
            sender=self.letter.sender.address,
            recipients=waiting,
            data=self.letter.encoded(),
            international=self.letter.international,
        )
        server = replace(self.server, trusted=scope.trusts(self.named))
        try:
            refused = scope.doors.smtp.send(server, envelope, scope.deadline)
        except Cancelled:
            raise
        except NodeError as error:
            raise self._failed(error, dict.fromkeys(waiting, error.message)) from error
        put_off = {address: reply for address, reply in refused.items() if reply.transient}
        self.told.update((address, refused.get(address)) for address in waiting if address not in put_off)
        if not put_off:
            return self._outcome({})
        reason = f"{self.server.called} puts it off for {_listed(put_off)}"
        raise self._failed(NodeError(reason, code="refused_by_server", retryable=True), put_off)

    def lines(self) -> Iterator[str]:
        """Show server, header and text part."""
        login = ", with a login" if self.server.login else ""
        yield f"SMTP {_host(self.named, self.server)}, {self.server.privacy}{login}"
        sender, recipients = self.shown
        yield from (f"From: {sender}", f"To: {recipients}", f"Subject: {self.letter.subject}")
        yield from (f"{name}: {value}" for name, value in self.letter.headers)
        yield ""
        yield from self.letter.text.splitlines()
        yield ""
        yield "(and the same as HTML)"

    def _failed(self, error: NodeError, missed: Mapping[str, object]) -> NodeError:
        """Say beside why it failed who has it already."""
        if None not in self.told.values():
            final = [address for address in self.told if address not in missed]
            more = f"; refused: {_listed({one: self.told[one] for one in final})}" if final else ""
            known = None
        else:
            more, known = "", self._outcome(missed)
        return NodeError(
            error.message + more,
            code=error.code,
            retryable=error.retryable,
            retry_after=error.retry_after,
            known=known,
        )

    def _outcome(self, missed: Mapping[str, object]) -> str | Partly:
        """Say who has it, and who has not: all of them, or some; raise `NodeError` where it is nobody."""
        lost = {**{address: reply for address, reply in self.told.items() if reply is not None}, **missed}
        total, count = len(self.letter.recipients), len(self.letter.recipients) - len(lost)
        if not lost:
            return self.letter.message_id
        if not count:
            msg = f"{self.server.called} refused {_everyone(total)}: {_listed(lost)}"
            raise NodeError(msg, code="refused_by_server")
        return Partly(message_id=self.letter.message_id, missed=f"sent to {count} of {total}; refused: {_listed(lost)}")


def _everyone(total: int) -> str:
    return "the recipient" if total == 1 else f"all {total} recipients"


def _listed(refusals: Mapping[str, object]) -> str:
    """Name recipients with the reason: `x@example.org (550 no such user)`."""
    named = [f"{address} ({reason})" for address, reason in list(refusals.items())[:_SHOWN]]
    more = [f"{len(refusals) - _SHOWN} more"] if len(refusals) > _SHOWN else []
    return ", ".join([*named, *more])


def _host(named: Sealable, server: MailServer) -> str:
    """Show the server: a host that is a secret itself by its name."""
    return server.called if isinstance(named, str) or "://" in reveal(named) else f"{named}:{server.port}"
