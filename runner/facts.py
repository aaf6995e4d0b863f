"""Everything that is known at a point of the walk: alerts, check results, the analysis, what failed.

Built from the outputs of earlier nodes, whatever their number and type; analysis and message start from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.records import record
from runner.results import NOTHING, Severity, Verdict
from runner.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.results import Comparison, NodeResult, Open
    from runner.scope import Scope

SUBJECTS: Final = ("instance", "host", "hostname", "pod", "service", "job")
"""Labels that say what an alert is about, the most exact first."""


@record
class Alert:
    """One alert, in the normal form that every format is parsed to."""

    fingerprint: str
    name: str
    status: str
    """`firing`, `acknowledged` or `resolved`."""
    severity: Severity
    description: str = ""
    labels: Mapping[str, str] = NOTHING
    annotations: Mapping[str, str] = NOTHING
    started_at: str = ""
    """RFC 3339, as sent; empty where the sender did not say."""
    ended_at: str = ""
    url: str = ""
    source: str = ""
    """The format's name."""

    @property
    def subject(self) -> str:
        """What it is about, by the labels that usually say so; empty where none does."""
        return next((self.labels[key] for key in SUBJECTS if self.labels.get(key)), "")


_OF_A_MACHINE: Final = frozenset({"cpu", "memory", "disk", "process", "command"})
"""Types of checks that look at the machine that they run on."""


@record
class CheckResult:
    """One check, as it stands in a context node's output (`results`)."""

    node: str
    name: str
    type: str
    subject: str
    verdict: Verdict
    message: str
    value: float | None = None
    unit: str = ""
    warning: str = ""
    critical: str = ""
    """The thresholds, for people: `above 90%`."""
    metrics: Mapping[str, Any] = NOTHING
    tries: int = 1
    code: str = ""
    """Why it failed, as a stable word: `timed_out`, `connection_refused`, `not_resolved`, `status`, …"""

    @property
    def machine(self) -> str:
        """The machine that it looked at; empty for what is beyond it."""
        return self.subject.partition(":")[0] if self.type in _OF_A_MACHINE else ""


@record
class Recommendation:
    """What to do about something."""

    type: str
    """The rule or kind it comes from: `disk_full`."""
    priority: str
    """`high`, `medium` or `low`."""
    title: str
    description: str = ""
    actions: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@record
class Analysis:
    """What an analysis says."""

    summary: str
    probable_cause: str = ""
    severity: str = ""
    recommendations: tuple[Recommendation, ...] = ()
    provider: str = "local"
    fallback_used: bool = False


@record
class Failure:
    """A node that did not succeed, and why."""

    node: str
    required: bool
    message: str


@record
class Facts:
    """What is known."""

    alerts: tuple[Alert, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    analysis: Analysis | None = None
    """The last one."""
    failures: tuple[Failure, ...] = ()
    judged: bool = False
    """A node has judged something, or tried to."""
    verdict: Verdict = Verdict.OK
    truncated: int = 0
    """Alerts that the sender left out."""
    comparison: Comparison | None = None
    """With the run before; None where nothing is remembered."""
    over: tuple[Open, ...] = ()
    """What was wrong, and is well now."""

    @property
    def firing(self) -> tuple[Alert, ...]:
        """The alerts that fire, the worst first."""
        found = [alert for alert in self.alerts if alert.status == "firing"]
        return tuple(sorted(found, key=lambda alert: -alert.severity.rank))

    @property
    def worst_first(self) -> tuple[Alert, ...]:
        """All alerts, those that fire first."""
        return (*self.firing, *(alert for alert in self.alerts if alert.status != "firing"))

    @property
    def bad(self) -> tuple[CheckResult, ...]:
        """The checks that are not ok, the worst first."""
        found = [check for check in self.checks if check.verdict > Verdict.OK]
        return tuple(sorted(found, key=lambda check: -check.verdict.rank))

    def before(self, check: CheckResult) -> Open | None:
        """Return what is known of a check that was not ok in the run before either."""
        still = self.comparison.still if self.comparison else ()
        return next((one for one in still if (one.node, one.check) == (check.node, check.name)), None)


def gather(scope: Scope) -> Facts:
    """Collect what the nodes before have found out."""
    results = tuple(scope.nodes.values())
    analyses = [found for result in results for found in _analyses(result.known)]
    comparison = _compared(scope)
    changed = scope.changes.over if scope.changes else ()
    over = (*changed, *((*comparison.fixed, *comparison.gone) if comparison else ()))
    return Facts(
        alerts=tuple(alert for result in results for alert in _alerts(result.known)),
        checks=tuple(check for result in results for check in _checks(result)),
        analysis=analyses[-1] if analyses else None,
        failures=tuple(
            Failure(
                node=result.node_id,
                required=result.required,
                message=result.errors[0].message if result.errors else result.status,
            )
            for result in results
            if result.status.broke
        ),
        judged=any(result.verdict is not None for result in results),
        verdict=max((result.verdict for result in results if result.verdict is not None), default=Verdict.OK),
        truncated=sum(int(result.known.get("truncated") or 0) for result in results if "alerts" in result.known),  # type: ignore[call-overload]  # the ingest node's own number
        comparison=comparison,
        over=tuple({one.fingerprint: one for one in over}.values()),
    )


def _compared(scope: Scope) -> Comparison | None:
    """Hold what is wrong so far against what was wrong when the last run ended."""
    if scope.memory is None:
        return None
    return standing(scope.run, scope.nodes, failure=scope.failure).against(scope.memory.past)


def _alerts(output: Mapping[str, Any]) -> Iterator[Alert]:
    """Read the alerts back from an ingest node's output."""
    for item in output.get("alerts", ()):
        yield Alert(**{**item, "severity": Severity(item["severity"])})


def _checks(result: NodeResult) -> Iterator[CheckResult]:
    """Read the check results back from a context node's output."""
    results: Mapping[str, Mapping[str, Any]] = result.known.get("results", {})  # type: ignore[assignment]  # the context node's own shape
    for name, item in results.items() if "checks_run" in result.known else ():
        yield CheckResult(
            node=result.node_id,
            name=name,
            type=item["type"],
            subject=item["subject"],
            verdict=Verdict(item["verdict"]),
            message=item["message"],
            value=item["value"],
            unit=item["unit"],
            warning=item["warning"],
            critical=item["critical"],
            metrics=item["metrics"],
            tries=item["tries"],
            code=item["code"],
        )


def _analyses(output: Mapping[str, Any]) -> Iterator[Analysis]:
    """Read the analysis back from an intelligence node's output."""
    if "recommendations" in output and "provider" in output:
        yield Analysis(
            summary=output["summary"],
            probable_cause=output["probable_cause"],
            severity=output["severity"],
            recommendations=tuple(map(_recommendation, output["recommendations"])),
            provider=output["provider"],
            fallback_used=output["fallback_used"],
        )


def _recommendation(item: Mapping[str, Any]) -> Recommendation:
    lists: Mapping[str, Sequence[str]] = {"actions": item["actions"], "evidence": item["evidence"]}
    return Recommendation(
        type=item["type"],
        priority=item["priority"],
        title=item["title"],
        description=item["description"],
        **{key: tuple(values) for key, values in lists.items()},
    )
