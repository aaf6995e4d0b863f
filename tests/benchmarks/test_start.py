"""What a short job costs: the start of the process is nearly all of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.benchmarks.conftest import Bench

pytestmark = pytest.mark.benchmark

PYTHON = (sys.executable, "-c")
ONE_MODEL = "from pydantic import BaseModel\nclass Node(BaseModel):\n    id: str\nNode(id='a')"
THREE_NODES = """\
version: "1.0"
nodes:
  - {id: first, type: transform, config: {extract: a}}
  - {id: second, type: transform, config: {mapping: {b: a}}}
  - {id: third, type: transform, config: {source_node: second, extract: transformed.b}}
"""
THREE_STEPS = """\
context_parser: pypyr.parser.keyvaluepairs
steps:
  - {name: pypyr.steps.py, in: {py: "first = a"}}
  - {name: pypyr.steps.py, in: {py: "second = dict(b=a)"}}
  - {name: pypyr.steps.py, in: {py: "third = a"}}
"""


def test_version_takes_at_most_twice_an_interpreter_that_parses_arguments(bench: Bench) -> None:
    bare, parsing, version = bench.measure(
        {
            "python -c pass": (*PYTHON, "pass"),
            "python, import argparse": (*PYTHON, "import argparse"),
            "--version": bench.runner("--version"),
        },
        rounds=25,
    )
    bench.row(bare)
    bench.row(parsing, than=bare)
    bench.row(version, than=parsing, target="<= 2")
    assert version.ratio_to(parsing) <= 2


def test_validate_takes_no_longer_than_importing_pydantic_for_one_model(bench: Bench) -> None:
    (bench.folder / "three.yaml").write_text(THREE_NODES)
    model, validate = bench.measure(
        {
            "python, pydantic, one model": (*PYTHON, ONE_MODEL),
            "validate, 3 nodes": bench.runner("validate", "three.yaml"),
        }
    )
    bench.row(model)
    bench.row(validate, than=model, target="<= 1")
    assert validate.ratio_to(model) <= 1


def test_three_nodes_take_no_longer_than_three_steps_of_pypyr(bench: Bench) -> None:
    (bench.folder / "three.yaml").write_text(THREE_NODES)
    (bench.folder / "steps.yaml").write_text(THREE_STEPS)
    ours = bench.runner("--config", "three.yaml", "--payload", '{"a": 1}', "--results", "results.json")
    pypyr, run = bench.measure(
        {
            "pypyr, 3 steps": (str(Path(sys.executable).with_name("pypyr")), "steps", "a=1"),
            # pypyr remembers nothing from one run to the next
            "run, 3 nodes": ("/usr/bin/env", "PIPELINE_STATE_URL=none", *ours),
        }
    )
    bench.row(pypyr)
    bench.row(run, than=pypyr, target="<= 1")
    assert run.ratio_to(pypyr) <= 1
