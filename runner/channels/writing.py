"""From what is known to the message that says it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from runner.channels.body import links, sections
from runner.channels.headline import TITLE_LIMIT, headline
from runner.channels.incident import dedup_key
from runner.channels.message import Message, Section
from runner.channels.wording import flat, plain_lines
from runner.rendering import render, written
from runner.results import NOTHING
from runner.scope import run_view

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from runner.facts import Facts
    from runner.scope import Scope


def write(scope: Scope, facts: Facts, generated_at: datetime) -> Message:
    """Write the message about what is known at this point of the run."""
    run, head = scope.run, headline(facts, scope.run.definition, scope.failure)
    analysis = facts.analysis
    ingested = _ingested(scope)
    title_text = head.title.partition("] ")[2]
    return Message(
        kind=head.kind,
        title=head.title,
        severity=head.severity,
        verdict=facts.verdict,
        sections=sections(facts, head, run.started_at, scope.failure),
        links=links(facts, run),
        footer=_footer(scope),
        dedup_key=dedup_key(run.definition, run.environment, *_identity(facts, ingested)),
        run_id=run.id,
        data={
            "source": run.source,
            "environment": run.environment,
            "incident_id": ingested.get("incident_id"),
            "generated_at": generated_at,
            "run": run_view(run),
            "summary": analysis.summary if analysis and analysis.summary else title_text,
            "probable_cause": analysis.probable_cause or None if analysis else None,
            "recommendations": [_plain(item) for item in analysis.recommendations] if analysis else [],
            "alerts": [_plain(alert) for alert in facts.worst_first],
            "checks": [_plain(check) for check in facts.checks],
            "comparison": facts.comparison and facts.comparison.plain(),
            "tags": {"trace_id": run.trace_id, "run_id": run.id, **scope.overrides.labels},
        },
    )


def rewritten(message: Message, key: str, text: str, scope: Scope) -> Message:
    """Put what a text of the definition gives in the place of a part: `title`, `message` or `template`.

    One that gives nothing changes nothing. Raises `NodeError` (`template`).
    """
    found = render(key, text, scope, message.document)
    lines = plain_lines(scope.masker.mask(written(found)))
    if not any(lines):
        return message
    if key == "title":
        return replace(message, title=flat(" ".join(lines), TITLE_LIMIT))
    if key == "message":
        return replace(message, sections=(Section(paragraphs=lines),))
    return replace(message, whole="\n".join(lines))


def _ingested(scope: Scope) -> Mapping[str, Any]:
    """Return the output of the first node that read alerts."""
    outputs = (result.known for result in scope.nodes.values())
    return next((output for output in outputs if "alert_fingerprint" in output), NOTHING)


def _identity(facts: Facts, ingested: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what names the incident: the alerts' group, else the first alert, the worst check or the failed node."""
    if facts.alerts:
        return (ingested.get("group_key") or facts.alerts[0].fingerprint,)
    if facts.bad:
        return facts.bad[0].node, facts.bad[0].name
    return tuple(failure.node for failure in facts.failures[:1])


def _footer(scope: Scope) -> str:
    labels = [f"{key}={value}" for key, value in scope.overrides.labels.items()]
    return flat(" · ".join([scope.run.definition, scope.run.environment, f"run {scope.run.id}", *labels]))


def _plain(record: Any) -> dict[str, object]:  # noqa: ANN401 - any of the records of facts
    return {field.name: getattr(record, field.name) for field in fields(record)}
