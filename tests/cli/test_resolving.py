"""What is decided before the first node: which definition, which secrets and variables, and who may read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended

    Cli = Callable[..., Ended]

PLAIN = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'


def document(ended: Ended) -> dict[str, Any]:
    """Return the result document of a run that went well."""
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


# --- which definition ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flags",
    [
        ("--definition", "x", "--config", "y"),
        ("--definition", "x", "--checks-only"),
        ("--config", "y", "--checks-only"),
    ],
    ids=["definition and config", "definition and checks-only", "config and checks-only"],
)
def test_two_definitions_are_one_too_many(cli: Cli, flags: tuple[str, ...]) -> None:
    first, second = (flag for flag in flags if flag.startswith("--"))
    ended = cli(*flags)
    assert (ended.code, ended.err) == (2, f"error: Cannot specify both {first} and {second}\n")


def test_a_relative_folder_is_relative_to_the_working_directory(cli: Cli, tmp_path: Path) -> None:
    for folder in ("mine", "checkout"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mine/x.yaml").write_text(PLAIN)
    env = {"PIPELINE_DEFINITIONS_DIR": "mine", "GITHUB_WORKSPACE": str(tmp_path / "checkout")}
    found = document(cli("--definition", "x", "--json", env=env))
    assert found["definition_source"] == str(tmp_path / "mine/x.yaml")


def test_the_workspace_is_looked_in_wherever_the_process_stands(cli: Cli, tmp_path: Path) -> None:
    for folder in ("checkout/definitions", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "checkout/definitions/x.yaml").write_text(PLAIN)
    env = {"GITHUB_WORKSPACE": str(tmp_path / "checkout")}
    found = document(cli("--definition", "x", "--json", env=env, cwd=tmp_path / "elsewhere"))
    assert found["definition_source"] == "definitions/x.yaml"


def test_the_name_in_the_file_wins_over_the_files(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(f"name: other\n{PLAIN}")
    found = document(cli("--config", "x.yaml", "--json"))
    assert (found["definition"], found["definition_source"]) == ("other", "x.yaml")


def test_an_alert_in_ci_is_no_reason_to_look_at_the_machine(cli: Cli) -> None:
    flags = ("--sample", "--source", "alertmanager", "--fail-on", "never", "--json")
    found = document(cli(*flags, env={"CI": "true"}))
    assert found["node_results"]["context"]["skip_reason"].startswith("when is false: inputs.machine_checks")
    asked = document(cli(*flags, "--checkers", "disk", env={"CI": "true"}))
    assert list(asked["node_results"]["context"]["output"]["results"]) == ["disk"]


# --- which secrets and variables -------------------------------------------------------------------


@pytest.mark.parametrize("value", ["true", "null", "1234", '": "', "node_results"])
def test_a_secret_that_looks_like_json_breaks_no_document(cli: Cli, tmp_path: Path, value: str) -> None:
    text = f"{PLAIN.replace('transform', 'transform, config: {template: THIS}')}secrets: [TOKEN]\n"
    (tmp_path / "d.yaml").write_text(text.replace("THIS", '"{{ [12345, true, none, payload] }}"'))
    flags = ("--json", "--results", "r.json", "--payload", json.dumps({"x": f"see {value}"}))
    ended = cli("--config", "d.yaml", *flags, env={"TOKEN": value})
    for written in (ended.out, (tmp_path / "r.json").read_text()):
        assert "«TOKEN»" in json.dumps(json.loads(written), ensure_ascii=False)


@pytest.mark.parametrize("flags", [(), ("--dry-run",)], ids=["run", "dry run"])
@pytest.mark.parametrize(
    ("file", "reason"), [("gone", "No such file or directory"), ("binary", "it is not UTF-8"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_a_missing_secret(
    cli: Cli, tmp_path: Path, file: str, reason: str, flags: tuple[str, ...]
) -> None:
    (tmp_path / "d.yaml").write_text(f"{PLAIN}secrets: [TOKEN]\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    ended = cli("--config", "d.yaml", *flags, env={"TOKEN_FILE": file})
    sentence = f"TOKEN_FILE names {file}, which cannot be read: {reason}"
    expected = (0, f"warning: {sentence}: a real run would exit 4\n") if flags else (4, f"error: {sentence}\n")
    assert (ended.code, ended.err) == expected


NO_URL = "is no URL: one starts with http:// or https://, names a host, and no port above 65535"
MAIL = {"SMTP_URL": "smtp://mail.example", "SMTP_FROM": "a@b.example", "SMTP_TO": "c@d.example"}


@pytest.mark.parametrize("flags", [(), ("--dry-run",)], ids=["run", "dry run"])
@pytest.mark.parametrize(
    ("driver", "env", "said"),
    [
        ("slack", {"SLACK_WEBHOOK_URL": "hooks.slack.com/services/T/B/x"}, f"SLACK_WEBHOOK_URL {NO_URL}"),
        ("slack", {"SLACK_WEBHOOK_URL": '"https://hooks.slack.com/services/T/B/x"'}, f"SLACK_WEBHOOK_URL {NO_URL}"),
        ("generic", {"NOTIFY_WEBHOOK_URL": "$NOTIFY_WEBHOOK_URL"}, f"NOTIFY_WEBHOOK_URL {NO_URL}"),
        (
            "pagerduty",
            {"PAGERDUTY_ROUTING_KEY": "R", "PAGERDUTY_EVENTS_URL": "events"},
            f"PAGERDUTY_EVENTS_URL {NO_URL}",
        ),
        ("email", {**MAIL, "SMTP_TO": "nobody"}, "SMTP_TO holds what is no mail address: "),
        ("email", {**MAIL, "SMTP_URL": "http://mail.example"}, "SMTP_URL "),
    ],
)
def test_a_variable_that_is_of_no_use_is_told_before_anybody_has_to_be_told(
    cli: Cli, tmp_path: Path, driver: str, env: dict[str, str], said: str, flags: tuple[str, ...]
) -> None:
    nodes = f"nodes: [{{id: a, type: transform}}, {{id: tell, type: notify, config: {{driver: {driver}}}}}]"
    (tmp_path / "d.yaml").write_text(f'version: "1.0"\n{nodes}\n')
    ended = cli("--config", "d.yaml", *flags, env=env)
    kind, code = ("warning", 0) if flags else ("error", 4)
    assert ended.code == code
    assert f"{kind}: node tell: the {driver} channel of this node cannot send: {said}" in ended.err
    assert not any(value in ended.err for value in env.values() if len(value) > 10)


def test_a_drivers_variable_is_read_though_its_node_waits_for_another(
    cli: Cli, tmp_path: Path, receiver: Receiver
) -> None:
    (tmp_path / "d.yaml").write_text(
        'version: "1.0"\nnodes:\n'
        "  - {id: a, type: transform, config: {template: hello}}\n"
        "  - {id: tell, type: notify, always: true, config: {driver: generic, send: always,"
        ' headers: {X-Said: "{{ a.output.transformed }}"}}}\n'
    )
    assert cli("--config", "d.yaml", env={"NOTIFY_WEBHOOK_URL": f"{receiver.url}/ok"}).code == 0
    assert receiver.arrived[0].headers["X-Said"] == "hello"


def test_a_variable_that_is_not_set_fails_the_node_that_reads_it_and_no_other(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(
        'version: "1.0"\nenv: [ABSENT]\nnodes:\n'
        '  - {id: a, type: transform, required: false, config: {source_node: "{{ env.ABSENT }}"}}\n'
        "  - {id: b, type: transform}\n"
    )
    found = document(cli("--config", "d.yaml", "--json"))
    assert {name: node["status"] for name, node in found["node_results"].items()} == {"a": "failed", "b": "succeeded"}


@pytest.mark.parametrize("name", ["PIPELINE_DATABASE_URL", "ACTIONS_RUNTIME_TOKEN", "GITHUB_TOKEN", "INPUT_X"])
def test_a_guarded_name_needs_the_leave_of_whoever_runs_it(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "d.yaml").write_text(f"{PLAIN}secrets: [{name}]\n")
    env = {name: "sqlite:///opensesame"}
    ended = cli("--config", "d.yaml", env=env)
    assert ended.code == 3
    assert f"PIPELINE_ALLOW_SECRETS={name}" in ended.err
    assert cli("--config", "d.yaml", env={**env, "PIPELINE_ALLOW_SECRETS": f"OTHER, {name}"}).code == 0


def test_a_log_format_that_is_none_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(PLAIN)
    ended = cli("--config", "d.yaml", env={"PIPELINE_LOG_FORMAT": "xml"})
    assert (ended.code, ended.err) == (2, "error: PIPELINE_LOG_FORMAT is 'xml' — known: text, json\n")
