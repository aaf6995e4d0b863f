"""The local analysis: which rule fits what, and what an answer is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.facts import Failure, Recommendation
from runner.providers import PROVIDERS, Answer
from runner.providers.local import Local
from runner.validators import read
from tests.providers.stage import alert, analyse, check, http
from tests.support import at_once

if TYPE_CHECKING:
    from runner.facts import Alert, CheckResult
    from runner.scope import Scope


def only(answer: Answer) -> Recommendation:
    (one,) = answer.recommendations
    return one


FULL = check(
    "disk",
    "web-1:/,/var",
    message="disk /var is 96% full, above 95%",
    value=96.0,
    unit="%",
    metrics={"percent": 96.0, "path": "/var", "free_bytes": 4 * 2**30, "total_bytes": 100 * 2**30},
)


def test_a_full_disk_names_machine_and_path_and_quotes_what_was_measured() -> None:
    answer = analyse(FULL, check("memory", "web-1", "ok"))
    assert answer == Answer(
        summary="1 of 2 checks is not ok: disk /var is 96% full, above 95%.",
        probable_cause="/var on web-1 is filling up.",
        recommendations=(
            Recommendation(
                type="disk_full",
                priority="high",
                title="Free space on /var on web-1",
                description="A full file system stops databases, logs and deployments from one moment to the next.",
                actions=(
                    "On web-1: `df -h /var` and `df -i /var` show whether space or inodes run out",
                    "On web-1: `du -xh /var --max-depth=2 | sort -h | tail` shows what takes the space",
                    "Remove what is not needed (old logs, caches, unused images), or enlarge the file system",
                ),
                evidence=("disk: disk /var is 96% full, above 95%", "disk: 4.0 of 100.0 GiB left"),
            ),
        ),
    )


def test_refused_and_timed_out_are_different_troubles() -> None:
    refused, silent = analyse(http("connection_refused")), analyse(http("timed_out"))
    assert refused.probable_cause == "The service on shop.example is down, or listens on another port or address."
    assert silent.probable_cause == (
        "shop.example is overloaded or hangs, or packets to it are dropped on the way (firewall, route)."
    )


def test_times_that_were_measured_are_quoted() -> None:
    slow = http("", metrics={"status": 200, "dns_ms": 1.5, "connect_ms": 2, "first_byte_ms": 900, "total_ms": 950.25})
    assert only(analyse(slow)).evidence[1] == "http: dns 1.5 ms, connect 2 ms, first byte 900 ms, total 950.25 ms"


def test_the_most_urgent_comes_first() -> None:
    answer = analyse(
        check("cpu", "web-1", "warning"),
        check("disk", "web-1:/", "unknown", code="unreadable"),
        http("tls"),
        alert("Backup is large", severity="info"),
    )
    assert [(one.type, one.priority) for one in answer.recommendations] == [
        ("certificate", "high"),
        ("could_not_tell", "medium"),
        ("cpu_high", "medium"),
        ("unmatched", "low"),
    ]


def test_one_trouble_of_a_host_is_one_recommendation() -> None:
    answer = analyse(
        http("status", subject="https://shop.example/a", metrics={"status": 500}, name="a"),
        http("status", subject="https://shop.example/b", metrics={"status": 500}, name="b"),
    )
    one = only(answer)
    assert one.title == "Look into the errors of https://shop.example/a and 1 more"
    assert one.evidence == (
        "a: https://shop.example/a is not well",
        "b: https://shop.example/b is not well",
    )


def test_one_trouble_in_many_places_is_one_recommendation_that_can_be_read() -> None:
    lost = (http("connection_lost", f"https://{number}.example/", name=f"n{number}") for number in range(5))
    answer = analyse(*lost, check("memory", "web-1", "ok"), check("http", "https://well.example/", "ok"))
    assert [one.title for one in answer.recommendations] == [
        "Look for what these have in common before each by itself",
        "Find out what makes https://0.example/ and 4 more hang up",
    ]


def test_advice_on_an_address_that_is_refused_is_not_that_on_a_tool_that_is_missing() -> None:
    address = only(analyse(http("refused_address", "http://inner.example/", verdict="unknown")))
    assert (address.type, address.title) == (
        "address_refused",
        "Give the check of http://inner.example/ an address that may be asked",
    )
    assert address.actions == (
        "`dig +short inner.example` shows where the name leads; that it leads there is often a mistake in its zone",
        "Where a payload names inner.example rightly, list it in `allow_hosts` of the definition",
    )
    tool = only(analyse(check("command", "web-1:check_raid", "unknown", code="not_found")))
    assert tool.actions == (
        "Install the program, give the right, or correct the path that the check's message names",
        "Run the definition again, as the user and in the place that it usually runs in",
    )


@pytest.mark.parametrize(("code", "end"), [("exit", "read all that it prints"), ("timed_out", "see where it waits")])
def test_advice_on_a_command_says_where_its_line_stands(code: str, end: str) -> None:
    found = only(analyse(check("command", "web-1:sh", name="backup", code=code)))
    assert found.actions[0] == (f"Run by hand on web-1 what the check backup of node probe has in `argv`, and {end}")


@pytest.mark.parametrize(
    ("server", "at"),
    [
        ("192.0.2.53", " @192.0.2.53"),
        ("192.0.2.53:53", " @192.0.2.53"),
        ("ns1.shop.example:5353", " @ns1.shop.example -p 5353"),
        ("[::1]:5353", " @::1 -p 5353"),
        ("[2001:db8::53]", " @2001:db8::53"),
        ("2001:db8::53", " @2001:db8::53"),
    ],
)
def test_advice_on_a_lookup_asks_the_server_of_the_check_at_its_port(server: str, at: str) -> None:
    found = only(analyse(check("dns", f"shop.example MX at {server}", code="no_tcp")))
    assert found.title == "Let the name server for shop.example answer over TCP"
    assert found.actions[0] == (
        f"`dig shop.example MX +tcp{at}` shows whether it answers over TCP, and the same with `+notcp` over UDP"
    )


@pytest.mark.parametrize(
    ("results", "cause"),
    [
        pytest.param(
            (http("timed_out"), check("tcp", "shop.example:22", code="timed_out")),
            "All 2 checks of shop.example fail: the host itself, or the way to it, is the likeliest cause,"
            " not a single service.",
            id="the-host",
        ),
        pytest.param(
            (http("timed_out"), check("tcp", "shop.example:22", "ok")),
            "shop.example is overloaded or hangs, or packets to it are dropped on the way (firewall, route).",
            id="a-service-of-a-host",
        ),
        pytest.param(
            (http("not_resolved"), check("tcp", "db:5432", code="timed_out")),
            "None of 2 hosts can be reached: the network or the name server of this runner is the likeliest cause,"
            " not the hosts.",
            id="the-runners-network",
        ),
        pytest.param(
            (http("connection_refused"), check("tcp", "[::1]:22", "ok")),
            "The service on shop.example is down, or listens on another port or address.",
            id="another-host-is-well",
        ),
    ],
)
def test_what_several_failures_share_is_the_cause(results: tuple[CheckResult, ...], cause: str) -> None:
    assert analyse(*results).probable_cause == cause


def test_a_label_that_is_no_address_takes_no_time() -> None:
    with at_once():
        answer = analyse(alert("HighCPUUsage", labels={"instance": ":" * 50_000 + "!"}))
    assert only(answer).type == "cpu_high"


def test_advice_on_an_alert_names_its_machine_and_quotes_nothing_else() -> None:
    fired = alert(
        "HighCPUUsage",
        severity="warning",
        labels={"instance": "db-7"},
        description="CPU usage is above 80% for 5 minutes",
        started_at="2026-01-10T10:00:00Z",
    )
    here = check("cpu", "runner-1", "ok", message="cpu is 3% busy", metrics={"percent": 3.0}, value=3.0)
    answer = analyse(fired, here)
    one = only(answer)
    assert (one.priority, one.title) == ("medium", "Find what keeps db-7 busy")
    assert one.actions[0] == "On db-7: `ps aux --sort=-%cpu | head` shows the busiest processes"
    assert one.evidence == (
        "HighCPUUsage (warning) is firing on db-7 since 2026-01-10T10:00:00Z",
        "HighCPUUsage: CPU usage is above 80% for 5 minutes",
    )
    assert answer.summary == "1 alert is firing: HighCPUUsage (warning) on db-7."
    assert "runner-1" not in str(answer)


def test_an_alert_that_names_no_machine_gets_no_machine() -> None:
    one = only(analyse(alert("Disk space low")))
    assert one.title == "Free space on the machine behind “Disk space low”"
    assert one.actions[0].startswith("On the machine behind “Disk space low”: `df -h` and `df -i` show")


def test_the_path_of_an_alert_is_named() -> None:
    one = only(analyse(alert("DiskFull", labels={"instance": "db-7", "mountpoint": "/var"})))
    assert one.title == "Free space on /var on db-7"
    assert one.actions[0].startswith("On db-7: `df -h /var`")


def test_what_no_rule_knows_is_said_honestly() -> None:
    fired = alert("Tea is cold", labels={"service": "orders"}, url="https://grafana.example/a/1")
    assert only(analyse(fired)) == Recommendation(
        type="unmatched",
        priority="high",
        title="Look at “Tea is cold”",
        description="There is no ready advice for this kind of trouble: start from what it says itself.",
        actions=(
            "Open https://grafana.example/a/1",
            "Look at the logs of orders at this time",
            "Look at what changed before it began: deployments, settings, traffic",
        ),
        evidence=("Tea is cold (critical) is firing on orders",),
    )
    assert analyse(fired).probable_cause == ""


def test_a_node_that_failed_is_part_of_the_answer() -> None:
    answer = analyse(Failure(node="probe", required=True, message="timed out after 60s"))
    assert answer.summary == "The node probe failed: timed out after 60s."
    assert (only(answer).type, only(answer).priority) == ("node_failed", "high")
    assert only(answer).evidence == ("probe: timed out after 60s",)


@pytest.mark.parametrize(
    ("known", "summary"),
    [
        pytest.param(
            [check("cpu", "a", "ok"), check("disk", "a:/", "ok"), check("memory", "a", "ok")],
            "Nothing is wrong: 3 checks ok",
            id="checks",
        ),
        pytest.param([check("cpu", "a", "ok")], "Nothing is wrong: 1 check ok", id="one-check"),
        pytest.param(
            [check("cpu", "a", "ok"), alert("x", status="resolved")],
            "Nothing is wrong: 1 check ok, 1 alert resolved",
            id="resolved",
        ),
        pytest.param(
            [alert("x", status="acknowledged"), alert("y", status="resolved")],
            "Nothing is firing: 1 alert acknowledged, 1 alert resolved",
            id="acknowledged",
        ),
        pytest.param([], "There is nothing to analyse: no check and no alert", id="nothing"),
    ],
)
def test_where_nothing_is_wrong_the_answer_says_so(known: list[CheckResult | Alert], summary: str) -> None:
    assert analyse(*known) == Answer(summary=summary)


def test_all_that_is_wrong_is_in_the_summary() -> None:
    answer = analyse(
        FULL,
        http("tls"),
        alert("A", severity="warning"),
        alert("B"),
        Failure(node="ask", required=False, message="no answer"),
        truncated=3,
    )
    assert answer.summary == (
        "2 alerts are firing: B (critical) and 1 more. "
        "2 of 2 checks are not ok: disk /var is 96% full, above 95%. "
        "The node ask failed: no answer. "
        "The sender left out 3 more alerts."
    )


def test_what_the_sender_left_out_is_said_though_nothing_fires() -> None:
    answer = analyse(alert("A", status="resolved"), truncated=1)
    assert answer.summary == "Nothing is wrong: 1 alert resolved. The sender left out 1 more alert."


def test_the_same_facts_get_the_same_answer() -> None:
    known = (FULL, http("timed_out"), alert("Disk space low"))
    assert analyse(*known) == analyse(*known)


def test_local_takes_no_options_and_needs_nothing(scope: Scope) -> None:
    local = PROVIDERS.read("local")
    assert local == read(Local, {})
    assert local.describe(scope) == "rules, no network"
    assert tuple(local.needs()) == ()


@pytest.mark.parametrize("subject", ["https://[half/", "https://a:port/", "", "a b c"])
def test_a_subject_that_is_no_place_gets_no_commands_for_one(subject: str) -> None:
    one = only(analyse(http("timed_out", subject=subject)))
    assert one.type == "timed_out"
    assert not any("`ping" in action for action in one.actions)
