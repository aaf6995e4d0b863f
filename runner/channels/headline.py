"""What a message is about, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.channels.incident import VERDICTS
from runner.channels.message import Kind
from runner.channels.wording import alert_name, check_title, clipped, counted, flat, open_name
from runner.records import record
from runner.results import Severity, Verdict

if TYPE_CHECKING:
    from runner.facts import Alert, Facts

TITLE_LIMIT: Final = 250
SHORTEST_LIMIT: Final = 150
"""Characters of a title that every channel shows: Slack's header has no more."""


@record
class Headline:
    """The kind of a message, how bad it is, and its title."""

    kind: Kind
    severity: Severity
    title: str
    alert: Alert | None = None
    """The alert that the title names."""
    whole: str = ""
    """What the title is about in full, where some channels cut it."""


def headline(facts: Facts, definition: str, failure: str) -> Headline:
    """Find the worst there is to say: what is broken, then what is over, then what the run could not do."""
    return (
        _problem(facts)
        or _alerts_that_do_not_fire(facts)
        or _failure(facts, definition, failure)
        or _recovery(facts)
        or _calm(facts, definition)
    )


def _title(tag: str, text: str) -> str:
    return clipped(f"[{tag.upper()}] {text}", TITLE_LIMIT)


def _problem(facts: Facts) -> Headline | None:
    """Name the worst alert or check; an alert where they are equally bad."""
    firing, bad = facts.firing, facts.bad
    if not firing and not bad:
        return None
    others = len(firing) + len(bad) - 1
    more = f" (+{others} more)" if others else ""
    severities = [alert.severity for alert in firing[:1]]
    severities += [_severity(check.verdict) for check in bad[:1]]
    if firing and (not bad or VERDICTS[firing[0].severity] >= bad[0].verdict):
        tag, text, alert = str(firing[0].severity), alert_name(firing[0]), firing[0]
    else:
        tag, text, alert = str(bad[0].verdict), check_title(bad[0]), None
    title = _title(tag, clipped(text, 200) + more)
    whole = text if len(f"[{tag}] {text}{more}") > SHORTEST_LIMIT else ""
    return Headline(kind=Kind.PROBLEM, severity=max(severities), title=title, alert=alert, whole=whole)


def _severity(verdict: Verdict) -> Severity:
    return Severity.CRITICAL if verdict is Verdict.CRITICAL else Severity.WARNING


def _alerts_that_do_not_fire(facts: Facts) -> Headline | None:
    if not facts.alerts:
        return None
    taken = [alert for alert in facts.alerts if alert.status == "acknowledged"]
    kind, tag = (Kind.ACKNOWLEDGED, "acknowledged") if taken else (Kind.RECOVERED, "resolved")
    alert = (taken or facts.alerts)[0]
    others = len(facts.alerts) - 1
    more = f" (+{others} more)" if others else ""
    title = _title(tag, clipped(alert_name(alert), 200) + more)
    return Headline(kind=kind, severity=Severity.INFO, title=title, alert=alert)


def _failure(facts: Facts, definition: str, failure: str) -> Headline | None:
    """Say what the run could not do, where that leaves things in the dark."""
    required = [one for one in facts.failures if one.required]
    if not failure and not required and facts.verdict is Verdict.OK:
        return None
    told = (one for one in required or facts.failures if failure in {"", f"{one.node} failed"})
    reason = next((f"{one.node} failed: {one.message}" for one in told), failure)
    tag = "failed" if failure or required else str(facts.verdict)
    text = flat(f"{definition}: {reason}" if reason else definition)
    return Headline(kind=Kind.FAILED, severity=Severity.WARNING, title=_title(tag, text))


def _recovery(facts: Facts) -> Headline | None:
    """Name what is well again, or what nobody looks at any longer."""
    if not facts.over:
        return None
    first = max(facts.over, key=lambda one: one.watched)
    more = f" (+{len(facts.over) - 1} more)" if len(facts.over) > 1 else ""
    name = clipped(open_name(first), 200)
    if not first.watched:
        title = _title("info", f"{name} is no longer watched{more}")
        return Headline(kind=Kind.NOTICE, severity=Severity.INFO, title=title)
    text = f"{name} is ok again{more}"
    return Headline(kind=Kind.RECOVERED, severity=Severity.INFO, title=_title("resolved", text))


def _calm(facts: Facts, definition: str) -> Headline:
    if not facts.judged:
        return Headline(kind=Kind.NOTICE, severity=Severity.INFO, title=_title("info", f"{definition} has run"))
    seen = f"{counted(len(facts.checks), 'check')} passed" if facts.checks else "nothing is wrong"
    return Headline(kind=Kind.WELL, severity=Severity.INFO, title=_title("ok", f"{definition}: {seen}"))
