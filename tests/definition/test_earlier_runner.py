"""Definitions of the earlier runner load unchanged, run to their end, and reach people; its rules are rules of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.providers import PROVIDERS
from tests.channels.stage import receiving
from tests.definition.reading import loaded, refused, warned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.channels.stage import Receiver
    from tests.conftest import Ended

    Cli = Callable[..., Ended]

EARLIER = Path(__file__).with_name("earlier")
FILES = sorted(EARLIER.glob("*.json"))
UNTOLD = "is required and can fail, and then nobody is told — add always: true to this node"


def read(name: str) -> str:
    return (EARLIER / f"{name}.json").read_text(encoding="utf-8")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


# --- loading -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_definitions_load_with_nothing_but_warnings(path: Path) -> None:
    definition = loaded(read(path.stem), path.name)
    assert {one.code for one in definition.warnings} <= {"W501", "W504"}
    assert {(step.timeout, step.retry.max_retries) for step in definition.steps} == {(300.0, 3)}


def test_keys_that_nothing_ever_read_are_warnings_where_they_stand() -> None:
    ignored = "never had an effect and is ignored — remove it"
    assert warned(read("pagerduty-alert"), "pagerduty-alert.json") == [
        f'pagerduty-alert.json:4:3 W504 context_flow: "context_flow" {ignored}',
        f'pagerduty-alert.json:18:9 W504 nodes[0].config.source_hint: "source_hint" {ignored}',
        (
            "pagerduty-alert.json:30:11 W504 nodes[1].config.provider_config.system_prompt_hint:"
            f' "system_prompt_hint" {ignored}'
        ),
        f'pagerduty-alert.json:36:5 W501 nodes[2]: "ingest" {UNTOLD}',
        f'pagerduty-alert.json:41:9 W504 nodes[2].config.include_recommendations: "include_recommendations" {ignored}',
    ]


def test_any_other_key_that_it_never_read_is_an_error() -> None:
    tree = json.loads(read("pipeline-manager"))
    tree["tags"] = ["setup_wizard"]
    tree["nodes"][0]["source_hint"] = "cli"
    said = refused(json.dumps(tree), "f.json")
    assert [one.split(" — ")[0].partition(" ")[2] for one in said if " E" in one] == [
        'E203 nodes[0].source_hint: unknown key "source_hint"',
        'E203 tags: unknown key "tags"',
    ]


@pytest.mark.parametrize("spelling", ["local-monitor", "local-monitor-include"])
def test_both_spellings_name_the_checks(spelling: str) -> None:
    found: Any = loaded(read(spelling), "f.json").steps[1].config.sketch
    assert found.names() == ("cpu", "memory", "disk")


def test_its_condition_reads_an_id_that_is_no_name() -> None:
    text = """\
version: "1.0"
nodes:
  - {id: check-health, type: transform}
  - {id: more, type: transform, skip_if_condition: check-health.has_errors, skip_if_errors: [check-health]}
"""
    (warning,) = warned(text)
    assert " W505 nodes[0].id: " in warning
    condition = loaded(text).steps[1].skip_if
    assert condition is not None
    assert condition.text == 'nodes["check-health"].has_errors'


# --- running -----------------------------------------------------------------------------------------

ALERT = {"name": "Disk space low", "status": "firing", "severity": "critical", "description": "/ is 96% full"}


def run(cli: Cli, path: Path, **env: str) -> dict[str, Any]:
    """Run a definition for an alert, and return the result document."""
    flags = ("--json", "--fail-on", "never", "--payload", json.dumps(ALERT))
    ended = cli("--config", str(path), *flags, env={"NO_PROXY": "127.0.0.1", **env})
    document: dict[str, Any] = json.loads(ended.out)
    assert (ended.code, document["status"]) == (0, "completed"), ended.err
    return document


@pytest.mark.parametrize(
    ("name", "executed"),
    [
        ("pipeline-manager", ["ingest", "analyze", "notify"]),
        ("local-monitor", ["ingest", "context", "analyze", "notify"]),
        ("local-monitor-include", ["ingest", "context", "analyze", "notify"]),
        ("wizard-direct", ["ingest_webhook", "notify_channels"]),
        ("wizard-full", ["ingest_webhook", "check_health", "analyze_incident", "notify_channels"]),
    ],
)
def test_a_sample_delivers_the_alert(cli: Cli, receiver: Receiver, name: str, executed: list[str]) -> None:
    document = run(cli, EARLIER / f"{name}.json", NOTIFY_WEBHOOK_URL=f"{receiver.url}/hook")
    assert document["executed_nodes"] == executed
    (request,) = receiver.requests
    message = request.json
    assert (request.path, message["severity"], message["verdict"]) == ("/hook", "critical", "critical")
    assert "Disk space low" in message["title"]
    assert [alert["description"] for alert in message["alerts"]] == ["/ is 96% full"]
    assert bool(message["recommendations"]) == any(node.startswith("analyze") for node in executed)
    assert {check["name"] for check in message["checks"]} == {
        check for node in document["node_results"].values() for check in node["output"].get("results", {})
    }


def test_a_sample_that_watches_the_machine_tells_when_something_is_wrong(cli: Cli, receiver: Receiver) -> None:
    document = run(cli, EARLIER / "wizard-local-smart.json", NOTIFY_WEBHOOK_URL=receiver.url)
    assert document["executed_nodes"] == ["check_health", "analyze_incident", "notify_channels"]
    assert set(document["node_results"]["check_health"]["output"]["results"]) == {"memory", "disk"}
    assert len(receiver.requests) == (document["verdict"] != "ok")


ANSWER = {
    "summary": "The disk fills up.",
    "probable_cause": "Logs are not rotated.",
    "recommendations": [],
}


def test_a_model_that_cannot_be_reached_keeps_no_message_from_going_out(cli: Cli, receiver: Receiver) -> None:
    document = run(
        cli,
        EARLIER / "pipeline-manager-openai.json",
        NOTIFY_WEBHOOK_URL=f"{receiver.url}/hook",
        OPENAI_API_KEY="sk-not-a-real-key",
        HTTPS_PROXY=receiver.url,  # it takes messages and opens no tunnel
    )
    analysis = document["node_results"]["analyze"]
    assert (analysis["status"], analysis["output"]["fallback_used"], len(analysis["errors"])) == ("succeeded", True, 1)
    (request,) = receiver.requests
    assert "Disk space low" in request.json["title"]
    assert request.json["recommendations"]


def test_a_model_that_answers_is_heard_and_asked_as_the_sample_says(
    cli: Cli, receiver: Receiver, tmp_path: Path
) -> None:
    tree = json.loads(read("pipeline-manager-openai"))
    tree["nodes"][1]["config"]["provider_config"]["base_url"] = f"{receiver.url}/v1"
    path = tmp_path / "openai.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    choices = [{"finish_reason": "stop", "message": {"content": json.dumps(ANSWER)}}]
    receiver.answer(200, json.dumps({"model": "gpt-4o-mini", "choices": choices}).encode())
    document = run(cli, path, NOTIFY_WEBHOOK_URL=f"{receiver.url}/hook", OPENAI_API_KEY="sk-not-a-real-key")
    asked, told = receiver.requests
    assert (asked.path, asked.json["model"], asked.json["max_tokens"]) == ("/v1/chat/completions", "gpt-4o-mini", 1024)
    assert asked.headers["authorization"] == "Bearer sk-not-a-real-key"
    assert document["node_results"]["analyze"]["output"]["fallback_used"] is False
    assert told.json["probable_cause"] == "Logs are not rotated."


def test_an_alert_of_pagerduty_opens_an_incident_there(cli: Cli, receiver: Receiver) -> None:
    receiver.answer(202, b'{"status": "success", "dedup_key": "x"}')
    document = run(
        cli,
        EARLIER / "pagerduty-alert.json",
        PAGERDUTY_ROUTING_KEY="0123456789abcdef0123456789abcdef",
        PAGERDUTY_EVENTS_URL=f"{receiver.url}/v2/enqueue",
        OPENAI_API_KEY="sk-not-a-real-key",
        HTTPS_PROXY=receiver.url,
    )
    (request,) = receiver.requests
    event = request.json
    assert (request.path, event["event_action"], event["payload"]["severity"]) == (
        "/v2/enqueue",
        "trigger",
        "critical",
    )
    assert event["routing_key"] == "0123456789abcdef0123456789abcdef"
    assert "Disk space low" in event["payload"]["summary"]
    assert document["node_results"]["notify"]["output"]["channels_succeeded"] == 1


def test_without_a_place_to_deliver_to_a_sample_does_not_begin(cli: Cli) -> None:
    ended = cli("--config", str(EARLIER / "pipeline-manager.json"), "--sample")
    assert ended.code == 4
    assert "NOTIFY_WEBHOOK_URL" in ended.err


# --- its rules ---------------------------------------------------------------------------------------


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    """A sample with a change, as JSON."""
    tree: dict[str, Any] = json.loads(read("pipeline-manager"))
    change(tree)
    return json.dumps(tree)


def node(at: int, **fields: object) -> str:
    """A sample with other fields of a node; null takes one away."""

    def change(tree: dict[str, Any]) -> None:
        merged = {**tree["nodes"][at], **fields}
        tree["nodes"][at] = {key: value for key, value in merged.items() if value is not None}

    return changed(change)


TYPES = "ingest, context, intelligence, transform, notify"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            changed(lambda tree: tree.pop("version")),
            'E201 version: missing key "version" — add "version"',
            id="Missing 'version' in config",
        ),
        pytest.param(
            changed(lambda tree: tree.pop("nodes")),
            'E201 nodes: missing key "nodes" — add "nodes"',
            id="Pipeline has no nodes defined: none",
        ),
        pytest.param(
            changed(lambda tree: tree["nodes"].clear()),
            "E201 nodes: a definition needs at least one node — add one: {id: …, type: …}",
            id="Pipeline has no nodes defined: empty",
        ),
        pytest.param(node(2, id=None), 'E201 nodes[2].id: missing key "id" — add "id"', id="Node <index> missing 'id'"),
        pytest.param(
            node(2, id="analyze"),
            'E301 nodes[2].id: duplicate id "analyze" — line 1 has it too: ids are unique',
            id="Duplicate node id: <id>",
        ),
        pytest.param(
            node(0, type=None), 'E201 nodes[0].type: missing key "type" — add "type"', id="Node <index> missing 'type'"
        ),
        pytest.param(
            node(0, type="condition"),
            f'E206 nodes[0].type: unknown node type "condition" — known: {TYPES}',
            id="Node <id> has unknown type: <t>",
        ),
        pytest.param(
            node(1, config={}),
            f'E201 nodes[1].config.provider: missing key "provider" — known providers: {", ".join(PROVIDERS)}',
            id="Missing required field: provider",
        ),
        pytest.param(
            node(1, config={"provider": "loca"}),
            'E206 nodes[1].config.provider: unknown provider "loca" — did you mean "local"?',
            id="Unknown provider: <p>",
        ),
        pytest.param(
            node(2, config={}), 'E201 nodes[2].config.driver: missing key "driver"', id="driver or drivers is required"
        ),
        pytest.param(
            node(0, next="anlyze"),
            'E303 nodes[0].next: next names "anlyze", and there is no such node — did you mean "analyze"?',
            id="Node <id> references unknown next node: <next>",
        ),
        pytest.param("[]", "E202 a definition is an object, this is a list", id="a list at the top, which broke it"),
        pytest.param(
            changed(lambda tree: tree["nodes"].insert(0, 3)),
            "E202 nodes[0]: expected an object, got 3",
            id="a node that is no object, which broke it",
        ),
        pytest.param(
            node(0, required="yes"),
            'E202 nodes[0].required: expected true or false, got "yes"',
            id="a value of another type, which it took",
        ),
        pytest.param(
            node(1, config={"provider": "local", "provider_confg": {}}),
            'E203 nodes[1].config.provider_confg: unknown key "provider_confg" — did you mean "provider_config"?',
            id="an unknown key, which it took",
        ),
        pytest.param(
            node(1, type="context", config={"checker_names": ["dsk"]}),
            'E206 nodes[1].config.checker_names[0]: unknown check "dsk" — did you mean "disk"?',
            id="an unknown checker, which it skipped",
        ),
        pytest.param(
            node(0, config={"driver": "alertmanger"}),
            'E206 nodes[0].config.driver: unknown format "alertmanger" — did you mean "alertmanager"?',
            id="an unknown alert driver, which it took",
        ),
        pytest.param(
            node(2, config={"drivers": ["genric"]}),
            'E206 nodes[2].config.drivers[0]: unknown driver "genric" — did you mean "generic"?',
            id="an unknown notify driver, which it took",
        ),
        pytest.param(
            node(1, type="transform", config={"source_node": "ingst"}),
            'E306 nodes[1].config.source_node: there is no node "ingst" — did you mean "ingest"?',
            id="a source_node that is not there, which it took",
        ),
        pytest.param(
            node(2, skip_if_errors=["anlyze"]),
            'E306 nodes[2].skip_if_errors[0]: there is no node "anlyze" — did you mean "analyze"?',
            id="skip_if_errors of no node, which it took",
        ),
        pytest.param(
            node(2, skip_if_condition="analyze.failed"),
            "E402 nodes[2].skip_if_condition: analyze.failed does not exist",
            id="a condition that it never skipped by",
        ),
        pytest.param(
            node(1, next="ingest"),
            "E304 nodes[0].next: next leads in a circle: ingest → analyze → ingest",
            id="a circle, which it took",
        ),
        pytest.param(
            node(1, config={"provider": "local", "provider_config": {"modl": "x"}}),
            'E203 nodes[1].config.provider_config.modl: unknown key "modl"',
            id="an unknown option of a provider, which it took",
        ),
    ],
)
def test_each_of_its_rules_has_a_diagnostic_of_ours(text: str, said: str) -> None:
    found = [one.partition(" ")[2] for one in refused(text, "f.json")]
    assert [one for one in found if one.startswith(said)], found


def test_a_transform_reads_the_payload_where_it_had_to_name_a_node() -> None:
    said = warned(node(1, type="transform", config={}), "f.json")
    assert [one.split()[1] for one in said] == ["W501"]
