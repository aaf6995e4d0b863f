"""The files that `init` writes, made of the texts under starters."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Final

import yaml

from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS: Final = os.path.join(os.path.dirname(os.path.dirname(__file__)), "starters")  # noqa: PTH118, PTH120 - as in the doors
_LAST_MINUTE: Final = 29
_PLAIN: Final = r"[A-Za-z][A-Za-z0-9./:?&=%+~_-]+(?<!:)"
"""What may need no quotes."""


@record
class Kind:
    """What a starter looks after."""

    name: str
    """What the definition is called where nobody says."""
    trial: str
    """Flags of a run that needs neither a secret nor an event."""
    todo: tuple[str, ...]
    """What is left to do in the end."""


KINDS: Final[Mapping[str, Kind]] = {
    "web": Kind(
        name="site-health",
        trial="--notify-driver log",
        todo=(),
    ),
    "host": Kind(
        name="host-health",
        trial="--notify-driver log",
        todo=(
            (
                "Have a self-hosted runner on the machine, with Python 3.11 or newer; or do without GitHub: crontab -e,"
                " and the lines SLACK_WEBHOOK_URL=… and @CRON@ cd @ROOT@ && pipeline-runner --definition @NAME@"
            ),
        ),
    ),
    "alert": Kind(
        name="alerts",
        trial="--sample --source alertmanager --notify-driver log",
        todo=("Have alerts sent to the repository: the head of @WORKFLOW@ says how",),
    ),
}


def text_of(name: str, words: Mapping[str, str]) -> str:
    """Return a text with words in the place of `@WORD@`."""
    with open(os.path.join(_TEXTS, name), encoding="utf-8") as file:  # noqa: PTH118, PTH123 - as above
        return filled(file.read(), words)


def filled(text: str, words: Mapping[str, str]) -> str:
    """Put words in the place of `@WORD@`."""
    for word, meaning in words.items():
        text = text.replace(f"@{word}@", meaning)
    return text


def cron_of(place: str) -> str:
    """Return two minutes of every hour, neither the first nor the thirtieth; every place has its own."""
    minute = 1 + int(hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest(), 16) % _LAST_MINUTE
    return f"{minute},{minute + 30} * * * *"


def quoted(text: str) -> str:
    """Return a name or a URL as YAML reads it as a text: `1.0` and `no` are none by themselves."""
    is_plain = re.fullmatch(_PLAIN, text) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)
