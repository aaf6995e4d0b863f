"""A node's output has a limit; what is larger is cut, and says so."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Final

from runner.records import record

MAX_OUTPUT: Final = 1024 * 1024
"""Bytes of a node's output, as JSON."""
MAX_DEPTH: Final = 64
"""Levels of nesting of a node's output."""

_ALL: Final = sys.maxsize
_STEPS: Final = (
    (_ALL, _ALL),
    (65536, _ALL),
    (8192, _ALL),
    (1024, _ALL),
    *((1024, items) for items in (10_000, 5000, 2000, 1000, 500, 200, 100)),
    *((256, items) for items in (100, 50, 20, 10)),
)
"""Characters of a text and items of a list that each try keeps."""
_RECORD: Final = 64
"""Keys up to which a mapping is a record, whose structure is kept; with more it is a collection, cut like a list."""
_LEAVES: Final = frozenset({type(None), bool, int, float})
_MAPPINGS: Final = (dict, Mapping)
_CONTAINERS: Final = (dict, list, tuple, Mapping)
"""The builtin ones first: to ask for them is quick."""


def bounded(output: Mapping[str, object], *, limit: int = MAX_OUTPUT) -> Mapping[str, object]:
    """Return the output itself where it fits, else a cut copy with a note in `truncated`.

    Long texts are cut first, then long lists. The note is in `output_truncated` where the node has a
    `truncated` of its own, as ingest does.
    """
    note = "output_truncated" if "truncated" in output else "truncated"
    whole, knife = 0, None
    for texts, items in _STEPS:
        if knife is not None and not knife.leaves_more_than(texts, items):
            continue
        knife = _Knife(texts=texts, items=items)
        kept = knife.record(output)
        size = _size(kept)
        whole = whole or size
        if not knife.cuts and size <= limit:
            return output
        said = kept | {note: f"cut: {knife.said()}{_reason(whole, limit)}"}
        if knife.cuts and _size(said) <= limit:
            return said
    return {note: f"left out{_reason(whole, limit)}"}


@record(frozen=False)
class _Knife:
    """Cuts one value, and counts what it cut."""

    texts: int
    items: int
    cut_texts: int = 0
    cut_lists: int = 0
    cut_depths: int = 0
    longest_text: int = 0
    longest_list: int = 0
    """Of what it was given, but no more than it keeps."""

    def leaves_more_than(self, texts: int, items: int) -> bool:
        """Say whether a sharper one would find something to cut."""
        return texts < self.longest_text or items < self.longest_list

    @property
    def cuts(self) -> int:
        return self.cut_texts + self.cut_lists + self.cut_depths

    def said(self) -> str:
        told = (
            (self.cut_texts, "text", f"after {self.texts:,} characters"),
            (self.cut_lists, "list", f"after {self.items:,} items"),
            (self.cut_depths, "value", f"below {MAX_DEPTH} levels"),
        )
        return ", ".join(f"{count:,} {noun}{'s' * (count > 1)} {where}" for count, noun, where in told if count)

    def record(self, value: Mapping[str, object], depth: int = 0) -> dict[str, object]:
        room = max(self.items, _RECORD)
        if len(value) > _RECORD:
            self.longest_list = max(self.longest_list, min(len(value), room))
        self.cut_lists += len(value) > room
        kept = list(value.items())[:room]
        return {self._text(str(key)): self.value(item, depth + 1) for key, item in kept}

    def value(self, value: object, depth: int) -> object:
        if isinstance(value, str):
            return self._text(value)
        if type(value) in _LEAVES or not isinstance(value, _CONTAINERS):
            return value
        if depth >= MAX_DEPTH:
            self.cut_depths += 1
            return "…"
        if isinstance(value, _MAPPINGS):
            return self.record(value, depth)
        self.longest_list = max(self.longest_list, min(len(value), self.items))
        self.cut_lists += len(value) > self.items
        return [self.value(item, depth + 1) for item in value[: self.items]]

    def _text(self, text: str) -> str:
        if len(text) <= self.texts:
            self.longest_text = max(self.longest_text, len(text))
            return text
        self.cut_texts += 1
        self.longest_text = self.texts
        return f"{text[: self.texts]}… ({len(text) - self.texts:,} more characters)"


def _size(value: Mapping[str, object]) -> int:
    return len(json.dumps(value, default=str))


def _reason(whole: int, limit: int) -> str:
    """Say why something was cut; empty where it was not for its size."""
    return f"; the whole is {_bytes(whole)} of JSON, the limit is {_bytes(limit)}" if whole > limit else ""


def _bytes(size: int) -> str:
    for unit, scale in (("MiB", 1024 * 1024), ("KiB", 1024)):
        if size >= scale:
            return f"{size / scale:.4g} {unit}"
    return f"{size} bytes"
