"""Mails that tests hand in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from runner.channels import CHANNELS
from runner.channels.delivery import deliver
from runner.channels.writing import write
from runner.facts import gather
from tests.channels.stage import alert, analysed, ingested, make_scope

if TYPE_CHECKING:
    from runner.channels.delivery import Delivery
    from runner.channels.message import Message
    from runner.channels.model import Channel
    from runner.results import NodeResult
    from runner.scope import Scope

NOON: Final = datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
FROM: Final = "Night watch <watch@example.org>"
ONCALL: Final = "oncall@example.org"
ALL: Final = ("a@example.org", "b@example.org", "c@example.org")


def written(*nodes: NodeResult, **scope: Any) -> Message:  # noqa: ANN401 - arguments of make_scope
    """Write a message, about an alert where nothing else is given."""
    built = make_scope(*(nodes or (ingested(alert()), analysed())), **scope)
    return write(built, gather(built), NOON)


def channel(port: int, **options: Any) -> Channel:  # noqa: ANN401 - options of the driver
    """Read the options of a channel to a server on loopback."""
    given = {"smtp_host": "127.0.0.1", "smtp_port": port, "from_address": FROM, "to_addresses": ONCALL}
    return CHANNELS.read({"driver": "email", **given, "use_tls": False, **options})


def sent(port: int, message: Message | None = None, scope: Scope | None = None, **options: Any) -> Delivery:  # noqa: ANN401 - options
    """Hand a mail in."""
    return deliver(channel(port, **options), message or written(), scope or make_scope())
