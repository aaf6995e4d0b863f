"""Workflows as tests read them: the steps that use the action, run without GitHub."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from runner.cli.action import INPUTS
from tests.conftest import CLEAN
from tests.github_runner import heard, read_file
from tests.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

EXPRESSION: Final = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")
OURS: Final = re.compile(r"\.|\./composite|org/pipeline-action(/composite)?@v\d+")


@dataclass(frozen=True, slots=True)
class Use:
    """A step that uses the action, with the expressions in it filled in."""

    job: str
    number: int
    """Which of the job's variants by its matrix."""
    step: Mapping[str, Any]
    after: Mapping[str, Any]
    """The step after it; empty where it is the last."""

    def __str__(self) -> str:
        return f"{self.job}-{self.number}-{self.step.get('id', 'step')}"

    def start(self, workspace: Path, **env: str) -> Stepped:
        """Run it as GitHub would, in a folder that is the checkout."""
        defaults = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
        given = {name: str(self.step.get("with", {}).get(name, defaults[name].get("default", ""))) for name in INPUTS}
        output = workspace / ".output"
        output.write_text("")
        done = subprocess.run(
            [sys.executable, "-I", str(ROOT / "entrypoint.py")],
            cwd=workspace,
            env={
                **CLEAN,
                **{f"INPUT_{name.upper()}": value for name, value in given.items()},
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(workspace),
                "GITHUB_OUTPUT": str(output),
                **self.step.get("env", {}),
                **env,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Stepped(done.returncode, done.stdout, done.stderr, read_file(output.read_text()))


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step that has ended."""

    code: int
    out: str
    err: str
    outputs: dict[str, str]

    @property
    def said(self) -> list[str]:
        """The lines of its log that are no commands."""
        return heard(self.err, self.out).shown


def uses_of(path: Path) -> list[Use]:
    """Return the steps of a workflow that use the action, once for each variant of a job."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [use for name, job in workflow["jobs"].items() for use in _uses(name, job)]


def _uses(name: str, job: Mapping[str, Any]) -> Iterator[Use]:
    matrix = job.get("strategy", {}).get("matrix", {})
    for number, variant in enumerate(matrix.get("include", [{}])):
        steps = [filled(step, variant) for step in job["steps"]]
        for step, after in zip(steps, [*steps[1:], {}], strict=True):
            if OURS.fullmatch(step.get("uses", "").removesuffix("/")):
                yield Use(name, number, step, after)


def filled(tree: Any, variant: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
    """Fill in what a matrix says; a secret shows by its name, and what is nowhere is empty, as with GitHub."""
    if isinstance(tree, dict):
        return {key: filled(value, variant) for key, value in tree.items()}
    if isinstance(tree, list):
        return [filled(value, variant) for value in tree]
    return EXPRESSION.sub(lambda found: _value(found[1], variant), tree) if isinstance(tree, str) else tree


def _value(name: str, variant: Mapping[str, Any]) -> str:
    kind, _, rest = name.partition(".")
    return (
        str(variant.get(rest, ""))
        if kind == "matrix"
        else f"https://secrets.example/{rest}"
        if kind == "secrets"
        else ""
    )
