"""The messages that are part of the contract, whole, from the real process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

FINE = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'
HELP = "pipeline-runner --help shows them all"
NO_DATABASE: Final = "no database is configured: set PIPELINE_DATABASE_URL"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--definition", "x", "--config", "y"), 2, "Cannot specify both --definition and --config"),
        (
            (),
            2,
            (
                "Must specify --sample, --payload, --file, --checks-only, --definition, or --config "
                "— pipeline-runner init writes a first definition, --help has examples"
            ),
        ),
        (("--config", "missing.json"), 4, "Config file not found: missing.json — Searched HERE/missing.json"),
        (("--sample", "--payload", "{"), 2, "Cannot specify both --payload and --sample — give the event once"),
        (
            ("--payload", "{"),
            2,
            "Invalid JSON payload: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (("--payload", '{"a": NaN}'), 2, "Invalid JSON payload: NaN is no number in JSON"),
        (("--payload", f'{{"a": {"1" * 5000}}}'), 2, "Invalid JSON payload: a number has too many digits"),
        (("--file", "missing.json"), 2, "File not found: missing.json — Searched HERE/missing.json"),
        (("--file", "bad.json"), 2, "Invalid JSON in file: bad.json: Expecting value: line 1 column 1 (char 0)"),
        (
            ("--sample", "--source", "zabbix"),
            2,
            "No sample for --source zabbix — there is one for alertmanager, grafana, pagerduty, generic",
        ),
        (("--sample", "--format", "grafanna"), 2, 'unknown format "grafanna" — did you mean "grafana"?'),
        (("--sample", "--label", "x"), 2, "Invalid label format: x. Use KEY=VALUE."),
        (("--config", "fine.yaml", "--input", "x"), 2, "Invalid input format: x. Use KEY=VALUE."),
        (("--config", "fine.yaml", "--input", "x=1"), 2, "the definition declares no input x — it declares none"),
        (("--definitoin", "x"), 2, f"unrecognized arguments: --definitoin x: did you mean --definition? — {HELP}"),
        (("--definition", "../x y"), 4, "Pipeline definition not found: ../x y — Searched ABOVE/x y"),
        (("--definition", "x y"), 2, "'x y' is no name of a definition — names are letters, digits, '.', '_' and '-'"),
        (("--definition", "db:x"), 4, f"Pipeline definition not found: db:x — {NO_DATABASE}"),
        (
            ("--definition", "local-monitr"),
            4,
            (
                'Pipeline definition not found: local-monitr — did you mean "local-monitor"? '
                "Searched definitions and the built-in definitions. There is no folder definitions in HERE"
            ),
        ),
        (("--sample", "--notify-driver", "slakc"), 2, 'unknown driver "slakc" — did you mean "slack"?'),
        (("--checks-only", "--checkers", "dsk"), 2, 'unknown check "dsk" — did you mean "disk"?'),
        (
            ("--config", "fine.yaml", "--checkers", "disk"),
            2,
            "--checkers has no effect here: the definition has no context node",
        ),
        (
            ("--checks-only", "--checkers", "command", "--warning-threshold", "50"),
            2,
            "--warning-threshold has no effect here: none of the definition's checks judges a percentage",
        ),
        (
            ("--checks-only", "--no-incidents"),
            2,
            "--no-incidents has no effect here: the definition has no ingest node",
        ),
        (("--event",), 2, "--event reads GITHUB_EVENT_PATH, and it is not set — this is no GitHub workflow"),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_clear_message(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "fine.yaml").write_text(FINE)
    (tmp_path / "bad.json").write_text("nothing")
    message = message.replace("ABOVE", str(tmp_path.parent)).replace("HERE", str(tmp_path))
    ended = cli(*arguments)
    assert (ended.code, ended.err, ended.out) == (code, f"error: {message}\n", "")
    told = json.loads(cli(*arguments, "--json").out)
    assert (told["status"], told["error"], told["exit"]["code"]) == ("failed", message, code)


def test_an_empty_workspace_asks_for_the_checkout(cli: Cli) -> None:
    ended = cli("--definition", "mine")
    assert ended.err.endswith(". The workspace is empty: is the step actions/checkout missing?\n")


def test_an_invalid_definition_lists_every_problem(cli: Cli, tmp_path: Path) -> None:
    text = 'version: "1.0"\nnodes:\n  - {id: a, type: transfrm}\n  - {type: transform, x: 1}\n'
    (tmp_path / "bad.yaml").write_text(text)
    ended = cli("--config", "bad.yaml")
    assert ended.code == 3
    assert ended.err == (
        "error: Pipeline definition invalid:\n"
        '  - bad.yaml:3:19 E206 nodes[0].type: unknown node type "transfrm" — did you mean "transform"?\n'
        '  - bad.yaml:4:5 E201 nodes[1].id: missing key "id" — add "id"\n'
        '  - bad.yaml:4:23 E203 nodes[1].x: unknown key "x" — what the type of a node takes stands below its config\n'
    )


@pytest.mark.parametrize(
    ("name", "text", "start"),
    [
        ("bad.json", '{"version": }', "error: Invalid JSON in config file: bad.json:1:13 E102 "),
        ("bad.yaml", "a: [", "error: Invalid YAML in config file: bad.yaml:1:5 E102 "),
    ],
)
def test_what_cannot_be_parsed_says_where(cli: Cli, tmp_path: Path, name: str, text: str, start: str) -> None:
    (tmp_path / name).write_text(text)
    ended = cli("--config", name)
    assert (ended.code, ended.err[: len(start)]) == (3, start)


def test_a_file_and_stdin_are_read_as_the_payload(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text('version: "1.0"\nnodes: [{id: a, type: transform, config: {extract: x}}]')
    (tmp_path / "p.json").write_text('{"x": 7}')
    for arguments, stdin in ((("--file", "p.json"), ""), (("--payload-file", "-"), '{"x": 7}')):
        ended = cli("--config", "d.yaml", "--json", *arguments, stdin=stdin)
        assert json.loads(ended.out)["node_results"]["a"]["output"]["transformed"] == 7


@pytest.mark.parametrize(
    ("event", "document", "expected"),
    [
        ("repository_dispatch", {"client_payload": {"x": 1}}, 1),
        ("workflow_dispatch", {"inputs": {"x": "2"}}, "2"),
    ],
)
def test_githubs_event_is_read(cli: Cli, tmp_path: Path, event: str, document: object, expected: object) -> None:
    (tmp_path / "d.yaml").write_text('version: "1.0"\nnodes: [{id: a, type: transform, config: {extract: x}}]')
    (tmp_path / "event.json").write_text(json.dumps(document))
    env = {"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_EVENT_NAME": event}
    ended = cli("--config", "d.yaml", "--event", "--json", env=env)
    assert json.loads(ended.out)["node_results"]["a"]["output"]["transformed"] == expected


def test_another_github_event_is_refused_by_name(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{}")
    env = {"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_EVENT_NAME": "push"}
    ended = cli("--event", env=env)
    message = "error: --event cannot read the event push — it reads repository_dispatch or workflow_dispatch\n"
    assert (ended.code, ended.err) == (2, message)


@pytest.mark.parametrize("name", ["PIPELINE_DATABASE_URL", "PIPELINE_STATE_URL"])
def test_a_variable_that_names_no_database_is_a_usage_error(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "fine.yaml").write_text(FINE)
    ended = cli("--config", "fine.yaml", env={name: "oracle://me:opensesame@db/x"})
    message = f'error: {name}: "oracle" is no kind of database — known: postgresql, mysql, mariadb, sqlite\n'
    assert (ended.code, ended.err) == (2, message)


def test_results_that_cannot_be_written_end_the_result_with_a_failure(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "fine.yaml").write_text(FINE)
    ended = cli("--config", "fine.yaml", "--results", "nowhere/r.json")
    assert ended.code == 1
    assert ended.out.rstrip().splitlines()[-1].startswith("✗ Pipeline failed: cannot write nowhere/r.json: ")


def test_a_text_from_a_payload_stays_on_its_line_of_the_log(cli: Cli) -> None:
    alert = {"name": "Disk", "severity": "critical", "status": "firing", "description": "full\n  succeeded in 3ms"}
    ended = cli("--payload", json.dumps(alert), "--checkers", "disk", "--fail-on", "never")
    assert "  critical: Disk: full succeeded in 3ms\n" in ended.err
