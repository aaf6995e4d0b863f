"""What the image adds to the start of an interpreter: first process, entrypoint, and the modules of the runner."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.conftest import STOPWATCH, timings
from tests.container.images import ENTRYPOINT, PYTHON, TINI, Engine, engine, images, mounted, started_by

if TYPE_CHECKING:
    from tests.benchmarks.conftest import Bench

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

COMMANDS = {
    "in the image, import argparse": (*PYTHON, "-c", "import argparse"),
    "in the image, --version": (*TINI, *ENTRYPOINT, "--version"),
    "in the image, --help": (*TINI, *ENTRYPOINT, "--help"),
}
ROUNDS = 25


def test_version_takes_hardly_longer_than_an_interpreter_that_parses_arguments(bench: Bench) -> None:
    jobs = [{"argv": argv, "env": {"LANG": "C.UTF-8"}, "cwd": "/", "exits": [0]} for argv in COMMANDS.values()]
    (bench.folder / "job.json").write_text(json.dumps({"commands": jobs, "rounds": ROUNDS}))
    shutil.copy(STOPWATCH, bench.folder)
    bench.folder.chmod(0o755)
    client = engine()
    containers = Engine(client, [])
    with images(client) as names:
        line = "python3 -I -S /bench/stopwatch.py < /bench/job.json"
        volumes = mounted({bench.folder: "/bench"}, mode="ro")
        try:
            ended = containers.run(names["runtime"], volumes=volumes, **started_by(["sh", "-c", line]))
        finally:
            containers.remove()
    client.close()
    assert ended.code == 0, ended.err
    parsing, version, help_ = timings(COMMANDS, ended.out)
    bench.row(parsing)
    bench.row(version, than=parsing, target="<= 1.3")
    bench.row(help_, than=parsing)
    assert version.ratio_to(parsing) <= 1.3
