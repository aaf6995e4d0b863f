"""A job imports what it needs: the import diet is where the speed comes from, and one careless line ends it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]

HEAVY: Final = frozenset(
    {
        "asyncio",
        "concurrent.futures",
        "dns",
        "email",
        "http.client",
        "importlib.metadata",
        "jinja2",
        "jmespath",
        "logging",
        "markupsafe",
        "multiprocessing",
        "psutil",
        "psycopg",
        "psycopg2",
        "pymysql",
        "alembic",
        "pycurl",
        "pydantic",
        "pydantic_core",
        "regex",
        "requests",
        "rich",
        "sqlalchemy",
        "sqlite3",
        "ssl",
        "typing_extensions",
        "unittest",
        "urllib.request",
        "urllib3",
        "yaml",
    }
)
"""What takes milliseconds to import. A job may load those that its row below names, and no others."""

PLAIN: Final = """\
version: "1.0"
nodes:
  - {id: pick, type: transform, config: {extract: a}}
  - {id: tell, type: notify, config: {driver: log}}
"""
LIVE: Final = """\
version: "1.0"
nodes:
  - {id: pick, type: transform, config: {extract: "{{ payload.path }}"}}
"""
PLAIN_JSON: Final = '{"version": "1.0", "nodes": [{"id": "pick", "type": "transform", "config": {"extract": "a"}}]}'
DATABASE: Final = """\
version: "1.0"
nodes:
  - id: look
    type: context
    config:
      checks:
        - {type: mysql, url: "mysql://u:p@127.0.0.1:9/shop", confirm: {tries: 1}}
        - {type: postgres, url: "postgresql://u:p@127.0.0.1:9/shop", warning: 2s, confirm: {tries: 1}}
"""
MACHINE: Final = """\
version: "1.0"
nodes:
  - {id: look, type: context, config: {checks: [memory]}}
"""

REPORT: Final = """
import sys
before, path = set(sys.modules), sys.argv.pop(1)
from runner.cli.main import main
try:
    code = main()
finally:
    with open(path, "w") as file:
        file.write("\\n".join(set(sys.modules) - before))
raise SystemExit(code)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with its validators prepared, as the wheel has them."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copytree(ROOT / "runner", folder / "runner", ignore=shutil.ignore_patterns("__pycache__", "prepared"))
    subprocess.run([sys.executable, "-m", "runner.prepare"], cwd=folder, check=True, capture_output=True)
    for name, text in {
        "plain.yaml": PLAIN,
        "plain.json": PLAIN_JSON,
        "live.yaml": LIVE,
        "machine.yaml": MACHINE,
        "database.yaml": DATABASE,
    }.items():
        (folder / name).write_text(text)
    return folder


def imported(folder: Path, out: Path, *arguments: str, exits: int = 0) -> frozenset[str]:
    """Run the command line and return what it imported."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT, str(out / "modules"), *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exits, done.stderr
    return frozenset((out / "modules").read_text().splitlines())


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        pytest.param(["--version"], set(), id="version"),
        pytest.param(["--help"], set(), id="help"),
        pytest.param(["validate", "plain.json"], {"pydantic_core", "typing_extensions"}, id="validate-json"),
        pytest.param(["validate", "plain.yaml"], {"pydantic_core", "typing_extensions", "yaml"}, id="validate-yaml"),
        pytest.param(
            ["--config", "plain.yaml", "--payload", '{"a": 1}'],
            {"pydantic_core", "sqlite3", "typing_extensions", "yaml"},
            id="run",
        ),
        pytest.param(
            ["--config", "plain.yaml", "--payload", '{"a": 1}', "--results", "r.json", "--summary", "s.md"],
            {"pydantic_core", "sqlite3", "typing_extensions", "yaml"},
            id="run-with-reports",
        ),
        pytest.param(
            ["--config", "plain.yaml", "--payload", '{"a": 1}', "--dry-run"],
            {"pydantic_core", "typing_extensions", "yaml"},
            id="dry-run",
        ),
        pytest.param(
            ["--config", "live.yaml", "--payload", '{"a": 1, "path": "a"}'],
            {"jinja2", "markupsafe", "pydantic_core", "sqlite3", "typing_extensions", "yaml"},
            id="run-with-expressions",
        ),
        pytest.param(
            ["validate", "database.yaml"],
            {"pydantic_core", "typing_extensions", "yaml"},
            id="validate-a-check-of-a-database",
        ),
        pytest.param(
            ["--config", "database.yaml", "--dry-run"],
            {"pydantic_core", "typing_extensions", "yaml"},
            id="dry-run-of-a-check-of-a-database",
        ),
        pytest.param(
            ["--config", "machine.yaml", "--fail-on", "never"],
            {"psutil", "pydantic_core", "sqlite3", "typing_extensions", "yaml"},
            id="run-with-a-machine-check",
        ),
    ],
)
def test_a_job_imports_no_library_that_it_does_not_need(
    arguments: list[str], needed: set[str], installed: Path, tmp_path: Path
) -> None:
    assert HEAVY & imported(installed, tmp_path, *arguments) - needed == set()


def test_only_explain_reads_what_codes_mean(installed: Path, tmp_path: Path) -> None:
    (installed / "wrong.yaml").write_text(PLAIN.replace("transform", "transfrm"))
    assert "runner.explanations" not in imported(installed, tmp_path, "validate", "wrong.yaml", exits=3)
    assert "runner.explanations" in imported(installed, tmp_path, "explain", "E206")


def test_the_report_sees_what_is_imported(installed: Path, tmp_path: Path) -> None:
    """The other tests would pass in silence if it did not."""
    assert "jinja2" in imported(installed, tmp_path, "--config", "live.yaml", "--payload", '{"path": "a", "a": 1}')
