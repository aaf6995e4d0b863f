"""The same result wherever it runs: without a network, as any user, with nothing to write to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import runner
from tests.checks.dns_server import having, name_server, silent

if TYPE_CHECKING:
    from collections.abc import Iterator

FINE = 'version: "1.0"\nnodes: [{id: a, type: transform, config: {extract: x}}]\n'
ARGUMENTS = ("-m", "runner", "--config", "d.yaml", "--payload", '{"x": 1}', "--json")
STRANGER = 12345
SYSTEM = "/usr/bin/python3"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and other users need root")


def outcome(document: str) -> object:
    """What a result says, less times and random ids."""
    result = json.loads(document)
    return [result["status"], result["exit"], result["node_results"]["a"]["output"]]


@as_root
def test_a_job_without_a_network_check_is_the_same_without_a_network(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(FINE)
    command = [sys.executable, *ARGUMENTS]
    here = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    alone = subprocess.run(["unshare", "--net", *command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert outcome(alone.stdout) == outcome(here.stdout)


SIGHT = """
version: "1.0"
nodes:
  - id: probe
    type: context
    config:
      checks:
        - {type: http, name: home, url: "https://shop.example/", confirm: {tries: 1}}
        - {type: tcp, name: db, host: 192.0.2.7, port: 5432, confirm: {tries: 1}}
        - memory
  - {id: tell, type: notify, always: true, config: {driver: log}}
"""


@as_root
def test_without_a_network_nothing_is_known_and_nothing_is_blamed(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(SIGHT)
    command = ["unshare", "--net", sys.executable, "-m", "runner", "--config", "d.yaml", "--json"]
    alone = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    result = json.loads(alone.stdout)
    assert (alone.returncode, result["verdict"]) == (8, "inconclusive")
    assert result["exit"] == {"code": 8, "name": "inconclusive", "reason": "the runner itself is ill"}
    checks = result["node_results"]["probe"]["output"]["results"]
    assert {name: (one["verdict"], one["message"]) for name, one in checks.items() if name != "memory"} == {
        "home": ("unknown", "the name shop.example cannot be looked up: this machine has no network"),
        "db": ("unknown", "192.0.2.7:5432 cannot be reached: this machine has no network"),
    }
    assert result["node_results"]["tell"]["output"]["channels_succeeded"] == 1


@as_root
def test_what_is_bad_without_a_network_is_still_bad(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(SIGHT.replace("- memory", "- {type: memory, critical: {above: 0}}"))
    command = ["unshare", "--net", sys.executable, "-m", "runner", "--config", "d.yaml", "--json"]
    alone = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (alone.returncode, json.loads(alone.stdout)["verdict"]) == (5, "critical")


NAMED = """
version: "1.0"
nodes:
  - id: probe
    type: context
    config:
      checks:
        - {type: http, name: home, url: "https://shop.example/?token=x", timeout: 1s, confirm: {tries: 1}}
        - {type: tls, name: cert, host: shop.example, timeout: 1s, confirm: {tries: 1}}
        - {type: dns, name: shop.example, timeout: 1s, confirm: {tries: 1}}
"""
LATE = "the name shop.example does not resolve in time: timed out after 1s"
SILENT = "no resolver of this machine answered within 1s when asked for the A record of shop.example"
NOTHING = "no resolver of this machine finds anything"


@as_root
@pytest.mark.parametrize("others", [False, True], ids=["finds nothing", "finds others"])
def test_a_resolver_that_is_silent_is_to_blame_itself_where_it_finds_nothing(tmp_path: Path, others: bool) -> None:
    (tmp_path / "d.yaml").write_text(NAMED)
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.53\n")
    script = f'mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && exec "$@"'
    command = [sys.executable, "-m", "runner", "--config", "d.yaml", "--json"]
    replies = {"shop.example": silent, ".": having(". 60 NS a.root-servers.net.") if others else silent}
    with name_server(replies, "127.0.0.53", 53):
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    result = json.loads(done.stdout)
    probe = result["node_results"]["probe"]
    told = {name: (one["verdict"], one["code"], one["message"]) for name, one in probe["output"]["results"].items()}
    if others:
        assert told == {
            "home": ("critical", "not_resolved", LATE),
            "cert": ("critical", "not_resolved", LATE),
            "dns_shop_example": ("critical", "timed_out", SILENT),
        }
        assert (done.returncode, result["verdict"]) == (5, "critical")
    else:
        assert told == {
            "home": ("unknown", "no_resolver", f"{LATE}; {NOTHING}"),
            "cert": ("unknown", "no_resolver", f"{LATE}; {NOTHING}"),
            "dns_shop_example": ("unknown", "no_resolver", f"{NOTHING}: 127.0.0.53:53"),
        }
        assert (done.returncode, result["verdict"]) == (8, "inconclusive")
    assert probe["duration_ms"] < 1500


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that another user can reach: pytest's own are for the user who runs it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@as_root
def test_any_user_without_a_home_in_a_folder_that_cannot_be_written(outside: Path) -> None:
    version = subprocess.run([SYSTEM, "--version"], capture_output=True, text=True, check=False).stdout
    if f" {sys.version_info.major}.{sys.version_info.minor}." not in version:
        pytest.skip(f"needs a {SYSTEM} of this version: another user cannot reach the one that runs the tests")
    folder = outside / "code"
    shutil.copytree(Path(runner.__file__).parent, folder / "runner")
    (folder / "d.yaml").write_text(FINE)
    for path in (outside, *outside.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    done = subprocess.run(
        [SYSTEM, *ARGUMENTS],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{packages}"},
        user=STRANGER,
        group=STRANGER,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, outcome(done.stdout)) == (
        0,
        ["completed", {"code": 0, "name": "ok", "reason": "completed"}, {"transformed": 1, "source_node": None}],
    )
