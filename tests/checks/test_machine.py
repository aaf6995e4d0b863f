"""The checks of this machine: cpu, memory, disk."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from pydantic_core import ValidationError

from runner.checks import CHECKS
from runner.checks.cpu import Cpu
from runner.checks.disk import Disk
from runner.checks.judging import examine
from runner.checks.memory import Memory, largest
from runner.checks.running import Running
from runner.deadline import Deadline
from runner.results import Verdict
from runner.scope import Overrides
from runner.spec import Template
from runner.validators import problems, read
from tests.support import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.scope import Scope

ALWAYS = {"above": 0}


def test_cpu_averages_its_samples(scope: Scope) -> None:
    result = examine(read(Cpu, {"samples": 3, "sample_interval": "20ms", "warning": None, "critical": None}), scope)
    metrics = result.seen.metrics
    assert result.verdict is Verdict.OK
    assert result.message == f"cpu is {metrics['percent']:g}% busy"
    assert (metrics["samples"], metrics["cpu_count"]) == (3, psutil.cpu_count())
    assert metrics["min"] <= metrics["percent"] <= metrics["max"] <= 100  # type: ignore[operator]  # numbers


def test_cpu_can_judge_the_busiest_core(scope: Scope) -> None:
    check = read(Cpu, {"samples": 1, "sample_interval": "200ms", "per_cpu": True, "critical": ALWAYS})
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        result = examine(check, scope)
        busy.kill()
    cores = result.seen.metrics["per_cpu"]
    assert isinstance(cores, list)
    assert result.seen.value == max(cores)
    assert result.message == f"busiest of {len(cores)} cores is {max(cores):g}% busy, above 0%"


def test_cpu_takes_fewer_samples_where_the_time_runs_out(make_scope: Callable[..., Scope]) -> None:
    started = time.monotonic()
    result = examine(read(Cpu, {"samples": 30, "sample_interval": "300ms"}), make_scope(seconds=0.8))
    assert time.monotonic() - started < 0.8
    assert result.seen.metrics["samples"] in {1, 2}


def test_cpu_refuses_samples_that_do_not_fit_into_its_timeout() -> None:
    with pytest.raises(ValidationError) as caught:
        read(Cpu, {"samples": 20})
    (line,) = problems(caught.value)
    assert (line["type"], line["loc"]) == ("E204", ("samples",))
    assert line["msg"] == "20 samples of 1s leave no time"
    assert line["ctx"]["hint"] == "the timeout is 10s: raise it, or take fewer samples"


def test_memory_says_what_the_kernel_says(scope: Scope) -> None:
    result = examine(read(Memory, {"critical": ALWAYS, "warning": ALWAYS}), scope)
    assert result.seen.metrics["total_bytes"] == psutil.virtual_memory().total
    assert (result.verdict, result.threshold) == (Verdict.CRITICAL, "above 0%")
    assert result.message == f"memory is {result.seen.value:g}% used, above 0%"
    assert "swap_percent" not in result.seen.metrics


def test_memory_judges_swap_where_asked_to(scope: Scope) -> None:
    metrics = examine(read(Memory, {"include_swap": True}), scope).seen.metrics
    assert metrics["swap_total_bytes"] == psutil.swap_memory().total
    assert metrics["percent"] == pytest.approx(psutil.virtual_memory().percent, abs=20)


def test_disk_judges_the_fullest_path(tmp_path: Path, scope: Scope) -> None:
    result = examine(read(Disk, {"paths": ["/", str(tmp_path)], "warning": ALWAYS, "critical": None}), scope)
    metrics = result.seen.metrics
    paths = metrics["paths"]
    assert isinstance(paths, dict)
    assert list(paths) == ["/", str(tmp_path)]
    assert result.seen.value == metrics["percent"] == max(path["percent"] for path in paths.values())
    assert result.message == f"disk {metrics['path']} is {metrics['percent']:g}% full, above 0%"


def test_a_path_that_cannot_be_read_is_unknown(scope: Scope) -> None:
    result = examine(read(Disk, {"paths": ["/nowhere"]}), scope)
    assert (result.verdict, result.code, result.seen.value) == (Verdict.UNKNOWN, "unreadable", None)
    assert result.message == "disk /nowhere cannot be read: no such file or directory"


def test_a_path_that_cannot_be_read_hides_no_critical_one(scope: Scope) -> None:
    result = examine(read(Disk, {"paths": ["/nowhere", "/"], "warning": ALWAYS, "critical": ALWAYS}), scope)
    assert (result.verdict, result.threshold, result.code) == (Verdict.CRITICAL, "above 0%", "")
    missing = "/nowhere cannot be read: no such file or directory"
    assert result.message == f"disk / is {result.seen.value:g}% full, above 0%; {missing}"


def test_a_path_that_cannot_be_read_is_unknown_beside_one_that_is_well(scope: Scope) -> None:
    result = examine(read(Disk, {"paths": ["/", "/nowhere"], "warning": None, "critical": None}), scope)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "unreadable")


HANGING = """
import ctypes, os, sys
folder, *command = sys.argv[1:]
fuse = os.open("/dev/fuse", os.O_RDWR)
os.set_inheritable(fuse, True)
options = f"fd={fuse},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
if ctypes.CDLL(None).mount(b"hung", folder.encode(), b"fuse", 0, options.encode()):
    sys.exit("cannot mount")
os.execv(command[0], command)
"""
"""Mounts a file system that nobody answers for, and becomes a command; the last that holds it open ends it."""


def beside_a_file_system_that_hangs(folder: Path, *command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command where `folder` hangs, in a view of the file systems of its own."""
    alone = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", HANGING]
    return subprocess.run([*alone, str(folder), *command], capture_output=True, timeout=60, check=False)


def test_a_file_system_that_hangs_keeps_only_itself(tmp_path: Path) -> None:
    can_hang = shutil.which("unshare") and beside_a_file_system_that_hangs(tmp_path, "/bin/true").returncode == 0
    needs("fuse", can_hang, "no file system can be mounted here")
    config, results = tmp_path / "f.json", tmp_path / "r.json"
    hung = tmp_path / "hung"
    hung.mkdir()
    check = {"type": "disk", "name": "d", "paths": [str(hung), "/"], "critical": {"above": "0%"}, "timeout": "500ms"}
    node = {"id": "a", "type": "context", "config": {"checks": [check]}}
    config.write_text(json.dumps({"version": "1.0", "nodes": [node]}), encoding="utf-8")
    runner = (sys.executable, "-m", "runner", "--config", str(config), "--results", str(results))
    assert beside_a_file_system_that_hangs(hung, *runner).returncode == 5
    seen = json.loads(results.read_bytes())["node_results"]["a"]["output"]["results"]["d"]
    assert seen["verdict"] == "critical"
    assert seen["message"] == f"disk / is {seen['value']:g}% full, above 0%; {hung} cannot be read: it does not answer"
    assert seen["duration_ms"] < 500 + 2000


@pytest.mark.parametrize(
    ("kind", "config", "name", "subject"),
    [
        ("cpu", {}, "cpu", "web-1"),
        ("memory", {}, "memory", "web-1"),
        ("disk", {}, "disk", "web-1:/"),
        ("disk", {"paths": ["/", "/var/log"]}, "disk_var_log", "web-1:/,/var/log"),
    ],
)
def test_the_subject_names_the_machine(
    kind: str, config: dict[str, object], name: str, subject: str, scope: Scope
) -> None:
    check = CHECKS.read({"type": kind, **config})
    assert (check.default_name, check.subject(scope)) == (name, subject)


def test_the_machine_is_named_by_itself_where_nobody_does(scope: Scope) -> None:
    assert read(Memory, {}).subject(replace(scope, overrides=Overrides())) == os.uname().nodename


def process(name: str, pid: int, gibibytes: float) -> Running:
    rss = int(gibibytes * 2**30)
    return Running(pid=pid, parent=1, name=name, argv=(name,), zombie=False, started=0.0, rss=rss)


def test_who_has_most_of_the_memory_is_found_and_nobody_who_has_little() -> None:
    small = [process("sh", number, 0.01) for number in range(100)]
    found = [*small, process("java", 812, 3.1), process("mysqld", 7, 5.0), process("node", 9, 1.0), process("ld", 5, 1)]
    assert [one.name for one in largest(found, 16 * 2**30)] == ["mysqld", "java", "ld"]
    assert largest(small, 16 * 2**30) == []


def test_what_is_known_of_the_memory_is_told_though_there_is_no_time_to_look_who_has_it(scope: Scope) -> None:
    late = scope.within(Deadline(0.0))
    seen = read(Memory, {"warning": ALWAYS}).look(late)
    assert (seen.value, seen.also, seen.metrics["largest"]) == (seen.metrics["percent"], "", [])


def test_too_little_memory_names_who_has_most_of_it(scope: Scope) -> None:
    memory = psutil.virtual_memory()
    if memory.total > 32 * 2**30 or memory.available < memory.total // 5:
        pytest.skip("a fifteenth of the memory is too much to take here")
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"data = b'x' * {memory.total // 15}; print('full', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as hog:
        assert hog.stdout
        assert hog.stdout.readline() == b"full\n"
        result = examine(read(Memory, {"warning": ALWAYS}), scope)
        well = examine(read(Memory, {"warning": None, "critical": None}), scope)
        hog.kill()
    told: Any = result.seen.metrics["largest"]
    assert {one["pid"]: one["rss_bytes"] for one in told}[hog.pid] > memory.total // 20
    assert re.search(rf"% used, above 0%; most is held by .*\(pid {hog.pid}, \d+\.\d GiB\)", result.message)
    assert "largest" not in well.seen.metrics


@pytest.mark.parametrize(("hostname", "identity"), [("web-1", "web-1:/"), ("", "/")])
def test_findings_are_known_by_the_machine_only_where_somebody_names_it(
    hostname: str, identity: str, scope: Scope
) -> None:
    overrides = Overrides(hostname=hostname)
    assert read(Disk, {}).identity(replace(scope, overrides=overrides)) == identity


def test_what_a_template_hides_is_judged_when_it_is_known() -> None:
    wait = Template("{{ inputs.wait }}")
    assert str(read(Cpu, {"samples": 100, "sample_interval": wait}).sample_interval) == wait
    assert read(Disk, {"paths": ["/", Template("{{ inputs.path }}")]}).default_name is None


@pytest.mark.parametrize(
    ("kind", "warning", "critical"),
    [("cpu", 70.0, 90.0), ("memory", 70.0, 90.0), ("disk", 80.0, 95.0)],
)
def test_the_default_thresholds_are_those_of_the_reference(kind: str, warning: float, critical: float) -> None:
    levels = {str(verdict): threshold.above for verdict, threshold in CHECKS.read(kind).levels}
    assert levels == {"warning": warning, "critical": critical}
