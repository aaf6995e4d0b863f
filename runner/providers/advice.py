"""What to do about everything that is not well: one recommendation for each trouble, the most urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.facts import Recommendation
from runner.providers.patterns import pattern
from runner.providers.rules import BLIND, ROOTS
from runner.providers.topics import URGENCY
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.facts import Facts, Failure
    from runner.providers.topics import Topic

_EVIDENCE: Final = 10
"""Lines of evidence of one recommendation."""
_NAMED: Final = 3
"""Names that a sentence lists."""
_EVERYWHERE: Final = 4
"""Places from which on the same trouble is one trouble."""


@record
class Advice:
    """A recommendation, and the cause that it rests on."""

    recommendation: Recommendation
    cause: str = ""


def advise(facts: Facts, topics: Sequence[Topic]) -> list[Advice]:
    """Return what to do: first what several troubles have in common, then each of them, then what failed in the run."""
    shared = pattern(facts, topics)
    common = [Advice(recommendation=shared.recommendation(_lines(shared.topics)), cause=shared.cause)] if shared else []
    left = [topic for topic in topics if not (shared and shared.replaces and topic in shared.topics)]
    each = [_advice(group, topics) for group in _groups(left)]
    found = [*common, *each, *map(_failed_node, facts.failures)]
    return sorted(found, key=lambda one: URGENCY.index(one.recommendation.priority))


def _groups(topics: Sequence[Topic]) -> list[list[Topic]]:
    """Put together what is of one kind on one host, or of one kind in many places; roots of other troubles first."""
    groups: dict[tuple[str, str], list[Topic]] = {}
    for topic in topics:
        spread = topic.rule is not None and len(_hosts(topics, topic.rule.type)) >= _EVERYWHERE
        key = (topic.rule.type, "" if spread else topic.host) if topic.rule else ("", topic.name)
        groups.setdefault(key, []).append(topic)
    return sorted(groups.values(), key=lambda group: not _victims(group[0], topics))


def _hosts(topics: Iterable[Topic], kind: str) -> set[str]:
    return {topic.host for topic in topics if topic.rule is not None and topic.rule.type == kind}


def _victims(topic: Topic, topics: Iterable[Topic]) -> list[str]:
    """Name what else is not well on a machine that is full or worn out, and may be so for that reason."""
    if topic.rule is None or topic.rule.type not in ROOTS:
        return []
    others = [other for other in topics if other.host == topic.host and other.rule is not topic.rule]
    unlike = ROOTS | BLIND
    return list(dict.fromkeys(other.name for other in others if other.rule is None or other.rule.type not in unlike))


def _advice(group: Sequence[Topic], topics: Sequence[Topic]) -> Advice:
    """Make one recommendation of topics that share their rule."""
    first = min(group, key=lambda topic: URGENCY.index(topic.priority))
    rule = first.rule
    if rule is None:
        return Advice(recommendation=_unmatched(first, _lines(group)))
    return Advice(
        recommendation=Recommendation(
            type=rule.type,
            priority=first.priority,
            title=first.write(rule.title, **_and_more(first, group)),
            description=first.write(rule.description),
            actions=first.actions(),
            evidence=_lines(group),
        ),
        cause=_cause(first.write(rule.cause), _victims(first, topics)),
    )


def _cause(cause: str, victims: Sequence[str]) -> str:
    """Say what is probably behind something, and what that may bring about."""
    if not victims:
        return cause
    more = f" and {len(victims) - _NAMED} more" if len(victims) > _NAMED else ""
    return f"{cause} Other trouble there may come from that: {', '.join(victims[:_NAMED])}{more}."


def _and_more(first: Topic, group: Sequence[Topic]) -> dict[str, str]:
    """Return place and name of the first, with how many others there are."""
    named = {}
    for word in ("place", "name"):
        others = len({topic.names.get(word, "") for topic in group}) - 1
        text = first.names.get(word, "")
        named[word] = f"{text} and {others} more" if others else text
    return named


def _lines(group: Iterable[Topic]) -> tuple[str, ...]:
    """Return the evidence, each line once; the first line of each topic before what else is known of it."""
    topics = tuple(group)
    heads = (topic.evidence[0] for topic in topics)
    rest = (line for topic in topics for line in topic.evidence[1:])
    lines = tuple(dict.fromkeys((*heads, *rest) if len(topics) > _EVIDENCE else _in_turn(topics)))
    left = len(lines) - _EVIDENCE
    return lines if left <= 0 else (*lines[:_EVIDENCE], f"… and {left} more like these")


def _in_turn(topics: Iterable[Topic]) -> Iterator[str]:
    for topic in topics:
        yield from topic.evidence


def _unmatched(topic: Topic, evidence: tuple[str, ...]) -> Recommendation:
    """Say honestly that nothing is known about this."""
    return Recommendation(
        type="unmatched",
        priority=topic.priority,
        title=f"Look at “{topic.name}”",
        description="There is no ready advice for this kind of trouble: start from what it says itself.",
        actions=(
            *filter(None, [topic.url and f"Open {topic.url}"]),
            topic.write("Look at the logs of {place} at this time"),
            "Look at what changed before it began: deployments, settings, traffic",
        ),
        evidence=evidence,
    )


def _failed_node(failure: Failure) -> Advice:
    return Advice(
        recommendation=Recommendation(
            type="node_failed",
            priority="high" if failure.required else "medium",
            title=f"Mend the node {failure.node} of the definition",
            description="A node of the pipeline failed, so something was not looked at or not done.",
            actions=("Mend what its message names", "Run the definition again"),
            evidence=(f"{failure.node}: {failure.message}",),
        )
    )
