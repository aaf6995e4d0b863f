"""The keys of a node: what is wrong with one is said and hides nothing else; what is right arrives in the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.definition.entries import Retry
from tests.definition.reading import HEAD, loaded, nodes, refused

if TYPE_CHECKING:
    from runner.definition.model import Definition

KEYS = (
    "id, type, config, next, when, required, always, timeout, timeout_seconds, retry, skip_if_errors, skip_if_condition"
)
NODE_TYPES = "ingest, context, intelligence, transform, notify"


@pytest.mark.parametrize(
    ("node", "said"),
    [
        pytest.param("{type: transform}", '3:5 E201 nodes[0].id: missing key "id" — add "id"', id="no id"),
        pytest.param("{id: a}", '3:5 E201 nodes[0].type: missing key "type" — add "type"', id="no type"),
        pytest.param("a", f'3:5 E202 nodes[0]: expected an object, got "a" — its keys are {KEYS}', id="a text"),
        pytest.param(
            "{id: 1, type: transform}",
            '3:10 E202 nodes[0].id: expected a text, got 1 — put it in quotes: "1"',
            id="id of a number",
        ),
        pytest.param(
            "{id: , type: transform}",
            "3:10 E202 nodes[0].id: expected a text, got nothing — write one, or leave the key out",
            id="id without value",
        ),
        pytest.param(
            "{id: a, type: contxt}",
            '3:19 E206 nodes[0].type: unknown node type "contxt" — did you mean "context"?',
            id="unknown type",
        ),
        pytest.param(
            "{id: a, type: ''}", f'3:19 E206 nodes[0].type: unknown node type "" — known: {NODE_TYPES}', id="empty type"
        ),
        pytest.param(
            "{id: a, type: [transform]}",
            "3:19 E202 nodes[0].type: expected a text, got a list — write one text",
            id="type of a list",
        ),
        pytest.param(
            "{id: a, type: transform, config: []}",
            "3:38 E202 nodes[0].config: expected an object, got a list — write KEY: VALUE, one below the other",
            id="config",
        ),
        pytest.param(
            "{id: a, type: transform, config: {extrat: x}}",
            '3:39 E203 nodes[0].config.extrat: unknown key "extrat" — did you mean "extract"?',
            id="unknown key of config",
        ),
        pytest.param(
            "{id: a, type: transform, required: 1}",
            "3:40 E202 nodes[0].required: expected true or false, got 1 — write true, without quotes",
            id="required",
        ),
        pytest.param(
            "{id: a, type: transform, always: 'yes'}",
            '3:38 E202 nodes[0].always: expected true or false, got "yes" — write true, without quotes',
            id="always",
        ),
        pytest.param(
            "{id: a, type: transform, timeout: 5}",
            '3:39 E202 nodes[0].timeout: expected a duration, got 5 — write "5s" for seconds',
            id="timeout",
        ),
        pytest.param(
            "{id: a, type: transform, timeout_seconds: 5s}",
            '3:47 E202 nodes[0].timeout_seconds: expected a number of seconds, got "5s" — a bare number such as 30',
            id="timeout_seconds",
        ),
        pytest.param(
            "{id: a, type: transform, timeout: 5s, timeout_seconds: 5}",
            "3:60 E208 nodes[0].timeout_seconds: timeout and timeout_seconds say the same thing — keep one of them",
            id="two timeouts",
        ),
        pytest.param(
            "{id: a, type: transform, timeout: '{{ inputs.x }}'}",
            '3:39 E202 nodes[0].timeout: expected a duration, got "{{ inputs.x }}"'
            ' — write it with a unit, like "30s", "5m" or "1h30m"',
            id="a template beside config",
        ),
        pytest.param(
            "{id: a, type: transform, when: 3}",
            "3:36 E202 nodes[0].when: expected an expression, got 3 — write it in quotes",
            id="when",
        ),
        pytest.param(
            "{id: a, type: transform, skip_if_errors: a}",
            '3:46 E202 nodes[0].skip_if_errors: expected a list, got "a" — write [a]',
            id="skip_if_errors",
        ),
        pytest.param(
            "{id: a, type: transform, skip_if_condition: []}",
            "3:49 E202 nodes[0].skip_if_condition: expected an expression, got a list — write it in quotes",
            id="skip_if_condition",
        ),
        pytest.param(
            "{id: a, type: transform, next: 3}",
            "3:36 E202 nodes[0].next: expected an id or a list of branches, got 3"
            " — write next: ID, or next: [{when: …, to: ID}, {to: ID}]",
            id="next",
        ),
        pytest.param(
            "{id: a, type: transform, next: []}",
            "3:36 E202 nodes[0].next: expected an id or a list of branches, got a list"
            " — write next: ID, or next: [{when: …, to: ID}, {to: ID}]",
            id="empty next",
        ),
        pytest.param(
            "{id: a, type: transform, next: [{to: end}, {to: end}]}",
            "3:37 E208 nodes[0].next[0]: only the last branch may have no when: those after it are never taken"
            " — add a when, or move it to the end",
            id="a branch that is always taken",
        ),
        pytest.param(
            "{id: a, type: transform, retry: {max_retries: 21}}",
            "3:51 E202 nodes[0].retry.max_retries: expected a whole number from 0 to 20, got 21 — write one like 5",
            id="max_retries",
        ),
        pytest.param(
            "{id: a, type: transform, retry: {delay: 5}}",
            '3:45 E202 nodes[0].retry.delay: expected a duration, got 5 — write "5s" for seconds',
            id="delay",
        ),
        pytest.param(
            "{id: a, type: transform, retry: {backoff: 0.5}}",
            "3:47 E204 nodes[0].retry.backoff: 0.5 is no backoff — give a number from 1 to 10",
            id="backoff",
        ),
        pytest.param(
            "{id: a, type: transform, retry: {retries: 3}}",
            '3:38 E203 nodes[0].retry.retries: unknown key "retries" — did you mean "max_retries"?',
            id="unknown key of retry",
        ),
    ],
)
def test_what_is_wrong_with_a_node_is_said(node: str, said: str) -> None:
    assert refused(nodes(node)) == [f"f.yaml:{said}"]


def test_each_wrong_branch_is_said_where_it_stands() -> None:
    text = nodes("{id: a, type: transform, next: [b, {whn: x, to: b}, {when: 3}]}", "{id: b, type: transform}")
    assert refused(text) == [
        'f.yaml:3:37 E202 nodes[0].next[0]: expected a branch, got "b" — write {when: …, to: ID}',
        'f.yaml:3:41 E203 nodes[0].next[1].whn: unknown key "whn" — did you mean "when"?',
        'f.yaml:3:57 E201 nodes[0].next[2].to: missing key "to" — add "to"',
        "f.yaml:3:64 E202 nodes[0].next[2].when: expected an expression, got 3 — write it in quotes",
    ]


def step(text: str, **given: object) -> Any:  # noqa: ANN401 - a Step
    """The first step of a definition of one node with these keys, written as YAML."""
    more = "".join(f", {key}: {value}" for key, value in given.items())
    return loaded(f"{text}{HEAD}nodes: [{{id: a, type: context{more}}}, {{id: b, type: transform}}]\n").steps[0]


@pytest.mark.parametrize(
    ("given", "key", "value"),
    [
        ({}, "required", True),
        ({"required": "false"}, "required", False),
        ({}, "always", False),
        ({"always": "true"}, "always", True),
        ({}, "when", None),
        ({}, "skip_if", None),
        ({}, "skip_if_errors", ()),
        ({}, "timeout", 60.0),
        ({"timeout": "1m30s"}, "timeout", 90.0),
        ({"timeout_seconds": "2.5"}, "timeout", 2.5),
        ({}, "judges", True),
        ({}, "type", "context"),
        ({}, "retry", Retry()),
        ({"retry": "{max_retries: 3, delay: 0s, backoff: 1}"}, "retry", Retry(max_retries=3, delay=0, backoff=1)),
        (
            {"retry": "{max_delay: 2s, jitter: false, errors: [timed_out]}"},
            "retry",
            Retry(max_delay=2, jitter=False, errors=("timed_out",)),
        ),
    ],
)
def test_every_key_of_a_node_arrives_and_has_a_default(given: dict[str, str], key: str, value: object) -> None:
    assert getattr(step("", **given), key) == value


@pytest.mark.parametrize(
    ("given", "text"),
    [({"when": "true"}, "true"), ({"when": "'1 == 1'"}, "1 == 1"), ({"when": "'{{ true }}'"}, "{{ true }}")],
)
def test_a_when_is_kept_as_it_is_written(given: dict[str, str], text: str) -> None:
    assert step("", **given).when.text == text


@pytest.mark.parametrize(
    ("defaults", "given", "timeout", "retries"),
    [
        ("{timeout: 20s}", {}, 20.0, 0),
        ("{timeout_seconds: 20}", {}, 20.0, 0),
        ("{timeout: 20s}", {"timeout": "5s"}, 5.0, 0),
        ("{timeout: 20s}", {"timeout_seconds": "5"}, 5.0, 0),
        ("{max_retries: 2}", {}, 60.0, 2),
        ("{max_retries: 2}", {"retry": "{max_retries: 0}"}, 60.0, 0),
        ("{max_retries: 2}", {"retry": "{delay: 5s}"}, 60.0, 2),
        ("{}", {"retry": "{delay: 5s}"}, 60.0, 0),
    ],
)
def test_defaults_hold_for_what_a_node_does_not_say(
    defaults: str, given: dict[str, str], timeout: float, retries: int
) -> None:
    found = step(f"defaults: {defaults}\n", **given)
    assert (found.timeout, found.retry.max_retries) == (timeout, retries)


@pytest.mark.parametrize(
    ("kind", "config", "timeout", "judges"),
    [
        ("ingest", "{}", 30.0, True),
        ("context", "{}", 60.0, True),
        ("intelligence", "{provider: local}", 30.0, False),
        ("transform", "{}", 30.0, False),
        ("notify", "{driver: log}", 30.0, False),
    ],
)
def test_each_type_has_a_limit_of_its_own(kind: str, config: str, timeout: float, judges: bool) -> None:
    found = loaded(nodes(f"{{id: a, type: {kind}, config: {config}}}")).steps[0]
    assert (found.timeout, found.judges) == (timeout, judges)


def ways(definition: Definition) -> dict[str, list[str]]:
    return {one.id: [way.to for way in one.ways] for one in definition.steps}


def test_without_next_nodes_follow_each_other() -> None:
    found = loaded(nodes("{id: a, type: transform}", "{id: b, type: transform, next: }", "{id: c, type: transform}"))
    assert ways(found) == {"a": ["b"], "b": ["c"], "c": []}


def test_with_next_nodes_follow_only_where_it_leads() -> None:
    found = loaded(
        nodes(
            "{id: a, type: transform, next: [{when: true, to: c}, {to: b}]}",
            "{id: b, type: transform, next: end}",
            "{id: c, type: transform}",
        )
    )
    assert ways(found) == {"a": ["c", "b"], "b": ["end"], "c": []}
    assert [way.when.text if way.when else None for way in found.steps[0].ways] == ["true", None]


def test_a_step_knows_its_place() -> None:
    found = loaded(nodes("{id: a, type: transform}", "{id: b, type: transform}"))
    assert [(one.place.line, one.place.column) for one in found.steps] == [(3, 5), (4, 5)]


# --- one problem hides no other, and makes none ------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        "{id: b, type: transfrm}",
        "{type: transform}",
        "{id: b}",
        "3",
        "{id: b, type: transform, timeout: 3}",
        "{id: b, type: transform, config: 3}",
        "{id: b, type: transform, config: {extrat: x}}",
    ],
)
def test_a_broken_node_makes_no_problem_for_those_after_it(broken: str) -> None:
    after = "{id: c, type: transform, when: 'a.verdict == \"ok\"', skip_if_errors: [a], config: {source_node: a}}"
    assert len(refused(nodes("{id: a, type: transform}", broken, after))) == 1
    linked = nodes("{id: a, type: transform, next: b}", broken.replace("{", "{next: c, ", 1), after)
    assert not [one for one in refused(linked) if "E305" in one or "E306" in one]


def test_what_cannot_be_read_of_a_node_hides_nothing_else_in_it() -> None:
    config = "{extract: '', source_node: q}"
    text = nodes(f"{{id: a, type: transform, required: 3, next: b, when: zz, skip_if_errors: [yy], config: {config}}}")
    assert [one.split()[1] for one in refused(text)] == ["E202", "E303", "E402", "E306", "E205"]
