"""What several troubles have in common, and so the likeliest cause of all: a host, a network, a deployment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from runner.providers.hosts import own_names, own_network, whole_host
from runner.providers.pattern import Case, Pattern, actions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.facts import Facts
    from runner.providers.topics import Topic

_MANY: Final = 3
_SHARED: Final = {
    "node": "the machine {}",
    "cluster": "the cluster {}",
    "namespace": "the namespace {}",
    "service": "the service {}",
    "region": "the region {}",
    "zone": "the zone {}",
    "datacenter": "the data centre {}",
}
"""Labels that many alerts may share, and what they name."""


def pattern(facts: Facts, topics: Sequence[Topic]) -> Pattern | None:
    """Return what explains most of what is not well; None where nothing is shared."""
    case = Case(facts=facts, topics=topics)
    return next(filter(None, (look(case) for look in _LOOKS)), None)


def _same_everywhere(case: Case) -> Pattern | None:
    """Find the same trouble in many places: it has one cause, not many."""
    counted = Counter(topic.rule.type for topic in case.topics if topic.rule is not None)
    for kind, _ in counted.most_common():
        alike = tuple(topic for topic in case.topics if topic.rule is not None and topic.rule.type == kind)
        hosts = list(dict.fromkeys(topic.host for topic in alike))
        if len(hosts) <= _MANY:
            continue
        return Pattern(
            type="same_everywhere",
            title="Look for what these have in common before each by itself",
            description="It is the same trouble in many places at the same time.",
            cause=(
                f"It is the same in {len(hosts)} places at once: something that they share (a deployment, a network,"
                " a database) is likelier the cause than that many faults."
            ),
            actions=actions(
                "Look at what was changed everywhere just before: deployments, settings, images, certificates",
                "Compare one of them ({host}) with one that is well",
                host=hosts[0],
            ),
            topics=alike,
        )
    return None


def _shared_label(case: Case) -> Pattern | None:
    """Find what all alerts name: they are about that."""
    firing = case.facts.firing
    if len(firing) < _MANY or len({alert.name for alert in firing}) == 1:
        return None
    named = [("{}", {alert.subject for alert in firing})]
    named += [(text, {alert.labels.get(label, "") for alert in firing}) for label, text in _SHARED.items()]
    shared = next((text.format(*values) for text, values in named if len(values) == 1 and "" not in values), "")
    if not shared:
        return None
    return Pattern(
        type="shared",
        title=f"Look at {shared} first",
        description="Every alert that fires is about it, so they probably belong together.",
        cause=f"All {len(firing)} alerts are about {shared}: one trouble there is likelier than {len(firing)} of them.",
        actions=actions(
            "Look at what changed for {shared} just before the first alert: deployments, settings, machines",
            "Begin with the alert that fired first; the others often follow from it",
            shared=shared,
        ),
        topics=tuple(case.topics[: len(firing)]),
    )


_LOOKS: Final[tuple[Callable[[Case], Pattern | None], ...]] = (
    own_network,
    own_names,
    whole_host,
    _same_everywhere,
    _shared_label,
)
"""The most telling first."""
