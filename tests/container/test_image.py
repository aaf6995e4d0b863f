"""What is in the images, and what is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.container.images import ENTRYPOINT, TINI, started_by

if TYPE_CHECKING:
    from docker import DockerClient

    from tests.container.images import Engine

SHELL = started_by(["sh", "-c"])
MEGABYTES = 200
STALE = """
import importlib.util, json, marshal, pathlib, sys
wrong = []
for folder in filter(None, sys.path[1:]):
    for source in pathlib.Path(folder).rglob("*.py") if pathlib.Path(folder).is_dir() else ():
        compiled = pathlib.Path(importlib.util.cache_from_source(source))
        data = compiled.read_bytes() if compiled.exists() else b""
        if data[4:8] != bytes([1, 0, 0, 0]) or marshal.loads(data[16:]).co_filename != str(source):
            wrong.append(str(source))
print(json.dumps(wrong))
"""
"""Modules that are not compiled, or for whose compiled file Python would look at the source."""


def test_it_takes_no_more_than_its_limit(image: str, client: DockerClient) -> None:
    assert client.images.get(image).attrs["Size"] <= MEGABYTES * 1_000_000


def test_it_says_what_it_is(image: str, client: DockerClient) -> None:
    labels = {name: text for name, text in client.images.get(image).labels.items() if "opencontainers" in name}
    assert labels == {
        "org.opencontainers.image.title": "pipeline-runner",
        "org.opencontainers.image.description": "A containerised runner for health pipelines as code",
        "org.opencontainers.image.source": "https://github.com/org/pipeline-action",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.version": "dev",
        "org.opencontainers.image.revision": "unknown",
    }


def test_its_first_words_are_no_shell(image: str, client: DockerClient) -> None:
    assert client.images.get(image).attrs["Config"]["Entrypoint"] == [*TINI, *ENTRYPOINT]


@pytest.mark.parametrize(("target", "user"), [("runtime", "65532:65532"), ("action", "")])
def test_only_the_action_starts_as_root(target: str, user: str, built: dict[str, str], client: DockerClient) -> None:
    assert client.images.get(built[target]).attrs["Config"].get("User", "") == user


def test_the_runtime_runs_as_nobodys_user(runtime: str, containers: Engine) -> None:
    assert containers.run(runtime, "id", "-u").out == "65532\n"


def test_nothing_installs_or_compiles(image: str, containers: Engine) -> None:
    words = "pip pip3 uv easy_install cc gcc c++ g++ clang ld as strip make cmake git curl wget"
    ended = containers.run(image, f"for word in {words}; do command -v $word; done; true", **SHELL)
    assert (ended.code, ended.out) == (0, "")
    modules = "pip", "ensurepip", "setuptools", "test", "idlelib", "tkinter"
    asked = f"from importlib.util import find_spec; print([one for one in {modules} if find_spec(one)])"
    assert containers.run(image, "python3", "-I", "-c", asked).out == "[]\n"


def test_no_cache_or_log_is_left(image: str, containers: Engine) -> None:
    places = "/build /site /root/.cache /var/cache /var/lib/apt/lists /var/log /usr/share/doc /usr/share/man"
    ended = containers.run(image, f"find {places} -type f 2>/dev/null; true", user="0", **SHELL)
    assert (ended.code, ended.out) == (0, "")


def test_only_two_folders_are_writable_for_all(image: str, containers: Engine) -> None:
    looked = "find / -xdev ! -type l -perm -o=w ! -path '/proc/*' ! -path '/dev/*' ! -path '/sys/*'"
    assert containers.run(image, looked, user="0", **SHELL).out.split() == ["/tmp", "/work"]  # noqa: S108 - of the image


def test_everybody_reads_the_runner_and_only_root_writes_it(image: str, containers: Engine) -> None:
    places = "/opt /usr/local"
    looked = f"find {places} ! -type l \\( ! -perm -o=r -o -perm /go=w -o ! -user root \\)"
    assert containers.run(image, looked, user="0", **SHELL).out == ""


def test_no_program_lends_its_rights(image: str, containers: Engine) -> None:
    assert containers.run(image, "find / -xdev -type f -perm /6000", user="0", **SHELL).out == ""


def test_everything_is_compiled_for_good(image: str, containers: Engine) -> None:
    ended = containers.run(image, "-I", "-c", STALE, **started_by(["python3"]))
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == []


def test_it_is_debians_python(image: str, containers: Engine) -> None:
    asked = "import sys, ssl, sqlite3, ctypes, zoneinfo; print(*sys.version_info[:2], sys.executable)"
    assert containers.run(image, "python3", "-I", "-c", asked).out == "3 13 /usr/bin/python3\n"


# --- what it starts --------------------------------------------------------------------------------


def test_the_version_is_told(image: str, containers: Engine) -> None:
    ended = containers.run(image, "--version")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("pipeline-runner ")


@pytest.mark.parametrize(
    ("command", "code", "out"),
    [
        (("sh", "-c", "echo $0 and $1; exit 7", "one", "two words"), 7, "one and two words"),
        (("bash", "-c", "echo ${BASH_VERSION:+bash}; exit 0"), 0, "bash"),
        (("cat", "/etc/hostname"), 0, "shop-1"),
        (("python3", "-c", "print(6 * 7)"), 0, "42"),
        (("/bin/echo", "a  b"), 0, "a  b"),
        (("sh", "-c", "kill -9 $$"), 137, ""),
    ],
    ids=["sh", "bash", "cat", "python", "a path", "killed"],
)
def test_another_program_is_started_in_its_place(
    command: tuple[str, ...], code: int, out: str, image: str, containers: Engine
) -> None:
    ended = containers.run(image, *command, hostname="shop-1")
    assert (ended.code, ended.out.strip()) == (code, out)


def test_a_shell_finds_the_command(image: str, containers: Engine) -> None:
    ended = containers.run(image, "sh", "-c", "cd / && pipeline-runner --version && pipeline-runner list checks")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("pipeline-runner ")


def test_a_word_that_is_no_program_is_a_usage_error(image: str, containers: Engine) -> None:
    ended = containers.run(image, "vaildate")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == 'error: unknown command "vaildate" — did you mean "validate"?\n'


def test_a_command_of_ours_comes_before_a_program_of_that_name(image: str, containers: Engine) -> None:
    ended = containers.run(image, "list", "drivers", environment={"PATH": "/bin:/work"})
    assert ended.code == 0, ended.err
    assert "slack" in ended.out
