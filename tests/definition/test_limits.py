"""How large a definition may be; and whatever it holds, it is loaded or refused."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.errors import DefinitionError
from tests.definition.reading import loaded, nodes, refused


def chain(count: int) -> str:
    """A definition of so many nodes, each of which leads to the next one and reads the first."""
    lines = [f"{{id: n{at}, type: transform, when: n0.has_errors, next: n{at + 1}}}" for at in range(1, count - 1)]
    last = f"{{id: n{count - 1}, type: transform, when: n{count - 2}.has_errors}}"
    return nodes("{id: n0, type: transform, next: n1}", *lines, last)


def test_a_thousand_nodes_are_fine_in_little_time_and_memory() -> None:
    text = chain(1000)
    started = time.perf_counter()
    tracemalloc.start()
    definition = loaded(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(definition.steps) == 1000
    assert time.perf_counter() - started < 10
    assert peak < 16 * 1024 * 1024


def test_one_node_more_is_refused_and_nothing_else_is_said() -> None:
    assert refused(chain(1001)) == [
        "f.yaml:3:3 E104 nodes: 1,001 nodes are more than a definition may have — at most 1,000"
    ]


def test_a_thousand_ways_that_lead_nowhere_are_said_in_little_time() -> None:
    lines = [f"{{id: node_number_{at}, type: transform, next: mode_nimber_{at}x}}" for at in range(1000)]
    started = time.process_time()
    said = refused(nodes(*lines))
    assert time.process_time() - started < 20
    assert [one.split()[1] for one in said] == ["E303"] * 1000
    assert said[0].endswith('next names "mode_nimber_0x", and there is no such node — did you mean "node_number_0"?')


def test_a_thousand_nodes_that_all_lead_in_circles_are_said_in_little_time() -> None:
    every = ", ".join(f"{{when: payload.x, to: n{at}}}" for at in range(30))
    lines = [f"{{id: n{at}, type: transform, next: [{every}, {{to: n{(at + 1) % 1000}}}]}}" for at in range(1000)]
    started = time.perf_counter()
    said = refused(nodes(*lines))
    assert 1 <= len([one for one in said if " E304 " in one]) <= 1000
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize(("levels", "fine"), [(60, True), (61, False)])
def test_values_nest_only_so_deep(levels: int, fine: bool) -> None:
    deep = "[" * levels + "]" * levels
    text = f'{{"version": 1, "nodes": [{{"id": "a", "type": "transform", "config": {{"default": {deep}}}}}]}}'
    if fine:
        assert loaded(text, "f.json").steps
    else:
        assert refused(text, "f.json") == [
            f"f.json:1:{text.index('[[') + 61} E104 nested deeper than 64 levels — a definition is flatter than that"
        ]


def test_a_file_of_more_than_a_mebibyte_is_refused() -> None:
    text = f"# {'x' * 1024 * 1024}\n" + nodes("{id: a, type: transform}")
    assert refused(text) == [
        f"f.yaml:1:1 E101 the file has {len(text):,} bytes — a definition has at most 1,048,576 (1 MiB)"
    ]


# --- anything at all ---------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *(
            "version",
            "nodes",
            "name",
            "timeout",
            "inputs",
            "secrets",
            "env",
            "defaults",
            "id",
            "type",
            "config",
            "next",
        ),
        *("when", "required", "always", "retry", "skip_if_errors", "skip_if_condition", "max_retries", "to", "checks"),
        *(
            "driver",
            "drivers",
            "channels",
            "provider",
            "provider_config",
            "url",
            "warning",
            "critical",
            "above",
            "name",
        ),
        *("title", "template", "extract", "mapping", "source_node", "confirm", "expect", "default", "options", "env"),
    ]
)
TEXTS = st.sampled_from(
    [
        *("1.0", "a", "b", "end", "ingest", "context", "transform", "notify", "intelligence", "disk", "http", "log"),
        *("slack", "local", "{{ a.output }}", "{{ inputs.x }}", "{{", "${{ x }}", "a.verdict == 'bad'", "5s", "80%"),
        *("{% if %}", "string", "choice", "https://a.example", "\u2028", "\x00", "é", "nodes['a-b'].x", ""),
    ]
)
SCALARS = TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=6),
    max_leaves=30,
)
NODES = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a", "b", "c", "a-b", "nodes"]) | TREES,
        "type": st.sampled_from(["ingest", "context", "intelligence", "transform", "notify", "x"]) | TREES,
        "config": st.dictionaries(WORDS, TREES, max_size=4) | TREES,
        "next": st.sampled_from(["a", "b", "end"]) | TREES,
        "when": TEXTS | TREES,
        "retry": TREES,
        "skip_if_errors": st.lists(TEXTS, max_size=3) | TREES,
    },
)
DEFINITIONS = st.fixed_dictionaries(
    {},
    optional={
        "version": st.sampled_from(["1.0", 1]) | TREES,
        "nodes": st.lists(NODES | TREES, max_size=5) | TREES,
        "inputs": st.dictionaries(st.sampled_from(["x", "y"]), TREES, max_size=2) | TREES,
        "secrets": st.lists(TEXTS, max_size=3) | TREES,
        "env": st.lists(TEXTS, max_size=3) | TREES,
        "defaults": TREES,
        "timeout": TREES,
    },
)


def read(tree: object, name: str) -> tuple[str, DefinitionError | None]:
    """Load a tree that is written as JSON, which YAML is, too; return the text and what was said."""
    text = json.dumps(tree, ensure_ascii=name.endswith(".json"))
    try:
        loaded(text, name)
    except DefinitionError as error:
        return text, error
    return text, None


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(tree=DEFINITIONS | TREES, name=st.sampled_from(["f.yaml", "f.json"]))
def test_whatever_a_file_holds_it_is_loaded_or_refused_with_places_inside_it(tree: object, name: str) -> None:
    text, error = read(tree, name)
    diagnostics = error.diagnostics if error else ()
    assert error is None or any(one.severity == "error" for one in diagnostics)
    for one in diagnostics:
        lines = text.split("\n")
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1
        assert "\n" not in str(one)
