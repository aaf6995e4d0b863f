from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from runner.rendering import written
from runner.results import Verdict
from runner.secrets import Sealed, Secret

TOKEN = Secret("TOKEN", "swordfish")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (Sealed(("Bearer ", TOKEN)), "Bearer «TOKEN»"),
        (None, "null"),
        (3, "3"),
        (
            {"at": datetime(2026, 3, 1, tzinfo=UTC), "token": TOKEN, "seen": MappingProxyType({"v": (Verdict.OK,)})},
            '{"at": "2026-03-01T00:00:00+00:00", "token": "\\u00abTOKEN\\u00bb", "seen": {"v": ["ok"]}}',
        ),
    ],
    ids=["text", "secret", "null", "number", "object"],
)
def test_what_is_no_text_is_written_as_json(value: object, text: str) -> None:
    assert written(value) == text
