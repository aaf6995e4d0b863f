"""The rules: which one fits which failure of a check, and which alert."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from runner.checks import CHECKS
from runner.doors.database import CODES, SENTENCES
from runner.doors.distrust import HANDSHAKES, Distrust
from runner.providers.kinds import kind_of
from runner.providers.rule import REMOTE
from runner.providers.rules import BLIND, ROOTS, RULES
from runner.providers.topics import alert_rule, check_rule, words
from tests.providers.stage import alert, analyse, check, http

if TYPE_CHECKING:
    from runner.facts import CheckResult

RUNNER: Final = Path(__file__).parents[2] / "runner"
NOT_OF_CHECKS: Final = {"refused_by_server", "cancelled", ""}
"""Codes of mail and of runs; and of what is well."""


def rule_of(result: CheckResult) -> str:
    found = check_rule(result)
    return found.type if found else ""


@pytest.mark.parametrize(
    ("result", "rule"),
    [
        (check("memory", "web-1"), "memory_high"),
        (check("cpu", "web-1"), "cpu_high"),
        (check("disk", "web-1:/"), "disk_full"),
        (check("disk", "web-1:/srv", "unknown", code="unreadable"), "could_not_tell"),
        (check("process", "web-1:nginx", code="not_running"), "not_running"),
        (check("process", "web-1:nginx", code="count"), "process_count"),
        (check("process", "web-1:nginx", "unknown", code="unreadable"), "could_not_tell"),
        (check("command", "web-1:check_raid", code="exit"), "command_failed"),
        (check("command", "web-1:check_raid", code="killed"), "command_failed"),
        (check("command", "web-1:check_raid", code="timed_out"), "command_slow"),
        (check("command", "web-1:check_raid", "unknown", code="not_found"), "could_not_tell"),
        (check("command", "web-1:check_raid", "unknown", code="no_permission"), "could_not_tell"),
        (http("ca_bundle"), "could_not_tell"),
        (http("refused_address"), "address_refused"),
        (check("tcp", "10.0.0.1:22", "unknown", code="refused_address"), "address_refused"),
        (http("refused"), "check_wrong"),
        (http("pattern"), "check_wrong"),
        (http("too_large"), "check_wrong"),
        (check("tcp", "db:5432", code="timed_out"), "timed_out"),
        (check("tcp", "db:5432", code="content"), "wrong_content"),
        (check("tcp", "db:5432"), "slow_connection"),
        (check("dns", "shop.example A"), "slow_name"),
        (check("dns", "shop.example A", code="content"), "wrong_records"),
        (check("dns", "shop.example A", code="no_such_name"), "no_such_name"),
        (check("dns", "shop.example MX", code="no_such_record"), "no_such_record"),
        (check("dns", "shop.example A", code="server_failure"), "name_server_failed"),
        (check("dns", "shop.example A", code="query_refused"), "name_server_refused"),
        (check("dns", "shop.example A", code="timed_out"), "name_server_silent"),
        (check("dns", "shop.example A", code="connection_refused"), "name_server_silent"),
        (check("tls", "shop.example:443"), "certificate_expiring"),
        (check("tls", "shop.example:443", code="expired"), "certificate_expired"),
        (check("tls", "shop.example:443", code="not_yet_valid"), "certificate_not_yet_valid"),
        (check("tls", "shop.example:443", code="wrong_name"), "certificate_name"),
        (check("tls", "shop.example:443", code="self_signed"), "certificate_self_signed"),
        (check("tls", "shop.example:443", code="incomplete_chain"), "certificate_chain"),
        (check("tls", "shop.example:443", code="unknown_root"), "certificate_authority"),
        (check("tls", "shop.example:443", code="tls"), "certificate"),
        (check("tls", "shop.example:443", code="connection_refused"), "connection_refused"),
        *(
            (check(kind, "db.example:5432/shop", verdict, code=code, message=f"postgresql at db {words}"), rule)
            for kind in ("postgres", "mysql")
            for code, verdict, words, rule in (
                ("content", "critical", "answered 7, expected 5", "database_answer"),
                ("unreadable", "unknown", "answered NULL, which is no number", "database_answer"),
                ("timed_out", "critical", "did not answer the query within 10s", "slow_query"),
                ("timed_out", "critical", "did not take the connection within 10s", "timed_out"),
                ("login_refused", "unknown", "refuses the login of app", "login_refused"),
                ("no_database", "critical", "has no database shop", "no_database"),
                ("not_ready", "critical", "takes no connection now: sorry, too many clients already", "connections"),
                ("not_ready", "critical", "takes no connection now: Too many connections", "connections"),
                ("not_ready", "critical", "now: remaining connection slots are reserved", "connections"),
                ("not_ready", "critical", "has exceeded the 'max_user_connections' resource", "connections"),
                ("not_ready", "critical", "takes no connection now: it is starting up", "database_not_ready"),
                ("other_service", "critical", "something else listens there", "other_service"),
                ("query_failed", "critical", "failed on the query: out of memory", "query_failed"),
                ("bad_query", "unknown", "cannot answer the query: syntax error", "bad_query"),
                ("no_permission", "unknown", "does not let app ask this", "bad_query"),
                ("expired", "critical", "has expired", "certificate_expired"),
                ("tls", "critical", "offers no TLS", "certificate"),
                ("connection_lost", "critical", "lost", "connection_lost"),
                ("bad_url", "unknown", "is of no use", "check_wrong"),
            )
        ),
        (check("postgres", "db:5432/shop", value=120.0), "database_answer"),
        (
            check("postgres", "db:5432/shop", unit="s", metrics={"connect_ms": 5.0, "query_ms": 900.0}),
            "slow_query",
        ),
        (
            check("mysql", "db:3306/shop", unit="s", metrics={"connect_ms": 900.0, "query_ms": 5.0}),
            "slow_connection",
        ),
        (http("connection_refused"), "connection_refused"),
        (http("timed_out"), "timed_out"),
        (http("unreachable"), "unreachable"),
        (http("connection_lost"), "connection_lost"),
        (http("redirect"), "redirect_loop"),
        (http("content"), "wrong_content"),
        (http("not_resolved"), "not_resolved"),
        (http("tls"), "certificate"),
        (http("expired"), "certificate_expired"),
        (http("not_yet_valid"), "certificate_not_yet_valid"),
        (http("wrong_name"), "certificate_name"),
        (http("self_signed"), "certificate_self_signed"),
        (http("unknown_root"), "certificate_authority"),
        (http("incomplete_chain"), "certificate_chain"),
        (http("client_certificate"), "client_certificate"),
        (http("bad_answer"), "bad_answer"),
        (http("proxy"), "proxy"),
        (http(""), "slow"),
        *(
            (http("status", metrics={"status": status}), rule)
            for status, rule in {
                301: "wrong_status",
                401: "not_logged_in",
                403: "access_denied",
                404: "not_there",
                407: "not_logged_in",
                410: "not_there",
                418: "wrong_status",
                429: "too_many_requests",
                500: "server_error",
                502: "bad_gateway",
                503: "unavailable",
                504: "bad_gateway",
                507: "server_error",
            }.items()
        ),
    ],
)
def test_every_failure_of_a_check_has_its_own_rule(result: CheckResult, rule: str) -> None:
    assert rule_of(result) == rule


@pytest.mark.parametrize(
    ("code", "message", "rule"),
    [
        ("not_resolved", "the name a does not resolve: there is no such name", "no_such_name"),
        ("not_resolved", "the name a does not resolve: no name server answers (try again)", "name_server_silent"),
        ("not_resolved", "the name a has no address", "not_resolved"),
    ],
)
def test_a_page_that_is_not_reached_says_why_in_its_words(code: str, message: str, rule: str) -> None:
    assert rule_of(http(code, message=message)) == rule


@pytest.mark.parametrize(
    ("milliseconds", "rule"),
    [
        pytest.param((800, 10, 20, 850, 860), "slow_name", id="name"),
        pytest.param((2, 300, 500, 860, 870), "slow_connection", id="connection"),
        pytest.param((2, 10, 20, 900, 950), "slow_answer", id="answer"),
        pytest.param((2, 10, 20, 100, 950), "slow_transfer", id="transfer"),
        pytest.param((200, 100, 100, 600, 900), "slow", id="a-bit-of-all"),
    ],
)
def test_a_slow_page_is_slow_where_most_of_its_time_goes(milliseconds: tuple[int, ...], rule: str) -> None:
    keys = ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms")
    assert rule_of(http("", metrics={"status": 200, **dict(zip(keys, milliseconds, strict=True))})) == rule


def test_a_slow_page_without_tls_is_slow_for_a_reason_too() -> None:
    metrics = {"status": 200, "dns_ms": 2, "connect_ms": 10, "first_byte_ms": 900, "total_ms": 950}
    assert rule_of(http("", "http://shop.example/", metrics=metrics)) == "slow_answer"


def test_every_code_that_a_check_may_have_has_a_rule() -> None:
    sources = [*(RUNNER / "checks").glob("*.py"), RUNNER / "errors.py"]
    doors = ("net", "faults", "http", "process", "dns", "tls", "sql", "database")
    sources += [RUNNER / "doors" / f"{name}.py" for name in doors]
    texts = [path.read_text() for path in sources]
    codes = {code for text in texts for code in re.findall(r"code ?= ?\"([a-z_]*)\"", text)} - NOT_OF_CHECKS
    codes |= {code for _, code, _ in HANDSHAKES} | set(Distrust) | {CODES.get(reason, reason) for reason in SENTENCES}
    known = {code for rule in RULES if rule.checks for code in rule.codes}
    assert {"status", "timed_out", "content"} <= codes
    assert codes - known == set()


def test_a_kind_that_no_rule_knows_falls_back_on_the_code() -> None:
    result = http("not_resolved", message="there is no such name")
    assert (kind_of(result), rule_of(result)) == ("no_such_name", "no_such_name")
    assert rule_of(check("command", "web-1:x", code="cosmic_rays")) == ""


ALERTS: Final = {
    "disk_full": (
        "Disk space low",
        "DiskWillFillIn4Hours",
        "NodeFilesystemSpaceFillingUp",
        "NodeFilesystemAlmostOutOfFiles",
        "KubePersistentVolumeFillingUp",
        "HostOutOfDiskSpace",
        "HostOutOfInodes",
        "DiskFull",
        "write error: No space left on device",
        "ENOSPC",
        "ElasticsearchDiskOutOfSpace",
    ),
    "disk_slow": ("HighDiskIOLatency", "NodeDiskIOSaturation", "HostUnusualDiskReadRate", "IOWait above 40%"),
    "open_files": ("NodeFileDescriptorLimit", "Too many open files"),
    "conntrack": ("NodeHighNumberConntrackEntriesUsed", "HostConntrackLimit"),
    "read_only": ("NodeFilesystemReadonly", "Filesystem is read only", "NodeFilesystemDeviceError"),
    "memory_high": ("HighMemoryUsage", "HostOutOfMemory", "HostSwapIsFillingUp", "ContainerHighMemoryUsage"),
    "oom_killed": ("PodOOMKilled", "OOMKilled", "HostOomKillDetected", "KubeContainerOOMKilled"),
    "cpu_high": ("HighCPUUsage", "CPU quota exceeded", "load average is 12", "HostHighCpuLoad", "CPUThrottlingHigh"),
    "not_running": ("Nginx process down", "sshd is not running", "NodeSystemdServiceFailed", "SystemdUnitFailed"),
    "clock": ("NodeClockSkewDetected", "NodeClockNotSynchronising", "NTP offset"),
    "hardware": (
        "RAID disk failed",
        "CPU temperature",
        "SmartDeviceTemperatureWarning",
        "HostRaidArrayGotInactive",
        "NodeRAIDDiskFailure",
        "ZFSPoolDegraded",
        "HostPhysicalComponentTooHot",
        "UPSOnBattery",
        "Disk errors",
    ),
    "certificate_expired": ("SSL certificate expired", "CertificateExpired", "TLSCertExpired"),
    "certificate_expiring": (
        "CertExpiry",
        "SSLCertExpiringSoon",
        "BlackboxSslCertificateWillExpireSoon",
        "KubeClientCertificateExpiration",
        "certificate expires in 6 days",
    ),
    "certificate": ("TLS handshake broken", "x509 trouble"),
    "not_resolved": ("DNS lookups fail", "CoreDNS is unhappy"),
    "connection_refused": ("connection refused by db",),
    "timed_out": ("Probe timed out", "UpstreamTimeouts"),
    "name_server_failed": ("DNSSECExpiry",),
    "domain_expiring": ("DomainExpiring", "Domain registration ends"),
    "interface": (
        "NodeNetworkReceiveErrs",
        "NodeNetworkTransmitErrs",
        "NodeNetworkInterfaceFlapping",
        "NodeBondingDegraded",
        "HostNetworkInterfaceSaturated",
    ),
    "overcommitted": (
        "KubeMemoryOvercommit",
        "KubeCPUOvercommit",
        "KubeletTooManyPods",
        "Not enough memory to schedule pod",
    ),
    "scaled_out": ("KubeHpaMaxedOut",),
    "volume_failed": ("KubePersistentVolumeErrors",),
    "quorum": ("etcdNoLeader", "etcdInsufficientMembers", "etcdHighNumberOfLeaderChanges", "PostgresqlSplitBrain"),
    "monitoring": (
        "NodeTextFileCollectorScrapeError",
        "PrometheusBadConfig",
        "PrometheusRuleFailures",
        "PrometheusMissingRuleEvaluations",
        "PrometheusTSDBCompactionsFailing",
        "AlertmanagerFailedReload",
        "AlertmanagerFailedToSendAlerts",
        "KubeStateMetricsListErrors",
        "PostgresqlExporterError",
    ),
    "memory_limit": ("RedisOutOfConfiguredMaxmemory", "ElasticsearchHeapUsageTooHigh", "JvmMemoryFillingUp"),
    "client_errors": ("NginxHighHttp4xxErrorRate",),
    "deadlocks": ("PostgresqlDeadLocks", "Deadlock", "PostgresqlTooManyLocksAcquired"),
    "vacuum": ("PostgresqlTooManyDeadTuples", "PostgresqlTableNotAutoVacuumed", "PostgresqlBloatIndexHigh"),
    "unreachable": ("host unreachable", "No route to db"),
    "server_error": ("HTTP5xx rate", "HighErrorRate", "HighRequestErrors", "KubeAPIErrorBudgetBurn"),
    "bad_gateway": ("Many 502 answers",),
    "slow": ("HighLatency", "API latency", "Slow queries", "RequestDurationHigh p99"),
    "too_many_requests": ("RateLimitReached", "Too many requests"),
    "crash_looping": ("KubePodCrashLooping", "CrashLoopBackOff", "ContainerRestarts"),
    "image_pull": ("ImagePullBackOff", "ErrImagePull"),
    "node_not_ready": ("KubeNodeNotReady", "NodeNotReady", "KubeNodeUnreachable", "KubeletDown"),
    "not_ready": (
        "KubePodNotReady",
        "KubeDeploymentReplicasMismatch",
        "KubeStatefulSetReplicasMismatch",
        "KubeDeploymentGenerationMismatch",
        "KubeStatefulSetUpdateNotRolledOut",
        "KubeContainerWaiting",
        "KubeDaemonSetMisScheduled",
    ),
    "quota": ("KubeQuotaAlmostFull",),
    "connections": ("PostgresqlTooManyConnections", "RedisRejectedConnections", "ConnectionPoolFull"),
    "replication": (
        "PostgresqlReplicationLag",
        "MysqlReplicationNotRunning",
        "MysqlSlaveIoThreadNotRunning",
        "KafkaUnderReplicatedPartitions",
    ),
    "backlog": ("RabbitmqQueueGrowing", "RabbitmqTooManyUnackMessages", "KafkaConsumerLag", "QueueBacklog"),
    "job_failed": ("KubeJobFailed", "KubeJobNotCompleted", "BackupFailed", "CronJobSuspended"),
    "service_down": (
        "InstanceDown",
        "TargetDown",
        "PrometheusTargetMissing",
        "BlackboxProbeFailed",
        "BlackboxProbeHttpFailure",
        "Load balancer down",
        "Program crashed",
        "KubeAPIDown",
        "PostgresqlDown",
        "Checkout is unavailable",
    ),
    "always_firing": ("Watchdog", "DeadMansSwitch", "InfoInhibitor"),
    "": ("HAProxy load balancer CPU", "payload parameter rejected", "downstream is fine", "Backup ran", "Tea is cold"),
}


@pytest.mark.parametrize(("name", "rule"), [(name, rule) for rule, names in ALERTS.items() for name in names])
def test_alerts_are_known_by_whole_words(name: str, rule: str) -> None:
    found = alert_rule(alert(name))
    assert (found.type if found else "") == rule


def test_a_name_says_more_than_a_description() -> None:
    found = alert_rule(alert("InstanceDown", description="Its disk was full yesterday"))
    assert found is not None
    assert found.type == "service_down"


@pytest.mark.parametrize(
    ("labels", "annotations", "description"),
    [
        ({"reason": "OOMKilled"}, {"summary": "All is well"}, ""),
        ({}, {"summary": "A container was OOM killed"}, "Its disk was full yesterday"),
        ({}, {}, "The kernel's OOM killer was here"),
    ],
)
def test_labels_and_texts_help_where_the_name_says_nothing(
    labels: dict[str, str], annotations: dict[str, str], description: str
) -> None:
    found = alert_rule(alert("Alert 7", labels=labels, annotations=annotations, description=description))
    assert found is not None
    assert found.type == "oom_killed"


@pytest.mark.parametrize(
    ("labels", "title"),
    [
        ({"instance": "web-1:9100", "name": "nginx.service"}, "Start nginx.service on web-1 again"),
        ({"instance": "web-1:9100", "process": "sshd"}, "Start sshd on web-1 again"),
        ({"instance": "web-1:9100", "name": "a-container"}, "Start the program on web-1 again"),
        ({}, "Start the program on the machine behind “NodeSystemdServiceFailed” again"),
    ],
)
def test_what_has_stopped_is_a_program_and_not_its_machine(labels: dict[str, str], title: str) -> None:
    (found,) = analyse(alert("NodeSystemdServiceFailed", labels=labels)).recommendations
    assert (found.type, found.title) == ("not_running", title)


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


NAMES: Final = {
    "place", "check", "host", "machine", "address", "port", "server", "url", "name", "wanted", "record", "at", "on",
    "process", "unit", "database", "starttls", "postgresql", "mysql", "namespace", "pod", "node", "claim", "job_name",
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.type)
def test_a_rule_is_reached_and_names_no_number(rule: object) -> None:
    found = next(one for one in RULES if one is rule)
    assert found.checks or found.phrases
    assert found.codes
    texts = f"{found.title} {found.description} {found.cause}"
    assert not re.search(r"\d", texts)
    assert set(re.findall(r"{(\w*)}", " ".join((texts, *found.actions, *found.in_a_pod)))) <= NAMES
    assert found.cause.endswith(".")
    assert not found.title.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.type)
def test_what_a_rule_says_of_one_place_can_be_said_of_several(rule: object) -> None:
    """`Find out what makes {place} hang up`, not `why {place} hangs up`: `{place}` may be `shop.example and 4 more`."""
    found = next(one for one in RULES if one is rule)
    singular = r"\{(?:place|name)\} (?!less\b)(?:\w*[^s\W]s|is|has|does)\b"
    assert re.search(singular, found.title) is None
    assert re.search(r"\{(?:place|name)\}.*\b(?:it|its|this)\b", found.title) is None


def test_rules_are_about_checks_that_there_are_and_have_a_name_each() -> None:
    assert {kind for rule in RULES for kind in rule.checks} == set(CHECKS)
    assert set(CHECKS) >= REMOTE
    types = [rule.type for rule in RULES]
    assert len(types) == len(set(types))
    assert set(types) >= ROOTS | BLIND
