"""What runs at this moment, below the last line of the log, for somebody who sits at a terminal."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from runner.cli.log import TextLog
from runner.reports.escaping import neutralise, one_line
from runner.spec import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

    from rich.live import Live
    from rich.text import Text

    from runner.secrets import Masker

_SECONDS: Final = 0.25
"""Between two looks; what is over by then was never shown, and needs no library that draws."""
_MOST: Final = 8
"""Lines of things that run at the same time."""
_LONGEST: Final = 500
_NODE: Final = object()
"""Marks the node among what runs."""


class LiveLog(TextLog):
    """Lines of text as without a terminal, and below them, for as long as it runs, a node and what it is busy with.

    The cursor stays as it is, so that whatever ends the process leaves the terminal whole.
    """

    def __init__(self, stream: TextIO, masker: Masker, *, verbosity: int, environ: Mapping[str, str]) -> None:
        super().__init__(stream, masker, verbosity=verbosity)
        self._environ = environ
        self._lock = threading.RLock()
        self._running: dict[object, tuple[str, float]] = {}
        self._live: Live | None = None
        self._painter: threading.Thread | None = None
        self._ended = threading.Event()

    def group(self, title: str) -> None:
        """Begin the lines of a node, and draw it while it runs."""
        super().group(title)
        with self._lock:
            self._running[_NODE] = (title, time.monotonic())
            if self._painter is None:
                self._painter = threading.Thread(target=self._paint, daemon=True)
                self._painter.start()

    def end_group(self) -> None:
        """Draw nothing any more."""
        with self._lock:
            self._running.clear()
            live, self._live = self._live, None
            if live is not None:
                with self._patient():
                    live.stop()

    @contextmanager
    def busy(self, name: str) -> Iterator[None]:
        """Draw something that a node is busy with; a thread that was left behind may come back to end it any time."""
        mark = object()
        with self._lock:
            self._running[mark] = (name, time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                self._running.pop(mark, None)

    def end(self) -> None:
        """End the log."""
        self.end_group()
        self._ended.set()

    def _write(self, line: str) -> None:
        with self._lock:
            if self._live is None:
                super()._write(line)
            else:
                with self._patient():
                    self._live.console.out(line, highlight=False)

    def _paint(self) -> None:
        while not self._ended.wait(_SECONDS):
            with self._lock, self._patient():
                self._draw()

    def _draw(self) -> None:
        """Draw a node that is not over within a moment."""
        if _NODE not in self._running or time.monotonic() - self._running[_NODE][1] < _SECONDS:
            return
        if self._live is None:
            self._live = _drawing(self._region, self._stream, self._environ)
            self._live.start()
            self._live.console.show_cursor()
        self._live.refresh()

    def _region(self) -> Text:
        """Lay out what runs: the time first, for it is never cut."""
        from rich.text import Text  # noqa: PLC0415 - only where something is drawn

        if not self._running:
            return Text()
        now = time.monotonic()
        node, *others = [f"{_elapsed(now - began):>6}  {self._name(name)}" for name, began in self._running.values()]
        more = [f"{'':>6}  and {len(others) - _MOST} more"] if len(others) > _MOST else []
        shown = [node, *(f"  {other}" for other in (*others[:_MOST], *more))]
        return Text("\n".join(shown), no_wrap=True, overflow="ellipsis")

    def _name(self, name: str) -> str:
        return neutralise(one_line(self._masker.mask(name), _LONGEST))


def _drawing(region: Callable[[], Text], stream: TextIO, environ: Mapping[str, str]) -> Live:
    """Begin to draw below what is written."""
    from rich.console import Console  # noqa: PLC0415 - only where something takes long at a terminal
    from rich.live import Live  # noqa: PLC0415 - with it

    console = Console(file=stream, force_terminal=True, highlight=False, _environ=environ)
    return Live(
        get_renderable=region,
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _elapsed(seconds: float) -> str:
    return duration_text(int(seconds)) if seconds >= 1 else "0s"
