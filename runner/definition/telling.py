"""Whether people hear of it: warnings about nodes that tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runner.definition.draft import holds
from runner.results import Severity, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from runner.definition.draft import Draft
    from runner.definition.parts import Part
    from runner.expressions import Expression

_BAD: Final = (Verdict.WARNING, Verdict.UNKNOWN, Verdict.CRITICAL)


def check_telling(draft: Draft, parts: Sequence[Part]) -> None:
    """Warn where a failed run, or the end of something bad, would reach nobody."""
    tellers = [part for part in parts if _tells(part)]
    _check_failure_is_told(draft, parts, tellers)
    ids = frozenset(part.id for part in parts)
    for part in tellers:
        if part.when is not None and _holds_back(part.when, ids):
            hint = "leave it out: send: changes says what became bad and what is over"
            draft.say("W502", part.at("when"), "this holds back the message that it is over", hint)


def _tells(part: Part) -> bool:
    return part.config is not None and part.config.cls.tells


def _check_failure_is_told(draft: Draft, parts: Sequence[Part], tellers: Sequence[Part]) -> None:
    """Where messages are sent at all, a failed run should be one of them."""
    others = [part for part in parts if part.entry.required and not _tells(part)]
    if tellers and others and not any(part.entry.always for part in tellers):
        sentence = f'"{others[0].id}" is required and can fail, and then nobody is told'
        draft.say("W501", tellers[-1].path, sentence, "add always: true to this node")


def _holds_back(when: Expression, ids: Collection[str]) -> bool:
    """Say whether a condition holds while something is bad, and does not any more when it is over."""
    if holds(when, _names(ids, Verdict.OK)) is not False:
        return False
    return any(holds(when, _names(ids, verdict)) for verdict in _BAD)


def _names(ids: Collection[str], verdict: Verdict) -> Mapping[str, Any]:
    """Return what expressions would read where every node has come to a verdict."""
    status = "firing" if verdict > Verdict.OK else "resolved"
    alert = {"status": status, "severity": Severity.CRITICAL}
    node = {
        "status": Status.SUCCEEDED,
        "verdict": verdict,
        "has_errors": False,
        "output": {**alert, "alerts": [alert], "checks_failed": int(verdict > Verdict.OK)},
    }
    nodes = dict.fromkeys(ids, node)
    return {**nodes, "nodes": nodes, "incident": alert}
