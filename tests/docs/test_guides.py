"""The written pages: their commands can be given, their definitions are valid, what they show works."""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from typing import TYPE_CHECKING, Final

import pytest

from docs.generate.commands import parser
from runner.checks.base import Confirm
from runner.checks.http import Http
from runner.cli.arguments import split
from runner.definition.entries import DEFAULT_TIMEOUT
from runner.engine.clock import kept_back
from runner.errors import ExitCode
from runner.nodes import NODES
from runner.spec import duration_text
from runner.validators import read as read_class
from tests.pages import ROOT, Block, Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

DOCS: Final = ROOT / "docs"
GUIDES: Final = [DOCS / "index.md", *sorted(DOCS.glob("how-to/*.md")), *sorted(DOCS.glob("explanation/*.md"))]
SNIPPET: Final = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)
TOO_OLD: Final = 3 * 24 * 3600.0


def read(path: Path) -> Page:
    """Read a page with what it includes."""
    return Page(SNIPPET.sub(lambda found: (DOCS / found[1]).read_text().rstrip("\n"), path.read_text()))


COMMANDS: Final = sorted(
    {command for path in GUIDES for command in read(path).commands if command.startswith("pipeline-runner ")}
)
BLOCKS: Final = [(path, block) for path in GUIDES for block in read(path).blocks]
DEFINITIONS: Final = [(path, block) for path, block in BLOCKS if block.path.startswith("definitions/")]

every_guide = pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_can_be_given(command: str) -> None:
    name, rest = split(shlex.split(command)[1:])
    assert vars(parser(name).parse_args(rest))


@pytest.mark.parametrize(("path", "block"), DEFINITIONS, ids=lambda one: getattr(one, "path", ""))
def test_a_definition_gets_no_diagnostic(path: Path, block: Block, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    (tmp_path / block.path).write_text(block.text)
    told = json.loads(cli("validate", block.path, "--json", cwd=tmp_path).out)
    assert [one["diagnostics"] for one in told["files"]] == [[]], path


@every_guide
def test_every_block_of_yaml_is_an_example_or_a_definition_with_a_name(path: Path) -> None:
    written = Page(path.read_text())
    unnamed = [block.text for block in written.blocks_of("yaml") if not block.path and not SNIPPET.match(block.text)]
    assert unnamed == []


@every_guide
def test_every_file_that_is_named_in_a_link_is_there(path: Path) -> None:
    made = re.compile(r"(\.\./)?reference/(?!examples/)")
    links = [link for link in Page(path.read_text()).links if not made.match(link)]
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize(("age", "code", "said"), [(0.0, ExitCode.OK, "ok"), (TOO_OLD, ExitCode.UNHEALTHY, "critical")])
def test_the_check_of_ones_own_works(age: float, code: int, said: str, cli: Cli, tmp_path: Path) -> None:
    for block in read(DOCS / "how-to/own-checks.md").blocks:
        if block.path:
            (tmp_path / block.path).parent.mkdir(exist_ok=True)
            (tmp_path / block.path).write_text(block.text)
    backup = tmp_path / "backup.tar"
    backup.write_text("data")
    os.utime(backup, times=(0, time.time() - age))
    ended = cli("--definition", "backup", "--json", cwd=tmp_path)
    (result,) = json.loads(ended.out)["node_results"]["machine"]["output"]["results"].values()
    assert (ended.code, result["verdict"]) == (code, said)
    if age:
        assert result["message"] == (
            "sh ended with 1, expected 0; it said “backup.tar is older than a day, or not there”"
        )


def test_the_envelope_for_github_is_read_as_it_is_made(cli: Cli, tmp_path: Path) -> None:
    pages = (DOCS / "how-to/alertmanager.md", DOCS / "how-to/grafana.md")
    for name, page in zip(("alertmanager", "grafana"), pages, strict=True):
        assert f'{{event_type: "alert", client_payload: {{driver: "{name}", payload: .}}}}' in page.read_text()
        sample = json.loads(cli("--sample", "--source", name, "--dry-run", "--json").out)["payload"]
        event = {"action": "alert", "client_payload": {"driver": name, "payload": sample}}
        (tmp_path / "event.json").write_text(json.dumps(event))
        env = {"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_EVENT_NAME": "repository_dispatch"}
        ended = cli("--definition", "builtin:alert", "--event", "--fail-on", "never", "--json", env=env)
        output = json.loads(ended.out)["node_results"]["ingest"]["output"]
        assert (ended.code, output["format"]) == (ExitCode.OK, name)


def test_the_times_that_are_told_are_the_defaults() -> None:
    rows = {what: default for what, _, default in read(DOCS / "explanation/time.md").table("Limit", "Where", "Default")}
    limits = {name: duration_text(NODES.load(name).timeout) for name in NODES}
    assert rows["of the run"] == duration_text(DEFAULT_TIMEOUT)
    assert rows["of a node's attempt"] == (
        f"context {limits['context']}, ingest and transform {limits['ingest']}, "
        f"intelligence and notify {limits['notify']}"
    )
    assert limits["ingest"] == limits["transform"]
    assert limits["intelligence"] == limits["notify"]
    assert rows["of one try of a check"] == duration_text(read_class(Http, {"url": "http://a.example/"}).timeout)
    assert (Confirm().tries, Confirm().pause) == (2, 3.0)
    assert (kept_back(10.0), kept_back(100.0), kept_back(10_000.0)) == (3.0, 10.0, 30.0)
