"""What is said of a value of the wrong kind: how to write it right."""

from __future__ import annotations

import pytest

from runner.spec.mending import as_boolean, as_list, as_number, as_object, as_text


@pytest.mark.parametrize(
    ("value", "several", "hint"),
    [
        (3, "", 'put it in quotes: "3"'),
        (True, "", 'put it in quotes: "true"'),
        (None, "", "write one, or leave the key out"),
        (["a"], "", "write one text"),
        (["slack", "email"], "drivers", "write one, or drivers: for several"),
        ({"a": 1}, "", "put it in quotes, if a text is meant"),
    ],
)
def test_a_text(value: object, several: str, hint: str) -> None:
    assert as_text(value, several) == hint


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("/var", "write [/var]"),
        ("df -h", 'write [df, -h], or ["df -h"] for a single item'),
        (3, "write [3]"),
        (None, 'name at least one: each item begins with "- "'),
        ({"a": 1}, 'each item begins with "- "'),
        *((text, "put it in brackets: [a, b]") for text in ("a: b", "80", "echo 5", "true", "null", "@x", "- a", "~")),
        ("a:", "put it in brackets: [a, b]"),
        ("", "put it in brackets: [a, b]"),
        ("x" * 500, "put it in brackets: [a, b]"),
        ("https://u:p-a-s-s@shop.example/?key=s-e-c", "put it in brackets: [a, b]"),
        ("https://u:p-a-s-s@shop.example/x", "put it in brackets: [a, b]"),
    ],
)
def test_a_list(value: object, hint: str) -> None:
    assert as_list(value) == hint


@pytest.mark.parametrize(
    ("value", "whole", "hint"),
    [
        ("80", True, "write it without quotes: 80"),
        (" 2.5 ", False, "write it without quotes: 2.5"),
        ("2.5", True, "write one like 5"),
        (2.5, True, "write one like 5"),
        ("many", False, "write one like 5 or 0.5"),
    ],
)
def test_a_number(value: object, whole: bool, hint: str) -> None:
    assert as_number(value, whole=whole) == hint


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("Yes", "write true, without quotes"),
        ("on", "write true, without quotes"),
        ("no", "write false, without quotes"),
        ("off", "write false, without quotes"),
        (1, "write true, without quotes"),
        (0, "write false, without quotes"),
        ("true", "write true, without quotes"),
        ("maybe", "write true or false"),
        (None, "write true or false"),
    ],
)
def test_true_or_false(value: object, hint: str) -> None:
    assert as_boolean(value) == hint


@pytest.mark.parametrize(
    ("value", "keys", "hint"),
    [
        (None, ("a",), "what belongs to it stands below, further to the right"),
        (3, ("status", "json"), "its keys are status, json"),
        ([], (), "write KEY: VALUE, one below the other"),
    ],
)
def test_an_object(value: object, keys: tuple[str, ...], hint: str) -> None:
    assert as_object(value, keys) == hint
