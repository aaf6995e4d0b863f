"""What has changed from one definition to another, in people's words: by node, check and key, and in what it uses."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from runner.definition.document import format_path
from runner.definition.document import read as read_document
from runner.definition.grants import LOOKING
from runner.definition.loader import load
from runner.definition.pairing import checks_of, keyed, needs_of
from runner.definition.uses import ANY, Uses, uses_of
from runner.errors import DefinitionError
from runner.records import record
from runner.secrets import CREDENTIAL_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.definition.model import Definition
    from runner.definition.source import Text

Kind: TypeAlias = Literal["added", "removed", "changed", "used", "unused", "notation"]
Tree: TypeAlias = "Mapping[str, Any]"
Secrets: TypeAlias = "Mapping[str, frozenset[str]]"

_LONGEST: Final = 80
"""Characters of a value that a line shows."""
_APART: Final = frozenset({"version", "$schema", "nodes", "secrets", "env"})
"""Top-level keys that are no values: notation, or compared by what they hold."""
_HIDDEN: Final = frozenset(
    {"password", "webhook_url", "endpoint", "integration_key", "routing_key", "api_key", *CREDENTIAL_HEADERS}
)
"""Keys of credentials, which may stand in plain text."""
_USER: Final = re.compile(r"(?<=://)[^/?#@\s]*@")
_UNREADABLE: Final = "what stood there cannot be read by this version, so everything counts as new"
_MISSING: Final = object()


@record
class Snapshot:
    """A definition, as it is compared."""

    tree: Tree
    """As it is written."""
    sha256: str
    """Of its text."""
    definition: Definition | None
    """None where this version cannot read it."""


@record
class Change:
    """One difference."""

    kind: Kind
    what: str
    """A key, or a thing: `timeout`, `node tell`, `host shop.example`."""
    where: str = ""
    """The node, or node and check; empty for the whole definition."""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        match self.kind:
            case "changed":
                values = f" {self.before} → {self.after}" if self.before or self.after else " changed"
                return f"{place}{self.what}{values}"
            case "added" | "removed":
                value = self.after or self.before
                return f"{place}{self.what}{f' {value}' if value else ''} {self.kind}"
            case _:
                return f"{place}{self.what}"


def snapshot_of(text: Text) -> Snapshot:
    """Look at a definition as it was found, whoever may run it."""
    value = read_document(text.data, text.label, kind=text.kind).value
    try:
        definition = load(text, grants=LOOKING)
    except DefinitionError:
        definition = None
    return Snapshot(tree=value if isinstance(value, dict) else {}, sha256=text.sha256, definition=definition)


def compare(before: Snapshot | None, after: Snapshot) -> tuple[Change, ...]:
    """Return what has changed; of a new definition (`before` is None) what it uses."""
    if before is None:
        return tuple(_uses(Uses(), _uses_of(after)))
    if before.sha256 == after.sha256:
        return ()
    found = [*_values(before.tree, after.tree), *_nodes(before.tree, after.tree)]
    if before.definition is None:
        found.append(Change(kind="notation", what=_UNREADABLE))
    found += _uses(Uses() if before.definition is None else _uses_of(before), _uses_of(after))
    return tuple(found) or (Change(kind="notation", what="nothing but comments, layout or notation changed"),)


def _uses_of(snapshot: Snapshot) -> Uses:
    return Uses() if snapshot.definition is None else uses_of(snapshot.definition, snapshot.tree)


def _values(before: Tree, after: Tree) -> Iterator[Change]:
    """Compare what stands beside the nodes."""
    old, new = (
        {key: value for key, value in tree.items() if key not in _APART and not str(key).startswith("x-")}
        for tree in (before, after)
    )
    yield from _compare(old, new, (), "")
    needed = needs_of(before), needs_of(after)
    for name in needed[0].keys() & needed[1].keys():
        yield from _compare(needed[0][name], needed[1][name], ("secrets", name, "required"), "")


def _nodes(before: Tree, after: Tree) -> Iterator[Change]:
    old, new = (keyed(tree.get("nodes"), "id") for tree in (before, after))
    for name, node in new.items():
        if name in old:
            yield from _node(name, old[name], node)
        else:
            yield Change(kind="added", what=f"node {name} ({node.get('type')})")
    yield from (Change(kind="removed", what=f"node {name}") for name in old if name not in new)
    order = [name for name in old if name in new], [name for name in new if name in old]
    if order[0] != order[1]:
        yield Change(kind="changed", what="order of nodes", before=", ".join(order[0]), after=", ".join(order[1]))


def _node(name: str, before: Tree, after: Tree) -> Iterator[Change]:
    (old, old_checks), (new, new_checks) = checks_of(before), checks_of(after)
    yield from _compare(old, new, (), name)
    for check, value in new_checks.items():
        if check in old_checks:
            yield from _compare(old_checks[check], value, (), f"{name}.{check}")
        else:
            yield Change(kind="added", what=f"check {name}.{check}")
    yield from (Change(kind="removed", what=f"check {name}.{check}") for check in old_checks if check not in new_checks)


def _compare(before: object, after: object, path: tuple[str, ...], where: str) -> Iterator[Change]:
    """Compare two values by their keys, as far down as both are objects."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in (*after, *(key for key in before if key not in after)):
            yield from _compare(before.get(key, _MISSING), after.get(key, _MISSING), (*path, str(key)), where)
        return
    if _same(before, after):
        return
    what, old, new = _spelled(path), _shown(before, path), _shown(after, path)
    if before is _MISSING:
        yield Change(kind="added", what=what, where=where, after=new)
    elif after is _MISSING:
        yield Change(kind="removed", what=what, where=where, before=old)
    elif old == new or "" in {old, new}:
        yield Change(kind="changed", what=what, where=where)
    else:
        yield Change(kind="changed", what=what, where=where, before=old, after=new)


def _same(before: object, after: object) -> bool:
    """Say whether two values are written alike, but for the order of keys: 1 is neither 1.0 nor true."""
    if before is _MISSING or after is _MISSING:
        return before is after
    return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def _spelled(path: tuple[str, ...]) -> str:
    """Write a path for people: `config` says nothing, and inputs and secrets have names of their own."""
    match path:
        case ("inputs" | "secrets" as kind, name, *rest):
            return f"{kind.removesuffix('s')} {name}{f': {format_path(tuple(rest))}' if rest else ''}"
        case ("config", *rest) if rest:
            return format_path(tuple(rest))
        case _:
            return format_path(path)


def _shown(value: object, path: tuple[str, ...]) -> str:
    """Write a value on a line; nothing where it is too long for one, or a credential in plain text."""
    if value is _MISSING or (path[-1].lower() in _HIDDEN and "{{" not in str(value)):
        return ""
    text = _flow(value)
    return text if len(text) <= _LONGEST and text.isprintable() else ""


def _flow(value: object) -> str:
    """Write a value as YAML has it on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items() if key not in _HIDDEN)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return (_USER.sub("", value) or '""') if isinstance(value, str) else json.dumps(value)


def _uses(before: Uses, after: Uses) -> Iterator[Change]:
    """Say what is newly used, and what no longer is."""
    pairs = (
        ("new host {}", "host {} no longer used", before.hosts, after.hosts),
        ("new command {}", "command {} no longer run", before.commands, after.commands),
        ("new use of variable {}", "variable {} no longer used", before.variables, after.variables),
    )
    for words, _, old, new in pairs:
        yield from (Change(kind="used", what=words.format(one)) for one in sorted(new - old))
    yield from _new_secrets(before.secrets, after.secrets)
    yield from _old_secrets(before.secrets, after.secrets)
    for _, words, old, new in pairs:
        yield from (Change(kind="unused", what=words.format(one)) for one in sorted(old - new))


def _new_secrets(before: Secrets, after: Secrets) -> Iterator[Change]:
    """Say where secrets are newly used; one that is only declared is so by the definition as a whole."""
    for name, nodes in sorted(after.items()):
        places = sorted(nodes - before.get(name, frozenset()))
        if places or name not in before:
            in_nodes = f" in {', '.join(places)}" if places else ""
            yield Change(kind="used", what=f"new use of {_secret(name)}{in_nodes}")


def _old_secrets(before: Secrets, after: Secrets) -> Iterator[Change]:
    for name, nodes in sorted(before.items()):
        places = sorted(nodes - after.get(name, frozenset()))
        if places or name not in after:
            in_nodes = f" in {', '.join(places)}" if name in after else ""
            yield Change(kind="unused", what=f"{_secret(name)} no longer used{in_nodes}")


def _secret(name: str) -> str:
    return "any declared secret" if name == ANY else f"secret {name}"
