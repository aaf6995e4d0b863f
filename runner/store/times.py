"""Moments as the tables have them: texts that sort by time in every database."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with microseconds, always 27 characters."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(stamp: str) -> datetime:
    """Read it back."""
    return datetime.fromisoformat(stamp)
