"""Fixtures of the container tests: the engine, both images, and a step of a workflow as GitHub starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.container.images import TARGETS, Engine, engine, images
from tests.container.steps import Job

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
