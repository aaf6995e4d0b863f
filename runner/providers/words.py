"""What a model answered, read with distrust: words of limited length and nothing else come out of it."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from runner.errors import NodeError
from runner.facts import Recommendation
from runner.providers.base import Answer
from runner.providers.topics import URGENCY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_SUMMARY: Final = 500
"""Characters of the summary, and of the probable cause."""
MAX_RECOMMENDATIONS: Final = 5
_STARTS: Final = 20
"""Braces of an answer that may open its JSON: thoughts have some, too."""
_DECODER: Final = json.JSONDecoder()
_TITLE: Final = 150
_DESCRIPTION: Final = 500
_ACTION: Final = 300
_ACTIONS: Final = 8


def answer_of(content: str, quotes: Mapping[str, str], *, model: str, usage: Mapping[str, object]) -> Answer:
    """Read the text of an answer; of `quotes` (the facts by id) it may cite those that exist.

    Raises `NodeError` (`provider_answer`) where it is not JSON, or not of the form that was asked for.
    """
    match _json(content):
        case {
            "summary": str(summary),
            "probable_cause": str(cause),
            "recommendations": list(items),
        } if summary.strip():
            return Answer(
                summary=plain(summary, MAX_SUMMARY),
                probable_cause=plain(cause, MAX_SUMMARY),
                recommendations=tuple(
                    _recommendation(item, place, quotes) for place, item in enumerate(items[:MAX_RECOMMENDATIONS])
                ),
                model=plain(model, _TITLE),
                usage=usage,
            )
        case _:
            raise unusable("the answer lacks a summary, a probable_cause or recommendations")


def unusable(reason: str) -> NodeError:
    """Make the error for an answer that cannot be used."""
    return NodeError(reason, code="provider_answer")


def plain(text: str, limit: int) -> str:
    """Put a text on one line without control characters, cut to `limit` characters where it is longer."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def _json(content: str) -> object:
    """Find the JSON object in an answer, whatever a model wrote around it: a fence, a greeting, its thoughts."""
    said = content.rpartition("</think>")[2]
    starts = [brace.start() for brace in islice(re.finditer("{", said), _STARTS)]
    answers = (one for start in starts if "summary" in (one := _object_at(said, start)))
    found = next(answers, None) or (_object_at(said, starts[0]) if starts else {})
    if not found:
        raise unusable("the answer is not JSON")
    return found


def _object_at(text: str, start: int) -> dict[str, object]:
    """Read the object that begins at a brace; an empty one where it is none."""
    try:
        found: dict[str, object] = _DECODER.raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return {}
    return found


def _recommendation(item: object, place: int, quotes: Mapping[str, str]) -> Recommendation:
    match item:
        case {
            "title": str(title),
            "description": str(description),
            "priority": str(priority),
            "actions": list(actions),
            "evidence": list(evidence),
        } if priority.lower() in URGENCY and title.strip():
            return Recommendation(
                type="model",
                priority=priority.lower(),
                title=plain(title, _TITLE),
                description=plain(description, _DESCRIPTION),
                actions=tuple(_lines(actions))[:_ACTIONS],
                evidence=tuple(_cited(evidence, quotes)),
            )
        case _:
            raise unusable(f"recommendations[{place}] of the answer is not of the form that was asked for")


def _lines(items: Sequence[object]) -> Iterator[str]:
    yield from filter(None, (plain(item, _ACTION) for item in items if isinstance(item, str)))


def _cited(items: Sequence[object], quotes: Mapping[str, str]) -> Iterator[str]:
    """Quote the facts that are cited, by id or word for word; what a model made up is no evidence."""
    found = dict.fromkeys(item.strip() for item in items if isinstance(item, str))
    for item in found:
        if item in quotes:
            yield plain(quotes[item], _ACTION)
        elif item and any(item in quote for quote in quotes.values()):
            yield plain(item, _ACTION)
