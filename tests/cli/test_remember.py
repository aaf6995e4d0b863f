"""Where runs are remembered, by the command line as a real process; and that a run goes on where they cannot be."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.shops import Watched
from tests.conftest import CLEAN
from tests.databases import SERVERS, Role, Store, in_a_file
from tests.wire import wire_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended

EMBEDDED = ".pipeline/state.sqlite3"
UNCOMPARED = "warning: this run is compared with no other and remembered by none: "
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user is for root alone")


@pytest.fixture
def shop(cli: Callable[..., Ended], tmp_path: Path) -> Watched:
    return Watched(cli, tmp_path)


def quiet(shop: Watched, env: dict[str, str]) -> Ended:
    shop.write(a="ok")
    return shop.cli("--config", "d.json", "-q", env=env)


def test_runs_are_remembered_where_the_state_url_says(shop: Watched, store: Store) -> None:
    env = {"PIPELINE_STATE_URL": store.text, "PIPELINE_DATABASE_URL": "sqlite:///other.sqlite3"}
    assert (quiet(shop, env).code, quiet(shop, env).err) == (0, "")
    assert store.rows("select count(*) from pipeline_run") == [(2,)]
    assert sorted(one.name for one in shop.folder.iterdir()) == sorted(
        {"d.json", *(Path(store.database.url.database).name for _ in [0] if store.kind == "sqlite")}
    )


def test_runs_are_remembered_in_the_database_of_definitions_where_it_has_the_tables(
    shop: Watched, store: Store
) -> None:
    env = {"PIPELINE_DATABASE_URL": store.text}
    assert (quiet(shop, env).code, quiet(shop, env).err) == (0, "")
    assert store.rows("select count(*) from pipeline_run") == [(2,)]
    assert not (shop.folder / ".pipeline").exists()
    assert len(json.loads(shop.cli("history", "--json", env=env).out)) == 2


def test_runs_are_remembered_in_the_embedded_file_where_the_database_has_no_tables(shop: Watched, empty: Store) -> None:
    if empty.kind == "sqlite":
        Path(empty.database.url.database).touch()
    env = {"PIPELINE_DATABASE_URL": empty.text}
    assert [quiet(shop, env).err for _ in range(2)] == ["", ""]
    assert len(json.loads(shop.cli("history", "--json", env=env).out)) == 2
    assert (shop.folder / EMBEDDED).is_file()


def test_nothing_is_remembered_where_that_is_wanted(shop: Watched) -> None:
    none = {"PIPELINE_STATE_URL": "none"}
    document = shop.run(a="critical", env=none)
    assert document["comparison"] is None
    assert not (shop.folder / ".pipeline").exists()
    ended = shop.cli("history", env=none)
    assert (ended.code, ended.err) == (2, "error: PIPELINE_STATE_URL is none, so nothing is remembered\n")


@in_a_file
def test_a_state_url_may_stand_in_a_file(shop: Watched, store: Store) -> None:
    (shop.folder / "url").write_text(store.text)
    assert quiet(shop, {"PIPELINE_STATE_URL_FILE": "url"}).err == ""
    assert store.rows("select count(*) from pipeline_run") == [(1,)]
    wrong = quiet(shop, {"PIPELINE_STATE_URL": "state.sqlite3"})
    hint = "write postgresql://user:password@host/database"
    said = f"PIPELINE_STATE_URL: this text is no URL of a database — {hint}"
    assert (wrong.code, wrong.err) == (2, f"error: {said}\n")


def test_a_file_that_the_state_url_names_makes_itself(shop: Watched) -> None:
    assert quiet(shop, {"PIPELINE_STATE_URL": "sqlite:///deep/down/state.sqlite3"}).err == ""
    assert (shop.folder / "deep" / "down" / "state.sqlite3").is_file()


@pytest.mark.parametrize("kind", SERVERS)
def test_on_a_server_nothing_is_made_and_that_is_told(shop: Watched, empty: Store) -> None:
    ended = quiet(shop, {"PIPELINE_STATE_URL": empty.text})
    said = f"{empty.database} has no tables of pipeline-runner — make them with: pipeline-runner db upgrade"
    assert (ended.code, ended.err) == (0, f"{UNCOMPARED}{said}\n")
    assert empty.database.work(lambda connection: connection.tables()) == frozenset()


@pytest.mark.parametrize("variable", ["PIPELINE_STATE_URL", "PIPELINE_DATABASE_URL"])
def test_tables_of_another_version_are_told_run_after_run(variable: str, shop: Watched, store: Store) -> None:
    store.change("update pipeline_schema set version_num = '9999'")
    ended = quiet(shop, {variable: store.text})
    said = f"{store.database} has tables of a newer pipeline-runner (step 9999, this one knows 0001) — update it"
    assert (ended.code, ended.err) == (0, f"{UNCOMPARED}{said}\n")
    assert not (shop.folder / ".pipeline").exists()
    history = shop.cli("history", env={"PIPELINE_STATE_URL": store.text})
    assert (history.code, history.err) == (4, f"error: {said}\n")


OWN = ("definition", "definition_revision", "channel", "run", "series", "finding", "said", "schema")


@pytest.mark.parametrize("kind", SERVERS)
def test_a_role_that_may_only_read_is_no_warning_on_every_run(shop: Watched, fresh: Store, role: Role) -> None:
    Watched(shop.cli, shop.folder, fresh.text).run(a="ok")
    reader = role(fresh, *(f"pipeline_{table}" for table in OWN))
    env = {"PIPELINE_DATABASE_URL": reader.text}
    (there,) = json.loads(shop.cli("history", "--json", env=env).out)  # whoever only looks sees what others recorded
    assert [quiet(shop, env).err for _ in range(2)] == ["", ""]
    assert fresh.rows("select count(*) from pipeline_run") == [(1,)]
    here = json.loads(shop.cli("history", "--json", env=env).out)
    assert len(here) == 2
    assert there["run_id"] not in {row["run_id"] for row in here}


@as_root
def test_in_a_folder_that_cannot_be_written_nothing_is_remembered_and_that_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(
        "version: '1.0'\nnodes:\n  - {id: probe, type: context, config: {checks: [memory]}}\n"
        "  - {id: a, type: notify, config: {driver: log}}\n  - {id: b, type: notify, config: {driver: log}}\n"
    )
    command = [sys.executable, "-m", "runner", "--config", "d.yaml"]
    mount = f'mount --bind "{tmp_path}" "{tmp_path}" && mount -o remount,ro,bind "{tmp_path}" && cd "{tmp_path}"'
    mount += ' && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, "sh", *command],
        cwd=tmp_path,
        env=CLEAN,
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr and "permitted" in done.stderr:
        pytest.skip("no file system can be mounted here")
    said = f"nothing is remembered from run to run: the SQLite file {EMBEDDED} cannot be written: "
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if said in line] == [
        f"{said}cannot write .pipeline: Read-only file system"
    ]
    assert done.stderr.count("no state store to compare with") == 1


@pytest.fixture
def mortal(cli: Callable[..., Ended], tmp_path: Path, receiver: Receiver) -> Watched:
    """A definition that tells a receiver."""
    shop = Watched(cli, tmp_path)
    shop.tell = {"driver": "generic", "endpoint": f"{receiver.url}/ok"}
    return shop


def test_nobody_is_told_that_something_is_ok_which_nobody_has_looked_at(mortal: Watched, receiver: Receiver) -> None:
    mortal.run(a="critical", b="ok")
    mortal.run(b="ok")
    mortal.run(b="ok")
    mortal.run(a="critical", b="ok")
    titles = [json.loads(one.body)["title"] for one in receiver.arrived]
    bad = f"[CRITICAL] {os.uname().nodename} a: a is critical"
    assert titles == [bad, f"[INFO] a of {os.uname().nodename}:sh is no longer watched", bad]


DROP = "drop table pipeline_run"


def test_a_run_whose_history_cannot_be_written_delivers_and_says_so(
    mortal: Watched, fresh: Store, receiver: Receiver
) -> None:
    fresh.change(DROP)
    if fresh.kind == "sqlite":  # what it reads first has to be there
        fresh.change("create view pipeline_run as select '' as run_id, '' as series, '' as started_at where 1 = 0")
    else:
        fresh.change(
            "create view pipeline_run as select touched_at as run_id, series, touched_at as started_at"
            " from pipeline_series where 1 = 0"
        )
    mortal.write(a="critical")
    env = {"PIPELINE_STATE_URL": fresh.text}
    ended = mortal.cli("--config", "d.json", "--results", "r.json", "-q", env=env)
    assert ended.code == 5
    assert len(receiver.arrived) == 1
    assert ended.err.startswith(f"warning: this run is not in the history: {fresh.database} ")
    assert ended.err.count("\n") == 1
    assert json.loads((mortal.folder / "r.json").read_text())["verdict"] == "critical"
    again = mortal.cli("--config", "d.json", "-q", env=env)
    assert again.code == 5
    assert len(receiver.arrived) == 1  # what was said is noted all the same


@pytest.fixture
def running(mortal: Watched) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the definition as a process that goes on."""
    started: list[subprocess.Popen[str]] = []

    def start(env: dict[str, str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "runner", "--config", "d.json", "--results", "r.json"],
            cwd=mortal.folder,
            env={**CLEAN, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_eight_runs_at_once_tell_people_once_and_are_all_remembered(
    mortal: Watched, store: Store, receiver: Receiver, running: Callable[..., subprocess.Popen[str]]
) -> None:
    mortal.write(a="critical")
    many = [running({"PIPELINE_STATE_URL": store.text}) for _ in range(8)]
    said = [process.communicate(timeout=60)[1] for process in many]
    assert [process.returncode for process in many] == [5] * 8, said
    assert len(receiver.arrived) == 1, said
    assert store.rows("select count(*) from pipeline_run") == [(8,)]


def test_what_a_run_was_saying_when_it_was_killed_is_said_once_its_claim_has_ended(
    mortal: Watched, store: Store, receiver: Receiver, running: Callable[..., subprocess.Popen[str]]
) -> None:
    env, heard = {"PIPELINE_STATE_URL": store.text}, mortal.tell
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mortal.tell = {**heard, "endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}/"}
        mortal.write(a="critical")
        definition = json.loads((mortal.folder / "d.json").read_text())
        definition["nodes"][1]["timeout"] = "2s"
        (mortal.folder / "d.json").write_text(json.dumps(definition))
        process = running(env)
        connection, _ = silent.accept()
        with connection:
            process.kill()
            process.wait()
    ends = time.monotonic() + 2.0 + 5.0  # what the node had, and the grace of a claim
    mortal.tell = heard
    mortal.run(a="critical", env=env)
    assert receiver.arrived == []  # as far as anybody knows, the killed run is saying it
    time.sleep(max(ends - time.monotonic(), 0.0) + 0.5)
    for _ in range(2):
        mortal.run(a="critical", env=env)
        assert len(receiver.arrived) == 1


def slow_definition(shop: Watched, seconds: float) -> None:
    """Make the definition take its time before it tells anybody."""
    shop.write(a="critical")
    text = (shop.folder / "d.json").read_text().replace("echo a", f"sleep {seconds}; echo a")
    (shop.folder / "d.json").write_text(text)


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read what it says until these words."""
    assert process.stderr
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


@pytest.mark.parametrize("kind", SERVERS)
def test_a_database_that_falls_silent_in_the_middle_of_a_run_costs_no_message(
    kind: str,
    mortal: Watched,
    store: Store,
    receiver: Receiver,
    running: Callable[..., subprocess.Popen[str]],
) -> None:
    slow_definition(mortal, 1.0)
    with wire_to(store.database.url.port) as wire:
        url = store.text.replace(f":{store.database.url.port}/", f":{wire.port}/")
        process = running({"PIPELINE_STATE_URL": url})
        said = wait_for(process, "▸ probe")
        wire.silent = True
        began = time.monotonic()
        _, rest = process.communicate(timeout=60)
        took = time.monotonic() - began
    assert process.returncode == 5
    assert len(receiver.arrived) == 1
    where = f"{kind} at 127.0.0.1:{wire.port}/{store.database.url.database} did not answer within 5s"
    late = where.replace("did not", "took the connection and then did not")  # whichever clock is first
    unknown = "what was said before is unknown, so send: changes acts as problems"
    document = json.loads((mortal.folder / "r.json").read_text())
    (error,) = document["node_results"]["tell"]["errors"]
    assert error["message"] in {f"{unknown}: {one}" for one in (where, late)}
    assert any(f"warning: this run is not in the history: {one}\n" in said + rest for one in (where, late))
    assert took < 1.0 + 5.5 + 5.5 + 1.5, took


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_while_its_database_is_silent_ends_in_time(
    number: signal.Signals,
    mortal: Watched,
    store: Store,
    receiver: Receiver,
    running: Callable[..., subprocess.Popen[str]],
) -> None:
    slow_definition(mortal, 30.0)
    with wire_to(store.database.url.port) as wire:
        url = store.text.replace(f":{store.database.url.port}/", f":{wire.port}/")
        process = running({"PIPELINE_STATE_URL": url})
        wait_for(process, "▸ probe")
        wire.silent = True
        process.send_signal(number)
        began = time.monotonic()
        process.communicate(timeout=60)
        took = time.monotonic() - began
    assert process.returncode == 128 + number
    assert took < 5.0, took
    assert json.loads((mortal.folder / "r.json").read_text())["status"] == "cancelled"
    assert len(receiver.arrived) == 1


@pytest.mark.parametrize("scheme", SERVERS)
def test_a_run_that_is_stopped_before_its_database_answers_ends_in_time(
    scheme: str, mortal: Watched, running: Callable[..., subprocess.Popen[str]]
) -> None:
    mortal.write(a="critical")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = running({"PIPELINE_STATE_URL": f"{scheme}://u:p-a-s-s@127.0.0.1:{listener.getsockname()[1]}/x"})
        connection, _ = listener.accept()
        with connection:
            time.sleep(0.5)  # it waits for an answer by then; a signal in the instant before is heard after the wait
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (143, "error: stopped by SIGTERM before the first node\n")
    assert time.monotonic() - began < 3.0  # the signal ends it, and not the 5 s that a database has


@pytest.mark.parametrize("kind", SERVERS)
def test_a_notify_node_with_little_time_delivers_though_the_database_is_silent(
    mortal: Watched, store: Store, receiver: Receiver, running: Callable[..., subprocess.Popen[str]]
) -> None:
    slow_definition(mortal, 1.0)
    definition = json.loads((mortal.folder / "d.json").read_text())
    definition["nodes"][1]["timeout"] = "2s"
    (mortal.folder / "d.json").write_text(json.dumps(definition))
    with wire_to(store.database.url.port) as wire:
        url = store.text.replace(f":{store.database.url.port}/", f":{wire.port}/")
        process = running({"PIPELINE_STATE_URL": url})
        wait_for(process, "▸ probe")
        wire.silent = True
        process.communicate(timeout=60)
    assert (process.returncode, len(receiver.arrived)) == (5, 1)
    tell = json.loads((mortal.folder / "r.json").read_text())["node_results"]["tell"]
    assert (tell["status"], tell["duration_ms"] < 2000) == ("succeeded", True)
