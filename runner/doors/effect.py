"""What a call through a door does to the other side."""

from __future__ import annotations

from enum import StrEnum


class Effect(StrEnum):
    """What a request does to the other side."""

    READ = "read"
    WRITE = "write"
