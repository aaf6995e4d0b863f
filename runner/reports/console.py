"""A result as people read it in a terminal or a log, and as one line for machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from runner.errors import ExitCode
from runner.reports import details
from runner.reports.document import document, encode
from runner.reports.escaping import neutralise, one_line
from runner.reports.wording import NOT_REACHED, comparison_text, counted, finding_text, headline, over_text, word
from runner.results import RunStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.reports.details import AlertLine
    from runner.results import NodeResult, RunResult

RULE: Final = "=" * 60
MAX_LINE: Final = 500
"""Characters of one text in a line."""
_FINDINGS: Final = 100
"""Findings of a node that have a line; a payload may hold thousands of alerts."""
_MOST_OVER: Final = 20
"""Things that are well again and have a line."""
_NAMED: Final = 5
"""Alerts that are named in a line."""

_GREEN: Final = "32"
_YELLOW: Final = "33"
_RED: Final = "31"
_BOLD: Final = "1"
_FAINT: Final = "2"
_COLOURS: Final = {
    "ok": _GREEN,
    "completed": _GREEN,
    "sent": _GREEN,
    "warning": _YELLOW,
    "unknown": _YELLOW,
    "inconclusive": _YELLOW,
    "skipped": _YELLOW,
}
"""Of words; every other one is red."""


class _Line(NamedTuple):
    text: str
    colour: str = ""

    def written(self, *, color: bool) -> str:
        text = neutralise(self.text)
        return f"\x1b[{self.colour}m{text}\x1b[0m" if color and self.colour else text


def result_text(result: RunResult, *, origin: str, color: bool = False) -> str:
    """Return a result as text; `origin` is the line that names the definition: `Config: PATH`."""
    return "".join(f"{line.written(color=color)}\n" for line in _lines(result, origin))


def finished_event(result: RunResult) -> str:
    """Return the result as one line of JSON, the headline last, without its newline."""
    event = {"event": "run.finished", **document(result), "headline": headline(result)}
    return encode(event).decode("ascii").rstrip("\n")


def _lines(result: RunResult, origin: str) -> Iterator[_Line]:
    yield _Line(RULE)
    yield _Line("PIPELINE RESULT", _BOLD)
    yield _Line(f"Status: {result.status}", _colour(result.status))
    yield _Line(f"Verdict: {result.verdict}", _colour(result.verdict))
    yield _Line(origin)
    yield _Line(f"Trace ID: {result.facts.trace_id}")
    yield _Line(f"Run ID: {result.facts.id}")
    yield _Line(f"Duration: {result.duration_ms:.2f}ms")
    yield from _compared(result)
    for node in result.nodes:
        yield _Line("")
        yield _Line(f"--- {node.node_type} ({node.node_id}) ---", _BOLD)
        yield from _skipped(node) if node.skipped else _node(node)
    yield _Line("")
    yield from (_Line(f"Note: {_short(note)}", _YELLOW) for note in result.notes)
    yield _end(result)


def _compared(result: RunResult) -> Iterator[_Line]:
    """Say what has changed since the last run."""
    if text := comparison_text(result):
        yield _Line(f"Since the last run: {text}")
    if result.comparison is None:
        return
    for what, found, style in (
        ("Fixed", result.comparison.fixed, _GREEN),
        ("No longer watched", result.comparison.gone, _YELLOW),
    ):
        yield from (_Line(f"  {what}: {_short(over_text(one))}", style) for one in found[:_MOST_OVER])
        if len(found) > _MOST_OVER:
            yield _Line(f"  and {len(found) - _MOST_OVER:,} more, in the result document")


def _colour(term: str) -> str:
    return _COLOURS.get(term, _RED)


def _short(value: object) -> str:
    return one_line(str(value), MAX_LINE)


def _skipped(node: NodeResult) -> Iterator[_Line]:
    reached = not node.skip_reason.startswith(NOT_REACHED)
    reason = node.skip_reason.removeprefix(NOT_REACHED).removeprefix(": ")
    yield _Line(f"  ({'skipped' if reached else 'not executed'}) {_short(reason)}".rstrip(), _YELLOW)


def _node(node: NodeResult) -> Iterator[_Line]:
    if node.status.broke:
        yield _Line(f"  Status: {word(node.status)}", _RED)
    for key, label, write in _DETAILS:
        if key in node.output and (key not in _TOLD_IF_ANY or node.output[key]):
            yield _Line(f"  {label}: {write(node.output[key])}")
    yield from _alerts(node)
    yield from _checks(node)
    yield from _deliveries(node)
    yield from _advice(node)
    if "results" not in node.output:
        yield from _findings(node)
    if node.errors:
        yield _Line(f"  Errors: {'; '.join(_short(error.message) for error in node.errors)}", _RED)
    yield _Line(f"  Duration: {node.duration_ms:.2f}ms")


def _findings(node: NodeResult) -> Iterator[_Line]:
    for one in node.findings[:_FINDINGS]:
        yield _Line(f"  {one.verdict} — {_short(finding_text(one))}", _colour(one.verdict))
    if len(node.findings) > _FINDINGS:
        yield _Line(f"  and {len(node.findings) - _FINDINGS:,} more findings, in the result document", _YELLOW)


def _alerts(node: NodeResult) -> Iterator[_Line]:
    """Say what they were read as, and name those that no finding names: not firing, or only for information."""
    if reason := node.output.get("format_reason"):
        yield _Line(f"  Format: {_short(node.output.get('format'))} ({_short(reason)})")
    found = [alert for alert in details.alerts(node) if alert.status != "firing" or alert.severity == "info"]
    for label in dict.fromkeys(map(_kind, found)):
        same = [alert for alert in found if _kind(alert) == label]
        named = [f"{_short(alert.headline)}{f' ({_short(alert.when)})' * bool(alert.when)}" for alert in same[:_NAMED]]
        more = f" and {len(same) - _NAMED:,} more" if len(same) > _NAMED else ""
        yield _Line(f"  Alerts {label}: {', '.join(named)}{more}")


def _kind(alert: AlertLine) -> str:
    return "for information" if alert.status == "firing" else _short(alert.status)


def _checks(node: NodeResult) -> Iterator[_Line]:
    for check in details.checks(node):
        yield _Line(f"  {check.name}: {check.verdict} — {_short(check.message)}", _colour(check.verdict))


def _deliveries(node: NodeResult) -> Iterator[_Line]:
    for one in details.deliveries(node):
        why = f" — {_short(one.error)}" if one.error else ""
        yield _Line(f"  {_short(one.name)}: {one.status}{why}", _colour(one.status))


def _advice(node: NodeResult) -> Iterator[_Line]:
    for one in details.advice(node):
        priority = f"[{one.priority}] " if one.priority else ""
        yield _Line(f"  Recommendation: {_short(priority + one.title)}")


def _number(value: object) -> str:
    return "n/a" if value is None else _short(value)


def _drivers(value: object) -> str:
    """Name the drivers of deliveries, each once."""
    items = value if isinstance(value, list | tuple) else ()
    drivers = dict.fromkeys(str(item.get("driver")) for item in items if isinstance(item, Mapping))
    return _short(", ".join(drivers)) or "none"


_DETAILS: Final[tuple[tuple[str, str, Callable[[object], str]], ...]] = (
    ("incident_id", "Incident ID", _number),
    ("alerts_created", "Alerts created", _number),
    ("checks_run", "Checks run", _number),
    ("checks_passed", "Passed", _number),
    ("checks_failed", "Failed", _number),
    ("summary", "Summary", _short),
    ("probable_cause", "Probable cause", _short),
    ("provider", "Provider", _short),
    ("deliveries", "Driver", _drivers),
    ("channels_attempted", "Channels attempted", _number),
    ("channels_succeeded", "Succeeded", _number),
    ("channels_failed", "Failed", _number),
    ("truncated", "Truncated", _number),
    ("output_truncated", "Truncated", _number),
)
"""The keys of an output that have a line, its label, and how the value is written."""
_TOLD_IF_ANY: Final = frozenset({"probable_cause", "truncated"})
"""Those that have none where there is nothing to tell."""


def _end(result: RunResult) -> _Line:
    """Say in the last line what became of the run."""
    errors = sum(len(node.errors) for node in result.nodes)
    if result.status is RunStatus.SKIPPED:
        return _Line(f"✓ Pipeline skipped: {_short(result.error or result.exit.reason)}", _YELLOW)
    if result.status is not RunStatus.COMPLETED or result.exit.code is ExitCode.FAILED:
        return _Line(f"✗ Pipeline failed: {_short(headline(result).removeprefix('failed: '))}", _RED)
    if errors:
        return _Line(f"✓ Pipeline completed with {counted(errors, 'error')}", _YELLOW)
    return _Line("✓ Pipeline completed successfully", _GREEN if result.verdict is Verdict.OK else "")
