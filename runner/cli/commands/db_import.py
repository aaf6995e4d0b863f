"""`db import`: definitions out of files into the database, with what that changes."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

from runner.cli.checking import check, publish, texts_of
from runner.cli.databases import DEFINITIONS, chosen, forced_table
from runner.cli.differences import changes, documents
from runner.cli.loading import load_text
from runner.definition.comparison import Change
from runner.definition.document import kind_of
from runner.definition.grants import Grants
from runner.definition.library import NAME, text_of
from runner.definition.loader import load
from runner.definition.uses import ANY, uses_of
from runner.engine.world import utc_now
from runner.errors import ExitCode, UsageError
from runner.records import record
from runner.reports.wording import counted
from runner.store.authoring import LONGEST_NAME, Wanted, compare, put
from runner.store.definitions import OWN

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from runner.cli.checking import Verdict
    from runner.cli.databases import Chosen
    from runner.cli.shell import Shell
    from runner.definition.model import Definition
    from runner.definition.source import Text
    from runner.store.authoring import Stood

_LIMIT = 60.0
"""Seconds for all of them."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] PATH …"
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a file, or a folder with all below it")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and write nothing")
    parser.add_argument("--author", metavar="NAME", help="who made the change (GITHUB_ACTOR, else the user)")
    parser.add_argument(
        "--tag",
        metavar="TAG",
        action="append",
        help="repeatable; takes the place of the tags that the definitions have",
    )
    parser.epilog = (
        "A definition is called as its file. One that is invalid keeps all from being written (exit 3). One that has\n"
        "changed gets a new revision, and those before it are kept; its text stays as it is written, comments too."
    )


@record
class _Import:
    """A definition, and what its import comes to."""

    text: Text
    definition: Definition
    stood: Stood
    found: tuple[Change, ...]

    @property
    def state(self) -> str:
        """Say what becomes of it."""
        if self.stood.before is None:
            return "new"
        return "changed" if self.stood.changed or self.stood.retagged else "unchanged"


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Check all, say what changes, and write it."""
    if (table := forced_table(shell)) not in {"", OWN}:
        raise UsageError(f"PIPELINE_DEFINITIONS_TABLE is {table}, which the runner only reads — import goes to {OWN}")
    verdicts = [check(text, shell, _loaded) for text in texts_of(options.paths, shell)]
    if not all(verdict.definition for verdict in verdicts):
        return publish(verdicts, shell)
    for warning in (warning for verdict in verdicts for warning in verdict.diagnostics):
        shell.log.warning(str(warning))
    _refuse_names([verdict.text for verdict in verdicts])
    target = chosen(shell, DEFINITIONS)
    wanted = [_wanted(verdict, options.tag) for verdict in verdicts]
    write = partial(put, author=options.author or _author(shell), now=utc_now())
    work = partial(compare if options.dry_run else write, database=target.database, wanted=wanted)
    stood = target.database.work(work, limit=_LIMIT)
    imports = [_import(verdict, one, shell) for verdict, one in zip(verdicts, stood, strict=True)]
    _tell(imports, target, shell, dry_run=options.dry_run)
    return ExitCode.OK


def _loaded(text: Text, shell: Shell) -> Definition:
    """Load a definition as `validate` does, and once more as what it will be: some things no database may say."""
    definition = load_text(text, shell)
    load(text, grants=Grants(limited=True, commands=True, looking=True))
    return definition


def _refuse_names(texts: Sequence[Text]) -> None:
    """Raise `UsageError` for a file whose name cannot be a definition's, and for two of the same name."""
    seen: dict[str, str] = {}
    for text in texts:
        if not re.fullmatch(NAME, text.name) or len(text.name) > LONGEST_NAME:
            hint = f"letters, digits, '.', '_' and '-', {LONGEST_NAME} at most"
            raise UsageError(f"{text.label} cannot be imported: its name cannot be a definition's — {hint}")
        if text.name in seen:
            both = f"{seen[text.name]} and {text.label}"
            raise UsageError(f"{both} have the same name, and a database has one {text.name} — import one of them")
        seen[text.name] = text.label


def _wanted(verdict: Verdict, tags: list[str] | None) -> Wanted:
    text, definition = verdict.text, cast("Definition", verdict.definition)
    return Wanted(
        name=text.name,
        format=text.kind or kind_of(text.label) or "",
        document=text.data.decode(),
        sha256=text.sha256,
        description=definition.description,
        tags=None if tags is None else tuple(dict.fromkeys(tags)),
    )


def _author(shell: Shell) -> str:
    """Name whoever does this."""
    names = (shell.environ.get(name, "") for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME"))
    return next(filter(None, names), "") or f"uid {os.getuid()}"


def _import(verdict: Verdict, stood: Stood, shell: Shell) -> _Import:
    old = text_of(stood.before) if stood.before else None
    found = changes(old, verdict.text, shell) if stood.changed or old is None else ()
    if stood.retagged:
        before, after = (", ".join(tags) for tags in (stood.tags, stood.wanted.tags or ()))
        kind: Literal["added", "changed", "removed"] = (
            "changed" if before and after else "added" if after else "removed"
        )
        found = (*found, Change(kind=kind, what="tags", before=before, after=after))
    return _Import(text=verdict.text, definition=cast("Definition", verdict.definition), stood=stood, found=found)


def _tell(imports: Sequence[_Import], target: Chosen, shell: Shell, *, dry_run: bool) -> None:
    """Say what has changed, definition by definition."""
    for one in imports:
        if one.stood.also_in:
            shell.log.warning(
                f"{one.text.name} is in {one.stood.also_in}, too: whoever runs it has to say which,"
                f" with PIPELINE_DEFINITIONS_TABLE={OWN}"
            )
    if shell.wants_json:
        shell.json(
            {
                "database": str(target.database),
                "dry_run": dry_run,
                "definitions": [_document(one) for one in imports],
            }
        )
        return
    written = sum(one.state != "unchanged" for one in imports)
    done = "would be written to" if dry_run else "written to"
    shell.say(
        [
            *(line for one in imports for line in _lines(one)),
            f"{written} of {counted(len(imports), 'definition')} {done} {target.database}",
        ]
    )


def _lines(one: _Import) -> Iterator[str]:
    name, before = one.text.name, one.stood.before
    idle = " (inactive)" if before and not before.active else ""
    if before is None:
        yield f"{name}: new, {counted(len(one.definition.steps), 'node')}"
    elif one.stood.changed:
        yield f"{name}@{before.revision} → {one.stood.revision}{idle}:"
    else:
        yield f"{name}@{before.revision}{idle}: {'the same text' if one.found else 'unchanged'}"
    yield from (f"  {change}" for change in one.found)
    if before is None or any(change.kind == "used" for change in one.found):
        yield from (f"  {line}" for line in _wants(one.definition))


def _wants(definition: Definition) -> Iterator[str]:
    """Say what a run from the database gets only where whoever runs it allows it."""
    if names := _guarded(definition):
        yield f"runs get its secrets only where PIPELINE_ALLOW_SECRETS lists them: {','.join(names)}"
    if uses_of(definition, {}).commands:
        yield "runs start its commands only with --allow-commands"


def _guarded(definition: Definition) -> list[str]:
    """Name the variables that a definition from a database does not get by itself."""
    uses = uses_of(definition, {})
    return sorted({*uses.secrets, *uses.variables} - {ANY})


def _document(one: _Import) -> dict[str, Any]:
    before = one.stood.before
    return {
        "name": one.text.name,
        "path": one.text.label,
        "state": one.state,
        "revision_before": before.revision if before else None,
        "revision": one.stood.revision,
        "sha256": one.text.sha256,
        "active": before.active if before else True,
        "changes": documents(one.found),
        "allow_secrets": _guarded(one.definition),
        "allow_commands": bool(uses_of(one.definition, {}).commands),
    }
