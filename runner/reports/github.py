"""What GitHub shows and hands on: annotations at the lines of the definition, and the outputs of the step.

The rules for outputs are those of the parser in `actions/runner` (FileCommandManager.cs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from runner.records import record
from runner.reports.commands import MAX_TITLE, command
from runner.reports.escaping import one_line, printable, well_formed
from runner.reports.wording import counted, finding_text, headline, node_failure, unstarted, word
from runner.results import RunStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.errors import Diagnostic
    from runner.results import Exit, Finding, NodeResult, RunResult

MAX_ANNOTATIONS: Final = 10
"""Of one level that GitHub shows of a step; the rest would vanish without a word."""
MAX_MESSAGE: Final = 4096
"""UTF-16 units of an annotation's message; GitHub cuts what is longer."""
MAX_VALUE: Final = 100_000
"""Characters of an output; all outputs of a job may have 1 MB."""

_LABELS: Final = ("builtin:", "db:")
"""How a definition is named that is no file."""
_LEVELS: Final[dict[Verdict, Literal["error", "warning"]]] = {
    Verdict.WARNING: "warning",
    Verdict.UNKNOWN: "error",
    Verdict.CRITICAL: "error",
    Verdict.INCONCLUSIVE: "error",
}


# --- annotations -----------------------------------------------------------------------------------


@record
class _Annotation:
    level: Literal["error", "warning"]
    message: str
    title: str
    file: str = ""
    line: int = 0
    column: int = 0
    more: str = ""
    """Where to read on, at the end of the message; it stays whole where that is cut."""

    def text(self) -> str:
        placed = self.file and not self.file.startswith(_LABELS)
        # A column without an end stands for a range of one line, the only kind that may have columns.
        return command(
            self.level,
            _cut(self.message, f" — see {self.more}" if self.more else ""),
            file=printable(self.file) if placed else "",
            line=self.line if placed else 0,
            col=self.column if placed and self.line else 0,
            title=one_line(self.title, MAX_TITLE),
        )


def run_annotations(result: RunResult) -> list[str]:
    """Return the commands that annotate a run.

    First comes what made it fail, then what its nodes found, the worst first, then errors that nodes came through.
    """
    failed = [_of_node(node) for node in result.nodes if node.status.broke]
    ended = result.status not in {RunStatus.COMPLETED, RunStatus.SKIPPED}
    if ended and not any(one.level == "error" for one in failed):
        failed = [_Annotation(level="error", message=headline(result), title="The run did not complete"), *failed]
    found = [_of_finding(finding) for finding in result.findings if finding.verdict in _LEVELS]
    beside = [_of_errors(node) for node in result.nodes if node.errors and not node.status.broke]
    return _limited([*failed, *found, *beside], "the summary and the result document have all")


def diagnostic_annotations(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Return the commands that annotate a definition at the places that are wrong."""
    return _limited([_of_diagnostic(one) for one in diagnostics], "the log has all")


def failure_annotation(message: str, level: Literal["error", "notice"]) -> str:
    """Return the command that says why there is no more, in as many lines as the message has."""
    return command(level, _shortened("\n".join(map(printable, message.splitlines()))))


def _of_node(node: NodeResult) -> _Annotation:
    return _Annotation(
        level="error" if node.required else "warning",
        message=node_failure(node),
        title=f"{node.node_id} {word(node.status)}{'' if node.required else ' (optional)'}",
        file=node.file,
        line=node.line,
    )


def _of_errors(node: NodeResult) -> _Annotation:
    return _Annotation(
        level="warning",
        message=f"node {node.node_id}: {'; '.join(error.message for error in node.errors)}",
        title=f"{node.node_id} {word(node.status)} with {counted(len(node.errors), 'error')}",
        file=node.file,
        line=node.line,
    )


def _of_finding(finding: Finding) -> _Annotation:
    return _Annotation(
        level=_LEVELS[finding.verdict],
        message=finding_text(finding),
        title=f"{finding.verdict}: {finding.node}.{finding.check}",
        file=finding.file,
        line=finding.line,
    )


def _of_diagnostic(diagnostic: Diagnostic) -> _Annotation:
    what = f"{diagnostic.path}: {diagnostic.sentence}" if diagnostic.path else diagnostic.sentence
    message = f"{what} — {diagnostic.hint}" if diagnostic.hint else what
    return _Annotation(
        level=diagnostic.severity,
        # what is no file has no place in the repository, so the message says where it is
        message=str(diagnostic) if diagnostic.file.startswith(_LABELS) else message,
        title=f"{diagnostic.code} {'invalid definition' if diagnostic.severity == 'error' else 'definition'}",
        file=diagnostic.file,
        line=diagnostic.line,
        column=diagnostic.column,
        more=diagnostic.url,
    )


def _limited(found: list[_Annotation], where: str) -> list[str]:
    """Keep so many of each level as GitHub shows, in their order; the last counts the others."""
    commands: list[str] = []
    for level in ("error", "warning"):
        some = [one for one in found if one.level == level]
        if len(some) > MAX_ANNOTATIONS:
            rest = len(some) - MAX_ANNOTATIONS + 1
            some = some[: MAX_ANNOTATIONS - 1]
            noun = "errors" if level == "error" else "warnings"
            some.append(_Annotation(level=level, message=f"… and {rest:,} more {noun}: {where}", title="And more"))
        commands += [one.text() for one in some]
    return commands


def _cut(message: str, end: str) -> str:
    """Put a message on one line, and cut it before its end."""
    return _shortened(one_line(message, MAX_MESSAGE), end)


def _shortened(text: str, end: str = "") -> str:
    """Cut a text where GitHub would, without halving a character; its end stays."""
    units, room = text.encode("utf-16-le"), MAX_MESSAGE - len(end)
    if len(units) <= 2 * room:
        return text + end
    return units[: 2 * room - 2].decode("utf-16-le", "ignore") + "…" + end


# --- outputs ---------------------------------------------------------------------------------------


def outputs(result: RunResult, *, token: str, results_path: str = "", summary_path: str = "") -> str:
    """Return the outputs of a run for `GITHUB_OUTPUT`; `token` is random, a path is empty where nothing was written."""
    values = {
        "status": result.status.value,
        "verdict": result.verdict.value,
        "exit-code": str(int(result.exit.code)),
        "run-id": result.facts.id,
        "results-path": results_path,
        "summary-path": summary_path,
        "failed-nodes": _ids(node.node_id for node in result.nodes if node.status.broke),
        "findings-count": str(len(result.findings)),
    }
    return _entries(values, token)


def failure_outputs(end: Exit, *, token: str, summary_path: str = "", status: RunStatus | None = None) -> str:
    """Return the outputs of what ended without a node: nothing was seen, so the verdict is empty."""
    values = {
        "status": (status or unstarted(end)).value,
        "verdict": "",
        "exit-code": str(int(end.code)),
        "run-id": "",
        "results-path": "",
        "summary-path": summary_path,
        "failed-nodes": "",
        "findings-count": "0",
    }
    return _entries(values, token)


def _ids(ids: Iterable[str]) -> str:
    """Join ids with commas, as many as fit."""
    text = ",".join(ids)
    return text if len(text) <= MAX_VALUE else text[:MAX_VALUE].rpartition(",")[0]


def _entries(values: dict[str, str], token: str) -> str:
    """Write values in the form that no value can break out of: between lines of a delimiter that none contains."""
    delimiter = f"ghadelimiter_{token}"
    while any(delimiter in value for value in values.values()):
        delimiter += "_"
    return "".join(f"{name}<<{delimiter}\n{well_formed(value)}\n{delimiter}\n" for name, value in values.items())
