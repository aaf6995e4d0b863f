"""Bytes in, a `Definition` out: or every problem of the file at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from runner.definition import rules
from runner.definition.document import format_path
from runner.definition.document import read as read_document
from runner.definition.draft import Draft
from runner.definition.entries import DEFAULT_TIMEOUT, DefinitionEntry
from runner.definition.legacy import drop_unread_keys
from runner.definition.model import Definition
from runner.definition.steps import read_steps
from runner.errors import DefinitionError, Diagnostic
from runner.spec import described

if TYPE_CHECKING:
    from runner.definition.document import Trouble

Rewrite = Callable[[dict[str, Any]], None]
"""Changes a definition's tree in place before it is checked: flags that replace parts of it."""


def load(
    data: bytes,
    label: str,
    *,
    name: str,
    kind: Literal["yaml", "json"] | None = None,
    is_file: bool = True,
    version: int = 1,
    granted: frozenset[str] = frozenset(),
    rewrite: Rewrite | None = None,
) -> Definition:
    """Read a definition; `label` is what diagnostics call it, `name` is used where it has none of its own.

    `granted` are guarded names that its secrets and env may hold.
    Raises `DefinitionError` with every diagnostic, warnings included.
    """
    document = read_document(data, label, kind=kind)
    draft = Draft(document, label)
    draft.diagnostics += [_diagnostic(label, trouble) for trouble in document.troubles]
    tree = document.value
    if not isinstance(tree, dict):
        if not document.troubles:
            draft.say("E202", (), f"a definition is an object, this is {described(tree)}", "it has version: and nodes:")
        raise invalid(draft.diagnostics)
    if rewrite is not None:
        rewrite(tree)
    entry = _read_entry(draft, tree)
    nodes = tree.get("nodes")
    steps = read_steps(draft, nodes if isinstance(nodes, list) else [], entry)
    rules.check(draft, rules.Names.of(tree, granted), steps)
    if entry is None or draft.broken:
        raise invalid(draft.diagnostics)
    return Definition(
        name=entry.name or name,
        label=label,
        is_file=is_file,
        sha256=hashlib.sha256(data).hexdigest(),
        description=entry.description,
        version=version,
        timeout=entry.timeout or DEFAULT_TIMEOUT,
        fail_on=entry.fail_on or "unknown",
        inputs=entry.inputs,
        secrets=entry.secrets,
        env=entry.env,
        allow_hosts=entry.allow_hosts,
        steps=tuple(step for step in steps if step is not None),
        warnings=tuple(draft.diagnostics),
    )


def invalid(diagnostics: list[Diagnostic]) -> DefinitionError:
    """Make the error that carries diagnostics, in the order of their places."""
    ordered = sorted(diagnostics, key=lambda one: (one.line, one.column, one.code))
    unreadable = next((one for one in ordered if one.code == "E102"), None)
    if unreadable is not None:
        language = "JSON" if unreadable.file.lower().endswith(".json") else "YAML"
        return DefinitionError(f"Invalid {language} in config file: {unreadable}", tuple(ordered))
    lines = "".join(f"\n  - {one}" for one in ordered)
    return DefinitionError(f"Pipeline definition invalid:{lines}", tuple(ordered))


def _read_entry(draft: Draft, tree: dict[str, Any]) -> DefinitionEntry | None:
    """Read the envelope; `$schema` and `x-…` are for editors and for the author."""
    kept = {key: item for key, item in tree.items() if key != "$schema" and not str(key).startswith("x-")}
    entry = draft.read(DefinitionEntry, drop_unread_keys(draft, kept, ()), ())
    nodes = tree.get("nodes")
    if isinstance(nodes, list) and not nodes:
        draft.say("E201", ("nodes",), "a definition needs at least one node", "add one: {id: …, type: …}")
    return entry


def _diagnostic(label: str, trouble: Trouble) -> Diagnostic:
    return Diagnostic(
        code=trouble.code,
        severity="error",
        file=label,
        line=trouble.place.line,
        column=trouble.place.column,
        path=format_path(trouble.path),
        sentence=trouble.sentence,
        hint=trouble.hint,
    )
