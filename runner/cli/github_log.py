"""The log as GitHub's runner reads it: text that is data, and commands of ours between it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.fence import Fence
from runner.cli.log import NORMAL, TextLog
from runner.reports.commands import endgroup, group
from runner.reports.escaping import well_formed

if TYPE_CHECKING:
    from typing import TextIO

    from runner.secrets import Masker


class GitHubLog(TextLog):
    """Lines of text behind a fence, with the commands of GitHub's runner between them."""

    def __init__(self, stream: TextIO, masker: Masker, *, verbosity: int) -> None:
        super().__init__(stream, masker, verbosity=verbosity)
        self._fence = Fence(stream)
        self._grouped = False

    def group(self, title: str) -> None:
        """Begin the lines of a node; the fence is up as long as it runs, for it may find a way to the stream itself."""
        if self._verbosity >= NORMAL:
            self.command(group(title))
            self._grouped = True
        self.guard()

    def end_group(self) -> None:
        """End them."""
        if self._grouped:
            self.command(endgroup())
            self._grouped = False

    def command(self, line: str) -> None:
        """Write a command."""
        self.teach(self._masker.mask(line))

    def teach(self, line: str) -> None:
        """Write a command that is to hold a secret."""
        with self._patient():
            self._fence.command(well_formed(line))

    def guard(self) -> None:
        """Put up the fence."""
        with self._patient():
            self._fence.rise()

    def end(self) -> None:
        """Take it down."""
        self.end_group()
        with self._patient():
            self._fence.end()

    def _write(self, line: str) -> None:
        with self._patient():
            self._fence.text(well_formed(line) + "\n")
