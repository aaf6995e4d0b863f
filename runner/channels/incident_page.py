"""What PagerDuty shows on the page of an incident: a table of names and texts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from runner.channels.message import Section
from runner.channels.writing import write
from runner.facts import gather

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from runner.channels.grouping import Incident
    from runner.channels.message import Message
    from runner.facts import Analysis, Facts, Recommendation
    from runner.scope import Scope

_FIRST: Final = "message"
"""The row of what has no heading: what is wrong, since when and how bad."""
_OTHERS: Final = 10


def rows(told: Message, also: Sequence[str]) -> Mapping[str, str]:
    """Write a row for each part of a message; what the event has elsewhere (title, links) is left out.

    `also` are the titles of what else is wrong.
    """
    if told.whole:
        return {_FIRST: told.whole}
    found: dict[str, list[str]] = {}
    for section in told.sections:
        found.setdefault(_row(section), []).extend(replace(section, heading="").lines())
    more = [f"… and {len(also) - _OTHERS} more"] if len(also) > _OTHERS else []
    found |= {"also_wrong": [*also[:_OTHERS], *more], "run": [told.footer]}
    return {name: text for name, lines in found.items() if (text := "\n".join(lines))}


def own_messages(found: Sequence[Incident], message: Message, scope: Scope) -> Iterator[Message]:
    """Write what there is to say about each of several incidents; the texts of the definition are about all."""
    generated_at = cast("datetime", message.data["generated_at"])
    everything = gather(scope)
    usual = write(scope, everything, generated_at).masked(scope.masker)
    for incident in found:
        failures = () if incident.closed else everything.failures
        facts = replace(incident.facts, analysis=_concerning(incident, everything), failures=failures)
        own = write(replace(scope, failure=""), facts, generated_at).masked(scope.masker)
        yield replace(own, sections=tuple(_with_texts(own, usual, message)))


def _with_texts(own: Message, usual: Message, message: Message) -> Iterator[Section]:
    """Put the texts of the definition, which is what is not usual in a message, in their places."""
    if message.whole:
        yield Section(paragraphs=tuple(message.whole.splitlines()))
        return
    if message.title != usual.title:
        yield Section(paragraphs=(message.title,))
    count = len(usual.sections)
    as_usual = message.sections[:count] == usual.sections
    yield from (*own.sections, *message.sections[count:]) if as_usual else message.sections


def _row(section: Section) -> str:
    return section.heading.lower().replace(" ", "_") or _FIRST


def _concerning(incident: Incident, everything: Facts) -> Analysis | None:
    """Return what an analysis of everything has to say about one incident, if anything.

    What rests on other alerts or checks alone says nothing about this one; nor does a cause, which is the first's.
    """
    analysis = everything.analysis
    if analysis is None or incident.closed:
        return None
    given = analysis.recommendations
    mine = tuple(one for one in given if _concerns(one, incident.facts, everything))
    if mine[:1] == given[:1]:
        return replace(analysis, recommendations=mine)
    return replace(analysis, summary="", probable_cause="", recommendations=mine)


def _concerns(advice: Recommendation, facts: Facts, everything: Facts) -> bool:
    """Say whether evidence quotes one of these, or none at all, or goes on beyond what is listed."""
    quotes = {name: (f"{name}: ", f"{name} (") for name in _names(everything)}
    quoted = {name for name, starts in quotes.items() if any(one.startswith(starts) for one in advice.evidence)}
    endless = any(one.startswith("…") for one in advice.evidence)
    return not quoted or endless or bool(quoted.intersection(_names(facts)))


def _names(facts: Facts) -> Iterator[str]:
    yield from (one.name for one in facts.alerts)
    yield from (one.name for one in facts.checks)
