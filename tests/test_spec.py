"""What every configurable class shares: durations, sizes, percentages, thresholds, names, texts, nearest names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.secrets import Sealed, Secret
from runner.spec import (
    DURATION_PATTERN,
    NAME_PATTERN,
    SIZE_PATTERN,
    Block,
    Invalid,
    Template,
    Threshold,
    block,
    described,
    did_you_mean,
    duration,
    duration_above,
    duration_below,
    duration_text,
    filled_text,
    name,
    nearest,
    number,
    number_above,
    percent_above,
    percentage,
    seconds,
    size,
    text,
    url,
)
from runner.spec.quantities import positive_duration
from runner.spec.urls import credentials_in, shown_urls, without_values
from tests.support import at_once

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = 3600.0
DAY = 24 * HOUR
UNITS = 'write it with a unit, like "30s", "5m" or "1h30m"'
NAMING = "use letters, digits and _, not starting with a digit"
SCHEME = "it starts with http:// or https://"
SECRET = Secret("TOKEN", "opensesame")


def said(read: Callable[[object], object], value: object) -> tuple[str, str, str]:
    """What reading a value raises: code, sentence, hint."""
    with pytest.raises(Invalid) as caught:
        read(value)
    return caught.value.code, caught.value.sentence, caught.value.hint


# --- durations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("250ms", 0.25),
        ("30s", 30.0),
        ("5m", 300.0),
        ("1h30m", 1.5 * HOUR),
        ("7d", 7 * DAY),
        ("2w", 14 * DAY),
        ("1.5h", 1.5 * HOUR),
        ("1m30s", 90.0),
        ("1s500ms", 1.5),
        (" 30s ", 30.0),
        ("0s", 0.0),
        ("3650d", 3650 * DAY),
    ],
)
def test_a_duration_is_read_as_seconds(written: str, expected: float) -> None:
    assert duration(written) == expected
    assert re.search(DURATION_PATTERN, written)


@pytest.mark.parametrize(
    ("value", "sentence", "hint"),
    [
        (30, "expected a duration, got 30", 'write "30s" for seconds'),
        (1.5, "expected a duration, got 1.5", 'write "1.5s" for seconds'),
        ("30", 'expected a duration, got "30"', UNITS),
        ("", 'expected a duration, got ""', UNITS),
        ("30 s", 'expected a duration, got "30 s"', UNITS),
        ("30S", 'expected a duration, got "30S"', UNITS),
        ("-5s", 'expected a duration, got "-5s"', UNITS),
        ("5y", 'expected a duration, got "5y"', UNITS),
        (".5s", 'expected a duration, got ".5s"', UNITS),
        (True, "expected a duration, got true", UNITS),
        (None, "expected a duration, got nothing", UNITS),
        (["5s"], "expected a duration, got a list", UNITS),
    ],
)
def test_what_is_no_duration_is_said(value: object, sentence: str, hint: str) -> None:
    assert said(duration, value) == ("E202", sentence, hint)
    assert not isinstance(value, str) or not re.search(DURATION_PATTERN, value)


def test_a_duration_ends_somewhere() -> None:
    assert said(duration, "11w3650d") == ("E204", '"11w3650d" is longer than ten years', 'write "520w" or less')


def test_a_limit_leaves_some_time() -> None:
    assert positive_duration("1ms") == 0.001
    assert said(positive_duration, "0s") == ("E204", '"0s" leaves no time at all', "give at least 1ms")


@pytest.mark.parametrize(("value", "expected"), [(30, 30.0), (0.5, 0.5)])
def test_seconds_are_a_bare_number(value: float, expected: float) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("30", ("E202", 'expected a number of seconds, got "30"', "a bare number such as 30")),
        ("30s", ("E202", 'expected a number of seconds, got "30s"', "a bare number such as 30")),
        (True, ("E202", "expected a number of seconds, got true", "a bare number such as 30")),
        (0, ("E204", "0 seconds is no time that can be waited", "give a number above 0")),
        (-1, ("E204", "-1 seconds is no time that can be waited", "give a number above 0")),
    ],
)
def test_what_are_no_seconds_is_said(value: object, told: tuple[str, str, str]) -> None:
    assert said(seconds, value) == told


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0ms"),
        (0.25, "250ms"),
        (1.0, "1s"),
        (1.5, "1.5s"),
        (59.0, "59s"),
        (90.0, "1m30s"),
        (1.5 * HOUR, "1h30m"),
        (7 * DAY, "7d"),
        (DAY + HOUR + 61, "1d1h1m1s"),
        (-3 * DAY, "-3d"),
        (-0.25, "-250ms"),
    ],
)
def test_seconds_are_written_as_a_person_would(value: float, expected: str) -> None:
    assert duration_text(value) == expected


@given(st.integers(0, 10**9))
def test_what_is_written_can_be_read_again(milliseconds: int) -> None:
    value = milliseconds / 1000
    assert duration(duration_text(value)) == pytest.approx(value, rel=0.01, abs=0.5)


# --- sizes, percentages, numbers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10MB", 10_000_000),
        ("1GiB", 2**30),
        ("1 KiB", 1024),
        ("1.5kb", 1500),
        ("3 TB", 3 * 10**12),
        ("12B", 12),
        (4096, 4096),
        (0, 0),
    ],
)
def test_a_size_is_read_as_bytes(value: object, expected: int) -> None:
    assert size(value) == expected
    assert not isinstance(value, str) or re.search(SIZE_PATTERN, value)


@pytest.mark.parametrize("value", ["10", "10XB", "-1MB", "MB", -1, 1.5, True, None])
def test_what_is_no_size_is_said(value: object) -> None:
    told = ("E202", f"expected a size, got {described(value)}", 'write it like "10MB" or "1GiB"')
    assert said(size, value) == told


@pytest.mark.parametrize(
    ("value", "expected"), [("85%", 85.0), (85, 85.0), (" 12.5 % ", 12.5), (0, 0.0), (100, 100.0), ("0%", 0.0)]
)
def test_a_percentage_may_have_its_sign(value: object, expected: float) -> None:
    assert percentage(value) == expected


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("85", ("E202", 'expected a percentage, got "85"', 'write it like "85%" or 85')),
        (True, ("E202", "expected a percentage, got true", 'write it like "85%" or 85')),
        ("101%", ("E204", '"101%" is no percentage', "give a number from 0 to 100")),
        (-1, ("E204", "-1 is no percentage", "give a number from 0 to 100")),
    ],
)
def test_what_is_no_percentage_is_said(value: object, told: tuple[str, str, str]) -> None:
    assert said(percentage, value) == told


def test_a_number_is_no_text_and_no_truth() -> None:
    assert number(3) == 3.0
    assert said(number, "3") == ("E202", 'expected a number, got "3"', "write it without quotes: 3")
    assert said(number, False) == ("E202", "expected a number, got false", "write one like 5 or 0.5")


# --- thresholds --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (percent_above, 85, Threshold(above=85.0)),
        (percent_above, "85%", Threshold(above=85.0)),
        (percent_above, {"below": 5}, Threshold(below=5.0)),
        (percent_above, {"outside": [10, "90%"]}, Threshold(outside=(10.0, 90.0))),
        (duration_above, "3s", Threshold(above=3.0)),
        (duration_below, "7d", Threshold(below=7 * DAY)),
        (duration_below, {"above": "1h"}, Threshold(above=HOUR)),
        (number_above, 3, Threshold(above=3.0)),
        (number_above, {"outside": [3, 3]}, Threshold(outside=(3.0, 3.0))),
        (number_above, Threshold(below=1.0), Threshold(below=1.0)),
    ],
)
def test_a_bare_threshold_has_the_direction_of_its_check(
    read: Callable[[object], Threshold], value: object, expected: Threshold
) -> None:
    assert read(value) == expected


DIRECTIONS = "write it like {above: 90%} or {outside: [10, 20]}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("high", ("E202", 'expected a percentage, got "high"', 'write it like "85%" or 85')),
        ({}, ("E204", "expected one of above, below or outside, got nothing", DIRECTIONS)),
        ({"over": 3}, ("E204", "expected one of above, below or outside, got over", DIRECTIONS)),
        (
            {"above": 3, "below": 1},
            ("E204", "expected one of above, below or outside, got above, below", DIRECTIONS),
        ),
        ({"outside": 3}, ("E204", "outside takes two values", "write it like {outside: [10, 20]}")),
        ({"outside": [1, 2, 3]}, ("E204", "outside takes two values", "write it like {outside: [10, 20]}")),
        (
            {"outside": [20, 10]},
            ("E207", "the first value of outside is above the second", "put the lower one first"),
        ),
        ({"above": 101}, ("E204", "101 is no percentage", "give a number from 0 to 100")),
    ],
)
def test_what_is_no_threshold_is_said(value: object, told: tuple[str, str, str]) -> None:
    assert said(percent_above, value) == told


@pytest.mark.parametrize(
    ("threshold", "bad", "good"),
    [
        (Threshold(above=90), [90.1, 91], [90, 89.9]),
        (Threshold(below=10), [9.9, 0], [10, 10.1]),
        (Threshold(outside=(10, 20)), [9.9, 20.1], [10, 20, 15]),
    ],
    ids=["above", "below", "outside"],
)
def test_a_value_crosses_its_threshold(threshold: Threshold, bad: list[float], good: list[float]) -> None:
    assert [threshold.crossed(value) for value in bad] == [True] * len(bad)
    assert [threshold.crossed(value) for value in good] == [False] * len(good)


@pytest.mark.parametrize(
    ("mild", "bad", "expected"),
    [
        (Threshold(above=80), Threshold(above=90), True),
        (Threshold(above=90), Threshold(above=90), True),
        (Threshold(above=95), Threshold(above=90), False),
        (Threshold(below=20), Threshold(below=10), True),
        (Threshold(below=5), Threshold(below=10), False),
        (Threshold(outside=(20, 30)), Threshold(outside=(10, 40)), True),
        (Threshold(outside=(5, 30)), Threshold(outside=(10, 40)), False),
        (Threshold(above=95), Threshold(below=3), True),
    ],
)
def test_a_warning_comes_before_what_is_critical(mild: Threshold, bad: Threshold, expected: bool) -> None:
    assert mild.milder_than(bad) is expected


LIMITS = st.floats(-100, 100)


@given(mild=LIMITS, bad=LIMITS, value=LIMITS, above=st.booleans())
def test_what_crosses_the_worse_one_crosses_the_milder_one(mild: float, bad: float, value: float, above: bool) -> None:
    first, second = (Threshold(above=one) if above else Threshold(below=one) for one in (mild, bad))
    if first.milder_than(second) and second.crossed(value):
        assert first.crossed(value)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (Threshold(above=90), "above 90%"),
        (Threshold(below=10), "below 10%"),
        (Threshold(outside=(10, 20)), "outside 10% to 20%"),
    ],
)
def test_a_threshold_is_written_for_people(threshold: Threshold, expected: str) -> None:
    assert threshold.text(lambda value: f"{value:g}%") == expected


# --- names and texts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["a", "_x1", "HomePage"])
def test_a_name_can_stand_in_an_expression(value: str) -> None:
    assert name(value) == value
    assert re.search(NAME_PATTERN, value)


@pytest.mark.parametrize("value", ["", "1a", "a-b", "a b", "é", "a\n", 3, None, ["a"], Template("{{ x }}")])
def test_what_is_no_name_is_said(value: object) -> None:
    assert said(name, value) == ("E204", f"{described(value)} is no name", NAMING)


@pytest.mark.parametrize("value", ["", "x", SECRET, Sealed(("Bearer ", SECRET)), Template("{{ x }}")])
def test_a_text_may_hold_secrets(value: object) -> None:
    assert text(value) is value


@pytest.mark.parametrize(
    ("value", "sentence", "hint"),
    [
        (3, "expected a text, got 3", 'put it in quotes: "3"'),
        (None, "expected a text, got nothing", "write one, or leave the key out"),
        ([], "expected a text, got a list", "write one text"),
        ({}, "expected a text, got an object", "put it in quotes, if a text is meant"),
    ],
)
def test_what_is_no_text_is_said(value: object, sentence: str, hint: str) -> None:
    assert said(text, value) == ("E202", sentence, hint)


@pytest.mark.parametrize("value", ["", "  ", "\n"])
def test_a_text_that_is_needed_is_not_empty(value: str) -> None:
    assert said(filled_text, value) == ("E204", "expected a text, got an empty one", "write one, or leave the key out")


@pytest.mark.parametrize(
    "value",
    [
        "https://a.example",
        "HTTP://a.example:8080/x?y=1#z",
        "https://user:pass@a.example/",
        "http://[::1]:80/",
        SECRET,
        Sealed(("https://a.example/", SECRET)),
        Template("{{ inputs.url }}"),
    ],
)
def test_a_url_is_one_of_the_web(value: object) -> None:
    assert url(value) is value


@pytest.mark.parametrize(
    ("value", "sentence", "hint"),
    [
        ("shop.example", '"shop.example" is no URL', 'write "https://shop.example"'),
        ("shop.example:8080/x", '"shop.example:8080/x" is no URL', 'write "https://shop.example:8080/x"'),
        ("ftp://shop.example", '"ftp://shop.example" is no URL', SCHEME),
        ("ftp://me:s3cr3t@shop.example", '"ftp://…@shop.example" is no URL', SCHEME),
        ("me:s3cr3t@shop.example/x", '"…@shop.example/x" is no URL', SCHEME),
        ("10.0.0.1:8080/x", '"10.0.0.1:8080/x" is no URL', 'write "https://10.0.0.1:8080/x"'),
        ("xoxb-1234567890-abcdef", "this text is no URL", SCHEME),
        ("eyJhbGciOi.eyJzdWIiOi.SflKxwRJSM", "this text is no URL", SCHEME),
        ("https://", '"https://" is no URL', SCHEME),
        ("https://a b", '"https://a b" is no URL', SCHEME),
        ("https:///x", '"https:///x" is no URL', SCHEME),
        ("a.example/x?t=s3cr3t", '"a.example/x?t=…" is no URL', 'write "https://a.example/x?t=…"'),
    ],
)
def test_what_is_no_url_is_said(value: str, sentence: str, hint: str) -> None:
    assert said(url, value) == ("E204", sentence, hint)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("https://a.example:99999/x", '"https://a.example:99999/x" names :99999'),
        ("https://a.example:0", '"https://a.example:0" names :0'),
        ("http://[::1]:65536/", '"http://[::1]:65536/" names :65536'),
        ("https://a.example:http/", '"https://a.example:http/" names :http'),
        ("https://a.example:-1?t=s3cr3t", '"https://a.example:-1?t=…" names :-1'),
        ("https://me:word@a.example:٣/", '"https://…@a.example:٣/" names :٣'),
        ("https://hooks.example:70000/T0/B0/s3cr3tpath", '"https://hooks.example:70000/…" names :70000'),
        (Secret("HOOK", "https://a.example:99999/"), '"«HOOK»" names a port'),
        (Sealed(("https://a.example:", Secret("PORT", "99999"), "/x")), '"https://a.example:«PORT»/x" names a port'),
    ],
)
def test_a_port_that_there_is_not_is_said(value: object, sentence: str) -> None:
    assert said(url, value) == (
        "E204",
        f"{sentence}, and there is no such port",
        "give one from 1 to 65535, or none",
    )


@pytest.mark.parametrize("given", ["https://a:b@a.example", "https://a.example:/", "http://[::1]/", "http://a:65535"])
def test_a_port_that_there_is_is_taken(given: str) -> None:
    assert url(given) == given


def test_a_text_that_the_node_renders_is_any_text() -> None:
    assert block(Block("{% x %}")) == "{% x %}"
    assert said(block, 3) == ("E202", "expected a text, got 3", 'put it in quotes: "3"')


@pytest.mark.parametrize(
    "read", [duration, positive_duration, seconds, size, percentage, number, percent_above, duration_below, text, url]
)
def test_a_template_is_taken_as_it_is_its_value_is_known_later(read: Callable[[object], object]) -> None:
    value = Template("{{ inputs.x }}")
    assert read(value) is value


# --- URLs for people ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("https://a.example/x?", "https://a.example/x?"),
        ("https://a.example?token=s3cr3t", "https://a.example?token=…"),
        ("https://a.example/?a=1&b=&c=2;d=3", "https://a.example/?a=…&b=&c=…;d=…"),
        ("https://a.example/?a=1=2?3", "https://a.example/?a=…"),
        ("https://a.example/?s3cr3t", "https://a.example/?…"),
        ("https://a.example/#s3cr3t", "https://a.example/"),
        ("https://a.example/?a=1#b?c=s3cr3t", "https://a.example/?a=…"),
        ("https://a.example/?token=«TOKEN»", "https://a.example/?token=«TOKEN»"),
        ("https://a.example/?token=x«TOKEN»", "https://a.example/?token=…"),
        ("https://a.example/?a={{ x & '#?' }}&b=1", "https://a.example/?a={{ x & '#?' }}&b=…"),
        ("«URL»", "«URL»"),
    ],
)
def test_the_values_of_a_urls_parameters_are_not_shown(written: str, shown: str) -> None:
    assert without_values(written) == shown


def test_every_url_in_a_text_is_shown_without_what_may_be_a_credential() -> None:
    text = 'GET "https://me:word@a.example/?t=s3cr3t" <http://b.example/?u=s3cr3t#x>, then c?d=e'
    assert shown_urls(text) == 'GET "https://…@a.example/?t=…" <http://b.example/?u=…>, then c?d=e'


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("token=s3cret-value", {"token": "s3cret-value"}),
        ("access_token=s3cret-value&x=s3cret-value", {"access_token": "s3cret-value"}),
        ("apiKey=0123456789;X-Amz-Signature=abcdef0123", {"apiKey": "0123456789", "X-Amz-Signature": "abcdef0123"}),
        ("key=s3cret%20value", {"key": "s3cret value"}),
        ("sig=averylongwordwithoutdigits", {"sig": "averylongwordwithoutdigits"}),
        ("key=production&auth=true&token=a1", {}),
        ("monkey=s3cret-value&author=s3cret-value", {}),
        ("", {}),
    ],
)
def test_a_parameter_that_can_be_nothing_but_a_credential_is_found(query: str, found: dict[str, str]) -> None:
    assert credentials_in(f"https://a.example/?{query}#token=s3cret-fragment") == found


# --- words for people --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", '"a"'),
        ("x" * 60, f'"{"x" * 60}"'),
        ("x" * 61, f'"{"x" * 59}…"'),
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (1.5, "1.5"),
        ([1], "a list"),
        ((1,), "a list"),
        ({}, "an object"),
        (SECRET, "«TOKEN»"),
        ("https://me:word@a.example/x?token=s3cr3t#s3cr3t", '"https://…@a.example/x?token=…"'),
    ],
)
def test_a_value_is_said_to_a_person(value: object, expected: str) -> None:
    assert described(value) == expected


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("timout", ["name", "timeout"], "timeout"),
        ("TIMEOUT", ["timeout"], "timeout"),
        ("github", ["GitHub"], "GitHub"),
        ("xyz", ["timeout"], ""),
        ("", ["a"], ""),
        ("a", [], ""),
    ],
)
def test_the_nearest_word_is_found(word: str, known: list[str], expected: str) -> None:
    assert nearest(word, known) == expected


def test_a_hint_names_the_nearest_word_or_all() -> None:
    assert did_you_mean("dsk", ["cpu", "disk"]) == 'did you mean "disk"?'
    assert did_you_mean("xyz", ["cpu", "disk"]) == "known: cpu, disk"


@pytest.mark.parametrize("piece", ["{{", "{{a", "{", "«", "a=", "&", "a@", "http://a?"])
def test_no_url_takes_long_to_read_or_to_show(piece: str) -> None:
    for start in ("http://a/", "http://a/?", "http://"):
        given = start + piece * (40_000 // len(piece))
        with at_once():
            shown_urls(given)
            without_values(given)
        with at_once(), pytest.raises(Invalid):
            url(f"{given} ")
