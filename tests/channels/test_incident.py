from __future__ import annotations

import pytest

from runner.channels.incident import dedup_key

FROZEN = "ec06e75df4ee3aca8899df7952f6aa413a02944cc9defde141521c8f2e008e03"


def test_the_key_of_an_incident_is_frozen() -> None:
    """SHA-256 of `["web-health","production","ops"]`: another value would strand incidents that are open."""
    assert dedup_key("web-health", "production", "ops") == FROZEN


@pytest.mark.parametrize(
    "parts",
    [("a", "b"), ("a", "b", ""), ("a", "b", "c", "d"), ("a", "b", "cd"), ("a", "b", "c\0d"), ("a", 'b","c', "d")],
)
def test_other_parts_give_another_key(parts: tuple[str, ...]) -> None:
    assert dedup_key("a", "b", "c") != dedup_key(*parts)


def test_half_a_character_has_a_key() -> None:
    assert len(dedup_key("a", "b", "\ud800")) == 64
