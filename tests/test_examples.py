"""The examples under docs, and the self-test of the action: valid, and run as far as that goes without their hosts."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from runner.cli.action import INPUTS
from runner.cli.remember import EMBEDDED
from runner.errors import ExitCode
from runner.formats import FORMATS
from tests.pages import ROOT, page
from tests.workflows import Use, uses_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

FOLDER: Final = ROOT / "docs/examples"
EXAMPLES: Final = {path.name for path in FOLDER.iterdir() if path.is_file()}
WORKFLOWS: Final = sorted(path for path in FOLDER.glob("*.yml") if path.name != "gitlab-ci.yml")
BIN: Final = Path(sys.executable).parent
SECRET: Final = "https://secrets.example/SLACK_WEBHOOK_URL"  # noqa: S105 - what stands for it
SELFTEST: Final = ROOT / ".github/workflows/selftest.yml"
NO_RETRY: Final = {
    code for code in ExitCode if code.label in {"usage", "invalid", "unavailable", "internal", "unhealthy"}
}
"""Exit codes that another try at once does not help, by their table."""


def read(name: str) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository with the definitions of the examples."""
    shutil.copytree(FOLDER / "definitions", tmp_path / "definitions")
    return tmp_path


def linted(*argv: str | Path) -> str:
    """Run a linter; return what it says where it is not content."""
    done = subprocess.run([BIN / argv[0], *argv[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("name", ["README.md", "docs/action.md"])
def test_every_example_is_linked(name: str) -> None:
    assert {Path(link).name for link in page(name).links if "examples/" in link} == EXAMPLES


@pytest.mark.parametrize("path", sorted(FOLDER.glob("definitions/*")), ids=lambda path: path.stem)
def test_a_definition_is_valid_and_gets_no_warning(cli: Cli, path: Path) -> None:
    told = json.loads(cli("validate", str(path), "--json").out)
    assert [one["diagnostics"] for one in told["files"]] == [[]]


# --- GitHub ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_passes_every_linter(path: Path) -> None:
    assert linted("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path) == ""
    assert linted("actionlint", "-shellcheck", BIN / "shellcheck", path) == ""
    config = ROOT / ".github/zizmor.yml"
    assert linted("zizmor", "--offline", "--strict-collection", "--persona=pedantic", "--config", config, path) == ""


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_and_does_not_run_for_ever(path: Path) -> None:
    workflow = read(path.name)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        for step in job["steps"]:
            assert "pipeline-action" not in step["uses"] or set(step["with"]) <= set(INPUTS)
        assert job["timeout-minutes"] <= 10


ALERT: Final[dict[str, Any]] = {"driver": "alertmanager", "payload": FORMATS.load("alertmanager")().sample()}


@pytest.mark.parametrize(
    ("use", "path"),
    [(use, path) for path in WORKFLOWS for use in uses_of(path)],
    ids=lambda value: value.stem if isinstance(value, Path) else str(value),
)
def test_a_step_does_what_its_example_says(workspace: Path, use: Use, path: Path) -> None:
    (workspace / "event.json").write_text(json.dumps({"client_payload": ALERT}))
    event = {"GITHUB_EVENT_NAME": "repository_dispatch", "GITHUB_EVENT_PATH": str(workspace / "event.json")}
    rehearsal = {} if path.stem == "pull-request" else {"INPUT_DRY-RUN": "true"}
    step = use.start(workspace, **event, **rehearsal)
    assert step.code == 0, step.err
    if rehearsal:
        assert "a real run would" not in step.err
        assert not any("/SLACK_WEBHOOK_URL" in line for line in step.said)
        assert any("«SLACK_WEBHOOK_URL»" in line for line in step.said)
    else:
        checked = ["definitions/relay.yaml: ok (relay, 3 nodes)", "definitions/shop.yaml: ok (shop, 3 nodes)"]
        assert step.said[:2] == checked


def test_an_alert_that_was_passed_on_is_a_job_well_done(workspace: Path) -> None:
    (use,) = uses_of(FOLDER / "alert-driven.yml")
    text = (workspace / "definitions/relay.yaml").read_text()
    (workspace / "definitions/relay.yaml").write_text(text.replace("driver: slack", "driver: log"))
    alert = json.dumps({"client_payload": ALERT}).replace('"severity": "warning"', '"severity": "critical"')
    (workspace / "event.json").write_text(alert)
    event = {"GITHUB_EVENT_NAME": "repository_dispatch", "GITHUB_EVENT_PATH": str(workspace / "event.json")}
    step = use.start(workspace, **event)
    seen = {name: step.outputs[name] for name in ("status", "verdict", "exit-code")}
    assert seen == {"status": "completed", "verdict": "critical", "exit-code": "0"}, step.err


REMEMBERING: Final = {
    **{path.stem: path.read_text(encoding="utf-8") for path in WORKFLOWS if path.stem != "pull-request"},
    **{f"README {block.path}": block.text for block in page("README.md").blocks_of("yaml") if "jobs:" in block.text},
    **{f"init-{path.stem}": path.read_text(encoding="utf-8") for path in ROOT.glob("runner/starters/*.yml")},
}


@pytest.mark.parametrize("text", REMEMBERING.values(), ids=REMEMBERING)
def test_a_workflow_keeps_its_memory_whatever_came_of_the_job(text: str) -> None:
    """`actions/cache` alone saves only where a job is well, and would forget every failure."""
    (job,) = yaml.safe_load(re.sub("@[A-Z]+@", "shop", text))["jobs"].values()
    steps = job["steps"]
    uses = [step["uses"].partition("@")[0].removesuffix("/composite") for step in steps]
    assert "actions/cache" not in uses
    taken, run, kept = map(uses.index, ("actions/cache/restore", "org/pipeline-action", "actions/cache/save"))
    assert taken < run < kept
    assert steps[kept]["if"] == "always()"
    assert {steps[place]["with"]["path"] for place in (taken, kept)} == {Path(EMBEDDED).parent.name}
    key = steps[kept]["with"]["key"]
    assert steps[taken]["with"]["key"] == key
    assert key.startswith(steps[taken]["with"]["restore-keys"])
    assert {"github.run_id", "github.run_attempt"} <= set(key.replace("}}", "{{").replace(" ", "").split("{{"))


def test_no_two_jobs_of_the_matrix_are_one_series() -> None:
    (job,) = read("matrix.yml")["jobs"].values()
    environments = [one["environment"] for one in job["strategy"]["matrix"]["include"]]
    assert len(set(environments)) == len(environments)


def test_gitlab_keeps_its_memory_whatever_came_of_the_job() -> None:
    assert read("gitlab-ci.yml")["shop-health"]["cache"] == {
        "key": "shop-health",
        "paths": [".pipeline/"],
        "when": "always",
    }


def test_the_runs_of_one_incident_come_one_after_the_other() -> None:
    concurrency = read("alert-driven.yml")["concurrency"]
    assert concurrency["cancel-in-progress"] is False
    ((path,),) = (re.findall(r"github\.event\.client_payload\.([\w.]+)", concurrency["group"]),)
    found: Any = ALERT
    for key in path.split("."):
        found = found[key]
    assert found == ALERT["payload"]["groupKey"]


def test_the_envelope_has_the_keys_that_github_allows() -> None:
    text = (FOLDER / "alert-driven.yml").read_text()
    (envelope,) = re.findall(r"client_payload: \{([^}]+)\}", text)
    keys = [pair.partition(":")[0].strip() for pair in envelope.split(",")]
    assert keys == list(ALERT)


# --- GitLab, Kubernetes, Docker --------------------------------------------------------------------


def test_gitlabs_schema_has_nothing_to_say() -> None:
    assert linted("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", FOLDER / "gitlab-ci.yml") == ""


def test_gitlab_tries_again_what_the_table_of_exit_codes_says() -> None:
    job = read("gitlab-ci.yml")["shop-health"]
    assert not NO_RETRY & set(job["retry"]["exit_codes"])
    assert set(job["allow_failure"]["exit_codes"]) == {ExitCode.UNHEALTHY, ExitCode.INCONCLUSIVE}


def lines_of_gitlab() -> list[str]:
    return [line for job in read("gitlab-ci.yml").values() for line in job["script"]]


@pytest.mark.parametrize("line", lines_of_gitlab())
def test_a_line_of_gitlabs_script_works(cli: Cli, workspace: Path, line: str) -> None:
    program, *arguments = shlex.split(line)
    rehearsal = [] if arguments[0] == "validate" else ["--dry-run"]
    ended = cli(*arguments, *rehearsal, cwd=workspace, env={"SLACK_WEBHOOK_URL": SECRET})
    assert (program, ended.code) == ("pipeline-runner", 0), ended.err


@pytest.fixture
def cron() -> tuple[dict[str, Any], dict[str, Any]]:
    """The ConfigMap's data, and the job of the CronJob."""
    config, job = yaml.safe_load_all((FOLDER / "cronjob.yaml").read_text(encoding="utf-8"))
    return config["data"], job["spec"]


def test_kubernetes_accepts_the_cronjob() -> None:
    assert linted("kubernetes-validate", "--strict", "--quiet", FOLDER / "cronjob.yaml") == ""


def test_the_cronjob_never_runs_twice_at_once_and_ends(cron: tuple[dict[str, Any], dict[str, Any]]) -> None:
    data, spec = cron
    job = spec["jobTemplate"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    timeout = yaml.safe_load(data["shop.yaml"])["timeout"]
    assert int(timeout.removesuffix("m")) * 60 < job["activeDeadlineSeconds"] < 600


def test_the_pod_failure_policy_follows_the_table_of_exit_codes(cron: tuple[dict[str, Any], dict[str, Any]]) -> None:
    _, spec = cron
    job = spec["jobTemplate"]["spec"]
    disrupted, *rules = job["podFailurePolicy"]["rules"]
    assert (disrupted["action"], disrupted["onPodConditions"]) == ("Ignore", [{"type": "DisruptionTarget"}])
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    by_action = {rule["action"]: rule["onExitCodes"]["values"] for rule in rules}
    stopped = {ExitCode.INTERRUPTED, ExitCode.TERMINATED}  # counted without a rule
    assert by_action["FailJob"] == sorted(NO_RETRY)
    assert by_action["Count"] == sorted(set(ExitCode) - NO_RETRY - stopped - {ExitCode.OK})


def test_the_pod_may_write_nowhere_and_is_nobody(cron: tuple[dict[str, Any], dict[str, Any]]) -> None:
    _, spec = cron
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 65532)
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_the_cronjob_runs_its_definition(cli: Cli, tmp_path: Path, cron: tuple[dict[str, Any], dict[str, Any]]) -> None:
    data, spec = cron
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    (tmp_path / "definitions").mkdir()
    for name, text in data.items():
        (tmp_path / "definitions" / name).write_text(text)
    told = json.loads(cli("validate", "--json").out)
    assert [one["diagnostics"] for one in told["files"]] == [[]]
    ended = cli(*container["args"], "--dry-run", env={"SLACK_WEBHOOK_URL": SECRET})
    assert (ended.code, "a real run would" in ended.err) == (0, False)


def test_dockers_line_runs_its_definition(cli: Cli, workspace: Path) -> None:
    script = FOLDER / "docker.sh"
    assert linted("shellcheck", script) == ""
    (line,) = re.findall(r"^docker run .*(?:\n  .*)*", script.read_text().replace("\\\n", ""), re.MULTILINE)
    command = shlex.split(line)
    arguments = command[command.index("ghcr.io/org/pipeline-action:1") + 1 :]
    assert arguments.pop() == "$@"
    ended = cli(*arguments, "--dry-run", cwd=workspace, env={"SLACK_WEBHOOK_URL": SECRET})
    assert (ended.code, "a real run would" in ended.err) == (0, False)


# --- the self-test of the action -------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The parts of this repository that the self-test looks at."""
    for name in ("definitions", ".github"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "action.yml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("use", uses_of(SELFTEST), ids=str)
def test_a_step_of_the_self_test_comes_out_as_it_expects(checkout: Path, use: Use) -> None:
    step = use.start(checkout)
    expected = shlex.split(use.after["run"].replace("$EXPECTED", "EXPECTED"))
    asked = use.after["env"].get("EXPECTED", expected[1])
    env = {"OUTCOME": "failure" if step.code else "success", "OUTPUTS": json.dumps(step.outputs)}
    done = subprocess.run([checkout / expected[0], asked], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "as expected\n"), step.err


def test_the_self_test_notices_what_it_did_not_expect(checkout: Path) -> None:
    env = {"OUTCOME": "success", "OUTPUTS": '{"exit-code": "5"}'}
    asked = '{"outcome": "failure", "exit-code": "5", "status": "completed"}'
    told = "outcome: 'success' and not 'failure'\nstatus: None and not 'completed'\n"
    done = subprocess.run(
        [checkout / ".github/selftest/expect", asked], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, told)


def test_the_definitions_of_the_self_test_are_valid(cli: Cli, checkout: Path) -> None:
    told = json.loads(cli("validate", ".github/selftest", "--json", cwd=checkout).out)
    assert [one["diagnostics"] for one in told["files"]] == [[], [], []]
