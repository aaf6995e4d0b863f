"""What somebody at a terminal sees while a run goes on, and what stands there in the end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import termios
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.cli.live import LiveLog
from runner.secrets import Masker, Secret
from tests.terminal import opened, screen_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

GOLDEN = Path(__file__).with_name("golden")
WIDTHS = [60, 80, 120, 200]
LONG = "the_front_page_of_the_shop_as_people_who_are_not_logged_in_see_it_from_the_other_side"
DEFINITION = f"""\
version: "1.0"
name: shop
nodes:
  - id: look
    type: context
    config:
      checks:
        - {{type: command, name: {LONG}, argv: [sh, -c, "until [ -e go ]; do sleep 0.05; done"]}}
        - {{type: command, name: slow, argv: [sh, -c, "until [ -e go ]; do sleep 0.05; done"]}}
        - {{type: command, name: quick, argv: ["true"]}}
    next: pick
  - {{id: pick, type: transform, config: {{extract: nothing}}, required: false}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a definition that goes on once there is a file `go`."""
    (tmp_path / "shop.yaml").write_text(DEFINITION, encoding="utf-8")
    return tmp_path


def running(lines: list[str]) -> list[str]:
    """Return the lines of a screen that say what runs."""
    return [line for line in lines if re.match(r" +\d+s  ", line)]


def settled(lines: list[str]) -> bool:
    """Say whether a screen shows the node and the two checks that wait."""
    return len(running(lines)) == 3


@pytest.mark.parametrize("width", WIDTHS)
def test_the_screen_reads_as_agreed(cli: Cli, folder: Path, width: int) -> None:
    terminal = opened(["--config", "shop.yaml"], folder, width=width)
    meanwhile = terminal.wait_for(settled)
    (folder / "go").touch()
    assert terminal.wait() == 0
    told = [re.sub(r"^( +)\d+s  ", r"\g<1>0s  ", line) for line in meanwhile]
    text = "\n".join([*told, "-" * width, *terminal.lines, ""])
    path = GOLDEN / f"screen-{width}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")
    shutil.rmtree(folder / ".pipeline")  # what it remembers would be told
    plain = cli("--config", "shop.yaml")
    assert terminal.lines == screen_of((plain.err + plain.out).replace("\n", "\r\n").encode(), width)


def test_what_runs_is_cut_to_one_line_each(folder: Path) -> None:
    terminal = opened(["--config", "shop.yaml"], folder, width=60)
    node, long, slow = running(terminal.wait_for(settled))
    assert node.endswith("s  look (context)")
    assert long.endswith("s  the_front_page_of_the_shop_as_people_who_are_not_…")
    assert len(long) <= 60
    assert slow.endswith("s  slow")
    (folder / "go").touch()
    assert terminal.wait() == 0


def test_an_interrupt_leaves_the_terminal_as_it_was(folder: Path) -> None:
    terminal = opened(["--config", "shop.yaml"], folder)
    terminal.wait_for(settled)
    terminal.type(b"\x03")
    ended = terminal.wait_for(lambda lines: any(line.startswith("✗ Pipeline failed") for line in lines))
    assert termios.tcgetattr(terminal.master) == terminal.before
    assert terminal.wait() == 130
    assert running(ended) == []
    assert "^C" not in "\n".join(ended)
    assert not terminal.hides_the_cursor


def test_the_cursor_is_there_even_after_a_kill(folder: Path) -> None:
    terminal = opened(["--config", "shop.yaml"], folder)
    terminal.wait_for(settled)
    os.kill(terminal.pid, signal.SIGKILL)
    assert terminal.wait() == -signal.SIGKILL
    assert not terminal.hides_the_cursor


@pytest.mark.parametrize(
    ("flags", "env"),
    [
        (["-q"], {}),
        ([], {"TERM": "dumb"}),
        ([], {"TERM": ""}),
        ([], {"CI": "true"}),
        ([], {"GITHUB_ACTIONS": "true"}),
        ([], {"PIPELINE_LOG_FORMAT": "json"}),
    ],
    ids=["quiet", "dumb", "no terminal type", "CI", "GitHub", "JSON"],
)
def test_nothing_is_drawn_where_nobody_wants_it(folder: Path, flags: list[str], env: dict[str, str]) -> None:
    text = DEFINITION.replace("until [ -e go ]; do sleep 0.05; done", "sleep 1")
    (folder / "shop.yaml").write_text(text, encoding="utf-8")
    terminal = opened(["--config", "shop.yaml", "--color", "never", *flags], folder, env=env)
    assert terminal.wait() == 0
    assert b"\x1b" not in terminal.sent


class Pseudo:
    """A log on a pseudo-terminal of this process, and a thread that reads what it is sent."""

    def __init__(self, masker: Masker) -> None:
        self._master, slave = os.openpty()
        self.stream = os.fdopen(slave, "w", encoding="utf-8")
        self.log = LiveLog(self.stream, masker, verbosity=0, environ={"TERM": "xterm", "COLUMNS": "70", "LINES": "50"})
        self.sent = b""
        self.drawn = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            self.sent += data
            if b"s  " in data:
                self.drawn.set()

    def close(self) -> list[str]:
        """End the log; return what stands on the screen."""
        self.log.end()
        self.stream.close()
        self._reader.join()
        os.close(self._master)
        return screen_of(self.sent, 70, 400)


def test_no_line_of_the_log_is_lost_between_drawings() -> None:
    here = Pseudo(Masker())
    here.log.group("look (context)")
    with here.log.busy("home"):
        assert here.drawn.wait(20)
        for number in range(300):
            here.log.info(f"line {number}")
    here.log.end_group()
    assert here.close() == ["▸ look (context)", *(f"line {number}" for number in range(300))]


def test_more_than_fit_are_counted_and_secrets_are_masked() -> None:
    masker = Masker()
    masker.add(Secret("TOKEN", "opensesame"))
    here = Pseudo(masker)
    here.log.group("look (context)")
    blocks = [here.log.busy(f"opensesame\x1b[2J {number} {'漢字' * 40}") for number in range(11)]
    for block in blocks:
        block.__enter__()
    assert here.drawn.wait(20)
    meanwhile = screen_of(here.sent, 70)
    here.log.end_group()
    for block in blocks:  # as threads that are left behind do
        block.__exit__(None, None, None)
    assert here.close() == ["▸ look (context)"]
    assert b"opensesame" not in here.sent
    assert meanwhile[-1] == "          and 3 more"
    assert len(running(meanwhile)) == 9


SHORT = """
import sys
from runner.cli.main import main
code = main(["--config", "short.yaml"])
print(code, [name for name in sys.modules if name.startswith("rich")])
"""


def test_a_short_run_at_a_terminal_draws_nothing_and_imports_nothing_that_draws(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text('version: "1.0"\nnodes: [{id: a, type: transform}]\n')
    terminal = opened([], tmp_path, command=("-c", SHORT))
    assert terminal.wait() == 0
    assert terminal.lines[-1] == "0 []"


def test_a_list_is_wrapped_beside_its_names_on_a_narrow_terminal(cli: Cli, tmp_path: Path) -> None:
    terminal = opened(["list", "checks"], tmp_path, width=60)
    assert terminal.wait() == 0
    piped = cli("list", "checks").out
    assert max(map(len, piped.splitlines())) > 60 >= max(map(len, terminal.lines))
    assert " ".join(terminal.lines).split() == piped.split()
    assert [line for line in terminal.lines[1:] if not re.match(r"  \w+ +\w| {21}[\w`]", line)] == []


@pytest.mark.parametrize("arguments", [("show", "process"), ("explain", "E203")], ids=" ".join)
def test_a_page_is_wrapped_on_a_narrow_terminal_and_nowhere_else(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    terminal = opened([*arguments], tmp_path, width=60)
    assert terminal.wait() == 0
    piped = cli(*arguments).out
    assert max(map(len, piped.splitlines())) > 60 >= max(map(len, terminal.lines))
    assert "".join("".join(terminal.lines).split()) == "".join(piped.split())
    shown = {word for line in terminal.lines for word in line.split() if "://" not in word and word != "E203.html"}
    assert shown <= set(piped.split())  # no word is cut, but by the terminal an address that is longer than a line


def test_the_history_has_two_lines_a_run_on_a_narrow_terminal(cli: Cli, folder: Path) -> None:
    (folder / "go").touch()
    assert cli("--config", "shop.yaml").code == 0
    terminal = opened(["history", "-q"], folder, width=60)
    assert terminal.wait() == 0
    piped = cli("history", "-q").out.splitlines()
    assert len(piped) == 2
    head, name, first, second = terminal.lines
    assert (head, name.split()) == (
        "RUN       STARTED           VERDICT  EXIT  TIME",
        ["DEFINITION", "ENVIRONMENT", "STATUS", "FINDINGS"],
    )
    *cells, _time = piped[1].split()
    assert {*cells} < {*f"{first} {second}".split()}
