"""Looks at things: runs checks and judges what they see."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, TypeAlias

from annotated_types import Interval

from runner.checks import CHECKS, Check
from runner.checks.base import known
from runner.checks.judging import ILL, Judged, examine, level_text
from runner.checks.naming import names, refuse_duplicates
from runner.errors import Cancelled, NodeError, TimedOut
from runner.records import record
from runner.results import Observation, Output, Verdict
from runner.spec import Invalid, ReadBy, Repeated, described, duration_text
from runner.threads import concurrently
from runner.validators import read_each

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from runner.scope import Scope, Variable
    from runner.secrets import Secret

UNASKED: Final = ("cpu", "memory", "disk")
"""The checks that are run where none is named."""


def read_checks(value: object) -> tuple[Check, ...]:
    """Read the checks of one entry: an object with a `type`, the name of a type, or what `for_each` made of either."""
    if isinstance(value, Repeated):
        return tuple(read_each(value, dict(enumerate(value)), CHECKS.read))
    return (CHECKS.read(value),)


def read_check_name(value: object) -> tuple[Check, ...]:
    """Read the name of a type of check."""
    if isinstance(value, str):
        return (CHECKS.read(value),)
    msg = f"expected the name of a check, got {described(value)}"
    raise Invalid(msg, "checks: takes objects, too", code="E202")


_NAME: Final = {"type": "string", "enum": list(CHECKS)}
_OBJECT: Final = {"type": "object", "required": ["type"], "properties": {"type": _NAME}}
AnyChecks: TypeAlias = Annotated[tuple[Check, ...], ReadBy(read_checks, {"anyOf": [_NAME, _OBJECT]})]
NamedChecks: TypeAlias = Annotated[tuple[Check, ...], ReadBy(read_check_name, _NAME)]
"""What one entry of a list stands for: one check, or with `for_each` as many as there are items."""


@record
class Context:
    """Run checks, all at the same time, and judge what they see.

    Its verdict is that of its worst check. A check that breaks is `unknown`, and the others still count.
    """

    type: ClassVar[str] = "context"
    timeout: ClassVar[float] = 60.0
    judges: ClassVar[bool] = True
    tells: ClassVar[bool] = False
    pure: ClassVar[bool] = False
    own_names: ClassVar[frozenset[str]] = frozenset()

    checks: tuple[AnyChecks, ...] = ()
    """Names of checks (`disk`: with its defaults) and objects; cpu, memory and disk where nothing is named."""
    include: tuple[NamedChecks, ...] = ()
    """An earlier spelling: a list of names."""
    checker_names: tuple[NamedChecks, ...] = ()
    """An earlier spelling: a list of names."""
    concurrency: Annotated[int, Interval(ge=1, le=100)] = 10
    """How many are run at the same time."""

    def __post_init__(self) -> None:
        """Refuse more than one list, and two checks of one name."""
        given = [key for key in ("checks", "include", "checker_names") if getattr(self, key)]
        if len(given) > 1:
            msg = f"{given[0]} and {given[1]} say the same thing"
            hint = "keep checks" if self.checks else "keep one, as checks"
            raise Invalid(msg, hint, code="E208", at=(given[1],))
        refuse_duplicates(self.checks)

    def run(self, scope: Scope) -> Output:
        """Run the checks; raise `TimedOut` or `Cancelled`, with what is known by then, once the node's time is over."""
        named = self._all()
        done: dict[str, Judged] = {}
        tasks = [partial(_into, done, name, check, scope) for name, check in named.items()]
        try:
            concurrently(tasks, scope.deadline, limit=self.concurrency)
        except (TimedOut, Cancelled) as error:
            so_far = dict(done)
            missing = [name for name in named if name not in so_far]
            msg = f"{error.message}: {len(so_far)} of {len(named)} checks were done, not {_listed(missing)}"
            raise type(error)(msg, known=self._output(named, so_far, scope) if so_far else None) from error
        return self._output(named, done, scope)

    def _output(self, named: Mapping[str, Check], done: Mapping[str, Judged], scope: Scope) -> Output:
        """Return what the checks that are done have shown."""
        results = {name: done[name] for name in named if name in done}
        verdicts = [result.verdict for result in results.values()]
        return Output(
            data={
                "checks_run": len(results),
                "checks_passed": verdicts.count(Verdict.OK),
                "checks_failed": len(verdicts) - verdicts.count(Verdict.OK),
                "verdicts": {str(word): verdicts.count(word) for word in Verdict if word <= Verdict.CRITICAL},
                "results": {name: _data(named[name], result, scope) for name, result in results.items()},
            },
            verdict=_verdict(results.values()),
            observations=tuple(self._observations(results, named, scope)),
            watched=tuple((name, named[name].identity(scope)) for name in results),
        )

    def plan(self, scope: Scope) -> Iterable[str]:  # noqa: ARG002 - the checks say it all
        """Say what each check would do."""
        for name, check in self._all().items():
            what = name if name == check.type else f"{check.type} {name}"
            yield f"would check {what}: {check.task} ({', '.join(_terms(check))})"

    def needs(self) -> Iterable[Variable]:
        """Nothing: checks have no variables of their own."""
        return ()

    def secrets(self) -> tuple[Secret, ...]:
        """Return the credentials in the configuration of the checks."""
        return tuple(secret for check in self._checks for secret in check.secrets())

    def names(self) -> tuple[str | None, ...]:
        """Return the name of each check, in order; None where a template hides what it is made of."""
        return names(self._checks)

    def programs(self) -> tuple[tuple[str | int, ...], ...]:
        """Return where the checks stand that start programs, below `config`."""
        key, entries = self._given
        return tuple((key, place) for place, entry in enumerate(entries) if any(check.starts for check in entry))

    def default_names(self) -> frozenset[str]:
        """Return the names that are made up, for the checks that the definition gives none."""
        return frozenset(
            name for name, check in zip(self.names(), self._checks, strict=True) if name and not check.name
        )

    @property
    def _given(self) -> tuple[str, tuple[tuple[Check, ...], ...]]:
        """Return the checks of each entry, and the key that the entries stand at; an empty one where there is none."""
        for key, entries in (("checks", self.checks), ("include", self.include), ("checker_names", self.checker_names)):
            if entries:
                return key, entries
        return "", tuple(map(read_checks, UNASKED))

    @property
    def _checks(self) -> tuple[Check, ...]:
        return tuple(check for entry in self._given[1] for check in entry)

    def _all(self) -> dict[str, Check]:
        """Return the checks by their names; raise where the lists of all that is repeated have turned out empty."""
        if named := self._named():
            return named
        msg = "there is nothing to check: the list of every for_each is empty"
        raise NodeError(msg, code="nothing_to_check")

    def _named(self) -> dict[str, Check]:
        pairs = zip(self.names(), self._checks, strict=True)
        return {name or f"{check.type}_{place}": check for place, (name, check) in enumerate(pairs, start=1)}

    def _observations(
        self, results: Mapping[str, Judged], named: Mapping[str, Check], scope: Scope
    ) -> Iterable[Observation]:
        key, entries = self._given
        places = (place for place, entry in enumerate(entries) for _ in entry)
        for place, name in zip(places, named, strict=True):
            result = results.get(name)
            if result is not None and result.verdict is not Verdict.OK:
                yield Observation(
                    check=name,
                    subject=named[name].subject(scope),
                    identity=(name, named[name].identity(scope)),
                    verdict=result.verdict,
                    message=result.message,
                    value=result.seen.value,
                    unit=result.seen.unit,
                    threshold=result.threshold,
                    path=(key, place) if key else (),
                )


def _verdict(results: Collection[Judged]) -> Verdict:
    """Return the worst that was seen; where the runner was too ill to see all, nothing worse than ok says little."""
    seen = max((one.verdict for one in results if one.code not in ILL), default=Verdict.OK)
    ill = any(one.code in ILL for one in results)
    return Verdict.INCONCLUSIVE if ill and seen is Verdict.OK else seen


def _into(done: dict[str, Judged], name: str, check: Check, scope: Scope) -> None:
    with scope.busy(name):
        done[name] = examine(check, scope)


def _data(check: Check, result: Judged, scope: Scope) -> Mapping[str, object]:
    """Return a check's result as it stands in the output."""
    levels = {verdict: level_text(check, threshold) for verdict, threshold in check.levels}
    return {
        "type": check.type,
        "verdict": result.verdict,
        "status": result.verdict,
        "message": result.message,
        "metrics": dict(result.seen.metrics),
        "duration_ms": result.duration_ms,
        "subject": check.subject(scope),
        "value": result.seen.value,
        "unit": result.seen.unit,
        "warning": levels.get(Verdict.WARNING, ""),
        "critical": levels.get(Verdict.CRITICAL, ""),
        "tries": result.tries,
        "code": result.code,
    }


def _terms(check: Check) -> Iterable[str]:
    """Say a check's limits; what a template hides is said as it is written."""
    yield f"timeout {_said(check.timeout)}"
    for verdict, threshold in reversed(check.levels):
        yield f"{verdict} {level_text(check, threshold) if known(threshold) else threshold}"
    if check.confirmation.tries > 1:
        yield f"{check.confirmation.tries} tries"


def _said(seconds: float) -> str:
    return duration_text(seconds) if known(seconds) else str(seconds)


def _listed(missing: list[str]) -> str:
    """Name some checks: the first three, and how many more there are."""
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""  # noqa: PLR2004 - see above
    return ", ".join(missing[:3]) + more
