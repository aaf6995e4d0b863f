"""Slack's incoming webhooks, and what understands the same blocks."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from runner.channels.model import Channel, credentials
from runner.channels.web import Post, web_url
from runner.channels.wording import clipped
from runner.spec import Url  # noqa: TC001 - read by pydantic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.channels.message import Item, Link, Message, Section
    from runner.scope import Scope
    from runner.secrets import Secret

Block: TypeAlias = dict[str, Any]

_HEADER: Final = 150
_TEXT: Final = 3000
_BLOCKS: Final = 50
_FALLBACK: Final = 3000
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_IN_A_LINK: Final = {"|": "%7C", "<": "%3C", ">": "%3E", "&": "&amp;"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack(Channel):
    """Sends Block Kit to an incoming webhook."""

    driver: ClassVar[str] = "slack"
    variables: ClassVar[Mapping[str, str]] = {"webhook_url": "SLACK_WEBHOOK_URL"}
    required: ClassVar[tuple[str, ...]] = ("webhook_url",)

    webhook_url: Url | None = None
    """The address that Slack gave the webhook; always a secret."""

    def compose(self, message: Message, scope: Scope) -> Post:  # noqa: ARG002 - every channel has it
        """Make the request."""
        body = {"text": _fallback(message), "blocks": blocks(message)}
        (url,) = self.secrets()
        return Post(url=web_url(url), body=body, headers={"Content-Type": "application/json"})

    def secrets(self) -> tuple[Secret, ...]:
        """Return the URL."""
        return tuple(credentials({"webhook_url": self.webhook_url}).values())


def blocks(message: Message) -> list[Block]:
    """Lay a message out within Slack's limits; what does not fit is left out at the end, and that is said."""
    if message.whole:
        parts = [_section(text) for text in _packed(map(escaped, message.whole.splitlines()))]
        return _fitting(parts, [])
    head = {"type": "header", "text": {"type": "plain_text", "text": _cut(message.title, _HEADER)}}
    parts = [_section(text) for section in message.sections for text in _packed(_lines(section))]
    last = " · ".join(filter(None, [*map(_link, message.links), escaped(message.footer)]))
    foot = [{"type": "context", "elements": [_mrkdwn(text)]} for text in _packed([last])]
    return _fitting([head, *parts], foot)


def escaped(text: str) -> str:
    """Take the meaning from Slack's three control characters, so that text from outside stays text."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _fallback(message: Message) -> str:
    """Return the line that a phone shows."""
    return _cut(message.whole.partition("\n")[0] or message.title, _FALLBACK)


def _cut(text: str, limit: int) -> str:
    """Escape a text, cut so that the result is within the limit and ends in no half of an entity."""
    kept = text
    while len(escaped(kept)) > limit:
        kept = clipped(kept, len(kept) - max(1, (len(escaped(kept)) - limit) // 5))
    return escaped(kept)


def _lines(section: Section) -> Iterator[str]:
    if section.heading:
        yield f"*{escaped(section.heading)}*"
    yield from map(escaped, section.paragraphs)
    for item in section.items:
        yield from _item(item)


def _item(item: Item) -> Iterator[str]:
    yield f"• {escaped(item.text)}"
    yield from (f"      ◦ {escaped(detail)}" for detail in item.details)


def _link(link: Link) -> str:
    url = "".join(_IN_A_LINK.get(character, character) for character in link.url)
    return f"<{url}|{escaped(link.text).replace('|', '¦')}>"


def _packed(lines: Iterable[str]) -> Iterator[str]:
    """Join escaped lines to texts that are as long as a block may be."""
    text = ""
    for line in lines:
        piece = line if len(line) <= _TEXT else line[: _TEXT - 1].rpartition(" ")[0] + "…"
        if text and len(text) + len(piece) + 1 > _TEXT:
            yield text
            text = ""
        text = f"{text}\n{piece}" if text else piece
    if text.strip():
        yield text


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    # Slack turns `@here` and channel names in a text into mentions unless it is told to take it as it is.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _fitting(parts: list[Block], foot: list[Block]) -> list[Block]:
    room = _BLOCKS - len(foot)
    if len(parts) > room:
        parts = [*parts[: room - 1], _section("… and more than fits here")]
    return [*parts, *foot]
