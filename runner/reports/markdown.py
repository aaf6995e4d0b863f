"""The summary of a run in Markdown: verdict and headline first, everything else below, within a limit of bytes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from runner.records import record
from runner.reports import sections
from runner.reports.gfm import Listing, escape, fence, fold, paragraphs
from runner.reports.mermaid import graph
from runner.reports.wording import counted, headline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.results import RunResult

MAX_SUMMARY: Final = 900 * 1024
"""Bytes of UTF-8. GitHub takes 1,024 KiB a step and drops the whole summary above, and at times just below it."""
MAX_GRAPH: Final = 50
"""Nodes of a graph that a person can still read."""

_ALL: Final = sys.maxsize
_FINDINGS: Final = (1000, 500, 200, 100, 50)
_ROWS: Final = (1000, 300, 100, 30, 10, 3, 0)


@record
class _Shape:
    """How much of a summary is shown."""

    details: bool = True
    passed: bool = True
    findings: int = _ALL
    rows: int = _ALL
    """Of every other list."""


@record
class _Parts:
    """A summary in pieces that are written once, however often it is shortened."""

    title: str
    headline: str
    facts: str
    graph: str
    nodes: Listing
    findings: Listing
    fixed: Listing
    gone: Listing
    analysis: str
    advice: Listing
    deliveries: Listing
    notes: Listing
    passed: Listing
    details: tuple[str, ...]
    identity: str


def summary(result: RunResult, *, limit: int = MAX_SUMMARY) -> str:
    """Return the summary of a run, at most `limit` bytes of UTF-8, with a newline at its end.

    What does not fit is left out and said to be: details first, then the list of passed checks, then findings.
    """
    parts = _parts(result)
    for shape in _shapes(len(parts.findings.rows)):
        text = _render(parts, shape, limit)
        if _fits(text, limit):
            return text
    barest = (f"{parts.title}\n\n{parts.headline}\n", f"{parts.title}\n")
    return next((text for text in barest if _fits(text, limit)), "")


def _fits(text: str, limit: int) -> bool:
    return len(text.encode()) <= limit


def _shapes(findings: int) -> Iterator[_Shape]:
    """Yield what to show, ever less."""
    yield _Shape()
    yield _Shape(details=False)
    yield _Shape(details=False, passed=False)
    for most in (number for number in _FINDINGS if number < findings):
        yield _Shape(details=False, passed=False, findings=most)
    for most in _ROWS:
        yield _Shape(details=False, passed=False, findings=min(most, _FINDINGS[-1]), rows=most)


def _parts(result: RunResult) -> _Parts:
    return _Parts(
        title=sections.title(result),
        headline=f"**{escape(headline(result))}**",
        facts=sections.facts(result),
        graph=_graph(result),
        nodes=sections.nodes(result),
        findings=sections.findings(result),
        fixed=sections.fixed(result),
        gone=sections.gone(result),
        analysis=sections.analysis(result),
        advice=sections.advice(result),
        deliveries=sections.deliveries(result),
        notes=sections.notes(result),
        passed=sections.passed(result),
        details=sections.details(result),
        identity=sections.identity(result),
    )


def _graph(result: RunResult) -> str:
    if len(result.nodes) > MAX_GRAPH:
        return f"_No graph: {len(result.nodes):,} nodes, at most {MAX_GRAPH} are drawn._"
    return fence(graph(result), "mermaid") if result.nodes else ""


def _render(parts: _Parts, shape: _Shape, limit: int) -> str:
    blocks = (
        parts.title,
        parts.headline,
        parts.facts,
        parts.graph if shape.rows else "",
        parts.nodes.text(shape.rows),
        parts.findings.text(shape.findings),
        parts.fixed.text(shape.rows),
        parts.gone.text(shape.rows),
        parts.analysis if shape.rows else "",
        parts.advice.text(shape.rows),
        parts.deliveries.text(shape.rows),
        parts.notes.text(shape.rows),
        _passed(parts.passed, shown=shape.passed),
        *_details(parts.details, shown=shape.details),
        parts.identity,
        _left_out(parts, shape, limit),
    )
    return paragraphs(blocks) + "\n"


def _passed(passed: Listing, *, shown: bool) -> str:
    """Fold the passed checks, or count them."""
    if not passed.rows:
        return ""
    title = f"{counted(passed.total, 'check')} ok"
    return fold(title, passed.text(_ALL)) if shown else f"{title}."


def _details(details: tuple[str, ...], *, shown: bool) -> tuple[str, ...]:
    return ("### Details", *details) if details and shown else ()


def _left_out(parts: _Parts, shape: _Shape, limit: int) -> str:
    """Say what a shape leaves out; empty where that is nothing."""
    lists = (parts.nodes, parts.fixed, parts.gone, parts.advice, parts.deliveries, parts.notes)
    told = (
        ("the details of the nodes", bool(parts.details) and not shape.details),
        ("the list of passed checks", bool(parts.passed.rows) and not shape.passed),
        (f"findings after the worst {shape.findings:,}", len(parts.findings.rows) > shape.findings),
        (f"what comes after the first {shape.rows:,} of each list", any(len(one.rows) > shape.rows for one in lists)),
        ("the graph", bool(parts.graph) and not shape.rows),
        ("the analysis", bool(parts.analysis) and not shape.rows),
    )
    names = [name for name, left_out in told if left_out]
    if not names:
        return ""
    return f"_Left out to stay within {limit:,} bytes: {', '.join(names)}. The result document has them._"
