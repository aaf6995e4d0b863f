"""Cells of database rows: as numbers, compared with what a file says, for people, and in documents."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.checks.cell import number_of, plain, same, shown, written
from tests.support import at_once

ID = UUID("11111111-1111-4111-8111-111111111111")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (7, "7"),
        (-7, "-7"),
        (True, "1"),
        (False, "0"),
        (0.1, "0.1"),
        (Decimal("1.50"), "1.50"),
        (10**30, str(10**30)),
        ("42", "42"),
        (" -3.5e2 ", "-3.5e2"),
        ("+.5", "0.5"),
        (timedelta(minutes=1, milliseconds=500), "60.5"),
    ],
)
def test_what_is_a_number_is_read_as_one(cell: object, number: str) -> None:
    assert number_of(cell) == Decimal(number)


@pytest.mark.parametrize(
    "cell",
    [
        *(None, "", "abc", "1,5", "0x10", "1_000", "٣", "NaN"),
        *(
            math.nan,
            math.inf,
            Decimal("NaN"),
            Decimal("1e400"),
            10**400,
            "1e400",
            b"1",
            [1],
            {"a": 1},
            date(2026, 1, 2),
        ),
    ],
)
def test_what_is_no_number_is_read_as_none(cell: object) -> None:
    assert number_of(cell) is None


def test_no_text_takes_long_to_be_no_number() -> None:
    with at_once():
        assert number_of("1" * 20_000 + "x") is None


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        (1, 1),
        (1, 1.0),
        (Decimal("0.10"), 0.1),
        (0.1 + 0.2, 0.1 + 0.2),
        ("151", 151),
        (1, True),
        (True, True),
        (True, 1),
        (timedelta(seconds=90), 90),
        ("up", "up"),
        (1, "1"),
        (True, "true"),
        (Decimal("1.50"), "1.50"),
        (ID, str(ID)),
        (ip_address("192.0.2.7"), "192.0.2.7"),
        (date(2026, 1, 2), "2026-01-02"),
        (b"up", "up"),
        ({"a": [1]}, '{"a": [1]}'),
        (None, None),
    ],
)
def test_what_is_the_same(cell: object, wanted: object) -> None:
    assert same(cell, wanted)


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        (1, 2),
        (0, None),
        ("", None),
        (None, 0),
        (None, ""),
        (None, "NULL"),
        (None, False),
        ("up", "Up"),
        ("up", 1),
        (1, "1.0"),
        (math.nan, "1"),
        (math.nan, 1),
        ("abc", False),
    ],
)
def test_what_is_not_the_same(cell: object, wanted: object) -> None:
    assert not same(cell, wanted)


@given(number=st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_the_same_as_itself_however_it_comes(number: float) -> None:
    assert same(number, number)
    assert same(Decimal(repr(number)), number)
    assert same(repr(number), number)


@pytest.mark.parametrize(
    ("cell", "text", "message"),
    [
        (None, "NULL", "NULL"),
        (7, "7", "7"),
        (True, "true", "true"),
        (Decimal("1E+3"), "1000", "1000"),
        ("up", "up", "“up”"),
        ("", "", "nothing"),
        ("a\nb\x1b[31m", "a\nb\x1b[31m", "“a b [31m”"),
        (b"\xff", "�", "nothing"),
        (memoryview(b"up"), "up", "“up”"),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02 03:04:00+00:00", "2026-01-02 03:04:00+00:00"),
        (timedelta(minutes=1), "0:01:00", "0:01:00"),
        ([1, None], "[1, null]", "[1, null]"),
        ({"at": date(2026, 1, 2)}, '{"at": "2026-01-02"}', '{"at": "2026-01-02"}'),
        (list(range(99)), str(list(range(99))), f"“{str(list(range(99)))[:119]}…”"),
    ],
)
def test_cells_are_written_for_people(cell: object, text: str, message: str) -> None:
    assert (written(cell), shown(cell)) == (text, message)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (None, None),
        (7, 7),
        (True, True),
        (Decimal("1.50"), 1.5),
        (Decimal(3), 3),
        (2**53, float(2**53)),
        (0.25, 0.25),
        (math.inf, "inf"),
        ("1e400", "1e400"),
        ("up", "up"),
        ("12", "12"),
        ("x" * 500, "x" * 119 + "…"),
        (timedelta(minutes=1), "0:01:00"),
        (ID, str(ID)),
    ],
)
def test_cells_stand_in_documents_as_values_of_json(cell: object, value: object) -> None:
    found = plain(cell)
    assert (found, type(found)) == (value, type(value))
    assert json.loads(json.dumps(found, allow_nan=False)) == value
