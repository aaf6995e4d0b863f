"""What the tests of the local analysis play on: checks, alerts and failures as nodes leave them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.doors import shut_doors
from runner.facts import Alert, CheckResult, Facts, Failure
from runner.providers.local import Local
from runner.results import Severity, Verdict
from tests.channels.stage import make_scope

if TYPE_CHECKING:
    from runner.providers import Answer


def check(kind: str, subject: str, verdict: str = "critical", **more: Any) -> CheckResult:  # noqa: ANN401 - any field
    given = {"name": kind, "message": f"{subject} is not well", **more}
    return CheckResult(node="probe", type=kind, subject=subject, verdict=Verdict(verdict), **given)


def http(code: str, subject: str = "https://shop.example/", **more: Any) -> CheckResult:  # noqa: ANN401 - any field
    return check("http", subject, code=code, **more)


def alert(name: str, *, status: str = "firing", severity: str = "critical", **more: Any) -> Alert:  # noqa: ANN401 - any field
    return Alert(fingerprint=name, name=name, status=status, severity=Severity(severity), **more)


def analyse(*known: CheckResult | Alert | Failure, truncated: int = 0) -> Answer:
    """Have checks, alerts and failures analysed, with every door shut."""
    facts = Facts(
        checks=tuple(one for one in known if isinstance(one, CheckResult)),
        alerts=tuple(one for one in known if isinstance(one, Alert)),
        failures=tuple(one for one in known if isinstance(one, Failure)),
        truncated=truncated,
    )
    return Local().analyse(facts, make_scope(doors=shut_doors()))
