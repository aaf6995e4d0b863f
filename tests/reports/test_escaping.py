from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.reports.escaping import neutralise, one_line, printable, well_formed

ANY_TEXT = st.text(st.characters(codec=None))  # halves of surrogate pairs included


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all well", "all well"),
        ("Größe 5 µm, 日本, 🔥", "Größe 5 µm, 日本, 🔥"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("nul\x00 del\x7f c1\x9b", r"nul\x00 del\x7f c1\x9b"),
        ("evil\u202egpj.exe", r"evil\u202egpj.exe"),
        ("\u2066isolate\u2069 \u200fmark \ufeffbom", r"\u2066isolate\u2069 \u200fmark \ufeffbom"),
        ("line\u2028separator", r"line\u2028separator"),
        ("half \udcff", r"half \udcff"),
    ],
    ids=[
        "plain",
        "unicode",
        "white-space",
        "ansi",
        "controls",
        "bidi-override",
        "bidi-marks",
        "separator",
        "surrogate",
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("::error::x", r"\::error::x"),
        ("  \u00a0::add-mask::x", "  \u00a0\\::add-mask::x"),
        ("::1 is the loopback", r"\::1 is the loopback"),
        ("host ::1 answered", "host ::1 answered"),
        ("a ##[group]b ##[error]", r"a ##\[group]b ##\[error]"),
        ("ok\n::error::x", r"ok\n::error::x"),
    ],
    ids=["command", "indented", "address-first", "address-inside", "old-style", "second-line"],
)
def test_no_line_is_a_command(text: str, expected: str) -> None:
    assert neutralise(text) == expected


@given(ANY_TEXT)
def test_a_neutral_text_is_one_line_that_can_be_written(text: str) -> None:
    line = neutralise(text)
    assert len(line.splitlines()) <= 1
    assert not line.lstrip().startswith("::")
    assert "##[" not in line
    line.encode()


@given(ANY_TEXT, st.integers(min_value=1, max_value=50))
def test_one_line_keeps_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()


def test_one_line_says_that_it_was_cut() -> None:
    assert one_line("first line\n   second\tline", 100) == "first line second line"
    assert one_line("first line\n   second\tline", 12) == "first line…"


@given(ANY_TEXT)
def test_well_formed_text_can_be_encoded_and_stays_what_it_was(text: str) -> None:
    assert well_formed(text).encode().decode() == text.encode("utf-8", "backslashreplace").decode()
