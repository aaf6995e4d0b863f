"""`for_each`: one check that stands for as many as a list has items, said once and judged one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.checks.http import Http
from runner.checks.tcp import Tcp
from runner.definition.repeating import MOST_ITEMS
from runner.errors import InvalidConfig
from runner.nodes.context import Context
from runner.secrets import Secret, is_foreign
from runner.spec import Threshold
from tests.definition.reading import HEAD, loaded, nodes, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.checks import Check

URLS = ["https://a.example/", "https://b.example/"]
VALUES: Mapping[str, Any] = {
    "inputs": {
        "urls": URLS,
        "bad": ["https://a.example/", "b.example", "c.example"],
        "text": "https://a.example/",
        "none": [],
        "many": list(range(MOST_ITEMS + 1)),
        "limit": "2s",
    },
    "secrets": {"TOKEN": Secret("TOKEN", "opensesame")},
    "payload": {"urls": ["http://10.0.0.1/"], "text": "x"},
}


def bound(*checks: str) -> Context:
    """A node with these checks, the first on line 10, and the values above in their places."""
    declared = ", ".join(f"{name}: {{}}" for name in VALUES["inputs"])
    top = f"{HEAD}secrets: [TOKEN]\ninputs: {{{declared}}}\nnodes:\n"
    lines = "".join(f"      - {{{check}}}\n" for check in checks)
    text = f"{top}  - id: it\n    type: context\n    config:\n      checks:\n{lines}"
    node = loaded(text).steps[0].config.bind(lambda names: {name: VALUES[name] for name in names})
    assert isinstance(node, Context)
    return node


def checks(*written: str) -> list[Check]:
    return [check for entry in bound(*written).checks for check in entry]


def wrong(*written: str) -> list[str]:
    with pytest.raises(InvalidConfig) as caught:
        bound(*written)
    return [str(one).removeprefix("f.yaml:") for one in caught.value.diagnostics]


def test_one_entry_becomes_a_check_for_each_item() -> None:
    (entry,) = bound(
        'type: http, for_each: "{{ inputs.urls }}", url: "{{ item }}", warning: "{{ inputs.limit }}"'
    ).checks
    found = [(one.url, one.for_each, one.warning) for one in entry if isinstance(one, Http)]
    assert found == [(url, None, Threshold(above=2.0)) for url in URLS]


def test_the_list_may_stand_in_the_file_and_its_items_may_be_objects() -> None:
    found = checks(
        "type: tcp, for_each: [{host: a.example, port: 25}, {host: b.example, port: 443}],"
        ' name: "at_{{ item.port }}", host: "{{ item.host }}", port: "{{ item.port }}"'
    )
    assert [(one.name, one.host, one.port) for one in found if isinstance(one, Tcp)] == [
        ("at_25", "a.example", 25),
        ("at_443", "b.example", 443),
    ]


def test_items_of_a_list_in_the_file_may_be_expressions() -> None:
    found = checks('type: http, for_each: ["{{ inputs.text }}", "https://c.example"], url: "{{ item }}"')
    assert [one.url for one in found if isinstance(one, Http)] == ["https://a.example/", "https://c.example"]


def test_the_names_are_made_of_what_each_looks_at() -> None:
    node = bound(
        'type: http, for_each: "{{ inputs.urls }}", url: "{{ item }}"', 'type: http, url: "https://a.example/"'
    )
    assert node.names() == ("http_a_example", "http_b_example", "http_a_example_2")


def test_an_empty_list_makes_no_check_and_the_others_stay() -> None:
    found = checks('type: http, for_each: "{{ inputs.none }}", url: "{{ item }}"', "type: disk")
    assert [one.type for one in found] == ["disk"]


def test_a_node_that_is_called_item_is_hidden_there_alone() -> None:
    text = nodes(
        "{id: item, type: transform}",
        '{id: b, type: context, when: item.status == "succeeded", config: {checks: ['
        '{type: http, for_each: ["https://a.example"], url: "{{ item }}"}, '
        '{type: http, url: "{{ item.output.transformed.url }}"}]}}',
    )
    assert loaded(text).steps[1].config.names == {"item"}
    text = nodes('{id: b, type: context, config: {checks: [{type: http, for_each: [x], url: "{{ item.verdict }}"}]}}')
    assert loaded(text).steps[0].config.names == set()


# --- where items come from ---------------------------------------------------------------------------


def test_an_item_of_the_payload_is_foreign_and_one_of_an_input_is_not() -> None:
    (own,) = checks('type: http, for_each: "{{ inputs.urls[:1] }}", url: "{{ item }}"')
    (foreign,) = checks('type: http, for_each: "{{ payload.urls }}", url: "{{ item }}"')
    (inside,) = checks('type: http, for_each: ["{{ payload.urls[0] }}"], url: "{{ item }}"')
    (mixed,) = checks('type: http, for_each: "{{ inputs.urls[:1] }}", url: "{{ item }}{{ payload.text }}"')
    found = [is_foreign(one.url) for one in (own, foreign, inside, mixed) if isinstance(one, Http)]
    assert found == [False, True, True, True]


def test_an_item_that_is_a_secret_stays_sealed() -> None:
    (found,) = checks('type: http, for_each: ["{{ secrets.TOKEN }}"], url: "https://a.example/{{ item }}"')
    assert isinstance(found, Http)
    assert str(found.url) == "https://a.example/«TOKEN»"


# --- what is wrong -----------------------------------------------------------------------------------


def test_a_wrong_item_is_said_where_it_is_put_once_for_each() -> None:
    assert wrong('type: http, for_each: "{{ inputs.bad }}", url: "{{ item }}", name: "a{{ item | length }}"') == [
        '9:57 E204 nodes[0].config.checks[0].url: "b.example" is no URL — write "https://b.example"',
        '9:57 E204 nodes[0].config.checks[0].url: "c.example" is no URL — write "https://c.example"',
    ]


def test_what_is_wrong_in_all_items_is_said_once() -> None:
    assert wrong('type: http, for_each: "{{ inputs.urls }}", url: "{{ item }}", timeout: "{{ inputs.text }}"') == [
        (
            '9:81 E202 nodes[0].config.checks[0].timeout: expected a duration, got "https://a.example/"'
            ' — write it with a unit, like "30s", "5m" or "1h30m"'
        )
    ]


def test_what_can_be_read_is_checked_even_where_another_list_cannot_be_made() -> None:
    assert wrong(
        'type: tls, for_each: "{{ inputs.bad | urlsplit }}", host: "{{ item.host }}"',
        'type: http, for_each: "{{ inputs.bad[:2] }}", url: "{{ item }}"',
    ) == [
        '9:31 E402 nodes[0].config.checks[0].for_each: "b.example" is no URL — write "https://b.example"',
        '10:61 E204 nodes[0].config.checks[1].url: "b.example" is no URL — write "https://b.example"',
    ]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        pytest.param(
            'type: http, for_each: "{{ inputs.text }}", url: "{{ item }}"',
            '9:32 E202 nodes[0].config.checks[0].for_each: expected a list, got "https://a.example/"'
            " — an input holds a list where it is declared with type: list",
            id="a text",
        ),
        pytest.param(
            'type: disk, for_each: "{{ inputs.many }}", paths: ["/{{ item }}"]',
            "9:32 E104 nodes[0].config.checks[0].for_each: 1,001 items are more than for_each takes — at most 1,000",
            id="too many",
        ),
        pytest.param(
            'type: http, for_each: "{{ inputs.urls }}", url: "{{ item.url }}"',
            '9:58 E402 nodes[0].config.checks[0].url: "item.url" is undefined — "url" is read from a text',
            id="no such key",
        ),
        pytest.param(
            'type: http, for_each: "{{ inputs.urls }}", name: "{{ inputs.limit }}", url: "{{ item }}"',
            '9:59 E204 nodes[0].config.checks[0].name: "2s" is no name'
            " — use letters, digits and _, not starting with a digit",
            id="no name",
        ),
        pytest.param(
            'type: http, for_each: "{{ inputs.urls }}", name: "a{{ inputs.limit }}", url: "{{ item }}"',
            '9:59 E301 nodes[0].config.checks[0].name: duplicate check name "a2s"'
            " — give each check of a node its own name",
            id="one name for all",
        ),
    ],
)
def test_what_is_wrong_with_the_list_or_what_is_made_of_it_is_said(check: str, said: str) -> None:
    assert wrong(check) == [said]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        pytest.param(
            'type: http, for_each: https://a.example, url: "{{ item }}"',
            '3:70 E202 nodes[0].config.checks[0].for_each: expected a list, got "https://a.example"'
            ' — write [a, b], or "{{ inputs.NAME }}" for an input of type list',
            id="a text",
        ),
        pytest.param(
            'type: http, for_each: [], url: "{{ item }}"',
            "3:70 E204 nodes[0].config.checks[0].for_each: an empty list says nothing — name at least one",
            id="no item",
        ),
        pytest.param(
            'type: http, for_each: [a, b], url: "https://a.example"',
            "3:70 E208 nodes[0].config.checks[0].for_each: nothing here reads the items"
            " — write {{ item }} where they differ",
            id="never read",
        ),
        pytest.param(
            'type: http, name: page, for_each: [a, b], url: "https://{{ item }}"',
            "3:66 E208 nodes[0].config.checks[0].name: for_each would give all its checks this name"
            " — leave it out, or put {{ item }} into it",
            id="one name",
        ),
        pytest.param(
            'type: http, for_each: ["{{ item }}"], url: "https://{{ item }}"',
            '3:71 E402 nodes[0].config.checks[0].for_each[0]: "item" does not exist'
            " — it is read beside the for_each that it is an item of",
            id="an item of itself",
        ),
        pytest.param(
            'type: http, url: "https://{{ item }}"',
            '3:65 E402 nodes[0].config.checks[0].url: "item" does not exist'
            " — it is read beside the for_each that it is an item of",
            id="without a list",
        ),
    ],
)
def test_validation_says_what_is_wrong_already(check: str, said: str) -> None:
    assert refused(nodes(f"{{id: it, type: context, config: {{checks: [{{{check}}}]}}}}")) == [f"f.yaml:{said}"]
