"""The page of the environment: every variable that the code reads, and no other."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from docs.generate.environment import CONFIGURES, SURROUNDINGS, member_variables
from tests.pages import ROOT, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNNER: Final = ROOT / "runner"
OURS: Final = re.compile(r"PIPELINE_[A-Z_]+")
FILES: Final = "_FILE"
"""What ends the name of a variable that names a file with the value of another."""


def texts(path: Path) -> Iterator[str]:
    """The constant texts of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def read_from_environ(path: Path) -> Iterator[str]:
    """The names that a module looks up in an environment: `environ.get("X")`, `environ["X"]`, `"X" in environ`."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str(name)), *_]):
                yield from [name] if "environ" in ast.unparse(owner) else []
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))):
                yield from [name] if "environ" in ast.unparse(owner) else []
            case ast.Compare(left=ast.Constant(value=str(name)), comparators=[owner]):
                yield from [name] if "environ" in ast.unparse(owner) else []
            case _:
                continue


def test_every_variable_of_the_runner_s_own_is_told() -> None:
    named = {text for path in RUNNER.rglob("*.py") for text in texts(path) if OURS.fullmatch(text)}
    own = {name.removesuffix(FILES) for name in named}
    assert own | {"DATABASE_URL"} == set(CONFIGURES)


def test_every_variable_that_is_looked_up_is_told() -> None:
    found = {name for path in RUNNER.rglob("*.py") for name in read_from_environ(path)}
    assert {name.removesuffix(FILES) for name in found} - {""} <= {*CONFIGURES, *SURROUNDINGS}


def test_every_variable_that_is_told_stands_in_the_code() -> None:
    said = "\n".join(path.read_text() for path in RUNNER.rglob("*.py"))
    parts = {"GITHUB_SERVER_URL": "SERVER_URL", "GITHUB_REPOSITORY": "REPOSITORY", "GITHUB_RUN_ID": "RUN_ID"}
    proxies = {name: name.lower().removesuffix("_proxy") for name in SURROUNDINGS if name.endswith("_PROXY")}
    missing = [name for name in (*CONFIGURES, *SURROUNDINGS) if (parts | proxies).get(name, name) not in said]
    assert missing == []


def test_the_table_of_the_action_names_no_other() -> None:
    told = {name for names, _ in page("docs/action.md").table("Variable", "Means") for name in OURS.findall(names)}
    assert told
    assert told <= CONFIGURES.keys()


def test_every_variable_of_a_driver_or_a_provider_is_told_with_its_option() -> None:
    assert member_variables()["SLACK_WEBHOOK_URL"] == [("drivers", "slack", "webhook_url")]
    assert member_variables().keys().isdisjoint({*CONFIGURES, *SURROUNDINGS})
