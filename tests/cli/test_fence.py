"""The fence around what is data in GitHub's log: who gets out of it, who gets through it, and that it always ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

import pytest

from runner.cli.fence import Fence
from runner.reports.commands import command
from runner.results import NOTHING
from tests.conftest import CLEAN
from tests.github_runner import Parsed, Runner, heard, lines_of, named, read_file
from tests.hostile import LINES
from tests.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

# --- the stream --------------------------------------------------------------------------------------


def test_texts_stand_behind_a_fence_and_commands_outside_of_it() -> None:
    stream = StringIO()
    fence = Fence(stream)
    fence.command("::add-mask::x")
    fence.text("::error::theirs\n")
    fence.text("##[error]theirs\n")
    fence.command("::group::ours")
    fence.rise()
    fence.rise()
    fence.end()
    fence.end()
    token = stream.getvalue().splitlines()[1].removeprefix("::stop-commands::")
    assert stream.getvalue().splitlines() == [
        "::add-mask::x",
        f"::stop-commands::{token}",
        "::error::theirs",
        "##[error]theirs",
        f"::{token}::",
        "::group::ours",
        f"::stop-commands::{token}",
        f"::{token}::",
    ]
    assert int(token, 16) >= 0
    assert len(token) == 32


def test_every_token_is_another() -> None:
    streams = [StringIO() for _ in range(3)]
    for stream in streams:
        Fence(stream).rise()
    assert len({stream.getvalue() for stream in streams}) == 3


def test_once_it_has_ended_nobody_puts_it_up_again() -> None:
    stream = StringIO()
    fence = Fence(stream)
    fence.text("data\n")
    fence.end()
    said = stream.getvalue()
    fence.text("late\n")
    fence.rise()
    assert stream.getvalue() == said
    fence.command("::error::ours")
    assert Runner().read(lines_of(stream.getvalue())).acted == [Parsed("error", {}, "ours")]


class Slow(StringIO):
    """A stream that lets other threads come in between."""

    def write(self, text: str) -> int:
        time.sleep(0)
        return super().write(text)


def test_threads_that_speak_at_once_neither_get_out_nor_keep_commands_in() -> None:
    stream = Slow()
    fence = Fence(stream)

    def theirs() -> None:
        for text in LINES * 20:
            fence.text(f"{text}\n")

    def ours() -> None:
        for number in range(200):
            fence.command(command("error", str(number)))
            fence.rise()

    threads = [threading.Thread(target=work) for work in (theirs, ours, theirs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fence.end()
    runner = Runner().read(lines_of(stream.getvalue()))
    assert [one.data for one in runner.acted] == [str(number) for number in range(200)]
    assert (runner.bare, runner.stopped) == ([], "")


# --- the step ----------------------------------------------------------------------------------------

SAYS: Final = "  - {id: says, type: notify, config: {driver: log, send: always, message: '{{ payload.said }}'}}\n"
HEAD: Final = f'version: "1.0"\nsecrets: [TOKEN]\nnodes:\n{SAYS}'
WAITS: Final = (
    "  - {id: waits, type: context, config: {checks: "
    "[{type: command, argv: [sh, -c, \"trap '' TERM; sleep 30\"], timeout: 60s}]}}\n"
    "  - {id: after, type: notify, always: true, config: {driver: log, send: always, message: '{{ payload.said }}'}}\n"
)
BEGUN: Final = "::group::waits (context)\n::stop-commands::"
SICK: Final = "  - {id: look, type: context, config: {checks: [{type: command, name: c, argv: ['false']}]}}\n"
BUG: Final = "  - {id: look, type: context, config: {checks: [memory]}}\n"
NOBODY: Final = (
    'warning: d.yaml:4:5 W501 nodes[0]: "look" is required and can fail, and then nobody is told'
    " — add always: true to this node"
)
MASK: Final = Parsed("add-mask", {}, "opensesame")


def definition(*nodes: str) -> str:
    return HEAD + "".join(nodes)


class Step:
    """A step of a workflow, as the image starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "payload.json").write_text(json.dumps({"said": "\n".join(LINES)}))

    def start(self, text: str, inputs: Mapping[str, str] = NOTHING, env: Mapping[str, str] = NOTHING) -> None:
        (self.folder / "d.yaml").write_text(text)
        given = {"config": "d.yaml", "payload": "payload.json", **inputs}
        surroundings = {
            **CLEAN,
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "TOKEN": "opensesame",
            **{f"INPUT_{name.upper()}": value for name, value in given.items()},
            **env,
        }
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "entrypoint.py")],
            cwd=self.folder, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.lines: dict[str, list[str]] = {"out": [], "err": []}
        self.readers = [
            threading.Thread(target=self.lines[name].extend, args=(stream,))
            for name, stream in (("out", self.process.stdout), ("err", self.process.stderr))
        ]
        for reader in self.readers:
            reader.start()

    def until(self, text: str) -> None:
        """Wait for a text in the log."""
        end = time.monotonic() + 30
        while text not in self.err:
            assert time.monotonic() < end, self.err
            time.sleep(0.01)

    def end(self) -> Runner:
        """Return what GitHub's runner makes of what it has said."""
        self.process.wait(timeout=30)
        for reader in self.readers:
            reader.join()
        return heard(self.err, self.out)

    @property
    def out(self) -> str:
        return "".join(self.lines["out"])

    @property
    def err(self) -> str:
        return "".join(self.lines["err"])

    @property
    def outputs(self) -> dict[str, str]:
        return read_file((self.folder / "output").read_text())


@pytest.fixture
def step(tmp_path: Path) -> Iterator[Step]:
    started = Step(tmp_path)
    yield started
    started.process.kill()
    for reader in started.readers:
        reader.join()
    started.process.communicate()


def errors(runner: Runner) -> list[str]:
    return [one.properties.get("title", one.data) for one in named(runner.acted, "error", "notice")]


def ours_alone(runner: Runner) -> None:
    """Assert that masks came first, that nothing said was bare, and that no command but ours was carried out."""
    assert {one.name for one in runner.acted} <= {"add-mask", "group", "endgroup", "error", "warning", "notice"}
    assert [one for one in runner.acted if "pwned" in one.data and "title" not in one.properties] == []
    assert runner.bare == []


ENDS: Final[dict[str, tuple[str, dict[str, str], int, list[str]]]] = {
    "ok": (definition(), {}, 0, []),
    "unhealthy": (definition(SICK), {}, 5, ["critical: look.c"]),
    "failed": (definition("  - {id: b, type: transform, config: {extract: x.y}}\n"), {}, 1, ["b failed"]),
    "timed out": (definition(WAITS), {"extra-args": "--timeout 1s"}, 7, ["waits timed out"]),
    "invalid": (definition("  - {id: b, type: trnsform}\n"), {}, 3, ["E206 invalid definition"]),
    "usage": (definition(), {"extra-args": "--input a=1"}, 2,
              ["the definition declares no input a — it declares none"]),
    "unavailable": (definition() + "inputs: {n: {required: true}}\n", {}, 4,
                    ["input n is required and not given — add --input n=…"]),
    "not written": (definition(), {"results-path": "/dev/full"}, 1,
                    ["cannot write /dev/full: No space left on device"]),
    "dry run": (definition(SICK), {"dry-run": "true"}, 0, []),
    "validate": (definition(SICK), {"command": "validate", "config": "", "payload": "", "path": "d.yaml"}, 0, []),
    "quiet": (definition(SICK), {"extra-args": "-q"}, 5, ["critical: look.c"]),
    "verbose": (definition(SICK), {"extra-args": "-v"}, 5, ["critical: look.c"]),
    "JSON": (definition(SICK), {"extra-args": "--json"}, 5, ["critical: look.c"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "code", "told"), ENDS.values(), ids=ENDS)
def test_however_a_step_ends_nothing_said_is_a_command_and_ours_are_heard(
    step: Step, text: str, inputs: dict[str, str], code: int, told: list[str]
) -> None:
    step.start(text, inputs)
    runner = step.end()
    assert (step.process.returncode, step.outputs["exit-code"]) == (code, str(code)), step.err
    assert errors(runner) == told
    assert runner.fences
    if "--json" in inputs.get("extra-args", ""):
        assert json.loads(step.out)["exit"]["code"] == code
        runner = Runner().read(lines_of(step.err))
    else:
        assert step.out == ""
    ours_alone(runner)


def test_masks_come_before_everything_else(step: Step) -> None:
    short = HEAD.replace("[TOKEN]", "[TOKEN, SHORT, OTHER]")
    url = "postgresql://me:hunter2222@127.0.0.1:9/x"
    step.start(short + SICK, env={"SHORT": "abc", "OTHER": "first line\nsecond line", "PIPELINE_STATE_URL": url})
    runner = step.end()
    masks = ["opensesame", "first line", "second line", url, "hunter2222"]
    lines = step.err.splitlines()
    assert lines[:5] == [f"::add-mask::{one}" for one in masks]
    assert lines[5].startswith("::stop-commands::")
    assert lines[6:8] == [NOBODY, "warning: the secret SHORT is shorter than 4 characters and is not masked"]
    assert lines[8].startswith("warning: this run is compared with no other and remembered by none: ")
    assert [one.data for one in named(runner.acted, "add-mask")] == masks


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_in_the_middle_of_what_a_node_says_takes_the_fence_down(step: Step, asked: signal.Signals) -> None:
    step.start(definition(WAITS))
    step.until(BEGUN)
    step.process.send_signal(asked)
    runner = step.end()
    code = {signal.SIGINT: 130, signal.SIGTERM: 143}[asked]
    assert (step.process.returncode, step.outputs["exit-code"], step.outputs["status"]) == (
        code,
        str(code),
        "cancelled",
    )
    assert errors(runner) == ["waits cancelled"]
    assert [one.data for one in named(runner.acted, "group")] == ["says (notify)", "waits (context)", "after (notify)"]
    assert len(named(runner.acted, "endgroup")) == 3
    ours_alone(runner)


def test_two_signals_take_it_down_too(step: Step) -> None:
    step.start(definition(WAITS.replace("{driver: log", "{driver: slack, webhook_url: 'http://127.0.0.1:9/x'")))
    step.until(BEGUN)
    step.process.send_signal(signal.SIGINT)
    step.process.send_signal(signal.SIGTERM)
    runner = step.end()
    assert step.outputs["exit-code"] in {"130", "143"}  # of two that come at once, nobody knows the first
    ours_alone(runner)


def test_a_signal_before_the_first_node_is_an_annotation(step: Step) -> None:
    os.mkfifo(step.folder / "pipe")
    step.start(definition(), {"payload": "pipe"})
    with (step.folder / "pipe").open("w"):  # opens once the run has opened it to read
        time.sleep(0.5)  # it reads by then; Python hears a signal that comes in the instant before only with the next
        for asked in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            step.process.send_signal(asked)
        runner = step.end()
    assert step.process.returncode in {130, 143}  # of several that come at once, nobody knows the first
    (told,) = errors(runner)
    assert re.fullmatch("stopped by SIG(TERM|INT|HUP) before the first node", told)
    ours_alone(runner)


def test_a_bug_in_the_middle_of_a_node_takes_it_down(step: Step) -> None:
    (step.folder / "psutil.py").write_text(
        "STATUS_ZOMBIE = STATUS_DEAD = None\ndef virtual_memory():\n    raise ZeroDivisionError('\\n::error::pwned')\n"
    )
    step.start(definition(BUG), env={"PYTHONPATH": str(step.folder)}, inputs={"extra-args": "-v"})
    runner = step.end()
    assert (step.process.returncode, step.outputs["exit-code"]) == (70, "70")
    assert errors(runner) == ["The run did not complete"]
    assert [one.name for one in runner.acted] == ["add-mask", *["group", "endgroup"] * 2, "error"]
    assert any("ZeroDivisionError" in line for line in runner.shown)
    ours_alone(runner)


def test_a_step_that_is_killed_outright_leaves_nothing_bare(step: Step) -> None:
    step.start(definition(WAITS))
    step.until(BEGUN)
    step.process.kill()
    for reader in step.readers:
        reader.join()
    runner = Runner().read(lines_of(step.err + step.out))
    assert runner.stopped  # until the step is over, and that it is
    ours_alone(runner)


DIRECT: Final = "printf '::error::pwned\\\\n##[error]pwned\\\\n::add-mask::a\\\\n' > /proc/$PPID/fd/{}; false"


@pytest.mark.parametrize("flags", ["", "-q"], ids=["usual", "quiet"])
@pytest.mark.parametrize("stream", [1, 2], ids=["stdout", "stderr"])
def test_a_command_that_finds_a_way_to_the_log_itself_is_not_heard(step: Step, stream: int, flags: str) -> None:
    check = f'{{type: command, name: c, argv: [sh, -c, "{DIRECT.format(stream)}"]}}'
    step.start(definition(f"  - {{id: look, type: context, config: {{checks: [{check}]}}}}\n"), {"extra-args": flags})
    runner = step.end()
    assert [line for line in runner.shown if line.endswith("pwned")][-2:] == ["::error::pwned", "##[error]pwned"]
    assert errors(runner) == ["critical: look.c"]
    assert named(runner.acted, "add-mask") == [MASK]
    assert step.outputs["verdict"] == "critical"
    ours_alone(runner)


@pytest.mark.parametrize("text", [definition(SICK), definition("  - {id: b, type: trnsform}\n")], ids=["a run", "none"])
def test_documents_that_go_to_the_log_are_data(step: Step, text: str) -> None:
    places = {"results-path": "/dev/stdout", "extra-args": "--summary /dev/stdout"}
    step.start(text, places)
    runner = step.end()
    assert any(line.startswith("## ") for line in runner.shown)
    ours_alone(runner)


def test_the_result_comes_after_the_log_in_one_stream(step: Step) -> None:
    step.start(definition(SICK))
    runner = step.end()
    words = "run ", "[INFO] d has run", "critical: false ended with 1", "PIPELINE RESULT", "✓ Pipeline completed"
    places = [next(place for place, line in enumerate(runner.shown) if word in line) for word in words]
    assert places == sorted(places)
    assert step.out == ""


def test_without_the_action_the_result_stays_on_stdout_and_no_order_of_reading_makes_it_a_command(
    cli: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "d.yaml").write_text(definition(SICK))
    payload = json.dumps({"said": "\n".join(LINES)})
    ended = cli(
        "--config", "d.yaml", "--file", "-", stdin=payload, env={"GITHUB_ACTIONS": "true", "TOKEN": "opensesame"}
    )
    runner = heard(ended.err, ended.out)
    assert errors(runner) == ["critical: look.c"]
    assert ended.out.startswith("=" * 60 + "\nPIPELINE RESULT\n")
    assert "::" not in [line[:2] for line in lines_of(ended.out)]
    ours_alone(Runner().read(lines_of(ended.err)))


# --- a log of JSON -----------------------------------------------------------------------------------


def test_a_log_of_json_has_the_masks_before_it_and_no_other_command(step: Step) -> None:
    step.start(definition(SICK), env={"PIPELINE_LOG_FORMAT": "json"})
    runner = step.end()
    assert runner.acted == [MASK]
    assert runner.fences == []
    first, *others = step.err.splitlines()
    assert first == "::add-mask::opensesame"
    assert [json.loads(line)["level"] for line in others].count("warning") == 1
    assert json.loads(step.out)["findings"][0]["check"] == "c"
    assert (step.process.returncode, step.outputs["exit-code"]) == (5, "5")
    assert (step.folder / "summary.md").read_text().startswith("## ")


def test_a_log_of_json_teaches_nothing_where_nobody_learns(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(definition(SICK))
    env = {"PIPELINE_LOG_FORMAT": "json", "TOKEN": "opensesame"}
    for flags, github in (((), {}), (("--ci", "none"), {"GITHUB_ACTIONS": "true"})):
        ended = cli("--config", "d.yaml", "--payload", '{"said": "x"}', *flags, env={**env, **github})
        assert [json.loads(line)["level"] for line in ended.err.splitlines()]
        assert "opensesame" not in ended.err + ended.out
