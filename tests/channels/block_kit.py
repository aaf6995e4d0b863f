"""Slack's published rules for the blocks that we use, and what a reader sees of them.

From the pages on blocks, text objects and formatting at docs.slack.dev/reference/block-kit and
docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BLOCKS: Final = 50
LONGEST: Final = {"header": 150, "section": 3000, "context": 3000}
"""Characters of a text, by the block in which it is."""
MOST_ELEMENTS: Final = 10
LONGEST_MESSAGE: Final = 40_000
"""Characters of the `text` beside the blocks."""
KEYS: Final = {
    "header": {"type", "text", "block_id"},
    "section": {"type", "text", "block_id", "fields", "accessory", "expand"},
    "context": {"type", "elements", "block_id"},
    "divider": {"type", "block_id"},
}
TEXT_KEYS: Final = {"plain_text": {"type", "text", "emoji"}, "mrkdwn": {"type", "text", "verbatim"}}
_LINK: Final = re.compile(r"<(https?://[^<>|\s]+)\|([^<>|]+)>")


def refusals(payload: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Return what Slack would refuse a message for, or show otherwise than it is meant."""
    return list(_refusals(payload))


def as_text(blocks: list[dict[str, Any]]) -> str:
    """Write what a reader sees: a line where one block ends, and the address behind each link."""
    return "\n".join(_seen(block) for block in blocks)


def _refusals(payload: dict[str, Any]) -> Iterator[str]:
    if not payload.get("text") or len(payload["text"]) > LONGEST_MESSAGE:
        yield "text is what notifications show, and stands alone"
    if not 1 <= len(payload["blocks"]) <= MOST_BLOCKS:
        yield f"{len(payload['blocks'])} blocks"
    for place, block in enumerate(payload["blocks"]):
        yield from (f"block {place}: {said}" for said in _block(block))


def _block(block: dict[str, Any]) -> Iterator[str]:
    kind = block["type"]
    if kind not in KEYS:
        yield f"no type {kind} here"
        return
    if unknown := block.keys() - KEYS[kind]:
        yield f"unknown keys {sorted(unknown)}"
    texts: list[dict[str, Any]] = block["elements"] if kind == "context" else [block.get("text", {"type": "missing"})]
    if kind == "context" and not 1 <= len(texts) <= MOST_ELEMENTS:
        yield f"{len(texts)} elements"
    for text in texts if kind != "divider" else ():
        yield from _text(text, kind)


def _text(text: dict[str, Any], kind: str) -> Iterator[str]:
    allowed = {"plain_text"} if kind == "header" else set(TEXT_KEYS)
    if text["type"] not in allowed:
        yield f"no {text['type']} in a {kind}"
        return
    if unknown := text.keys() - TEXT_KEYS[text["type"]]:
        yield f"unknown keys {sorted(unknown)} of a text"
    if not 1 <= len(text["text"]) <= LONGEST[kind] or not text["text"].strip():
        yield f"a text of {len(text['text'])} characters"
    if text["type"] == "mrkdwn":
        yield from _formatted(text["text"])


def _formatted(text: str) -> Iterator[str]:
    """Find control characters that stand for themselves: they are `&amp;`, `&lt;` and `&gt;` where they are text."""
    rest = _LINK.sub("", text)
    if re.search(r"[<>]", rest):
        yield f"a tag that is no link in {rest!r}"
    if re.search(r"&(?!amp;|lt;|gt;)", rest):
        yield f"a bare & in {rest!r}"


def _seen(block: dict[str, Any]) -> str:
    if block["type"] == "divider":
        return "─" * 20 + "\n"
    texts = block.get("elements") or [block["text"]]
    return "\n".join(_read(text) for text in texts) + "\n"


def _read(text: dict[str, Any]) -> str:
    shown = text["text"]
    if text["type"] == "mrkdwn":
        shown = _LINK.sub(r"\2 (\1)", shown)
        shown = re.sub(r"(?m)^\*(.+)\*$", r"\1", shown)
    return html.unescape(shown)
