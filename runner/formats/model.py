"""What a format is, and what it makes of a payload."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from runner.records import record

if TYPE_CHECKING:
    from runner.facts import Alert
    from runner.results import Problem

Payload: TypeAlias = Mapping[str, Any]
"""A JSON object from outside: any key may be missing, null or of another type."""


@record
class Parsed:
    """What stands in a payload."""

    alerts: tuple[Alert, ...]
    group_key: str = ""
    """What the sender calls the group that these alerts belong to; empty where it does not group."""
    truncated: int = 0
    """Alerts that the sender left out."""
    ignored: int = 0
    """Entries of the list of alerts that are no alert at all."""
    problems: tuple[Problem, ...] = ()
    """What the sender says and could not be understood."""


class Format(ABC):
    """A kind of payload that alerts arrive in."""

    looks_for: ClassVar[str]
    """What it is recognised by, for people."""
    refines: ClassVar[tuple[str, ...]] = ()
    """Formats whose shape it keeps and adds to: a payload that fits both is of this one."""

    @abstractmethod
    def detect(self, payload: Payload) -> str | None:
        """Say why the payload is of this format, or None where it is not."""

    @abstractmethod
    def parse(self, payload: Payload) -> Parsed:
        """Read the alerts; none at all where there are none.

        Raises `NodeError` (`no_alert`) where it can say better why there are none.
        """

    @abstractmethod
    def sample(self) -> dict[str, Any]:
        """Return a payload to try a definition with."""
