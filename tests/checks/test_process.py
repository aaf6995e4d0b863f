"""The check of processes: real programs that come and go, and views of `/proc` that show little."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psutil
import pytest
from pydantic_core import ValidationError

from runner.checks.counting import Count
from runner.checks.judging import Judged, examine
from runner.checks.process import MOST_PIDS, Process
from runner.checks.running import own_arguments
from runner.results import Verdict
from runner.spec import Template
from runner.validators import problems, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runner.scope import Scope
    from tests.conftest import Ended

    Start = Callable[..., int]


def judged(scope: Scope, *names: str, **config: Any) -> Judged:  # noqa: ANN401 - as a file has it
    return examine(read(Process, {"names": list(names), **config}), scope)


@pytest.fixture
def name() -> str:
    """The name of a program that nobody else has."""
    return f"prog-{uuid4().hex[:8]}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a program of a name, that sleeps, with the arguments given: not as a child of ours."""
    begun: list[int] = []

    def begin(name: str, *argv: str) -> int:
        program = tmp_path / name
        if not program.exists():
            shutil.copy(shutil.which("sleep") or "sleep", program)
        begun.append(orphan([str(program), *(argv or ("300",))], name))
        return begun[-1]

    yield begin
    for pid in begun:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def orphan(argv: Sequence[str], name: str) -> int:
    """Start a process whose parent is gone by now; wait until it is what it is to be."""
    begin = ["sh", "-c", '"$@" >/dev/null 2>&1 & echo $!', "begin", *argv]
    pid = int(subprocess.run(begin, capture_output=True, check=True).stdout)
    until(lambda: psutil.Process(pid).name() == name)
    return pid


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done() and time.monotonic() < end:
        time.sleep(0.01)
    assert done()


def ended(pid: int) -> bool:
    """Say whether a process is gone, or waits for nobody but its parent."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: ended(pid))


def test_a_program_is_seen_from_its_start_to_its_end(name: str, start: Start, scope: Scope) -> None:
    assert judged(scope, name).message == f"{name} is not running"
    pid = start(name)
    running = judged(scope, name)
    assert (running.verdict, running.message, running.code) == (Verdict.OK, f"{name} is running", "")
    end(pid)
    gone = judged(scope, name)
    assert (gone.verdict, gone.code, gone.tries) == (Verdict.CRITICAL, "not_running", 1)
    assert gone.message.startswith(f"{name}")
    assert gone.message.endswith("is not running")


def test_each_program_that_is_missing_is_named(name: str, start: Start, scope: Scope) -> None:
    start(name)
    result = judged(scope, "no-such-a", name, "no-such-b")
    assert (result.verdict, result.message) == (Verdict.CRITICAL, "no-such-a, no-such-b are not running")
    assert result.seen.value == 1


def test_programs_that_are_all_there_are_named_too(name: str, start: Start, scope: Scope) -> None:
    start(name)
    start(f"{name}b")
    result = judged(scope, name, f"{name}b")
    assert (result.verdict, result.message) == (Verdict.OK, f"{name}, {name}b are running")


def test_the_metrics_say_which_how_large_and_since_when(name: str, start: Start, scope: Scope) -> None:
    before = datetime.now(UTC).timestamp() - 5
    pids = sorted([start(name), start(name)])
    result = judged(scope, name, "no-such")
    metrics: Any = result.seen.metrics
    assert (metrics["count"], metrics["pids"], metrics["zombies"], metrics["unreadable"]) == (2, pids, 0, 0)
    assert metrics["rss_bytes"] > 0
    assert before <= datetime.fromisoformat(metrics["oldest_started_at"]).timestamp() <= time.time() + 5
    assert metrics["processes"][name] == {key: metrics[key] for key in metrics["processes"][name]}
    assert metrics["processes"]["no-such"] == {
        "count": 0,
        "zombies": 0,
        "pids": [],
        "rss_bytes": 0,
        "oldest_started_at": None,
    }


@pytest.mark.parametrize(
    ("count", "verdict", "message"),
    [
        pytest.param(1, Verdict.OK, "{} is running (2 processes)", id="enough"),
        pytest.param(2, Verdict.OK, "{} is running (2 processes)", id="as-many"),
        pytest.param(3, Verdict.CRITICAL, "{} has 2 processes, expected at least 3", id="too-few"),
        pytest.param(0, Verdict.CRITICAL, "{} has 2 processes, expected none", id="none"),
        pytest.param({"max": 1}, Verdict.CRITICAL, "{} has 2 processes, expected at most 1", id="too-many"),
        pytest.param({"max": 2}, Verdict.OK, "{} is running (2 processes)", id="few-enough"),
        pytest.param({"min": 1, "max": 4}, Verdict.OK, "{} is running (2 processes)", id="between"),
        pytest.param({"min": 3, "max": 4}, Verdict.CRITICAL, "{} has 2 processes, expected 3 to 4", id="not-between"),
        pytest.param(
            {"min": 3, "max": 3}, Verdict.CRITICAL, "{} has 2 processes, expected exactly 3", id="not-exactly"
        ),
    ],
)
def test_there_must_be_as_many_as_the_count_says(
    count: object, verdict: Verdict, message: str, name: str, start: Start, scope: Scope
) -> None:
    start(name)
    start(name)
    result = judged(scope, name, count=count)
    assert (result.verdict, result.message) == (verdict, message.format(name))
    assert result.code == ("" if verdict is Verdict.OK else "count")


def test_the_count_holds_for_each_name(name: str, start: Start, scope: Scope) -> None:
    start(name)
    start(name)
    start(f"{name}b")
    result = judged(scope, name, f"{name}b", "no-such", count=2)
    assert result.message == f"no-such is not running; {name}b has 1 process, expected at least 2"


def test_a_program_that_must_not_run_and_does_not_is_ok(scope: Scope) -> None:
    result = judged(scope, "no-such", count=0)
    assert (result.verdict, result.message) == (Verdict.OK, "no-such is not running")


def test_a_program_that_runs_often_is_listed_up_to_a_bound(name: str, start: Start, scope: Scope) -> None:
    for _ in range(MOST_PIDS + 2):
        start(name)
    metrics: Any = judged(scope, name).seen.metrics
    assert (metrics["count"], len(metrics["pids"])) == (MOST_PIDS + 2, MOST_PIDS)


def test_a_name_is_that_of_the_program_and_not_a_part_of_it(name: str, start: Start, scope: Scope) -> None:
    start(name)
    assert judged(scope, name[:-1]).verdict is Verdict.CRITICAL
    assert judged(scope, name.upper()).verdict is Verdict.CRITICAL
    assert judged(scope, "300").verdict is Verdict.CRITICAL


def test_a_name_longer_than_the_kernel_keeps_is_found(name: str, start: Start, scope: Scope) -> None:
    long = f"{name}-and-some-more"
    start(long)
    assert judged(scope, long).verdict is Verdict.OK


def test_a_program_may_be_named_by_its_path(name: str, start: Start, tmp_path: Path, scope: Scope) -> None:
    start(name)
    assert judged(scope, str(tmp_path / name)).verdict is Verdict.OK
    assert judged(scope, f"/elsewhere/{name}").verdict is Verdict.CRITICAL


def test_a_program_that_calls_itself_something_else_is_found_by_both_names(
    name: str, start: Start, tmp_path: Path, scope: Scope
) -> None:
    start(name)
    shutil.copy(tmp_path / name, tmp_path / "real")
    pid = orphan(["bash", "-c", f'exec -a /opt/{name}x "{tmp_path}/real" 300'], "real")
    try:
        assert judged(scope, f"{name}x").seen.metrics["pids"] == [pid]
        assert pid in list(judged(scope, "real").seen.metrics["pids"])  # type: ignore[call-overload]  # a list
    finally:
        end(pid)


def test_a_pattern_is_found_in_the_command_line(name: str, start: Start, scope: Scope) -> None:
    pid = start(name, "300", "301")
    result = judged(scope, f"{name} .*1$", match="pattern")
    assert (result.verdict, result.message) == (Verdict.OK, f"“{name} .*1$” is running")
    processes: Any = result.seen.metrics["processes"]
    assert processes[f"{name} .*1$"]["pids"] == [pid]
    missed = judged(scope, f"{name} .*2$", match="pattern")
    assert (missed.verdict, missed.message) == (Verdict.CRITICAL, f"“{name} .*2$” is not running")


def test_a_pattern_is_found_in_the_name(name: str, start: Start, scope: Scope) -> None:
    start(name)
    assert judged(scope, f"^{name}$", match="pattern").verdict is Verdict.OK


def test_a_name_is_no_pattern_unless_it_is_said_to_be(name: str, start: Start, scope: Scope) -> None:
    start(name)
    assert judged(scope, f"{name[:-1]}.").verdict is Verdict.CRITICAL


def test_a_pattern_that_never_comes_to_an_end_is_unknown(scope: Scope) -> None:
    pid = orphan(["sh", "-c", "kill -STOP $$", "x" * 2000], "sh")
    try:
        result = judged(scope, "(x+x+)+y", match="pattern")
    finally:
        end(pid)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "pattern")


def test_a_zombie_does_not_run(name: str, start: Start, tmp_path: Path, scope: Scope) -> None:
    end(start(name))
    program = f"import os, time; os.fork() or os.execv('{tmp_path}/{name}', ['nobody', '0']); time.sleep(300)"
    parent = orphan([sys.executable, "-c", program], Path(sys.executable).name)
    try:
        until(lambda: [one.status() for one in psutil.Process(parent).children()] == [psutil.STATUS_ZOMBIE])
        result = judged(scope, name)
        zombies = result.seen.metrics["zombies"]
        assert (result.verdict, result.seen.metrics["count"]) == (Verdict.CRITICAL, 0)
        said = "1 zombie" if zombies == 1 else f"{zombies} zombies"
        assert result.message == f"{name} ({said}) is not running"
    finally:
        end(parent)


def test_what_the_runner_has_started_does_not_count(name: str, start: Start, tmp_path: Path, scope: Scope) -> None:
    end(start(name))
    with subprocess.Popen([tmp_path / name, "300"]) as child:
        until(lambda: psutil.Process(child.pid).name() == name)
        assert judged(scope, name).seen.metrics["count"] == 0
        assert judged(scope, name, match="pattern").seen.metrics["count"] == 0
        child.kill()


def test_nothing_at_all_counts_all_processes_of_the_machine(scope: Scope) -> None:
    result = examine(read(Process, {"count": {"min": 2}}), scope)
    count = result.seen.metrics["count"]
    assert (result.verdict, result.message) == (Verdict.OK, f"this machine has {count} processes")
    assert (result.seen.value, result.seen.metrics["processes"]) == (count, {})
    many = examine(read(Process, {"count": {"max": 1}}), scope)
    assert many.verdict is Verdict.CRITICAL
    assert many.message.endswith(" processes, expected at most 1")


WATCH = """\
version: "1.0"
nodes:
  - id: watch
    type: context
    config: {checks: [{type: process, name: it, match: pattern, names: [NAME]}]}
"""


def watched(cli: Callable[..., Ended], folder: Path, name: str) -> tuple[int, str]:
    """Let a run of the command line look for a name; return how many it has found, and what it says."""
    (folder / f"{name}.yaml").write_text(WATCH.replace("NAME", name), encoding="utf-8")
    ended = cli("--config", f"{name}.yaml", "--results", "r.json", "--fail-on", "never")
    assert ended.code == 0, ended.err
    return told(folder)


def told(folder: Path) -> tuple[int, str]:
    node = json.loads((folder / "r.json").read_text(encoding="utf-8"))["node_results"]["watch"]
    result = node["output"]["results"]["it"]
    return result["metrics"]["count"], result["message"]


def test_the_runner_does_not_find_its_own_command_line(cli: Callable[..., Ended], tmp_path: Path, name: str) -> None:
    assert watched(cli, tmp_path, name) == (0, f"“{name}” is not running")


def test_the_runner_does_not_find_who_was_told_to_start_it(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.yaml").write_text(WATCH.replace("NAME", name), encoding="utf-8")
    command = f"{sys.executable} -m runner --config {name}.yaml --fail-on never --results r.json; true"
    subprocess.run(["sh", "-c", f"sh -c '{command}'; true"], cwd=tmp_path, capture_output=True, check=True)
    assert told(tmp_path) == (0, f"“{name}” is not running")


def test_who_has_the_runners_arguments_at_its_end_does_not_count(
    cli: Callable[..., Ended], tmp_path: Path, name: str
) -> None:
    config = ("--config", f"{name}.yaml", "--results", "r.json", "--fail-on", "never")
    beside = orphan(["sh", "-c", "kill -STOP $$", "run", "image", *config], "sh")
    another = orphan(["sh", "-c", "kill -STOP $$", f"{name}.conf", *config], "sh")
    try:
        assert watched(cli, tmp_path, name) == (1, f"“{name}” is running")
    finally:
        end(beside)
        end(another)


@pytest.mark.parametrize(
    ("argv", "own"),
    [
        (["python", "/bin/pipeline-runner", "--config", "a"], ("--config", "a")),
        (["python", "-I", "-m", "runner", "--config", "a"], ("--config", "a")),
        (["python", "-m", "runner"], ()),
        (["python"], ()),
        (["python", "-q"], ()),
        ([], ()),
    ],
)
def test_the_runners_arguments_are_what_follows_the_program(argv: list[str], own: tuple[str, ...]) -> None:
    assert own_arguments(argv) == own


class View:
    """A folder that stands for `/proc`, with some of the real one's processes in it, and some made up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "stat").symlink_to("/proc/stat")
        self.show(os.getpid())

    def show(self, pid: int) -> None:
        (self.folder / str(pid)).symlink_to(f"/proc/{pid}")

    def make(self, pid: int, name: str, argv: Sequence[str]) -> Path:
        """Make a process up."""
        place = self.folder / str(pid)
        place.mkdir()
        numbers = " ".join(["0"] * 50)
        (place / "stat").write_text(f"{pid} ({name}) S 1 {numbers}\n")
        (place / "cmdline").write_text("".join(f"{word}\0" for word in argv))
        (place / "statm").write_text("100 10 0 0 0 0 0\n")
        return place


@pytest.fixture
def view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> View:
    """Let psutil look into a folder of our own, as it can be told to."""
    folder = tmp_path / "proc"
    folder.mkdir()
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(folder))
    return View(folder)


def locked(file: Path) -> None:
    """Make a file one that may not be read, not even by root."""
    file.unlink()
    file.touch(mode=0)
    if os.access(file, os.R_OK):
        file.unlink()
        file.symlink_to("/proc/sys/net/ipv4/route/flush")
    if os.access(file, os.R_OK):
        pytest.skip("no file here is locked for root")


def test_what_is_seen_in_a_view_is_what_counts(view: View, scope: Scope) -> None:
    view.make(1, "init", ["/sbin/init"])
    view.make(7, "shop", ["/opt/shop", "--port", "80"])
    result = judged(scope, "shop", "init")
    assert (result.verdict, result.seen.metrics["pids"]) == (Verdict.OK, [1, 7])
    assert result.seen.metrics["rss_bytes"] == 2 * 10 * os.sysconf("SC_PAGE_SIZE")


def test_a_process_that_cannot_be_read_may_be_the_one_that_is_missing(view: View, scope: Scope) -> None:
    view.make(1, "init", ["/sbin/init"])
    locked(view.make(7, "shop", ["/opt/shop"]) / "stat")
    result = judged(scope, "shop", "init")
    assert (result.verdict, result.code, result.seen.metrics["unreadable"]) == (Verdict.UNKNOWN, "unreadable", 1)
    seen = "shop has 0 processes that can be seen, expected at least 1"
    assert result.message == f"{seen}; 1 process cannot be read"


def test_a_process_that_cannot_be_read_does_not_matter_where_enough_is_seen(view: View, scope: Scope) -> None:
    view.make(1, "init", ["/sbin/init"])
    locked(view.make(7, "shop", ["/opt/shop"]) / "stat")
    result = judged(scope, "init")
    assert (result.verdict, result.message) == (Verdict.OK, "init is running")
    few = judged(scope, "init", count=3)
    assert (few.verdict, few.message) == (Verdict.CRITICAL, "init has 1 process, expected at least 3")


def test_a_process_that_cannot_be_read_may_be_one_too_many(view: View, scope: Scope) -> None:
    view.make(1, "init", ["/sbin/init"])
    locked(view.make(7, "shop", ["/opt/shop"]) / "stat")
    result = judged(scope, "init", count={"max": 1})
    assert result.verdict is Verdict.UNKNOWN
    seen = "init has 1 process that can be seen, expected at most 1"
    assert result.message == f"{seen}; 1 process cannot be read"
    assert judged(scope, "init", count=0).verdict is Verdict.CRITICAL


def test_a_command_line_that_cannot_be_read_matters_to_a_pattern_only(view: View, scope: Scope) -> None:
    view.make(1, "init", ["/sbin/init"])
    locked(view.make(7, "shop", ["/opt/shop", "--port"]) / "cmdline")
    result = judged(scope, "--port", match="pattern")
    assert result.verdict is Verdict.UNKNOWN
    seen = "“--port” has 0 processes that can be seen, expected at least 1"
    assert result.message == f"{seen}; some command lines cannot be read"
    assert judged(scope, "^shop$", match="pattern").verdict is Verdict.OK
    assert judged(scope, "shop").verdict is Verdict.OK
    assert judged(scope, "--port").verdict is Verdict.CRITICAL


def test_processes_of_others_that_are_hidden_may_be_those_that_are_missing(view: View, scope: Scope) -> None:
    view.make(7, "shop", ["/opt/shop"])
    assert judged(scope, "shop").verdict is Verdict.OK
    result = judged(scope, "nginx")
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "unreadable")
    seen = "nginx has 0 processes that can be seen, expected at least 1"
    assert result.message == f"{seen}; those of other users are hidden"


def test_a_process_that_blocks_who_looks_holds_nobody_up(view: View, scope: Scope) -> None:
    view.make(1, "init", ["/sbin/init"])
    place = view.make(7, "shop", ["/opt/shop"])
    (place / "cmdline").unlink()
    os.mkfifo(place / "cmdline")
    view.make(8, "late", ["/opt/late"])
    started = time.monotonic()
    result = judged(scope, "late", match="pattern", timeout="500ms")
    assert time.monotonic() - started < 0.5 + 2
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "unreadable")
    seen = "“late” has 0 processes that can be seen, expected at least 1"
    assert result.message == f"{seen}; the others did not answer in time"
    assert judged(scope, "init", timeout="500ms").verdict is Verdict.OK


def test_thousands_of_processes_are_looked_through_within_the_usual_time(view: View, scope: Scope) -> None:
    view.make(1, "init", ["/sbin/init"])
    for pid in range(1_000_000, 1_005_000):
        view.make(pid, "worker", ["/opt/worker", "--queue", str(pid)])
    result = judged(scope, "queue 100[0-9]+$", match="pattern")
    assert (result.verdict, result.message) == (Verdict.OK, "“queue 100[0-9]+$” is running (5000 processes)")


def test_where_there_is_no_list_of_processes_nothing_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: Scope
) -> None:
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path / "nowhere"))
    result = judged(scope, "init")
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "unreadable")
    assert result.message.startswith("look through the processes for init (at least 1) failed: [Errno 2] ")


def test_the_name_the_subject_and_the_task_say_which(scope: Scope) -> None:
    check = read(Process, {"names": ["nginx", "redis-server"], "count": {"max": 2}})
    assert check.default_name == "process_nginx_redis_server"
    assert check.subject(scope) == "web-1:nginx,redis-server"
    assert check.task == "look through the processes for nginx, redis-server (at most 2)"
    every = read(Process, {"count": {"max": 9}})
    assert (every.default_name, every.subject(scope)) == ("process", "web-1")
    assert every.task == "look through the processes for all of them (at most 9)"


def test_what_a_template_hides_is_let_through() -> None:
    text = Template("{{ inputs.x }}")
    check = read(Process, {"names": [text], "match": "pattern", "count": {"min": text}})
    assert (check.default_name, str(check.count)) == (None, text)
    assert str(read(Process, {"count": text}).count) == text


@pytest.mark.parametrize(
    ("config", "code", "at", "sentence", "hint"),
    [
        pytest.param(
            {"names": ["a", " "]},
            "E204",
            ("names", 1),
            "expected the name of a program, got an empty one",
            "",
            id="empty-name",
        ),
        pytest.param(
            {"names": ["a", "(b"], "match": "pattern"},
            "E204",
            ("names", 1),
            "the pattern does not compile: missing ) at position 2",
            "patterns are written as in Python's re",
            id="pattern",
        ),
        pytest.param(
            {"count": -1},
            "E202",
            ("count",),
            "expected a number of processes, got -1",
            "write it like 2 or {min: 1, max: 4}",
            id="count",
        ),
        pytest.param(
            {"count": {"min": 1, "max": True}},
            "E202",
            ("count", "max"),
            "expected a number of processes, got true",
            "write it like 2 or {min: 1, max: 4}",
            id="limit",
        ),
        pytest.param(
            {"count": {"maxi": 1}},
            "E203",
            ("count", "maxi"),
            'unknown key "maxi"',
            'did you mean "max"?',
            id="unknown-limit",
        ),
        pytest.param(
            {"count": {"min": 3, "max": 2}},
            "E207",
            ("count", "min"),
            "min 3 is above max 2",
            "swap them",
            id="order",
        ),
        pytest.param(
            {"match": "regex"},
            "E204",
            ("match",),
            '"regex" is not one of exact, pattern',
            "known: exact, pattern",
            id="match",
        ),
        pytest.param({"critical": 3}, "E203", ("critical",), 'unknown key "critical"', None, id="threshold"),
    ],
)
def test_a_wrong_configuration_is_refused(
    config: dict[str, object], code: str, at: tuple[str | int, ...], sentence: str, hint: str | None
) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Process, config)
    (line,) = problems(caught.value)
    assert (line["type"], line["loc"], line["msg"]) == (code, at, sentence)
    assert hint in {None, line["ctx"]["hint"]}


def test_a_count_of_nothing_is_at_least_one() -> None:
    assert read(Process, {"names": ["nginx"], "count": {}}).count == Count(min=1)


@pytest.mark.parametrize(("given", "named"), [({}, "nginx"), ({"name": "sshd"}, "sshd"), ({"count": 1}, "nginx")])
def test_a_check_that_nothing_could_fail_is_refused(given: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Process, given)
    (problem,) = problems(caught.value)
    assert problem["msg"] == "neither names nor count says what is to be judged"
    assert problem["ctx"]["hint"] == f"write names: [{named}], or count: {{max: 500}} for all processes together"
