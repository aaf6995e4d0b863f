"""What is wrong at a point of the walk, by fingerprint, and how that compares with what was wrong before."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from runner.records import record
from runner.results import NOTHING, Comparison, Open, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from runner.results import NodeResult, Past, RunFacts

RUN: Final = "run"
"""What stands in the place of a node where no node is to blame that a run failed."""


def fingerprint(definition: str, node: str, *what: str) -> str:
    """Return the SHA-256 (hex) of what names a finding: definition, node, and check and subject, or an alert's own."""
    identity = "\0".join((definition, node, *what))
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()


@record
class Standing:
    """What is wrong, and what can be said of anything that was."""

    results: Mapping[str, NodeResult]
    """The nodes so far; at the end of a run all of them."""
    whole: bool = False
    """The run is over: a node that is not among the results is no part of the definition any more."""
    failure: str = ""
    """Why the run has failed so far."""
    bad: Mapping[str, Open] = NOTHING
    """What is wrong, by fingerprint, as this run alone knows it."""
    beside: Mapping[str, Open] = NOTHING
    """What deserves a word beside it: nodes that could not do their work, or the run; alerts that only inform."""
    resolved: Mapping[str, Open] = NOTHING
    """The alerts whose sender says that they are over."""

    @property
    def wrong(self) -> Mapping[str, Open]:
        """All that deserves a word."""
        return {**self.beside, **self.bad}

    def over(self, one: Open) -> bool:
        """Say whether something that was wrong is so no more; not where its node did not come to its end."""
        if one.fingerprint in self.wrong:
            return False
        if one.fingerprint in self.resolved:
            return True
        if one.node == RUN:
            return not self.failure
        result = self.results.get(one.node)
        if result is None:
            return self.whole
        # an alert is over when its sender says so; that a node failed, when it succeeds
        return result.status is Status.SUCCEEDED and not (one.check and "alerts" in result.known)

    def ended(self, one: Open) -> Open:
        """Note of something that is over whether it was looked at again, or nobody looks at it any longer."""
        seen = any(one.fingerprint in result.watched for result in self.results.values())
        # an alert is over only by a word of its sender
        told = not one.check or bool(one.identity) or one.fingerprint in self.resolved
        return replace(one, watched=seen or told)

    def against(self, past: Past) -> Comparison:
        """Compare with what was wrong when the last run ended."""
        over = [self.ended(one) for one in past.open.values() if self.over(one)]
        return Comparison(
            previous_run_id=past.previous_run_id,
            new=tuple(key for key in self.bad if key not in past.open),
            still=tuple(
                replace(one, verdict=self.bad[key].verdict, runs=one.runs + 1)
                for key, one in past.open.items()
                if key in self.bad
            ),
            fixed=tuple(one for one in over if one.watched),
            gone=tuple(one for one in over if not one.watched),
        )


@record
class Changes:
    """What a notify node has not said yet."""

    new: tuple[Open, ...] = ()
    worse: tuple[Open, ...] = ()
    over: tuple[Open, ...] = ()
    said: tuple[Open, ...] = ()
    """What is wrong and has been said; `since` is when."""
    open: frozenset[str] = frozenset()
    """Identities of alerts that people know of, and that are not over."""
    elsewhere: str = ""
    """The run that is saying some of it right now."""

    def __bool__(self) -> bool:
        return bool(self.new or self.worse or self.over)


def standing(facts: RunFacts, results: Mapping[str, NodeResult], *, failure: str = "", whole: bool = False) -> Standing:
    """Say what is wrong: what nodes have found, nodes that failed, and a run that failed without any of them."""
    names = dict(pair for result in results.values() for pair in _identities(facts, result))
    bad = [
        _open(facts, one.fingerprint, one.node, one.check, one.subject, one.verdict, since=one.first_seen)
        for result in results.values()
        for one in result.findings
    ]
    informing = [one for result in results.values() for one in _alerts(facts, result, "firing")]
    resolved = [one for result in results.values() for one in _alerts(facts, result, "resolved")]
    beside = [*_failed(facts, results, failure), *informing]
    return Standing(
        results=results,
        whole=whole,
        failure=failure,
        bad=_named(bad, names),
        beside=_named(beside, names),
        resolved=_named(resolved, names),
    )


def _named(found: Sequence[Open], names: Mapping[str, str]) -> dict[str, Open]:
    return {one.fingerprint: replace(one, identity=names.get(one.fingerprint, "")) for one in found}


def _identities(facts: RunFacts, result: NodeResult) -> Iterator[tuple[str, str]]:
    """Find how the alerts of an ingest node's output are told apart."""
    alerts: Any = result.output.get("alerts", ())
    for alert in alerts:
        name = str(result.output.get("group_key") or alert["fingerprint"])
        yield fingerprint(facts.definition, result.node_id, alert["fingerprint"]), name


def _failed(facts: RunFacts, results: Mapping[str, NodeResult], failure: str) -> Iterator[Open]:
    broken = [one.node_id for one in results.values() if one.status.broke and (one.required or one.verdict is not None)]
    if failure and not broken:
        broken = [RUN]
    for node in broken:
        yield _open(facts, fingerprint(facts.definition, node, "failed"), node, "", "", Verdict.UNKNOWN)


def _alerts(facts: RunFacts, result: NodeResult, status: str) -> Iterator[Open]:
    """Find the alerts of a status in an ingest node's output."""
    alerts: Any = result.known.get("alerts", ())
    for alert in alerts:
        if alert["status"] == status:
            key = fingerprint(facts.definition, result.node_id, alert["fingerprint"])
            yield _open(facts, key, result.node_id, alert["name"], "", Verdict.WARNING)


def _open(  # noqa: PLR0917 - what an Open is made of, in its order
    facts: RunFacts, key: str, node: str, check: str, subject: str, verdict: Verdict, since: datetime | None = None
) -> Open:
    return Open(
        fingerprint=key,
        node=node,
        check=check,
        subject=subject,
        verdict=verdict,
        since=since or facts.started_at,
        runs=1,
    )
