"""Saying things to people: lines that hold what they say they hold, times, and names of what is broken."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from runner.spec import duration_text
from runner.standing import RUN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.facts import Alert, CheckResult
    from runner.results import Open

_HIDDEN: Final = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    r"\ud800-\udfff\U000e0000-\U000e007f"
)
"""Control characters, what turns the direction of text around, what takes no room, and halves of characters."""
_UNSEEN: Final = re.compile(rf"[\s\u2028\u2029{_HIDDEN}]+")
_CONTROL: Final = re.compile(f"[{_HIDDEN}]")
_HOST: Final = re.compile(r"^\w+://|(?<=[^:/])/.*")
"""What stands before and after host and port in a URL."""
_WEB: Final = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)


def flat(text: str, limit: int = 0) -> str:
    """Put a text on one line, cut to `limit` characters where it is longer."""
    line = _UNSEEN.sub(" ", text).strip()
    return clipped(line, limit) if limit else line


def plain_lines(text: str) -> tuple[str, ...]:
    """Return the lines of a text, indented as they are, without control characters."""
    return tuple(_CONTROL.sub(" ", line.expandtabs(4)).rstrip() for line in text.strip("\r\n").splitlines())


def clipped(text: str, limit: int) -> str:
    """Cut a text that is longer than `limit` characters, and show that."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def counted(number: int, one: str, many: str = "") -> str:
    """Write `1 alert`, `2 alerts`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def web_address(text: str) -> str:
    """Return a text that is a web address and nothing else, or an empty one."""
    return text if _WEB.fullmatch(text) else ""


def alert_name(alert: Alert) -> str:
    """Name an alert and what it is about: `HighCPUUsage on web-1`."""
    subject, name = flat(alert.subject), flat(alert.name) or "an alert without a name"
    return f"{name} on {subject}" if subject else name


def check_line(check: CheckResult) -> str:
    """Say what a check saw, with the machine and its given name where its message does not: `db1: disk / is …`."""
    message = flat(check.message)
    place = check.subject if "://" in check.subject else check.subject.partition(":")[0]
    named = (check.subject, place, _HOST.sub("", check.subject))
    known = not check.subject or any(name in message for name in named)
    name = "" if check.name.startswith(check.type) else check.name
    prefix = " ".join(filter(None, ("" if known else flat(place), name)))
    return f"{prefix}: {message}" if prefix else message


def check_title(check: CheckResult) -> str:
    """Say what a check saw, up to the first semicolon: what is behind it is background."""
    return check_line(check).partition("; ")[0]


def background(check: CheckResult) -> str:
    """Return what `check_title` leaves out, as a sentence; empty where that is nothing."""
    rest = check_line(check).partition("; ")[2]
    return f"{rest[0].upper()}{rest[1:]}{'' if rest.endswith('.') else '.'}" if rest else ""


def open_name(one: Open) -> str:
    """Name something that was seen in a run: `disk of web-1:/`, `the node probe`."""
    if not one.check:
        return "the run" if one.node == RUN else f"the node {flat(one.node)}"
    subject = flat(one.subject)
    return f"{flat(one.check)} of {subject}" if subject else flat(one.check)


def lasting(one: Open) -> str:
    """Say since when something is seen: `since 2026-03-01 09:55 UTC, in 3 runs`."""
    return f"since {clock(one.since)}" + (f", in {counted(one.runs, 'run')}" if one.runs else "")


def since(alert: Alert, now: datetime) -> str:
    """Say since when an alert fires: `since 2024-01-10 10:00 UTC (15m)`; empty where its sender did not say."""
    start = _moment(alert.started_at)
    if start is None:
        return f"since {flat(alert.started_at, 40)}" if alert.started_at else ""
    seconds = (now - start).total_seconds()
    return f"since {clock(start)}{_lasting(seconds)}"


def span(alert: Alert) -> str:
    """Say from when to when an alert fired: `from … to … (25m)`; empty where its sender did not say."""
    start, end = _moment(alert.started_at), _moment(alert.ended_at)
    if start is None:
        return ""
    if end is None:
        return f"from {clock(start)} on"
    return f"from {clock(start)} to {clock(end)}{_lasting((end - start).total_seconds())}"


def earliest(alerts: Sequence[Alert]) -> Alert:
    """Return the alert that began first, of those that say when; else the first."""
    known = [(moment, alert) for alert in alerts if (moment := _moment(alert.started_at))]
    return min(known, key=lambda one: one[0])[1] if known else alerts[0]


def names(checks: Sequence[CheckResult], limit: int = 8) -> str:
    """List checks by name."""
    more = f" and {len(checks) - limit} more" if len(checks) > limit else ""
    return ", ".join(check.name for check in checks[:limit]) + more


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def clock(moment: datetime) -> str:
    """Write a moment of UTC, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _lasting(seconds: float) -> str:
    """Write a time that has passed, no finer than it matters: ` (2h5m)`."""
    if seconds < 1:
        return ""
    fine = 1 if seconds < 60 else 60 if seconds < 86400 else 3600  # noqa: PLR2004 - a minute, a day
    return f" ({duration_text(seconds // fine * fine)})"
