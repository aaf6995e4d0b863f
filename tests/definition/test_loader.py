"""Loading: what a file must be, where its problems are said to be, what stands at the top, all problems at once."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from runner.definition.document import read_yaml
from runner.definition.entries import SecretNeed
from runner.definition.grants import EVERYTHING
from runner.definition.inputs import Input
from runner.errors import DefinitionError
from tests.definition.reading import HEAD, loaded, refused, warned

ONE = "nodes: [{id: a, type: transform}]\n"
NO_VALUES = "a definition does not hold the values of its secrets"
NODE_TYPES = "ingest, context, intelligence, transform, notify"

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
        loaded(text, name)
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
        ['f.yaml:5:15 E202 nodes[0].required: expected true or false, got "no" — write false, without quotes'],
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
        ['f.json:2:48 E202 nodes[0].required: expected true or false, got "no" — write false, without quotes'],
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
    assert refused(f'{HEAD}nodes: [{{id: a, config: {{default: "é😀"}}, type: x}}]\n') == [
        f'f.yaml:2:48 E206 nodes[0].type: unknown node type "x" — known: {NODE_TYPES}'
    ]


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
            f"{HEAD}nodes:\n",
            'f.yaml:2:7 E202 nodes: expected a list, got nothing — name at least one: each item begins with "- "',
            id="nodes without value",
        ),
        pytest.param(
            f"{HEAD}nodes: []\n",
            "f.yaml:2:8 E201 nodes: a definition needs at least one node — add one: {id: …, type: …}",
            id="empty nodes",
        ),
        pytest.param(
            f"{HEAD}nodes: {{a: {{type: transform}}}}\n",
            'f.yaml:2:8 E202 nodes: expected a list, got an object — each item begins with "- "',
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
        pytest.param(
            f"{HEAD}{ONE}inputs: []\n",
            "f.yaml:3:9 E202 inputs: expected an object, got a list — write KEY: VALUE, one below the other",
            id="inputs",
        ),
        pytest.param(
            f"{HEAD}{ONE}secrets: TOKEN\n",
            "f.yaml:3:10 E202 secrets: expected a list of names, got a text"
            " — write secrets: [NAME], or secrets: {NAME: {required: false}}",
            id="secrets",
        ),
        pytest.param(
            f"{HEAD}{ONE}env: PATH\n", 'f.yaml:3:6 E202 env: expected a list, got "PATH" — write [PATH]', id="env"
        ),
        pytest.param(
            f"{HEAD}{ONE}env: [A, a b]\n",
            'f.yaml:3:10 E204 env[1]: "a b" is no name — use letters, digits and _, not starting with a digit',
            id="env of no name",
        ),
        pytest.param(
            f"{HEAD}{ONE}defaults: 3\n",
            "f.yaml:3:11 E202 defaults: expected an object, got 3 — its keys are timeout, timeout_seconds, max_retries",
            id="defaults",
        ),
        pytest.param(
            f"{HEAD}{ONE}defaults: {{timeout: 1s, timeout_seconds: 1}}\n",
            "f.yaml:3:42 E208 defaults.timeout_seconds: timeout and timeout_seconds say the same thing"
            " — keep one of them",
            id="two timeouts",
        ),
        pytest.param(
            f"{HEAD}{ONE}allow_hosts: a\n",
            'f.yaml:3:14 E202 allow_hosts: expected a list, got "a" — write [a]',
            id="allow_hosts",
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
        f"f.yaml:3:35 E202 secrets.B: {NO_VALUES} — name it, secrets: [B], and set B in the environment",
        'f.yaml:3:52 E202 secrets.C.required: expected true or false, got "no" — write false, without quotes',
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
        ("grants", EVERYTHING),
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
    found = loaded(text, "builtin:x", kind="yaml", origin="builtin", version=7)
    assert (found.label, found.version) == ("builtin:x", 7)
    assert found.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_rewrite_changes_what_is_loaded_and_is_checked_like_the_rest() -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["name"] = "other"
        tree["nodes"][0]["type"] = "transfrm"

    assert refused(f"{HEAD}{ONE}", rewrite=change) == [
        'f.yaml:2:23 E206 nodes[0].type: unknown node type "transfrm" — did you mean "transform"?'
    ]


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
    (
        "f.yaml:5:11 E308 secrets[0]: a definition cannot grant itself GITHUB_TOKEN"
        " — whoever runs it can allow it: PIPELINE_ALLOW_SECRETS=GITHUB_TOKEN"
    ),
    (
        'f.yaml:6:24 E204 inputs.count.type: "numbr" is not one of string, number, boolean, choice, list'
        ' — did you mean "number"?'
    ),
    'f.yaml:12:18 E206 nodes[0].config.checks[0].type: unknown check "htpp" — did you mean "http"?',
    'f.yaml:13:29 E204 nodes[0].config.checks[1].url: "shop.example" is no URL — write "https://shop.example"',
    (
        "f.yaml:14:33 E307 nodes[0].config.checks[2].warning: input limit is not declared"
        " — declare it: inputs: {limit: {}}"
    ),
    'f.yaml:14:55 E203 nodes[0].config.checks[2].warnings: unknown key "warnings" — did you mean "warning"?',
    'f.yaml:15:11 E303 nodes[0].next: next names "tel", and there is no such node — known: probe, end',
    'f.yaml:16:9 E301 nodes[1].id: duplicate id "probe" — line 8 has it too: ids are unique',
    'f.yaml:17:11 E206 nodes[1].type: unknown node type "transfrm" — did you mean "transform"?',
    (
        'f.yaml:18:11 E402 nodes[1].when: "missing" does not exist'
        " — known: payload, inputs, secrets, env, run, incident, nodes, probe"
    ),
    'f.yaml:19:5 E201 nodes[2].id: missing key "id" — add "id"',
    'f.yaml:20:14 E202 nodes[2].timeout: expected a duration, got 5 — write "5s" for seconds',
    "f.yaml:21:26 E202 nodes[2].retry.max_retries: expected a whole number from 0 to 20, got -1 — write one like 5",
    'f.yaml:22:11 E401 nodes[2].when: unexpected "&" — write "and"',
    'f.yaml:23:22 E206 nodes[2].config.driver: unknown driver "slcak" — did you mean "slack"?',
    "f.yaml:23:38 E208 nodes[2].config.channel: driver and channel both say where messages go — keep one of them",
]


def test_all_problems_of_a_file_are_said_at_once() -> None:
    assert [one for one in refused(MANY) if " W5" not in one] == SAID


def without_places(said: list[str]) -> list[str]:
    """The diagnostics without file, line and column, and without lines in what they say."""
    return [re.sub(r"line \d+", "line N", one.partition(" ")[2]) for one in said]


def test_all_problems_are_the_same_in_json() -> None:
    text = json.dumps(read_yaml(MANY.encode()).value, indent=1)
    said = [one for one in refused(text, "f.json") if " W5" not in one]
    assert without_places(said) == without_places(SAID)


def test_warnings_stand_with_the_errors_in_the_order_of_their_places() -> None:
    said = refused(f"context_flow: {{}}\n{HEAD}nodes: [{{id: a-b, type: transfrm}}]\n")
    assert [one.split()[0] + " " + one.split()[1] for one in said] == [
        "f.yaml:1:1 W504",
        "f.yaml:3:14 W505",
        "f.yaml:3:25 E206",
    ]


@pytest.mark.parametrize("value", ["https://hooks.example/abc", "${{ secrets.API }}", "[abc]"])
def test_the_value_of_a_secret_is_not_said_where_it_stands_by_mistake(value: str) -> None:
    (said,) = refused(f"{HEAD}{ONE}secrets: {{API: '{value}'}}\n")
    assert said == (
        f"f.yaml:3:16 E202 secrets.API: {NO_VALUES} — name it, secrets: [API], and set API in the environment"
    )
    assert value not in said


@pytest.mark.parametrize("secrets", ["hunter2", "[API=hunter2]", "['API: hunter2']"])
def test_nothing_under_secrets_is_said_that_may_be_one(secrets: str) -> None:
    (said,) = refused(f"{HEAD}{ONE}secrets: {secrets}\n")
    assert "hunter2" not in said
    assert " — " in said
