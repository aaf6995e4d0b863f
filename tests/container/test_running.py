"""Runs in a container that gives them little: any user, nothing to write to, no home, no network, a hostile folder."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.container.images import ENTRYPOINT, TINI, mounted, started_by
from tests.support import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.container.images import Ended, Engine

HEALTH = """\
version: "1.0"
nodes:
  - id: look
    type: context
    config:
      checks:
        - {type: memory, critical: 100%}
        - {type: disk, paths: [/], warning: 100%, critical: 100%}
        - {type: command, name: shell, argv: [sh, -c, "test -r /etc/passwd"]}
  - {id: shape, type: transform, config: {source_node: look, extract: checks_run}}
  - {id: tell, type: notify, config: {driver: log, send: always}}
"""
TMP = {"/tmp": ""}  # noqa: S108 - in the container
BARE = started_by(["env", "-u", "HOME", *TINI, *ENTRYPOINT])
"""Without HOME: every engine sets it."""


def in_work(folder: Path) -> dict[str, Any]:
    return {"volumes": mounted({folder: "/work"}), "working_dir": "/work"}


def healthy(ended: Ended) -> None:
    assert ended.code == 0, ended.err + ended.out
    assert ended.out.endswith("✓ Pipeline completed successfully\n")


@pytest.mark.parametrize(
    "given",
    [
        {"user": "12345:54321"},
        {"read_only": True, "tmpfs": TMP},
        {"read_only": True},
        BARE,
        {"environment": {"HOME": "/nowhere"}},
        {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]},
        {"environment": {"PATH": "/usr/bin:/bin", "LANG": "", "TZ": "Europe/Vienna"}},
        {
            "user": "12345:54321",
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": 20,
            "mem_limit": "128m",
            **BARE,
        },
    ],
    ids=[
        "any user",
        "read-only",
        "nothing to write to",
        "no HOME",
        "no folder at HOME",
        "no rights",
        "PATH",
        "Kubernetes",
    ],
)
def test_a_run_needs_next_to_nothing(given: dict[str, Any], image: str, containers: Engine, work: Path) -> None:
    (work / "d.yaml").write_text(HEALTH)
    healthy(containers.run(image, "--config", "d.yaml", **in_work(work), **given))


def test_a_dry_run_of_a_definition_in_the_working_folder(image: str, containers: Engine, work: Path) -> None:
    (work / "f.json").write_text(json.dumps({"version": "1.0", "nodes": [{"id": "a", "type": "transform"}]}))
    before = sorted(work.iterdir())
    ended = containers.run(image, "--config", "f.json", "--dry-run", **in_work(work))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("=== DRY RUN ===\nPipeline Config: f.json\n")
    assert sorted(work.iterdir()) == before


def test_a_definition_that_ships_along_is_found(image: str, containers: Engine) -> None:
    ended = containers.run(image, "--checks-only", "--checkers", "memory", "--critical-threshold", "100%")
    assert ended.code == 0, ended.err


def test_the_result_goes_to_standard_output_where_it_is_told_to(image: str, containers: Engine, work: Path) -> None:
    (work / "d.yaml").write_text(HEALTH)
    flags = "--config", "d.yaml", "--results", "/dev/stdout"
    ended = containers.run(image, *flags, **in_work(work), read_only=True, user="12345")
    assert json.loads(ended.out[: ended.out.index("\n}\n") + 3])["status"] == "completed"


def test_what_is_written_belongs_to_who_runs_it(runtime: str, containers: Engine, work: Path) -> None:
    (work / "d.yaml").write_text(HEALTH)
    flags = "--config", "d.yaml", "--results", "out.json", "--summary", "out.md"
    healthy(containers.run(runtime, *flags, **in_work(work), user="12345:54321"))
    assert {(path.name, path.stat().st_uid, path.stat().st_gid) for path in work.glob("out.*")} == {
        ("out.json", 12345, 54321),
        ("out.md", 12345, 54321),
    }


def test_the_action_gives_what_it_writes_to_the_owner_of_the_working_folder(
    action: str, containers: Engine, work: Path
) -> None:
    needs("container", os.geteuid() == 0, "only root gives files away")
    (work / "d.yaml").write_text(HEALTH)
    os.chown(work, 1234, 2345)
    flags = "--config", "d.yaml", "--results", "out.json", "--summary", "out.md"
    healthy(containers.run(action, *flags, **in_work(work)))
    assert {(path.name, path.stat().st_uid, path.stat().st_gid) for path in work.glob("out.*")} == {
        ("out.json", 1234, 2345),
        ("out.md", 1234, 2345),
    }
    assert stat.S_IMODE((work / "out.json").stat().st_mode) == 0o644


# --- exit codes ------------------------------------------------------------------------------------

NODES = 'version: "1.0"\nnodes: [{}]\n'
CHECK = "{{id: a, type: context, config: {{checks: [{{type: command, argv: [sh, -c, '{}']}}]}}}}"
UNHEARD = "{id: a, type: notify, config: {driver: generic, endpoint: 'http://127.0.0.1:9/', send: always}}"


@pytest.mark.parametrize(
    ("text", "flags", "code"),
    [
        (NODES.format("{id: a, type: transform}"), (), 0),
        (NODES.format("{id: a, type: transform, config: {extract: x.y}}"), (), 1),
        (NODES.format("{id: a, type: transform}"), ("--dryrun",), 2),
        (NODES.format("{id: a, type: trnsform}"), (), 3),
        ("secrets: [SHOP]\n" + NODES.format("{id: a, type: transform}"), (), 4),
        (NODES.format(CHECK.format("exit 2")), (), 5),
        (NODES.format(CHECK.format("sleep 60")), ("--timeout", "200ms"), 7),
        (NODES.format(UNHEARD), (), 9),
    ],
    ids=["ok", "failed", "usage", "invalid", "unavailable", "unhealthy", "timed-out", "undelivered"],
)
def test_the_exit_code_of_a_run_is_that_of_the_container(
    text: str, flags: tuple[str, ...], code: int, runtime: str, containers: Engine, work: Path
) -> None:
    (work / "d.yaml").write_text(text)
    ended = containers.run(runtime, "--config", "d.yaml", *flags, **in_work(work))
    assert ended.code == code, ended.err + ended.out


def test_standard_error_is_json_where_that_is_wanted_also_where_tini_is_not_the_first_process(
    image: str, containers: Engine, work: Path
) -> None:
    (work / "d.yaml").write_text(HEALTH)
    settings = {"PIPELINE_LOG_FORMAT": "json"}
    ended = containers.run(image, "--config", "d.yaml", **in_work(work), environment=settings, pid_mode="host")
    assert ended.code == 0, ended.err
    assert {type(json.loads(line)) for line in [*ended.err.splitlines(), *ended.out.splitlines()]} == {dict}


def test_a_secret_is_read_from_a_file_and_shown_to_nobody(image: str, containers: Engine, work: Path) -> None:
    (work / "secret").write_text("correct horse\n")
    (work / "d.yaml").write_text(
        'version: "1.0"\nsecrets: [SHOP]\nnodes:\n'
        "  - id: a\n    type: context\n    config:\n      checks:\n"
        "        - {type: command, argv: [sh, -c, 'echo got $WORD; exit 2'], env: {WORD: '{{ secrets.SHOP }}'}}\n"
    )
    settings = {"SHOP_FILE": "/work/secret"}
    flags = "--config", "d.yaml", "--results", "/dev/stdout", "-v"
    ended = containers.run(image, *flags, **in_work(work), environment=settings)
    assert ended.code == 5, ended.err
    assert "«SHOP»" in ended.out
    assert "correct horse" not in ended.out + ended.err


# --- a hostile folder --------------------------------------------------------------------------------

TRAP = "import os, sys\nsys.stderr.write('trapped\\n')\nos._exit(99)\n"
MODULES = (
    "json",
    "yaml",
    "typing",
    "argparse",
    "sitecustomize",
    "usercustomize",
    "pydantic",
    "regex",
    "site",
    "encodings",
)


def set_traps(folder: Path) -> None:
    """Put files where a Python that trusts its working folder would import them."""
    for name in MODULES:
        (folder / f"{name}.py").write_text(TRAP)
    for package in ("runner", "runner/cli", "encodings", "jinja2"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text(TRAP)
    (folder / "runner" / "__main__.py").write_text(TRAP)
    line = "import os; os._exit(99)\n"
    site = folder / "home" / ".local" / "lib" / "python3.13" / "site-packages"
    site.mkdir(parents=True)
    for place in (folder, site):
        (place / "x.pth").write_text(line)
        (place / "usercustomize.py").write_text(TRAP)
    (folder / "pyvenv.cfg").write_text("home = /work\n")
    (folder / "python3._pth").write_text("/work\n")


HOSTILE = {
    "HOME": "/work/home",
    "PYTHONPATH": "/work",
    "PYTHONHOME": "/work",
    "PYTHONSTARTUP": "/work/json.py",
    "PYTHONUSERBASE": "/work/home/.local",
    "PYTHONPLATLIBDIR": "/work",
    "PYTHONINSPECT": "1",
    "PYTHONWARNINGS": "error::json.Trap",
}


def test_nothing_in_the_working_folder_is_imported(image: str, containers: Engine, work: Path) -> None:
    set_traps(work)
    (work / "d.yaml").write_text(HEALTH)
    healthy(containers.run(image, "--config", "d.yaml", **in_work(work), environment=HOSTILE))


def test_the_command_in_a_shell_imports_nothing_from_there_either(image: str, containers: Engine, work: Path) -> None:
    set_traps(work)
    (work / "d.yaml").write_text(HEALTH)
    line = "pipeline-runner --config d.yaml"
    healthy(containers.run(image, "sh", "-c", line, **in_work(work), environment=HOSTILE))


def test_the_traps_catch_a_python_that_trusts_its_folder(image: str, containers: Engine, work: Path) -> None:
    set_traps(work)
    ended = containers.run(image, "python3", "-m", "runner", "--version", **in_work(work))
    assert (ended.code, ended.err) == (99, "trapped\n")
