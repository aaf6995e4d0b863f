"""What people following a run read on stderr: text, text on GitHub, or a JSON line each."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TextIO

from runner.reports.escaping import inert, neutralise, well_formed
from runner.reports.values import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from runner.secrets import Masker

NORMAL: Final = 0


class Log(ABC):
    """Where a command speaks to people; everything is masked, and nothing from outside is a command."""

    def __init__(self, stream: TextIO, masker: Masker, *, verbosity: int) -> None:
        self._stream = stream
        self._masker = masker
        self._verbosity = verbosity

    def info(self, text: str) -> None:
        """Say what is happening."""
        if self._verbosity >= NORMAL:
            self._say("info", text)

    def detail(self, text: str) -> None:
        """Say what only someone looking for a fault wants to know."""
        if self._verbosity > NORMAL:
            self._say("debug", text)

    def warning(self, text: str) -> None:
        """Say what deserves a look."""
        self._say("warning", text)

    def error(self, text: str) -> None:
        """Say what went wrong; several lines are fine."""
        self._say("error", text)

    def group(self, title: str) -> None:
        """Begin the lines of a node."""
        self.info(title)

    def end_group(self) -> None:  # noqa: B027 - most logs have nothing to write here
        """End them."""

    def busy(self, name: str) -> AbstractContextManager[object]:
        """Hear what a node is busy with while the block runs."""
        return nullcontext(name)

    def command(self, line: str) -> None:  # noqa: B027 - most logs are no CI system's
        """Write a line for the CI system as it is, but for secrets."""

    def teach(self, line: str) -> None:  # noqa: B027 - likewise
        """Write the line that teaches the CI system a secret."""

    def guard(self) -> None:  # noqa: B027 - likewise
        """Make the CI system take for data what others write next, in the place of the log."""

    def end(self) -> None:  # noqa: B027 - likewise
        """End the log: what is said from here on is lost."""

    @abstractmethod
    def _say(self, level: str, text: str) -> None:
        """Write a text."""

    def _write(self, line: str) -> None:
        with self._patient():
            self._stream.write(well_formed(line) + "\n")
            self._stream.flush()

    @contextmanager
    def _patient(self) -> Iterator[None]:
        """Write to a stream that may take nothing: nobody is left to tell."""
        try:
            yield
        except OSError:
            silence(self._stream)


def silence(stream: TextIO) -> None:
    """Lead a stream that takes nothing nowhere: what its buffer holds would fail again on leaving, with code 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class TextLog(Log):
    """Lines of text."""

    def group(self, title: str) -> None:
        """Begin the lines of a node."""
        self.info(f"▸ {title}")

    def _say(self, level: str, text: str) -> None:
        prefix = f"{level}: " if level in {"warning", "error"} else ""
        first, *rest = self._masker.mask(text).splitlines() or [""]
        self._write(neutralise(prefix + first))
        for line in rest:
            self._write(neutralise(line))


class JsonLog(Log):
    """One JSON object a line; on GitHub, what teaches it a secret stands before the first as the command that it is."""

    def teach(self, line: str) -> None:
        """Write the command."""
        self._write(line)

    def _say(self, level: str, text: str) -> None:
        event = {"time": time_text(datetime.now(UTC)), "level": level, "message": self._masker.mask(text)}
        self._write(inert(json.dumps(event)))


def masked_line(line: str, masker: Masker) -> str:
    """Mask the texts in a line of JSON, and nothing that holds it together."""
    value = json.loads(line)
    masked = masker.mask_tree(value)
    return line if masked is value else json.dumps(masked)
