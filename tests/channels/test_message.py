"""What people read, in full: put yourself in the place of someone woken by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from runner.channels.message import DOCUMENT_KEYS, Kind
from runner.channels.writing import write
from runner.facts import gather
from runner.results import Severity, Verdict
from runner.secrets import Masker, Secret
from tests.channels.stage import (
    ANALYSIS,
    FULL_DISK,
    GOOD_MEMORY,
    RUN,
    alert,
    analysed,
    check,
    checked,
    ingested,
    make_scope,
    node,
)

if TYPE_CHECKING:
    from runner.channels.message import Message
    from runner.results import NodeResult

FOOT = "web-health · production · run run-1"


def written(*nodes: NodeResult, **scope: Any) -> Message:  # noqa: ANN401 - arguments of make_scope
    built = make_scope(*nodes, **scope)
    return write(built, gather(built), datetime(2026, 3, 1, 12, 1, tzinfo=UTC))


def test_an_alert_with_an_analysis() -> None:
    assert (
        written(ingested(alert()), analysed()).readable
        == f"""\
[CRITICAL] HighCPUUsage on web-1

CPU usage is above 80% for 5 minutes
Firing since 2026-03-01 09:55 UTC (2h5m).
Labels: job=node

Likely cause:
Log files fill the file system.
- disk / is 96.2% full

What to do:
- Free space on /
    - du -x / | sort -n | tail
    - journalctl --vacuum-size=1G

This run: https://ci.example/runs/1
Source of HighCPUUsage: https://prometheus.example/graph?g0=cpu

{FOOT}"""
    )


def test_a_failed_check_among_others() -> None:
    assert (
        written(checked(disk=FULL_DISK, memory=GOOD_MEMORY)).readable
        == f"""\
[CRITICAL] db1: disk / is 96.2% full, above 95%

Limits: warning above 80%, critical above 95%.
First seen in this run.
1 other check is ok: memory.

This run: https://ci.example/runs/1

{FOOT}"""
    )


def test_alerts_and_checks() -> None:
    shop = check(
        "https://shop.example/ answered 503, expected 200..399 (failed 2 of 2 tries)",
        "warning",
        type="http",
        subject="https://shop.example/",
    )
    nodes = (
        ingested(alert(), alert("DiskFull", severity="warning", started_at="", description=""), truncated=2),
        checked(disk=FULL_DISK, shop=shop, memory=GOOD_MEMORY),
    )
    assert (
        written(*nodes).readable
        == f"""\
[CRITICAL] HighCPUUsage on web-1 (+3 more)

2 alerts are firing, the first since 2026-03-01 09:55 UTC (2h5m): 1 critical, 1 warning.
The sender left out 2 more alerts.
- CRITICAL HighCPUUsage on web-1: CPU usage is above 80% for 5 minutes
    - Firing since 2026-03-01 09:55 UTC (2h5m).
- WARNING DiskFull on web-1
    - First seen in this run.

2 of 3 checks are not ok: 1 critical, 1 warning.
First seen in this run.
- CRITICAL db1: disk / is 96.2% full, above 95%
- WARNING shop: https://shop.example/ answered 503, expected 200..399 (failed 2 of 2 tries)
- ok on db1: memory

This run: https://ci.example/runs/1
Source of HighCPUUsage: https://prometheus.example/graph?g0=cpu

{FOOT}"""
    )


def test_a_recovery() -> None:
    over = alert(status="resolved", ended_at="2026-03-01T11:00:00Z")
    assert (
        written(ingested(over, verdict=Verdict.OK), checked(memory=GOOD_MEMORY)).readable
        == f"""\
[RESOLVED] HighCPUUsage on web-1

It is over. It fired from 2026-03-01 09:55 UTC to 2026-03-01 11:00 UTC (1h5m).
It was about: CPU usage is above 80% for 5 minutes
Labels: job=node

1 check is ok on db1: memory.

This run: https://ci.example/runs/1
Source of HighCPUUsage: https://prometheus.example/graph?g0=cpu

{FOOT}"""
    )


def test_a_run_that_failed_before_it_knew_anything() -> None:
    broken = node("ingest", "ingest", error="no alert in the payload", verdict=Verdict.UNKNOWN)
    assert (
        written(broken, failure="ingest failed").readable
        == f"""\
[FAILED] web-health: ingest failed: no alert in the payload

The run of 2026-03-01 12:00 UTC failed before it could tell anything: nothing is known about what it looks after.
Mend what the title names, and run it again: until then nothing is watched.

This run: https://ci.example/runs/1

{FOOT}"""
    )


def test_everything_is_well() -> None:
    assert (
        written(checked(disk=check("disk / is 40% full"), memory=GOOD_MEMORY)).readable
        == f"""\
[OK] web-health: 2 checks passed

- db1: disk / is 40% full
- db1: memory is 41% used

This run: https://ci.example/runs/1

{FOOT}"""
    )


def test_nothing_was_judged() -> None:
    assert (
        written(node("pick", "transform", {"transformed": 1})).readable
        == f"""\
[INFO] web-health has run

This run: https://ci.example/runs/1

{FOOT}"""
    )


@pytest.mark.parametrize(
    ("nodes", "failure", "kind", "severity", "title"),
    [
        pytest.param(
            [ingested(alert(severity="warning")), checked(disk=FULL_DISK)],
            "",
            Kind.PROBLEM,
            Severity.CRITICAL,
            "[CRITICAL] db1: disk / is 96.2% full, above 95% (+1 more)",
            id="a-check-that-is-worse-than-the-alert",
        ),
        pytest.param(
            [ingested(alert(severity="info"), verdict=Verdict.OK)],
            "",
            Kind.PROBLEM,
            Severity.INFO,
            "[INFO] HighCPUUsage on web-1",
            id="an-alert-that-only-informs",
        ),
        pytest.param(
            [ingested(alert(status="acknowledged"), verdict=Verdict.OK)],
            "",
            Kind.ACKNOWLEDGED,
            Severity.INFO,
            "[ACKNOWLEDGED] HighCPUUsage on web-1",
            id="acknowledged",
        ),
        pytest.param(
            [
                ingested(alert(status="resolved"), verdict=Verdict.OK),
                node("probe", "context", error="timed out after 60s", verdict=Verdict.UNKNOWN),
            ],
            "probe failed: timed out after 60s",
            Kind.RECOVERED,
            Severity.INFO,
            "[RESOLVED] HighCPUUsage on web-1",
            id="a-resolve-is-not-lost-in-a-failed-run",
        ),
        pytest.param(
            [checked(probe=check("timed out after 10s", "unknown", type="command", subject="db1:backup"))],
            "",
            Kind.PROBLEM,
            Severity.WARNING,
            "[UNKNOWN] db1 probe: timed out after 10s",
            id="a-check-that-could-not-tell",
        ),
        pytest.param(
            [node("probe", "context", error="no permission", verdict=Verdict.UNKNOWN, required=False)],
            "",
            Kind.FAILED,
            Severity.WARNING,
            "[UNKNOWN] web-health: probe failed: no permission",
            id="an-optional-node-that-judges-failed",
        ),
        pytest.param(
            [checked(memory=GOOD_MEMORY), node("analyze", "intelligence", error="no quota", required=False)],
            "",
            Kind.WELL,
            Severity.INFO,
            "[OK] web-health: 1 check passed",
            id="an-optional-node-that-adds-words-failed",
        ),
        pytest.param(
            [checked(memory=GOOD_MEMORY)],
            "the run's time is up",
            Kind.FAILED,
            Severity.WARNING,
            "[FAILED] web-health: the run's time is up",
            id="the-run-failed-by-itself",
        ),
        pytest.param(
            [
                node("probe", "context", error="no permission", verdict=Verdict.UNKNOWN),
                node("read", "ingest", error="x"),
            ],
            "read failed",
            Kind.FAILED,
            Severity.WARNING,
            "[FAILED] web-health: read failed: x",
            id="a-node-failed-with-its-reason",
        ),
    ],
)
def test_the_title_says_the_worst(
    nodes: list[NodeResult], failure: str, kind: Kind, severity: Severity, title: str
) -> None:
    message = written(*nodes, failure=failure)
    assert (message.kind, message.severity, message.title) == (kind, severity, title)


def test_what_failed_is_said_beside_what_is_broken() -> None:
    nodes = (checked(disk=FULL_DISK), node("more", "context", error="timed out after 60s"))
    text = written(*nodes, failure="more failed: timed out after 60s").text
    assert "\n\nWhat failed in this run:\n- more: timed out after 60s\n\n" in text


def test_something_optional_that_failed_is_one_quiet_line() -> None:
    nodes = (checked(disk=FULL_DISK), node("analyze", "intelligence", error="no quota", required=False))
    text = written(*nodes).text
    assert "\n\nThe run went on without analyze, which failed: no quota\n\n" in text
    assert "What failed" not in text


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["firing", "resolved"], "1 alert is firing, since 2026-03-01 09:55 UTC (2h5m): 1 critical; 1 is over."),
        (["resolved", "resolved"], "2 alerts are over."),
        (["acknowledged", "resolved", "resolved"], "1 alert is taken on; 2 are over."),
    ],
)
def test_several_alerts_are_counted_first(statuses: list[str], said: str) -> None:
    alerts = [alert(f"A{number}", status=status) for number, status in enumerate(statuses)]
    assert written(ingested(*alerts)).text.startswith(f"{said}\n- ")


def test_alerts_of_one_name_are_told_apart_where_they_are_linked() -> None:
    down = [alert("Down", labels={"instance": f"web-{number}"}, url=f"https://x.example/{number}") for number in (1, 2)]
    assert [link.text for link in written(ingested(*down)).links[1:]] == [
        "Source of Down on web-1",
        "Source of Down on web-2",
    ]


def test_a_cause_is_shown_with_its_own_evidence() -> None:
    other = {**ANALYSIS["recommendations"][0], "evidence": ["home: connection refused"]}
    nodes = (ingested(alert()), checked(disk=FULL_DISK))
    text = written(*nodes, analysed(recommendations=[*ANALYSIS["recommendations"], other])).text
    assert "Log files fill the file system.\n- disk / is 96.2% full\n\nWhat to do:" in text


def test_evidence_that_stands_above_is_not_said_again() -> None:
    seen = [
        "HighCPUUsage (critical) is firing on web-1 since 2026-03-01T09:55:00Z",
        "HighCPUUsage: CPU usage is above 80% for…",
        "load is 14.2 on 4 processors",
    ]
    recommended = [{**ANALYSIS["recommendations"][0], "evidence": seen}]
    text = written(ingested(alert()), analysed(recommendations=recommended)).text
    assert "Log files fill the file system.\n- load is 14.2 on 4 processors\n\nWhat to do:" in text


def test_of_several_things_the_evidence_says_which_one_the_cause_is_about() -> None:
    recommended = [{**ANALYSIS["recommendations"][0], "evidence": ["disk: disk / is 96.2% full, above 95%"]}]
    text = written(checked(disk=FULL_DISK, again=FULL_DISK), analysed(recommendations=recommended)).text
    assert "Log files fill the file system.\n- disk / is 96.2% full, above 95%\n\nWhat to do:" in text


CERTIFICATE = check(
    "the certificate of shop.example:443 expires in 12 days, below 21d; it is for shop.example; chain: shop ← R11",
    "warning",
    type="tls",
    subject="shop.example:443",
)


def test_a_title_leaves_out_what_is_background() -> None:
    message = written(checked(cert=CERTIFICATE))
    assert message.title == "[WARNING] cert: the certificate of shop.example:443 expires in 12 days, below 21d"
    assert message.text.startswith("It is for shop.example; chain: shop ← R11.\nFirst seen in this run.")


def test_in_a_list_background_stands_below_what_is_not_ok_and_nowhere_else() -> None:
    text = written(checked(cert=CERTIFICATE, disk=FULL_DISK)).text
    line = "- WARNING cert: the certificate of shop.example:443 expires in 12 days, below 21d\n"
    assert f"{line}    - It is for shop.example; chain: shop ← R11.\n" in text
    well = written(checked(cert={**CERTIFICATE, "verdict": "ok"}, memory=GOOD_MEMORY)).text
    assert "- cert: the certificate of shop.example:443 expires in 12 days, below 21d\n- " in well


def test_text_from_outside_starts_no_line_of_its_own() -> None:
    nasty = alert("A\nB", description="first\r\n\x1b[31m::error::second\u2028third \u202egnp.exe \ud800")
    message = written(ingested(nasty))
    assert message.title == "[CRITICAL] A B on web-1"
    assert message.text.startswith("first [31m::error::second third gnp.exe\n")


@pytest.mark.parametrize(
    ("started", "said"),
    [
        ("2026-03-01T11:59:30Z", "Firing since 2026-03-01 11:59 UTC (30s)."),
        ("2026-02-26T10:30:00Z", "Firing since 2026-02-26 10:30 UTC (3d1h)."),
        ("2026-03-01T13:00:00+02:00", "Firing since 2026-03-01 11:00 UTC (1h)."),
        ("2026-03-01T12:00:10Z", "Firing since 2026-03-01 12:00 UTC."),
        ("2026-03-01 10:00", "Firing since 2026-03-01 10:00 UTC (2h)."),
        ("0001-01-01T00:00:00+05:00", "Firing since 0001-01-01T00:00:00+05:00."),
        ("yesterday", "Firing since yesterday."),
        ("", "First seen in this run."),
    ],
)
def test_since_when(started: str, said: str) -> None:
    assert f"\n{said}\n" in written(ingested(alert(started_at=started))).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "resolved", "started_at": ""}, "It is over.\n"),
        ({"status": "resolved"}, "It is over. It fired from 2026-03-01 09:55 UTC on.\n"),
        ({"status": "acknowledged"}, "Somebody has taken it on. It fires since 2026-03-01 09:55 UTC (2h5m).\n"),
        ({"status": "acknowledged", "started_at": ""}, "Somebody has taken it on.\n"),
        ({"labels": {}, "description": ""}, "Firing since 2026-03-01 09:55 UTC (2h5m).\n\n"),
    ],
)
def test_what_the_sender_did_not_say_is_not_made_up(fields: dict[str, Any], said: str) -> None:
    assert said in written(ingested(alert(**fields))).text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://a b", "", "https://x/<script>"])
def test_only_web_addresses_become_links(url: str) -> None:
    message = written(ingested(alert(url=url, annotations={"runbook_url": url})))
    assert [link.url for link in message.links] == [RUN.url]


def test_a_runbook_is_linked() -> None:
    message = written(ingested(alert(url="", annotations={"runbook_url": "https://wiki.example/cpu"})))
    assert [(link.text, link.url) for link in message.links[1:]] == [
        ("Runbook of HighCPUUsage", "https://wiki.example/cpu")
    ]


def test_long_lists_are_counted() -> None:
    alerts = [alert(f"A{number}", description="x" * 5000) for number in range(40)]
    bad = {f"c{number}": FULL_DISK for number in range(30)}
    text = written(ingested(*alerts), checked(**bad)).text
    assert "- … and 30 more" in text
    assert "- … and 10 more" in text
    assert len(text) < 8000


def test_alerts_that_are_not_listed_are_named_with_where_they_are() -> None:
    down = [alert("Down", labels={"instance": f"web-{number}"}) for number in range(13)]
    text = written(ingested(*down, alert("Full", labels={"instance": "db1"}), alert("Late", labels={}))).text
    assert "\n- … and 5 more: Down on web-10, web-11, web-12, Full on db1, Late\n" in text


def test_what_is_ok_beside_an_alert_says_on_which_machine() -> None:
    home = check("https://shop.example/ answered 200", type="http", subject="https://shop.example/")
    text = written(ingested(alert()), checked(memory=GOOD_MEMORY, home=home)).text
    assert "\n2 checks are ok: memory on db1; home.\n" in text
    assert "\n1 other check is ok: memory.\n" in written(checked(disk=FULL_DISK, memory=GOOD_MEMORY)).text


def test_what_a_title_has_to_cut_stands_below_it_in_full() -> None:
    url = f"https://shop.example/{'a-long-way/' * 20}"
    page = check(f"{url} answered 503, expected 200 to 399", "critical", type="http", subject=url)
    message = written(checked(home=page))
    assert "answered 503" not in message.title
    assert message.text.startswith(f"home: {url} answered 503, expected 200 to 399\n")
    named = alert("x" * 200)
    assert written(ingested(named)).text.startswith(f"{'x' * 200} on web-1\n")
    assert written(checked(home=page, disk=FULL_DISK)).text.startswith("2 of 2 checks are not ok: 2 critical.\n")


def test_an_analysis_without_a_cause_is_its_summary_where_that_says_anything_new() -> None:
    nothing = {"probable_cause": "", "recommendations": []}
    model = written(ingested(alert()), analysed(**nothing, provider="openai")).text
    assert "\n\nAnalysis:\nThe disk of db1 is full.\nopenai says so, and may be wrong.\n\n" in model
    assert "What to do" not in model
    assert "Analysis" not in written(ingested(alert()), analysed(**nothing)).text
    instead = written(ingested(alert()), analysed(**nothing, fallback_used=True)).text
    said = "The analysis service gave no answer; this comes from the local rules."
    assert f"\n\nAnalysis:\n{said}\n\n" in instead


def test_the_document_has_its_keys_and_nothing_made_up() -> None:
    document = written(checked(memory=GOOD_MEMORY), labels={"team": "shop"}).document
    assert tuple(document) == DOCUMENT_KEYS
    assert document == {
        "title": "[OK] web-health: 1 check passed",
        "message": f"- db1: memory is 41% used\n\nThis run: https://ci.example/runs/1\n\n{FOOT} · team=shop",
        "severity": "info",
        "verdict": "ok",
        "source": "cli",
        "environment": "production",
        "incident_id": None,
        "generated_at": datetime(2026, 3, 1, 12, 1, tzinfo=UTC),
        "run": {
            "id": "run-1",
            "trace_id": "trace-1",
            "definition": "web-health",
            "source": "cli",
            "environment": "production",
            "started_at": RUN.started_at,
            "url": "https://ci.example/runs/1",
        },
        "summary": "web-health: 1 check passed",
        "probable_cause": None,
        "recommendations": [],
        "alerts": [],
        "checks": [
            {
                "node": "probe",
                "name": "memory",
                "type": "memory",
                "subject": "db1",
                "verdict": "ok",
                "message": "memory is 41% used",
                "value": None,
                "unit": "",
                "warning": "",
                "critical": "",
                "metrics": {},
                "tries": 1,
                "code": "",
            }
        ],
        "comparison": None,
        "tags": {"trace_id": "trace-1", "run_id": "run-1", "team": "shop"},
    }


@pytest.mark.parametrize(
    ("nodes", "same"),
    [
        pytest.param([ingested(alert(), group_key="g")], [ingested(alert("B"), group_key="g")], id="group"),
        pytest.param([ingested(alert())], [ingested(alert(status="resolved"))], id="firing-and-resolved"),
        pytest.param(
            [checked(disk=FULL_DISK)], [checked(disk={**FULL_DISK, "message": "disk / is 99% full"})], id="check"
        ),
    ],
)
def test_messages_about_one_incident_have_one_key(nodes: list[NodeResult], same: list[NodeResult]) -> None:
    assert written(*nodes).dedup_key == written(*same).dedup_key != written().dedup_key


def test_everything_in_a_message_is_masked() -> None:
    told = replace(
        written(
            ingested(alert("hunter22", annotations={"runbook": "https://x/hunter22"})),
            checked(disk=check("hunter22", "critical")),
            analysed(probable_cause="hunter22"),
            labels={"hunter22": "hunter22"},
        ),
        whole="hunter22",
    )
    masked = told.masked(Masker([Secret("PASSWORD", "hunter22")]))
    assert "hunter22" not in f"{masked.text}{masked.title}{masked.document}{masked.whole}"
    assert masked.whole == "«PASSWORD»"
