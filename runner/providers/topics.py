"""What there is to give advice on: checks and alerts in one form, and the rule that fits each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from runner.providers.filling import fill
from runner.providers.kinds import kind_of
from runner.providers.places import alert_names, check_names
from runner.providers.rule import REMOTE
from runner.providers.rules import RULES
from runner.records import record
from runner.results import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.facts import Alert, CheckResult
    from runner.providers.rule import Rule

URGENCY: Final = ("high", "medium", "low")
"""Priorities, the most urgent first."""
_BY_VERDICT: Final = {Verdict.CRITICAL: "high", Verdict.UNKNOWN: "medium", Verdict.WARNING: "medium"}
_BY_SEVERITY: Final = {Severity.CRITICAL: "high", Severity.WARNING: "medium", Severity.INFO: "low"}
_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+[a-z]*")
_TIMES: Final = ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "query_ms", "total_ms")
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"'`]+")
_REASONS: Final = ("reason", "check", "probe", "type")
"""Labels that say what kind of trouble an alert is about."""
_READINGS: Final = ("values", "value")
"""Annotations that are quoted beside what an alert says in words."""


@record
class Topic:
    """One thing that is not well."""

    name: str
    priority: str
    evidence: tuple[str, ...]
    """What was measured or said; nothing else."""
    names: Mapping[str, str]
    """What texts of rules may name."""
    url: str = ""
    """Where more is to be read."""
    rule: Rule | None

    @property
    def host(self) -> str:
        """The machine or host that it is on."""
        return self.names["host"]

    def write(self, text: str, **more: str) -> str:
        """Fill a sentence of a rule in; empty where something that it names is not known."""
        return fill(text, {**self.names, **more}) or ""

    def actions(self) -> tuple[str, ...]:
        """Return what the rule says to do, as far as what it names is known."""
        if self.rule is None:
            return ()
        found = self.rule.in_a_pod if "pod" in self.names and self.rule.in_a_pod else self.rule.actions
        return tuple(filter(None, map(self.write, found)))


def check_topic(check: CheckResult) -> Topic:
    """Make a topic of a check that is not ok."""
    return Topic(
        name=check.name,
        priority=_BY_VERDICT.get(check.verdict, "medium"),
        evidence=tuple(_measured(check)),
        names=check_names(check),
        rule=check_rule(check),
    )


def alert_topic(alert: Alert) -> Topic:
    """Make a topic of an alert that is firing."""
    rule = alert_rule(alert)
    return Topic(
        name=alert.name,
        priority=_BY_SEVERITY[alert.severity] if rule is None or rule.type != "always_firing" else "low",
        evidence=tuple(_told(alert)),
        names=alert_names(alert, words(alert.name), rule.behind if rule else "service"),
        url=_web(alert.url),
        rule=rule,
    )


def check_rule(check: CheckResult) -> Rule | None:
    """Return the rule for the kind of failure that a check has seen; that of its code where it has none of its own."""
    kinds = dict.fromkeys((kind_of(check), check.code))
    found = (rule for kind in kinds for rule in RULES if _fits(rule, check, kind))
    return next(found, None)


def alert_rule(alert: Alert) -> Rule | None:
    """Return the rule that an alert's name points at, else what it says of itself."""
    reasons = (alert.labels.get(key, "") for key in _REASONS)
    said = (alert.name, *reasons, alert.annotations.get("summary", ""), alert.description)
    found = (_named(text) for text in said if text)
    return next((rule for rule in found if rule is not None), None)


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters: `HighCPUUsage` has three."""
    return tuple(word.lower() for word in _WORD.findall(text))


def _named(text: str) -> Rule | None:
    said = words(text)
    known = frozenset(said)  # a text of many words is gone through only for what can be in it
    for rule in RULES:
        more = not rule.also or not rule.also.isdisjoint(known)
        if (
            more
            and rule.unless.isdisjoint(known)
            and any(known.issuperset(phrase) and _holds(said, phrase) for phrase in rule.phrases)
        ):
            return rule
    return None


def _holds(said: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Say whether words hold others, one after the other."""
    return any(said[start : start + len(phrase)] == phrase for start in range(len(said)))


def _fits(rule: Rule, check: CheckResult, kind: str) -> bool:
    status = check.metrics.get("status")
    return check.type in rule.checks and kind in rule.codes and (not rule.statuses or status in rule.statuses)


def _measured(check: CheckResult) -> Iterator[str]:
    """Quote what a check has measured."""
    yield f"{check.name}: {check.message}"
    if check.type in REMOTE:
        times = ", ".join(
            f"{key.removesuffix('_ms').replace('_', ' ')} {check.metrics[key]:g} ms"
            for key in _TIMES
            if key in check.metrics
        )
        if times:
            yield f"{check.name}: {times}"
    free = _free(check.metrics)
    if free:
        yield f"{check.name}: {free}"


def _free(metrics: Mapping[str, Any]) -> str:
    """Say how much is left of how much, where that was measured."""
    left = metrics.get("free_bytes", metrics.get("available_bytes"))
    if left is None or "total_bytes" not in metrics:
        return ""
    return f"{left / 2**30:.1f} of {metrics['total_bytes'] / 2**30:.1f} GiB left"


def _web(text: str) -> str:
    """Return a text that is a web address and nothing else, or an empty one."""
    return text if _ADDRESS.fullmatch(text) else ""


def _told(alert: Alert) -> Iterable[str]:
    """Quote what an alert says, each thing once."""
    since = f" since {alert.started_at}" if alert.started_at else ""
    where = f" on {alert.subject}" if alert.subject else ""
    yield f"{alert.name} ({alert.severity}) is firing{where}{since}"
    readings = (alert.annotations.get(key, "") for key in _READINGS)
    for said in dict.fromkeys(filter(None, (alert.description or alert.annotations.get("summary"), *readings))):
        yield f"{alert.name}: {said}"
