"""What nodes report of themselves, read from their outputs by the keys found there, whatever the node's type.

An output may have been cut, or come from a document that somebody edited: everything is read as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.facts import SUBJECTS
from runner.records import record
from runner.results import Verdict

if TYPE_CHECKING:
    from runner.results import NodeResult

_VERDICTS = frozenset(Verdict)


@record
class CheckLine:
    """One check of a node."""

    name: str
    verdict: str
    subject: str
    message: str
    value: float | None
    unit: str

    @property
    def rank(self) -> int:
        """How bad it is, from 0; a word that is no verdict counts as `unknown`."""
        return Verdict(self.verdict).rank if self.verdict in _VERDICTS else Verdict.UNKNOWN.rank


@record
class AlertLine:
    """One alert of a node."""

    name: str
    status: str
    severity: str
    description: str
    started_at: str
    ended_at: str
    subject: str

    @property
    def headline(self) -> str:
        """Its name, and what it is about where its labels say so."""
        return f"{self.name} on {self.subject}" if self.subject else self.name

    @property
    def when(self) -> str:
        """Since when it fires, or from when to when it fired; empty where nobody said."""
        if self.ended_at and self.started_at:
            return f"from {self.started_at} to {self.ended_at}"
        return f"since {self.started_at}" if self.started_at else ""


@record
class AdviceLine:
    """One recommendation of a node."""

    priority: str
    title: str
    description: str
    actions: tuple[str, ...]
    evidence: tuple[str, ...]


@record
class DeliveryLine:
    """One message to one channel."""

    driver: str
    channel: str
    status: str
    message_id: str
    error: str
    """Why not: what went wrong, or why it was held back."""

    @property
    def name(self) -> str:
        """The driver, and the channel where it has a name of its own."""
        return f"{self.driver} ({self.channel})" if self.channel not in {"", self.driver} else self.driver


def checks(node: NodeResult) -> tuple[CheckLine, ...]:
    """Return the checks of a node, the worst first."""
    results = node.output.get("results") if "checks_run" in node.output else None
    items = results.items() if isinstance(results, Mapping) else ()
    found = [_check(name, item) for name, item in items if isinstance(item, Mapping)]
    return tuple(sorted(found, key=lambda check: -check.rank))


def _check(name: str, item: Mapping[str, Any]) -> CheckLine:
    value = item.get("value")
    return CheckLine(
        name=name,
        verdict=_text(item, "verdict"),
        subject=_text(item, "subject"),
        message=_text(item, "message"),
        value=float(value) if isinstance(value, int | float) else None,
        unit=_text(item, "unit"),
    )


def alerts(node: NodeResult) -> tuple[AlertLine, ...]:
    """Return the alerts of a node, as sent."""
    return tuple(
        AlertLine(
            name=_text(item, "name"),
            status=_text(item, "status"),
            severity=_text(item, "severity"),
            description=_text(item, "description"),
            started_at=_text(item, "started_at"),
            ended_at=_text(item, "ended_at"),
            subject=_subject(item),
        )
        for item in _items(node, "alerts")
    )


def _subject(item: Mapping[str, Any]) -> str:
    labels = item.get("labels")
    named = (_text(labels, key) for key in SUBJECTS) if isinstance(labels, Mapping) else iter(())
    return next(filter(None, named), "")


def advice(node: NodeResult) -> tuple[AdviceLine, ...]:
    """Return the recommendations of a node, in its order."""
    return tuple(
        AdviceLine(
            priority=_text(item, "priority"),
            title=_text(item, "title"),
            description=_text(item, "description"),
            actions=_texts(item, "actions"),
            evidence=_texts(item, "evidence"),
        )
        for item in _items(node, "recommendations")
    )


def deliveries(node: NodeResult) -> tuple[DeliveryLine, ...]:
    """Return what a node sent where, or why not."""
    return tuple(
        DeliveryLine(
            driver=_text(item, "driver"),
            channel=_text(item, "channel"),
            status=_text(item, "status"),
            message_id=_text(item, "message_id"),
            error=_text(item, "error"),
        )
        for item in _items(node, "deliveries")
    )


def count(node: NodeResult, key: str) -> int:
    """Return a number of a node's output; 0 where it has none."""
    found = node.output.get(key)
    return found if isinstance(found, int) else 0


def _items(node: NodeResult, key: str) -> list[Mapping[str, Any]]:
    found = node.output.get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list | tuple) else []


def _text(item: Mapping[str, Any], key: str) -> str:
    found = item.get(key)
    return "" if found is None else str(found)


def _texts(item: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = item.get(key)
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()
