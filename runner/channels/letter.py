"""A message as a mail: what stands in its header, the text that stands alone, and the same as HTML."""

from __future__ import annotations

import json
import textwrap
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final, cast

from runner.channels.mail_page import page
from runner.channels.wording import flat
from runner.records import record
from runner.results import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from runner.channels.mailbox import Mailbox
    from runner.channels.message import Message, Section

SUBJECT: Final = 200
"""Characters; what shows them cuts sooner."""
_WIDTH: Final = 78
_KEY: Final = 32
_DOMAIN: Final = 40
"""Characters of a hash and of the domain in an id: longer ones would be encoded, and then they name nothing."""


@record
class Letter:
    """A mail, before it has its bytes."""

    sender: Mailbox
    recipients: tuple[Mailbox, ...]
    subject: str
    headers: tuple[tuple[str, str], ...]
    """The others."""
    message_id: str
    text: str
    html: str

    @property
    def international(self) -> bool:
        """An address in it takes a server with SMTPUTF8."""
        return any(one.international for one in (self.sender, *self.recipients))

    def encoded(self) -> bytes:
        """Return header and body with CRLF at the end of each line."""
        mail = EmailMessage(policy=SMTPUTF8 if self.international else SMTP)
        mail["Subject"] = self.subject
        for name, value in self.headers:
            mail[name] = value
        mail.set_content(self.text, cte="quoted-printable")
        mail.add_alternative(self.html, subtype="html", cte="quoted-printable")
        mail.set_boundary(f"=_{sha256(self.message_id.encode()).hexdigest()[:_KEY]}")
        for part in mail.iter_parts():
            del part["MIME-Version"]  # it belongs to the whole
        return f"From: {_named(self.sender)}\r\nTo: {_listed(self.recipients)}\r\n".encode() + mail.as_bytes()


def letter(message: Message, sender: Mailbox, recipients: tuple[Mailbox, ...]) -> Letter:
    """Write a message as a mail; the same message gives the same mail."""
    domain = _short(sender.domain)
    thread = f"<{message.dedup_key[:_KEY]}@{domain}>"
    message_id = f"<{_own_key(message, recipients)}@{domain}>"
    urgent = (("X-Priority", "1"), ("Importance", "high")) if message.severity is Severity.CRITICAL else ()
    return Letter(
        sender=sender,
        recipients=recipients,
        subject=_sound(flat(message.title.replace("=?", "= ?"), SUBJECT)),  # which would begin something encoded
        headers=(
            ("Date", format_datetime(cast("datetime", message.data["generated_at"]))),
            ("Message-ID", message_id),
            ("In-Reply-To", thread),
            ("References", thread),
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            *urgent,
        ),
        message_id=message_id,
        text=_sound(plain(message)),
        html=_sound(page(message)),
    )


def plain(message: Message) -> str:
    """Write the text part: all that there is to say, in lines that fit a window."""
    if message.whole:
        return f"{message.whole}\n"
    parts = [message.title]
    parts += ["\n".join(_lines(section)) for section in message.sections]
    parts += ["\n".join(f"{link.text}: {link.url}" for link in message.links), "\n".join(_wrapped(message.footer))]
    return "\n\n".join(filter(None, parts)) + "\n"


def _lines(section: Section) -> Iterator[str]:
    if section.heading:
        yield f"{section.heading}:"
    for paragraph in section.paragraphs:
        yield from _wrapped(paragraph)
    for item in section.items:
        yield from _wrapped(item.text, "- ", "  ")
        # a command is copied from here: broken in two it would do something else
        yield from (f"    - {detail}" for detail in item.details)


def _wrapped(text: str, first: str = "", other: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=other, break_long_words=False, break_on_hyphens=False
    )


def _own_key(message: Message, recipients: tuple[Mailbox, ...]) -> str:
    """Tell a mail that is sent again from another one: by its run and what it says, not by the time."""
    said = [message.run_id, message.dedup_key, message.title, message.text, message.whole]
    told = json.dumps([*said, *(one.address for one in recipients)])
    return f"{message.run_id}.{sha256(told.encode()).hexdigest()[:_KEY]}"


def _short(domain: str) -> str:
    """Return as many of the last labels of a domain as an id has room for."""
    while len(domain) > _DOMAIN:
        domain = domain.partition(".")[2] or domain[-_DOMAIN:].strip("-")
    return domain


def _listed(mailboxes: tuple[Mailbox, ...]) -> str:
    """Write addresses, each on a line: the library would encode those that are long, and then nobody is meant."""
    return ",\r\n ".join(map(_named, mailboxes))


def _named(one: Mailbox) -> str:
    if not one.name:
        return one.address
    escaped = one.name.replace("\\", "\\\\")
    name = f'"{escaped}"' if one.name.isascii() else Header(one.name, "utf-8").encode(linesep="\r\n")
    return f"{name} <{one.address}>"


def _sound(text: str) -> str:
    """Return a text that has bytes: without halves of characters."""
    return text.encode("utf-8", "replace").decode()
