"""A dry run: whatever it goes through, Python reports no reaching out; what is known of each node is said."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended

    Cli = Callable[..., Ended]

SHIPPED: Final = sorted((Path(__file__).parents[2] / "definitions").glob("*.yaml"))

# --- nothing is touched ----------------------------------------------------------------------------

_WATCH: Final = """\
import os, sys

def watch(event, args, events=%r, log=os.open(%r, os.O_WRONLY | os.O_APPEND | os.O_CREAT)):
    writing = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if (event in events or writing) and args[0] != os.devnull:
        os.write(log, f"{event} {args[:3]}\\n".encode("utf-8", "backslashreplace"))

sys.addaudithook(watch)
"""
_REACHING: Final = (
    "os.exec", "os.fork", "os.forkpty", "os.mkdir", "os.posix_spawn", "os.remove", "os.rename", "os.system",
    "socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "subprocess.Popen",
)  # fmt: skip
"""What Python itself reports of a process that reaches out: it resolves, connects, starts, or changes files."""


@dataclass(frozen=True)
class Watch:
    """Notes what a process does to reach out."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """What lets a process be watched."""
        return {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}

    @property
    def noted(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()


@pytest.fixture
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """Prepare to watch a process."""
    folder = tmp_path_factory.mktemp("watch")
    (folder / "sitecustomize.py").write_text(_WATCH % (_REACHING, str(folder / "log")))
    return Watch(folder)


EVERYTHING: Final = """\
version: "1.0"
nodes:
  - {id: read, type: ingest}
  - {id: pick, type: transform, config: {source_node: read, extract: "alerts[0].name"}}
  - id: look
    type: context
    config:
      checks:
        - {type: http, url: "http://localhost:9/", method: POST, body: x}
        - {type: tcp, host: localhost, port: 9}
        - {type: command, argv: [touch, touched]}
        - disk
  - {id: think, type: intelligence, config: {provider: local}}
  - {id: tell, type: notify, always: true, config: {driver: generic, endpoint: "http://localhost:9/"}}
"""


def test_a_dry_run_resolves_connects_starts_and_writes_nothing(cli: Cli, watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(EVERYTHING)
    flags = ("--sample", "--results", "r.json", "--summary", "s.md")
    assert cli("--config", "d.yaml", *flags, "--dry-run", env=watch.env).code == 0
    assert watch.noted == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_definition_that_ships_does_nothing_either(cli: Cli, watch: Watch, tmp_path: Path, path: Path) -> None:
    env = {**watch.env, "CI": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    flags = ("--input", "urls=https://localhost:9/ http://localhost:9/") if path.stem == "web" else ()
    assert cli("--config", str(path), "--sample", "--dry-run", *flags, env=env).code == 0
    assert watch.noted == []


def test_the_watch_sees_a_real_run(cli: Cli, watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(EVERYTHING)
    cli("--config", "d.yaml", "--sample", "--results", "r.json", env=watch.env)
    seen = {line.partition(" ")[0] for line in watch.noted}
    assert seen >= {"socket.getaddrinfo", "socket.connect", "open", "os.rename"}
    assert seen & {"subprocess.Popen", "os.posix_spawn"}


# --- what is shown ---------------------------------------------------------------------------------


def test_the_message_that_is_shown_is_the_one_that_arrives(cli: Cli, receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(
        'version: "1.0"\n'
        "secrets: [TOKEN]\n"
        "nodes:\n"
        "  - {id: read, type: ingest}\n"
        f'  - {{id: tell, type: notify, always: true, config: {{driver: generic, endpoint: "{receiver.url}/ok",'
        ' headers: {X-Note: "{{ secrets.TOKEN }}"}, message: "{{ read.output.alerts | length }} alerts: ü"}}\n'
    )
    arguments = ("--config", "d.yaml", "--sample", "--source", "alertmanager", "--fail-on", "never")
    env = {"TOKEN": "opensesame", "PIPELINE_STATE_URL": "none"}
    shown = cli(*arguments, "--dry-run", env=env).out
    assert receiver.arrived == []
    assert cli(*arguments, env=env).code == 0
    arrived = receiver.arrived[0]
    assert arrived.headers["X-Note"] == "opensesame"
    assert f"         Content-Type: {arrived.headers['Content-Type']}\n" in shown
    assert f"         {settled(arrived.body)}\n" in settled(shown)


_CHANGING: Final = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "RUN"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "TIME"),
    (r"\(\d+d\d+h\)", "(AGE)"),
)


def settled(text: str) -> str:
    """Put words for what changes from run to run."""
    for pattern, word in _CHANGING:
        text = re.sub(pattern, word, text)
    return text


_DISK: Final = "would check disk: measure / (timeout 10s, warning above 80%, critical above 95%)"
_LATER: Final = "depends on what earlier nodes find"


@pytest.mark.parametrize(
    ("nodes", "lines"),
    [
        pytest.param(
            "{id: b, type: transform, when: inputs.on}",
            ["would be skipped: when is false: inputs.on (inputs.on is false)"],
            id="when false",
        ),
        pytest.param(
            "{id: b, type: transform, when: not inputs.on}",
            ["would run: not inputs.on (inputs.on is false)", "would read the payload"],
            id="when true",
        ),
        pytest.param(
            "{id: b, type: transform, skip_if_condition: not inputs.on}",
            ["would be skipped: skip_if_condition is true: not inputs.on (inputs.on is false)"],
            id="skip_if",
        ),
        pytest.param(
            "{id: b, type: transform, config: {extract: x}}, {id: c, type: context}, "
            "{id: d, type: transform, always: true}",
            ['would fail: the payload has no "x"; it is empty', "would be skipped: b failed", "would read the payload"],
            id="failed",
        ),
        pytest.param(
            "{id: b, type: transform, required: false, config: {extract: x}}, "
            "{id: c, type: transform, skip_if_errors: [b]}",
            ['would fail: the payload has no "x"; it is empty', "would be skipped: b has errors"],
            id="skip_if_errors",
        ),
        pytest.param(
            "{id: b, type: transform, skip_if_errors: [a]}",
            [f"runs only unless a has errors: {_LATER}", "would read the payload"],
            id="errors later",
        ),
        pytest.param(
            """{id: b, type: transform, when: 'a.verdict > "ok"', config: {template: "{{ a.output }}"}}""",
            [f'runs only where a.verdict > "ok": {_LATER}', f"its config {_LATER}: a"],
            id="when later",
        ),
        pytest.param(
            '{id: b, type: context, config: {checks: [{type: disk, paths: ["{{ a.output.x }}"]}]}}',
            [f"its config {_LATER}: a"],
            id="config later",
        ),
        pytest.param(
            '{id: b, type: notify, always: true, config: {driver: log, title: T, message: "{{ a.verdict }}"}}',
            [f"its message {_LATER}: a; without it:", "would send with log:", "    T", "    d · development · run RUN"],
            id="message later",
        ),
        pytest.param(
            "{id: b, type: notify, always: true, config: {driver: log, title: T}}",
            [
                f"what it tells {_LATER}: a; without that:",
                "would send with log:",
                "    T",
                "    d · development · run RUN",
            ],
            id="what is told later",
        ),
        pytest.param(
            "{id: b, type: transform, when: 'a.verdict > \"ok\"', config: {extract: x}}, {id: c, type: transform}",
            [
                f'runs only where a.verdict > "ok": {_LATER}',
                'would fail: the payload has no "x"; it is empty',
                "would read the payload",
            ],
            id="failure later",
        ),
    ],
)
def test_what_is_known_of_a_node_is_said(cli: Cli, tmp_path: Path, nodes: str, lines: list[str]) -> None:
    first = "{id: a, type: context, config: {checks: [disk]}}"
    text = f'version: "1.0"\ninputs: {{on: {{type: boolean}}}}\nnodes: [{first}, {nodes}]'
    (tmp_path / "d.yaml").write_text(text)
    plan = json.loads(cli("--config", "d.yaml", "--dry-run", "--json").out)
    assert [settled(line) for node in plan["nodes"] for line in node["would"]] == [_DISK, *lines]
