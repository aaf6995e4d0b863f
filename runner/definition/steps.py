"""The nodes of a definition: from what is written to steps with everything compiled."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Final

from runner.definition.config import Config, marked, read_node, templates_in
from runner.definition.entries import END, Defaults, DefinitionEntry, NodeEntry, Retry
from runner.definition.legacy import drop_unread_config
from runner.definition.model import Step, Way
from runner.nodes import NODES
from runner.scope import SCOPE_WORDS
from runner.spec import Block, Invalid, described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.definition.config import Path
    from runner.definition.draft import Draft
    from runner.scope import Node

MAX_NODES: Final = 1_000
_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KEYWORDS: Final = frozenset({*keyword.kwlist, "true", "false", "none", END, "loop", "self", "range"})


def read_steps(draft: Draft, nodes: Sequence[object], entry: DefinitionEntry | None) -> list[Step | None]:
    """Read every node; None stands for one that is wrong."""
    if len(nodes) > MAX_NODES:
        draft.say(
            "E104", ("nodes",), f"{len(nodes)} nodes are more than a definition may have", f"at most {MAX_NODES:,}"
        )
        return []
    defaults = entry.defaults if entry else Defaults()
    linked = any(isinstance(node, dict) and "next" in node for node in nodes)
    ids = [node.get("id") if isinstance(node, dict) else None for node in nodes]
    return [
        _read_step(draft, node, ("nodes", place), defaults, [] if linked else ids[place + 1 : place + 2])
        for place, node in enumerate(nodes)
    ]


def _read_step(draft: Draft, node: object, path: Path, defaults: Defaults, following: Sequence[object]) -> Step | None:
    entry = draft.read(NodeEntry, node, path)
    cls = _node_class(draft, node, path)
    config = _read_config(draft, node, cls, path) if cls is not None else None
    if entry is None:
        return None
    _check_id(draft, entry.id, path)
    ways = _ways(draft, entry, node, path) or tuple(Way(to=to) for to in following if isinstance(to, str))
    when = draft.expression(entry.when, (*path, "when"))
    skip_if = draft.expression(entry.skip_if_condition, (*path, "skip_if_condition"))
    if cls is None or config is None:
        return None
    return Step(
        id=entry.id,
        type=entry.type,
        config=config,
        ways=ways,
        when=when,
        skip_if_errors=entry.skip_if_errors,
        skip_if=skip_if,
        required=entry.required,
        always=entry.always,
        timeout=_first(entry.timeout, entry.timeout_seconds, defaults.timeout, defaults.timeout_seconds) or cls.timeout,
        retry=entry.retry or Retry(max_retries=defaults.max_retries),
        judges=cls.judges,
        place=draft.document.place(path),
    )


def _first(*limits: float | None) -> float | None:
    return next((limit for limit in limits if limit is not None), None)


def _ways(draft: Draft, entry: NodeEntry, node: object, path: Path) -> tuple[Way, ...]:
    return tuple(
        Way(to=branch.to, when=draft.expression(branch.when, _branch_path(node, path, place)))
        for place, branch in enumerate(entry.next or ())
    )


def _branch_path(node: object, path: Path, place: int) -> Path:
    """Where the condition of a branch stands."""
    listed = isinstance(node, dict) and isinstance(node.get("next"), list)
    return (*path, "next", place, "when") if listed else (*path, "next")


def _node_class(draft: Draft, node: object, path: Path) -> type[Node] | None:
    """Return the class that a node's `type` names; None (and a diagnostic, unless reading the entry gives one)."""
    kind = node.get("type") if isinstance(node, dict) else None
    if not isinstance(kind, str):
        return None
    try:
        return NODES.load(kind)
    except Invalid as error:
        draft.say(error.code, (*path, "type"), error.sentence, error.hint)
        return None


def _check_id(draft: Draft, node: str, path: Path) -> None:
    at = (*path, "id")
    if not _ID.fullmatch(node):
        draft.say(
            "E302", at, f"{described(node)} cannot be an id", "use letters, digits and _, not starting with a digit"
        )
    elif node in SCOPE_WORDS or node in _KEYWORDS:
        draft.say("E302", at, f'"{node}" is a word of the language and cannot be an id', f'call it "{node}_node"')
    elif "-" in node:
        draft.say("W505", at, f'"{node}" cannot be written as a name in expressions', f'write nodes["{node}"] there')


def _read_config(draft: Draft, node: object, cls: type[Node], path: Path) -> Config | None:
    """Read a node's `config`, compile its templates, and note what is wrong with either."""
    raw = node.get("config", {}) if isinstance(node, dict) else {}
    if not isinstance(raw, dict):
        return None
    at = (*path, "config")
    tree = marked(drop_unread_config(draft, raw, at))
    sketch, found = read_node(cls, tree)
    for code, below, sentence, hint in found:
        draft.say(code, (*at, *below), sentence, hint)
    texts = list(templates_in(tree))
    compiled = {below: draft.template(text, (*at, *below), blocks=isinstance(text, Block)) for below, text in texts}
    if found or None in compiled.values():
        return None
    whole = {below: template for below, template in compiled.items() if template is not None}
    blocks = {below for below, text in texts if isinstance(text, Block)}
    return Config(
        cls=cls,
        tree=tree,
        templates={below: template for below, template in whole.items() if below not in blocks},
        blocks={below: template for below, template in whole.items() if below in blocks},
        path=at,
        document=draft.document,
        label=draft.label,
        sketch=sketch,
    )
