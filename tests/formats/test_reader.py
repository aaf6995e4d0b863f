from __future__ import annotations

import pytest

from runner.formats.reader import Reader
from runner.results import Problem, Severity


def messages(reader: Reader) -> list[str]:
    return [problem.message for problem in reader.problems()]


@pytest.mark.parametrize(
    ("said", "severity", "noted"),
    [
        ((), "warning", []),
        ((None, "", "  ", [], {}), "warning", []),
        (("P1",), "critical", []),
        ((None, "P5"), "info", []),
        (("info", "sev-9"), "info", []),
        (("sev-9",), "warning", ['the sender\'s severity "sev-9" is not known; taken as warning']),
        (("sev-9", "P1"), "critical", ['the sender\'s severity "sev-9" is not known; taken as critical']),
        (("a", "b"), "warning", ['the sender\'s severity "a" is not known; taken as warning']),
        ((4,), "warning", ['the sender\'s severity "4" is not known; taken as warning']),
    ],
)
def test_a_severity_is_the_first_known_word_and_one_that_is_not_is_noted(
    said: tuple[object, ...], severity: str, noted: list[str]
) -> None:
    reader = Reader()
    assert reader.severity(*said) is Severity(severity)
    assert messages(reader) == noted


def test_a_severity_that_is_not_known_is_the_default() -> None:
    reader = Reader()
    assert reader.severity("sev-9", default=Severity.CRITICAL) is Severity.CRITICAL
    assert messages(reader) == ['the sender\'s severity "sev-9" is not known; taken as critical']


@pytest.mark.parametrize(
    ("said", "status", "noted"),
    [
        ((), "firing", []),
        ((None, "", "resolved"), "resolved", []),
        (("ack", "resolved"), "acknowledged", []),
        (("purple", "resolved"), "firing", ['the sender\'s status "purple" is not known; taken as firing']),
    ],
)
def test_a_status_is_the_first_word_and_what_is_not_known_fires(
    said: tuple[object, ...], status: str, noted: list[str]
) -> None:
    reader = Reader()
    assert reader.status(*said) == status
    assert messages(reader) == noted


@pytest.mark.parametrize(
    ("source", "time", "noted"),
    [
        ({}, "", []),
        ({"at": None, "since": ""}, "", []),
        ({"at": "0001-01-01T00:00:00Z"}, "", []),
        ({"since": 1704880800}, "2024-01-10T10:00:00Z", []),
        ({"at": "soon", "since": 1704880800}, "2024-01-10T10:00:00Z", []),
        ({"at": "soon", "since": "later"}, "", ['the sender\'s at "soon" is not a time; left unknown']),
        ({"since": True}, "", ["the sender's since true is not a time; left unknown"]),
    ],
)
def test_a_time_is_the_first_that_is_one_and_what_is_none_is_noted(
    source: dict[str, object], time: str, noted: list[str]
) -> None:
    reader = Reader()
    assert reader.moment(source, ("at", "since")) == time
    assert messages(reader) == noted


def test_what_comes_again_is_counted() -> None:
    reader = Reader()
    for _ in range(1200):
        reader.severity("sev-9")
    assert reader.problems() == (
        Problem(
            code="unknown_severity",
            message='the sender\'s severity "sev-9" is not known; taken as warning (1,200 times)',
        ),
    )


@pytest.mark.parametrize(
    ("number", "last"),
    [
        (10, 'the sender\'s severity "sev-109" is not known; taken as warning'),
        (11, "1 more word or time of the sender could not be understood"),
        (2000, "1,990 more words or times of the sender could not be understood"),
    ],
)
def test_no_more_is_noted_than_a_person_reads(number: int, last: str) -> None:
    reader = Reader()
    for word in range(number):
        reader.severity(f"sev-{100 + word}")
    assert messages(reader)[-1] == last
    assert len(reader.problems()) == min(number, 11)


def test_a_long_word_is_cut() -> None:
    reader = Reader()
    reader.status("x" * 10_000)
    assert len(messages(reader)[0]) < 200
