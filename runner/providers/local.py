"""The local analysis: rules, no network, always the same answer to the same facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from runner.providers.advice import advise
from runner.providers.base import Answer
from runner.providers.topics import alert_topic, check_topic
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.facts import Alert, Facts, Failure
    from runner.scope import Scope, Variable
    from runner.secrets import Secret


@record
class Local:
    """Rules that know the usual troubles. They quote what was measured, and say so where they know nothing."""

    type: ClassVar[str] = "local"

    def analyse(self, facts: Facts, scope: Scope) -> Answer:  # noqa: ARG002 - rules need nothing but the facts
        """Hold the facts against the rules."""
        topics = [*map(alert_topic, facts.firing), *map(check_topic, facts.bad)]
        advice = advise(facts, topics)
        return Answer(
            summary=_summary(facts),
            probable_cause=advice[0].cause if advice else "",
            recommendations=tuple(one.recommendation for one in advice),
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


def _summary(facts: Facts) -> str:
    """Say in a few sentences how things are."""
    sentences = [*_alerts_said(facts.firing), *_checks_said(facts), *_failures_said(facts.failures)]
    if not sentences:
        sentences = [_calm(facts)]
    if facts.truncated:
        sentences[-1] = f"{sentences[-1].removesuffix('.')}."
        sentences.append(f"The sender left out {_count(facts.truncated, 'more alert')}.")
    return " ".join(sentences)


def _calm(facts: Facts) -> str:
    """Say that nothing is wrong, and how much that is known of."""
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
