"""What the local analysis says in the situations that people are woken for, word for word."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.providers.stage import alert, analyse, check, http

if TYPE_CHECKING:
    from runner.facts import Alert, CheckResult, Failure
    from runner.providers import Answer

    Known = CheckResult | Alert | Failure

GOLDEN: Final = Path(__file__).with_name("golden")
CERTIFICATE: Final = "the certificate of shop.example:443"
AT: Final = "2026-01-10T10:00:00Z"


def tls(code: str, message: str, verdict: str = "critical", **more: Any) -> CheckResult:  # noqa: ANN401 - any field
    return check("tls", "shop.example:443", verdict, name="cert", code=code, message=message, **more)


def dns(code: str, message: str, subject: str = "shop.example A", **more: Any) -> CheckResult:  # noqa: ANN401 - any field
    return check("dns", subject, name="name", code=code, message=message, **more)


def asked(code: str, message: str, kind: str = "postgres", **more: Any) -> CheckResult:  # noqa: ANN401 - any field
    subject = {"postgres": "db.example:5432/shop", "mysql": "db.example:3306/shop"}[kind]
    return check(kind, **{"subject": subject, "name": "db", "code": code, "message": message, **more})


def page(status: int, path: str = "", **more: Any) -> CheckResult:  # noqa: ANN401 - any field
    url = f"https://shop.example/{path}"
    message = f"{url} answered {status}, expected 200 to 399 (failed 2 of 2 tries)"
    return http("status", url, **{"name": "home", "message": message, "metrics": {"status": status}, **more})


def processes(code: str, message: str, **counts: int) -> CheckResult:
    metrics = {"processes": {name: {"count": count} for name, count in counts.items()}}
    return check("process", f"web-1:{','.join(counts)}", name="programs", code=code, message=message, metrics=metrics)


def fired(name: str, description: str = "", severity: str = "critical", **labels: str) -> Alert:
    return alert(name, severity=severity, description=description, labels=labels, started_at=AT)


DISK: Final = check(
    "disk",
    "web-1:/,/var",
    message="disk /var is 96% full, above 95%",
    value=96.0,
    unit="%",
    metrics={"percent": 96.0, "path": "/var", "free_bytes": 4 * 2**30, "total_bytes": 100 * 2**30},
)
SLOW: Final = http(
    "",
    verdict="warning",
    name="home",
    message="https://shop.example/ answered 200 in 2.4s, above 800ms",
    metrics={"status": 200, "dns_ms": 2, "connect_ms": 9, "tls_ms": 21, "first_byte_ms": 2330, "total_ms": 2400},
)
SSH: Final = check(
    "tcp", "shop.example:22", name="ssh", code="timed_out", message="connect to shop.example:22 timed out"
)

SITUATIONS: Final[dict[str, tuple[Known, ...]]] = {
    "full-disk": (DISK, check("memory", "web-1", "ok")),
    "memory-hog": (check("memory", "web-1", message="memory is 97% used, above 90%", metrics={"percent": 97.0}),),
    "busy-processor": (check("cpu", "web-1", "warning", message="cpu is 84% busy, above 70%"),),
    "certificate-expired": (
        tls("expired", f"{CERTIFICATE} expired 3 days ago, on 2026-01-07 12:00 UTC: renew it"),
        http("expired", name="home", message=f"{CERTIFICATE} has expired, or one that vouches for it has"),
    ),
    "certificates-of-two-sites": (
        tls("expired", f"{CERTIFICATE} expired 3 days ago, on 2026-01-07 12:00 UTC: renew it"),
        check("tls", "pay.example:443", code="expired", message="the certificate of pay.example:443 expired"),
    ),
    "certificate-expiring": (
        tls("", f"{CERTIFICATE} expires in 12 days, on 2026-01-22 12:00 UTC, below 21d", "warning"),
    ),
    "certificate-of-another-name": (tls("wrong_name", f"{CERTIFICATE} is for old.example, not for shop.example"),),
    "certificate-self-signed": (tls("self_signed", f"{CERTIFICATE} is self-signed, so nobody else vouches for it"),),
    "certificate-without-its-chain": (tls("incomplete_chain", f"{CERTIFICATE} comes without that of its issuer"),),
    "name-that-is-not-there": (
        dns("no_such_name", "there is no such name as shop.example (NXDOMAIN from 192.0.2.53:53)"),
        http("not_resolved", name="home", message="the name shop.example does not resolve: there is no such name"),
    ),
    "name-server-fails": (
        dns("server_failure", "192.0.2.53:53 could not find out about shop.example (SERVFAIL)"),
        check("cpu", "web-1", "ok"),
    ),
    "name-server-silent": (
        dns("timed_out", "ask 192.0.2.53 for the A record of shop.example timed out", "shop.example A at 192.0.2.53"),
    ),
    "wrong-records": (dns("content", "shop.example has the A record 203.0.113.7, expected 192.0.2.1"),),
    "connection-refused": (
        http("connection_refused", name="home", message="connection refused by shop.example:443"),
        check("tcp", "shop.example:22", "ok", name="ssh"),
    ),
    "timed-out": (
        http("timed_out", name="home", message="GET https://shop.example/ timed out after 10s"),
        check("tcp", "shop.example:22", "ok", name="ssh"),
    ),
    "answers-500": (page(500),),
    "answers-502": (page(502),),
    "answers-503": (page(503),),
    "answers-401": (page(401),),
    "answers-403": (page(403),),
    "answers-404": (page(404),),
    "slow-application": (SLOW,),
    "process-not-running": (processes("not_running", "nginx is not running", nginx=0, sshd=1),),
    "processes-not-running": (
        processes("not_running", "nginx, php-fpm are not running", **{"nginx": 0, "php-fpm": 0}),
    ),
    "whole-host-away": (http("timed_out", name="home", message="GET https://shop.example/ timed out after 10s"), SSH),
    "whole-host-refuses": (
        http("connection_refused", name="home", message="connection refused by shop.example:443"),
        check("tcp", "shop.example:25", name="mail", code="connection_refused", message="refused by shop.example:25"),
    ),
    "whole-host-ill": (page(503), check("tcp", "shop.example:5432", name="db", code="timed_out", message="timed out")),
    "own-network": (
        http("timed_out", name="home", message="GET https://shop.example/ timed out after 10s"),
        check("tcp", "db.example:5432", name="db", code="unreachable", message="db.example:5432 cannot be reached"),
        http("not_resolved", "https://pay.example/", name="pay", message="no name server answers (try again)"),
    ),
    "own-name-server": (
        http("not_resolved", name="home", message="the name shop.example does not resolve: there is no such name"),
        http("not_resolved", "https://pay.example/", name="pay", message="pay.example: there is no such name"),
    ),
    "full-disk-and-what-it-stopped": (processes("not_running", "postgres is not running", postgres=0), DISK),
    "database-answers-badly": (
        asked(
            "",
            "postgresql at db.example:5432/shop answered 120, above 100",
            name="orders_waiting",
            verdict="warning",
            value=120.0,
            metrics={"connect_ms": 4.1, "query_ms": 0.3, "rows": 1, "answer": 120},
        ),
    ),
    "database-certificate-expired": (
        asked(
            "expired",
            "the certificate of postgresql at db.example:5432/shop has expired, or one that vouches for it has",
        ),
    ),
    "database-full-of-clients": (
        asked("not_ready", "mysql at db.example:3306/shop takes no connection now: Too many connections", "mysql"),
    ),
    "database-login-refused": (
        asked(
            "login_refused",
            "postgresql at [2001:db8::7]:5432/shop refuses the login of app: password authentication failed for user"
            ' "app"',
            verdict="unknown",
            subject="[2001:db8::7]:5432/shop",
        ),
    ),
    "database-slow": (
        asked(
            "timed_out",
            "mysql at db.example:3306/shop did not answer the query within 10s (failed 2 of 2 tries)",
            "mysql",
        ),
        asked(
            "",
            "postgresql at web-1:/run/postgresql, database shop answered 1 in 2s, above 1s",
            verdict="warning",
            subject="web-1:/run/postgresql, database shop",
            unit="s",
            value=2.0,
            metrics={"connect_ms": 4.1, "query_ms": 1996.0, "rows": 1, "answer": 1},
        ),
    ),
    "alert-crash-looping": (
        fired(
            "KubePodCrashLooping",
            "Pod shop/web-7f9c (web) is in waiting state (reason: CrashLoopBackOff).",
            namespace="shop",
            pod="web-7f9c",
            container="web",
            instance="10.0.0.9:8080",
        ),
    ),
    "alert-instance-down": (
        fired("InstanceDown", "web-1:9100 of job node has been down for more than 5 minutes.", instance="web-1:9100"),
    ),
    "alert-high-latency": (fired("HighLatency", "p99 is 2.3 s for 10 minutes", "warning", service="orders"),),
    "alert-disk-will-fill": (
        fired("DiskWillFillIn4Hours", "/data of db-1 is full in 3h", instance="db-1:9100", mountpoint="/data"),
    ),
    "alert-certificate-expiry": (fired("CertExpiry", "6 days left", "warning", instance="https://shop.example/"),),
    "alert-oom-killed": (fired("ContainerOOMKilled", namespace="shop", pod="web-7f9c"),),
    "alert-nobody-knows": (fired("Tea is cold", "38 degrees", service="kitchen"),),
    "alerts-on-many-hosts": tuple(
        fired("HighCPUUsage", f"now {80 + place}%", "warning", instance=f"web-{place}:9100") for place in range(12)
    ),
    "alerts-of-one-cluster": tuple(
        fired(name, instance=f"{name.lower()}-1:9100", cluster="eu-1") for name in ("QueueBacklog", "HighCPU", "Etcd")
    ),
}


def told(answer: Answer) -> str:
    """Write an answer as it can be read."""
    lines = [answer.summary, "", f"Cause: {answer.probable_cause}"]
    for one in answer.recommendations:
        lines += ["", f"[{one.priority}] {one.type}: {one.title}", one.description]
        lines += [f"  - {action}" for action in one.actions]
        lines += [f"  * {line}" for line in one.evidence]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_analysis_reads_as_agreed(name: str) -> None:
    text = told(analyse(*SITUATIONS[name]))
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


def test_every_agreed_text_has_its_situation() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(SITUATIONS)


@pytest.mark.parametrize("name", SITUATIONS)
def test_an_answer_is_whole(name: str) -> None:
    answer = analyse(*SITUATIONS[name])
    assert answer.recommendations
    for one in answer.recommendations:
        assert all((one.title, one.description, one.actions, one.evidence)), one
        assert not re.search(r"[{}]|N/A|None|``", f"{one.title} {one.description} {one.actions}"), one
    order = [("high", "medium", "low").index(one.priority) for one in answer.recommendations]
    assert order == sorted(order)
    assert max(len(action) for one in answer.recommendations for action in one.actions) <= 300
