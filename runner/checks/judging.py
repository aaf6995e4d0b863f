"""From what a look has shown to a verdict: tries, failures and thresholds."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from runner.checks.base import Check, Seen
from runner.errors import Cancelled, NodeError, TimedOut, Unreachable
from runner.records import record
from runner.results import Verdict
from runner.spec import duration_text
from runner.threads import concurrently

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.scope import Scope
    from runner.spec import Threshold

GRACE: Final = 0.2
"""Seconds that a look has to come back by itself once its time is up, before it is left behind."""
BAD: Final = frozenset({Verdict.WARNING, Verdict.CRITICAL})
"""Verdicts that are looked at again before they count; who could not tell will hardly know more."""
WRONG_ANSWERS: Final = frozenset({"redirect"})
"""Codes of refusals that what is watched is to blame for."""
ILL: Final = frozenset({"no_network", "no_resolver"})
"""Codes of reasons why a check could not look at all that lie with the runner."""


@record
class Judged:
    """What came of a check."""

    seen: Seen
    verdict: Verdict
    message: str
    threshold: str = ""
    """The threshold that was crossed, for people: `above 90%`."""
    code: str = ""
    """Why it is not well, as a stable word; empty where a threshold says so."""
    tries: int = 1
    duration_ms: float = 0.0


def examine(check: Check, scope: Scope) -> Judged:
    """Look until all is well or the tries are used up: only what every look has shown counts.

    Raises `TimedOut` or `Cancelled` where the time of the whole node is over.
    """
    started = time.perf_counter()
    confirm = check.confirmation
    looks = [judge(check, _look(check, scope))]
    while looks[-1].verdict in BAD and len(looks) < confirm.tries:
        if scope.deadline.left < confirm.pause + check.timeout:
            break
        scope.deadline.sleep(confirm.pause)
        looks.append(judge(check, _look(check, scope)))
    judged = min(reversed(looks), key=lambda look: look.verdict.rank)
    message = judged.message
    if judged.verdict in BAD and confirm.tries > 1:
        said, semicolon, more = message.partition("; ")  # what is behind it is background
        message = f"{said} ({_counted(looks, confirm.tries)}){semicolon}{more}"
    elapsed = (time.perf_counter() - started) * 1000
    return replace(judged, message=message, tries=len(looks), duration_ms=round(elapsed, 2))


def _counted(looks: Sequence[Judged], most: int) -> str:
    """Say how often it was so: `failed 2 of 2 tries`."""
    failed = sum(look.verdict is Verdict.CRITICAL for look in looks)
    told = f"failed {failed}" if failed else f"in {len(looks)}"
    return f"{told} of {most} tries" + (", no time for another" if len(looks) < most else "")


def judge(check: Check, seen: Seen) -> Judged:
    """Hold what was seen against the thresholds."""
    verdict, threshold = _crossed(check, seen)
    message = seen.message
    if threshold and seen.verdict < Verdict.CRITICAL:
        message += f", {threshold}"
    if seen.also:
        message += f"; {seen.also}"
    code = "" if verdict > seen.verdict else seen.code
    return Judged(seen=seen, verdict=max(seen.verdict, verdict), message=message, threshold=threshold, code=code)


def level_text(check: Check, threshold: Threshold) -> str:
    """Write a threshold of a check for people: `above 90%`."""
    return threshold.text(check.write)


def _crossed(check: Check, seen: Seen) -> tuple[Verdict, str]:
    """Return the worst threshold that the value crosses."""
    if seen.value is None:
        return Verdict.OK, ""
    for verdict, threshold in check.levels:
        if threshold.crossed(seen.value):
            return verdict, level_text(check, threshold)
    return Verdict.OK, ""


def _look(check: Check, scope: Scope) -> Seen:
    """Look once, within the check's own time whatever blocks it; a failure to see is something seen, too."""
    once = scope.within(scope.deadline.within(check.timeout))
    look = partial(check.look, once)
    try:
        # The doors keep a limit by themselves. What is on this machine can block who asks for good, so it gets a
        # thread that can be left behind: too dear for hundreds of pages.
        return look() if check.remote else concurrently([look], once.deadline, limit=1, grace=GRACE)[0]
    except Cancelled:
        raise
    except NodeError as error:
        scope.deadline.check()
        failed = error.code not in ILL and (isinstance(error, TimedOut | Unreachable) or error.code in WRONG_ANSWERS)
        verdict = Verdict.CRITICAL if failed else Verdict.UNKNOWN
        return Seen(message=_said(check, error), verdict=verdict, code=error.code)
    except OSError as error:
        return Seen(message=f"{check.task} failed: {error}", verdict=Verdict.UNKNOWN, code="unreadable")


def _said(check: Check, error: NodeError) -> str:
    """Say a failure with what failed, which a limit does not know."""
    if isinstance(error, TimedOut):
        return check.late(duration_text(check.timeout))
    return error.message
