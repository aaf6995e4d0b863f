from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.errors import ExitCode
from runner.reports.wording import finding_text, headline, measured
from runner.results import Exit, Problem, RunStatus, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable


FULL = {"message": "disk / on db1 is 96% full", "subject": "/ on db1", "threshold": "above 95%"}
CHECKS = {"checks_run": 5, "checks_passed": 5, "checks_failed": 0, "results": {}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (FULL, "disk / on db1 is 96% full, above 95%"),
        (FULL | {"message": "disk / on db1 is 96% full, above 95%"}, "disk / on db1 is 96% full, above 95%"),
        (FULL | {"subject": "db1:/"}, "disk / on db1 is 96% full, above 95%, on db1:/"),
        (FULL | {"subject": "", "message": "96% full"}, "disk: 96% full, above 95%"),
        (FULL | {"subject": "", "threshold": ""}, "disk / on db1 is 96% full"),
    ],
    ids=["whole", "threshold-said", "place-not-said", "nothing-said", "all-said"],
)
def test_a_finding_says_what_where_and_against_what(
    make_finding: Callable[..., Any], changes: dict[str, Any], expected: str
) -> None:
    assert finding_text(make_finding(**changes)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (None, "%", ""),
        (96.34, "%", "96.34%"),
        (0.212, "s", "212ms"),
        (6_134_400.0, "s", "71d"),
        (-3.0, "s", "-3s"),
        (3, "processes", "3 processes"),
        (1_234_567.8, "bytes", "1,234,568 bytes"),
        (0.5, "", "0.5"),
    ],
)
def test_a_value_is_written_with_its_unit(value: float | None, unit: str, expected: str) -> None:
    assert measured(value, unit) == expected


class TestHeadline:
    def test_it_names_the_worst_finding_and_counts_the_others(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
    ) -> None:
        mild = make_finding(verdict=Verdict.WARNING, message="swap is busy", subject="")
        found = (mild, mild, make_finding(**FULL))
        node = make_node("probe", verdict=Verdict.CRITICAL, findings=found)
        assert headline(make_run(node)) == "critical: disk / on db1 is 96% full, above 95% (and 2 more)"

    @pytest.mark.parametrize(
        ("outputs", "expected"),
        [
            ([CHECKS], "all well: 5 checks ok"),
            ([CHECKS, CHECKS], "all well: 10 checks ok"),
            ([{"alerts": [{"status": "resolved"}]}], "all well: 1 alert resolved"),
            ([CHECKS, {"alerts": [{"status": "resolved"}] * 2}], "all well: 5 checks ok, 2 alerts resolved"),
            ([{}], "all well: 1 node ran"),
        ],
        ids=["checks", "two-nodes", "alert", "both", "neither"],
    )
    def test_it_says_what_was_looked_at_where_all_is_well(
        self,
        make_run: Callable[..., Any],
        make_node: Callable[..., Any],
        outputs: list[dict[str, Any]],
        expected: str,
    ) -> None:
        nodes = [make_node(f"n{place}", output=output, verdict=Verdict.OK) for place, output in enumerate(outputs)]
        assert headline(make_run(*nodes)) == expected

    def test_errors_on_the_way_are_counted(self, make_run: Callable[..., Any], make_node: Callable[..., Any]) -> None:
        late = make_node("more", status=Status.FAILED, required=False, errors=(Problem(code="x", message="late"),))
        run = make_run(make_node("probe", output=CHECKS, verdict=Verdict.OK), late)
        assert headline(run) == "all well: 5 checks ok (1 error on the way)"

    def test_a_failed_run_names_the_node_that_made_it_fail_before_what_was_found(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
    ) -> None:
        run = make_run(
            make_node("probe", verdict=Verdict.CRITICAL, findings=(make_finding(**FULL),)),
            make_node("more", status=Status.FAILED, required=False, errors=(Problem(code="x", message="late"),)),
            make_node("tell", "notify", status=Status.FAILED, errors=(Problem(code="x", message="slack is down"),)),
            status=RunStatus.FAILED,
            error="Node tell failed: slack is down",
        )
        assert headline(run) == ("failed: node tell: slack is down; critical: disk / on db1 is 96% full, above 95%")

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (RunStatus.TIMED_OUT, "timed out: the run's time was up"),
            (RunStatus.CANCELLED, "cancelled: the run's time was up"),
            (RunStatus.SKIPPED, "skipped: the run's time was up"),
            (RunStatus.FAILED, "failed: the run's time was up"),
        ],
        ids=str,
    )
    def test_a_run_that_no_node_made_fail_gives_its_own_reason(
        self, make_run: Callable[..., Any], status: RunStatus, expected: str
    ) -> None:
        reason = "the run's time was up"
        assert headline(make_run(status=status, exit=Exit(code=ExitCode.FAILED, reason=reason))) == expected

    def test_a_verdict_without_a_finding_names_the_node_that_could_not_tell(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
    ) -> None:
        mild = make_finding(verdict=Verdict.WARNING, message="swap is busy", subject="", check="swap", threshold="")
        run = make_run(
            make_node("here", verdict=Verdict.WARNING, findings=(mild,)),
            make_node(
                "there",
                verdict=Verdict.UNKNOWN,
                status=Status.TIMED_OUT,
                required=False,
                errors=(Problem(code="timed_out", message="no answer within 60s"),),
            ),
        )
        assert headline(run) == "unknown: node there: no answer within 60s; warning: swap is busy"

    def test_it_is_one_short_line_whatever_the_finding_says(
        self, make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
    ) -> None:
        found = (make_finding(message="\x1b[2J::error::\n" * 1000), make_finding())
        text = headline(make_run(make_node("probe", verdict=Verdict.CRITICAL, findings=found)))
        assert text.startswith(r"critical: \x1b[2J::error:: \x1b[2J::error::")
        assert text.endswith("… (and 1 more)")
        assert len(text) < 200
