from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.bounds import MAX_DEPTH, MAX_OUTPUT, bounded

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=5), inner, max_size=9),
    max_leaves=20,
)


def size(value: object) -> int:
    return len(json.dumps(value, default=str))


def nested(levels: int) -> Any:  # noqa: ANN401 - JSON
    value: Any = "bottom"
    for _ in range(levels):
        value = [value]
    return value


def test_an_output_within_its_limit_is_returned_itself() -> None:
    output = MappingProxyType({"text": "x" * (MAX_OUTPUT - 1000), "deep": nested(MAX_DEPTH - 1)})
    assert bounded(output) is output


def test_the_limit_is_met_at_the_exact_byte() -> None:
    output = {"text": "x" * 100}
    assert bounded(output, limit=size(output)) is output
    assert bounded(output, limit=size(output) - 1) is not output


def test_long_texts_are_cut_before_lists() -> None:
    output = {"lines": ["x" * 100_000] * 10, "numbers": list(range(5000))}
    assert bounded(output, limit=200_000) == {
        "lines": ["x" * 8192 + "… (91,808 more characters)"] * 10,
        "numbers": list(range(5000)),
        "truncated": "cut: 10 texts after 8,192 characters; the whole is 1005 KiB of JSON, the limit is 195.3 KiB",
    }


def test_long_lists_are_cut_when_texts_are_short() -> None:
    output = {"numbers": list(range(50_000)), "kept": {"a": 1}}
    assert bounded(output, limit=10_000) == {
        "numbers": list(range(1000)),
        "kept": {"a": 1},
        "truncated": "cut: 1 list after 1,000 items; the whole is 331 KiB of JSON, the limit is 9.766 KiB",
    }


def test_a_record_keeps_its_keys_and_a_collection_does_not() -> None:
    output = {f"key_{number}": {"name": "x", "value": number} for number in range(10_000)}
    cut = dict(bounded(output, limit=30_000))
    del cut["truncated"]
    assert cut == {key: output[key] for key in list(output)[:500]}


def test_what_is_nested_too_deeply_is_cut_even_where_it_is_small() -> None:
    cut = bounded({"deep": nested(900)})
    assert size(cut) < 500
    assert cut["truncated"] == "cut: 1 value below 64 levels"


def test_a_key_of_the_node_is_never_overwritten() -> None:
    cut = bounded({"alerts": ["x" * 1000] * 1000, "truncated": 7}, limit=100_000)
    assert cut["truncated"] == 7
    assert cut["output_truncated"] == (
        "cut: 100 texts after 256 characters, 1 list after 100 items; "
        "the whole is 980.5 KiB of JSON, the limit is 97.66 KiB"
    )


def test_what_cannot_be_cut_enough_is_left_out() -> None:
    output: dict[str, object] = {f"{number}": {f"{key}": [1] * 10 for key in range(60)} for number in range(60)}
    assert bounded(output, limit=500) == {
        "truncated": "left out; the whole is 133.5 KiB of JSON, the limit is 500 bytes"
    }


@pytest.mark.parametrize("limit", [200, 1000, 5000])
@given(output=st.dictionaries(st.text(max_size=5), JSON))
def test_an_output_is_never_above_its_limit(output: dict[str, object], limit: int) -> None:
    cut = bounded(output, limit=limit)
    assert size(cut) <= limit
    assert cut is output or cut != output
