"""Whole mails as people read them, for seven situations; `UPDATE_GOLDEN=1` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from runner.channels.letter import letter
from runner.channels.mailbox import mailboxes
from tests.channels.situations import SITUATIONS, told

GOLDEN: Final = Path(__file__).with_name("golden")
(SENDER,) = mailboxes("Night watch <watch@example.org>")
(ONCALL,) = mailboxes("oncall@example.org")


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_a_mail_reads_as_agreed(name: str, kind: str) -> None:
    mail = letter(told(name), SENDER, (ONCALL,))
    text = mail.html if kind == "html" else f"Subject: {mail.subject}\n\n{mail.text}"
    path = GOLDEN / f"email-{name}.{kind}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")
