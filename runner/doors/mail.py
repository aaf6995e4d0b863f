"""What a mail server is told, and what it answers."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from runner.doors.net import place
from runner.records import record

if TYPE_CHECKING:
    from runner.secrets import Secret


class Privacy(StrEnum):
    """How a conversation is kept from others."""

    STARTTLS = "STARTTLS"
    """It begins in the clear, and goes on in TLS before anything of worth is said."""
    TLS = "TLS"
    """TLS from the first byte."""
    NONE = "no TLS"


@record
class Login:
    """Who the server is told we are."""

    username: str
    password: Secret
    called: str
    """Where people find them: `SMTP_URL`, `username and password`."""


@record
class MailServer:
    """Where mail is handed in."""

    host: str
    port: int
    privacy: Privacy = Privacy.STARTTLS
    login: Login | None = None
    trusted: bool = True
    """People named it; one that came out of a payload has no private address."""

    @property
    def called(self) -> str:
        """What messages call it."""
        return place(self.host, self.port)


@record
class Envelope:
    """What a server is handed."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    """Header and body, with CRLF at the end of each line."""
    international: bool = False
    """An address is not ASCII before its @."""


@record(kw_only=False)
class Reply:
    """What a server answered."""

    code: int
    text: str

    @property
    def transient(self) -> bool:
        """It may say something else later."""
        return 400 <= self.code < 500  # noqa: PLR2004 - SMTP's class of transient refusals

    @property
    def positive(self) -> bool:
        """It agrees."""
        return 200 <= self.code < 300  # noqa: PLR2004 - SMTP's class of success

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()
