"""Slack's incoming webhooks, and what understands the same blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from runner.channels.model import Channel, credentials
from runner.channels.web import Post, error_objection, json_in, page_objection, web_url
from runner.channels.wording import clipped
from runner.records import record
from runner.spec import Url  # noqa: TC001 - read by pydantic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.channels.message import Link, Message, Section
    from runner.doors.request import Response
    from runner.scope import Scope
    from runner.secrets import Secret

Block: TypeAlias = dict[str, Any]

_HEADER: Final = 150
_TEXT: Final = 3000
"""Characters of a text, after escaping."""
_BLOCKS: Final = 50
_ALL_TEXTS: Final = 9_000
"""Slack refuses blocks with somewhat more than 10,000 characters together, and does not say from where on."""
_INDENT: Final = "      ◦ "
_ERROR: Final = re.compile(
    r"(?:invalid|no|missing|too_many)_[a-z_]+|(?:user|channel)_not_found|channel_is_archived|action_prohibited|"
    r"posting_to_general_channel_denied|team_disabled|rollup_error"
)
"""Slack's words for what is wrong with a webhook or a message."""
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_IN_A_LINK: Final = {"|": "%7C", "<": "%3C", ">": "%3E", "&": "&amp;"}


@record
class Slack(Channel):
    """Sends Block Kit to an incoming webhook.

    Mattermost, Rocket.Chat and others that take Slack's messages may stand behind the address, too. A message counts
    as delivered on any answer of success, but for one of Slack's words for an error (`invalid_payload`, `no_service`),
    for JSON that says `"ok": false`, `"success": false` or an `error`, and for a web page.
    """

    driver: ClassVar[str] = "slack"
    variables: ClassVar[Mapping[str, str]] = {"webhook_url": "SLACK_WEBHOOK_URL"}
    required: ClassVar[tuple[str, ...]] = ("webhook_url",)

    webhook_url: Url | None = None
    """The address that Slack gave the webhook; always a secret."""

    def check(self) -> None:
        """Look at the URL."""
        web_url(*self.secrets())

    def compose(self, message: Message, scope: Scope) -> Post:  # noqa: ARG002 - every channel has it
        """Make the request."""
        body = {"text": _fallback(message), "blocks": blocks(message)}
        (url,) = self.secrets()
        headers = {"Content-Type": "application/json"}
        return Post(url=web_url(url), body=body, headers=headers, objection=_objection)

    def secrets(self) -> tuple[Secret, ...]:
        """Return the URL."""
        return tuple(credentials({"webhook_url": self.webhook_url}).values())


def blocks(message: Message) -> list[Block]:
    """Lay a message out within Slack's limits; what does not fit is left out at the end, and that is said."""
    if message.whole:
        return _fitting(map(_section, _packed(_cut(line, _TEXT) for line in message.whole.splitlines())), room=_BLOCKS)
    head = {"type": "header", "text": {"type": "plain_text", "text": _cut(message.title, _HEADER)}}
    parts = (_section(text) for section in message.sections for text in _packed(_lines(section)))
    links = [link for link in map(_link, message.links) if len(link) <= _TEXT]
    last = next(_packed(filter(None, [*links, _cut(message.footer, _TEXT)])), "")
    foot = [{"type": "context", "elements": [_mrkdwn(last)]}] if last else []
    return [head, *_fitting(parts, room=_BLOCKS - 1 - len(foot)), *foot]


def escaped(text: str) -> str:
    """Take the meaning from Slack's three control characters, so that text from outside stays text."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _objection(response: Response) -> str:
    """Object to an answer that tells of an error, though its status does not."""
    answer = json_in(response)
    verdicts = [answer.get(key) for key in ("ok", "success")]
    told = answer.get("error")
    if any(one is False for one in verdicts) or (told and not any(one is True for one in verdicts)):
        return error_objection(told or answer.get("message") or "an error")
    word = response.body.decode(errors="replace").strip()
    return page_objection(response) or error_objection(_ERROR.fullmatch(word) and word)


def _fallback(message: Message) -> str:
    """Return the line that a phone shows."""
    return _cut(message.whole.partition("\n")[0] or message.title, _TEXT)


def _cut(text: str, limit: int) -> str:
    """Escape a text, cut so that the result is within the limit and ends in no half of an entity."""
    kept = clipped(text, limit)
    while (excess := len(escaped(kept)) - limit) > 0:
        kept = clipped(kept, len(kept) - 1 - excess // 5)
    return escaped(kept)


def _lines(section: Section) -> Iterator[str]:
    if section.heading:
        yield f"*{escaped(section.heading)}*"
    yield from (_cut(paragraph, _TEXT) for paragraph in section.paragraphs)
    for item in section.items:
        yield f"• {_cut(item.text, _TEXT - 2)}"
        yield from (f"{_INDENT}{_cut(detail, _TEXT - len(_INDENT))}" for detail in item.details)


def _link(link: Link) -> str:
    url = "".join(_IN_A_LINK.get(character, character) for character in link.url)
    return f"<{url}|{escaped(link.text)}>"


def _packed(lines: Iterable[str]) -> Iterator[str]:
    """Join lines to texts that are no longer than a text may be; no line is."""
    text = ""
    for line in lines:
        if text and len(text) + len(line) + 1 > _TEXT:
            yield text
            text = ""
        text = f"{text}\n{line}" if text else line
    if text.strip():
        yield text


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    # Slack makes mentions of `@here` and the like in a text unless it is told to take it as it is.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _fitting(parts: Iterable[Block], room: int) -> list[Block]:
    kept: list[Block] = []
    size = 0
    for part in parts:
        size += len(part["text"]["text"])
        if size > _ALL_TEXTS or len(kept) == room - 1:
            return [*kept, _section("… and more than fits here")]
        kept.append(part)
    return kept
