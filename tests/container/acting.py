"""nektos/act as tests use it: workflows in checkouts of their own, run as GitHub would."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest

from tests.container.images import ROOT, alone
from tests.container.steps import RUNNER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docker import DockerClient

WORKFLOWS: Final = Path(__file__).with_name("workflows")
REPOSITORY: Final = (
    *("action.yml", "composite", "Dockerfile", ".dockerignore", "LICENSE", "definitions", "entrypoint.py"),
    *("requirements.lock", "runner", "tests/container/definitions"),
)
"""What a checkout needs for its own action."""
MACHINE: Final = """\
FROM debian:trixie-slim
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv
CMD ["bash"]
"""
"""A machine of GitHub's, as far as the workflows here need one."""
MADE: Final = ("act-dockeraction", "act-org-pipeline-action-v1-dockeraction")
"""What act calls the images of `uses: ./` and `uses: org/pipeline-action@v1`; it is told to build neither anew."""
ACT: Final = Path(sys.executable).with_name("act")
PATIENCE: Final = 600
LABELS: Final = ("ubuntu-latest", "ubuntu-24.04", "self-hosted")
"""What the machine is called where a workflow asks for one."""


@dataclass(frozen=True)
class Finished:
    """A workflow that has ended."""

    code: int
    log: str
    checkout: Path
    called: tuple[str, ...] = ()
    """The paths that the heartbeat asked for."""

    @property
    def steps(self) -> dict[str, Any]:
        """Outputs and outcome of every step."""
        found: dict[str, Any] = json.loads((self.checkout / "steps.json").read_text())
        return found

    def outputs(self, step: str) -> dict[str, str]:
        """Return what a step gave, but for the number of its run."""
        found: dict[str, str] = self.steps[step]["outputs"]
        return {name: value for name, value in found.items() if name != "run-id"}

    def document(self, name: str) -> dict[str, Any]:
        """Return a result document that a step has left in the checkout."""
        found: dict[str, Any] = json.loads((self.checkout / name).read_text())
        return found


@dataclass(frozen=True)
class Act:
    """Runs workflows, each in a checkout of its own."""

    folder: Path
    client: DockerClient
    machine: str

    def run(self, workflow: str, *flags: str) -> Finished:
        """Run a workflow of the tests to its end, after a push."""
        return self.finish(self.checkout(workflow), "push", *flags)

    def finish(self, checkout: Path, event: str, *flags: str) -> Finished:
        """Run what an event starts in a checkout to its end."""
        process = self.start(checkout, event, *flags)
        try:
            log, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)  # it removes its containers
            log, _ = process.communicate(timeout=PATIENCE)
            pytest.fail(log)
        return Finished(process.returncode, log, checkout)

    def checkout(self, workflow: str) -> Path:
        """Make a repository with one workflow, and our action."""
        place = self.place(workflow)
        copy_of_ours(place)
        (place / ".github" / "workflows").mkdir(parents=True)
        shutil.copy2(WORKFLOWS / workflow, place / ".github" / "workflows")
        self.commit(place)
        return place

    def place(self, name: str) -> Path:
        """Make an empty folder."""
        place = self.folder / f"{Path(name).stem}-{uuid4().hex[:8]}"
        place.mkdir()
        return place

    def commit(self, place: Path) -> None:
        """Make a repository of a folder; it belongs to the user of GitHub's machines where it can."""
        self._commit(place)
        if os.geteuid() == 0:
            for path in (place, *place.rglob("*")):
                os.chown(path, RUNNER, RUNNER, follow_symlinks=False)

    def _commit(self, place: Path) -> None:
        somebody = ("-c", "user.name=somebody", "-c", "user.email=somebody@shop.example", "-c", "commit.gpgsign=false")
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "all")):
            subprocess.run(["git", *somebody, *words], cwd=place, env=self._environ, check=True)

    def start(self, checkout: Path, event: str, *flags: str) -> subprocess.Popen[str]:
        """Start what an event starts in a checkout."""
        socket = self.client.api.base_url.replace("http+docker://", "unix://")
        socket = os.environ.get("DOCKER_HOST", socket)
        machines = (f"--platform={label}={self.machine}" for label in LABELS)
        places = (*machines, f"--container-daemon-socket={socket}")
        plain = ("--bind", "--pull=false", "--rm", "--no-cache-server", "--action-offline-mode")
        return subprocess.Popen(
            [str(ACT), event, *places, *plain, *flags],
            cwd=checkout,
            env={**self._environ, "DOCKER_HOST": socket},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def _environ(self) -> Mapping[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"}


def copy_of_ours(place: Path) -> None:
    """Copy what this repository's own action is made of."""
    for name in REPOSITORY:
        source, target = ROOT / name, place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "prepared"))
        else:
            shutil.copy2(source, target)


def once(place: Path, run: Callable[[], Finished]) -> Finished:
    """Run a workflow in one of the processes; the others read what came of it."""
    with alone(place.with_suffix(".lock")):
        if not place.exists():
            done = run()
            place.write_text(json.dumps([done.code, done.log, str(done.checkout), done.called]))
    code, log, checkout, called = json.loads(place.read_text())
    return Finished(code, log, Path(checkout), tuple(called))
