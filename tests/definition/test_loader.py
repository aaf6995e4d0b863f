"""Loading: what a file must be, where its problems are said to be, what each key comes to, and how large it may be."""

from __future__ import annotations

import hashlib
import json
import time
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.definition.entries import Input, Retry, SecretNeed
from runner.definition.loader import load
from runner.errors import DefinitionError
from tests.definition.reading import HEAD, loaded, nodes, refused, warned

if TYPE_CHECKING:
    from runner.definition.model import Definition

ONE = "nodes: [{id: a, type: transform}]\n"
NO_NODE = "ingest, context, intelligence, transform, notify"

# --- what is no definition ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        pytest.param(
            "version: [\n",
            "f.yaml",
            "Invalid YAML in config file: f.yaml:2:1 E102 not YAML: did not find expected node content"
            " — a value is missing before it",
            id="yaml",
        ),
        pytest.param(
            '{"version": }',
            "f.json",
            "Invalid JSON in config file: f.json:1:13 E102 not JSON: expecting value",
            id="json",
        ),
        pytest.param(
            "",
            "f.yml",
            "Invalid YAML in config file: f.yml:1:1 E102 the file is empty — a definition has version: and nodes:",
            id="empty",
        ),
        pytest.param(
            "[1]",
            "f.yaml",
            "Pipeline definition invalid:\n"
            "  - f.yaml:1:1 E202 a definition is an object, this is a list — it has version: and nodes:",
            id="list",
        ),
        pytest.param(
            '"x"',
            "f.json",
            "Pipeline definition invalid:\n"
            '  - f.json:1:1 E202 a definition is an object, this is "x" — it has version: and nodes:',
            id="text",
        ),
        pytest.param(
            "version: 1",
            "f.toml",
            "Pipeline definition invalid:\n"
            '  - f.toml:1:1 E101 "f.toml" says neither YAML nor JSON'
            " — the name of a definition ends in .yaml, .yml or .json",
            id="suffix",
        ),
    ],
)
def test_the_error_says_it_all(text: str, name: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(text.encode(), name, name="f")
    assert caught.value.message == message


def test_the_error_lists_every_diagnostic_by_its_place() -> None:
    with pytest.raises(DefinitionError) as caught:
        loaded("nodes: [{id: a, type: transform, nxt: b}]\nversion: 2\n")
    assert caught.value.message == (
        "Pipeline definition invalid:\n"
        '  - f.yaml:1:34 E203 nodes[0].nxt: unknown key "nxt" — did you mean "next"?\n'
        '  - f.yaml:2:10 E209 version: version 2 is none that this runner reads — write version: "1.0"'
    )


def test_a_definition_without_a_suffix_is_read_as_it_is_told_to() -> None:
    assert loaded('{"version": 1, "nodes": [{"id": "a", "type": "transform"}]}', "db:x", kind="yaml").label == "db:x"


# --- places ------------------------------------------------------------------------------------------

PLACES = [
    pytest.param(
        """\
nodes:
  - id: a
    type: transform
""",
        ['f.yaml:1:1 E201 version: missing key "version" — add "version"'],
        id="missing key: the enclosing object",
    ),
    pytest.param(
        """\
version: "1.0"
nodes:
  - id: a
    type: transform
  - type: transform
""",
        ['f.yaml:5:5 E201 nodes[1].id: missing key "id" — add "id"'],
        id="missing key of a node: the node",
    ),
    pytest.param(
        """\
version: "1.0"
nodes:
  - id: a
    type: transform
    reqired: false
""",
        ['f.yaml:5:5 E203 nodes[0].reqired: unknown key "reqired" — did you mean "required"?'],
        id="unknown key: the key",
    ),
    pytest.param(
        """\
version: "1.0"
name: x
nodes: [{id: a, type: transform}]
name: y
""",
        ['f.yaml:4:1 E103 name: duplicate key "name" — the first one is in line 2'],
        id="duplicate key: the key",
    ),
    pytest.param(
        """\
version: "1.0"
nodes:
  - id: a
    type: transform
    required: "no"
""",
        ['f.yaml:5:15 E202 nodes[0].required: expected true or false, got "no"'],
        id="wrong value: the value",
    ),
]
IN_JSON = [
    pytest.param(
        '{"nodes": [{"id": "a", "type": "transform"}]}',
        ['f.json:1:1 E201 version: missing key "version" — add "version"'],
        id="missing key: the enclosing object",
    ),
    pytest.param(
        '{"version": 1, "nodes": [\n  {"id": "a", "type": "transform"},\n  {"type": "transform"}]}',
        ['f.json:3:3 E201 nodes[1].id: missing key "id" — add "id"'],
        id="missing key of a node: the node",
    ),
    pytest.param(
        '{"version": 1, "nodes": [\n  {"id": "a", "type": "transform", "reqired": false}]}',
        ['f.json:2:36 E203 nodes[0].reqired: unknown key "reqired" — did you mean "required"?'],
        id="unknown key: the key",
    ),
    pytest.param(
        '{"version": 1,\n "name": "x",\n "nodes": [{"id": "a", "type": "transform"}],\n "name": "y"}',
        ['f.json:4:2 E103 name: duplicate key "name" — the first one is in line 2'],
        id="duplicate key: the key",
    ),
    pytest.param(
        '{"version": 1, "nodes": [\n  {"id": "a", "type": "transform", "required": "no"}]}',
        ['f.json:2:48 E202 nodes[0].required: expected true or false, got "no"'],
        id="wrong value: the value",
    ),
]


@pytest.mark.parametrize(("text", "said"), PLACES)
def test_a_diagnostic_points_at_what_is_to_blame(text: str, said: list[str]) -> None:
    assert refused(text) == said


@pytest.mark.parametrize(("text", "said"), IN_JSON)
def test_a_diagnostic_points_at_the_same_in_json(text: str, said: list[str]) -> None:
    assert refused(text, "f.json") == said


def test_places_are_counted_in_characters() -> None:
    assert refused(
        f'{HEAD}description: "é😀", nodes: 1\n'.replace(", nodes: 1", "") + 'nodes: [{"id": "😀", type: x}]\n'
    )[1:] == [f'f.yaml:3:23 E206 nodes[0].type: unknown node type "x" — known: {NO_NODE}']


# --- the envelope ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(ONE, 'f.yaml:1:1 E201 version: missing key "version" — add "version"', id="no version"),
        pytest.param(
            f"version:\n{ONE}",
            'f.yaml:1:9 E209 version: the version is empty — write version: "1.0"',
            id="empty version",
        ),
        pytest.param(
            f"version: ''\n{ONE}",
            'f.yaml:1:10 E209 version: the version is empty — write version: "1.0"',
            id="version without text",
        ),
        pytest.param(
            f"version: true\n{ONE}",
            'f.yaml:1:10 E209 version: version true is none that this runner reads — write version: "1.0"',
            id="version true",
        ),
        pytest.param(
            f"version: 1.1\n{ONE}",
            'f.yaml:1:10 E209 version: version 1.1 is none that this runner reads — write version: "1.0"',
            id="version of the future",
        ),
        pytest.param(HEAD, 'f.yaml:1:1 E201 nodes: missing key "nodes" — add "nodes"', id="no nodes"),
        pytest.param(
            f"{HEAD}nodes:\n", "f.yaml:2:7 E202 nodes: expected a list, got nothing", id="nodes without value"
        ),
        pytest.param(
            f"{HEAD}nodes: []\n",
            "f.yaml:2:8 E201 nodes: a definition needs at least one node — add one: {id: …, type: …}",
            id="empty nodes",
        ),
        pytest.param(
            f"{HEAD}nodes: {{a: {{type: transform}}}}\n",
            "f.yaml:2:8 E202 nodes: expected a list, got an object",
            id="nodes by name",
        ),
        pytest.param(
            f"{HEAD}{ONE}nmae: x\n", 'f.yaml:3:1 E203 nmae: unknown key "nmae" — did you mean "name"?', id="unknown key"
        ),
        pytest.param(
            f"{HEAD}{ONE}qqq: x\n",
            'f.yaml:3:1 E203 qqq: unknown key "qqq" — known: version, nodes, name, description, timeout, fail_on,'
            " inputs, secrets, env, allow_hosts, defaults",
            id="unknown key unlike any other",
        ),
        pytest.param(
            f"{HEAD}{ONE}name: 3\n", 'f.yaml:3:7 E202 name: expected a text, got 3 — put it in quotes: "3"', id="name"
        ),
        pytest.param(
            f"{HEAD}{ONE}timeout: 30\n",
            'f.yaml:3:10 E202 timeout: expected a duration, got 30 — write "30s" for seconds',
            id="timeout",
        ),
        pytest.param(
            f"{HEAD}{ONE}timeout: 0s\n",
            'f.yaml:3:10 E204 timeout: "0s" leaves no time at all — give at least 1ms',
            id="no time",
        ),
        pytest.param(
            f"{HEAD}{ONE}fail_on: crtical\n",
            'f.yaml:3:10 E204 fail_on: "crtical" is not one of warning, unknown, critical, never'
            ' — did you mean "critical"?',
            id="fail_on",
        ),
        pytest.param(f"{HEAD}{ONE}inputs: []\n", "f.yaml:3:9 E202 inputs: expected an object, got a list", id="inputs"),
        pytest.param(
            f"{HEAD}{ONE}secrets: TOKEN\n",
            'f.yaml:3:10 E202 secrets: expected a list of names, got "TOKEN"'
            " — write secrets: [NAME], or secrets: {NAME: {required: false}}",
            id="secrets",
        ),
        pytest.param(f"{HEAD}{ONE}env: PATH\n", 'f.yaml:3:6 E202 env: expected a list, got "PATH"', id="env"),
        pytest.param(
            f"{HEAD}{ONE}env: [A, a b]\n",
            'f.yaml:3:10 E204 env[1]: "a b" is no name — use letters, digits and _, not starting with a digit',
            id="env of no name",
        ),
        pytest.param(
            f"{HEAD}{ONE}defaults: 3\n", "f.yaml:3:11 E202 defaults: expected an object, got 3", id="defaults"
        ),
        pytest.param(
            f"{HEAD}{ONE}defaults: {{timeout: 1s, timeout_seconds: 1}}\n",
            "f.yaml:3:41 E208 defaults.timeout_seconds: timeout and timeout_seconds say the same thing"
            " — keep one of them",
            id="two timeouts",
        ),
        pytest.param(
            f"{HEAD}{ONE}allow_hosts: a\n", 'f.yaml:3:14 E202 allow_hosts: expected a list, got "a"', id="allow_hosts"
        ),
    ],
)
def test_what_is_wrong_at_the_top_is_said(text: str, said: str) -> None:
    assert refused(text) == [said]


def test_each_wrong_secret_is_said_where_it_stands() -> None:
    assert refused(f"{HEAD}{ONE}secrets: ['', a-b, 1, FINE]\n") == [
        'f.yaml:3:11 E204 secrets[0]: "" is no name — use letters, digits and _, not starting with a digit',
        'f.yaml:3:15 E204 secrets[1]: "a-b" is no name — use letters, digits and _, not starting with a digit',
        "f.yaml:3:20 E202 secrets[2]: expected a name, got 1 — write it like API_TOKEN",
    ]
    assert refused(f"{HEAD}{ONE}secrets: {{A: {{requird: false}}, B: 3, C: {{required: 'no'}}, a-b: {{}}}}\n") == [
        'f.yaml:3:15 E203 secrets.A.requird: unknown key "requird" — did you mean "required"?',
        "f.yaml:3:35 E202 secrets.B: expected an object, got 3",
        'f.yaml:3:52 E202 secrets.C.required: expected true or false, got "no"',
        'f.yaml:3:64 E204 secrets["a-b"]: "a-b" is no name — use letters, digits and _, not starting with a digit',
    ]


@pytest.mark.parametrize("version", ["1", "1.0", '"1.0"'])
def test_the_version_may_be_a_number_or_a_text(version: str) -> None:
    assert loaded(f"version: {version}\n{ONE}").steps[0].id == "a"


def test_keys_of_editors_and_authors_are_ignored() -> None:
    assert warned(f"$schema: ./definition.schema.json\nx-note: {{a: [1]}}\nx-: 2\n{HEAD}{ONE}") == []


def test_keys_that_only_look_like_an_authors_are_not_ignored() -> None:
    said = refused(f"{HEAD}nodes: [{{id: a, type: transform, x-note: 1}}]\nX-note: 1\n$id: 1\n")
    assert [one.split(" — ")[0] for one in said] == [
        'f.yaml:2:34 E203 nodes[0]["x-note"]: unknown key "x-note"',
        'f.yaml:3:1 E203 ["X-note"]: unknown key "X-note"',
        'f.yaml:4:1 E203 ["$id"]: unknown key "$id"',
    ]


EVERY_KEY = f"""\
version: "1.0"
name: web
description: Is it up?
timeout: 5m
fail_on: critical
inputs:
  url: {{default: "https://a.example", description: What}}
  count: {{type: number, required: true}}
secrets: [ONE]
env: [HOME, LANG]
allow_hosts: [intern.example]
defaults: {{timeout: 20s, max_retries: 2}}
{ONE}"""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "web"),
        ("description", "Is it up?"),
        ("timeout", 300.0),
        ("fail_on", "critical"),
        (
            "inputs",
            {
                "url": Input(default="https://a.example", description="What"),
                "count": Input(type="number", required=True),
            },
        ),
        ("secrets", {"ONE": SecretNeed()}),
        ("env", ("HOME", "LANG")),
        ("allow_hosts", ("intern.example",)),
    ],
)
def test_every_key_at_the_top_arrives(key: str, value: object) -> None:
    assert getattr(loaded(EVERY_KEY), key) == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "f"),
        ("description", ""),
        ("timeout", 900.0),
        ("fail_on", "unknown"),
        ("inputs", {}),
        ("secrets", {}),
        ("env", ()),
        ("allow_hosts", ()),
        ("label", "f.yaml"),
        ("is_file", True),
        ("version", 1),
        ("warnings", ()),
    ],
)
def test_every_key_at_the_top_has_a_default(key: str, value: object) -> None:
    assert getattr(loaded(f"{HEAD}{ONE}"), key) == value


def test_secrets_may_be_optional() -> None:
    given = loaded(f"{HEAD}{ONE}secrets: {{A: {{required: false}}, B: {{}}, C: }}\n").secrets
    assert given == {"A": SecretNeed(required=False), "B": SecretNeed(), "C": SecretNeed()}


def test_a_definition_knows_what_it_was_made_from() -> None:
    text = f"{HEAD}{ONE}"
    found = loaded(text, "builtin:x", kind="yaml", is_file=False, version=7)
    assert (found.label, found.is_file, found.version) == ("builtin:x", False, 7)
    assert found.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_rewrite_changes_what_is_loaded_and_is_checked_like_the_rest() -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["name"] = "other"
        tree["nodes"][0]["type"] = "transfrm"

    assert refused(f"{HEAD}{ONE}", rewrite=change) == [
        'f.yaml:2:23 E206 nodes[0].type: unknown node type "transfrm" — did you mean "transform"?'
    ]


# --- nodes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "said"),
    [
        pytest.param("{type: transform}", '3:5 E201 nodes[0].id: missing key "id" — add "id"', id="no id"),
        pytest.param("{id: a}", '3:5 E201 nodes[0].type: missing key "type" — add "type"', id="no type"),
        pytest.param("a", '3:5 E202 nodes[0]: expected an object, got "a"', id="a text"),
        pytest.param(
            "{id: 1, type: transform}",
            '3:10 E202 nodes[0].id: expected a text, got 1 — put it in quotes: "1"',
            id="id of a number",
        ),
        pytest.param(
            "{id: , type: transform}", "3:10 E202 nodes[0].id: expected a text, got nothing", id="id without value"
        ),
        pytest.param(
            "{id: a, type: contxt}",
            '3:19 E206 nodes[0].type: unknown node type "contxt" — did you mean "context"?',
            id="unknown type",
        ),
        pytest.param(
            "{id: a, type: ''}", f'3:19 E206 nodes[0].type: unknown node type "" — known: {NO_NODE}', id="empty type"
        ),
        pytest.param(
            "{id: a, type: [transform]}", "3:19 E202 nodes[0].type: expected a text, got a list", id="type of a list"
        ),
        pytest.param(
            "{id: a, type: transform, config: []}",
            "3:38 E202 nodes[0].config: expected an object, got a list",
            id="config",
        ),
        pytest.param(
            "{id: a, type: transform, config: {extrat: x}}",
            '3:39 E203 nodes[0].config.extrat: unknown key "extrat" — did you mean "extract"?',
            id="unknown key of config",
        ),
        pytest.param(
            "{id: a, type: transform, required: 1}",
            "3:40 E202 nodes[0].required: expected true or false, got 1",
            id="required",
        ),
        pytest.param(
            "{id: a, type: transform, always: 'yes'}",
            '3:38 E202 nodes[0].always: expected true or false, got "yes"',
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
            '3:46 E202 nodes[0].skip_if_errors: expected a list, got "a"',
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
            "3:51 E202 nodes[0].retry.max_retries: expected a whole number from 0 to 20, got 21",
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


# --- all at once -------------------------------------------------------------------------------------

MANY = """\
version: "2.0"
name: 3
naem: x
timeout: 30
secrets: [GITHUB_TOKEN]
inputs: {count: {type: numbr}}
nodes:
  - id: probe
    type: context
    config:
      checks:
        - {type: htpp}
        - {type: http, url: shop.example, warning: 3s, critical: 1s}
        - {type: disk, warning: "{{ inputs.limit }}", warnings: 80}
    next: tel
  - id: probe
    type: transfrm
    when: missing.verdict == "ok"
  - type: notify
    timeout: 5
    retry: {max_retries: -1}
    when: probe.verdict == "bad" && true
    config: {driver: slcak, channel: ops}
"""
SAID = [
    'f.yaml:1:10 E209 version: version "2.0" is none that this runner reads — write version: "1.0"',
    'f.yaml:2:7 E202 name: expected a text, got 3 — put it in quotes: "3"',
    'f.yaml:3:1 E203 naem: unknown key "naem" — did you mean "name"?',
    'f.yaml:4:10 E202 timeout: expected a duration, got 30 — write "30s" for seconds',
    "f.yaml:5:11 E308 secrets[0]: a definition cannot grant itself GITHUB_TOKEN"
    " — whoever runs it can allow it: PIPELINE_ALLOW_SECRETS=GITHUB_TOKEN",
    'f.yaml:6:24 E204 inputs.count.type: "numbr" is not one of string, number, boolean, choice, list'
    ' — did you mean "number"?',
    'f.yaml:12:18 E206 nodes[0].config.checks[0].type: unknown check "htpp" — did you mean "http"?',
    'f.yaml:13:29 E204 nodes[0].config.checks[1].url: "shop.example" is no URL — write "https://shop.example"',
    "f.yaml:14:33 E307 nodes[0].config.checks[2].warning: input limit is not declared"
    " — declare it: inputs: {limit: {}}",
    'f.yaml:14:54 E203 nodes[0].config.checks[2].warnings: unknown key "warnings" — did you mean "warning"?',
    'f.yaml:15:11 E303 nodes[0].next: next names "tel", and there is no such node — known: probe, end',
    'f.yaml:16:9 E301 nodes[1].id: duplicate id "probe" — line 8 has it too: ids are unique',
    'f.yaml:17:11 E206 nodes[1].type: unknown node type "transfrm" — did you mean "transform"?',
    'f.yaml:18:11 E402 nodes[1].when: "missing" does not exist'
    " — known: payload, inputs, secrets, env, run, incident, nodes, probe",
    'f.yaml:19:5 E201 nodes[2].id: missing key "id" — add "id"',
    'f.yaml:20:14 E202 nodes[2].timeout: expected a duration, got 5 — write "5s" for seconds',
    "f.yaml:21:26 E202 nodes[2].retry.max_retries: expected a whole number from 0 to 20, got -1",
    'f.yaml:22:11 E401 nodes[2].when: unexpected "&" — write "and"',
    'f.yaml:23:22 E206 nodes[2].config.driver: unknown driver "slcak" — did you mean "slack"?',
    "f.yaml:23:38 E208 nodes[2].config.channel: driver and channel both say where messages go — keep one of them",
]


def test_all_problems_of_a_file_are_said_at_once() -> None:
    assert [one for one in refused(MANY) if " W5" not in one] == SAID


def as_json(text: str) -> str:
    """Write a definition as JSON."""
    from runner.definition.document import read_yaml

    return json.dumps(read_yaml(text.encode()).value, indent=1)


def without_place(said: str) -> str:
    return said.partition(" ")[2].replace("line 8 has it too", "line … has it too")


def test_all_problems_are_the_same_in_json() -> None:
    said = [without_place(one) for one in refused(as_json(MANY), "f.json") if " W5" not in one]
    assert [one.replace("line 21 has it too", "line … has it too") for one in said] == [
        without_place(one) for one in SAID
    ]


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
    linked = nodes(
        "{id: a, type: transform, next: b}",
        broken.replace("}", ", next: c}", 1) if broken.count("}") == 1 else broken,
        after,
    )
    assert not [one for one in refused(linked) if "E305" in one or "E306" in one]


def test_what_cannot_be_read_of_a_node_hides_nothing_else_in_it() -> None:
    text = nodes(
        "{id: a, type: transform, required: 3, next: b, when: zz, skip_if_errors: [yy], config: {extract: '', source_node: q}}"
    )
    assert [one.split()[1] for one in refused(text)] == ["E202", "E303", "E402", "E306", "E205"]


def test_warnings_stand_with_the_errors_in_the_order_of_their_places() -> None:
    said = refused(f"context_flow: {{}}\n{HEAD}nodes: [{{id: a-b, type: transfrm}}]\n")
    assert [one.split()[0] + " " + one.split()[1] for one in said] == [
        "f.yaml:1:1 W504",
        "f.yaml:3:14 W505",
        "f.yaml:3:25 E206",
    ]


# --- limits ------------------------------------------------------------------------------------------


def chain(count: int, rest: str = "") -> str:
    """A definition of so many nodes, each of which leads to the next one."""
    lines = [f"{{id: n{at}, type: transform, next: n{at + 1}{rest.format(at=at)}}}" for at in range(count - 1)]
    return nodes(*lines, f"{{id: n{count - 1}, type: transform}}")


def test_a_thousand_nodes_are_fine_in_little_time_and_memory() -> None:
    text = chain(1000, ", when: nodes.n0.has_errors or not n0.has_errors").replace(
        "n0, type: transform, next: n1, when: nodes.n0.has_errors or not n0.has_errors", "n0, type: transform, next: n1"
    )
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
            f"f.json:1:{text.index('[[') + 62} E104 nested deeper than 64 levels — a definition is flatter than that"
        ]


def test_a_file_of_more_than_a_mebibyte_is_refused() -> None:
    text = f"# {'x' * 1024 * 1024}\n{HEAD}{ONE}"
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


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(tree=DEFINITIONS | TREES, as_yaml=st.booleans())
def test_whatever_a_file_holds_it_is_loaded_or_refused_with_places_inside_it(tree: object, as_yaml: bool) -> None:
    text = json.dumps(tree, ensure_ascii=not as_yaml)
    lines = text.splitlines() or [""]
    try:
        definition = load(text.encode(errors="surrogatepass"), "f.yaml" if as_yaml else "f.json", name="f")
    except DefinitionError as error:
        assert any(one.severity == "error" for one in error.diagnostics)
        for one in error.diagnostics:
            assert 1 <= one.line <= len(lines)
            assert 1 <= one.column <= len(text) + 1
            assert one.sentence
            assert "\n" not in str(one)
    else:
        assert definition.steps


def test_a_definition_is_frozen() -> None:
    definition = loaded(f"{HEAD}{ONE}")
    assert replace(definition, name="x") != definition
