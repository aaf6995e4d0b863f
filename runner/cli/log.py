"""What people following a run read on stderr: text, or a JSON line each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from runner.reports.escaping import neutralise, well_formed

if TYPE_CHECKING:
    from runner.secrets import Masker

NORMAL: Final = 0


class Log(Protocol):
    """Where a command speaks to people; everything is masked, and nothing from outside is a command."""

    def info(self, text: str) -> None:
        """Say what is happening."""

    def detail(self, text: str) -> None:
        """Say what only someone looking for a fault wants to know."""

    def warning(self, text: str) -> None:
        """Say what deserves a look."""

    def error(self, text: str) -> None:
        """Say what went wrong; several lines are fine."""

    def group(self, title: str) -> None:
        """Begin the lines of a node."""

    def end_group(self) -> None:
        """End them."""

    def raw(self, line: str) -> None:
        """Write a line for the CI system as it is, but for secrets."""

    def unmasked(self, line: str) -> None:
        """Write the line that teaches the CI system a secret."""


class TextLog:
    """Lines of text; on GitHub with its groups."""

    def __init__(self, stream: TextIO, masker: Masker, *, verbosity: int, github: bool) -> None:
        self._stream = stream
        self._masker = masker
        self._verbosity = verbosity
        self._github = github

    def info(self, text: str) -> None:
        """Say what is happening."""
        if self._verbosity >= NORMAL:
            self._lines("", text)

    def detail(self, text: str) -> None:
        """Say what only someone looking for a fault wants to know."""
        if self._verbosity > NORMAL:
            self._lines("", text)

    def warning(self, text: str) -> None:
        """Say what deserves a look."""
        self._lines("warning: ", text)

    def error(self, text: str) -> None:
        """Say what went wrong."""
        self._lines("error: ", text)

    def group(self, title: str) -> None:
        """Begin the lines of a node."""
        if self._github:
            self.raw(f"::group::{neutralise(title)}")
        else:
            self.info(f"▸ {title}")

    def end_group(self) -> None:
        """End them."""
        if self._github:
            self.raw("::endgroup::")

    def raw(self, line: str) -> None:
        """Write a line as it is, but for secrets."""
        self._write(self._masker.mask(line))

    def unmasked(self, line: str) -> None:
        """Write the line that teaches the CI system a secret."""
        if self._github:
            self._write(line)

    def _lines(self, prefix: str, text: str) -> None:
        first, *rest = self._masker.mask(text).splitlines() or [""]
        self._write(prefix + neutralise(first))
        for line in rest:
            self._write(neutralise(line))

    def _write(self, line: str) -> None:
        try:
            self._stream.write(well_formed(line) + "\n")
            self._stream.flush()
        except BrokenPipeError:
            return


class JsonLog:
    """One JSON object a line."""

    def __init__(self, stream: TextIO, masker: Masker, *, verbosity: int) -> None:
        self._stream = stream
        self._masker = masker
        self._verbosity = verbosity

    def info(self, text: str) -> None:
        """Say what is happening."""
        if self._verbosity >= NORMAL:
            self._event("info", text)

    def detail(self, text: str) -> None:
        """Say what only someone looking for a fault wants to know."""
        if self._verbosity > NORMAL:
            self._event("debug", text)

    def warning(self, text: str) -> None:
        """Say what deserves a look."""
        self._event("warning", text)

    def error(self, text: str) -> None:
        """Say what went wrong."""
        self._event("error", text)

    def group(self, title: str) -> None:
        """Begin the lines of a node."""
        self.info(title)

    def end_group(self) -> None:
        """End them: nothing to write here."""

    def raw(self, line: str) -> None:
        """Leave out what is meant for a CI system."""

    def unmasked(self, line: str) -> None:
        """Leave it out: a JSON log is no CI system's."""

    def _event(self, level: str, text: str) -> None:
        event = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "message": text}
        self._stream.write(json.dumps(self._masker.mask_tree(event)) + "\n")
        self._stream.flush()
