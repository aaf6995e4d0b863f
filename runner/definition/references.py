"""What expressions refer to: nodes that come earlier, declared inputs and secrets, words that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.definition.names import DECLARED
from runner.definition.repeating import FOR_EACH, ITEM
from runner.results import Severity, Status, Verdict
from runner.scope import NODE_WORDS, RUN_WORDS, SCOPE_WORDS
from runner.spec import described, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.definition.config import Path
    from runner.definition.draft import Draft
    from runner.definition.graph import Graph
    from runner.definition.names import Names
    from runner.definition.parts import Part, Use
    from runner.expressions import Comparison

_CALLED: Final = {"inputs": "input", "secrets": "secret", "env": "environment variable"}
_DECLARING: Final = {"inputs": "inputs: {{{}: {{}}}}", "secrets": "secrets: [{}]", "env": "env: [{}]"}
_ALERT_STATUS: Final = ("firing", "acknowledged", "resolved")
_WORDS: Final[Mapping[tuple[str, ...], Iterable[str]]] = {
    ("verdict",): Verdict,
    ("status",): Status,
    ("findings", "*", "verdict"): Verdict,
    ("output", "severity"): Severity,
    ("output", "status"): _ALERT_STATUS,
    ("output", "alerts", "*", "severity"): Severity,
    ("output", "alerts", "*", "status"): _ALERT_STATUS,
    ("output", "results", "*", "verdict"): Verdict,
    ("output", "results", "*", "status"): Verdict,
}
"""The words that can stand in a node's result, by where they stand there; elsewhere a payload has its own."""


class References:
    """Holds what expressions refer to against what there is where they stand."""

    def __init__(self, draft: Draft, names: Names, graph: Graph, parts: Sequence[Part]) -> None:
        self._draft = draft
        self._names = names
        self._graph = graph
        self._parts = parts
        self._unnamed = {part.id: _unnamed_checks(part) for part in parts}

    def check(self) -> None:
        """Note every reference that cannot be followed, and every comparison with a word that is not there."""
        for at, part in enumerate(self._parts):
            for use in part.uses():
                self._check_use(use, self._passed(at, itself=use.after))
            for place, node in enumerate(part.entry.skip_if_errors):
                self._find(part.at("skip_if_errors", place), node, self._passed(at))
            for node in _read_nodes(part):
                self._find(part.at("config", "source_node"), node, self._passed(at))
            for at_key, path in _read_paths(part):
                self._check_name_is_given(part.at("config", *at_key), path)

    def _passed(self, at: int, *, itself: bool = False) -> int:
        """Return the nodes that have run when one is come to, a bit each; any may have where no way leads to it yet."""
        if at not in self._graph.reached:
            return ~(self._graph.later[at] | (not itself) << at)
        return self._graph.earlier[at] | itself << at

    def _check_use(self, use: Use, passed: int) -> None:
        for reference in use.code.references:
            if reference.path[0] in use.own:
                self._check_name_is_given(use.path, _meant(use, reference.path))
            else:
                self._check_reference(use, reference.path, passed)
        for comparison in use.code.comparisons:
            self._check_comparison(use, comparison)

    def _check_reference(self, use: Use, path: Path, passed: int) -> None:
        root, *below = path
        if root in DECLARED:
            self._check_declared(use.path, str(root), below)
        elif root == "run":
            self._check_word(use.path, "run", below, RUN_WORDS)
        elif (found := _in_node(path)) is not None:
            node, inside = found
            if root == node and node not in self._names.nodes:
                self._deny(use, str(node), passed)
            elif self._find(use.path, node, passed):
                self._check_word(use.path, str(node), inside, NODE_WORDS)
                self._check_name_is_given(use.path, path)

    def _check_declared(self, path: Path, kind: str, below: Sequence[str | int]) -> None:
        known = self._names.declared[kind]
        if not below or below[0] in known or (kind == "secrets" and below[0] in self._names.lent):
            return
        name = str(below[0])
        close = nearest(name, list(known))
        hint = f'did you mean "{close}"?' if close else f"declare it: {_DECLARING[kind].format(name)}"
        self._draft.say("E307", path, f"{_CALLED[kind]} {name} is not declared", hint)

    def _check_word(self, path: Path, owner: str, below: Sequence[str | int], known: tuple[str, ...]) -> None:
        if below and below[0] not in known:
            word = str(below[0])
            inside = "output" in known and not nearest(word, known)
            hint = f"what a node has found stands in {owner}.output" if inside else did_you_mean(word, known)
            self._draft.say("E402", path, f"{owner}.{below[0]} does not exist", hint)

    def _deny(self, use: Use, name: str, passed: int) -> None:
        """Note a name that nothing has."""
        hyphened = next((node for node in self._names.nodes if "-" in node and name in node.split("-")), "")
        known = [*SCOPE_WORDS, *self._seen(passed), *sorted(use.own)]
        hint = f'for the node, write nodes["{hyphened}"]' if hyphened else did_you_mean(name, known)
        if any(name == str(word) for words in _WORDS.values() for word in words):
            hint = f'put it in quotes: "{name}"'
        if name == ITEM:
            hint = f"it is read beside the {FOR_EACH} that it is an item of"
        self._draft.say("E402", use.path, f'"{name}" does not exist', hint)

    def _find(self, path: Path, node: str | int, passed: int) -> bool:
        """Say whether a node has run when it is read, and note where it has not."""
        place = self._names.nodes.get(str(node))
        if place is None:
            seen = self._seen(passed)
            hint = did_you_mean(str(node), seen) if seen else "no node comes before this one"
            self._draft.say("E306", path, f"there is no node {described(node)}", hint)
        elif not passed >> place & 1:
            sentence = f'"{node}" has not run yet when this is read'
            self._draft.say("E306", path, sentence, "refer to a node that comes earlier")
        return place is not None and bool(passed >> place & 1)

    def _seen(self, passed: int) -> list[str]:
        return [node for node, place in self._names.nodes.items() if passed >> place & 1]

    def _check_name_is_given(self, place: Path, path: Path) -> None:
        match _in_node(path):
            case (str(node), ("output", "results", str(check), *_)) if check in self._unnamed.get(node, ()):
                sentence = f'the check "{check}" has this name only by default'
                self._draft.say("W503", place, sentence, "give the check a name:, so that the reference holds")

    def _check_comparison(self, use: Use, comparison: Comparison) -> None:
        path, word = _meant(use, comparison.path), comparison.word
        # What `incident` knows, it knows from an ingest node's output.
        found = ("", ("output", *path[1:])) if path[:1] == ("incident",) else _in_node(path)
        words = _words(found[1]) if found else []
        if words and word not in words:
            self._draft.say("E403", use.path, f"no {path[-1]} is {described(word)}", did_you_mean(str(word), words))


def _meant(use: Use, path: Path) -> Path:
    """Spell a path out that begins with a name of the node's own; nothing where that stands for none of a node's."""
    if path[0] not in use.own:
        return path
    meaning = use.own[str(path[0])]
    return (*meaning, *path[1:]) if meaning else ()


def _in_node(path: Path) -> tuple[str | int, Path] | None:
    """Return the node that a reference reads, and the path below it; None where it reads none."""
    if path[:1] == ("nodes",):
        return (path[1], path[2:]) if len(path) > 1 else None
    return None if not path or path[0] in SCOPE_WORDS else (path[0], path[1:])


def _words(inside: Path) -> list[str]:
    """Return the words that can stand at a place in a node's result; none where anything can."""
    for pattern, words in _WORDS.items():
        if len(pattern) == len(inside) and all(a in {"*", b} for a, b in zip(pattern, inside, strict=True)):
            return list(words)
    return []


def _read_nodes(part: Part) -> tuple[str, ...]:
    """Return the nodes that a part reads by name in its `config`."""
    reads = getattr(part.config and part.config.sketch, "reads", None)
    return tuple(reads()) if reads else ()


def _read_paths(part: Part) -> Iterable[tuple[Path, Path]]:
    """Return what a part reads of other nodes by paths of its own: the place in `config`, and the path spelled out."""
    paths = getattr(part.config and part.config.sketch, "paths", None)
    return paths() if paths else ()


def _unnamed_checks(part: Part) -> frozenset[str]:
    """Return the names that a part's checks have by default."""
    names = getattr(part.config and part.config.sketch, "default_names", None)
    return frozenset(names()) if names else frozenset()
