from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from runner.facts import Alert, CheckResult, Facts, Failure, Recommendation
from runner.providers import PROVIDERS, Answer
from runner.providers.local import Local
from runner.providers.rule import REMOTE
from runner.providers.rules import RULES
from runner.providers.topics import alert_rule, words
from runner.results import Severity, Verdict
from runner.validators import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.scope import Scope

Analyse = "Callable[..., Answer]"


@pytest.fixture
def analyse(scope: Scope) -> Callable[..., Answer]:
    """Analyse checks, alerts and failures."""

    def go(*known: CheckResult | Alert | Failure) -> Answer:
        facts = Facts(
            checks=tuple(one for one in known if isinstance(one, CheckResult)),
            alerts=tuple(one for one in known if isinstance(one, Alert)),
            failures=tuple(one for one in known if isinstance(one, Failure)),
        )
        return Local().analyse(facts, scope)

    return go


def check(kind: str, subject: str, verdict: str = "critical", **more: Any) -> CheckResult:  # noqa: ANN401 - any field
    given = {"name": kind, "message": f"{subject} is not well", **more}
    return CheckResult(node="probe", type=kind, subject=subject, verdict=Verdict(verdict), **given)


def http(code: str, subject: str = "https://shop.example/", **more: Any) -> CheckResult:  # noqa: ANN401 - any field
    return check("http", subject, code=code, **more)


def alert(name: str, *, status: str = "firing", severity: str = "critical", **more: Any) -> Alert:  # noqa: ANN401 - any field
    return Alert(fingerprint=name, name=name, status=status, severity=Severity(severity), **more)


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


def test_a_full_disk_names_machine_and_path_and_quotes_what_was_measured(analyse: Callable[..., Answer]) -> None:
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


@pytest.mark.parametrize(
    ("result", "rule", "title"),
    [
        pytest.param(check("memory", "web-1"), "memory_high", "Find what takes the memory of web-1", id="memory"),
        pytest.param(check("cpu", "web-1"), "cpu_high", "Find what keeps web-1 busy", id="cpu"),
        pytest.param(
            http("connection_refused"),
            "connection_refused",
            "Start the service behind https://shop.example/",
            id="refused",
        ),
        pytest.param(
            check("tcp", "db:5432", code="timed_out"),
            "timed_out",
            "Find out why db:5432 does not answer",
            id="timed-out",
        ),
        pytest.param(
            http("not_resolved"), "not_resolved", "Make the name of https://shop.example/ resolve", id="not-resolved"
        ),
        pytest.param(http("tls"), "tls", "Mend the certificate of https://shop.example/", id="tls"),
        pytest.param(http("unreachable"), "unreachable", "Restore the way to https://shop.example/", id="no-route"),
        pytest.param(
            http("connection_lost"), "connection_lost", "Find out why https://shop.example/ hangs up", id="lost"
        ),
        pytest.param(http("redirect"), "redirect_loop", "Mend the redirects of https://shop.example/", id="redirect"),
        pytest.param(
            http("status", metrics={"status": 502}),
            "server_error",
            "Look into the errors of https://shop.example/",
            id="5xx",
        ),
        pytest.param(
            http("status", metrics={"status": 403}),
            "access_denied",
            "Give the check access to https://shop.example/",
            id="403",
        ),
        pytest.param(
            http("status", metrics={"status": 404}), "not_there", "Put back what was at https://shop.example/", id="404"
        ),
        pytest.param(
            http("status", metrics={"status": 418}),
            "wrong_status",
            "Find out why https://shop.example/ answers otherwise than expected",
            id="another-status",
        ),
        pytest.param(
            http("content"), "wrong_content", "Find out why https://shop.example/ says something else", id="content"
        ),
        pytest.param(http(""), "slow", "Find out what makes https://shop.example/ slow", id="slow"),
        pytest.param(
            check("command", "web-1:check_raid", code="exit"),
            "command_failed",
            "Look into what check_raid on web-1 reports",
            id="command",
        ),
        pytest.param(
            check("command", "web-1:check_raid", code="timed_out"),
            "command_slow",
            "Find out why check_raid on web-1 does not end",
            id="slow-command",
        ),
        pytest.param(
            check("disk", "web-1:/srv", "unknown", code="unreadable"),
            "could_not_tell",
            "Let the check of /srv on web-1 see again",
            id="unknown",
        ),
    ],
)
def test_every_usual_trouble_has_its_own_advice(
    result: CheckResult, rule: str, title: str, analyse: Callable[..., Answer]
) -> None:
    one = only(analyse(result))
    assert (one.type, one.title) == (rule, title)
    assert one.evidence[0] == f"{result.name}: {result.message}"


def test_refused_and_timed_out_are_different_troubles(analyse: Callable[..., Answer]) -> None:
    refused, silent = analyse(http("connection_refused")), analyse(http("timed_out"))
    assert refused.probable_cause == "The service on shop.example is down, or listens on another port or address."
    assert silent.probable_cause == (
        "shop.example is overloaded or hangs, or packets to it are dropped on the way (firewall, route)."
    )


def test_times_that_were_measured_are_quoted(analyse: Callable[..., Answer]) -> None:
    slow = http("", metrics={"status": 200, "dns_ms": 1.5, "connect_ms": 2, "first_byte_ms": 900, "total_ms": 950.25})
    assert only(analyse(slow)).evidence[1] == "http: dns 1.5 ms, connect 2 ms, first_byte 900 ms, total 950.25 ms"


def test_the_most_urgent_comes_first(analyse: Callable[..., Answer]) -> None:
    answer = analyse(
        check("cpu", "web-1", "warning"),
        check("disk", "web-1:/", "unknown", code="unreadable"),
        http("tls"),
        alert("Backup is large", severity="info"),
    )
    assert [(one.type, one.priority) for one in answer.recommendations] == [
        ("tls", "high"),
        ("could_not_tell", "medium"),
        ("cpu_high", "medium"),
        ("unmatched", "low"),
    ]


def test_one_trouble_of_a_host_is_one_recommendation(analyse: Callable[..., Answer]) -> None:
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
def test_what_several_failures_share_is_the_cause(
    results: tuple[CheckResult, ...], cause: str, analyse: Callable[..., Answer]
) -> None:
    assert analyse(*results).probable_cause == cause


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Disk space low", "disk_full"),
        ("NodeFilesystemSpaceFillingUp", "disk_full"),
        ("KubePersistentVolumeFillingUp", "disk_full"),
        ("HighDiskIOLatency", "slow"),
        ("RAID disk failed", None),
        ("HighMemoryUsage", "memory_high"),
        ("HostOutOfMemory", "memory_high"),
        ("PodOOMKilled", "memory_high"),
        ("HighCPUUsage", "cpu_high"),
        ("CPU quota exceeded", "cpu_high"),
        ("CPU temperature", None),
        ("load average is 12", "cpu_high"),
        ("Load balancer down", "service_down"),
        ("HAProxy load balancer CPU", None),
        ("Program crashed", "service_down"),
        ("KubePodCrashLooping", "service_down"),
        ("InstanceDown", "service_down"),
        ("payload parameter rejected", None),
        ("downstream is fine", None),
        ("SSLCertExpiringSoon", "tls"),
        ("HTTP5xx rate", "server_error"),
        ("DNS lookups fail", "not_resolved"),
        ("API latency", "slow"),
        ("Backup ran", None),
    ],
)
def test_alerts_are_known_by_whole_words(name: str, rule: str | None) -> None:
    found = alert_rule(alert(name))
    assert (found.type if found else None) == rule


def test_a_name_says_more_than_a_description() -> None:
    found = alert_rule(alert("InstanceDown", description="Its disk was full yesterday"))
    assert found is not None
    assert found.type == "service_down"


def test_a_description_helps_where_the_name_says_nothing() -> None:
    found = alert_rule(alert("Alert 7", annotations={"summary": "Memory usage critical"}))
    assert found is not None
    assert found.type == "memory_high"


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("HighCPUUsage", ("high", "cpu", "usage")),
        ("disk_space-low", ("disk", "space", "low")),
        ("HTTP5xx", ("http", "5xx")),
        ("OOM", ("oom",)),
    ],
)
def test_words_are_split_as_people_read_them(text: str, split: tuple[str, ...]) -> None:
    assert words(text) == split


def test_advice_on_an_alert_names_its_machine_and_quotes_nothing_else(analyse: Callable[..., Answer]) -> None:
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


def test_an_alert_that_names_no_machine_gets_no_machine(analyse: Callable[..., Answer]) -> None:
    one = only(analyse(alert("Disk space low")))
    assert one.title == "Free space on the machine behind “Disk space low”"
    assert one.actions[0].startswith("On the machine behind “Disk space low”: `df -h` and `df -i` show")


def test_the_path_of_an_alert_is_named(analyse: Callable[..., Answer]) -> None:
    one = only(analyse(alert("DiskFull", labels={"instance": "db-7", "mountpoint": "/var"})))
    assert one.title == "Free space on /var on db-7"
    assert one.actions[0].startswith("On db-7: `df -h /var`")


def test_what_no_rule_knows_is_said_honestly(analyse: Callable[..., Answer]) -> None:
    fired = alert("Queue is odd", labels={"service": "orders"}, url="https://grafana.example/a/1")
    assert only(analyse(fired)) == Recommendation(
        type="unmatched",
        priority="high",
        title="Look at Queue is odd: no rule matches",
        description="The local rules know nothing about this; what was seen stands below.",
        actions=(
            "Open https://grafana.example/a/1",
            "Look at the logs of orders at this time",
            "Look at what changed before it began",
        ),
        evidence=("Queue is odd (critical) is firing on orders",),
    )
    assert analyse(fired).probable_cause == ""


def test_a_node_that_failed_is_part_of_the_answer(analyse: Callable[..., Answer]) -> None:
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
def test_where_nothing_is_wrong_the_answer_says_so(
    known: list[CheckResult | Alert], summary: str, analyse: Callable[..., Answer]
) -> None:
    assert analyse(*known) == Answer(summary=summary)


def test_all_that_is_wrong_is_in_the_summary(analyse: Callable[..., Answer]) -> None:
    answer = analyse(
        FULL,
        http("tls"),
        alert("A", severity="warning"),
        alert("B"),
        Failure(node="ask", required=False, message="no answer"),
    )
    assert answer.summary == (
        "2 alerts are firing: B (critical) and 1 more. "
        "2 of 2 checks are not ok: disk /var is 96% full, above 95%. "
        "The node ask failed: no answer."
    )


def test_the_same_facts_get_the_same_answer(analyse: Callable[..., Answer]) -> None:
    known = (FULL, http("timed_out"), alert("Disk space low"))
    assert analyse(*known) == analyse(*known)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.type)
def test_a_rule_is_reached_and_names_no_number(rule: Any) -> None:  # noqa: ANN401 - a parameter
    assert rule.checks or rule.phrases
    assert rule.codes
    texts = f"{rule.title} {rule.description} {rule.cause}"
    assert not re.search(r"\d", texts)
    assert set(re.findall(r"{\w*}", " ".join((texts, *rule.actions)))) <= {"{place}", "{host}", "{on}"}


def test_the_kinds_of_remote_checks_are_those_of_the_reference() -> None:
    assert {"http", "tcp", "dns", "tls"} == REMOTE


def test_local_takes_no_options_and_needs_nothing(scope: Scope) -> None:
    local = PROVIDERS.read("local")
    assert local == read(Local, {})
    assert local.describe(scope) == "rules, no network"
    assert tuple(local.needs()) == ()
