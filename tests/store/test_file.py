"""SQLite files when things go wrong: one clear error each, in time."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import pytest

from runner.doors import open_doors
from runner.errors import ExitCode, Transient, Unavailable
from runner.spec.databases import DatabaseUrl
from runner.store import definitions
from runner.store.connection import NoPermission, NoTable
from runner.store.database import LIMIT, Database
from runner.store.memory import remember
from tests.databases import Store, store_at
from tests.store.past import Clock
from tests.store.test_server import fill, small_disk, trouble
from tests.support import FACTS

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite3"


def at(path: Path | str, *, creates: bool = False) -> Database:
    return Database(url=DatabaseUrl(kind="sqlite", database=str(path)), doors=open_doors({}), creates=creates)


def find(database: Database) -> object:
    return database.work(partial(definitions.find, database=database, name="shop"))


def begin(database: Database) -> object:
    return remember(database, FACTS, Clock())


def test_a_file_makes_itself_with_its_folder_and_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.sqlite3"
    begin(at(path, creates=True))
    assert sorted(one.name for one in path.parent.iterdir()) == [".gitignore", "state.sqlite3"]
    assert (path.parent / ".gitignore").read_text() == "*\n"
    with sqlite3.connect(path) as plain:
        assert plain.execute("pragma journal_mode").fetchone() == ("wal",)


def test_a_file_that_is_not_there(path: Path) -> None:
    error = trouble(lambda: find(at(path)))
    assert (type(error), error.exit_code) == (Unavailable, ExitCode.UNAVAILABLE)
    assert error.message == f"the SQLite file {path} is not there — make it with: pipeline-runner db upgrade"
    assert not path.exists()


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    assert (
        trouble(lambda: find(at(tmp_path))).message
        == f"the SQLite file {tmp_path} is not there — make it with: pipeline-runner db upgrade"
    )


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = trouble(lambda: begin(at(tmp_path / "file" / "state.sqlite3", creates=True)))
    assert type(error) is NoPermission
    assert error.message.startswith(f"the SQLite file {tmp_path}/file/state.sqlite3 cannot be written: ")


@pytest.mark.parametrize("content", [b"version: '1.0'\n" * 100, b"\0" * 4096, b"SQLite format 3\0" + b"\xff" * 4080])
@pytest.mark.parametrize("act", [find, begin])
def test_a_file_that_is_no_database(content: bytes, act: Callable[[Database], object], path: Path) -> None:
    path.write_bytes(content)
    error = trouble(lambda: act(at(path, creates=act is begin)))
    assert (type(error), error.exit_code) == (Unavailable, ExitCode.UNAVAILABLE)
    assert error.message.startswith(f"the SQLite file {path} is no database that can be read: ")
    assert path.read_bytes() == content


def test_a_database_that_is_damaged(path: Path) -> None:
    store = store_at(at(path).url).upgrade()
    for number in range(50):
        store.channel(f"c{number}", "log", {"text": "x" * 500})
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    for other in path.parent.glob("*-wal"):
        other.unlink()
    error = trouble(lambda: store.rows("select * from pipeline_channel"))
    assert type(error) is Unavailable
    assert error.message == f"the SQLite file {path} is no database that can be read: database disk image is malformed"


def test_tables_that_are_missing(path: Path) -> None:
    with sqlite3.connect(path) as plain:
        plain.execute("create table mine (a)")
    error = trouble(lambda: find(at(path)))
    assert type(error) is NoTable
    tables = "pipeline_definition or orchestration_pipelinedefinition"
    hint = "make the runner's own with: pipeline-runner db upgrade"
    assert error.message == f"the SQLite file {path} has no table of definitions ({tables}) that can be read — {hint}"


HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("begin " + sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["immediate", "exclusive"])
def test_a_file_that_another_process_holds(kind: str, path: Path) -> None:
    database = at(path, creates=True)
    begin(database)
    command = [sys.executable, "-c", HOLD, str(path), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        error = trouble(lambda: begin(database))
        assert (type(error), error.exit_code) == (Transient, ExitCode.TRANSIENT)
        said = "is in use by another process for too long: database is locked"
        assert error.message == f"the SQLite file {path} {said}"
        store_at(database.url).rows("select count(*) from pipeline_run")  # whoever reads waits for nobody
        holder.communicate("")
    begin(at(path, creates=True))  # what was silent is not asked again by the same run


def test_a_file_that_is_let_go_in_time(path: Path) -> None:
    database = at(path, creates=True)
    begin(database)
    command = [
        sys.executable,
        "-c",
        HOLD.replace("sys.stdin.read()", "import time; time.sleep(1)"),
        str(path),
        "immediate",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        holder.stdout.readline()
        began = time.monotonic()
        begin(database)
        assert 0.3 < time.monotonic() - began < LIMIT


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", "2m", "root") as disk:
        store = store_at(at(disk / "state.sqlite3").url).upgrade()
        error = trouble(lambda: fill(store))
        assert (type(error), error.exit_code) == (Transient, ExitCode.TRANSIENT)
        assert error.message == f"the SQLite file {disk}/state.sqlite3 has no room left: database or disk is full"
        assert store.rows("select 1") == [(1,)]


def test_a_file_that_may_not_grow(path: Path) -> None:
    """As under a quota: the system refuses, and does not say that a disk is full."""
    store = store_at(at(path).url).upgrade()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        error = trouble(lambda: fill(store))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert type(error) is Transient
    assert error.message == f"the SQLite file {path} cannot be read or written: disk I/O error"


READ = """
import os, sys
from datetime import datetime, timezone
from functools import partial
from runner.doors import open_doors
from runner.errors import RunnerError
from runner.results import RunFacts
from runner.spec.databases import DatabaseUrl
from runner.store import definitions
from runner.store.database import Database
from runner.store.memory import remember

def now():
    return datetime.now(timezone.utc)

facts = RunFacts(id=sys.argv[2], trace_id="", definition="d", definition_version=1, definition_source="",
                 definition_sha256="", source="", environment="", started_at=now())

def acts(path, creates):
    database = Database(url=DatabaseUrl(kind="sqlite", database=path), doors=open_doors({}), creates=creates)
    yield partial(database.work, partial(definitions.find, database=database, name="shop"))
    yield partial(remember, database, facts, now)
"""
READ_ONLY = """
list(act() for act in acts(sys.argv[3], True))  # whoever else we are from now on could import nothing
os.setuid(12345)
for act in acts(sys.argv[1], False):
    try:
        print("read", bool(act()))
    except RunnerError as error:
        print(type(error).__name__, error.message)
"""
MAKE = "list(acts(sys.argv[1], True))[1]()"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user is for root alone")


@as_root
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_file_that_may_only_be_read_can_be_read(mode: str, tmp_path: Path) -> None:
    """Its folder, too: there is no room for the files that SQLite would put beside it."""
    folder = Path(gettempdir()) / f"read-only-{os.getpid()}-{mode}"
    folder.mkdir(mode=0o755)
    path = folder / "state.sqlite3"
    store = store_at(at(path).url).upgrade()
    store.define("shop", "version: '1.0'")
    with sqlite3.connect(path) as plain:
        plain.execute(f"pragma journal_mode = {mode}")
    path.chmod(0o644)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", READ + READ_ONLY, str(path), "run-1", str(tmp_path / "other")],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "read True",
        f"NoPermission the SQLite file {path} cannot be written: attempt to write a readonly database",
    ], done.stderr
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()


def test_eight_at_once_make_the_same_new_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.sqlite3"
    root = Path(__file__).parents[2]
    commands = [[sys.executable, "-c", READ + MAKE, str(path), f"run-{one}"] for one in range(8)]
    many = [subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) for command in commands]
    ends = [(one.wait(60), one.communicate()[1]) for one in many]
    assert ends == [(0, "")] * 8
    assert Store(at(path)).rows("select count(*) from pipeline_series") == [(1,)]
