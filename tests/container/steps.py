"""A step of a workflow that uses the action, started with the flags, mounts and variables of GitHub's runner."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.container.images import Engine, ended
from tests.github_runner import Parsed, heard, named, read_file
from tests.support import needs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from docker.models.containers import Container

    from tests.container.images import Ended

DEFAULTS: Final = {"command": "run", "dry-run": "false", "on-missing-secret": "fail"}
"""Of action.yml; GitHub sets every input that is declared, the others to nothing."""
INPUTS: Final = (
    *("command", "definition", "config", "path", "payload", "inputs", "environment", "dry-run", "fail-on"),
    *("on-missing-secret", "database-url", "state-url", "results-path", "extra-args"),
)
GITHUB: Final = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "repository_dispatch",
    "GITHUB_EVENT_PATH": "/github/workflow/event.json",
    "GITHUB_OUTPUT": "/github/file_commands/set_output",
    "GITHUB_REPOSITORY": "org/shop",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_RUN_ID": "77",
    "GITHUB_SERVER_URL": "https://git.example",
    "GITHUB_STEP_SUMMARY": "/github/file_commands/step_summary",
    "GITHUB_WORKSPACE": "/github/workspace",
    "HOME": "/github/home",
    "RUNNER_TEMP": "/github/runner_temp",
}
RUNNER: Final = 1001
"""GitHub's own user, on its hosted machines."""
MOUNTS: Final = {
    "_temp": "/github/runner_temp",
    "_temp/_github_home": "/github/home",
    "_temp/_github_workflow": "/github/workflow",
    "_temp/_runner_file_commands": "/github/file_commands",
    "shop/shop": "/github/workspace",
}


@dataclass(frozen=True)
class Step:
    """A step that has ended."""

    ended: Ended
    outputs: Mapping[str, str]
    summary: str

    def named(self, *names: str) -> list[Parsed]:
        """Return the commands of these names that GitHub's runner would carry out."""
        return named(heard(self.ended.err, self.ended.out).acted, *names)


@dataclass(frozen=True)
class Job:
    """Where steps run."""

    folder: Path
    containers: Engine
    image: str

    @classmethod
    def at(cls, folder: Path, containers: Engine, image: str) -> Job:
        """Make the folders of a job; what the runner's user owns there is its own, until told otherwise."""
        for name in MOUNTS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        job = cls(folder, containers, image)
        for name in ("set_output", "step_summary"):
            (job.commands / name).touch()
        job.event({})
        return job

    @property
    def workspace(self) -> Path:
        """The checkout."""
        return self.folder / "shop" / "shop"

    @property
    def commands(self) -> Path:
        """Where outputs and the summary go."""
        return self.folder / "_temp" / "_runner_file_commands"

    def event(self, event: Mapping[str, Any]) -> None:
        """Say what started the workflow."""
        (self.folder / "_temp" / "_github_workflow" / "event.json").write_text(json.dumps(event))

    def owned_by(self, user: int) -> None:
        """Give everything to a user, as the runner has it; only root can."""
        needs("container", os.geteuid() == 0, "only root gives files away")
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, user, user)

    def start(self, inputs: Mapping[str, str], env: Mapping[str, str] | None = None, **options: Any) -> Container:  # noqa: ANN401 - the options of the SDK
        """Start the action as GitHub's runner does."""
        given = {**dict.fromkeys(INPUTS, ""), **DEFAULTS, **inputs}
        variables = {f"INPUT_{name.upper()}": value for name, value in given.items()}
        volumes = {str(self.folder / name): {"bind": place, "mode": "rw"} for name, place in MOUNTS.items()}
        return self.containers.start(
            self.image,
            working_dir="/github/workspace",
            environment={**GITHUB, **variables, **(env or {})},
            volumes={**volumes, **options.pop("volumes", {})},
            **options,
        )

    def run(self, definition: str = "", *, env: Mapping[str, str] | None = None, **inputs: str) -> Step:
        """Run a definition, or what the inputs say, to its end; `_` in the name of an input stands for `-`."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        if definition:
            self.put("d.yaml", definition)
            given.setdefault("config", "d.yaml")
        return self.finished(self.start(given, env))

    def put(self, name: str, text: str) -> None:
        """Put a file into the checkout, as the owner of it."""
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        owner = self.workspace.stat()
        os.chown(path, owner.st_uid, owner.st_gid)

    def finished(self, container: Container) -> Step:
        """Wait for the end of a step, and read what it left."""
        done = ended(container)
        outputs = read_file((self.commands / "set_output").read_bytes().decode())
        return Step(done, outputs, (self.commands / "step_summary").read_text())
