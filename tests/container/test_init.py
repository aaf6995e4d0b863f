"""What `init` writes, run by nektos/act as GitHub would: as it is, with its own action and stand-ins for GitHub's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from runner.formats import FORMATS
from tests.channels.stage import receiving
from tests.conftest import CLEAN
from tests.container.acting import Act, Finished, copy_of_ours
from tests.test_definitions import web_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.channels.stage import Receiver

CALLED: Final = "called.txt"
STANDING_IN: Final = """\
name: A stand-in
description: Writes down how it is called
inputs: {{{inputs}}}
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        echo {words} >> called.txt
        {run}
"""
RESTORE: Final = (
    "mkdir .pipeline && echo 'of an earlier run' > .pipeline/remembered && chown -R --reference=. .pipeline"
)
SAVE: Final = "cat .pipeline/remembered >> called.txt && test -s .pipeline/state.sqlite3"
UPLOAD: Final = "test -f '${{ inputs.path }}'"
"""What stands in for GitHub's actions does: a cache that holds something, and gets it back."""


def stand_in(place: Path, *inputs: str, run: str) -> None:
    """Write an action that notes its name and inputs."""
    words = " ".join([place.name, *(f"'${{{{ inputs.{name} }}}}'" for name in inputs)])
    declared = ", ".join(f"{name}: {{description: '-'}}" for name in (*inputs, "retention-days", "name"))
    place.mkdir(parents=True)
    (place / "action.yml").write_text(STANDING_IN.format(inputs=declared, words=words, run=run))


@dataclass(frozen=True)
class Started:
    """A repository in which `init` has just been run, and where its messages go."""

    act: Act
    place: Path
    replaced: tuple[str, ...]
    slack: Receiver

    def run(self, event: str, *flags: str) -> Finished:
        """Commit all of it, and run what an event starts."""
        self.act.commit(self.place)
        secret = f"--secret=SLACK_WEBHOOK_URL={self.slack.url}/services/T0/B0/X0"
        return self.act.finish(self.place, event, *self.replaced, secret, "--rebuild=false", *flags)

    def called(self) -> list[str]:
        """How the stand-ins were called."""
        return (self.place / CALLED).read_text().splitlines()


class Init:
    """Runs `init` in a new repository."""

    def __init__(self, act: Act, slack: Receiver) -> None:
        self._act = act
        self._slack = slack

    def __call__(self, *flags: str) -> Started:
        place = self._act.place("init")
        command = [sys.executable, "-m", "runner", "init", *flags]
        subprocess.run(command, cwd=place, env={**CLEAN, "GITHUB_REPOSITORY": "acme/shop"}, check=True)
        return Started(self._act, place, tuple(self._replaced(place)), self._slack)

    def _replaced(self, place: Path) -> Iterator[str]:
        """Name what stands in for each repository that the workflow uses, at the version that it uses."""
        (workflow,) = (place / ".github/workflows").iterdir()
        others = self._act.place("others")
        stand_in(others / "cache/restore", "path", "key", "restore-keys", run=RESTORE)
        stand_in(others / "cache/save", "path", "key", run=SAVE)
        stand_in(others / "upload-artifact", "path", run=UPLOAD)
        copy_of_ours(others / "pipeline-action")
        used = re.findall(r"uses: (\w+)/([\w-]+)(?:/\w+)?@(\w+)", workflow.read_text())
        for owner, name, version in dict.fromkeys(used):
            if name != "checkout":  # act's own: the folder is the checkout
                yield f"--local-repository={owner}/{name}@{version}={others / name}"


@pytest.fixture
def init(act: Act) -> Iterator[Init]:
    with receiving() as slack:
        yield Init(act, slack)


def titles(slack: Receiver) -> list[Any]:
    return [request.json["text"] for request in slack.requests]


def calls(name: str) -> list[str]:
    """How the stand-ins are called in a run, whatever comes of it."""
    return [
        f"restore .pipeline {name}-1-1 {name}-",
        f"save .pipeline {name}-1-1",
        "of an earlier run",
        "upload-artifact pipeline-results.json",
    ]


def test_the_schedule_looks_at_pages_that_are_well(init: Init) -> None:
    with web_site() as where:
        started = init("--from", f"http://{where}/")
        done = started.run("schedule")
    assert done.code == 0, done.log
    assert started.called() == calls("site-health")
    document = done.document("pipeline-results.json")
    assert (document["definition"], document["verdict"]) == ("site-health", "ok")
    assert titles(started.slack) == []


def test_a_page_that_is_down_is_a_red_job_and_a_message_and_nothing_is_forgotten(init: Init) -> None:
    with web_site() as where:
        started = init("--from", f"http://{where}/")
        url = f"http://{where}/down"
        definition = started.place / "definitions/site-health.yaml"
        definition.write_text(definition.read_text().replace(f"http://{where}/", url))
        done = started.run("schedule")
    assert (done.code, "exit with `FAILURE`: 5" in done.log) == (1, True), done.log
    assert started.called() == calls("site-health")
    (title,) = titles(started.slack)
    assert title == f"[CRITICAL] {url} answered 503, expected 200 to 299 (failed 2 of 2 tries)"


def test_an_alert_that_is_sent_reaches_slack_and_the_job_is_green(init: Init) -> None:
    started = init("--kind", "alert")
    payload = FORMATS.load("alertmanager")().sample()
    event = {"action": "alert", "client_payload": {"driver": "alertmanager", "payload": payload}}
    (started.place / "event.json").write_text(json.dumps(event))
    done = started.run("repository_dispatch", "--eventpath=event.json")
    assert done.code == 0, done.log
    assert started.called() == calls("alerts")
    (title,) = titles(started.slack)
    assert title.startswith("[WARNING] HighCPUUsage on localhost:9090")


def test_a_machine_is_looked_at_where_the_job_runs(init: Init) -> None:
    started = init("--kind", "host")
    done = started.run("schedule")
    document = done.document("pipeline-results.json")
    assert document["exit"]["code"] in {0, 5}, done.log  # a machine is as busy as it is
    assert list(document["node_results"]["machine"]["output"]["results"]) == ["cpu", "memory", "disk"]
    assert started.called() == calls("host-health")
