"""Workflow commands, read back by a port of the parser of GitHub's runner."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.reports.commands import command, endgroup, group, mask, resume, stop
from runner.reports.escaping import neutralise
from tests.github_runner import Parsed, Runner, parse_new
from tests.hostile import TEXTS, TOKEN


def test_a_command_reads_as_the_toolkit_writes_it() -> None:
    assert command("error", "100%\nbad", file="a,b:c%.yaml", line=3, col=0, title="") == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3::100%25%0Abad"
    )
    assert command("endgroup") == endgroup() == "::endgroup::"


@given(message=st.text(), title=st.text().map(str.strip))
def test_a_command_comes_back_as_it_was_meant(message: str, title: str) -> None:
    line = command("error", message, title=title)
    assert "\n" not in line
    assert "\r" not in line
    parsed = parse_new(line)
    assert parsed == Parsed("error", {"title": title} if title else {}, message)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_no_hostile_text_becomes_a_command(text: str) -> None:
    line = neutralise(text)
    assert parse_new(line) is None
    assert "##[" not in line
    assert parse_new(f"    {line}") is None


@given(st.text(alphabet=st.sampled_from(":#[] \n\r\t%e,=\u00a0\u2003") | st.characters(codec=None)))
def test_no_text_becomes_a_command(text: str) -> None:
    line = neutralise(text)
    assert parse_new(line) is None
    assert "##[" not in line


# --- masks, groups, fences -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("hunter22", ["::add-mask::hunter22"]),
        ("100%,a:b", ["::add-mask::100%25,a:b"]),
        ("first line\r\n  second\nab\n\nsecond\n", ["::add-mask::first line", "::add-mask::second"]),
        ("abc", []),
        ("  \n ", []),
    ],
    ids=["plain", "escaped", "lines", "too-short", "blank"],
)
def test_each_line_of_a_secret_is_masked(value: str, expected: list[str]) -> None:
    assert mask(value) == expected


def test_the_title_of_a_group_is_one_harmless_line() -> None:
    assert group("context (probe)") == "::group::context (probe)"
    assert group("::error::\x1b[2J\nx") == r"::group::\::error::\x1b[2J x"


def test_nothing_is_a_command_between_stop_and_resume() -> None:
    assert (stop(TOKEN), resume(TOKEN)) == (f"::stop-commands::{TOKEN}", f"::{TOKEN}::")
    runner = Runner().read([stop(TOKEN), *TEXTS, "::error::theirs", "##[error]theirs", resume(TOKEN), "::error::ours"])
    assert (runner.acted, runner.stopped) == ([Parsed("error", {}, "ours")], "")
