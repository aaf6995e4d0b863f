"""What expressions refer to: what comes earlier, what is declared, words that exist; and what people type by habit."""

from __future__ import annotations

import pytest

from tests.definition.reading import HEAD, loaded, nodes, refused, warned

A = "{id: a, type: context}"
SCOPE = "payload, inputs, secrets, env, run, incident, nodes"
EARLIER = "refer to a node that comes earlier"


def judging(when: str) -> str:
    """A definition whose second node has this condition, at 6:11."""
    quoted = when.replace("'", "''")
    return (
        f"{HEAD}nodes:\n  - {A}\n  - id: b\n    type: transform\n    when: '{quoted}'\n  - {{id: c, type: transform}}\n"
    )


# --- nodes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "said"),
    [
        pytest.param(
            "c.has_errors", f'E306 nodes[1].when: "c" has not run yet when this is read — {EARLIER}', id="a later node"
        ),
        pytest.param(
            "b.has_errors", f'E306 nodes[1].when: "b" has not run yet when this is read — {EARLIER}', id="itself"
        ),
        pytest.param(
            "nodes.c.has_errors",
            f'E306 nodes[1].when: "c" has not run yet when this is read — {EARLIER}',
            id="a later one in nodes",
        ),
        pytest.param(
            'nodes["zz"].has_errors', 'E306 nodes[1].when: there is no node "zz" — known: a', id="none in nodes"
        ),
        pytest.param(
            "nodes[0].has_errors", "E306 nodes[1].when: there is no node 0 — known: a", id="a node by its place"
        ),
        pytest.param(
            "zz.has_errors", f'E402 nodes[1].when: "zz" does not exist — known: {SCOPE}, a', id="what does not exist"
        ),
        pytest.param(
            "paylod.x", 'E402 nodes[1].when: "paylod" does not exist — did you mean "payload"?', id="nearly a word"
        ),
        pytest.param(
            'a.verdct == "ok"', 'E402 nodes[1].when: a.verdct does not exist — did you mean "verdict"?', id="a part"
        ),
        pytest.param(
            "nodes.a.outputs",
            'E402 nodes[1].when: a.outputs does not exist — did you mean "output"?',
            id="a part in nodes",
        ),
        pytest.param(
            'run.ids == "x"', 'E402 nodes[1].when: run.ids does not exist — did you mean "id"?', id="a part of the run"
        ),
    ],
)
def test_a_reference_that_cannot_be_followed_is_said(when: str, said: str) -> None:
    assert refused(judging(when)) == [f"f.yaml:6:11 {said}"]


@pytest.mark.parametrize(
    "when",
    [
        'a.verdict == "ok"',
        'nodes["a"].status == "failed"',
        "a.output.anything.at.all[3] == 1",
        "a.findings[0].message == a.errors[0].code",
        "payload.x.y is defined",
        'run.environment == "production"',
        "incident.id is none",
        "nodes | length == 1",
    ],
)
def test_what_is_there_can_be_referred_to(when: str) -> None:
    assert warned(judging(when)) == []


def test_the_first_node_has_none_before_it() -> None:
    assert refused(nodes("{id: a, type: transform, config: {source_node: x}}")) == [
        'f.yaml:3:52 E306 nodes[0].config.source_node: there is no node "x" — no node comes before this one'
    ]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            "skip_if_errors: [a, b, c, zz]",
            ["E306 nodes[1].skip_if_errors[1]", "E306 nodes[1].skip_if_errors[2]", "E306 nodes[1].skip_if_errors[3]"],
        ),
        ("skip_if_condition: c.has_errors", ["E306 nodes[1].skip_if_condition"]),
        ("config: {source_node: c}", ["E306 nodes[1].config.source_node"]),
        ("config: {source_node: a, template: '{{ c.output }}'}", ["E306 nodes[1].config.template"]),
        ("config: {mapping: {x: '{{ c.output.x }}'}}", ["E306 nodes[1].config.mapping.x"]),
        ("next: [{when: c.has_errors, to: c}]", ["E306 nodes[1].next[0].when"]),
        ("next: [{when: b.has_errors, to: c}]", []),
    ],
)
def test_every_key_that_names_nodes_is_checked(keys: str, said: list[str]) -> None:
    ways = ", next: b" if "next" in keys else ""
    text = nodes(f"{{id: a, type: transform{ways}}}", f"{{id: b, type: transform, {keys}}}", "{id: c, type: transform}")
    found = refused(text) if said else warned(text)
    assert [" ".join(one.split()[1:3]).rstrip(":") for one in found] == said


def test_with_next_earlier_means_on_the_way_here() -> None:
    text = nodes(
        "{id: a, type: transform, next: [{when: payload.x, to: b}, {to: c}]}",
        "{id: b, type: transform, next: d}",
        "{id: c, type: transform, when: b.has_errors, next: d}",
        "{id: d, type: transform, when: b.has_errors or c.has_errors or a.has_errors}",
    )
    assert refused(text) == [f'f.yaml:5:36 E306 nodes[2].when: "b" has not run yet when this is read — {EARLIER}']


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param(["{A, next: gone}", "{B}", "{C, when: b.has_errors}"], [], id="no way leads to it yet"),
        pytest.param(["{A, next: gone, when: c.has_errors}", "{B, next: c}", "{C}"], ["a"], id="it comes first"),
        pytest.param(["{A, next: gone}", "{B, next: c, when: c.has_errors}", "{C}"], ["b"], id="it comes after"),
        pytest.param(
            ["{A, next: [{when: payload.x, to: b}, {to: c}]}", "{B, next: gone}", "{C, when: b.has_errors}"],
            [],
            id="the way may lead here",
        ),
        pytest.param(
            ["{A, next: [{when: payload.x, to: b}, {to: c}]}", "{B}", "{C, when: d.has_errors}", "{D, next: gone}"],
            [],
            id="what no way leads to yet may lead here",
        ),
        pytest.param(
            ["{A, next: [{when: payload.x, to: gone}, {to: c}]}", "{B}", "{C, when: b.has_errors}"],
            ["c"],
            id="what leads nowhere does not come before",
        ),
        pytest.param(["{A, next: b, when: b.has_errors}", "{B, next: gone}"], ["a"], id="not back"),
        pytest.param(["{A, next: b}", "{B, when: a.has_errors, next: c}", "{C, next: [3]}"], [], id="unread ways"),
    ],
)
def test_where_a_way_leads_nowhere_only_what_is_later_for_certain_is_said(lines: list[str], said: list[str]) -> None:
    written = [line.replace(line[1], f"id: {line[1].lower()}, type: transform", 1) for line in lines]
    assert [one.split('"')[0].split()[2] for one in refused(nodes(*written)) if " E306 " in one] == [
        f"nodes[{'abcd'.index(node)}].when:" for node in said
    ]


# --- declared names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "when", "said"),
    [
        ("", "inputs.x", "input x is not declared — declare it: inputs: {x: {}}"),
        ("", 'inputs["x"]', "input x is not declared — declare it: inputs: {x: {}}"),
        ("", "secrets.X is defined", "secret X is not declared — declare it: secrets: [X]"),
        ("", 'env.X == "a"', "environment variable X is not declared — declare it: env: [X]"),
        ("inputs: {target: {}}\n", "inputs.traget", 'input traget is not declared — did you mean "target"?'),
        ("secrets: [API_TOKEN]\n", "secrets.OTHER", "secret OTHER is not declared — declare it: secrets: [OTHER]"),
        ("secrets: {API_TOKEN: }\n", "secrets.API_TOKE", 'secret API_TOKE is not declared — did you mean "API_TOKEN"?'),
        ("env: [HOME]\n", "env.HOMES", 'environment variable HOMES is not declared — did you mean "HOME"?'),
    ],
)
def test_a_name_that_is_not_declared_is_said(declared: str, when: str, said: str) -> None:
    text = f"{HEAD}{declared}nodes:\n  - id: a\n    type: transform\n    when: {when}\n"
    line = 5 + bool(declared)
    assert refused(text) == [f"f.yaml:{line}:11 E307 nodes[0].when: {said}"]


def test_what_is_declared_can_be_read_even_where_the_declaration_is_wrong() -> None:
    top = f"{HEAD}inputs: {{x: {{type: numbr}}}}\nsecrets: {{X: 3}}\nenv: [Y, 3]\n"
    read = "{a: '{{ inputs.x }}', b: '{{ secrets.X }}', c: '{{ env.Y }}'}"
    said = refused(f"{top}nodes: [{{id: a, type: transform, config: {{mapping: {read}}}}}]\n")
    assert [" ".join(one.split()[1:3]) for one in said] == ["E204 inputs.x.type:", "E202 secrets.X:", "E202 env[1]:"]


def test_the_variables_of_a_driver_in_use_count_as_declared() -> None:
    hook = '"{{ secrets.SLACK_WEBHOOK_URL }}"'
    found = loaded(nodes(f"{{id: a, type: notify, config: {{driver: slack, webhook_url: {hook}}}}}"))
    assert {name: need.required for name, need in found.secrets.items()} == {"SLACK_WEBHOOK_URL": True}
    assert loaded(nodes("{id: a, type: notify, config: {driver: slack}}")).secrets == {}
    assert refused(nodes(f"{{id: a, type: notify, config: {{driver: generic, endpoint: {hook}}}}}")) == [
        (
            "f.yaml:3:63 E307 nodes[0].config.endpoint: secret SLACK_WEBHOOK_URL is not declared"
            " — declare it: secrets: [SLACK_WEBHOOK_URL]"
        )
    ]


def test_a_declaration_says_how_much_a_drivers_variable_is_needed() -> None:
    hook = '"{{ secrets.SLACK_WEBHOOK_URL }}"'
    text = f"secrets: {{SLACK_WEBHOOK_URL: {{required: false}}}}\n{HEAD}"
    found = loaded(
        f"{text}nodes: [{{id: a, type: notify, config: {{channels: [{{driver: slack, webhook_url: {hook}}}]}}}}]\n"
    )
    assert {name: need.required for name, need in found.secrets.items()} == {"SLACK_WEBHOOK_URL": False}


# --- words -------------------------------------------------------------------------------------------

VERDICTS = "known: ok, warning, unknown, critical, inconclusive"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ('a.verdict == "bad"', f'no verdict is "bad" — {VERDICTS}'),
        ('"bad" != a.verdict', f'no verdict is "bad" — {VERDICTS}'),
        ('a.verdict >= "warn"', 'no verdict is "warn" — did you mean "warning"?'),
        ('a.verdict == "Critical"', 'no verdict is "Critical" — did you mean "critical"?'),
        ('a.verdict in ["ok", "bad"]', f'no verdict is "bad" — {VERDICTS}'),
        ('a.verdict not in ["bad"]', f'no verdict is "bad" — {VERDICTS}'),
        ("a.verdict == 3", f"no verdict is 3 — {VERDICTS}"),
        ("a.verdict == none", f"no verdict is nothing — {VERDICTS}"),
        ('nodes.a.verdict == "bad"', f'no verdict is "bad" — {VERDICTS}'),
        ('a["verdict"] == "bad"', f'no verdict is "bad" — {VERDICTS}'),
        ('a.findings[0].verdict == "bad"', f'no verdict is "bad" — {VERDICTS}'),
        ('a.output.results.disk_a.verdict == "bad"', f'no verdict is "bad" — {VERDICTS}'),
        ('a.output.results.disk_a.status == "bad"', f'no status is "bad" — {VERDICTS}'),
        ('a.status == "success"', 'no status is "success" — did you mean "succeeded"?'),
        ('a.status == "ok"', 'no status is "ok" — known: succeeded, failed, skipped, timed_out, cancelled'),
        ('a.output.severity == "high"', 'no severity is "high" — known: info, warning, critical'),
        ('a.output.alerts[0].severity > "warn"', 'no severity is "warn" — did you mean "warning"?'),
        ('a.output.status == "fireing"', 'no status is "fireing" — did you mean "firing"?'),
        ('a.output.alerts[1].status == "open"', 'no status is "open" — known: firing, acknowledged, resolved'),
        ('incident.severity == "high"', 'no severity is "high" — known: info, warning, critical'),
        ('incident.status == "open"', 'no status is "open" — known: firing, acknowledged, resolved'),
    ],
)
def test_a_comparison_with_a_word_that_is_not_theirs_is_said(when: str, said: str) -> None:
    assert refused(judging(when)) == [f"f.yaml:6:11 E403 nodes[1].when: {said}"]


@pytest.mark.parametrize(
    "when",
    [
        'a.verdict == "inconclusive"',
        'a.status in ["timed_out", "cancelled"]',
        'a.output.status == "acknowledged"',
        'payload.status == "open"',
        'payload.severity == "high"',
        'a.output.alerts[0].labels.severity == "page"',
        'a.output.alerts[0].annotations.status == "open"',
        'a.output.transformed.severity == "high"',
        'a.output.transformed.verdict == "guilty"',
        'a.output.results.web.metrics.status == "200"',
        "a.verdict == payload.expected",
    ],
)
def test_a_comparison_with_words_of_a_payload_is_none_of_ours(when: str) -> None:
    assert warned(judging(when)) == []


# --- names that a check has only by default ----------------------------------------------------------


def test_a_reference_to_a_check_without_a_name_is_a_warning() -> None:
    checks = "{checks: [disk, cpu, cpu, {type: memory, name: memory}]}"
    parts = "{{ a.output.results.disk.value }} {{ nodes.a.output.results.cpu_2.value }} {{ a.output.results.memory }}"
    text = nodes(
        f"{{id: a, type: context, config: {checks}}}", f"{{id: b, type: transform, config: {{template: '{parts}'}}}}"
    )
    assert warned(text) == [
        f'f.yaml:4:49 W503 nodes[1].config.template: the check "{name}" has this name only by default'
        " — give the check a name:, so that the reference holds"
        for name in ("disk", "cpu_2")
    ]


BY_DEFAULT = "has this name only by default — give the check a name:, so that the reference holds"


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ("extract: results.disk.value", [("extract", "disk")]),
        ("extract: 'results[\"disk\"]'", [("extract", "disk")]),
        ("extract: results, mapping: {x: disk.value, y: memory.value}", [("mapping.x", "disk")]),
        ("mapping: {x: results.disk.value, y: results.cpu_2}", [("mapping.x", "disk"), ("mapping.y", "cpu_2")]),
        ("extract: results.disk, mapping: {x: value}", [("extract", "disk"), ("mapping.x", "disk")]),
        ("jmespath: results.disk.value", [("jmespath", "disk")]),
        ("jmespath: '{a: results.disk.[value, unit], b: results.memory.value}'", [("jmespath", "disk")] * 2),
        ("jmespath: 'join(unit, [results.cpu.unit, results.disk.unit])'", [("jmespath", "cpu"), ("jmespath", "disk")]),
        ("jmespath: 'results | @.disk.value > `3` && checks_run'", [("jmespath", "disk")]),
        ("extract: results, jmespath: 'not_null(cpu.metrics.*.x, memory)'", [("jmespath", "cpu")]),
        ("template: '{{ value.results.disk.value }}'", [("template", "disk")]),
        ("extract: results, template: '{{ value[\"cpu\"].value }}'", [("template", "cpu")]),
        ("extract: verdicts, mapping: {x: disk}, filter_priority: high", []),
        ("extract: results, filter_priority: high, template: '{{ value.disk }}'", []),
        ("extract: '{{ payload.x }}', mapping: {x: disk}", []),
        ("extract: results, mapping: {x: '{{ payload.x }}'}", []),
        ("extract: results, jmespath: '{{ payload.x }}'", []),
        ("jmespath: 'results.*.disk'", []),
        ("jmespath: 'sort_by(values(results), &results.disk)'", []),
        ("jmespath: 'values(results)[?name == unit]'", []),
        ("extract: results.memory.value", []),
    ],
)
def test_a_path_to_a_check_without_a_name_is_a_warning(config: str, found: list[tuple[str, str]]) -> None:
    checks = "{id: a, type: context, config: {checks: [disk, cpu, cpu, {type: memory, name: memory}]}}"
    said = warned(nodes(checks, f"{{id: b, type: transform, config: {{source_node: a, {config}}}}}"))
    assert [one.partition(" W503 nodes[1].config.")[2] for one in said] == [
        f'{place}: the check "{name}" {BY_DEFAULT}' for place, name in found
    ]
    elsewhere = warned(nodes(checks, f"{{id: b, type: transform, config: {{{config}}}}}"))
    assert elsewhere == []


def test_a_comparison_of_a_value_that_is_a_nodes_knows_its_words() -> None:
    text = "config: {source_node: a, extract: results.memory, template: '{{ value.verdict == \"bad\" }}'}"
    checks = "{id: a, type: context, config: {checks: [{type: memory, name: memory}]}}"
    assert refused(nodes(checks, f"{{id: b, type: transform, {text}}}")) == [
        (
            'f.yaml:4:90 E403 nodes[1].config.template: no verdict is "bad"'
            " — known: ok, warning, unknown, critical, inconclusive"
        )
    ]


# --- names that a node gives -------------------------------------------------------------------------


def test_a_text_that_the_node_renders_reads_the_nodes_own_names() -> None:
    assert (
        warned(
            nodes(
                "{id: a, type: transform, config: {template: '{{ value.x }} {% if value %}{{ payload }}{% endif %}'}}"
            )
        )
        == []
    )
    assert refused(nodes("{id: a, type: transform, config: {mapping: {x: '{{ value }}'}}}")) == [
        f'f.yaml:3:52 E402 nodes[0].config.mapping.x: "value" does not exist — known: {SCOPE}'
    ]


def test_the_texts_of_one_channel_and_of_several_are_rendered_by_the_channel() -> None:
    own = "{driver: generic, payload_template: '{% if verdict %}{{ title | tojson }}{% endif %}'}"
    assert warned(nodes(f"{{id: a, type: notify, config: {{channel: {own}}}}}")) == []
    assert warned(nodes(f"{{id: a, type: notify, config: {{channels: [{own}]}}}}")) == []


def test_a_word_of_the_node_goes_before_a_node_of_that_name() -> None:
    text = nodes(
        A.replace("id: a", "id: value"),
        "{id: b, type: transform, config: {template: '{{ value.anything == \"bad\" }}'}}",
    )
    assert warned(text) == []


# --- habits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("always()", "there is no function always() — set always: true on the node"),
        (
            "success()",
            "there is no function success() — leave it out: a node runs only while no required node has failed",
        ),
        (
            "failure()",
            (
                "there is no function failure() — set always: true on the node, and write a"
                ' "when" that reads a node, like: probe.status == "failed"'
            ),
        ),
        ('a.verdict == "ok" && true', 'unexpected "&" — write "and"'),
        ("a.has_errors || true", 'expected "name", got "|" — write "or"'),
        ("!a.has_errors", 'unexpected "!" — write "not"'),
        ('a.verdict = "ok"', 'unexpected "=" — write == to compare'),
        ('a.verdict === "ok"', 'unexpected "=" — write == or !='),
        ("a.verdict | lowr", 'unknown filter "lowr" — did you mean "lower"?'),
        ("a.has_errors is tru", 'unknown test "tru" — did you mean "true"?'),
        ("{{ a.has_errors }} and {{ true }}", "this is a text, not one expression — write the expression alone"),
        ("", "the expression is empty"),
    ],
)
def test_an_expression_that_does_not_compile_is_said_with_what_to_write(when: str, said: str) -> None:
    found = refused(judging(when))
    assert found == [f"f.yaml:6:11 E401 nodes[1].when: {said}"]


@pytest.mark.parametrize("key", ["when", "skip_if_condition"])
def test_a_condition_may_be_wrapped_in_braces(key: str) -> None:
    assert warned(nodes(A, f"{{id: b, type: transform, {key}: '{{{{ a.has_errors }}}}'}}")) == []


def test_githubs_syntax_in_config_is_said() -> None:
    assert refused(nodes("{id: a, type: transform, config: {source_node: '${{ inputs.x }}'}}")) == [
        "f.yaml:3:52 E401 nodes[0].config.source_node: ${{ … }} is GitHub's syntax — here write {{ … }}"
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "when: {{ payload.x }}",
            'E405 nodes[0].when: YAML reads an unquoted {{ … }} as an object — quote it: "{{ payload.x }}"',
        ),
        (
            "config: {template: {{ payload }}}",
            'E405 nodes[0].config.template: YAML reads an unquoted {{ … }} as an object — quote it: "{{ payload }}"',
        ),
    ],
)
def test_an_expression_without_quotes_is_said(line: str, said: str) -> None:
    found = refused(f"{HEAD}nodes:\n  - id: a\n    type: transform\n    {line}\n")
    assert [one.partition(" ")[2] for one in found] == [said]


def test_a_hyphen_in_an_id_is_explained_where_it_is_used_as_a_name() -> None:
    assert refused(nodes("{id: check-disk, type: context}", "{id: b, type: transform, when: check-disk.has_errors}"))[
        1:
    ] == [
        f'f.yaml:4:36 E402 nodes[1].when: "{name}" does not exist — for the node, write nodes["check-disk"]'
        for name in ("check", "disk")
    ]
