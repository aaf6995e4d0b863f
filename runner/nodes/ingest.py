"""The node that reads the payload into alerts."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, TypeAlias

from runner.channels.incident import VERDICTS, dedup_key
from runner.errors import NodeError
from runner.formats import FORMATS
from runner.formats.detection import parse
from runner.records import record
from runner.results import Observation, Output, Problem, Severity, Verdict
from runner.spec import Invalid, ReadBy, Template, described, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.facts import Alert
    from runner.formats.detection import Read
    from runner.formats.model import Parsed
    from runner.scope import Overrides, Scope, Variable

_INCIDENT_DIGITS: Final = 16


def format_name(value: object) -> str:
    """Read the name of a format; raise `Invalid` (`E206`) for one that is not known."""
    if isinstance(value, Template):
        return value
    if not isinstance(value, str):
        msg = f"expected the name of a format, got {described(value)}"
        raise Invalid(msg, f"known: {', '.join(FORMATS)}", code="E202")
    if value not in FORMATS:
        msg = f'unknown format "{value}"'
        raise Invalid(msg, did_you_mean(value, list(FORMATS)), code="E206")
    return value


FormatName: TypeAlias = Annotated[str, ReadBy(format_name, {"type": "string", "enum": list(FORMATS)})]


@record
class Ingest:
    """Parses the payload into alerts; fails where there is none in it."""

    type: ClassVar[str] = "ingest"
    timeout: ClassVar[float] = 30.0
    judges: ClassVar[bool] = True
    tells: ClassVar[bool] = False
    pure: ClassVar[bool] = True
    own_names: ClassVar[frozenset[str]] = frozenset()

    format: FormatName = ""
    """The alert format; detected from the payload where nothing names one."""
    driver: FormatName = ""
    """Another word for `format`."""

    def __post_init__(self) -> None:
        """Refuse two formats."""
        if self.format and self.driver:
            msg = "driver is another word for format"
            raise Invalid(msg, "keep one of them", code="E208", at=("driver",))

    def run(self, scope: Scope) -> Output:
        """Parse the payload.

        Raises `NodeError` with the codes of `runner.formats.detection.parse`.
        """
        read = self._read(scope)
        parsed = read.parsed
        alerts = tuple(_labelled(alert, scope.overrides) for alert in parsed.alerts)
        firing = sorted((alert for alert in alerts if alert.status == "firing"), key=lambda alert: -alert.severity.rank)
        return Output(
            data={
                "alerts": [_plain(alert) for alert in alerts],
                "format": read.format,
                "format_reason": read.reason,
                "source": read.format,
                "status": _status(alerts),
                "severity": max(alert.severity for alert in alerts),
                "truncated": parsed.truncated,
                "group_key": parsed.group_key,
                "alerts_created": len(firing),
                "alerts_updated": None,
                "alerts_resolved": sum(alert.status == "resolved" for alert in alerts),
                "incidents_created": None,
                "incidents_updated": None,
                "incident_id": _incident(scope, parsed),
                "alert_fingerprint": (firing or alerts)[0].fingerprint,
            },
            verdict=VERDICTS[firing[0].severity] if firing else Verdict.OK,
            observations=tuple(_observation(alert) for alert in firing if alert.severity > Severity.INFO),
            problems=tuple(_problems(parsed)),
        )

    def plan(self, scope: Scope) -> Iterator[str]:
        """Say what stands in the payload."""
        try:
            read = self._read(scope)
        except NodeError as error:
            yield f"would fail: {error.message}"
            return
        alerts = read.parsed.alerts
        yield f"reads the payload as {read.format} ({read.reason}): {len(alerts)} alert{'s' * (len(alerts) != 1)}"
        yield from (f"  {alert.status} {alert.severity} {_headline(alert)}" for alert in alerts)
        yield from (f"  note: {problem.message}" for problem in _problems(read.parsed))

    def needs(self) -> tuple[Variable, ...]:
        """Name no variable."""
        return ()

    def _read(self, scope: Scope) -> Read:
        own, flag = self.format or self.driver, scope.overrides.format
        if own and own != flag:
            return parse(scope.payload, own, "the node")
        return parse(scope.payload, flag, "--source" if flag == scope.run.source else "--format")


def _labelled(alert: Alert, overrides: Overrides) -> Alert:
    return replace(alert, labels={**alert.labels, **overrides.labels})


def _plain(alert: Alert) -> dict[str, object]:
    return {one.name: getattr(alert, one.name) for one in fields(alert)}


def _status(alerts: tuple[Alert, ...]) -> str:
    statuses = {alert.status for alert in alerts}
    return next(status for status in ("firing", "acknowledged", "resolved") if status in statuses)


def _incident(scope: Scope, parsed: Parsed) -> str | None:
    if not scope.overrides.incidents:
        return None
    identity = parsed.group_key or parsed.alerts[0].fingerprint
    return dedup_key(scope.run.definition, scope.run.environment, identity)[:_INCIDENT_DIGITS]


def _headline(alert: Alert) -> str:
    return f"{alert.name} on {alert.subject}" if alert.subject else alert.name


def _observation(alert: Alert) -> Observation:
    said = f": {alert.description}" if alert.description else ""
    return Observation(
        check=alert.name,
        subject=alert.subject,
        identity=(alert.fingerprint,),
        verdict=VERDICTS[alert.severity],
        message=f"{_headline(alert)}{said}",
    )


def _problems(parsed: Parsed) -> Iterator[Problem]:
    yield from parsed.problems
    if parsed.ignored:
        entries = "1 entry" if parsed.ignored == 1 else f"{parsed.ignored} entries"
        yield Problem(code="ignored_entries", message=f"{entries} of alerts[] could not be read as an alert")
