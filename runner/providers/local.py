"""The local analysis: rules, no network, always the same answer to the same facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from runner.facts import Recommendation
from runner.providers.base import Answer
from runner.providers.rule import REMOTE
from runner.providers.topics import URGENCY, Topic, alert_topic, check_topic, host_of
from runner.records import record
from runner.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.facts import Alert, CheckResult, Facts, Failure
    from runner.scope import Scope, Variable
    from runner.secrets import Secret

OUT_OF_REACH: Final = frozenset({"timed_out", "connection_refused", "connection_lost", "not_resolved", "unreachable"})
"""Codes that say nothing about the service, only that there is no way to it."""
SEVERAL: Final = 2


@record
class Local:
    """Rules that know the usual troubles. They quote what was measured, and say so where they know nothing."""

    type: ClassVar[str] = "local"

    def analyse(self, facts: Facts, scope: Scope) -> Answer:  # noqa: ARG002 - rules need nothing but the facts
        """Hold the facts against the rules."""
        topics = [*map(alert_topic, facts.firing), *map(check_topic, facts.bad)]
        found = [*_recommendations(topics), *map(_failed_node, facts.failures)]
        ordered = tuple(sorted(found, key=lambda one: URGENCY.index(one.priority)))
        return Answer(
            summary=_summary(facts),
            probable_cause=_common_cause(facts.checks) or _first_cause(topics, ordered),
            recommendations=ordered,
        )

    def describe(self, scope: Scope) -> str:  # noqa: ARG002 - always the same
        """Say what an analysis would take."""
        return "rules, no network"

    def needs(self) -> Iterable[Variable]:
        """Nothing."""
        return ()

    def secrets(self) -> Iterable[Secret]:
        """None."""
        return ()


def _recommendations(topics: Sequence[Topic]) -> list[Recommendation]:
    """Return one recommendation for each kind of trouble on each host."""
    groups: dict[tuple[str, str], list[Topic]] = {}
    for topic in topics:
        key = (topic.rule.type, topic.host) if topic.rule else ("unmatched", topic.name)
        groups.setdefault(key, []).append(topic)
    return list(map(_recommendation, groups.values()))


def _recommendation(topics: Sequence[Topic]) -> Recommendation:
    """Make one recommendation of topics that share rule and host."""
    first = min(topics, key=lambda topic: URGENCY.index(topic.priority))
    evidence = tuple(line for topic in topics for line in topic.evidence)
    rule = first.rule
    if rule is None:
        return _unmatched(first, evidence)
    more = f" and {len(topics) - 1} more" if len({topic.place for topic in topics}) > 1 else ""
    return Recommendation(
        type=rule.type,
        priority=first.priority,
        title=first.write(rule.title.replace("{place}", "{place}" + more)),
        description=first.write(rule.description),
        actions=tuple(map(first.write, rule.actions)),
        evidence=evidence,
    )


def _unmatched(topic: Topic, evidence: tuple[str, ...]) -> Recommendation:
    """Say honestly that no rule knows this."""
    page = (f"Open {topic.url}",) if topic.url else ()
    return Recommendation(
        type="unmatched",
        priority=topic.priority,
        title=f"Look at {topic.name}: no rule matches",
        description="The local rules know nothing about this; what was seen stands below.",
        actions=(*page, f"Look at the logs of {topic.place} at this time", "Look at what changed before it began"),
        evidence=evidence,
    )


def _failed_node(failure: Failure) -> Recommendation:
    return Recommendation(
        type="node_failed",
        priority="high" if failure.required else "medium",
        title=f"Mend the node {failure.node} of the definition",
        description="A node of the pipeline failed, so something was not looked at or not done.",
        actions=("Mend what its message names", "Run the definition again"),
        evidence=(f"{failure.node}: {failure.message}",),
    )


def _common_cause(checks: Sequence[CheckResult]) -> str:
    """Name what several failures have in common; empty where they have nothing."""
    remote = [check for check in checks if check.type in REMOTE]
    hosts = dict.fromkeys(map(host_of, remote))
    if len(hosts) >= SEVERAL and all(check.code in OUT_OF_REACH for check in remote):
        return (
            f"None of {len(hosts)} hosts can be reached: the network or the name server of this runner is the likeliest"
            " cause, not the hosts."
        )
    for host in hosts:
        there = [check for check in remote if host_of(check) == host]
        if len(there) >= SEVERAL and all(check.verdict is not Verdict.OK for check in there):
            return (
                f"All {len(there)} checks of {host} fail: the host itself, or the way to it, is the likeliest cause,"
                " not a single service."
            )
    return ""


def _first_cause(topics: Sequence[Topic], ordered: Sequence[Recommendation]) -> str:
    """Return the cause that the rule of the most urgent recommendation gives."""
    kind = ordered[0].type if ordered else ""
    return next((topic.write(topic.rule.cause) for topic in topics if topic.rule and topic.rule.type == kind), "")


def _summary(facts: Facts) -> str:
    """Say in a few sentences how things are."""
    sentences = [*_alerts_said(facts.firing), *_checks_said(facts), *_failures_said(facts.failures)]
    if sentences:
        return " ".join(sentences)
    well = [f"{_count(len(facts.checks), 'check')} ok"] if facts.checks else []
    for status in ("acknowledged", "resolved"):
        number = sum(alert.status == status for alert in facts.alerts)
        well += [f"{_count(number, 'alert')} {status}"] if number else []
    if not well:
        return "There is nothing to analyse: no check and no alert"
    waiting = any(alert.status == "acknowledged" for alert in facts.alerts)
    return f"Nothing is {'firing' if waiting else 'wrong'}: {', '.join(well)}"


def _alerts_said(firing: Sequence[Alert]) -> list[str]:
    if not firing:
        return []
    worst = firing[0]
    where = f" on {worst.subject}" if worst.subject else ""
    more = f" and {len(firing) - 1} more" if len(firing) > 1 else ""
    verb = "is" if len(firing) == 1 else "are"
    return [f"{_count(len(firing), 'alert')} {verb} firing: {worst.name} ({worst.severity}){where}{more}."]


def _checks_said(facts: Facts) -> list[str]:
    if not facts.bad:
        return []
    verb = "is" if len(facts.bad) == 1 else "are"
    return [f"{len(facts.bad)} of {_count(len(facts.checks), 'check')} {verb} not ok: {facts.bad[0].message}."]


def _failures_said(failures: Sequence[Failure]) -> list[str]:
    return [f"The node {failure.node} failed: {failure.message}." for failure in failures]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
