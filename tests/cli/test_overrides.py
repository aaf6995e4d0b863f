"""Every flag has an effect that the result shows, or is refused with its reason."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

ALERT = '{"title": "Disk full", "severity": "critical"}'
RELAY = """\
version: "1.0"
nodes:
  - {id: read, type: ingest}
  - {id: tell, type: notify, config: {driver: log}}
"""
WATCH = """\
version: "1.0"
nodes:
  - {id: look, type: context, config: {checks: [memory, {type: command, argv: ["true"]}]}}
  - {id: more, type: context, config: {include: [disk]}}
"""
FAR = """\
version: "1.0"
nodes: [{id: look, type: context, config: {checks: [{type: tcp, host: 127.0.0.1, port: 9, confirm: {tries: 1}}]}}]
"""
PLAIN = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'


def document(cli: Cli, tmp_path: Path, text: str, *flags: str, payload: str = ALERT) -> dict[str, Any]:
    """Run a definition as a process; return its result document."""
    (tmp_path / "d.yaml").write_text(text)
    ended = cli("--config", "d.yaml", "--json", "--payload", payload, *flags)
    found: dict[str, Any] = json.loads(ended.out)
    assert "node_results" in found, ended.err
    assert found["exit"]["code"] == ended.code
    return found


def results(found: dict[str, Any], node: str) -> dict[str, Any]:
    """Return what the checks of a node have seen."""
    seen: dict[str, Any] = found["node_results"][node]["output"]["results"]
    return seen


def test_checkers_replace_the_checks_of_every_context_node(cli: Cli, tmp_path: Path) -> None:
    found = document(cli, tmp_path, WATCH, "--checkers", "memory, disk,memory")
    assert [sorted(results(found, node)) for node in ("look", "more")] == [["disk", "memory"]] * 2


def test_hostname_names_this_machine_in_what_was_seen(cli: Cli, tmp_path: Path) -> None:
    subjects = [one["subject"] for one in results(document(cli, tmp_path, WATCH), "look").values()]
    named = results(document(cli, tmp_path, WATCH, "--hostname", "box.example"), "look")
    assert all(os.uname().nodename in subject for subject in subjects)
    assert all("box.example" in one["subject"] for one in named.values())


def test_labels_are_in_every_alert_and_in_the_message(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(RELAY)
    ended = cli("--config", "d.yaml", "--json", "--payload", ALERT, "--label", "team=db", "--label", "url=a=b")
    [alert] = json.loads(ended.out)["node_results"]["read"]["output"]["alerts"]
    assert alert["labels"] == {"team": "db", "url": "a=b"}
    assert "team=db" in ended.err


def test_no_incidents_gives_alerts_none(cli: Cli, tmp_path: Path) -> None:
    usual = document(cli, tmp_path, RELAY)
    assert usual["incident_id"] == usual["node_results"]["read"]["output"]["incident_id"] is not None
    without = document(cli, tmp_path, RELAY, "--no-incidents")
    assert without["incident_id"] is None
    assert without["node_results"]["read"]["output"]["incident_id"] is None


@pytest.mark.parametrize(
    ("flags", "verdict", "limits"),
    [
        (("--warning-threshold", "0.001"), "warning", ("above 0.001%", "above 90%")),
        (("--warning-threshold", "0.001", "--critical-threshold", "0.01"), "critical", ("above 0.001%", "above 0.01%")),
        (("--critical-threshold", "100%"), "ok", ("above 70%", "above 100%")),
    ],
    ids=["warning", "both", "critical"],
)  # fmt: skip
def test_thresholds_move_the_verdict_of_checks_that_judge_a_percentage(
    cli: Cli, tmp_path: Path, flags: tuple[str, ...], verdict: str, limits: tuple[str, str]
) -> None:
    seen = results(document(cli, tmp_path, WATCH, *flags), "look")
    assert (seen["memory"]["verdict"], (seen["memory"]["warning"], seen["memory"]["critical"])) == (verdict, limits)
    assert next(one for name, one in seen.items() if name != "memory")["verdict"] == "ok"


@pytest.mark.parametrize(
    "config",
    [
        "{driver: generic, endpoint: 'http://127.0.0.1:9/'}",
        "{drivers: [slack, generic], webhook_url: 'http://127.0.0.1:9/'}",
        "{channel: {driver: generic, endpoint: 'http://127.0.0.1:9/'}}",
        "{channels: [{driver: generic, endpoint: 'http://127.0.0.1:9/'}]}",
    ],
    ids=["driver", "drivers", "channel", "channels"],
)
def test_notify_driver_replaces_whatever_the_definition_names(cli: Cli, tmp_path: Path, config: str) -> None:
    text = RELAY.replace("{driver: log}", config)
    found = document(cli, tmp_path, text, "--notify-driver", "log")
    deliveries = found["node_results"]["tell"]["output"]["deliveries"]
    assert [(one["driver"], one["status"]) for one in deliveries] == [("log", "sent")]


def test_the_own_options_of_a_replaced_driver_go_and_the_message_stays(cli: Cli, tmp_path: Path) -> None:
    text = RELAY.replace("{driver: log}", "{driver: slack, webhook_url: 'http://127.0.0.1:9/', title: Mine}")
    (tmp_path / "d.yaml").write_text(text)
    ended = cli("--config", "d.yaml", "--payload", ALERT, "--notify-driver", "log", "--fail-on", "never")
    assert ended.code == 0, ended.err
    assert "Mine" in ended.err


TWO_WORLDS = json.dumps({"version": "4", "alerts": [{"title": "x", "labels": {"alertname": "A"}, "status": "firing"}]})


@pytest.mark.parametrize("flags", [("--format", "generic"), ("--source", "generic")], ids=["format", "source"])
@pytest.mark.parametrize("given", ["alertmanager", "generic"])
def test_a_format_is_the_one_that_is_read(cli: Cli, tmp_path: Path, flags: tuple[str, str], given: str) -> None:
    found = document(cli, tmp_path, RELAY, flags[0], given, payload=TWO_WORLDS)
    assert found["node_results"]["read"]["output"]["format"] == given
    assert found["source"] == (given if flags[0] == "--source" else "cli")


@pytest.mark.parametrize(
    ("flags", "name", "seen"),
    [
        ((), "generic", ["firing Test Alert"]),
        (("--source", "alertmanager"), "alertmanager", ["firing HighCPUUsage", "resolved DiskSpaceLow"]),
        (("--source", "grafana"), "grafana", ["firing HighMemoryUsage", "resolved SlowPages"]),
        (("--source", "pagerduty"), "pagerduty", ["firing Checkout answers with errors"]),
        (("--source", "cron", "--format", "grafana"), "grafana", ["firing HighMemoryUsage", "resolved SlowPages"]),
    ],
    ids=["cli", "alertmanager", "grafana", "pagerduty", "format"],
)
def test_a_sample_is_of_the_format_that_is_named_and_runs_through_the_definition_for_alerts(
    cli: Cli, flags: tuple[str, ...], name: str, seen: list[str]
) -> None:
    ended = cli("--sample", *flags, "--input", "machine_checks=false", "--fail-on", "never", "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    read = found["node_results"]["ingest"]
    assert (found["definition"], found["status"], read["output"]["format"]) == ("alert", "completed", name)
    assert [f"{alert['status']} {alert['name']}" for alert in read["output"]["alerts"]] == seen
    assert read["errors"] == []


def test_the_flag_wins_over_the_format_of_the_node(cli: Cli, tmp_path: Path) -> None:
    text = RELAY.replace("type: ingest", "type: ingest, config: {format: alertmanager}")
    assert document(cli, tmp_path, text, "--format", "generic")["node_results"]["read"]["output"]["format"] == "generic"


def test_source_environment_and_trace_id_are_labels_of_the_run(cli: Cli, tmp_path: Path) -> None:
    template = "{{ [run.source, run.environment, run.trace_id] }}"
    text = PLAIN.replace("transform", f'transform, config: {{template: "{template}"}}')
    found = document(cli, tmp_path, text, "--source", "cron", "--environment", "prod", "--trace-id", "t-1")
    assert [found[key] for key in ("source", "environment", "trace_id")] == ["cron", "prod", "t-1"]
    assert found["node_results"]["a"]["output"]["transformed"] == ["cron", "prod", "t-1"]
    assert found["run_id"] != "t-1"


@pytest.mark.parametrize(
    ("word", "code"), [("warning", 5), ("unknown", 0), ("critical", 0), ("never", 0)]
)  # fmt: skip
def test_fail_on_says_from_which_verdict_the_run_exits_5(cli: Cli, tmp_path: Path, word: str, code: int) -> None:
    payload = '{"title": "x", "severity": "warning"}'
    assert document(cli, tmp_path, RELAY, "--fail-on", word, payload=payload)["exit"]["code"] == code


def test_the_timeout_of_the_flag_wins_over_the_definitions(cli: Cli, tmp_path: Path) -> None:
    text = """\
version: "1.0"
timeout: 10m
nodes: [{id: a, type: context, config: {checks: [{type: command, argv: [sleep, "30"], timeout: 60s}]}}]
"""
    found = document(cli, tmp_path, text, "--timeout", "300ms")
    assert (found["status"], found["exit"]["code"]) == ("timed_out", 7)
    assert found["duration_ms"] < 300 + 500 + 2000


TOO_LATE = "a warning above 99% never comes before critical above {}% — give critical, too"
NEVER = "the warning would never be seen — swap them"


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        (PLAIN, ("--checkers", "disk"), "--checkers has no effect here: the definition has no context node"),
        (WATCH, ("--checkers", " , "), "--checkers names no check — give one or more, separated by commas"),
        (WATCH, ("--checkers", "dsk"), 'unknown check "dsk" — did you mean "disk"?'),
        (PLAIN, ("--hostname", "x"), "--hostname has no effect here: the definition has no context node"),
        (
            FAR,
            ("--hostname", "x"),
            "--hostname has no effect here: none of the definition's checks looks at this machine",
        ),
        (PLAIN, ("--label", "a=b"), "--label has no effect here: the definition has no ingest or notify node"),
        (RELAY, ("--label", "=b"), "Invalid label format: =b. Use KEY=VALUE."),
        (PLAIN, ("--no-incidents",), "--no-incidents has no effect here: the definition has no ingest node"),
        (PLAIN, ("--format", "generic"), "--format has no effect here: the definition has no ingest node"),
        (RELAY, ("--format", "genric"), 'unknown format "genric" — did you mean "generic"?'),
        (
            PLAIN,
            ("--warning-threshold", "9"),
            "--warning-threshold has no effect here: the definition has no context node",
        ),
        (
            FAR,
            ("--critical-threshold", "9"),
            "--critical-threshold has no effect here: none of the definition's checks judges a percentage",
        ),
        (
            WATCH,
            ("--warning-threshold", "101"),
            'argument --warning-threshold: "101%" is no percentage — give a number from 0 to 100',
        ),
        (
            WATCH,
            ("--critical-threshold", "nan"),
            'argument --critical-threshold: expected a percentage, got "nan" — write it like "85%" or 85',
        ),
        (
            WATCH,
            ("--warning-threshold", "85", "--critical-threshold", "80"),
            f"--warning-threshold 85 is above --critical-threshold 80: {NEVER}",
        ),
        (
            WATCH,
            ("--warning-threshold", "99"),
            (
                "--warning-threshold cannot be used with this definition:\n"
                f"  - d.yaml:3:49 E207 nodes[0].config.checks[0].warning: {TOO_LATE.format(90)}\n"
                f"  - d.yaml:4:39 E207 nodes[1].config.checks[0].warning: {TOO_LATE.format(95)}"
            ),
        ),
        (
            WATCH,
            ("--warning-threshold", "91%", "--critical-threshold", "90.5"),
            f"--warning-threshold 91 is above --critical-threshold 90.5: {NEVER}",
        ),
        (PLAIN, ("--notify-driver", "log"), "--notify-driver has no effect here: the definition has no notify node"),
        (RELAY, ("--notify-driver", "lgo"), 'unknown driver "lgo" — did you mean "log"?'),
        (PLAIN, ("--timeout", "0s"), 'argument --timeout: "0s" leaves no time at all — give at least 1ms'),
        (
            PLAIN,
            ("--timeout", "30"),
            'argument --timeout: expected a duration, got "30" — write it with a unit, like "30s", "5m" or "1h30m"',
        ),
    ],
)
def test_a_flag_without_an_effect_is_refused_with_its_reason(
    cli: Cli, tmp_path: Path, text: str, flags: tuple[str, ...], message: str
) -> None:
    (tmp_path / "d.yaml").write_text(text)
    ended = cli("--config", "d.yaml", "--payload", ALERT, *flags)
    assert (ended.code, ended.err, ended.out) == (2, f"error: {message}\n", "")


def test_a_wrong_word_for_fail_on_names_the_right_ones(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(PLAIN)
    ended = cli("--config", "d.yaml", "--fail-on", "error")
    assert ended.code == 2
    assert all(word in ended.err for word in ("--fail-on", "warning", "unknown", "critical", "never"))


def test_a_broken_definition_is_not_blamed_on_the_flags(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(WATCH.replace("checks:", "cheks:"))
    ended = cli("--config", "d.yaml", "--hostname", "box")
    assert ended.code == 3
    assert ended.err.startswith("error: Pipeline definition invalid:\n  - d.yaml:3:")


def test_allow_commands_is_refused_for_a_definition_that_is_no_database_s(cli: Cli) -> None:
    ended = cli("--checks-only", "--allow-commands")
    message = "error: --allow-commands is for definitions from a database, and builtin:checks-only may start programs\n"
    assert (ended.code, ended.err) == (2, message)
