"""What kind of failure a check has seen, finer than its code where its words or its times say more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.providers.rule import DATABASES, THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.facts import CheckResult

_WORDS: Final = {
    "not_resolved": (
        ("there is no such name", "no_such_name"),
        ("no name server answers", "no_resolver"),
        ("does not resolve in time", "no_resolver"),
    ),
    "timed_out": (("did not answer the query", "slow_query"),),
    "not_ready": (
        ("oo many", "connections"),
        ("connection slots", "connections"),
        ("max_user_connections", "connections"),
    ),
}
"""By code: words of the message that say more, and the kind that they mean."""
_SILENT: Final = frozenset({"timed_out", "connection_refused", "connection_lost", "unreachable"})
"""What a name server does that does not answer."""
_SLOW: Final = {"dns": "slow_name", "tcp": "slow_connection"}
"""What takes the time of checks that do one thing alone."""
_MOST: Final = 0.6
"""The part of the whole time from which on one phase is what takes it."""


def kind_of(check: CheckResult) -> str:
    """Say what kind of failure this is."""
    if check.type == "dns" and check.code in _SILENT:
        return "no_resolver"
    if check.type in DATABASES and check.code in {THRESHOLD, "content", "unreadable"}:
        return _of_answer(check)
    if check.code == THRESHOLD:
        return slowest(check.metrics) if check.type == "http" else _SLOW.get(check.type, check.code)
    words = _WORDS.get(check.code, ())
    return next((kind for text, kind in words if text in check.message), check.code)


def _of_answer(check: CheckResult) -> str:
    """Say what a database that answers is to blame for: what it says, or the time it takes."""
    if check.code != THRESHOLD or check.unit != "s":
        return "answer"
    connect, query = (check.metrics.get(key, 0.0) for key in ("connect_ms", "query_ms"))
    return "slow_connection" if connect > query else "slow_query"


def slowest(metrics: Mapping[str, float]) -> str:
    """Name the phase that took most of the time; `THRESHOLD` where none did, or where that is not known."""
    keys = ("dns_ms", "connect_ms", "first_byte_ms", "total_ms")
    if not all(key in metrics for key in keys):
        return THRESHOLD
    name, connect, first_byte, total = (metrics[key] for key in keys)
    connection = connect + metrics.get("tls_ms", 0.0)
    phases = {
        "slow_name": name,
        "slow_connection": connection,
        "slow_answer": first_byte - name - connection,
        "slow_transfer": total - first_byte,
    }
    worst = max(phases, key=lambda phase: phases[phase])
    return worst if phases[worst] > _MOST * total else THRESHOLD
