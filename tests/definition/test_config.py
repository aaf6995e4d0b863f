"""A node's `config`: templates anywhere at load, and the same diagnostics as soon as their values are known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from runner.channels.generic import Generic
from runner.checks import CHECKS
from runner.checks.disk import Disk
from runner.checks.http import Http
from runner.definition.config import marked, templates_in
from runner.definition.filling import plain
from runner.errors import InvalidConfig
from runner.nodes.context import Context
from runner.nodes.notify import Notify
from runner.nodes.transform import Transform
from runner.results import Verdict
from runner.secrets import Sealed, Secret, is_foreign, reveal
from runner.spec import Block, Template, Threshold
from tests.definition.reading import HEAD, loaded, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.scope import Node

VALUES: Mapping[str, Any] = {
    "inputs": {
        "url": "https://a.example/",
        "number": 3,
        "zero": 0,
        "limit": "85%",
        "many": ["/", "/var"],
        "yes": True,
        "text": "words",
        "name": "main-page",
        "status": [200, "300-302"],
        "nothing": None,
        "far": "https://a.example:99999/",
    },
    "secrets": {"TOKEN": Secret("TOKEN", "opensesame")},
    "payload": {"url": "http://10.0.0.1/", "text": "{{ secrets.TOKEN }}"},
    "env": {},
}


def names(wanted: frozenset[str]) -> dict[str, object]:
    return {name: VALUES[name] for name in wanted}


def first_node(kind: str, config: str) -> tuple[Any, Callable[[], Node]]:
    """The config of a node, and what binds it to the values above."""
    declared = ", ".join(f"{name}: {{}}" for name in VALUES["inputs"])
    top = f"{HEAD}secrets: [TOKEN]\ninputs: {{{declared}}}\n"
    found = loaded(f"{top}nodes:\n  - id: a\n    type: {kind}\n    config:\n      {config}\n").steps[0].config
    return found, lambda: found.bind(names)


def one_check(fields: str) -> Callable[[], Node]:
    return first_node("context", f"checks: [{{{fields}}}]")[1]


def check(fields: str) -> Any:  # noqa: ANN401 - any check
    node = one_check(fields)()
    assert isinstance(node, Context)
    return node.checks[0][0]


# --- a template where something else stands ----------------------------------------------------------


def test_values_keep_their_types() -> None:
    found = check(
        'type: http, url: "{{ inputs.url }}", follow_redirects: "{{ inputs.yes }}", timeout: "{{ inputs.number }}s",'
        ' expect: {status: "{{ inputs.status }}", body_contains: "{{ inputs.text }}"},'
        ' confirm: {tries: "{{ inputs.number }}"}, headers: {X: "{{ inputs.number }}!"}'
    )
    assert isinstance(found, Http)
    assert (found.url, found.follow_redirects, found.timeout) == ("https://a.example/", True, 3.0)
    assert found.confirm is not None
    assert (found.confirm.tries, found.headers) == (3, {"X": "3!"})


def test_a_list_may_be_a_template() -> None:
    found = check('type: disk, paths: "{{ inputs.many }}", warning: "{{ inputs.limit }}", critical: {above: 90}')
    assert isinstance(found, Disk)
    assert (found.paths, found.warning) == (("/", "/var"), Threshold(above=85.0))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param(
            'type: disk, warning: "{{ inputs.text }}"',
            '8:38 E202 nodes[0].config.checks[0].warning: expected a percentage, got "words"'
            ' — write it like "85%" or 85',
            id="a percentage",
        ),
        pytest.param(
            'type: disk, warning: "{{ inputs.limit }}", critical: 50',
            "8:38 E207 nodes[0].config.checks[0].warning: a warning above 85% never comes before critical above 50%"
            " — swap them",
            id="thresholds in the wrong order",
        ),
        pytest.param(
            'type: http, url: "https://a.example", critical: "30s", timeout: "{{ inputs.number }}s"',
            "8:65 E207 nodes[0].config.checks[0].critical: nothing is critical above 30s where a try ends after 3s"
            " — give a timeout above 30s, or a lower limit",
            id="a threshold beyond the timeout",
        ),
        pytest.param(
            'type: disk, critical: {above: "{{ inputs.text }}"}',
            '8:39 E202 nodes[0].config.checks[0].critical: expected a percentage, got "words"'
            ' — write it like "85%" or 85',
            id="within a threshold",
        ),
        pytest.param(
            'type: disk, paths: "{{ inputs.text }}"',
            '8:36 E202 nodes[0].config.checks[0].paths: expected a list, got "words" — write [words]',
            id="a list",
        ),
        pytest.param(
            'type: cpu, per_cpu: "{{ inputs.text }}"',
            '8:37 E202 nodes[0].config.checks[0].per_cpu: expected true or false, got "words" — write true or false',
            id="true or false",
        ),
        pytest.param(
            'type: cpu, samples: "{{ inputs.zero }}"',
            "8:37 E204 nodes[0].config.checks[0].samples: 0 is too small — write 1 or more",
            id="a number",
        ),
        pytest.param(
            'type: http, url: "https://a.example", method: "{{ inputs.text }}"',
            '8:63 E204 nodes[0].config.checks[0].method: "words" is not one of GET, HEAD, OPTIONS, POST, PUT, PATCH,'
            " DELETE — known: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE",
            id="a word of a list",
        ),
        pytest.param(
            'type: http, url: "{{ inputs.text }}"',
            '8:34 E204 nodes[0].config.checks[0].url: "words" is no URL — write "https://words"',
            id="a URL",
        ),
        pytest.param(
            'type: http, url: "{{ inputs.nothing }}"',
            "8:34 E202 nodes[0].config.checks[0].url: expected a text, got nothing — write one, or leave the key out",
            id="nothing",
        ),
        pytest.param(
            'type: disk, timeout: "{{ inputs.number }}"',
            '8:38 E202 nodes[0].config.checks[0].timeout: expected a duration, got 3 — write "3s" for seconds',
            id="a duration",
        ),
        pytest.param(
            'type: disk, name: "{{ inputs.name }}"',
            '8:35 E204 nodes[0].config.checks[0].name: "main-page" is no name'
            " — use letters, digits and _, not starting with a digit",
            id="a name",
        ),
        pytest.param(
            'type: "{{ inputs.text }}"',
            f'8:23 E206 nodes[0].config.checks[0].type: unknown check "words" — known: {", ".join(CHECKS)}',
            id="a type",
        ),
    ],
)
def test_a_wrong_value_gets_its_diagnostic_when_it_is_known(fields: str, said: str) -> None:
    bind = one_check(fields)
    with pytest.raises(InvalidConfig) as caught:
        bind()
    assert [str(one) for one in caught.value.diagnostics] == [f"f.yaml:{said}"]


def test_the_diagnostic_is_the_one_that_a_plain_value_gets_at_load() -> None:
    bind = one_check('type: disk, warning: "{{ inputs.text }}"')
    with pytest.raises(InvalidConfig) as caught:
        bind()
    at_load = refused(
        'version: "1.0"\nnodes: [{id: a, type: context, config: {checks: [{type: disk, warning: words}]}}]\n'
    )
    at_run = [str(one) for one in caught.value.diagnostics]
    assert [one.partition(" ")[2] for one in at_run] == [one.partition(" ")[2] for one in at_load]


def test_all_wrong_values_of_a_node_are_said_together() -> None:
    bind = one_check('type: disk, warning: "{{ inputs.text }}", paths: "{{ inputs.zero }}"')
    with pytest.raises(InvalidConfig) as caught:
        bind()
    assert [one.path for one in caught.value.diagnostics] == [
        "nodes[0].config.checks[0].warning",
        "nodes[0].config.checks[0].paths",
    ]


def test_each_expression_that_cannot_be_evaluated_is_said_with_its_place() -> None:
    bind = one_check('type: http, url: "{{ payload.missing.url }}", timeout: "{{ 1 / inputs.zero }}"')
    with pytest.raises(InvalidConfig) as caught:
        bind()
    assert [str(one) for one in caught.value.diagnostics] == [
        'f.yaml:8:34 E402 nodes[0].config.checks[0].url: "payload.missing" is undefined — known: url, text',
        "f.yaml:8:72 E402 nodes[0].config.checks[0].timeout: division by zero",
    ]


def test_one_driver_or_provider_may_be_known_only_later() -> None:
    node = first_node("notify", 'driver: "{{ inputs.url | length | float }}"')[0]
    assert node.sketch is None
    with pytest.raises(InvalidConfig, match=r"expected a text, got 18\.0"):
        node.bind(names)


# --- what is and what is not a template --------------------------------------------------------------


def test_without_templates_the_node_is_ready_at_load() -> None:
    config, bind = first_node("transform", "extract: a.b")
    assert bind() is config.sketch
    assert isinstance(config.sketch, Transform)


def test_only_what_a_config_reads_is_asked_for() -> None:
    config, _ = first_node("context", 'checks: [{type: http, url: "{{ inputs.url }}{{ payload.text }}"}]')
    assert config.names == {"inputs", "payload"}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"url": "plain"}, {}),
        ({"url": "{% if x %} {# c #}"}, {}),
        ({"url": "{{ x }}"}, {("url",): Template}),
        ({"a": [{"b": ["{{ x }}", "y"]}]}, {("a", 0, "b", 0): Template}),
        ({"{{ x }}": "y"}, {}),
        ({"template": "{{ x }}", "title": "{% y %}", "message": "plain"}, {("template",): Block, ("title",): Block}),
        ({"other": {"template": "{{ x }}"}}, {("other", "template"): Template}),
        (
            {"channels": [{"driver": "generic", "payload_template": "{{ x }}"}]},
            {("channels", 0, "payload_template"): Block},
        ),
        ({"channel": {"driver": "generic", "payload_template": "{% x %}"}}, {("channel", "payload_template"): Block}),
        ({"channel": {"driver": "generic", "endpoint": "{{ x }}"}}, {("channel", "endpoint"): Template}),
        ({"checks": [{"json": {"driver": "a", "message": "{{ x }}"}}]}, {("checks", 0, "json", "message"): Template}),
        ({"template": 3}, {}),
    ],
)
def test_live_texts_are_marked_and_found(config: dict[str, Any], expected: dict[tuple[str | int, ...], type]) -> None:
    assert {at: type(text) for at, text in templates_in(marked(config))} == expected
    assert marked(config) == config


def test_texts_that_the_node_renders_stay_as_they_are() -> None:
    text = "{% if verdict %}{{ title }}{% endif %}"
    _, bind = first_node(
        "notify", f"channels: [{{driver: generic, payload_template: '{text}', endpoint: '{{{{ inputs.url }}}}'}}]"
    )
    node = bind()
    assert isinstance(node, Notify)
    channel = node.channels[0]
    assert isinstance(channel, Generic)
    assert (channel.payload_template, type(channel.payload_template)) == (text, str)
    assert channel.endpoint == "https://a.example/"


def test_block_and_comment_delimiters_are_plain_text_in_config() -> None:
    assert check('type: command, argv: ["{% raw %}", "{# no comment #}"]').argv == ("{% raw %}", "{# no comment #}")


def test_what_comes_out_of_a_template_is_no_template() -> None:
    assert check('type: command, argv: ["{{ payload.text }}"]').argv == ("{{ secrets.TOKEN }}",)


# --- where values come from --------------------------------------------------------------------------


def test_what_a_payload_says_is_marked_as_foreign_and_what_an_input_says_is_not() -> None:
    assert is_foreign(check('type: http, url: "{{ payload.url }}"').url)
    assert is_foreign(check('type: http, url: "{{ payload.url or inputs.url }}"').url)
    assert not is_foreign(check('type: http, url: "{{ inputs.url }}"').url)


def test_a_secret_stays_sealed() -> None:
    headers = check(
        'type: http, url: "https://a.example", headers: {A: "{{ secrets.TOKEN }}", B: "Bearer {{ secrets.TOKEN }}"}'
    ).headers
    assert (headers["A"], str(headers["B"])) == (Secret("TOKEN", "opensesame"), "Bearer «TOKEN»")
    assert isinstance(headers["B"], Sealed)
    assert reveal(headers["B"]) == "Bearer opensesame"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Verdict.OK, "ok"),
        ((1, 2), [1, 2]),
        ({"a": (Verdict.CRITICAL,)}, {"a": ["critical"]}),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (None, None),
        (1.5, 1.5),
    ],
)
def test_a_value_becomes_what_a_file_could_hold(value: object, expected: object) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


# --- ports -------------------------------------------------------------------------------------------

PORTS = {
    "http": ("context", "checks: [{type: http, url: 'URL'}]", "checks[0].url"),
    "slack": ("notify", "driver: slack\n      webhook_url: 'URL'", "webhook_url"),
    "generic": ("notify", "driver: generic\n      endpoint: 'URL'", "endpoint"),
    "generic's other word": ("notify", "driver: generic\n      webhook_url: 'URL'", "webhook_url"),
    "pagerduty": ("notify", "driver: pagerduty\n      integration_key: k\n      events_url: 'URL'", "events_url"),
    "openai": ("intelligence", "provider: openai\n      api_key: k\n      base_url: 'URL'", "base_url"),
}
NO_PORT = '"https://a.example:99999/" names :99999, and there is no such port — give one from 1 to 65535, or none'


@pytest.mark.parametrize(("kind", "config", "at"), PORTS.values(), ids=PORTS)
def test_a_port_that_there_is_not_is_found_at_once_where_the_url_is_known(kind: str, config: str, at: str) -> None:
    written = config.replace("URL", "https://a.example:99999/")
    told = refused(f"{HEAD}nodes:\n  - id: a\n    type: {kind}\n    config:\n      {written}\n")
    assert [one.partition(" ")[2] for one in told] == [f"E204 nodes[0].config.{at}: {NO_PORT}"]


@pytest.mark.parametrize(("kind", "config", "at"), PORTS.values(), ids=PORTS)
def test_a_port_that_there_is_not_is_found_as_soon_as_the_url_is_known(kind: str, config: str, at: str) -> None:
    _, bind = first_node(kind, config.replace("URL", "{{ inputs.far }}"))
    with pytest.raises(InvalidConfig) as caught:
        bind()
    assert [str(one).partition(" ")[2] for one in caught.value.diagnostics] == [f"E204 nodes[0].config.{at}: {NO_PORT}"]
