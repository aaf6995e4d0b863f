"""The words that every report uses for the same thing, and the one sentence that says it all."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Final

from runner.errors import ExitCode
from runner.reports import details
from runner.reports.escaping import one_line
from runner.results import RunStatus, Verdict
from runner.spec import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.results import Exit, Finding, NodeResult, Open, RunResult

NOT_REACHED: Final = "not reached"
"""How the reason of a skipped node starts where the walk never came to it."""
_PART: Final = 200
"""Characters of a part of the headline; it has two at most."""
_SUBJECT: Final = 160
"""Characters of the finding in it."""


def headline(result: RunResult) -> str:
    """Say in one sentence what is broken and where, the worst first."""
    if result.status is RunStatus.SKIPPED:
        parts = [f"skipped: {result.error or result.exit.reason}"]
    else:
        parts = [*_failure(result), *_seen(result)] or [_well(result)]
    return "; ".join(one_line(part, _PART) for part in parts)


def unstarted(end: Exit) -> RunStatus:
    """Return the status of what ended before its first node."""
    return RunStatus.FAILED if end.code else RunStatus.SKIPPED


def _failure(result: RunResult) -> Iterable[str]:
    """Say why the run did not complete."""
    if result.status is RunStatus.COMPLETED:
        if result.exit.code is ExitCode.FAILED:  # the result document could not be written
            yield f"failed: {result.exit.reason}"
        return
    culprit = _culprit(result) if result.status is RunStatus.FAILED else None
    reason = node_failure(culprit) if culprit else result.error or result.exit.reason
    yield f"{word(result.status)}: {reason}"


def _culprit(result: RunResult) -> NodeResult | None:
    """Find the node that made the run fail: the one whose error the run repeats, else the first required one."""
    broken = [node for node in result.nodes if node.status.broke]
    named = [node for node in broken if node.errors and node.errors[-1].message in result.error]
    required = [node for node in broken if node.required]
    return next(iter((*named, *required)), None)


def _seen(result: RunResult) -> Iterable[str]:
    """Say what the nodes saw that is not well."""
    findings = result.findings
    completed = result.status is RunStatus.COMPLETED
    if completed and result.verdict > max([Verdict.OK, *(finding.verdict for finding in findings)]):
        broken = [node_failure(node) for node in result.nodes if node.status.broke]
        yield f"{result.verdict}: {(broken or [result.exit.reason])[0]}"
    if findings:
        worst, more = findings[0], len(findings) - 1
        text = one_line(finding_text(worst), _SUBJECT)
        yield f"{worst.verdict}: {text} (and {more:,} more)" if more else f"{worst.verdict}: {text}"


def _well(result: RunResult) -> str:
    """Say what was looked at, where nothing is wrong."""
    checks = sum(details.count(node, "checks_run") for node in result.nodes)
    seen = [f"{counted(checks, 'check')} ok"] if checks else []
    states = Counter(alert.status for node in result.nodes for alert in details.alerts(node))
    seen += [f"{counted(number, 'alert')} {status}" for status, number in states.items()]
    errors = sum(len(node.errors) for node in result.nodes)
    ran = f"{counted(len(result.executed), 'node')} ran"
    text = f"all well: {', '.join(seen or [ran])}"
    return f"{text} ({counted(errors, 'error')} on the way)" if errors else text


def finding_text(finding: Finding) -> str:
    """Say what is not well, where, and against what it was held."""
    text = finding.message
    if finding.threshold and finding.threshold not in text:
        text = f"{text}, {finding.threshold}"
    if not finding.subject:
        return text if finding.check in text else f"{finding.check}: {text}"
    return text if finding.subject in text else f"{text}, on {finding.subject}"


def comparison_text(result: RunResult) -> str:
    """Say how a run compares with the one before: `2 new, 1 still wrong, 1 fixed`; empty where there was none."""
    found = result.comparison
    if found is None or not found.previous_run_id:
        return ""
    counts = (
        (len(found.new), "new"),
        (len(found.still), "still wrong"),
        (len(found.fixed), "fixed"),
        (len(found.gone), "no longer watched"),
    )
    return ", ".join(f"{number:,} {what}" for number, what in counts if number) or "nothing new, nothing fixed"


def over_text(one: Open) -> str:
    """Say what was wrong: `disk of web-1:/, critical since 2026-03-01 09:55 UTC, in 3 runs`."""
    name = f"{one.check or one.node} of {one.subject}" if one.subject else one.check or one.node
    return f"{name}, {one.verdict} since {one.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC, in {counted(one.runs, 'run')}"


def node_failure(node: NodeResult) -> str:
    """Say which node failed, and why."""
    return f"node {node.node_id}: {node.errors[-1].message if node.errors else word(node.status)}"


def measured(value: float | None, unit: str) -> str:
    """Write a value with its unit: `96.3%`, `1.2s`, `3 processes`."""
    if value is None:
        return ""
    if unit == "s" and value >= 0:
        return duration_text(value)
    number = f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - beyond it no fraction matters
    return f"{number}{unit}" if unit in {"", "%", "s", "ms"} else f"{number} {unit}"


def word(status: str) -> str:
    """Write a status for people: `timed out`."""
    return status.replace("_", " ")


def bytes_text(number: int) -> str:
    """Write how much data there is: `12.5 KiB`, `3.0 MiB`."""
    return f"{number / 1024:,.1f} KiB" if number < 1024 * 1024 else f"{number / 1024 / 1024:,.1f} MiB"


def counted(number: int, noun: str) -> str:
    """Write a number of things: `1 check`, `1,200 checks`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
