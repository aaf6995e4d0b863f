"""What is known, incident by incident: what people open, take on and close as one thing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.channels.incident import VERDICTS, dedup_key
from runner.facts import Facts, gather
from runner.records import record
from runner.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.facts import Alert, CheckResult
    from runner.results import Open
    from runner.scope import Scope


@record
class Incident:
    """A group of alerts, an alert that is in no group, or a check."""

    key: str
    """The same in every run: `dedup_key` of what names it."""
    facts: Facts
    """What is known about it alone, with the analysis of everything."""

    @property
    def status(self) -> str:
        """Say `firing`, `acknowledged` or `resolved`: what the worst alert is, and what a check comes to."""
        if self.facts.checks:
            return "firing" if self.facts.bad else "resolved"
        statuses = {alert.status for alert in self.facts.alerts}
        return next(status for status in ("firing", "acknowledged", "resolved") if status in statuses)

    @property
    def closed(self) -> bool:
        """It is over."""
        return self.status == "resolved"


def incidents(scope: Scope) -> tuple[Incident, ...]:
    """Divide what earlier nodes have found into incidents, as they came."""
    groups: dict[str, list[Alert]] = {}
    checks: dict[str, CheckResult] = {}
    for node, result in scope.nodes.items():
        known = gather(replace(scope, nodes={node: result}))
        for alert in known.alerts:
            groups.setdefault(str(result.known.get("group_key") or alert.fingerprint), []).append(alert)
        checks.update((_key(scope, check.node, check.name), check) for check in known.checks)
    everything = gather(scope)
    base = Facts(analysis=everything.analysis, judged=True, comparison=everything.comparison)
    return (
        *(Incident(key=_key(scope, name), facts=_about(base, alerts)) for name, alerts in groups.items()),
        *(
            Incident(
                key=key, facts=replace(base, checks=(check,), verdict=check.verdict, over=_over(check, everything))
            )
            for key, check in checks.items()
            if check.verdict > Verdict.OK or everything.comparison is None or _over(check, everything)
        ),
    )


def _key(scope: Scope, *identity: str) -> str:
    return dedup_key(scope.run.definition, scope.run.environment, *identity)


def _over(check: CheckResult, everything: Facts) -> tuple[Open, ...]:
    """Return what was wrong with a check that is well now."""
    return tuple(one for one in everything.over if (one.node, one.check) == (check.node, check.name))


def _about(base: Facts, alerts: Sequence[Alert]) -> Facts:
    facts = replace(base, alerts=tuple(alerts))
    return replace(facts, verdict=max((VERDICTS[alert.severity] for alert in facts.firing), default=Verdict.OK))
