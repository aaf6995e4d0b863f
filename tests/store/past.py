"""Runs as the store sees them: what their nodes came to, what they say, and what is kept of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from runner.deadline import Deadline
from runner.errors import ExitCode
from runner.results import Exit, Finding, NodeResult, RunResult, RunStatus, Status, Verdict
from runner.standing import fingerprint, standing
from runner.store.database import LIMIT
from runner.store.memory import remember
from runner.store.runs import keep
from tests.support import FACTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.results import Open, RunFacts
    from runner.standing import Changes, Standing
    from runner.store.database import Database
    from runner.store.memory import Remembered
    from runner.store.said import Told

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def checked(verdicts: Mapping[str, str], node: str = "probe", *, status: Status = Status.SUCCEEDED) -> NodeResult:
    """Return a context node whose checks, by name, have seen this; one that did not succeed has seen nothing."""
    seen = verdicts if status is Status.SUCCEEDED else {}
    bad = {name: Verdict(word) for name, word in seen.items() if word != "ok"}
    found = tuple(finding(node, name, verdict, f"the host of {name}") for name, verdict in bad.items())
    worst = max((Verdict(word) for word in seen.values()), default=Verdict.OK)
    return NodeResult(
        node_id=node,
        node_type="context",
        status=status,
        verdict=worst if status is Status.SUCCEEDED else None if status is Status.SKIPPED else Verdict.UNKNOWN,
        findings=found,
        watched=frozenset(fingerprint(FACTS.definition, node, name, f"the host of {name}") for name in seen),
    )


def finding(node: str, check: str, verdict: Verdict, subject: str, *what: str) -> Finding:
    return Finding(
        fingerprint=fingerprint(FACTS.definition, node, *(what or (check, subject))),
        node=node,
        check=check,
        subject=subject,
        verdict=verdict,
        message=f"{check} is {verdict}",
        value=None,
        unit="",
        threshold="",
        first_seen=NOON,
        file="",
        line=0,
    )


def alerted(
    statuses: Mapping[str, str], node: str = "ingest", severity: str = "critical", group: str = ""
) -> NodeResult:
    """Return an ingest node whose payload had these alerts, by name; those that are absent are in none."""
    alerts = [
        {"fingerprint": f"print-of-{name}", "name": name, "status": status, "severity": severity}
        for name, status in statuses.items()
        if status != "absent"
    ]
    firing = [one["name"] for one in alerts if one["status"] == "firing" and severity != "info"]
    return NodeResult(
        node_id=node,
        node_type="ingest",
        status=Status.SUCCEEDED,
        verdict=Verdict(severity) if firing else Verdict.OK,
        output={"alerts": alerts, "group_key": group},
        findings=tuple(finding(node, name, Verdict(severity), "db-1", f"print-of-{name}") for name in firing),
    )


@dataclass
class Clock:
    """Time as tests let it pass."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def go(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class Runs:
    """One run of a definition after the other, a minute apart."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    facts: RunFacts = FACTS

    def begin(self) -> Remembered:
        """Begin one."""
        self.clock.go(minutes=1)
        facts = replace(self.facts, id=str(uuid4()), started_at=self.clock.moment)
        return remember(self.database, facts, self.clock)

    def facts_of(self, memory: Remembered) -> RunFacts:
        return replace(self.facts, id=memory.series.run_id, started_at=self.clock.moment)

    def standing(self, *nodes: NodeResult, failure: str = "", whole: bool = False) -> Standing:
        return standing(self.facts, {one.node_id: one for one in nodes}, failure=failure, whole=whole)

    def claim(self, memory: Remembered, *nodes: NodeResult, seconds: float = 3.0, failure: str = "") -> Told:
        """Ask what there is to say."""
        return memory.claim("tell", self.standing(*nodes, failure=failure), Deadline(seconds))

    def tell(self, *nodes: NodeResult, delivered: bool = True) -> Changes:
        """Make a run that says what there is to say, and is kept."""
        memory = self.begin()
        told = self.claim(memory, *nodes)
        if delivered:
            told.confirm()
        else:
            told.release()
        self.keep(memory, *nodes)
        return told.changes

    def keep(self, memory: Remembered, *nodes: NodeResult, document: bytes = b"{}", limit: float = LIMIT) -> None:
        """Add it to the history."""
        facts = self.facts_of(memory)
        result = RunResult(
            facts=facts,
            status=RunStatus.COMPLETED,
            verdict=max((one.verdict for one in nodes if one.verdict is not None), default=Verdict.OK),
            finished_at=self.clock.moment,
            duration_ms=1.5,
            nodes=nodes,
            executed=tuple(one.node_id for one in nodes),
            exit=Exit(code=ExitCode.OK, reason=""),
            error="",
        )
        keep(memory, result, document, self.standing(*nodes, whole=True), limit=limit)


def named(found: Sequence[Open]) -> list[str]:
    return [one.check or one.node for one in found]


def short(changes: Changes) -> dict[str, list[str]]:
    """Say what is said, by name; nothing of what is empty."""
    kinds = ("new", "worse", "over")
    return {kind: names for kind in kinds if (names := named(getattr(changes, kind)))}
