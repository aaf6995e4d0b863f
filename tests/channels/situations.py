"""Seven nights on which somebody is woken: what the nodes had found out by then."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from runner.channels.writing import write
from runner.facts import gather
from runner.nodes.intelligence import Intelligence
from runner.results import Verdict
from tests.channels.stage import alert, check, checked, ingested, make_scope, node

if TYPE_CHECKING:
    from runner.channels.message import Message
    from runner.results import NodeResult
    from runner.scope import Scope

CPU = alert(
    description="CPU usage of web-1 is above 80% for 5 minutes, now 93.4%",
    labels={"alertname": "HighCPUUsage", "instance": "web-1", "severity": "critical", "team": "shop", "job": "node"},
    annotations={"runbook_url": "https://wiki.example/runbooks/high-cpu"},
)
DISK = check(
    "disk / is 96.2% full, above 95%", "critical", value=96.2, unit="%", warning="above 80%", critical="above 95%"
)
SHOP = check(
    "https://shop.example/ refused the connection (failed 2 of 2 tries)",
    "critical",
    type="http",
    subject="https://shop.example/",
    code="connection_refused",
    tries=2,
)
SEARCH = check(
    "https://shop.example/search answered 200 in 1.2s, above 800ms",
    "warning",
    type="http",
    subject="https://shop.example/search",
    value=1.2,
    unit="s",
    warning="above 800ms",
    critical="above 3s",
)
MEMORY = check("memory is 41% used", type="memory", subject="db1")
LOAD = check("CPU usage is 12%", type="cpu", subject="db1")


def analysed(*nodes: NodeResult) -> Scope:
    """Return a scope with the rules' own analysis of what these nodes have found out."""
    output = Intelligence.parse({"provider": "local"}).run(make_scope(*nodes))
    return make_scope(*nodes, node("analyze", "intelligence", output.data))


def one_alert() -> Scope:
    return analysed(ingested(CPU))


def twenty_alerts() -> Scope:
    down = [
        alert(
            "InstanceDown",
            severity="critical" if number <= 3 else "warning",
            description=f"web-{number} of job node has been down for more than 5 minutes",
            labels={"alertname": "InstanceDown", "instance": f"web-{number}", "job": "node"},
            started_at=f"2026-03-01T11:{35 + number}:00Z",
            url=f"https://prometheus.example/graph?g0=up&i={number}",
        )
        for number in range(1, 21)
    ]
    return analysed(ingested(*down))


def failed_checks() -> Scope:
    return analysed(checked(disk=DISK, home=SHOP, search=SEARCH, memory=MEMORY, cpu=LOAD))


def alert_with_failed_checks() -> Scope:
    return analysed(ingested(CPU), checked(disk=DISK, memory=MEMORY))


def recovery() -> Scope:
    over = {**CPU, "status": "resolved", "ended_at": "2026-03-01T11:52:00Z"}
    return make_scope(ingested(over, verdict=Verdict.OK), checked(memory=MEMORY, cpu=LOAD))


def optional_analysis_failed() -> Scope:
    broken = node("analyze", "intelligence", error="api.example answered 429 Too Many Requests", required=False)
    return make_scope(checked(disk=DISK, memory=MEMORY, cpu=LOAD), broken)


def failed_before_it_knew_anything() -> Scope:
    broken = node("read_alert", "ingest", error="the payload is no JSON: line 1 column 1", verdict=Verdict.UNKNOWN)
    return make_scope(broken, failure="read_alert failed")


SITUATIONS: Final = {
    one.__name__.replace("_", "-"): one
    for one in (
        one_alert,
        twenty_alerts,
        failed_checks,
        alert_with_failed_checks,
        recovery,
        optional_analysis_failed,
        failed_before_it_knew_anything,
    )
}


def told(name: str) -> Message:
    """Write the message about one of them."""
    scope = SITUATIONS[name]()
    return write(scope, gather(scope), datetime(2026, 3, 1, 12, 1, tzinfo=UTC))
