"""The summary of definitions that are valid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from runner.errors import Diagnostic
from runner.reports.markdown import MAX_SUMMARY
from runner.reports.validation import Validated, validation_summary
from tests.reports.test_markdown import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable

SHOP = Validated("definitions/shop.yaml", "shop", 3)
RELAY = Validated("definitions/relay.yaml", "relay", 1200)


def doubt(sentence: str = "nobody hears", hint: str = "") -> Diagnostic:
    return Diagnostic(
        code="W501", severity="warning", file="definitions/shop.yaml", line=9, column=3, path="nodes[0]",
        sentence=sentence, hint=hint,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "warnings"), [("valid.md", ()), ("valid-with-warnings.md", (doubt(), doubt()))])
def test_the_summary_of_valid_definitions_reads_as_agreed(
    golden: Callable[[str, str], None], name: str, warnings: tuple[Diagnostic, ...]
) -> None:
    golden(name, validation_summary((SHOP, RELAY), warnings))


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_nothing_in_it_is_markup(hostile: str) -> None:
    tame, wild = (validation_summary([Validated(one, one, 1)], [doubt(one, one)]) for one in ("x", hostile))
    assert len(wild.splitlines()) == len(tame.splitlines())
    assert wild.replace(r"\|", "").count("|") == tame.count("|")
    assert "https://" not in re.sub("`[^`]*`", "", wild)
    assert "<script" not in wild.replace(r"\<", "")


@pytest.mark.parametrize("limit", [MAX_SUMMARY, 4000, 200, 10])
def test_it_fits_and_counts_what_it_leaves_out(limit: int) -> None:
    text = validation_summary([SHOP] * 30_000, [doubt("ü" * 400)] * 5000, limit=limit)
    assert len(text.encode()) <= limit
    assert ("more definitions" in text, "more problems" in text) == (limit >= 200, limit >= 200)
