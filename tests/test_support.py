"""What tests that need something of the machine do where it is not there."""

from __future__ import annotations

import pytest

from tests.support import needs


@pytest.mark.parametrize("listed", ["", "other", "other,things"])
def test_a_test_that_lacks_something_is_skipped(listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_TEST_REQUIRE", listed)
    with pytest.raises(pytest.skip.Exception, match=r"^there is no thing$"):
        needs("thing", "", "there is no thing")


@pytest.mark.parametrize("listed", ["thing", "other, thing", "thing other"])
def test_a_test_that_lacks_what_is_required_fails(listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_TEST_REQUIRE", listed)
    with pytest.raises(pytest.fail.Exception, match=r"^PIPELINE_TEST_REQUIRE lists thing, but there is no thing$"):
        needs("thing", None, "there is no thing")


def test_a_test_that_lacks_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_TEST_REQUIRE", "thing")
    needs("thing", "/usr/bin/thing", "there is no thing")
