"""What must hold between the nodes of a definition: ids, ways, guarded names, and that people are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.definition.grants import Grants
from runner.errors import DefinitionError
from tests.definition.reading import HEAD, loaded, nodes, refused, warned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended

A = "{id: a, type: transform}"
B = "{id: b, type: transform}"

# --- ids ---------------------------------------------------------------------------------------------


def test_each_id_that_is_there_already_is_said() -> None:
    assert refused(nodes(A, A, B, A)) == [
        'f.yaml:4:10 E301 nodes[1].id: duplicate id "a" — line 3 has it too: ids are unique',
        'f.yaml:6:10 E301 nodes[3].id: duplicate id "a" — line 3 has it too: ids are unique',
    ]


@pytest.mark.parametrize("word", ["payload", "inputs", "secrets", "env", "run", "incident", "nodes"])
def test_a_word_of_the_scope_is_no_id(word: str) -> None:
    assert refused(nodes(f"{{id: {word}, type: transform}}")) == [
        f'f.yaml:3:10 E302 nodes[0].id: "{word}" is a word of the language and cannot be an id — call it "{word}_node"'
    ]


@pytest.mark.parametrize("word", ["if", "not", "None", "true", "none", "end", "loop"])
def test_a_keyword_is_no_id(word: str) -> None:
    assert refused(nodes(f"{{id: '{word}', type: transform}}")) == [
        f'f.yaml:3:10 E302 nodes[0].id: "{word}" is a word of the language and cannot be an id — call it "{word}_node"'
    ]


@pytest.mark.parametrize("text", ["1a", "a b", "-a", "é", "a.b", ""])
def test_what_cannot_be_written_in_an_expression_is_no_id(text: str) -> None:
    assert refused(nodes(f"{{id: '{text}', type: transform}}")) == [
        f'f.yaml:3:10 E302 nodes[0].id: "{text}" cannot be an id — use letters, digits and _, not starting with a digit'
    ]


def test_an_id_with_a_hyphen_is_a_warning_that_says_how_to_write_it() -> None:
    assert warned(
        nodes("{id: a-b, type: transform}", "{id: c, type: transform, when: 'nodes[\"a-b\"].has_errors'}")
    ) == ['f.yaml:3:10 W505 nodes[0].id: "a-b" cannot be written as a name in expressions — write nodes["a-b"] there']


# --- ways --------------------------------------------------------------------------------------------


def test_a_next_that_names_no_node_is_said_with_the_nearest_id() -> None:
    tell = "{id: tell, type: transform}"
    assert refused(nodes("{id: a, type: transform, next: tel}", tell)) == [
        'f.yaml:3:36 E303 nodes[0].next: next names "tel", and there is no such node — did you mean "tell"?'
    ]
    assert refused(nodes("{id: a, type: transform, next: [{when: true, to: End}, {to: zz}]}", tell)) == [
        'f.yaml:3:54 E303 nodes[0].next[0].to: next names "End", and there is no such node — did you mean "end"?',
        'f.yaml:3:65 E303 nodes[0].next[1].to: next names "zz", and there is no such node — known: a, tell, end',
    ]


CIRCLE = "a run goes on to its end: let one of them lead elsewhere"


def linked(**ways: str) -> str:
    """A definition of transform nodes, each with its `next`; where that is empty it has none."""
    return nodes(*(f"{{id: {name}, type: transform{f', next: {to}' if to else ''}}}" for name, to in ways.items()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(linked(a="a"), ["3:36 E304 nodes[0].next: next leads in a circle: a → a"], id="itself"),
        pytest.param(
            linked(a="b", b="c", c="d", d="b"),
            ["4:36 E304 nodes[1].next: next leads in a circle: b → c → d → b"],
            id="all ids of it",
        ),
        pytest.param(
            linked(a="[{when: payload.x, to: b}, {to: c}]", b="a", c="d", d="c"),
            [
                "3:36 E304 nodes[0].next: next leads in a circle: a → b → a",
                "5:36 E304 nodes[2].next: next leads in a circle: c → d → c",
            ],
            id="two",
        ),
        pytest.param(
            linked(a="b", b="c", c="[{when: payload.x, to: b}, {to: a}]"),
            ["4:36 E304 nodes[1].next: next leads in a circle: b → c → b"],
            id="one of two that share nodes",
        ),
    ],
)
def test_a_circle_is_said_with_all_its_ids(text: str, said: list[str]) -> None:
    assert refused(text) == [f"f.yaml:{one} — {CIRCLE}" for one in said]


def test_nodes_that_no_way_leads_to_are_said() -> None:
    hint = "let the next of another node name it, or remove it"
    assert refused(linked(a="d", b="c", c="", d="end")) == [
        f'f.yaml:4:5 E305 nodes[1]: no way leads to "b" — {hint}',
        f'f.yaml:5:5 E305 nodes[2]: no way leads to "c" — {hint}',
    ]


def test_a_circle_that_no_way_leads_to_is_both() -> None:
    assert [one.split()[1] for one in refused(linked(a="end", b="c", c="b"))] == ["E305", "E304", "E305"]


BRANCH = "[{when: payload.x, to: %s}, {to: %s}]"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(linked(a="bb", b="c", c=""), id="its hint names the first of them"),
        pytest.param(linked(a="gone", b="c", c=""), id="it may lead to any node"),
        pytest.param(linked(a="gone", b="", c="b"), id="whatever their order"),
        pytest.param(linked(a="b", b="gone", c=""), id="it is not the first"),
        pytest.param(linked(a=BRANCH % ("gone", "lost"), b="", c=""), id="two ways for two nodes"),
        pytest.param(linked(a="gone", b="lost", c=""), id="one after the other"),
        pytest.param(linked(start="check", check="checkk", tell=""), id="its hint would lead back"),
        pytest.param(linked(a="gone", b="c", c="b"), id="a circle behind it"),
    ],
)
def test_a_way_that_leads_nowhere_is_not_blamed_on_the_nodes_behind_it(text: str) -> None:
    assert {one.split()[1] for one in refused(text)} - {"E304"} == {"E303"}


def test_a_branch_that_cannot_be_read_is_not_blamed_on_the_nodes_behind_it() -> None:
    text = linked(a="[{to: 3}, {to: b}]", b="", c="", d="")
    assert [one.split()[1] for one in refused(text)] == ["E202"]


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        pytest.param(linked(probe="analyse", analyze="tell", tell="", old="tell"), ["old"], id="beside its hint"),
        pytest.param(linked(probe=BRANCH % ("tell", "ende"), tell="", old=""), ["old"], id="its hint is the end"),
        pytest.param(linked(probe="tell", tell="", old="gone", older=""), ["old", "older"], id="it is not reached"),
    ],
)
def test_nodes_that_no_way_leads_to_are_said_beside_a_way_that_leads_nowhere(text: str, lost: list[str]) -> None:
    said = refused(text)
    assert [one.split()[1] for one in said].count("E303") == 1
    assert [one.partition(": ")[2] for one in said if " E305 " in one] == [
        f'no way leads to "{node}" — let the next of another node name it, or remove it' for node in lost
    ]


def test_more_nodes_than_ways_that_lead_nowhere_are_said_together() -> None:
    assert refused(linked(a="gone", b="", c="d", d="")) == [
        'f.yaml:3:36 E303 nodes[0].next: next names "gone", and there is no such node — known: a, b, c, d, end',
        (
            'f.yaml:4:5 E305 nodes[1]: no way leads to "b", "c", and a corrected next can lead to 1 of them'
            " — let the next of another node name it, or remove it"
        ),
    ]


def test_nodes_without_an_id_are_not_said_to_be_beyond_every_way() -> None:
    other = "{type: transform}"
    said = refused(nodes("{id: a, type: transform, next: gone}", other, other))
    assert [one.split()[1] for one in said] == ["E303", "E201", "E201"]


def test_two_nodes_of_one_id_are_both_where_a_way_leads() -> None:
    assert [
        one.split()[1]
        for one in refused(nodes(f"{A[:-1]}, next: b}}", B, f"{B[:-1]}, next: c}}", "{id: c, type: transform}"))
    ] == ["E301"]


@pytest.mark.parametrize(
    "text",
    [
        linked(a="c", b="end", c="b"),
        linked(a="[{when: payload.x, to: b}, {to: c}]", b="d", c="d", d=""),
        linked(a="[{when: payload.x, to: end}, {to: b}]", b=""),
        nodes(A, "{id: b, type: transform, next: null}", "{id: c, type: transform}"),
    ],
    ids=["back in the list", "a diamond", "an end in between", "an empty next is none"],
)
def test_ways_that_all_lead_to_an_end_are_fine(text: str) -> None:
    assert warned(text) == []


# --- guarded names -----------------------------------------------------------------------------------

GUARDED = ["PIPELINE_DATABASE_URL", "PIPELINE_", "ACTIONS_RUNTIME_TOKEN", "INPUT_PAYLOAD", "GITHUB_TOKEN"]


def own(name: str) -> str:
    return f"a definition cannot grant itself {name} — whoever runs it can allow it: PIPELINE_ALLOW_SECRETS={name}"


@pytest.mark.parametrize("name", GUARDED)
def test_a_definition_grants_itself_no_guarded_name(name: str) -> None:
    assert refused(f"{HEAD}secrets: [A, {name}]\nnodes: [{A}]\n") == [f"f.yaml:2:14 E308 secrets[1]: {own(name)}"]
    assert refused(f"{HEAD}secrets: {{{name}: {{required: false}}}}\nnodes: [{A}]\n") == [
        f"f.yaml:2:{13 + len(name)} E308 secrets.{name}: {own(name)}"
    ]
    assert refused(f"{HEAD}env: [{name}]\nnodes: [{A}]\n") == [f"f.yaml:2:7 E308 env[0]: {own(name)}"]


@pytest.mark.parametrize("name", GUARDED)
def test_whoever_runs_it_can_allow_a_guarded_name(name: str) -> None:
    given = loaded(f"{HEAD}secrets: [{name}]\nenv: [{name}]\nnodes: [{A}]\n", grants=Grants(names=frozenset({name})))
    assert (list(given.secrets), given.env) == ([name], (name,))


def test_a_grant_is_for_one_name() -> None:
    text = f"{HEAD}secrets: [ACTIONS_A, ACTIONS_B]\nnodes: [{A}]\n"
    assert refused(text, grants=Grants(names=frozenset({"ACTIONS_A"}))) == [
        f"f.yaml:2:22 E308 secrets[1]: {own('ACTIONS_B')}"
    ]


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKENS", "MY_GITHUB_TOKEN", "PIPELINES", "pipeline_x", "GITHUB_SHA", "INPUTS"]
)
def test_names_that_only_look_guarded_are_free(name: str) -> None:
    assert list(loaded(f"{HEAD}secrets: [{name}]\nnodes: [{A}]\n").secrets) == [name]


def test_the_grant_comes_from_the_environment_of_whoever_runs_it(cli: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(f"{HEAD}secrets: [GITHUB_TOKEN]\nnodes: [{A}]\n", encoding="utf-8")
    assert cli("validate", "f.yaml").code == 3
    assert cli("validate", "f.yaml", env={"PIPELINE_ALLOW_SECRETS": "OTHER,GITHUB_TOKEN"}).code == 0


# --- telling -----------------------------------------------------------------------------------------

LOOK = "{id: look, type: context}"
UNTOLD = '"look" is required and can fail, and then nobody is told — add always: true to this node'


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param(
            [LOOK, "{id: tell, type: notify, config: {driver: log}}"], [f"4:5 W501 nodes[1]: {UNTOLD}"], id="not always"
        ),
        pytest.param(
            [LOOK, "{id: one, type: notify, config: {driver: log}}", "{id: two, type: notify, config: {driver: log}}"],
            [f"5:5 W501 nodes[2]: {UNTOLD}"],
            id="the last one should",
        ),
        pytest.param([LOOK, "{id: tell, type: notify, always: true, config: {driver: log}}"], [], id="always"),
        pytest.param(
            [
                LOOK,
                "{id: one, type: notify, always: true, config: {driver: log}}",
                "{id: two, type: notify, config: {driver: log}}",
            ],
            [],
            id="one of them always",
        ),
        pytest.param(
            ["{id: look, type: context, required: false}", "{id: tell, type: notify, config: {driver: log}}"],
            [],
            id="nothing is required",
        ),
        pytest.param([LOOK], [], id="nobody is ever told"),
        pytest.param(["{id: tell, type: notify, config: {driver: log}}"], [], id="nothing else"),
    ],
)
def test_a_failure_that_nobody_is_told_is_a_warning(lines: list[str], said: list[str]) -> None:
    assert warned(nodes(*lines)) == [f"f.yaml:{one}" for one in said]


HELD_BACK = [
    'look.verdict >= "warning"',
    'look.verdict > "ok"',
    '"ok" < look.verdict',
    'look.verdict != "ok"',
    'look.verdict == "critical"',
    'look.verdict in ["unknown", "critical"]',
    'not look.verdict == "ok"',
    'nodes.look.verdict > "ok"',
    "look.output.checks_failed > 0",
    'look.output.status == "firing"',
    'look.output.status != "resolved"',
    'look.output.alerts[0].status == "firing"',
    'incident.status == "firing"',
    'look.verdict > "ok" and not look.has_errors',
]
FINE = [
    'look.verdict == "ok"',
    'look.verdict >= "ok"',
    'look.verdict < "ok"',
    "look.has_errors",
    'look.verdict == "critical" or look.output.status == "resolved"',
    'look.output.severity == "critical"',
    'payload.environment == "production"',
    'run.environment == "production"',
    "true",
    "false",
]


def telling(when: str) -> str:
    return nodes(LOOK, f"{{id: tell, type: notify, always: true, when: '{when}', config: {{driver: log}}}}")


@pytest.mark.parametrize("when", HELD_BACK)
def test_a_when_that_holds_back_the_end_of_it_is_a_warning(when: str) -> None:
    assert warned(telling(when)) == [
        (
            "f.yaml:4:50 W502 nodes[1].when: this holds back the message that it is over"
            " — leave it out: send: changes says what became bad and what is over"
        )
    ]


@pytest.mark.parametrize("when", FINE)
def test_any_other_when_is_none(when: str) -> None:
    assert warned(telling(when)) == []


def test_a_when_on_any_other_node_holds_nothing_back() -> None:
    assert warned(nodes(LOOK, "{id: b, type: transform, when: 'look.verdict > \"ok\"'}")) == []


def test_a_circle_is_said_beside_a_way_that_leads_nowhere() -> None:
    text = """
version: "1.0"
nodes:
  - {id: a, type: transform, next: [{when: "payload.x", to: b}, {to: zzz}]}
  - {id: b, type: transform, next: c}
  - {id: c, type: transform, next: b}
"""
    with pytest.raises(DefinitionError) as caught:
        loaded(text)
    assert [one.code for one in caught.value.diagnostics] == ["E303", "E304"]
