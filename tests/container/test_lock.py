"""The lock has wheels for every machine that the image is built for; only the index can tell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.container.images import ROOT
from tests.support import needs

if TYPE_CHECKING:
    from subprocess import CompletedProcess

UV: Final = Path(sys.executable).with_name("uv")
PLATFORMS: Final = ("x86_64-manylinux_2_40", "aarch64-manylinux_2_40")
"""Debian 13 has glibc 2.41."""


def resolved(folder: Path, platform: str, *lines: str) -> CompletedProcess[str]:
    """Resolve the lock, or some lines, for a platform as the image's build does; nothing is downloaded or installed."""
    lock = folder / "requirements.txt"
    lock.write_text("\n".join(lines) or (ROOT / "requirements.lock").read_text())
    flags = ("--dry-run", "--no-cache", "--only-binary", ":all:", "--no-deps")
    where = ("--target", str(folder / "site"), "--python-version", "3.13", "--python-platform", platform)
    return subprocess.run(
        [str(UV), "pip", "install", *flags, *where, "--requirement", str(lock)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_wheel_of_the_lock_is_there(platform: str, tmp_path: Path) -> None:
    answers = resolved(tmp_path, platform, "certifi").returncode == 0
    needs("container", answers, "no package index answers")
    done = resolved(tmp_path, platform)
    assert done.returncode == 0, done.stderr
