"""Bytes in, a `Definition` out: or every problem of the file at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runner.definition import rules
from runner.definition.diagnostics import diagnostic_at, in_order
from runner.definition.document import read as read_document
from runner.definition.document import unplaced
from runner.definition.draft import Draft
from runner.definition.entries import DEFAULT_TIMEOUT, DefinitionEntry, SecretNeed
from runner.definition.grants import EVERYTHING, Grants
from runner.definition.legacy import drop_unread_keys
from runner.definition.model import Definition
from runner.definition.names import Names
from runner.definition.parts import read_parts
from runner.definition.steps import MAX_NODES, steps_of
from runner.errors import DefinitionError
from runner.spec import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.definition.parts import Part
    from runner.definition.source import Text
    from runner.errors import Diagnostic

Rewrite = Callable[[dict[str, Any]], None]
"""Changes a definition's tree in place before it is checked: flags that replace parts of it."""


def load(text: Text, *, grants: Grants = EVERYTHING, rewrite: Rewrite | None = None) -> Definition:
    """Read a definition as it was found.

    Raises `DefinitionError` with every diagnostic, warnings included.
    """
    document = read_document(text.data, text.label, kind=text.kind)
    draft = Draft(document if text.kept else unplaced(document), text.label)
    tree = _tree(draft)
    if rewrite is not None:
        rewrite(tree)
    entry = _read_entry(draft, tree)
    parts = read_parts(draft, _nodes(draft, tree))
    names = Names.of(tree, parts, grants)
    rules.check(draft, names, parts)
    if entry is None or draft.broken:
        raise invalid(draft.diagnostics)
    return Definition(
        name=entry.name or text.name,
        label=text.label,
        grants=grants,
        sha256=text.sha256,
        description=entry.description,
        version=text.version,
        timeout=entry.timeout or DEFAULT_TIMEOUT,
        fail_on=entry.fail_on or "unknown",
        inputs=entry.inputs,
        secrets={**dict.fromkeys(sorted(_borrowed(names, parts)), SecretNeed()), **entry.secrets},
        env=entry.env,
        allow_hosts=entry.allow_hosts,
        steps=tuple(steps_of(parts, entry.defaults, draft.document)),
        warnings=in_order(draft.diagnostics),
    )


def invalid(diagnostics: list[Diagnostic]) -> DefinitionError:
    """Make the error that carries diagnostics, in the order of their places."""
    ordered = in_order(diagnostics)
    unreadable = next((one for one in ordered if one.code == "E102"), None)
    if unreadable is not None:
        is_json = unreadable.file.lower().endswith(".json") or unreadable.sentence.startswith("not JSON")
        language = "JSON" if is_json else "YAML"
        return DefinitionError(f"Invalid {language} in config file: {unreadable}", ordered)
    lines = "".join(f"\n  - {one}" for one in ordered)
    return DefinitionError(f"Pipeline definition invalid:{lines}", ordered)


def _tree(draft: Draft) -> dict[str, Any]:
    """Return what the document holds, having noted what is wrong with it; raise where that is no object."""
    document = draft.document
    draft.diagnostics += [
        diagnostic_at(one.place, draft.label, one.code, one.path, one.sentence, one.hint) for one in document.troubles
    ]
    if isinstance(document.value, dict):
        return document.value
    if not document.troubles:
        sentence = f"a definition is an object, this is {described(document.value)}"
        draft.say("E202", (), sentence, "it has version: and nodes:")
    raise invalid(draft.diagnostics)


def _read_entry(draft: Draft, tree: dict[str, Any]) -> DefinitionEntry | None:
    """Read the envelope; `$schema` and `x-…` are for editors and for the author."""
    kept = {key: item for key, item in tree.items() if key != "$schema" and not str(key).startswith("x-")}
    return draft.read(DefinitionEntry, drop_unread_keys(draft, kept, ()), ())[0]


def _nodes(draft: Draft, tree: dict[str, Any]) -> list[object]:
    """Return what stands in the list of nodes; nothing where there are too many."""
    nodes = tree.get("nodes")
    if not isinstance(nodes, list):
        return []
    if not nodes:
        draft.say("E201", ("nodes",), "a definition needs at least one node", "add one: {id: …, type: …}")
    if len(nodes) > MAX_NODES:
        sentence = f"{len(nodes):,} nodes are more than a definition may have"
        draft.say("E104", ("nodes",), sentence, f"at most {MAX_NODES:,}")
        return []
    return nodes


def _borrowed(names: Names, parts: Sequence[Part]) -> frozenset[str]:
    """Return the variables of drivers and providers that expressions read as secrets."""
    paths = (reference.path for part in parts for use in part.uses() for reference in use.code.references)
    read = (path[1] for path in paths if path[0] == "secrets" and len(path) > 1)
    return names.lent.intersection(map(str, read))
