"""`diff`: what has changed from one run to another, or from one definition to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.differences import changes, documents, names_definition
from runner.cli.library import library_of
from runner.cli.past import result_of
from runner.definition.grants import LOOKING
from runner.definition.loader import load
from runner.errors import ExitCode, UsageError
from runner.reports.wording import finding_text
from runner.spec import duration_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from runner.cli.shell import Shell
    from runner.results import Finding, RunResult, Verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] RUN RUN\n       {parser.prog} [flags] DEFINITION DEFINITION"
    help_text = (
        "a run of the history: its id, the beginning of it, last, or last-failed;"
        " or a definition: a path, file:PATH, db:NAME, db:NAME@REVISION, builtin:NAME"
    )
    parser.add_argument("before", metavar="ONE", help=help_text)
    parser.add_argument("after", metavar="OTHER", help="what it is compared with")


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Print what has changed."""
    definitions = [names_definition(word) for word in (options.before, options.after)]
    if any(definitions) and not all(definitions):
        run = options.before if definitions[1] else options.after
        raise UsageError(
            f"a run and a definition have nothing to compare — {run} names a run; write file:PATH or db:NAME"
        )
    return _definitions(options, shell) if all(definitions) else _runs(options, shell)


def _definitions(options: argparse.Namespace, shell: Shell) -> int:
    """Print what is different in two definitions."""
    library = library_of(shell, inactive=True)
    before, after = (library.find(word) for word in (options.before, options.after))
    for text in (before, after):
        load(text, grants=LOOKING)
    found = changes(before, after, shell)
    if shell.wants_json:
        shell.json({"before": before.label, "after": after.label, "changes": documents(found)})
    else:
        shell.say([f"- {before.label}", f"+ {after.label}", *map(str, found)] if found else ["they are the same"])
    return ExitCode.OK


def _runs(options: argparse.Namespace, shell: Shell) -> int:
    """Print what is new, what still is, and what is over."""
    before, after = (result_of(wanted, shell)[0] for wanted in (options.before, options.after))
    if shell.wants_json:
        shell.json(_document(before, after))
    else:
        shell.say(_lines(before, after))
    return ExitCode.OK


def _changes(before: RunResult, after: RunResult) -> dict[str, list[Finding]]:
    old = {finding.fingerprint: finding for finding in before.findings}
    new = {finding.fingerprint: finding for finding in after.findings}
    return {
        "new": [one for key, one in new.items() if key not in old],
        "still": [one for key, one in new.items() if key in old],
        "gone": [one for key, one in old.items() if key not in new],
    }


def _lines(before: RunResult, after: RunResult) -> Iterator[str]:
    for sign, run in (("-", before), ("+", after)):
        facts = run.facts
        yield (
            f"{sign} {facts.id} {facts.definition} ({facts.environment}), {facts.started_at:%Y-%m-%d %H:%M} UTC:"
            f" {run.status}, {run.verdict}, exit {run.exit.code:d}, {duration_text(round(run.duration_ms / 1000, 3))}"
        )
    if before.facts.definition_sha256 != after.facts.definition_sha256:
        yield "the definition is not the same"
    found, old = _changes(before, after), _verdicts(before)
    for kind, findings in found.items():
        for one in findings:
            was = old.get(one.fingerprint, one.verdict)
            changed = "" if was is one.verdict else f" (was {was})"
            yield f"{kind}: {one.verdict}{changed} {finding_text(one)}"
    if not any(found.values()):
        yield "nothing is wrong in either"


def _verdicts(run: RunResult) -> dict[str, Verdict]:
    return {finding.fingerprint: finding.verdict for finding in run.findings}


def _document(before: RunResult, after: RunResult) -> dict[str, Any]:
    found, old = _changes(before, after), _verdicts(before)
    return {
        "before": _side(before),
        "after": _side(after),
        "same_definition": before.facts.definition_sha256 == after.facts.definition_sha256,
        **{
            kind: [
                {
                    "fingerprint": one.fingerprint,
                    "node": one.node,
                    "check": one.check,
                    "subject": one.subject,
                    "verdict": one.verdict.value,
                    "was": old.get(one.fingerprint),
                    "message": one.message,
                }
                for one in findings
            ]
            for kind, findings in found.items()
        },
    }


def _side(run: RunResult) -> dict[str, Any]:
    return {
        "run_id": run.facts.id,
        "definition": run.facts.definition,
        "environment": run.facts.environment,
        "status": run.status.value,
        "verdict": run.verdict.value,
        "exit_code": int(run.exit.code),
        "duration_ms": run.duration_ms,
    }
