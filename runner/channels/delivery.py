"""Bringing one message to one channel: tries, pauses, and what became of it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final, Literal

from runner.channels.model import Partly
from runner.errors import Cancelled, NodeError
from runner.records import record
from runner.spec import duration_text

if TYPE_CHECKING:
    from runner.channels.message import Message
    from runner.channels.model import Channel, Parcel
    from runner.deadline import Deadline
    from runner.scope import Scope

PAUSES: Final = (0.5, 1.5)
"""Seconds before the second and the third try, where the receiver does not ask for others."""
_INSIDE: Final = frozenset({"may_repeat", "partly"})
"""What is for the node, and not for the result."""
_LONGEST_TRY: Final = 10.0
"""Seconds; a try that hangs leaves time for another."""
_NEVER_ARRIVED: Final = frozenset({"no_network", "no_resolver", "not_resolved", "connection_refused", "unreachable"})
_PERHAPS_ARRIVED: Final = frozenset({"timed_out", "connection_lost", "bad_answer"})


@record
class Delivery:
    """What became of a message on one channel."""

    driver: str
    channel: str = ""
    """The channel's name; empty for one that has none."""
    status: Literal["sent", "failed", "skipped"]
    message_id: str | None = None
    """The receiver's, or the one that a mail has from here; only where there is one."""
    attempts: int = 0
    error: str | None = None
    """Why it failed or was held back, or who of several it did not reach."""
    may_repeat: bool = False
    """It failed in a way that another try cannot make arrive twice; the node's `retry` decides whether there is one."""
    partly: bool = False
    """It failed, and some of it has arrived all the same."""

    @property
    def name(self) -> str:
        """What messages call the channel."""
        return self.channel or self.driver

    def plain(self) -> dict[str, object]:
        """Return it as it stands in the result."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _INSIDE}


def deliver(channel: Channel, message: Message, scope: Scope) -> Delivery:
    """Send a message, again where that cannot make it arrive twice.

    Every failure is in what is returned; raises `Cancelled` alone.
    """
    try:
        parcel = composed(channel, message, scope)
    except NodeError as error:
        return _failed(channel, scope, error.message, attempts=0)
    attempts, wait = 0, 0.0
    while True:
        attempts += 1
        try:
            sent = _send(parcel, scope, wait)
        except Cancelled:
            raise
        except NodeError as error:
            pause = _pause(error, parcel, attempts)
            if pause is None or pause >= scope.deadline.left:
                partly = error.known if isinstance(error.known, Partly) else None
                if partly and partly.enough:
                    return _sent(channel, scope, partly, attempts)
                failed = _failed(channel, scope, _reason(error, scope.deadline), attempts)
                return replace(failed, may_repeat=_may_repeat(error, parcel), partly=partly is not None)
            wait = pause
        else:
            return _sent(channel, scope, sent, attempts)


def composed(channel: Channel, message: Message, scope: Scope) -> Parcel:
    """Return what a channel sends; raise `NodeError` where it cannot be made."""
    lacking = channel.lacking()
    if lacking:
        msg = f"the {channel.driver} channel has no {' and no '.join(lacking)}"
        raise NodeError(msg, code="not_configured")
    return channel.compose(message, scope)


def _send(parcel: Parcel, scope: Scope, wait: float) -> str | Partly | None:
    if wait:
        scope.deadline.sleep(wait)
    return parcel.send(scope.within(scope.deadline.within(_LONGEST_TRY)))


def _pause(error: NodeError, parcel: Parcel, attempts: int) -> float | None:
    """Return the seconds to wait for the next try; None where there is none."""
    if attempts > len(PAUSES) or not _may_repeat(error, parcel):
        return None
    return PAUSES[attempts - 1] if error.retry_after is None else error.retry_after


def _may_repeat(error: NodeError, parcel: Parcel) -> bool:
    if error.code in _PERHAPS_ARRIVED:
        return parcel.repeatable
    return error.retryable or error.code in _NEVER_ARRIVED


def _reason(error: NodeError, deadline: Deadline) -> str:
    if error.retry_after is None or error.retry_after < deadline.left:
        return error.message
    return f"{error.message} (asks to wait {duration_text(error.retry_after)}, more than the time that is left)"


def _sent(channel: Channel, scope: Scope, sent: str | Partly | None, attempts: int) -> Delivery:
    whole = sent if isinstance(sent, Partly) else Partly(message_id=sent, missed="")
    return Delivery(
        driver=channel.driver,
        status="sent",
        message_id=whole.message_id,
        attempts=attempts,
        error=scope.masker.mask(whole.missed) or None,
    )


def _failed(channel: Channel, scope: Scope, reason: str, attempts: int) -> Delivery:
    return Delivery(driver=channel.driver, status="failed", attempts=attempts, error=scope.masker.mask(reason))
