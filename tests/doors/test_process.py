"""Programs that behave, and programs that do not, as real children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from runner.deadline import Deadline
from runner.doors.process import Captured, Finished, Processes
from runner.errors import Cancelled, NodeError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ENV = {"PATH": os.defpath}
ROOT = Path(__file__).parents[2]
PROMISE = 0.5
"""Seconds after its limit within which everything has ended."""
SLACK = 2.0
"""Seconds that a noisy machine may add."""


def run(*argv: str, seconds: float = 20, stdin: bytes | None = None, keep: int = 65536) -> Finished:
    return Processes().run(argv, Deadline(seconds), env=ENV, stdin=stdin, keep=keep)


def python(code: str, *words: str) -> Sequence[str]:
    return (sys.executable, "-c", code, *words)


def whole(text: str) -> Captured:
    return Captured(text=text, total=len(text.encode()), cut=False)


def alive(pid: int) -> bool:
    """Say whether a process runs; one that is dead and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pid_in(path: Path) -> int:
    """Read the number that a child leaves in a file as soon as it can."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if path.exists() and path.read_text(encoding="utf-8").endswith("\n"):
            return int(path.read_text(encoding="utf-8"))
        time.sleep(0.01)
    pytest.fail(f"{path} never came")


def assert_gone(pid: int) -> None:
    end = time.monotonic() + SLACK
    while alive(pid):
        assert time.monotonic() < end, f"{pid} is still alive"
        time.sleep(0.01)


@pytest.fixture
def stray(tmp_path: Path) -> Iterator[Path]:
    """Give a file for the number of a grandchild, which does not outlive the test."""
    path = tmp_path / "pid"
    yield path
    if path.exists() and alive(int(path.read_text(encoding="utf-8"))):
        os.kill(int(path.read_text(encoding="utf-8")), signal.SIGKILL)


def test_a_program_runs_and_says_what_it_has_to_say() -> None:
    found = run("sh", "-c", "echo out; echo err >&2; exit 3")
    assert found == Finished(returncode=3, stdout=whole("out\n"), stderr=whole("err\n"))


def test_no_shell_looks_at_the_arguments() -> None:
    assert run("echo", "$HOME; ls", "*").stdout.text == "$HOME; ls *\n"


def test_a_program_that_is_ended_by_a_signal_has_a_negative_code() -> None:
    assert run("sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM


def test_the_environment_is_exactly_what_is_given() -> None:
    found = Processes().run(["/usr/bin/env"], Deadline(20), env={"ONE": "1"})
    assert found.stdout.text == "ONE=1\n"


def test_a_program_is_looked_up_in_the_path_that_is_given(tmp_path: Path) -> None:
    program = tmp_path / "greet"
    program.write_text("#!/bin/sh\necho hello\n", encoding="utf-8")
    program.chmod(0o755)
    found = Processes().run(["greet"], Deadline(20), env={"PATH": str(tmp_path)})
    assert found.stdout.text == "hello\n"


def test_a_program_starts_in_the_folder_that_is_given(tmp_path: Path) -> None:
    assert Processes().run(["pwd"], Deadline(20), env=ENV, cwd=str(tmp_path)).stdout.text == f"{tmp_path}\n"


def test_a_program_reads_what_it_is_given() -> None:
    assert run("cat", stdin=b"a" * 60_000).stdout == whole("a" * 60_000)


def test_a_program_that_is_given_much_and_says_much_does_not_lock_up() -> None:
    assert run("cat", stdin=b"a" * 5_000_000).stdout.total == 5_000_000


@pytest.mark.parametrize("stdin", [None, b""])
def test_a_program_that_is_given_nothing_reads_nothing(stdin: bytes | None) -> None:
    assert run("wc", "-c", stdin=stdin).stdout.text.strip() == "0"


def test_a_program_need_not_read_what_it_is_given() -> None:
    assert run("true", stdin=b"a" * 5_000_000).returncode == 0


def test_output_that_is_no_utf8_is_escaped() -> None:
    assert run("printf", r"caf\351 \303\251\000").stdout.text == "caf\\xe9 é\0"


@pytest.mark.parametrize(
    ("keep", "text", "cut"),
    [
        (10, "0123456789", False),
        (9, "0123\n… 1 bytes left out …\n56789", True),
        (4, "01\n… 6 bytes left out …\n89", True),
        (1, "\n… 9 bytes left out …\n9", True),
        (0, "\n… 10 bytes left out …\n", True),
    ],
)
def test_beginning_and_end_of_the_output_are_kept(keep: int, text: str, cut: bool) -> None:
    assert run("printf", "0123456789", keep=keep).stdout == Captured(text=text, total=10, cut=cut)


def test_output_that_comes_in_pieces_is_kept_alike() -> None:
    found = run(*python("for number in range(2000): print(number, flush=True)"), keep=20).stdout
    assert found == Captured(text="0\n1\n2\n3\n4\n\n… 8870 bytes left out …\n1998\n1999\n", total=8890, cut=True)


@pytest.mark.parametrize(
    ("argv", "cwd", "code", "message"),
    [
        (["no-such-program"], None, "not_found", "the program no-such-program does not exist"),
        (["/nowhere/program"], None, "not_found", "the program /nowhere/program does not exist"),
        (["true"], "/nowhere", "no_folder", "the folder /nowhere does not exist"),
        (["/etc/passwd"], None, "no_permission", "no permission to run /etc/passwd"),
        (["true", "a\0b"], None, "failed", "'true' cannot be run: embedded null byte"),
        (["true", "a" * 4_000_000], None, "failed", "true cannot be run: Argument list too long"),
    ],
    ids=["missing", "missing path", "missing folder", "not executable", "null byte", "too long"],
)
def test_what_cannot_be_started_says_why(argv: list[str], cwd: str | None, code: str, message: str) -> None:
    with pytest.raises(NodeError) as caught:
        Processes().run(argv, Deadline(20), env=ENV, cwd=cwd)
    assert (caught.value.message, caught.value.code, caught.value.retryable) == (message, code, False)


def test_a_file_that_is_no_program_says_so(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF nonsense")
    program.chmod(0o755)
    with pytest.raises(NodeError) as caught:
        run(str(program))
    assert caught.value.message == f"{program} cannot be run: Exec format error"


def test_nothing_is_started_once_the_time_is_up(tmp_path: Path) -> None:
    with pytest.raises(TimedOut, match=r"^timed out after 0ms$"):
        run("touch", str(tmp_path / "trace"), seconds=0)
    assert not (tmp_path / "trace").exists()


def test_a_program_ends_with_the_deadline() -> None:
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"^timed out after 300ms$"):
        run("sleep", "30", seconds=0.3)
    assert 0.3 <= time.monotonic() - started < 0.3 + PROMISE + SLACK


def test_a_program_can_be_called_off() -> None:
    deadline = Deadline(30)
    threading.Timer(0.2, deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled, match=r"^stopped: the run was told to stop$"):
        Processes().run(["sleep", "30"], deadline, env=ENV)
    assert time.monotonic() - started < 0.2 + PROMISE + SLACK


def test_a_program_is_asked_to_end_before_it_is_killed(tmp_path: Path) -> None:
    script = f'trap "echo bye > {tmp_path}/trace; exit" TERM; echo ready; while :; do sleep 0.01; done'
    with pytest.raises(TimedOut):
        run("sh", "-c", script, seconds=0.5)
    assert (tmp_path / "trace").read_text(encoding="utf-8") == "bye\n"


STUBBORN = "trap '' TERM; (trap '' TERM; echo $$ > /dev/null; exec sleep 30) & echo $! > \"$0\"; wait; sleep 30"


def test_a_program_that_ignores_sigterm_ends_with_its_grandchildren(stray: Path) -> None:
    started = time.monotonic()
    with pytest.raises(TimedOut):
        run("sh", "-c", STUBBORN, str(stray), seconds=0.5)
    assert time.monotonic() - started < 0.5 + PROMISE + SLACK
    assert_gone(pid_in(stray))


def test_a_program_that_ignores_sigterm_ends_where_it_is_called_off(stray: Path) -> None:
    deadline = Deadline(30)

    def stop() -> None:
        pid_in(stray)
        deadline.cancel()

    threading.Thread(target=stop).start()
    with pytest.raises(Cancelled):
        Processes().run(["sh", "-c", STUBBORN, str(stray)], deadline, env=ENV)
    assert_gone(pid_in(stray))


def test_a_grandchild_that_holds_the_output_holds_nobody_up(stray: Path) -> None:
    started = time.monotonic()
    found = run("sh", "-c", 'sleep 30 & echo $! > "$0"; echo done', str(stray))
    assert time.monotonic() - started < PROMISE + SLACK
    assert (found.returncode, found.stdout.text) == (0, "done\n")
    assert_gone(pid_in(stray))


def test_a_grandchild_that_goes_on_talking_holds_nobody_up(stray: Path) -> None:
    started = time.monotonic()
    found = run("sh", "-c", 'yes & echo $! > "$0"; exit 4', str(stray))
    assert time.monotonic() - started < PROMISE + SLACK
    assert found.returncode == 4
    assert_gone(pid_in(stray))


def test_a_grandchild_that_left_the_group_holds_nobody_up(stray: Path) -> None:
    started = time.monotonic()
    with pytest.raises(TimedOut):
        run("sh", "-c", 'setsid sleep 30 & echo $! > "$0"; wait', str(stray), seconds=0.5)
    assert time.monotonic() - started < 0.5 + PROMISE + SLACK


def test_a_program_that_closes_its_output_is_waited_for() -> None:
    started = time.monotonic()
    found = run("sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 5")
    assert found == Finished(returncode=5, stdout=whole(""), stderr=whole(""))
    assert time.monotonic() - started >= 0.3


def test_a_quick_program_is_not_waited_for_longer_than_needed() -> None:
    run("true")
    started = time.monotonic()
    for _ in range(20):
        run("true")
    assert time.monotonic() - started < 20 * 0.05 + SLACK


@pytest.mark.parametrize(
    ("argv", "seconds", "error"),
    [(("sleep", "30"), 0.05, TimedOut), (("no-such-program",), 20, NodeError)],
    ids=["killed", "never started"],
)
def test_nothing_is_left_behind(argv: tuple[str, ...], seconds: float, error: type[NodeError]) -> None:
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    children = psutil.Process().children()
    run("true", stdin=b"unread")
    with pytest.raises(error):
        run(*argv, seconds=seconds)
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert psutil.Process().children() == children  # one that is not waited for would be a child still


PEAK = """
import sys
from pathlib import Path
from runner.deadline import Deadline
from runner.doors.process import Processes
code = "import sys; line = b'x' * 1048576; [sys.stdout.buffer.write(line) for _ in range(200)]"
found = Processes().run([sys.executable, "-c", code], Deadline(60), env={})
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(found.stdout.cut, found.stdout.total, len(found.stdout.text), int(peak.split()[1]) // 1024)
"""


def test_memory_is_bounded_whatever_a_program_prints() -> None:
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True, cwd=ROOT)
    cut, total, kept, peak = done.stdout.split()
    assert (cut, total) == ("True", str(200 << 20))
    assert int(kept) == 65536 + len(f"\n… {(200 << 20) - 65536} bytes left out …\n")
    assert int(peak) < 40
