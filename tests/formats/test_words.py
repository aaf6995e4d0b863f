from __future__ import annotations

import pytest

from runner.formats.words import default_fingerprint, moment, severity_of, status_of
from runner.results import Severity


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", "critical"),
        ("ERROR", "critical"),
        (" page ", "critical"),
        ("P1", "critical"),
        ("SEV-1", "critical"),
        ("warning", "warning"),
        ("P3", "warning"),
        ("info", "info"),
        ("informational", "info"),
        ("disaster", "critical"),
        ("major", "critical"),
        ("minor", "warning"),
        ("low", "info"),
        ("none", "info"),
    ],
)
def test_a_severity_is_one_of_three(word: object, severity: str) -> None:
    assert severity_of(word) is Severity(severity)


@pytest.mark.parametrize("word", ["blue", "sev-9", "", None, 3])
def test_a_severity_that_nobody_knows_is_none(word: object) -> None:
    assert severity_of(word) is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("firing", "firing"),
        ("alerting", "firing"),
        ("Resolved", "resolved"),
        ("OK", "resolved"),
        ("acknowledged", "acknowledged"),
        ("ack", "acknowledged"),
        ("No Data", "firing"),
        ("in-progress", "acknowledged"),
        ("suppressed", "acknowledged"),
        ("closed", "resolved"),
        ("", ""),
        (None, ""),
        ("purple", ""),
    ],
)
def test_an_acknowledged_alert_is_not_over(word: object, status: str) -> None:
    assert status_of(word) == status


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("2024-01-10T10:00:00+02:00", "2024-01-10T10:00:00+02:00", id="text"),
        pytest.param("0001-01-01T00:00:00Z", "", id="go's-zero"),
        pytest.param(1704880800, "2024-01-10T10:00:00Z", id="seconds"),
        pytest.param(1704880800000, "2024-01-10T10:00:00Z", id="milliseconds"),
        pytest.param(10**400, "", id="too-large"),
        pytest.param(float("nan"), "", id="not-a-number"),
        pytest.param(-1, "", id="before-1970"),
        pytest.param("1704880800", "2024-01-10T10:00:00Z", id="seconds-in-a-text"),
        pytest.param("2024-01-10 10:00:00 UTC", "2024-01-10 10:00:00Z", id="utc-in-words"),
        pytest.param("yesterday", "", id="no-time"),
        pytest.param(None, "", id="null"),
        pytest.param([], "", id="list"),
    ],
)
def test_a_time_is_rfc_3339(value: object, text: str) -> None:
    assert moment(value) == text


def test_a_default_fingerprint_is_frozen() -> None:
    assert default_fingerprint("Disk", {"b": "2", "a": "1"}) == "8511865b9e7e6b55"
    assert default_fingerprint("Disk", {"a": "1", "b": "2"}) == "8511865b9e7e6b55"


def test_half_a_character_has_a_fingerprint() -> None:
    assert len(default_fingerprint("\ud800", {})) == 16
