"""Whether a name that is not found is to blame, or the machine that asks: a second question beside the first."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from runner.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.deadline import Deadline

PATIENCE: Final = 0.5
"""The part of the time after which somebody who is silent is doubted."""
NOTHING_FOUND: Final = "no resolver of this machine finds anything"


class Doubt:
    """Whether the machine's resolvers find anything at all; asked within the same deadline, and once."""

    def __init__(self, finds: Callable[[Deadline], bool] | None, deadline: Deadline) -> None:
        self._finds = finds
        self._deadline = deadline
        self._begun = False
        self._found = False
        self._answered = threading.Event()

    def begin(self) -> None:
        """Ask, in a thread that is left behind: whoever waits for the first answer goes on waiting."""
        if self._finds is not None and not self._begun and not self._deadline.over:
            self._begun = True
            threading.Thread(target=self._ask, args=(self._finds,), daemon=True).start()

    @contextmanager
    def later(self) -> Iterator[None]:
        """Ask once the block has taken its part of the time."""
        timer = threading.Timer(self._deadline.left * PATIENCE, self.begin)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @property
    def justified(self) -> bool:
        """The resolvers find nothing; waits for their answer as long as there is time."""
        self.begin()
        self._answered.wait(self._deadline.left if self._begun else 0)
        return self._begun and not self._found

    def _ask(self, finds: Callable[[Deadline], bool]) -> None:
        try:
            self._found = finds(self._deadline)
        except NodeError:
            self._found = False
        self._answered.set()
