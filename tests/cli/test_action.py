"""The GitHub Action: its inputs as arguments, and the step as GitHub starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from runner.cli.action import GITHUBS_OWN, INPUTS, OUTPUTS, Call, call_of
from runner.errors import ExitCode, UsageError
from tests.conftest import CLEAN
from tests.github_runner import Parsed, heard, named, read_file
from tests.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Start = Callable[..., "Step"]

DEFAULTS: Final = {"INPUT_COMMAND": "run", "INPUT_DRY-RUN": "false"}
"""What GitHub sets of the inputs that nobody gave, beside many empty ones."""
FINE: Final = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'
SHOWS: Final = 'version: "1.0"\nnodes: [{id: a, type: transform, config: {template: "{{ payload.x }}"}}]\n'
SICK: Final = 'version: "1.0"\nnodes: [{id: a, type: context, config: {checks: [{type: command, argv: ["false"]}]}}]\n'
BROKEN: Final = 'version: "1.0"\nnodes: [{id: a, type: transform, config: {extract: nothing.here}}]\n'
SLOW: Final = (
    'version: "1.0"\nnodes: [{id: a, type: context, config: {checks: [{type: command, argv: [sleep, "30"]}]}}]\n'
)
SECRET: Final = f"{FINE}secrets: [API_TOKEN]\n"
MISSING: Final = "secret API_TOKEN is not set — set API_TOKEN, or API_TOKEN_FILE to a file that holds it"


def call(**given: str) -> Call:
    """Read inputs as the composite action writes them, beside variables that are none."""
    return call_of({"PATH": "/bin", **{f"INPUT_{name.upper()}": value for name, value in given.items()}})


# --- inputs as arguments ---------------------------------------------------------------------------

RUNS: Final[Mapping[str, tuple[str, Call]]] = {
    "command": ("run", Call(("run",), {})),
    "definition": ("web-health", Call(("run", "--definition=web-health"), {})),
    "config": ("a b.yaml", Call(("run", "--config=a b.yaml"), {})),
    "payload": ('{"x": 1}', Call(("run", '--payload={"x": 1}'), {})),
    "inputs": ("a=1\nb=2 3", Call(("run", "--input=a=1", "--input=b=2 3"), {})),
    "environment": ("staging", Call(("run", "--environment=staging"), {})),
    "dry-run": ("true", Call(("run", "--dry-run"), {})),
    "fail-on": ("never", Call(("run", "--fail-on=never"), {})),
    "on-missing-secret": ("skip", Call(("run", "--on-missing-secret=skip"), {})),
    "database-url": ("sqlite:///a", Call(("run",), {"PIPELINE_DATABASE_URL": "sqlite:///a"})),
    "state-url": ("none", Call(("run",), {"PIPELINE_STATE_URL": "none"})),
    "results-path": ("out/r.json", Call(("run", "--results=out/r.json"), {})),
    "extra-args": ("-v --label a=b", Call(("run", "-v", "--label", "a=b"), {})),
}


@pytest.mark.parametrize(("name", "value", "expected"), [(name, *row) for name, row in RUNS.items()], ids=RUNS)
def test_every_input_of_a_run_is_an_argument_or_a_variable(name: str, value: str, expected: Call) -> None:
    assert call_of({f"INPUT_{name.upper()}": value}) == expected


def test_only_the_paths_to_validate_are_none_of_a_run() -> None:
    assert set(INPUTS) - set(RUNS) == {"path"}
    assert call(command="validate", path="a.yaml\nb c/") == Call(("validate", "--", "a.yaml", "b c/"), {})


@pytest.mark.parametrize("name", [name for name in INPUTS if "-" in name])
def test_hyphens_and_underscores_are_the_same(name: str) -> None:
    value = RUNS[name][0]
    hyphens, underscores = (f"INPUT_{name.upper().replace('-', sign)}" for sign in "-_")
    assert call_of({hyphens: value}) == call_of({underscores: value})


@pytest.mark.parametrize("empty", ["", " ", "\n"], ids=ascii)
def test_an_empty_input_is_not_given(empty: str) -> None:
    assert call_of({f"INPUT_{name.upper()}": empty for name in (*INPUTS, "nonsense")}) == Call((), {})


def test_blanks_around_a_value_are_not_meant() -> None:
    assert call(definition="  shop\n") == call(definition="shop")


@pytest.mark.parametrize("name", sorted(GITHUBS_OWN))
def test_what_github_sets_for_itself_is_no_input(name: str) -> None:
    assert call_of({f"INPUT_{name.upper()}": "x"}) == Call((), {})


@pytest.mark.parametrize("text", ["true", "True", "TRUE"])
def test_yamls_words_for_true_are_true(text: str) -> None:
    assert call(dry_run=text) == Call(("run", "--dry-run"), {})


@pytest.mark.parametrize("text", ["false", "False", "FALSE"])
def test_yamls_words_for_false_are_false(text: str) -> None:
    assert call(dry_run=text) == Call(("run",), {})


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("event", ("--event",)),
        ("sample", ("--sample",)),
        ('[{"x": 1}]', ('--payload=[{"x": 1}]',)),
        ('\n{"x": 1}\n', ('--payload={"x": 1}',)),
        ("alerts/disk.json", ("--file=alerts/disk.json",)),
        ("Event", ("--file=Event",)),
    ],
)
def test_a_payload_is_a_word_or_json_or_a_path(text: str, arguments: tuple[str, ...]) -> None:
    assert call(payload=text) == Call(("run", *arguments), {})


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("a=1", ["a=1"]),
        ("\n  a = 1 \n\n b=x=y\n", ["a = 1", "b=x=y"]),
        ('{"a": "1", "b": 2.5, "c": true, "d": ["x y", 1], "e": "two\\nlines"}',
         ["a=1", "b=2.5", "c=true", 'd=["x y", 1]', "e=two\nlines"]),
        ("{}", []),
    ],
    ids=["one", "lines", "JSON", "empty JSON"],
)  # fmt: skip
def test_inputs_are_lines_or_json(text: str, entries: list[str]) -> None:
    assert call(inputs=text) == Call(("run", *(f"--input={entry}" for entry in entries)), {})


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("--label 'team=web shop' -v", ("--label", "team=web shop", "-v")),
        ('--hostname "a \\"b\\""', ("--hostname", 'a "b"')),
        ("--trace-id $(id)\n--timeout 3s", ("--trace-id", "$(id)", "--timeout", "3s")),
    ],
)
def test_extra_arguments_are_quoted_as_in_a_shell_and_reach_none(text: str, arguments: tuple[str, ...]) -> None:
    assert call(extra_args=text) == Call(("run", *arguments), {})


def test_extra_arguments_come_last_and_so_win() -> None:
    assert call(fail_on="critical", extra_args="--fail-on never").arguments[1:] == (
        "--fail-on=critical", "--fail-on", "never",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"definitoin": "shop"}, 'unknown input "definitoin" — did you mean "definition"?'),
        ({"fail_on_": "never"}, 'unknown input "fail-on-" — did you mean "fail-on"?'),
        ({"command": "list"}, 'input command: unknown word "list" — known: run, validate'),
        ({"command": "validat"}, 'input command: unknown word "validat" — did you mean "validate"?'),
        ({"dry_run": "yes"}, 'input dry-run: "yes" is no boolean — write true or false'),
        ({"dry_run": "1"}, 'input dry-run: "1" is no boolean — write true or false'),
        ({"dry_run": "tRue", "command": "validate"}, 'input dry-run: "tRue" is no boolean — write true or false'),
        ({"path": "a"}, "input path is for command: validate — name what to run with definition or config"),
        ({"command": "validate", "definition": "a"},
         "input definition is for command: run — name what to validate with path"),
        ({"command": "validate", "fail_on": "never"},
         "input fail-on is for command: run — name what to validate with path"),
        ({"inputs": "{"},
         "input inputs: Invalid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ({"inputs": '{"n": ' + "[" * 3000 + "]" * 3000 + "}"}, "input inputs: Invalid JSON: it is nested too deeply"),
        ({"inputs": '{"n": NaN}'}, "input inputs: Invalid JSON: NaN is no number in JSON"),
        ({"extra_args": "--label 'a=b"}, "input extra-args: No closing quotation — quote as a shell would"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        call(**given)
    assert raised.value.message == message


def test_nobody_wanted_the_defaults_of_a_run_when_validating() -> None:
    given = {**DEFAULTS, "INPUT_ON-MISSING-SECRET": "fail", "INPUT_COMMAND": "validate", "INPUT_PATH": "a.yaml"}
    assert call_of(given) == Call(("validate", "--", "a.yaml"), {})


# --- the step --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A step of a workflow that has ended."""

    code: int
    out: str
    err: str
    outputs: dict[str, str]
    summary: str

    def commands(self, *names: str) -> list[Parsed]:
        return named(heard(self.err, self.out).acted, *names)

    @property
    def said(self) -> list[str]:
        """The lines of the log that are text."""
        return heard(self.err, self.out).shown

    def told(self, *names: str) -> dict[str, str]:
        """Some of the outputs."""
        return {name: self.outputs[name] for name in names}


def environment(workspace: Path, inputs: Mapping[str, str], **more: str) -> dict[str, str]:
    """Return what GitHub sets for a step."""
    files = workspace.parent / "files"
    files.mkdir(exist_ok=True)
    given = {f"INPUT_{name.upper()}": inputs.get(name, "") for name in INPUTS}
    return {
        **CLEAN,
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_OUTPUT": str(files / "output"),
        "GITHUB_STEP_SUMMARY": str(files / "summary.md"),
        **{name: value for name, value in DEFAULTS.items() if name.removeprefix("INPUT_").lower() not in inputs},
        **{name: value for name, value in given.items() if value or name not in DEFAULTS},
        **more,
    }


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A checkout."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def action(workspace: Path) -> Start:
    """Run the step as the image and the composite action start it, on a definition in d.yaml."""

    def start(text: str, *arguments: str, env: Mapping[str, str] | None = None, **inputs: str) -> Step:
        (workspace / "d.yaml").write_text(text)
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        done = subprocess.run(
            [sys.executable, "-I", str(ROOT / "entrypoint.py"), *arguments],
            cwd=workspace,
            env=environment(workspace, given, **(env or {})),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ended(workspace, done.returncode, done.stdout, done.stderr)

    return start


def ended(workspace: Path, code: int, out: str, err: str) -> Step:
    """Return the step with what it left in the runner's files."""
    output, summary = (workspace.parent / "files" / name for name in ("output", "summary.md"))
    outputs = read_file(output.read_text()) if output.exists() else {}
    return Step(code, out, err, outputs, summary.read_text() if summary.exists() else "")


@pytest.mark.parametrize(
    ("text", "inputs", "code", "status", "verdict"),
    [
        (FINE, {"config": "d.yaml"}, ExitCode.OK, "completed", "ok"),
        (BROKEN, {"config": "d.yaml"}, ExitCode.FAILED, "failed", "ok"),
        (FINE, {"config": "d.yaml", "extra-args": "--nonsense"}, ExitCode.USAGE, "failed", ""),
        (FINE, {"config": "d.yaml", "dry-run": "maybe"}, ExitCode.USAGE, "failed", ""),
        (FINE.replace("transform", "trnsform"), {"config": "d.yaml"}, ExitCode.INVALID, "failed", ""),
        (FINE, {"definition": "nowhere"}, ExitCode.UNAVAILABLE, "failed", ""),
        (SECRET, {"config": "d.yaml"}, ExitCode.UNAVAILABLE, "failed", ""),
        (SICK, {"config": "d.yaml"}, ExitCode.UNHEALTHY, "completed", "critical"),
        (SLOW, {"config": "d.yaml", "extra-args": "--timeout 500ms"}, ExitCode.TIMED_OUT, "timed_out", "unknown"),
    ],
    ids=[
        "ok", "failed", "usage", "unreadable input", "invalid", "not found", "secret missing", "unhealthy", "timed out",
    ],
)  # fmt: skip
def test_every_ending_leaves_all_outputs_and_a_summary(
    action: Start, text: str, inputs: dict[str, str], code: ExitCode, status: str, verdict: str
) -> None:
    step = action(text, **inputs)
    assert (step.code, sorted(step.outputs)) == (code, sorted(OUTPUTS)), step.err
    expected = {"exit-code": str(int(code)), "status": status, "verdict": verdict}
    assert step.told("exit-code", "status", "verdict") == expected
    assert step.summary.startswith("## ")


def test_a_run_names_its_files_relative_to_the_workspace(action: Start, workspace: Path) -> None:
    (workspace / "out").mkdir()
    step = action(FINE, config="d.yaml", results_path="out/r.json", extra_args="--summary out/s.md")
    assert step.told("results-path", "summary-path") == {"results-path": "out/r.json", "summary-path": "out/s.md"}
    document = json.loads((workspace / "out/r.json").read_text())
    assert document["environment"] == "production"
    assert document["run_id"] == step.outputs["run-id"]


def test_failed_nodes_and_findings_are_outputs(action: Start) -> None:
    step = action(BROKEN.replace("]\n", ', {id: b, type: context, always: true, config: {checks: [{type: command, '
                                        'argv: ["false"]}]}}]\n'), config="d.yaml")  # fmt: skip
    assert step.told("failed-nodes", "findings-count") == {"failed-nodes": "a", "findings-count": "1"}


def test_a_run_that_is_cancelled_says_so(workspace: Path) -> None:
    (workspace / "d.yaml").write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, "-I", str(ROOT / "entrypoint.py")],
        cwd=workspace,
        env=environment(workspace, {"config": "d.yaml"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    began = next(line for line in process.stderr if line.startswith("::group::"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    step = ended(workspace, process.returncode, out, began + err)
    assert (step.code, step.told("status", "exit-code")) == (130, {"status": "cancelled", "exit-code": "130"})
    assert step.summary.startswith("## ")
    assert [one.name for one in step.commands("group", "endgroup")] == ["group", "endgroup"]


def test_a_bug_of_the_runner_leaves_its_outputs(workspace: Path) -> None:
    (workspace / "d.yaml").write_text(FINE.replace("transform", "context, config: {checks: [memory]}"))
    (workspace.parent / "psutil.py").write_text(
        "STATUS_ZOMBIE = STATUS_DEAD = ''\ndef virtual_memory():\n    return None\n"
    )
    env = environment(workspace, {"config": "d.yaml"}, PYTHONPATH=str(workspace.parent))
    done = subprocess.run(  # without -I, so that a module can be broken
        [sys.executable, str(ROOT / "entrypoint.py")],
        cwd=workspace, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    step = ended(workspace, done.returncode, done.stdout, done.stderr)
    assert (step.code, step.outputs["exit-code"]) == (70, "70")
    assert step.summary.startswith("## ")


@pytest.mark.parametrize("path", ["bad.yaml\n--help", "--json\nbad.yaml", "-q\n\n  bad.yaml", "--version\nbad.yaml"])
def test_a_file_that_is_called_like_a_flag_is_a_file(action: Start, workspace: Path, path: str) -> None:
    (workspace / "bad.yaml").write_text("nodes: [")
    step = action(FINE, command="validate", path=path)
    assert step.code == 4
    assert "File not found: -" in step.err


def test_a_blank_line_names_no_path(action: Start) -> None:
    step = action(FINE, command="validate", path="d.yaml\n\n   \nd.yaml\n")
    assert (step.code, step.said[:2]) == (0, ["d.yaml: ok (d, 1 node)"] * 2)


@pytest.mark.parametrize(
    ("inputs", "env", "wanted"),
    [
        ({}, {}, "production"),
        ({"environment": ""}, {"PIPELINE_ENVIRONMENT": "staging"}, "staging"),
        ({"environment": "review"}, {"PIPELINE_ENVIRONMENT": "staging"}, "review"),
    ],
)
def test_the_environment_is_the_inputs_else_the_variables_else_production(
    action: Start, workspace: Path, inputs: dict[str, str], env: dict[str, str], wanted: str
) -> None:
    step = action(FINE, config="d.yaml", env=env, **inputs)
    assert step.code == 0, step.err
    assert json.loads((workspace / "pipeline-results.json").read_text())["environment"] == wanted


def test_a_program_that_cannot_be_started_is_told(workspace: Path) -> None:
    (workspace / "tool").write_text("#!/nowhere/python\n")
    (workspace / "tool").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-I", str(ROOT / "entrypoint.py"), "./tool"],
        cwd=workspace, env=CLEAN, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (126, "error: ./tool cannot be started: No such file or directory\n")


def test_an_unknown_input_is_an_annotation(action: Start) -> None:
    step = action(FINE, env={"INPUT_DEFINITON": "d.yaml"})
    (told,) = step.commands("error")
    message = 'unknown input "definiton" — did you mean "definition"?'
    assert (step.code, told.data) == (2, message)
    assert step.said[0] == f"error: {message}"


def test_a_step_that_was_given_nothing_is_told_what_to_give(action: Start) -> None:
    step = action(FINE)
    assert step.code == 2
    assert "Must specify --sample, --payload, --file, --checks-only, --definition, or --config" in step.err


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_a_step_that_only_asks_leaves_its_outputs_too(action: Start, flag: str) -> None:
    step = action(SICK, config="d.yaml", extra_args=flag)
    assert (step.code, "pipeline-runner" in step.out) == (0, True)
    assert step.told("status", "exit-code") == {"status": "skipped", "exit-code": "0"}


def test_only_github_is_asked_for_inputs(action: Start) -> None:
    step = action(FINE, "--config", "d.yaml", env={"GITHUB_ACTIONS": "", "INPUT_DRY-RUN": "maybe"})
    assert (step.code, step.outputs) == (0, {})


def test_arguments_of_the_step_come_after_its_inputs(action: Start) -> None:
    assert action(SICK, "--fail-on", "never", config="d.yaml", fail_on="critical").code == 0


def test_nothing_in_the_workspace_takes_the_place_of_a_module(action: Start, workspace: Path) -> None:
    (workspace / "runner").mkdir()
    for name in ("runner/__init__", "json", "yaml", "sitecustomize", "usercustomize"):
        (workspace / f"{name}.py").write_text("raise SystemExit(99)\n")
    (workspace / "evil.pth").write_text("import os; os._exit(99)\n")
    assert action(FINE, config="d.yaml", env={"PYTHONPATH": str(workspace)}).code == 0


# --- what inputs do --------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", ['{"x": 7}', "event.json"], ids=["JSON", "path"])
def test_a_payload_reaches_the_nodes(action: Start, workspace: Path, payload: str) -> None:
    (workspace / "event.json").write_text('{"x": 7}')
    assert transformed(action(SHOWS, config="d.yaml", payload=payload, extra_args="--json")) == 7


def test_the_event_of_the_workflow_reaches_the_nodes(action: Start, workspace: Path) -> None:
    (workspace / "event.json").write_text('{"client_payload": {"x": 7}}')
    env = {"GITHUB_EVENT_PATH": str(workspace / "event.json"), "GITHUB_EVENT_NAME": "repository_dispatch"}
    assert transformed(action(SHOWS, env=env, config="d.yaml", payload="event", extra_args="--json")) == 7


def test_a_sample_runs_the_built_in_definition(action: Start) -> None:
    step = action(FINE, payload="sample", fail_on="never", extra_args="--source alertmanager --json")
    assert (step.code, json.loads(step.out)["definition"]) == (0, "alert"), step.err


@pytest.mark.parametrize("given", ["x=7", '{"x": 7}'], ids=["lines", "JSON"])
def test_inputs_reach_the_nodes(action: Start, given: str) -> None:
    text = SHOWS.replace("payload", "inputs") + "inputs: {x: {type: number}}\n"
    assert transformed(action(text, config="d.yaml", inputs=given, extra_args="--json")) == 7


def transformed(step: Step) -> Any:  # noqa: ANN401 - JSON
    assert step.code == 0, step.err
    return json.loads(step.out)["node_results"]["a"]["output"]["transformed"]


def test_a_dry_run_touches_nothing(action: Start, workspace: Path) -> None:
    step = action(SICK, config="d.yaml", dry_run="true")
    assert (step.code, step.said[0]) == (0, "=== DRY RUN ===")
    assert [path.name for path in workspace.iterdir()] == ["d.yaml"]
    assert step.told("status", "exit-code") == {"status": "skipped", "exit-code": "0"}


def test_databases_come_as_variables_and_are_never_shown(action: Start) -> None:
    url = "postgresql://me:hunter22@127.0.0.1:9/x"
    step = action(FINE, config="d.yaml", database_url=url, state_url=url)
    assert "remembered by none: connection refused by postgresql at 127.0.0.1:9/x" in step.err
    assert {one.data for one in step.commands("add-mask")} == {url, "hunter22"}
    assert "hunter22" not in "\n".join(step.said) + step.summary + json.dumps(step.outputs)


ORDER: Final = "fail_on: never\n"


@pytest.mark.parametrize(
    ("text", "env", "inputs", "code"),
    [
        (SICK, {}, {}, 5),
        (SICK + ORDER, {}, {}, 0),
        (SICK + ORDER, {"PIPELINE_FAIL_ON": "critical"}, {}, 5),
        (SICK + ORDER, {"PIPELINE_FAIL_ON": "critical"}, {"fail-on": "never"}, 0),
        (SICK + ORDER, {"PIPELINE_FAIL_ON": "never"}, {"fail-on": "never", "extra-args": "--fail-on critical"}, 5),
    ],
    ids=["default", "definition", "PIPELINE_*", "INPUT_*", "flag"],
)
def test_a_flag_beats_an_input_beats_a_variable_beats_the_definition(
    action: Start, text: str, env: dict[str, str], inputs: dict[str, str], code: int
) -> None:
    assert action(text, env=env, config="d.yaml", **inputs).code == code


def test_validating_annotates_the_definition_and_fills_the_outputs(action: Start, workspace: Path) -> None:
    (workspace / "more").mkdir()
    (workspace / "more/e.yaml").write_text(FINE)
    step = action(FINE.replace("transform", "trnsform"), command="validate", path="d.yaml\nmore")
    (told,) = step.commands("error")
    assert (step.code, told.properties["file"], told.properties["line"]) == (3, "d.yaml", "2")
    assert step.told("status", "exit-code") == {"status": "failed", "exit-code": "3"}
    good = action(FINE, command="validate", path="d.yaml\nmore")
    assert good.code == 0
    assert good.told("status", "verdict", "exit-code") == {"status": "completed", "verdict": "", "exit-code": "0"}


# --- a secret that is missing ----------------------------------------------------------------------


def test_a_missing_secret_fails_the_step_with_the_reason(action: Start) -> None:
    step = action(SECRET, config="d.yaml", on_missing_secret="fail")  # noqa: S106 - a word, no secret
    assert (step.code, step.commands("error")[0].data) == (4, MISSING)


def test_a_missing_secret_skips_the_run_where_that_is_asked_for(action: Start, workspace: Path) -> None:
    step = action(SECRET, config="d.yaml", on_missing_secret="skip")  # noqa: S106 - a word, no secret
    message = f"the run is skipped: {MISSING}"
    assert (step.code, step.out) == (0, "")
    assert [(one.name, one.data) for one in step.commands("error", "warning", "notice")] == [("notice", message)]
    assert step.said[0] == message
    expected = {"status": "skipped", "verdict": "", "exit-code": "0", "run-id": "", "results-path": ""}
    assert step.told(*expected) == expected
    assert step.summary.startswith(
        "## ⏭️ pipeline-runner: skipped\n\n**the run is skipped: secret API\\_TOKEN is not set"
    )
    assert not (workspace / "pipeline-results.json").exists()


def test_a_skipped_run_is_a_document_too(action: Start) -> None:
    step = action(SECRET, config="d.yaml", on_missing_secret="skip", extra_args="--json")  # noqa: S106 - a word
    reason = f"the run is skipped: {MISSING}"
    end = {"code": 0, "name": "ok", "reason": reason}
    assert json.loads(step.out) == {"status": "skipped", "error": None, "diagnostics": [], "exit": end}


def test_a_channel_without_its_variable_is_a_missing_secret(action: Start) -> None:
    text = 'version: "1.0"\nnodes: [{id: tell, type: notify, config: {driver: slack}}]\n'
    step = action(text, config="d.yaml", on_missing_secret="skip")  # noqa: S106 - a word, no secret
    what = "the slack channel of this node has no webhook_url: set it in config or as SLACK_WEBHOOK_URL"
    assert (step.code, step.said[0]) == (0, f"the run is skipped: node tell: {what}")


@pytest.mark.parametrize(
    ("text", "env"),
    [
        (f"{FINE}inputs: {{x: {{required: true}}}}\n", {}),
        (SECRET, {"API_TOKEN_FILE": "/nowhere/token"}),
        ('version: "1.0"\nnodes: [{id: a, type: notify, config: {channel: ops}}]\nsecrets: [API_TOKEN]\n', {}),
    ],
    ids=["an input", "a file that cannot be read", "a channel"],
)
def test_nothing_else_that_is_missing_skips_the_run(action: Start, text: str, env: dict[str, str]) -> None:
    assert action(text, env=env, config="d.yaml", on_missing_secret="skip").code == 4  # noqa: S106 - a word


def test_a_secret_that_is_there_skips_nothing(action: Start) -> None:
    step = action(SECRET, env={"API_TOKEN": "xyz-123"}, config="d.yaml", on_missing_secret="skip")  # noqa: S106 - a word
    assert step.told("status", "exit-code") == {"status": "completed", "exit-code": "0"}


def test_a_dry_run_says_that_the_run_would_be_skipped(action: Start) -> None:
    step = action(SECRET, config="d.yaml", on_missing_secret="skip", dry_run="true")  # noqa: S106 - a word, no secret
    assert (step.code, f"warning: {MISSING}: a real run would be skipped\n" in step.err) == (0, True)


def test_an_invalid_definition_is_not_skipped(action: Start) -> None:
    text = SECRET.replace("transform", "trnsform")
    assert action(text, config="d.yaml", on_missing_secret="skip").code == 3  # noqa: S106 - a word, no secret
