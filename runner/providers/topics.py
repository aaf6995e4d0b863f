"""What there is to give advice on: checks and alerts in one form, and the rule that fits each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from runner.providers.rule import REMOTE
from runner.providers.rules import RULES
from runner.records import record
from runner.results import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.facts import Alert, CheckResult
    from runner.providers.rule import Rule

URGENCY: Final = ("high", "medium", "low")
"""Priorities, the most urgent first."""
_BY_VERDICT: Final = {Verdict.CRITICAL: "high", Verdict.UNKNOWN: "medium", Verdict.WARNING: "medium"}
_BY_SEVERITY: Final = {Severity.CRITICAL: "high", Severity.WARNING: "medium", Severity.INFO: "low"}
_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+[a-z]*")
_HOST: Final = re.compile(r"\[(?P<six>[^\]]+)\]|(?P<plain>[^:]+)")
_TIMES: Final = ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms")


@record
class Topic:
    """One thing that is not well."""

    name: str
    place: str
    """What is not well, for people: `/var on web-1`, a URL."""
    host: str
    """The machine or host that it is on."""
    on: str = ""
    """A path that commands take, with a blank before it."""
    priority: str
    evidence: tuple[str, ...]
    """What was measured or said; nothing else."""
    url: str = ""
    """Where more is to be read."""
    rule: Rule | None

    def write(self, text: str) -> str:
        """Fill a text of a rule in."""
        return text.replace("{place}", self.place).replace("{host}", self.host).replace("{on}", self.on)


def host_of(check: CheckResult) -> str:
    """Return the machine or host that a check looks at."""
    if "://" in check.subject:
        return urlsplit(check.subject).hostname or check.subject
    match = _HOST.match(check.subject)
    return match["six"] or match["plain"] if match else check.subject


def check_topic(check: CheckResult) -> Topic:
    """Make a topic of a check that is not ok."""
    host = host_of(check)
    path = str(check.metrics.get("path", ""))
    return Topic(
        name=check.name,
        place=_check_place(check, host, path),
        host=host,
        on=f" {path}" if path else "",
        priority=_BY_VERDICT.get(check.verdict, "medium"),
        evidence=tuple(_measured(check)),
        rule=next((rule for rule in RULES if _fits(rule, check)), None),
    )


def alert_topic(alert: Alert) -> Topic:
    """Make a topic of an alert that is firing."""
    path = next((alert.labels[key] for key in ("mountpoint", "path", "volume") if alert.labels.get(key)), "")
    host = alert.subject or f"the machine behind “{alert.name}”"
    return Topic(
        name=alert.name,
        place=f"{path} on {host}" if path else host,
        host=host,
        on=f" {path}" if path.startswith("/") else "",
        priority=_BY_SEVERITY[alert.severity],
        evidence=tuple(_told(alert)),
        url=alert.url,
        rule=alert_rule(alert),
    )


def alert_rule(alert: Alert) -> Rule | None:
    """Return the rule that an alert's name points at, else what it says of itself."""
    said = (alert.name, alert.annotations.get("summary", ""), alert.description)
    found = (_named(text) for text in said if text)
    return next((rule for rule in found if rule is not None), None)


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters: `HighCPUUsage` has three."""
    return tuple(word.lower() for word in _WORD.findall(text))


def _named(text: str) -> Rule | None:
    said = words(text)
    for rule in RULES:
        if not rule.unless.intersection(said) and any(_holds(said, phrase) for phrase in rule.phrases):
            return rule
    return None


def _holds(said: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Say whether words hold others, one after the other."""
    return any(said[start : start + len(phrase)] == phrase for start in range(len(said)))


def _fits(rule: Rule, check: CheckResult) -> bool:
    status = check.metrics.get("status")
    return check.type in rule.checks and check.code in rule.codes and (not rule.statuses or status in rule.statuses)


def _check_place(check: CheckResult, host: str, path: str) -> str:
    if check.type == "disk":
        return f"{path or check.subject.partition(':')[2]} on {host}"
    if check.type == "command":
        return f"{check.subject.partition(':')[2]} on {host}"
    return check.subject


def _measured(check: CheckResult) -> Iterator[str]:
    """Quote what a check has measured."""
    yield f"{check.name}: {check.message}"
    if check.type in REMOTE:
        times = ", ".join(
            f"{key.removesuffix('_ms')} {check.metrics[key]:g} ms" for key in _TIMES if key in check.metrics
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


def _told(alert: Alert) -> Iterator[str]:
    """Quote what an alert says."""
    since = f" since {alert.started_at}" if alert.started_at else ""
    where = f" on {alert.subject}" if alert.subject else ""
    yield f"{alert.name} ({alert.severity}) is firing{where}{since}"
    if alert.description:
        yield f"{alert.name}: {alert.description}"
