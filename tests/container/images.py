"""The images as tests build and run them, through the API of whatever container engine answers."""

from __future__ import annotations

import fcntl
import gc
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import IO, TYPE_CHECKING, Any, Final
from uuid import uuid4

import docker
from docker.errors import BuildError, DockerException

from tests.support import needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from docker import DockerClient
    from docker.models.containers import Container

ROOT: Final = Path(__file__).parents[2]
TARGETS: Final = ("runtime", "action")
PYTHON: Final = ("/usr/bin/python3", "-I")
ENTRYPOINT: Final = (*PYTHON, "/opt/pipeline-runner/entrypoint.py")
"""What starts the runner, but for tini before it."""
TINI: Final = ("/usr/bin/tini", "-s", "-g", "--")
SECONDS: Final = 90
"""Patience with a container, far beyond what any of them takes."""


def engine() -> DockerClient:
    """Return a client of the engine that answers; skip the test where none does."""
    reason = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a client that gets no answer leaves its socket open
        try:
            return docker.from_env(timeout=600)
        except DockerException as error:
            reason = f"no container engine answers: {error}"
        gc.collect()
    needs("container", available=False, reason=reason)
    raise AssertionError


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one process at a time do what the block does."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def images(client: DockerClient) -> Iterator[dict[str, str]]:
    """Build both images, under names of their own that are gone afterwards; processes build one after the other."""
    names = {target: f"pipeline-runner-test:{target}-{uuid4().hex[:12]}" for target in TARGETS}
    try:
        with alone(Path(gettempdir()) / "pipeline-runner-test.lock"):
            for target, name in names.items():
                build(client, ROOT, target=target, tag=name)
        yield names
    finally:
        drop(client, *names.values())


def drop(client: DockerClient, *names: str) -> None:
    """Remove images by their names; the layers stay, and make the next build short."""
    for name in names:
        if client.images.list(name):
            client.images.remove(name, force=True, noprune=True)


def build(client: DockerClient, folder: Path, **options: Any) -> None:  # noqa: ANN401 - the options of the SDK
    """Build an image with the network of this machine, which may reach registries where a bridge does not."""
    _build(client, path=str(folder), **options)


def build_from(client: DockerClient, lines: IO[bytes], *, tag: str) -> None:
    """Build an image from lines that need no files."""
    _build(client, fileobj=lines, tag=tag)


def _build(client: DockerClient, **options: Any) -> None:  # noqa: ANN401 - likewise
    try:
        client.images.build(network_mode="host", rm=True, forcerm=True, **options)
    except BuildError as error:
        lines = "".join(str(line.get("stream", "")) for line in error.build_log)
        raise AssertionError(f"the image cannot be built: {error}\n{lines[-4000:]}") from error


@dataclass(frozen=True)
class Ended:
    """A container that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Engine:
    """Starts containers that are gone when the test is."""

    client: DockerClient
    started: list[Container]

    def start(self, image: str, *command: str, **options: Any) -> Container:  # noqa: ANN401 - the options of the SDK
        """Start a container without a network, but for options that say otherwise."""
        if "network" not in options:
            options.setdefault("network_mode", "none")
        container: Container = self.client.containers.run(image, list(command), detach=True, **options)
        self.started.append(container)
        return container

    def run(self, image: str, *command: str, **options: Any) -> Ended:  # noqa: ANN401 - likewise
        """Run a container to its end."""
        return ended(self.start(image, *command, **options))

    def remove(self) -> None:
        """Remove what was started."""
        for container in self.started:
            container.remove(force=True)


def ended(container: Container) -> Ended:
    """Wait for the end of a container."""
    code = int(container.wait(timeout=SECONDS)["StatusCode"])
    return Ended(code, said(container, "stdout"), said(container, "stderr"))


def said(container: Container, stream: str) -> str:
    """Return what a container has written so far."""
    return container.logs(stdout=stream == "stdout", stderr=stream == "stderr").decode()


def until(container: Container, text: str) -> None:
    """Wait until a container says something on stderr."""
    end = time.monotonic() + SECONDS
    while text not in said(container, "stderr"):
        container.reload()
        assert container.status in {"created", "running"}, said(container, "stderr")
        assert time.monotonic() < end, said(container, "stderr")
        time.sleep(0.02)


def mounted(places: Mapping[Path, str], *, mode: str = "rw") -> dict[str, dict[str, str]]:
    """Return the mounts of folders, as the SDK takes them."""
    return {str(folder): {"bind": place, "mode": mode} for folder, place in places.items()}


def started_by(words: Sequence[str]) -> dict[str, Any]:
    """Return the options that start a container by other words than the image's own."""
    return {"entrypoint": list(words)}
