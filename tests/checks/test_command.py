from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from runner.checks.command import Command
from runner.checks.judging import Judged, examine
from runner.checks.perfdata import perfdata
from runner.results import Verdict
from runner.secrets import Secret
from runner.validators import read
from tests.support import at_once

if TYPE_CHECKING:
    from pathlib import Path

    from runner.scope import Scope


def judged(scope: Scope, *argv: object, **config: Any) -> Judged:  # noqa: ANN401 - as a file has it
    return examine(read(Command, {"argv": list(argv), **config}), scope)


def shell(scope: Scope, text: str, **config: Any) -> Judged:  # noqa: ANN401 - as a file has it
    return judged(scope, "sh", "-c", text, **config)


def test_a_command_that_ends_with_0_is_ok(scope: Scope) -> None:
    result = shell(scope, "exit 0")
    assert (result.verdict, result.message, result.code) == (Verdict.OK, "sh ended with 0", "")
    assert result.seen.metrics == {"exit_code": 0}


def test_any_other_exit_code_is_critical_and_says_the_last_line(scope: Scope) -> None:
    result = shell(scope, "echo out; echo first >&2; echo no space >&2; exit 3")
    assert (result.verdict, result.code, result.tries) == (Verdict.CRITICAL, "exit", 1)
    assert result.message == "sh ended with 3, expected 0; it said “no space”"


@pytest.mark.parametrize(
    ("code", "verdict", "message"),
    [
        (0, Verdict.OK, "LOAD ok"),
        (1, Verdict.WARNING, "LOAD ok"),
        (2, Verdict.CRITICAL, "LOAD ok"),
        (3, Verdict.UNKNOWN, "LOAD ok"),
        (4, Verdict.UNKNOWN, "LOAD ok (ended with 4, expected 0 to 3)"),
    ],
)
def test_a_plugin_says_its_verdict(code: int, verdict: Verdict, message: str, scope: Scope) -> None:
    result = shell(scope, f"echo 'LOAD ok | load1=0.5;1;2;0'; echo more; exit {code}", parse="nagios")
    assert (result.verdict, result.message) == (verdict, message)
    assert result.seen.metrics == {
        "exit_code": code,
        "load1": {"value": 0.5, "unit": "", "warning": "1", "critical": "2", "min": "0"},
    }


def test_a_plugin_that_says_nothing_is_named(scope: Scope) -> None:
    assert shell(scope, "exit 2", parse="nagios").message == "sh said nothing"


@pytest.mark.parametrize(
    ("output", "data"),
    [
        pytest.param("OK", {}, id="none"),
        pytest.param("OK | t=0.2s", {"t": {"value": 0.2, "unit": "s"}}, id="seconds"),
        pytest.param(
            "OK|'/var log'=42%;80;95;0;100 /=1,5GB",
            {
                "/var log": {"value": 42.0, "unit": "%", "warning": "80", "critical": "95", "min": "0", "max": "100"},
                "/": {"value": 1.5, "unit": "GB"},
            },
            id="quoted-label-and-comma",
        ),
        pytest.param("OK | 'it''s'=1", {"it's": {"value": 1.0, "unit": ""}}, id="quote-in-a-label"),
        pytest.param(
            "OK | a=1\nlong text | b=-2;;~:3",
            {
                "a": {"value": 1.0, "unit": ""},
                "b": {"value": -2.0, "unit": "", "critical": "~:3"},
            },
            id="more-lines",
        ),
        pytest.param(
            "OK | a=1.5e-05s;1e3 b=.5ms c=+2µs d=-1E2",
            {
                "a": {"value": 0.000015, "unit": "s", "warning": "1e3"},
                "b": {"value": 0.5, "unit": "ms"},
                "c": {"value": 2.0, "unit": "µs"},
                "d": {"value": -100.0, "unit": ""},
            },
            id="notations",
        ),
        pytest.param("OK | a=U b=2c", {"b": {"value": 2.0, "unit": "c"}}, id="undetermined"),
    ],
)
def test_performance_data_becomes_metrics(output: str, data: dict[str, object]) -> None:
    assert perfdata(output) == data


@pytest.mark.parametrize("piece", ["'", "a", "a'", "'a''", "a=", "a;", "'a", " '", "=1"])
def test_no_output_takes_long_to_read(piece: str) -> None:
    with at_once():
        perfdata(f"OK | {piece * 60_000} b=2")


def test_what_is_no_performance_data_is_passed_over() -> None:
    assert perfdata("OK | 'a nothing a= =1 c=x d=2;3 it's") == {"d": {"value": 2.0, "unit": "", "warning": "3"}}


def test_a_program_that_is_not_there_is_unknown_and_says_what_to_do(scope: Scope) -> None:
    result = judged(scope, "no-such-program")
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "not_found")
    assert result.message == "the program no-such-program does not exist: install it, or give its full path in argv"


def test_a_folder_that_is_not_there_is_unknown_and_says_what_to_do(scope: Scope) -> None:
    result = examine(read(Command, {"argv": ["/bin/true"], "cwd": "/nowhere"}), scope)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "no_folder")
    assert result.message == "the folder /nowhere does not exist: create it, or correct cwd"


def test_a_file_that_may_not_be_run_is_unknown_and_says_what_to_do(tmp_path: Path, scope: Scope) -> None:
    path = tmp_path / "check"
    path.write_text("#!/bin/sh\n")
    result = judged(scope, str(path))
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "no_permission")
    remedy = "make it executable for the user that the runner runs as"
    assert result.message == f"no permission to run {path}: {remedy}"


def test_a_command_that_is_killed_is_critical(scope: Scope) -> None:
    result = shell(scope, "kill -9 $$", parse="nagios")
    assert (result.verdict, result.code, result.message) == (Verdict.CRITICAL, "killed", "sh was killed by SIGKILL")


def test_a_command_that_ignores_its_end_is_stopped_in_time(scope: Scope) -> None:
    started = time.monotonic()
    result = shell(scope, "trap '' TERM; sleep 30", timeout="200ms")
    assert time.monotonic() - started < 0.2 + 2
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "timed_out")
    assert result.message == "sh did not end within 200ms"


def test_a_command_gets_none_of_the_runners_environment(monkeypatch: pytest.MonkeyPatch, scope: Scope) -> None:
    for name in ("ACTIONS_RUNTIME_TOKEN", "GITHUB_TOKEN", "DEPLOY_KEY"):
        monkeypatch.setenv(name, "from-outside")
    assert os.environ["DEPLOY_KEY"] == "from-outside"
    result = shell(scope, "echo $(env | sort | sed 's/=.*//'), $WORD; exit 2", parse="nagios", env={"WORD": "hi"})
    # PWD, SHLVL and _ are the shell's own.
    names = set(result.message.partition(",")[0].split()) - {"PWD", "OLDPWD", "SHLVL", "_"}
    assert names == {"LANG", "PATH", "WORD"}
    assert result.message.endswith(", hi")


def test_secrets_reach_the_command_and_no_text(scope: Scope) -> None:
    secret = Secret("TOKEN", "s3cret-value")
    check = read(
        Command, {"argv": ["sh", "-c", 'test "$1$T" = s3cret-values3cret-value', "x", secret], "env": {"T": secret}}
    )
    assert examine(check, scope).verdict is Verdict.OK
    assert check.task.endswith(" x «TOKEN»")


def test_a_command_starts_where_it_is_told_to(tmp_path: Path, scope: Scope) -> None:
    assert shell(scope, "pwd; exit 1", parse="nagios", cwd=str(tmp_path)).message == str(tmp_path)


def test_the_subject_names_machine_and_program(scope: Scope) -> None:
    check = read(Command, {"argv": ["/usr/lib/nagios/plugins/check_load", "-w", "5"]})
    assert (check.default_name, check.subject(scope)) == ("command_check_load", "web-1:check_load")
