from __future__ import annotations

import pytest

from runner.formats.words import default_fingerprint, moment, no_time, severity_of, status_of
from runner.results import Severity


@pytest.mark.parametrize(
    ("severity", "words"),
    [
        ("critical", "critical CRIT Error fatal emergency disaster page high major urgent P1 p-0 SEV-1 sev_1 Sev0 red"),
        ("warning", "warning warn minor medium moderate average P2 P3 SEV2 sev-3 unknown"),
        ("info", "info information informational notice debug low none ok normal P4 P5 SEV4 SEV-5 Not_classified"),
    ],
)
def test_the_words_that_senders_have_for_a_severity_are_known(severity: str, words: str) -> None:
    assert {word: severity_of(word) for word in words.split()} == dict.fromkeys(words.split(), Severity(severity))


@pytest.mark.parametrize("word", ["blue", "sev-9", "P9", "", None, 3, True, [], {"severity": "critical"}])
def test_a_word_that_is_no_severity_is_none(word: object) -> None:
    assert severity_of(word) is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("firing", "firing alerting active triggered open no_data NoData pending problem reopened down unprocessed"),
        ("resolved", "Resolved OK normal closed recovered cleared inactive up"),
        ("acknowledged", "acknowledged ack acked in-progress suppressed silenced snoozed"),
    ],
)
def test_the_words_that_senders_have_for_a_status_are_known(status: str, words: str) -> None:
    assert {word: status_of(word) for word in words.split()} == dict.fromkeys(words.split(), status)


@pytest.mark.parametrize("word", ["purple", "warning", "", None, 7, []])
def test_a_word_that_is_no_status_is_empty(word: object) -> None:
    assert not status_of(word)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("2024-01-10T10:00:00+02:00", "2024-01-10T10:00:00+02:00", id="text"),
        pytest.param("2018-08-03T09:52:26.739266876+02:00", "2018-08-03T09:52:26.739266876+02:00", id="nanoseconds"),
        pytest.param(" 2024-01-10 10:00:00 ", "2024-01-10 10:00:00", id="no-zone"),
        pytest.param("2024-01-10t10:00:00z", "2024-01-10T10:00:00Z", id="small"),
        pytest.param("2024-01-10 10:00:00 UTC", "2024-01-10 10:00:00Z", id="named-zone"),
        pytest.param("0001-01-01T00:00:00Z", "", id="go's-zero"),
        pytest.param(1704880800, "2024-01-10T10:00:00Z", id="seconds"),
        pytest.param(1704880800000, "2024-01-10T10:00:00Z", id="milliseconds"),
        pytest.param("1704880800", "2024-01-10T10:00:00Z", id="seconds-as-text"),
        pytest.param("1704880800000", "2024-01-10T10:00:00Z", id="milliseconds-as-text"),
        pytest.param(10**400, "", id="too-large"),
        pytest.param(float("nan"), "", id="not-a-number"),
        pytest.param(-1, "", id="before-1970"),
        pytest.param("yesterday", "", id="word"),
        pytest.param("2024-13-45T99:00:00Z", "", id="no-such-day"),
        pytest.param("12:00", "", id="no-day"),
        pytest.param("\u0661\u0667\u0660\u0664\u0668\u0668\u0660\u0668\u0660\u0660", "", id="other-digits"),
        pytest.param("9" * 5000, "", id="many-digits"),
        pytest.param(True, "", id="boolean"),
        pytest.param(None, "", id="null"),
        pytest.param([], "", id="list"),
    ],
)
def test_a_time_is_rfc_3339_or_none(value: object, text: str) -> None:
    assert moment(value) == text


@pytest.mark.parametrize("value", [None, "", "  ", "0001-01-01T00:00:00Z"])
def test_there_are_ways_to_name_no_time(value: object) -> None:
    assert no_time(value)


@pytest.mark.parametrize("value", ["yesterday", 0, False, [], {}])
def test_anything_else_was_meant_as_a_time(value: object) -> None:
    assert not no_time(value)


def test_a_default_fingerprint_is_frozen() -> None:
    assert default_fingerprint("Disk", {"b": "2", "a": "1"}) == "8511865b9e7e6b55"
    assert default_fingerprint("Disk", {"a": "1", "b": "2"}) == "8511865b9e7e6b55"


def test_half_a_character_has_a_fingerprint() -> None:
    assert len(default_fingerprint("\ud800", {})) == 16
