"""The action as GitHub's runner starts it: its flags, its mounts, its variables, its user."""

from __future__ import annotations

import json
import os
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.container.images import said, until
from tests.container.steps import GITHUB, RUNNER
from tests.container.test_running import set_traps
from tests.github_runner import heard
from tests.support import needs

if TYPE_CHECKING:
    from pathlib import Path

    from docker.models.containers import Container

    from tests.container.images import Engine
    from tests.container.steps import Job

FINE = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'
OUTPUTS = ["status", "verdict", "exit-code", "run-id", "results-path", "summary-path", "failed-nodes", "findings-count"]


def checks(*lines: str, top: str = "") -> str:
    """Return a definition whose checks are lines for a shell, a node each."""
    nodes = "".join(
        f"  - id: n{number}\n    type: context\n    config:\n      checks:\n"
        f"        - {{type: command, name: c, argv: [sh, -c, {json.dumps(line)}]}}\n"
        for number, line in enumerate(lines)
    )
    return f'version: "1.0"\n{top}nodes:\n{nodes}'


# --- what later steps get ----------------------------------------------------------------------------


def test_a_run_leaves_outputs_a_summary_and_the_result_document(job: Job) -> None:
    job.owned_by(RUNNER)
    step = job.run(FINE)
    assert step.ended.code == 0, step.ended.err
    assert list(step.outputs) == OUTPUTS
    assert step.outputs == {
        "status": "completed",
        "verdict": "ok",
        "exit-code": "0",
        "run-id": step.outputs["run-id"],
        "results-path": "pipeline-results.json",
        "summary-path": "/github/file_commands/step_summary",
        "failed-nodes": "",
        "findings-count": "0",
    }
    document = json.loads((job.workspace / "pipeline-results.json").read_text())
    assert (document["run_id"], document["environment"]) == (step.outputs["run-id"], "production")
    assert "a" in step.summary


def test_a_failure_leaves_them_too_and_is_annotated_in_the_checkout(job: Job) -> None:
    job.owned_by(RUNNER)
    job.put("ops/shop.yaml", FINE.replace("}]", ", config: {extract: no.where}}]"))
    step = job.run(config="ops/shop.yaml")
    assert step.ended.code == 1
    assert (step.outputs["status"], step.outputs["exit-code"]) == ("failed", "1")
    assert (step.outputs["failed-nodes"], step.outputs["results-path"]) == ("a", "pipeline-results.json")
    (error,) = step.named("error")
    assert (error.properties["file"], error.properties["line"]) == ("ops/shop.yaml", "2")
    assert "no.where" in step.summary or "failed" in step.summary


def test_an_input_that_is_unknown_is_told_before_anything_runs(job: Job) -> None:
    job.owned_by(RUNNER)
    step = job.run(FINE, fail_onn="never")
    assert (step.ended.code, step.outputs["exit-code"]) == (2, "2")
    assert 'error: unknown input "fail-onn" — did you mean "fail-on"?' in step.ended.err.splitlines()
    assert [one.data for one in step.named("error")] == ['unknown input "fail-onn" — did you mean "fail-on"?']


def test_names_with_hyphens_are_read(job: Job) -> None:
    job.owned_by(RUNNER)
    step = job.run(FINE, dry_run="true", results_path="out/r.json", fail_on="never", extra_args="--source 'the shop'")
    assert step.ended.code == 0, step.ended.err
    assert "\n=== DRY RUN ===\nPipeline Config: d.yaml\nSource: the shop\nEnvironment: production\n" in step.ended.err
    assert not (job.workspace / "pipeline-results.json").exists()


def test_the_event_that_started_the_workflow_is_the_payload(job: Job) -> None:
    job.event({"client_payload": {"driver": "generic", "payload": {"shop": "down"}}})
    job.owned_by(RUNNER)
    step = job.run(FINE.replace("}]", ", config: {extract: payload.shop}}]"), payload="event")
    assert step.ended.code == 0, step.ended.err
    document = json.loads((job.workspace / "pipeline-results.json").read_text())
    assert document["node_results"]["a"]["output"]["transformed"] == "down"


def test_definitions_of_the_repository_are_validated_in_place(job: Job) -> None:
    job.owned_by(RUNNER)
    job.put("definitions/good.yaml", FINE)
    job.put("definitions/bad.yaml", FINE.replace("transform", "trnsform"))
    step = job.run(command="validate")
    assert step.ended.code == 3
    (error,) = step.named("error")
    assert (error.properties["file"], error.properties["line"]) == ("definitions/bad.yaml", "2")


# --- who runs --------------------------------------------------------------------------------------


def everything(folder: Path) -> set[tuple[int, int]]:
    return {(path.stat().st_uid, path.stat().st_gid) for path in (folder, *folder.rglob("*"))}


def test_whatever_a_run_writes_belongs_to_the_owner_of_the_workspace(job: Job) -> None:
    job.owned_by(RUNNER)
    text = checks("touch made && mkdir -p deep/er && touch /github/home/made /github/runner_temp/made")
    step = job.run(text, results_path="r.json")
    assert step.ended.code == 0, step.ended.err + step.ended.out
    assert {path.name for path in job.workspace.iterdir()} >= {"d.yaml", "r.json"}
    assert everything(job.folder) == {(RUNNER, RUNNER)}


WHO = "echo user $(id -u) group $(id -g) groups $(id -G) $(grep CapEff /proc/self/status); exit 1"
NO_RIGHTS = "CapEff: 0000000000000000"


def who(job: Job, env: dict[str, str] | None = None, **options: Any) -> str:  # noqa: ANN401 - the options of the SDK
    """Return what the message of a check says of the user that it runs as."""
    job.put("d.yaml", checks(WHO))
    step = job.finished(job.start({"config": "d.yaml", "fail-on": "never"}, env, **options))
    document = json.loads((job.workspace / "pipeline-results.json").read_text())
    assert step.ended.code == 0, step.ended.err
    message: str = document["findings"][0]["message"]
    return message.partition("“")[2].rstrip("”")


def test_nodes_run_as_the_owner_of_the_workspace_without_any_rights_of_root(job: Job) -> None:
    job.owned_by(RUNNER)
    assert who(job) == f"user 1001 group 1001 groups 1001 {NO_RIGHTS}"


def test_a_workspace_of_root_keeps_root(job: Job) -> None:
    job.owned_by(0)
    assert who(job).startswith("user 0 group 0 groups 0")
    assert everything(job.folder) == {(0, 0)}


def test_who_is_not_root_stays_who_it_is(job: Job) -> None:
    job.owned_by(4321)
    assert who(job, user="4321:4321") == f"user 4321 group 4321 groups 4321 {NO_RIGHTS}"


def test_without_the_right_to_become_somebody_else_it_goes_on_and_says_so(job: Job) -> None:
    job.owned_by(RUNNER)
    job.put("d.yaml", FINE)
    step = job.finished(job.start({"config": "d.yaml"}, cap_drop=["SETUID", "SETGID"]))
    assert step.ended.code == 0, step.ended.err
    warning = "warning: cannot go on as the owner of the workspace (user 1001), so as root: Operation not permitted"
    assert warning in step.ended.err.splitlines()


def test_a_workspace_that_is_not_there_leaves_the_owner_of_the_working_folder(job: Job) -> None:
    job.owned_by(RUNNER)
    assert who(job, env={"GITHUB_WORKSPACE": "/nowhere"}).startswith("user 1001 ")


@pytest.fixture
def docker_socket(tmp_path: Path) -> Path:
    """A socket that a group of its own may use, as Docker's."""
    needs("container", os.geteuid() == 0, "only root gives files away")
    place = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place))
    os.chown(place, 0, 4242)
    place.chmod(0o660)
    return place


@pytest.mark.parametrize(
    ("wish", "groups"),
    [({}, "1001"), ({"PIPELINE_DOCKER_SOCKET": "true"}, "1001 4242"), ({"PIPELINE_DOCKER_SOCKET": "false"}, "1001")],
    ids=["not asked for", "asked for", "refused"],
)
def test_dockers_socket_is_out_of_reach_unless_it_is_asked_for(
    wish: dict[str, str], groups: str, docker_socket: Path, job: Job
) -> None:
    job.owned_by(RUNNER)
    mount = {str(docker_socket): {"bind": "/var/run/docker.sock", "mode": "rw"}}
    assert who(job, env=wish, volumes=mount) == f"user 1001 group 1001 groups {groups} {NO_RIGHTS}"


def test_commands_get_none_of_githubs_tokens(job: Job) -> None:
    job.owned_by(RUNNER)
    names = "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_TOKEN"
    tokens = {name: f"gone-{number}" for number, name in enumerate(names)}
    database = {"INPUT_DATABASE-URL": "postgresql://me:gone-4@127.0.0.1:9/x"}
    step = job.run(checks("env; cat /proc/*/environ; exit 1"), env=tokens | database, fail_on="never")
    assert step.ended.code == 0, step.ended.err
    runner = heard(step.ended.err, step.ended.out)
    assert "gone-" not in "\n".join(runner.shown) + (job.workspace / "pipeline-results.json").read_text() + step.summary
    assert "gone-4" in [one.data for one in step.named("add-mask")]


# --- what it must not do -----------------------------------------------------------------------------


def test_nothing_in_the_checkout_or_the_home_is_imported(job: Job) -> None:
    set_traps(job.workspace)
    job.owned_by(RUNNER)
    hostile = {"PYTHONPATH": "/github/workspace", "PYTHONUSERBASE": "/github/workspace/home/.local"}
    step = job.run(FINE, env={**hostile, "HOME": "/github/workspace/home"})
    assert step.ended.code == 0, step.ended.err


def test_a_secret_is_masked_before_the_first_node_and_shown_nowhere(job: Job) -> None:
    job.owned_by(RUNNER)
    text = checks("echo $0 correct horse; exit 1", top="secrets: [SHOP]\n")
    text = text.replace('exit 1"]', "exit 1\", '{{ secrets.SHOP }}']")
    step = job.run(text, env={"SHOP": "correct horse"}, fail_on="never")
    assert step.ended.code == 0, step.ended.err
    lines = step.ended.err.splitlines()
    assert lines.index("::add-mask::correct horse") < lines.index("::group::n0 (context)")
    rest = [line for line in [*lines, *step.ended.out.splitlines()] if not line.startswith("::add-mask::")]
    assert "correct horse" not in "\n".join(rest) + step.summary + (job.workspace / "pipeline-results.json").read_text()
    assert "«SHOP»" in step.summary


def test_what_commands_print_is_no_command(job: Job) -> None:
    job.owned_by(RUNNER)
    spoken = "echo '::set-output name=status::owned'; echo '::error::owned'; echo '##[error]owned'; exit 1"
    step = job.run(checks(spoken), fail_on="never", extra_args="-v")
    assert step.ended.code == 0, step.ended.err
    runner = heard(step.ended.err, step.ended.out)
    assert any("owned" in line for line in runner.shown)
    assert runner.bare == []
    assert {one.name for one in runner.acted} == {"group", "endgroup", "error"}
    assert [one.properties["title"] for one in runner.acted if one.name == "error"] == ["critical: n0.c"]


# --- how it ends -----------------------------------------------------------------------------------


def called_off(container: Container) -> float:
    """Call a step off as GitHub's runner does: SIGINT, SIGTERM 7.5 s later, the end 2.5 s after that; say how long."""
    began = time.monotonic()
    for name, patience in (("SIGINT", 7.5), ("SIGTERM", 2.5), ("SIGKILL", 60)):
        container.kill(name)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            container.reload()
            if container.status not in {"running", "stopping"}:
                return time.monotonic() - began
            time.sleep(0.05)
    pytest.fail("the container outlives SIGKILL")


TIDIES = """\
  - id: tidy
    type: context
    always: true
    config: {checks: [{type: command, name: c, timeout: 60s, argv: [sh, -c, "trap '' INT TERM; sleep 60"]}]}
"""


@pytest.mark.parametrize("always", ["", TIDIES], ids=["stubborn", "with a stubborn always node"])
def test_a_step_that_is_called_off_leaves_everything_before_it_is_killed(job: Job, always: str) -> None:
    job.owned_by(RUNNER)
    job.put("d.yaml", checks("trap '' INT TERM; sleep 60", "true") + always)
    container = job.start({"config": "d.yaml"})
    until(container, "::group::n0 (context)")
    assert called_off(container) < 5.0
    step = job.finished(container)
    assert step.ended.code == 130
    assert (step.outputs["status"], step.outputs["exit-code"]) == ("cancelled", "130")
    assert step.outputs["results-path"] == "pipeline-results.json"
    nodes = json.loads((job.workspace / "pipeline-results.json").read_text())["node_results"]
    assert (nodes["n0"]["status"], nodes["n1"]["status"]) == ("cancelled", "skipped")
    assert "cancelled" in step.summary
    groups = [one.name for one in step.named("group", "endgroup")]
    assert groups == ["group", "endgroup"] * (1 + bool(always))
    assert step.named("error")[0].properties["title"] == "n0 cancelled"
    assert everything(job.folder) == {(RUNNER, RUNNER)}


def test_the_result_goes_to_standard_output_where_it_is_told_to(job: Job) -> None:
    job.owned_by(RUNNER)
    step = job.run(FINE, results_path="/dev/stdout", extra_args="--json -q")
    assert step.ended.code == 0, step.ended.err
    first, second = step.ended.out.split("\n}\n{\n")
    assert json.loads(first + "\n}") == json.loads("{\n" + second)


def test_another_program_starts_as_it_is_asked_for(action: str, containers: Engine) -> None:
    container = containers.start(action, "sh", "-c", "id -u; tr '\\0' '\\n' < /proc/self/environ", environment=GITHUB)
    container.wait()
    assert said(container, "stdout").splitlines()[0] == "0"
    assert "GITHUB_OUTPUT=/github/file_commands/set_output" in said(container, "stdout").splitlines()
