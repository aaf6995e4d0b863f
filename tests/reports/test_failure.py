"""The summary of what ended before its first node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.errors import Diagnostic, ExitCode
from runner.reports.failure import failure_summary
from runner.reports.markdown import MAX_SUMMARY
from runner.results import Exit
from tests.reports.test_markdown import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable

ENDED = "Exit 4 (unavailable), nothing ran."
END = Exit(code=ExitCode.INVALID, reason="Pipeline definition invalid")


def told(sentence: str = 'unknown node type "tranform"', hint: str = 'did you mean "transform"?') -> Diagnostic:
    return Diagnostic(
        code="E206",
        severity="error",
        file="definitions/web.yaml",
        line=4,
        column=9,
        path="nodes[0].type",
        sentence=sentence,
        hint=hint,
    )


def test_the_summary_of_an_invalid_definition_reads_as_agreed(golden: Callable[[str, str], None]) -> None:
    doubt = Diagnostic(
        code="W501", severity="warning", file="definitions/web.yaml", line=9, column=3, path="", sentence="nobody hears"
    )
    golden("invalid.md", failure_summary("Pipeline definition invalid:\n  - …", (told(), doubt), END))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Config file not found: a*b", ["**Config file not found: a\\*b**", ENDED]),
        ("flags cannot be used:\n  - one\n  - two", ["**flags cannot be used**", ENDED, "- one\n- two"]),
        ("secret A is not set\nsecret B is not set", [ENDED, "- secret A is not set\n- secret B is not set"]),
    ],
    ids=["one", "heading", "several"],
)  # fmt: skip
def test_what_is_wrong_is_said_once(message: str, said: list[str]) -> None:
    text = failure_summary(message, (), Exit(code=ExitCode.UNAVAILABLE, reason=""))
    assert text == "\n\n".join(["## ❌ pipeline-runner: unavailable", *said]) + "\n"


def test_a_bug_does_not_claim_that_nothing_ran() -> None:
    text = failure_summary("internal error: KeyError", (), Exit(code=ExitCode.INTERNAL, reason=""))
    assert text.splitlines()[-1] == "Exit 70 (internal)."


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_nothing_in_it_is_markup(hostile: str) -> None:
    tame, wild = (failure_summary(f"{one}\n{one}", (told(sentence=one, hint=one),), END) for one in ("x", hostile))
    assert len(wild.splitlines()) == len(tame.splitlines())
    assert wild.splitlines()[-1].replace(r"\|", "").count("|") == tame.splitlines()[-1].count("|")
    assert "https://" not in wild
    assert "<script" not in wild.replace(r"\<", "")


@pytest.mark.parametrize("limit", [MAX_SUMMARY, 4000, 300, 150, 10])
def test_it_fits_and_counts_what_it_leaves_out(limit: int) -> None:
    text = failure_summary("Pipeline definition invalid:", [told(sentence="ü" * 400)] * 5000, END, limit=limit)
    assert len(text.encode()) <= limit
    assert ("more problems" in text) == (limit >= 150)


def test_a_long_message_is_counted_too() -> None:
    text = failure_summary("\n".join(["@" * 499] * 5000), (), END, limit=20_000)
    assert len(text.encode()) <= 20_000
    assert text.splitlines()[-1] == "… and 4,997 more problems."
