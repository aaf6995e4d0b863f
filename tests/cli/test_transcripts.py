"""What newcomers see when they make a mistake: the whole of it, from the real process, as transcripts to be read."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.mistakes import CLOSED_PORT, MISTAKES, WRONG_PORT
from tests.conftest import CLEAN
from tests.support import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.mistakes import Mistake

TRANSCRIPTS = Path(__file__).with_name("transcripts")
ALONE = ("unshare", "--user", "--map-root-user", "--net")
"""Without any network."""
POWERLESS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""As somebody who may not read everything: for root, permissions are no obstacle."""
VARYING = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "0f3a…"),
    (r"\b\d+(\.\d+)? ?ms\b", "12ms"),
    (r"the user \d+,", "the user 1000,"),
]
"""What is different in every run, and what stands for it."""


def test_twenty_mistakes_and_more_are_tried() -> None:
    assert len({one.name for one in MISTAKES}) == len(MISTAKES) > 20
    written = {path.stem for path in TRANSCRIPTS.glob("*.txt")}
    assert written == {one.name for one in MISTAKES}


@pytest.mark.parametrize("mistake", MISTAKES, ids=[one.name for one in MISTAKES])
def test_a_mistake_is_answered_as_agreed(mistake: Mistake, tmp_path: Path) -> None:
    path = TRANSCRIPTS / f"{mistake.name}.txt"
    with ports() as numbers:
        seen = transcript(mistake, tmp_path, numbers)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(seen, encoding="utf-8", newline="\n")
    assert seen == path.read_text(encoding="utf-8")


def transcript(mistake: Mistake, folder: Path, numbers: dict[str, str]) -> str:
    """Make a mistake, and write down what is seen of it."""
    for name, text in mistake.files.items():
        where = folder / name
        where.parent.mkdir(parents=True, exist_ok=True)
        for word, number in numbers.items():
            text = text.replace(word, number)  # noqa: PLW2901 - one after the other
        where.write_text(text, encoding="utf-8", newline="")
    for name in mistake.unreadable:
        (folder / name).chmod(0)
    done = subprocess.run(
        [*before(mistake), sys.executable, "-m", "runner", *mistake.arguments],
        cwd=folder,
        env=CLEAN,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    parts = [f"$ {shlex.join(['pipeline-runner', *mistake.arguments])}\n"]
    parts += [f"--- {name} ---\n{text}" for name, text in (("stdout", done.stdout), ("stderr", done.stderr)) if text]
    text = "".join(parts) + f"--- exit code {done.returncode} ---\n"
    for word, number in numbers.items():
        text = text.replace(number, word)
    text = text.replace(str(folder), "/home/you/shop").replace(str(folder.parent), "/home/you")
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return text


def before(mistake: Mistake) -> tuple[str, ...]:
    """Return what has to stand before the command."""
    if mistake.alone:
        able = shutil.which(ALONE[0]) and subprocess.run([*ALONE, "true"], check=False).returncode == 0
        needs("unshare", able, "nobody may make a network namespace here")
        return ALONE
    if mistake.unreadable and os.geteuid() == 0:
        needs("setpriv", shutil.which(POWERLESS[0]), "root cannot give away its power here")
        return POWERLESS
    return ()


@contextmanager
def ports() -> Iterator[dict[str, str]]:
    """Return a port that nobody listens on, and one where something answers that is no HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        threading.Thread(target=refuse, args=(server,), daemon=True).start()
        yield {CLOSED_PORT: str(closed.getsockname()[1]), WRONG_PORT: str(server.getsockname()[1])}
        server.shutdown(socket.SHUT_RDWR)


def refuse(server: socket.socket) -> None:
    """Answer everybody as a mail server does that is spoken to in HTTP, and hang up."""
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client:
            client.recv(1024)
            client.sendall(b"500 5.5.1 command unrecognized\r\n")
