"""What expressions refer to: nodes that come earlier, declared inputs and secrets, words that exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runner.results import Severity, Status, Verdict
from runner.scope import NODE_WORDS, RUN_WORDS, SCOPE_WORDS
from runner.spec import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.definition.config import Path
    from runner.definition.draft import Draft
    from runner.definition.graph import Graph
    from runner.definition.model import Step
    from runner.definition.rules import Names
    from runner.expressions import Comparison, Expression, Reference, TextTemplate

_DECLARED: Final = {"inputs": "input", "secrets": "secret", "env": "environment variable"}
_WORDS: Final = {"verdict": Verdict, "status": Status, "severity": Severity}


@dataclass(frozen=True, slots=True)
class Use:
    """An expression where it stands."""

    code: Expression | TextTemplate
    path: Path
    sees: frozenset[str]
    """The nodes that have run when it is evaluated."""
    own: frozenset[str]
    """Names that the node gives beside the scope's."""


def check_references(draft: Draft, names: Names, graph: Graph, steps: Sequence[Step | None]) -> None:
    """Note every reference that cannot be followed, and every comparison with a word that is not there."""
    unnamed = {step.id: _unnamed_checks(step) for step in steps if step is not None}
    for at, step in enumerate(steps):
        if step is None:
            continue
        for use in _uses(step, ("nodes", at), graph):
            for reference in use.code.references:
                _check_reference(draft, names, use, reference)
                _check_name_is_given(draft, unnamed, use, reference)
            for comparison in use.code.comparisons:
                _check_comparison(draft, names, use, comparison)
        for node in _read_nodes(step):
            _check_node(draft, names, (*step.config.path, "source_node"), node, graph.before(step.id))


def _uses(step: Step, path: Path, graph: Graph) -> Iterator[Use]:
    before, nothing = graph.before(step.id), frozenset[str]()
    if step.when is not None:
        yield Use(step.when, (*path, "when"), before, nothing)
    if step.skip_if is not None:
        yield Use(step.skip_if, (*path, "skip_if_condition"), before, nothing)
    for place, way in enumerate(step.ways):
        if way.when is not None:
            yield Use(way.when, (*path, "next", place, "when"), before | {step.id}, nothing)
    for below, template in step.config.templates.items():
        yield Use(template, (*step.config.path, *below), before, nothing)
    for below, template in step.config.blocks.items():
        yield Use(template, (*step.config.path, *below), before, step.config.cls.own_names)


def _read_nodes(step: Step) -> tuple[str, ...]:
    """Return the nodes that a step reads by name in its `config`."""
    reads = getattr(step.config.sketch, "reads", None)
    return tuple(reads()) if reads else ()


def _unnamed_checks(step: Step) -> frozenset[str]:
    """Return the names that a step's checks have by default."""
    names = getattr(step.config.sketch, "default_names", None)
    return frozenset(names()) if names else frozenset()


def _check_reference(draft: Draft, names: Names, use: Use, reference: Reference) -> None:
    root, *rest = reference.path
    if root in use.own:
        return
    if root in _DECLARED:
        _check_declared(draft, names, use, reference)
    elif root == "run":
        _check_word(draft, use.path, "run", rest, RUN_WORDS)
    elif root == "nodes":
        if rest and _check_node(draft, names, use.path, str(rest[0]), use.sees):
            _check_word(draft, use.path, str(rest[0]), rest[1:], NODE_WORDS)
    elif root not in SCOPE_WORDS and _check_node(draft, names, use.path, str(root), use.sees, own=use.own):
        _check_word(draft, use.path, str(root), rest, NODE_WORDS)


def _check_declared(draft: Draft, names: Names, use: Use, reference: Reference) -> None:
    root, *rest = reference.path
    known = {"inputs": names.inputs, "secrets": names.secrets, "env": names.env}[str(root)]
    if not rest or rest[0] in known:
        return
    hint = did_you_mean(str(rest[0]), known) if known else f"declare it: {root}: [{rest[0]}]"
    draft.say("E307", use.path, f"{_DECLARED[str(root)]} {rest[0]} is not declared", hint)


def _check_word(draft: Draft, path: Path, owner: str, rest: Sequence[str | int], known: Sequence[str]) -> None:
    if rest and rest[0] not in known:
        draft.say("E402", path, f"{owner}.{rest[0]} does not exist", did_you_mean(str(rest[0]), list(known)))


def _check_node(
    draft: Draft, names: Names, path: Path, node: str, sees: frozenset[str], own: frozenset[str] = frozenset()
) -> bool:
    if node in sees:
        return True
    if node in names.ids:
        sentence = f'"{node}" has not run yet when this is read'
        draft.say("E306", path, sentence, "refer to a node that comes earlier")
    else:
        known = [*SCOPE_WORDS, *names.ids, *sorted(own)]
        draft.say("E402", path, f'"{node}" does not exist', did_you_mean(node, known))
    return False


def _check_name_is_given(draft: Draft, unnamed: dict[str, frozenset[str]], use: Use, reference: Reference) -> None:
    path = reference.path[1:] if reference.path[0] == "nodes" else reference.path
    match path:
        case (node, "output", "results", check, *_) if check in unnamed.get(str(node), ()):
            sentence = f'the check "{check}" has this name only by default'
            draft.say("W503", use.path, sentence, "give the check a name:, so that the reference holds")


def _check_comparison(draft: Draft, names: Names, use: Use, comparison: Comparison) -> None:
    path, word = comparison.path, comparison.word
    of_node = path[0] in names.ids or path[0] == "nodes"
    words = _WORDS.get(str(path[-1]))
    if not of_node or words is None or (path[-1] == "status" and "output" in path):
        return
    if not isinstance(word, str) or word not in list(words):
        hint = did_you_mean(str(word), list(words))
        draft.say("E403", use.path, f'no {path[-1]} is "{word}"', hint)
