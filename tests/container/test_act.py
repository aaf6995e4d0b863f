"""Workflows that use the action, run by nektos/act as GitHub would: what a step gets, gives and leaves."""

from __future__ import annotations

import base64
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

import pytest

from tests.container.acting import PATIENCE, Act, Finished, once
from tests.container.images import said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container

SHOP: Final = "correct-horse-battery"


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """Hear heartbeats on the loopback interface."""
    paths: list[str] = []

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the interface

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()


@pytest.fixture(scope="module")
def docker_job(act: Act, shared: Path) -> Finished:
    """The steps of action.yml."""

    def run() -> Finished:
        with listening() as (url, called):
            done = act.run("action.yml", "--rebuild=false", f"--secret=SHOP={SHOP}", f"--var=HEARTBEAT={url}")
        return Finished(done.code, done.log, done.checkout, tuple(called))

    return once(shared / "action.json", run)


WELL: Final = {
    "status": "completed",
    "verdict": "ok",
    "exit-code": "0",
    "results-path": "well.json",
    "failed-nodes": "",
    "findings-count": "0",
}
SICK: Final = {**WELL, "verdict": "critical", "exit-code": "5", "results-path": "sick.json", "findings-count": "1"}


def without_summary(outputs: dict[str, str]) -> dict[str, str]:
    assert outputs["summary-path"].endswith("SUMMARY.md")
    return {name: value for name, value in outputs.items() if name != "summary-path"}


def test_later_steps_read_the_outputs(docker_job: Finished) -> None:
    assert without_summary(docker_job.outputs("well")) == WELL, docker_job.log
    assert docker_job.document("well.json")["run_id"] == docker_job.steps["well"]["outputs"]["run-id"]


def test_the_summary_is_handed_in(docker_job: Finished) -> None:
    assert "Summary - ## 🟢 well: ok" in docker_job.log
    assert "Summary - ## 🔴 sick: critical" in docker_job.log


def test_an_unhealthy_run_fails_the_step_and_the_job(docker_job: Finished) -> None:
    assert (docker_job.steps["sick"]["outcome"], docker_job.code) == ("failure", 1)
    assert without_summary(docker_job.outputs("sick")) == SICK
    assert "never" not in docker_job.steps or docker_job.steps["never"]["outcome"] == "skipped"
    assert docker_job.document("sick.json")["exit"]["code"] == 5


def test_a_failure_is_annotated_and_nothing_a_command_prints_is(docker_job: Finished) -> None:
    errors = [line.partition("❗  ::error")[2] for line in docker_job.log.splitlines() if "❗  ::error" in line]
    place = "file=tests/container/definitions/sick.yaml,line=8"
    assert any(place in line for line in errors), errors
    assert not any(line.endswith("::not ours") for line in errors), errors


def test_a_dry_run_tells_and_leaves_nothing(docker_job: Finished) -> None:
    assert docker_job.steps["rehearsal"]["outcome"] == "success"
    assert "| === DRY RUN ===" in docker_job.log
    assert not (docker_job.checkout / "rehearsal.json").exists()


def test_a_wrong_flag_is_a_step_that_failed_and_says_why(docker_job: Finished) -> None:
    assert docker_job.steps["usage"]["outcome"] == "failure"
    assert (docker_job.outputs("usage")["status"], docker_job.outputs("usage")["exit-code"]) == ("failed", "2")
    assert "unrecognized arguments: --nonsense" in docker_job.log


def test_a_secret_is_in_no_log_and_no_document(docker_job: Finished) -> None:
    written = docker_job.log + (docker_job.checkout / "secret.json").read_text()
    assert "«SHOP»" in written
    assert SHOP not in written
    assert base64.b64encode(SHOP.encode()).decode() not in written


def test_the_heartbeat_is_called_with_what_came_of_it(docker_job: Finished) -> None:
    assert docker_job.called == ("/0/ok", "/5/critical")


def test_files_belong_to_the_owner_of_the_checkout(docker_job: Finished) -> None:
    owner = docker_job.checkout.stat()
    left = [docker_job.checkout / name for name in ("well.json", "secret.json", "sick.json")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in left} == {(owner.st_uid, owner.st_gid)}


# --- called off --------------------------------------------------------------------------------------


def step_in(client: DockerClient, checkout: Path) -> Container | None:
    """Return the container of the action that has a checkout and runs its first node."""
    for container in client.containers.list():
        binds = {mount["Source"] for mount in container.attrs["Mounts"] if mount["Type"] == "bind"}
        if str(checkout) in binds and "::group::wait (context)" in said(container, "stderr"):
            return container
    return None


def test_a_step_that_is_called_off_leaves_its_outputs_and_its_summary(act: Act) -> None:
    checkout = act.checkout("cancelled.yml")
    process = act.start(checkout, "push")
    end = time.monotonic() + PATIENCE
    while (container := step_in(act.client, checkout)) is None:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.2)
    # What GitHub's runner sends first. act itself, called off, sends nothing: it stops waiting for the container, fails
    # to remove it, for that call is cancelled with everything else, reads outputs that nobody has written, and leaves
    # it running. tests/container/test_action.py calls a step off to the end.
    container.kill("SIGINT")
    log, _ = process.communicate(timeout=PATIENCE)
    done = Finished(process.returncode, log, checkout)
    assert (done.code, done.steps["slow"]["outcome"]) == (1, "failure"), log
    assert (done.outputs("slow")["status"], done.outputs("slow")["exit-code"]) == ("cancelled", "130")
    assert "exit with `FAILURE`: 130" in log
    assert "Summary - ## " in log
    nodes = done.document("slow.json")["node_results"]
    assert {name: node["status"] for name, node in nodes.items()} == {"wait": "cancelled", "tell": "succeeded"}


# --- without Docker ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def composite_job(act: Act, shared: Path) -> Finished:
    """The steps of composite.yml."""
    return once(shared / "composite.json", partial(act.run, "composite.yml"))


def test_the_composite_action_gives_the_same(composite_job: Finished) -> None:
    assert without_summary(composite_job.outputs("well")) == WELL, composite_job.log
    assert without_summary(composite_job.outputs("sick")) == SICK
    assert (composite_job.steps["sick"]["outcome"], composite_job.code) == ("failure", 1)


def test_the_composite_action_hands_in_its_summary(composite_job: Finished) -> None:
    assert "Summary - ## 🟢 well: ok" in composite_job.log
    assert "Summary - ## 🔴 sick: critical" in composite_job.log


def test_the_composite_action_rehearses(composite_job: Finished) -> None:
    assert composite_job.steps["rehearsal"]["outcome"] == "success"
    assert "| === DRY RUN ===" in composite_job.log
    assert not (composite_job.checkout / "rehearsal.json").exists()
