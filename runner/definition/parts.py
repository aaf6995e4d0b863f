"""The nodes of a definition as far as they can be read: a problem in one place hides none in another."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Final

from runner.definition.config import Config, marked, read_node, templates_in
from runner.definition.entries import END, NodeEntry
from runner.definition.legacy import drop_unread_config, spelled_condition
from runner.definition.model import Way
from runner.definition.repeating import ITEM, faults, has_item, repeated_in
from runner.nodes import NODES
from runner.records import record
from runner.results import NOTHING
from runner.scope import SCOPE_WORDS
from runner.spec import Block, Invalid, described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.definition.config import Path
    from runner.definition.draft import Draft
    from runner.expressions import Expression, TextTemplate
    from runner.scope import Node

_ID: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
_KEYWORDS: Final = frozenset({*keyword.kwlist, "true", "false", "none", END, "loop", "self", "range"})


@record
class Use:
    """An expression, and where it stands."""

    code: Expression | TextTemplate
    path: Path
    own: Mapping[str, Path] = NOTHING
    """Names that the node gives it beside the scope's, with what the scope's would spell; empty for none."""
    after: bool = False
    """It is evaluated when the node itself has run."""


@record
class Part:
    """A node; what cannot be read of it is noted, and None or empty here."""

    path: Path
    entry: NodeEntry
    unread: frozenset[str | int]
    """The keys of the node that cannot be read."""
    config: Config | None
    ways: tuple[Way, ...]
    """Where its own `next` leads."""
    branches: bool
    """Its `next` is a list of branches."""
    when: Expression | None
    skip_if: Expression | None

    @property
    def id(self) -> str:
        """The node's id; empty where it has none that can be read."""
        return self.entry.id

    def at(self, key: str, *below: str | int) -> Path:
        """Return the path of something in the node."""
        return (*self.path, key, *below)

    def way(self, place: int, key: str) -> Path:
        """Return the path of a key of one of its ways; of `next` where that is but an id."""
        return self.at("next", place, key) if self.branches else self.at("next")

    def uses(self) -> Iterator[Use]:
        """Return every expression of the node."""
        for key, code in (("when", self.when), ("skip_if_condition", self.skip_if)):
            if code is not None:
                yield Use(code=code, path=self.at(key))
        for place, way in enumerate(self.ways):
            if way.when is not None:
                yield Use(code=way.when, path=self.way(place, "when"), after=True)
        if self.config is not None:
            yield from _uses_in(self.config)


def _uses_in(config: Config) -> Iterator[Use]:
    for below, template in config.templates.items():
        yield Use(
            code=template, path=(*config.path, *below), own={ITEM: ()} if has_item(below, config.repeated) else NOTHING
        )
    meanings = getattr(config.sketch, "meanings", None)
    own = dict.fromkeys(config.cls.own_names, ()) | (dict(meanings()) if meanings else {})
    for below, template in config.blocks.items():
        yield Use(code=template, path=(*config.path, *below), own=own)


def read_parts(draft: Draft, nodes: Sequence[object]) -> tuple[Part, ...]:
    """Read every node."""
    ids = tuple(node["id"] for node in nodes if isinstance(node, dict) and isinstance(node.get("id"), str))
    return tuple(_read_part(draft, node, ("nodes", place), ids) for place, node in enumerate(nodes))


def _read_part(draft: Draft, node: object, path: Path, ids: Sequence[str]) -> Part:
    entry, unread = _read_entry(draft, node, path)
    fields = node if isinstance(node, dict) else {}
    if "id" in fields and "id" not in unread:
        _check_id(draft, entry.id, path)
    cls = _node_class(draft, entry, path) if "type" in fields and "type" not in unread else None
    condition = spelled_condition(entry.skip_if_condition, ids)
    return Part(
        path=path,
        entry=entry,
        unread=unread,
        config=_read_config(draft, entry, cls, (*path, "config")) if cls and "config" not in unread else None,
        ways=tuple(
            Way(to=branch.to, when=draft.expression(branch.when, (*path, "next", place, "when")))
            for place, branch in enumerate(entry.next or ())
        ),
        branches=isinstance(fields.get("next"), list),
        when=draft.expression(entry.when, (*path, "when")),
        skip_if=draft.expression(condition, (*path, "skip_if_condition")),
    )


def _read_entry(draft: Draft, node: object, path: Path) -> tuple[NodeEntry, frozenset[str | int]]:
    """Read a node without the keys that are wrong, and name these."""
    entry, wrong = draft.read(NodeEntry, node, path)
    unread = wrong
    while entry is None:
        fields = node if wrong and isinstance(node, dict) else {}
        kept = {key: item for key, item in fields.items() if key not in unread}
        entry, wrong = draft.read(NodeEntry, {"id": "", "type": "", **kept}, path)
        unread |= wrong
    return entry, unread


def _node_class(draft: Draft, entry: NodeEntry, path: Path) -> type[Node] | None:
    try:
        return NODES.load(entry.type)
    except Invalid as error:
        draft.say(error.code, (*path, "type"), error.sentence, _meant_for(entry.type) or error.hint)
        return None


def _meant_for(name: str) -> str:
    """Say where a name belongs that is no type of node; empty for one that nothing has."""
    from runner.channels import CHANNELS  # noqa: PLC0415 - only where something is wrong
    from runner.checks import CHECKS  # noqa: PLC0415 - only where something is wrong
    from runner.providers import PROVIDERS  # noqa: PLC0415 - only where something is wrong

    places = (
        (CHECKS, f"a check: write type: context, config: {{checks: [{{type: {name}}}]}}"),
        (CHANNELS, f"a driver: write type: notify, config: {{driver: {name}}}"),
        (PROVIDERS, f"a provider: write type: intelligence, config: {{provider: {name}}}"),
    )
    return next((f"it is {place}" for family, place in places if name in family), "")


def _check_id(draft: Draft, node: str, path: Path) -> None:
    at = (*path, "id")
    if not re.fullmatch(_ID, node):
        hint = "use letters, digits and _, not starting with a digit"
        draft.say("E302", at, f"{described(node)} cannot be an id", hint)
    elif node in SCOPE_WORDS or node in _KEYWORDS:
        draft.say("E302", at, f'"{node}" is a word of the language and cannot be an id', f'call it "{node}_node"')
    elif "-" in node:
        draft.say("W505", at, f'"{node}" cannot be written as a name in expressions', f'write nodes["{node}"] there')


def _read_config(draft: Draft, entry: NodeEntry, cls: type[Node], at: Path) -> Config:
    """Read a node's `config`, compile its templates, and note what is wrong with either."""
    tree = marked(drop_unread_config(draft, entry.config, at))
    sketch, found = read_node(cls, tree)
    for code, below, sentence, hint in found:
        draft.say(code, (*at, *below), sentence, hint)
    templates: dict[Path, TextTemplate] = {}
    blocks: dict[Path, TextTemplate] = {}
    for below, text in templates_in(tree):
        is_block = isinstance(text, Block)
        if (compiled := draft.template(text, (*at, *below), blocks=is_block)) is not None:
            (blocks if is_block else templates)[below] = compiled
    repeated = repeated_in(tree)
    for code, below, sentence, hint in faults(tree, repeated, templates):
        draft.say(code, (*at, *below), sentence, hint)
    return Config(
        cls=cls,
        tree=tree,
        templates=templates,
        blocks=blocks,
        repeated=repeated,
        path=at,
        document=draft.document,
        label=draft.label,
        sketch=sketch,
    )
