"""Seven nights on which somebody is woken: what the nodes had found out by then."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from runner.channels.writing import write
from runner.facts import gather
from runner.results import Verdict
from tests.channels.stage import alert, analysed, check, checked, ingested, make_scope, node

if TYPE_CHECKING:
    from runner.channels.message import Message
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
FREE_SPACE = {
    "type": "disk_full",
    "priority": "high",
    "title": "Free space on / on db1",
    "description": "A full file system stops databases, logs and deployments from one moment to the next.",
    "actions": [
        "On db1: `df -h` and `df -i` show whether space or inodes run out",
        "On db1: `du -xh --max-depth=2 | sort -h | tail` shows what takes the space",
        "Remove what is not needed (old logs, caches, unused images), or enlarge the file system",
    ],
    "evidence": ["disk: disk / is 96.2% full, above 95%"],
}
BUSY = {
    "type": "cpu_high",
    "priority": "high",
    "title": "Find what keeps web-1 busy",
    "description": "Work that waits for a processor makes everything on the machine slow.",
    "actions": [
        "On web-1: `ps aux --sort=-%cpu | head` shows the busiest processes",
        "On web-1: `uptime` shows whether the load is growing or passing",
    ],
    "evidence": [
        "HighCPUUsage (critical) is firing on web-1 since 2026-03-01T09:55:00Z",
        "HighCPUUsage: CPU usage of web-1 is above 80% for 5 minutes, now 93.4%",
    ],
}
START = {
    "type": "connection_refused",
    "priority": "high",
    "title": "Start the service behind https://shop.example/",
    "description": "The machine answers, and says that nothing listens on this port.",
    "actions": [
        "On shop.example: `ss -ltnp` shows what listens",
        "Look at the service's state and at the end of its log, then start it",
    ],
    "evidence": ["home: https://shop.example/ refused the connection (failed 2 of 2 tries)"],
}
WHY_BUSY = "Something on web-1 asks for more processor time than there is."
WHY_FULL = "/ on db1 is filling up."


def one_alert() -> Scope:
    return make_scope(ingested(CPU), analysed(probable_cause=WHY_BUSY, recommendations=[BUSY]))


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
    return make_scope(
        ingested(*down),
        analysed(probable_cause="20 machines went silent within 20m: look at what they share.", recommendations=[]),
    )


def failed_checks() -> Scope:
    return make_scope(
        checked(disk=DISK, home=SHOP, search=SEARCH, memory=MEMORY, cpu=LOAD),
        analysed(probable_cause=WHY_FULL, recommendations=[FREE_SPACE, START]),
    )


def alert_with_failed_checks() -> Scope:
    return make_scope(
        ingested(CPU),
        checked(disk=DISK, memory=MEMORY),
        analysed(probable_cause=WHY_BUSY, recommendations=[BUSY, FREE_SPACE]),
    )


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
