"""Certificates as libcurl tells of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner.doors.certificate import Certificate, read_certificate
from runner.errors import NodeError

TOLD = {
    "Subject": "O = The Shop, CN = shop.example",
    "Issuer": "C = XX, CN = R11",
    "X509v3 Subject Alternative Name": "DNS:shop.example, DNS:*.shop.example, IP Address:192.0.2.1, email:a@b.example",
    "Start date": "Jan  2 03:04:05 2026 GMT",
    "Expire date": "Dec 31 23:59:59 9999 GMT",
}


def certificate(**changed: str | None) -> Certificate:
    """Read a certificate in which some lines are others, or none."""
    lines = {**TOLD, **{key.replace("_", " "): value for key, value in changed.items()}}
    return read_certificate([(key, value) for key, value in lines.items() if value is not None])


def test_a_certificate_is_read() -> None:
    assert certificate() == Certificate(
        subject="shop.example",
        issuer="R11",
        self_issued=False,
        names=("shop.example", "*.shop.example", "192.0.2.1"),
        begins=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ends=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("told", "called"),
    [
        ("CN = R11", "R11"),
        ("C = XX, O = Let's Encrypt, CN = R11", "R11"),
        ("C = XX, O = Old Trust, OU = Class 3", "Class 3"),
        ("C = XX, O = Old Trust", "Old Trust"),
        ("C = XX", "C = XX"),
        ("", ""),
        (r'CN = "Soci\C3\A9t\C3\A9, \"Inc\" = x\0Ay"', 'Société, "Inc" = x\ny'),
        (r"CN = a\, b, O = c", "a, b"),
        ("CN = shop + OU = x", "shop"),
        (r"CN = \FF\FE", "\ufffd\ufffd"),
        ("O = CN = x", "CN = x"),
    ],
)
def test_an_owner_is_called_by_its_best_name(told: str, called: str) -> None:
    assert certificate(Subject=told).subject == called


def test_who_issues_to_themselves_is_told() -> None:
    assert certificate(Issuer=TOLD["Subject"]).self_issued


def test_a_certificate_may_name_nobody() -> None:
    assert read_certificate([(key, value) for key, value in TOLD.items() if "Alternative" not in key]).names == ()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Expire_date": None}, "'Expire date'"),
        ({"Expire_date": "soon"}, "soon is no date"),
        ({"Start_date": "Foo  2 03:04:05 2026 GMT"}, "Foo  2 03:04:05 2026 GMT is no date"),
        ({"Start_date": "Feb 31 03:04:05 2026 GMT"}, None),
    ],
    ids=["missing", "words", "month", "day"],
)
def test_what_cannot_be_understood_is_said(changed: dict[str, str | None], reason: str | None) -> None:
    with pytest.raises(NodeError) as caught:
        certificate(**changed)
    assert caught.value.code == "unreadable"
    assert caught.value.message.startswith("the certificate cannot be read: ")
    if reason is not None:
        assert caught.value.message.endswith(reason)
