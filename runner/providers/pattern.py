"""What a pattern is: something that several troubles have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.facts import Recommendation
from runner.providers.filling import fill
from runner.providers.rule import REMOTE
from runner.providers.topics import URGENCY
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.facts import CheckResult, Facts
    from runner.providers.topics import Topic


@record
class Pattern:
    """Something that several troubles have in common."""

    type: str
    title: str
    description: str
    cause: str
    actions: tuple[str, ...]
    topics: tuple[Topic, ...]
    """What has it in common."""
    replaces: bool = False
    """There is nothing to be done about each of them."""

    def recommendation(self, evidence: tuple[str, ...]) -> Recommendation:
        """Write it down, as urgent as the worst of what has it in common."""
        return Recommendation(
            type=self.type,
            priority=min((topic.priority for topic in self.topics), key=URGENCY.index),
            title=self.title,
            description=self.description,
            actions=self.actions,
            evidence=evidence,
        )


@record
class Case:
    """What is looked at for patterns."""

    facts: Facts
    topics: Sequence[Topic]

    @property
    def remote(self) -> tuple[CheckResult, ...]:
        """The checks that look beyond this machine."""
        return tuple(check for check in self.facts.checks if check.type in REMOTE)

    def of(self, checks: Iterable[CheckResult]) -> tuple[Topic, ...]:
        """Return the topics of checks."""
        bad = zip(self.facts.bad, self.topics[len(self.facts.firing) :], strict=True)
        return tuple(topic for check, topic in bad if check in checks)


def actions(*texts: str, **names: str) -> tuple[str, ...]:
    """Fill names into what to do; what they do not fit into is left out."""
    return tuple(filter(None, (fill(text, names) for text in texts)))
