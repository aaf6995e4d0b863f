"""The sections of a summary."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Final

from runner.bounds import bounded
from runner.reports import details as known
from runner.reports.gfm import MAX_ROWS, code, escape, fence, fold, listing, table
from runner.reports.values import plain
from runner.reports.wording import comparison_text, counted, finding_text, measured, over_text, word
from runner.results import RunStatus, Verdict
from runner.spec import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.reports.details import AdviceLine, AlertLine, CheckLine, DeliveryLine
    from runner.reports.gfm import Listing
    from runner.results import Comparison, Finding, NodeResult, Open, RunResult

_SIGNS: Final = {
    "ok": "🟢",
    "warning": "🟡",
    "unknown": "🟣",
    "critical": "🔴",
    "inconclusive": "⚪",
    "completed": "✅",
    "succeeded": "✅",
    "failed": "❌",
    "timed_out": "⏱️",
    "cancelled": "🚫",
    "skipped": "⏭️",
    "sent": "✅",
}
_NOTE: Final = 200
"""Characters of an error or a reason in the table of nodes."""
_LINK: Final = re.compile(r"https?://[\w.:/%~-]+")
"""An address that is a link and no more: a document may have been edited."""
_SHOWN_OUTPUT: Final = 16 * 1024
"""Bytes of an output that the details show."""


def _signed(term: str) -> str:
    sign = _SIGNS.get(term)
    return f"{sign} {word(term)}" if sign else escape(term)


def title(result: RunResult) -> str:
    """Return the heading: what it is about, and the verdict, or what became of a run that did not complete."""
    name = escape(result.facts.definition, _NOTE)
    if result.status is RunStatus.COMPLETED:
        return f"## {_SIGNS[result.verdict]} {name}: {result.verdict}"
    seen = f" (verdict {result.verdict})" if result.verdict > Verdict.OK and result.executed else ""
    return f"## {_SIGNS[result.status]} {name}: {word(result.status)}{seen}"


def facts(result: RunResult) -> str:
    """Say how much is wrong, what has changed, and how the run ended."""
    took = duration_text(result.duration_ms / 1000)
    reason = f": {escape(result.exit.reason)}" if result.exit.reason else ""
    compared = comparison_text(result)
    said = (
        *_tally(result),
        *((f"Since the last run: **{compared}**",) if compared else ()),
        f"{_capital(word(result.status))} in {took}, exit {result.exit.code:d} ({result.exit.code.label}){reason}",
    )
    return "  \n".join(said)


def _tally(result: RunResult) -> Iterator[str]:
    """Count what is wrong, where that is more than the headline names."""
    if len(result.findings) > 1:
        words = Counter(finding.verdict for finding in result.findings)
        checks = sum(known.count(node, "checks_run") for node in result.nodes)
        of = f" of {counted(checks, 'check')}" if checks >= len(result.findings) else ""
        graded = ", ".join(f"{number:,} {verdict}" for verdict, number in words.items())
        yield f"**{len(result.findings):,}{of}** not ok: {graded}"


def identity(result: RunResult) -> str:
    """Say which run this is, for whoever looks for it elsewhere."""
    run = result.facts
    started = run.started_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    incident = f", incident {code(result.incident_id)}" if result.incident_id else ""
    link = f"[{code(run.id)}]({run.url})" if _LINK.fullmatch(run.url) else code(run.id)
    said = (
        f"{code(run.definition_source)}, environment {code(run.environment)}, source {code(run.source)}",
        f"Run {link}, started {started}, trace {code(run.trace_id)}{incident}",
    )
    return f"<sub>{'<br>'.join(said)}</sub>"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def nodes(result: RunResult) -> Listing:
    """List what became of every node."""
    head = ("Node", "Type", "Status", "Verdict", "Time", "Note")
    return table(result.nodes, _node, title="Nodes", head=head, noun="node")


def _node(node: NodeResult) -> tuple[str, ...]:
    optional = " (optional)" if node.status.broke and not node.required else ""
    return (
        code(node.node_id),
        escape(node.node_type),
        f"{_signed(node.status)}{optional}",
        _signed(node.verdict) if node.verdict else "",
        "" if node.skipped else duration_text(node.duration_ms / 1000),
        escape(node.skip_reason if node.skipped else _errors(node), _NOTE),
    )


def _errors(node: NodeResult) -> str:
    return "; ".join(error.message for error in node.errors)


def findings(result: RunResult) -> Listing:
    """List what is not well, the worst first."""
    head = ("Verdict", "What", "Value", "Threshold", "Where", "Since")
    write = partial(_finding, age=_ages(result.comparison))
    return table(result.findings, write, title="Findings", head=head, noun="finding")


def _ages(comparison: Comparison | None) -> Mapping[str, str]:
    """Say of each finding, by fingerprint, whether it is new or how many runs have seen it; nothing of a first run."""
    if comparison is None or not comparison.previous_run_id:
        return {}
    still = {one.fingerprint: f" ({counted(one.runs, 'run')})" for one in comparison.still}
    return {**dict.fromkeys(comparison.new, " (new)"), **still}


def fixed(result: RunResult) -> Listing:
    """List what was wrong when the last run ended, and is well now."""
    found = result.comparison.fixed if result.comparison else ()
    return listing(found, _over, title="Fixed since the last run", noun="thing")


def gone(result: RunResult) -> Listing:
    """List what was wrong when the last run ended, and is looked at no longer."""
    found = result.comparison.gone if result.comparison else ()
    return listing(found, _over, title="No longer watched since the last run", noun="thing")


def _over(one: Open) -> str:
    return f"- {escape(over_text(one))}"


def _finding(finding: Finding, age: Mapping[str, str]) -> tuple[str, ...]:
    line = f":{finding.line}" if finding.line else ""
    place = f"<br>{code(f'{finding.file}{line}')}" if finding.file else ""
    return (
        _signed(finding.verdict),
        escape(finding_text(finding)),
        escape(measured(finding.value, finding.unit)),
        escape(finding.threshold),
        f"{code(f'{finding.node}.{finding.check}')}{place}",
        finding.first_seen.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") + age.get(finding.fingerprint, ""),
    )


def analysis(result: RunResult) -> str:
    """Say what an analysis makes of it; empty where there was none."""
    return "\n\n".join(_analysis(node) for node in result.nodes if "recommendations" in node.output)


def _analysis(node: NodeResult) -> str:
    output = node.output
    stand_in = ", standing in for another provider" if output.get("fallback_used") else ""
    by = f" ({escape(str(output['provider']))}{stand_in})" if output.get("provider") else ""
    labels = (("summary", ""), ("probable_cause", "Probable cause: "))
    said = [f"{label}{escape(str(output[key]))}" for key, label in labels if output.get(key)]
    return f"### Analysis{by}\n\n" + "  \n".join(said)


def advice(result: RunResult) -> Listing:
    """List what to do about it."""
    found = [one for node in result.nodes for one in known.advice(node)]
    return listing(found, _advice, title="What to do", noun="recommendation")


def _advice(one: AdviceLine) -> str:
    priority = f" ({escape(one.priority)})" if one.priority else ""
    description = f": {escape(one.description)}" if one.description else ""
    actions = [f"  - {escape(action)}" for action in one.actions]
    evidence = [f"  - _Evidence:_ {escape(line)}" for line in one.evidence]
    return "\n".join([f"- **{escape(one.title)}**{priority}{description}", *actions, *evidence])


def deliveries(result: RunResult) -> Listing:
    """List what was sent where, or why not."""
    found = [one for node in result.nodes for one in known.deliveries(node)]
    return table(found, _delivery, title="Messages", head=("Channel", "Status", "Note"), noun="message")


def _delivery(one: DeliveryLine) -> tuple[str, ...]:
    return escape(one.name), _signed(one.status), escape(one.error) if one.error else code(one.message_id)


def notes(result: RunResult) -> Listing:
    """List what people should know of the walk."""
    return listing(result.notes, lambda note: f"- {escape(note)}", title="Notes", noun="note")


def passed(result: RunResult) -> Listing:
    """List the checks that are ok."""
    found = [(node, check) for node in result.nodes for check in known.checks(node) if check.verdict == Verdict.OK]
    return table(found, lambda one: _check(*one), head=("Check", "Value", "Message"), noun="check")


def _check(node: NodeResult, check: CheckLine) -> tuple[str, ...]:
    return code(f"{node.node_id}.{check.name}"), escape(measured(check.value, check.unit)), escape(check.message)


def details(result: RunResult) -> tuple[str, ...]:
    """Return everything else worth reading, folded."""
    return tuple(block for node in result.nodes for block in _details(node))


def _details(node: NodeResult) -> list[str]:
    blocks = []
    if alerts := known.alerts(node):
        head = ("Alert", "Status", "Severity", "Since", "Description")
        found = table(alerts, _alert, head=head, noun="alert")
        blocks.append(fold(f"{node.node_id}: {counted(found.total, 'alert')}", found.text(MAX_ROWS)))
    if "transformed" in node.output:
        shown = bounded({"transformed": node.output["transformed"]}, limit=_SHOWN_OUTPUT)
        blocks.append(fold(f"{node.node_id}: output", fence(json.dumps(plain(shown), indent=2), "json")))
    if len(_errors(node)) > _NOTE:
        errors = [f"- {code(error.code)} {escape(error.message)}" for error in node.errors]
        blocks.append(fold(f"{node.node_id}: {counted(len(errors), 'error')}", "\n".join(errors)))
    return blocks


def _alert(alert: AlertLine) -> tuple[str, ...]:
    cells = (alert.name, alert.status, alert.severity, alert.started_at, alert.description)
    return tuple(map(escape, cells))
