"""Files are whole or absent: every call fails once, disks are full, processes are killed."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.doors.files import Files, Journal, System
from runner.errors import NodeError, NotWritten, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def reason(path: Path | str, attempt: Callable[[], object]) -> str:
    """Why a file was not written."""
    with pytest.raises(NotWritten) as caught:
        attempt()
    start = f"cannot write {path}: "
    assert caught.value.message.startswith(start)
    return caught.value.message.removeprefix(start)


class Faults:
    """An operating system whose n-th call fails, and that remembers what was called."""

    def __init__(self, failing: int = 0, *, chunk: int = 1 << 20) -> None:
        self.failing = failing
        self.chunk = chunk
        self.calls: list[str] = []

    def system(self) -> System:
        plain = System()
        faulty = {field.name: self._wrapped(field.name, getattr(plain, field.name)) for field in fields(plain)}
        return replace(plain, **faulty)

    def _wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*args: Any) -> Any:  # noqa: ANN401 - those of the call
            self.calls.append(name)
            if len(self.calls) == self.failing:
                if name == "close":
                    call(*args)  # what fails to close is closed nevertheless
                raise OSError(errno.EIO, "Input/output error")
            if name == "write":
                return call(args[0], args[1][: self.chunk])
            return call(*args)

        return faulty


# --- reading -----------------------------------------------------------------------------------------


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x00\xff")
    assert Files().read(str(tmp_path / "a"), 2) == b"\x00\xff"


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"123")
    cases = {
        tmp_path / "missing": (NodeError, "not_found", f"{tmp_path}/missing does not exist"),
        tmp_path: (NodeError, "failed", f"cannot read {tmp_path}: Is a directory"),
        tmp_path / "large": (Refused, "too_large", f"{tmp_path}/large has more than 2 bytes"),
        Path("a\0b"): (NodeError, "failed", "cannot read a\0b: embedded null byte"),
    }
    for path, expected in cases.items():
        with pytest.raises(NodeError) as caught:
            Files().read(path, 2)
        assert (type(caught.value), caught.value.code, caught.value.message) == expected


def test_no_permission_to_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "a").chmod(0)
    if os.access(tmp_path / "a", os.R_OK):
        pytest.skip("root reads everything")
    with pytest.raises(NodeError) as caught:
        Files().read(tmp_path / "a", 2)
    assert (caught.value.code, caught.value.message) == ("no_permission", f"no permission to read {tmp_path}/a")


# --- whole or absent ---------------------------------------------------------------------------------


def test_a_document_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content in (b"first, and longer", b"second", b""):
        Files().write(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_that_open_would_give(umask: int, expected: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        Files().write(tmp_path / "a", b"")
        with (tmp_path / "b").open("wb"):
            pass
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == mode(tmp_path / "b") == expected


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o666, 0o400])
def test_a_file_that_is_replaced_keeps_its_mode(permissions: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(permissions)
    Files().write(tmp_path / "a", b"new")
    assert mode(tmp_path / "a") == permissions


def test_nobody_else_reads_a_document_before_it_is_whole(tmp_path: Path) -> None:
    modes: list[int] = []

    def write(descriptor: int, data: memoryview) -> int:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return os.write(descriptor, data)

    Files(system=replace(System(), write=write), umask=0).write(tmp_path / "a", b"secret")
    assert (modes, mode(tmp_path / "a")) == ([0o600], 0o666)


def test_what_a_link_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to("there/a")
    Files().write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "a").read_bytes() == b"new"


def test_what_a_dangling_link_points_to_is_made(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("a")
    Files().write(tmp_path / "link", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_path_without_a_folder_is_in_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Files().write("a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 255)
    Files().write(path, b"new")
    assert path.read_bytes() == b"new"


CALLS = ["open", "write", "write", "write", "fchmod", "fsync", "close", "rename", "open", "fsync", "close"]


def test_a_document_is_safe_on_disk_before_it_has_its_name(tmp_path: Path) -> None:
    faults = Faults(chunk=4)
    Files(system=faults.system()).write(tmp_path / "a", b"0123456789")
    assert faults.calls == CALLS
    assert (tmp_path / "a").read_bytes() == b"0123456789"


@pytest.mark.parametrize("old", [b"old document", None], ids=["replaced", "new"])
@pytest.mark.parametrize("number", range(1, len(CALLS) + 1), ids=[f"{n} {name}" for n, name in enumerate(CALLS, 1)])
def test_whatever_call_fails_the_document_is_the_old_or_the_new_one(
    number: int, old: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    if old is not None:
        path.write_bytes(old)
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    faults = Faults(number, chunk=4)
    assert reason(path, lambda: Files(system=faults.system()).write(path, b"0123456789")) == "Input/output error"
    found = path.read_bytes() if path.exists() else None
    renamed = number > CALLS.index("rename") + 1
    assert found == (b"0123456789" if renamed else old)
    assert [one for one in tmp_path.iterdir() if one != path] == []
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_new_document_comes_with_the_folders_above_it(tmp_path: Path) -> None:
    Files(umask=0o022).create(tmp_path / "a" / "b" / "c.yaml", b"new")
    assert (tmp_path / "a" / "b" / "c.yaml").read_bytes() == b"new"
    assert [one.name for one in (tmp_path / "a" / "b").iterdir()] == ["c.yaml"]
    assert mode(tmp_path / "a" / "b" / "c.yaml") == 0o644


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_new_document_replaces_nothing(links: bool, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    files = Files(system=System() if links else replace(System(), link=refuse))
    (tmp_path / "there").write_bytes(b"old")
    (tmp_path / "dangling").symlink_to("nowhere")
    for path in (tmp_path / "there", tmp_path / "dangling"):
        assert reason(path, partial(files.create, path, b"new")) == "File exists"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["dangling", "there"]
    assert (tmp_path / "there").read_bytes() == b"old"
    files.create(tmp_path / "other", b"new")
    assert (tmp_path / "other").read_bytes() == b"new"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["dangling", "other", "there"]


CREATING = ["open", "write", "fchmod", "fsync", "close", "link", "unlink", "open", "fsync", "close"]


@pytest.mark.parametrize(
    "number", range(1, len(CREATING) + 1), ids=[f"{n} {name}" for n, name in enumerate(CREATING, 1)]
)
def test_whatever_call_fails_a_new_document_is_whole_or_absent(number: int, tmp_path: Path) -> None:
    path = tmp_path / "a"
    faults = Faults(number)
    files = Files(system=faults.system())
    if CREATING[number - 1] == "unlink":  # the document has its name already
        files.create(path, b"new")
    else:
        assert reason(path, lambda: files.create(path, b"new")) == "Input/output error"
    assert path.exists() == (number > CREATING.index("link") + 1)
    assert path.read_bytes() == b"new" if path.exists() else True
    left = [one for one in tmp_path.iterdir() if one != path]
    assert len(left) == (CREATING[number - 1] == "unlink")


def test_a_temporary_file_that_cannot_be_deleted_does_not_hide_the_reason(tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    system = replace(System(), write=full, unlink=fail)
    assert reason(tmp_path / "a", lambda: Files(system=system).write(tmp_path / "a", b"x")) == "No space left on device"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EACCES])
def test_a_folder_that_cannot_be_synced_is_no_error(number: int, tmp_path: Path) -> None:
    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, "no")

    Files(system=replace(System(), fsync=fsync)).write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing/a", "there is no folder {folder}/missing — make it first"),
        ("file/a", "Not a directory"),
        ("folder", "Is a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("a\0b", "embedded null byte"),
        ("b" * 256, "File name too long"),
    ],
    ids=["missing folder", "below a file", "a folder", "a loop", "null byte", "long name"],
)
def test_a_path_that_cannot_be_written_says_why(name: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    path = tmp_path / name
    assert reason(path, lambda: Files().write(path, b"x")) == expected.format(folder=tmp_path)
    assert reason(path, lambda: Files().append(path, b"x")) == expected.format(folder=tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"file", "folder", "loop"}


TINY_DISK = """
import sys
from pathlib import Path
from runner.doors.files import Files
from runner.errors import NotWritten
folder = Path(sys.argv[1])
files = Files()
files.write(folder / "a", b"old")
for path, attempt in (("a", files.write), ("new", files.write), ("log", files.append)):
    try:
        attempt(folder / path, b"x" * 100_000)
    except NotWritten as error:
        print(error.message.removeprefix(f"cannot write {folder}/"))
print((folder / "a").read_bytes(), sorted(path.name for path in folder.iterdir()))
"""


def test_a_disk_that_fills_up_keeps_the_old_document(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=16k tmpfs "$2" && exec "$0" -c "$1" "$2"'
    in_own_mounts = ["unshare", "--mount", "sh", "-c", script, sys.executable, TINY_DISK, str(tmp_path)]
    done = subprocess.run(in_own_mounts, capture_output=True, text=True, check=False, cwd=ROOT)
    if "ermission" in done.stderr or "not permitted" in done.stderr:
        pytest.skip(f"no mounts of our own here: {done.stderr.strip()}")
    full = "No space left on device"
    assert done.stdout.splitlines() == [f"a: {full}", f"new: {full}", f"log: {full}", "b'old' ['a', 'log']"], (
        done.stderr
    )


WRITER = """
import json, sys
from pathlib import Path
from runner.doors.files import Files
files, path = Files(), Path(sys.argv[1])
for number in range(1_000_000):
    files.write(path, json.dumps({"number": number, "filler": ["x" * 100] * 500}).encode())
    if not number:
        print("ready", flush=True)
"""


def test_a_writer_that_is_killed_at_any_time_leaves_a_whole_document(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    whole = 0
    for turn in range(50):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, cwd=ROOT) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(turn % 10 * 0.0007)
            child.send_signal(signal.SIGKILL)
        whole += len(json.loads(path.read_bytes())["filler"]) == 500
    assert whole == 50


# --- what is no regular file -------------------------------------------------------------------------


def test_a_full_device_is_told() -> None:
    assert reason("/dev/full", lambda: Files().write("/dev/full", b"x")) == "No space left on device"
    assert reason("/dev/full", lambda: Files().append("/dev/full", b"x")) == "No space left on device"
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_a_device_is_written_to_as_it_is() -> None:
    Files().write("/dev/null", b"x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize("attempt", [Files.write, Files.append], ids=["write", "append"])
def test_a_pipe_is_written_to_as_it_is(attempt: Callable[[Files, Path, bytes], None], tmp_path: Path) -> None:
    path, heard = tmp_path / "pipe", bytearray()
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: heard.extend(path.read_bytes()))
    reader.start()
    end = time.monotonic() + 10
    while reader.is_alive() and time.monotonic() < end:
        try:
            attempt(Files(), path, b"x" * 300_000)
        except NotWritten:  # the reader is not there yet
            time.sleep(0.01)
        else:
            break
    reader.join(10)
    assert heard == b"x" * 300_000
    assert path.is_fifo()


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    expected = "No such device or address"
    assert reason(tmp_path / "pipe", lambda: Files().write(tmp_path / "pipe", b"x")) == expected


STREAMS = """
import sys
from runner.doors.files import Files
print("before", flush=True)
getattr(Files(), sys.argv[1])(sys.argv[2], b"document\\n")
print("after", flush=True)
"""


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("method", ["write", "append"])
@pytest.mark.parametrize("redirected", [True, False], ids=["to a file", "to a pipe"])
def test_standard_output_is_written_to_where_it_stands(
    path: str, method: str, redirected: bool, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    command = [sys.executable, "-c", STREAMS, method, path]
    if redirected:
        with target.open("wb") as out:
            subprocess.run(command, stdout=out, check=True, cwd=ROOT)
        found = target.read_bytes()
    else:
        found = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout
    assert found == b"before\ndocument\nafter\n"


def test_standard_error_is_written_to_where_it_stands() -> None:
    command = [sys.executable, "-c", STREAMS, "write", "/dev/stderr"]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == (b"before\nafter\n", b"document\n")


# --- appending and journals --------------------------------------------------------------------------


def test_text_is_added_to_what_is_there(tmp_path: Path) -> None:
    for text in ("one\n", "zwei ü\n"):
        Files().append(tmp_path / "a", text.encode())
    assert (tmp_path / "a").read_text(encoding="utf-8") == "one\nzwei ü\n"


@pytest.mark.parametrize("number", [1, 2, 3], ids=["open", "write", "close"])
def test_appending_that_fails_is_told(number: int, tmp_path: Path) -> None:
    files = Files(system=Faults(number).system())
    assert reason(tmp_path / "a", lambda: files.append(tmp_path / "a", b"x")) == "Input/output error"


def test_appending_takes_as_many_writes_as_it_needs(tmp_path: Path) -> None:
    Files(system=Faults(chunk=3).system()).append(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_a_line_of_a_journal_is_there_as_soon_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text("of an earlier run\n", encoding="utf-8")
    journal = Files().journal(path)
    for text in ("first", "second \udcff"):
        journal.write(text)
    assert path.read_text(encoding="utf-8") == "first\nsecond \\udcff\n"
    journal.close()
    assert path.exists()


def test_a_journal_writes_a_line_in_one_piece_and_syncs_where_it_is_told_to(tmp_path: Path) -> None:
    faults = Faults()
    journal = Files(system=faults.system()).journal(tmp_path / "a")
    journal.write("first")
    journal.write("second", sync=True)
    journal.close()
    assert faults.calls == ["open", "lock", "truncate", "write", "write", "fsync", "close"]


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
def test_a_journal_that_is_not_needed_any_more_is_removed(closed: bool, tmp_path: Path) -> None:
    journal = Files().journal(tmp_path / "a")
    if closed:
        journal.close()
    journal.remove()
    journal.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_closed_journal_takes_no_line(tmp_path: Path) -> None:
    journal = Files().journal(tmp_path / "a")
    journal.close()
    assert reason(tmp_path / "a", lambda: journal.write("late")) == "the journal is closed"


@pytest.mark.parametrize(
    ("number", "attempt"),
    [
        (4, lambda journal: journal.write("x")),
        (5, lambda journal: journal.write("x", sync=True)),
        (4, lambda journal: journal.close()),
        (4, lambda journal: journal.remove()),
        (5, lambda journal: journal.remove()),
    ],
    ids=["write", "sync", "close", "remove", "close what is removed"],
)
def test_a_journal_that_fails_is_told(number: int, attempt: Callable[[Journal], None], tmp_path: Path) -> None:
    journal = Files(system=Faults(number).system()).journal(tmp_path / "a")
    assert reason(tmp_path / "a", lambda: attempt(journal)) == "Input/output error"
    journal.close()


def test_a_journal_that_cannot_begin_is_told(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a"
    assert reason(path, lambda: Files().journal(path)) == f"there is no folder {path.parent} — make it first"


@pytest.mark.parametrize("number", [1, 2, 3], ids=["open", "lock", "truncate"])
def test_a_journal_that_fails_to_begin_is_told_and_closed(number: int, tmp_path: Path) -> None:
    faults = Faults(number)
    assert reason(tmp_path / "a", lambda: Files(system=faults.system()).journal(tmp_path / "a")) == "Input/output error"
    assert faults.calls.count("close") == (number > 1)


def test_a_file_system_without_locks_has_journals_all_the_same(tmp_path: Path) -> None:
    def lock(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    journal = Files(system=replace(System(), lock=lock)).journal(tmp_path / "a")
    journal.write("first")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "first\n"
    journal.remove()


def test_a_journal_that_another_writes_is_left_alone(tmp_path: Path) -> None:
    first = Files().journal(tmp_path / "a", tmp_path / "b")
    first.write("mine")
    second = Files().journal(tmp_path / "a", tmp_path / "b")
    second.write("yours")
    assert (first.path, second.path) == (str(tmp_path / "a"), str(tmp_path / "b"))
    assert [Path(path).read_text(encoding="utf-8") for path in (first.path, second.path)] == ["mine\n", "yours\n"]
    assert reason(tmp_path / "a", lambda: Files().journal(tmp_path / "a")) == "another process writes it"
    first.remove()
    assert Files().journal(tmp_path / "a", tmp_path / "b").path == str(tmp_path / "a")
    assert Path(second.path).exists()


def test_a_journal_that_is_removed_while_it_is_taken_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "a"
    first = Files().journal(path)
    locks: list[int] = []

    def lock(descriptor: int) -> None:
        locks.append(descriptor)
        if len(locks) == 1:
            first.remove()

    second = Files(system=replace(System(), lock=lock)).journal(path)
    second.write("late")
    assert (len(locks), path.read_text(encoding="utf-8")) == (2, "late\n")


def test_a_journal_that_was_replaced_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    first = Files().journal(path)
    path.unlink()
    path.write_text("somebody else's", encoding="utf-8")
    first.remove()
    assert path.read_text(encoding="utf-8") == "somebody else's"


KILLED = """
import sys
from runner.doors.files import Files
journal = Files().journal(sys.argv[1])
for number in range(1_000_000):
    journal.write('{"number": %d}' % number)
    if number == 100:
        print("ready", flush=True)
"""


def test_a_process_that_is_killed_loses_no_line_that_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 100
    assert [json.loads(line)["number"] for line in lines] == list(range(len(lines)))
