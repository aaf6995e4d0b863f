"""Mail addresses: what people write in a definition, and what a server is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST: Final = 10_000
"""Characters of a list of addresses."""
_PIECE: Final = re.compile(r'(?:[^",]|"[^"]*+"?)++')
"""What stands between two commas; one in quotes is no such comma."""
_MAILBOX: Final = re.compile(
    r"""(?: (?: "(?P<quoted>[^"\\]*)"\s* | (?P<name>[^"<>@,;]*+) ) (?P<angle><) )?
        (?P<local>[^\s@<>()\[\],;:\\".]+ (?:\.[^\s@<>()\[\],;:\\".]+)*) @
        (?P<domain>\[(?:IPv6:)?[0-9A-Fa-f.:]+\] | [^\s@<>()\[\],;:\\"]+)
        (?(angle)>)""",
    re.VERBOSE,
)
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@record
class Mailbox:
    """Somebody's address."""

    name: str
    """What people call it; often empty."""
    local: str
    domain: str
    """In ASCII."""

    @property
    def address(self) -> str:
        """What a server is told."""
        return f"{self.local}@{self.domain}"

    @property
    def international(self) -> bool:
        """Only servers with SMTPUTF8 take it."""
        return not self.local.isascii()


def mailboxes(text: str) -> tuple[Mailbox, ...]:
    """Read addresses with commas between them: `ops@example.org, Jo <jo@example.org>`; each is there once.

    Raises `ValueError` where one is none, with the text that is to blame.
    """
    if len(text) > _MOST:
        raise ValueError(text[:60] + "…")
    pieces = map(str.strip, _PIECE.findall(text))
    return distinct(_mailbox(piece) for piece in pieces if piece)


def distinct(mailboxes: Iterable[Mailbox]) -> tuple[Mailbox, ...]:
    """Leave out addresses that are there already."""
    found: dict[str, Mailbox] = {}
    for one in mailboxes:
        found.setdefault(one.address, one)
    return tuple(found.values())


def _mailbox(text: str) -> Mailbox:
    match = None if _UNSEEN.search(text) else _MAILBOX.fullmatch(text)
    if match is None:
        raise ValueError(text)
    try:
        domain = match["domain"].encode("ascii" if match["domain"].isascii() else "idna").decode()
        domain.strip("[]").encode("idna")  # no empty label, and none that is too long
    except UnicodeError:
        raise ValueError(text) from None
    return Mailbox(name=(match["quoted"] or match["name"] or "").strip(), local=match["local"], domain=domain)
