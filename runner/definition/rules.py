"""What no node can know by itself: ids, ways, declared names, and whether anybody is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from runner.definition.entries import END
from runner.definition.graph import Graph
from runner.definition.references import check_references
from runner.results import Verdict
from runner.spec import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.definition.draft import Draft
    from runner.definition.model import Step

_GUARDED: Final = ("PIPELINE_", "ACTIONS_", "INPUT_")
"""The runner's own configuration and the CI system's tokens: a definition cannot grant itself these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a definition declares, as far as it can be read."""

    nodes: tuple[tuple[int, str], ...]
    """Places and ids, in the order of the list; duplicates included."""
    inputs: tuple[str, ...]
    secrets: tuple[str, ...]
    env: tuple[str, ...]
    granted: frozenset[str] = frozenset()
    """Guarded names that whoever runs it allows."""

    @classmethod
    def of(cls, tree: Mapping[str, Any], granted: frozenset[str]) -> Names:
        """Collect the names of a definition, sound or not."""
        nodes = tree.get("nodes")
        listed = enumerate(nodes if isinstance(nodes, list) else [])
        return cls(
            nodes=tuple((at, node["id"]) for at, node in listed if isinstance(node, dict) and _is_text(node.get("id"))),
            inputs=_texts(tree.get("inputs")),
            secrets=_texts(tree.get("secrets")),
            env=_texts(tree.get("env")),
            granted=granted,
        )

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all nodes."""
        return tuple(node for _, node in self.nodes)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(_is_text, value)) if isinstance(value, list | dict) else ()


def check(draft: Draft, names: Names, steps: Sequence[Step | None]) -> None:
    """Note everything that is wrong between the parts of a definition."""
    sound = [step for step in steps if step is not None]
    unique = _check_ids(draft, names)
    _check_guarded(draft, names)
    _check_ways(draft, names, steps)
    if not unique:
        return
    graph = Graph.of(sound)
    if len(sound) == len(steps):
        _check_graph(draft, names, graph)
    check_references(draft, names, graph, steps)
    _check_someone_is_told(draft, steps)
    _check_resolve_is_told(draft, steps)


def _placed(steps: Sequence[Step | None]) -> Iterator[tuple[int, Step]]:
    return ((at, step) for at, step in enumerate(steps) if step is not None)


def _check_ids(draft: Draft, names: Names) -> bool:
    seen: dict[str, int] = {}
    for at, node in names.nodes:
        if node in seen:
            line = draft.document.place(("nodes", seen[node], "id")).line
            draft.say("E301", ("nodes", at, "id"), f'duplicate id "{node}"', f"line {line} has it too: ids are unique")
        seen.setdefault(node, at)
    return len(seen) == len(names.nodes)


def _check_guarded(draft: Draft, names: Names) -> None:
    for kind, found in (("secrets", names.secrets), ("env", names.env)):
        for at, name in enumerate(found):
            if (name.startswith(_GUARDED) or name == "GITHUB_TOKEN") and name not in names.granted:
                path = (kind, name) if isinstance(draft.value(kind), dict) else (kind, at)
                hint = f"whoever runs it can allow it: PIPELINE_ALLOW_SECRETS={name}"
                draft.say("E308", path, f"a definition cannot grant itself {name}", hint)


def _check_ways(draft: Draft, names: Names, steps: Sequence[Step | None]) -> None:
    for at, step in _placed(steps):
        for place, way in enumerate(step.ways):
            if way.to != END and way.to not in names.ids:
                listed = isinstance(draft.value("nodes", at, "next"), list)
                path = ("nodes", at, "next", *((place, "to") if listed else ()))
                hint = did_you_mean(way.to, [*names.ids, END])
                draft.say("E303", path, f'next names "{way.to}", and there is no such node', hint)
        for place, node in enumerate(step.skip_if_errors):
            if node not in names.ids:
                path = ("nodes", at, "skip_if_errors", place)
                draft.say("E306", path, f'there is no node "{node}"', did_you_mean(node, names.ids))


def _check_graph(draft: Draft, names: Names, graph: Graph) -> None:
    if cycle := graph.cycle():
        at = names.ids.index(cycle[0])
        hint = "a run goes on to its end: let one of them lead elsewhere"
        draft.say("E304", ("nodes", at, "next"), f"next leads in a circle: {' → '.join(cycle)}", hint)
        return
    reached = graph.reached()
    for at, node in names.nodes:
        if node not in reached:
            hint = "let the next of another node name it, or remove it"
            draft.say("E305", ("nodes", at), f'no way leads to "{node}"', hint)


def _check_someone_is_told(draft: Draft, steps: Sequence[Step | None]) -> None:
    """Where messages are sent at all, a failed run should be one of them."""
    tellers = [(at, step) for at, step in _placed(steps) if step.config.cls.tells]
    others = [step for _, step in _placed(steps) if step.required and not step.config.cls.tells]
    if tellers and others and not any(step.always for _, step in tellers):
        sentence = f'"{others[0].id}" is required and can fail, and then nobody is told'
        draft.say("W501", ("nodes", tellers[-1][0]), sentence, "add always: true to this node")


def _check_resolve_is_told(draft: Draft, steps: Sequence[Step | None]) -> None:
    """Warn of a condition that holds only while something is bad: it holds back the message that it is over."""
    for at, step in _placed(steps):
        if not step.config.cls.tells or step.when is None:
            continue
        if any(_only_while_bad(one.path, one.operator, one.word) for one in step.when.comparisons):
            hint = "leave it out: send: changes says what became bad and what is over"
            draft.say("W502", ("nodes", at, "when"), "this holds back the message that it is over", hint)


def _only_while_bad(path: tuple[str | int, ...], operator: str, word: object) -> bool:
    if path[-1] == "status" and "output" in path:
        return (operator, word) in {("==", "firing"), ("!=", "resolved")}
    if path[-1] != "verdict" or not isinstance(word, str) or word not in list(Verdict):
        return False
    rank = Verdict(word).rank
    return {"==": rank > 0, "!=": rank == 0, ">": True, ">=": rank > 0, "in": rank > 0}.get(operator, False)
