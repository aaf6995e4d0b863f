"""What several troubles have in common, and when they have nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.providers.stage import alert, analyse, check, http

if TYPE_CHECKING:
    from runner.facts import Alert, CheckResult


def ssh(code: str, host: str = "shop.example", verdict: str = "critical") -> CheckResult:
    return check("tcp", f"{host}:22", verdict, name="ssh", code=code)


def status(number: int, **more: Any) -> CheckResult:  # noqa: ANN401 - any field
    return http("status", metrics={"status": number}, **more)


@pytest.mark.parametrize(
    ("results", "kind"),
    [
        pytest.param((http("timed_out"), ssh("timed_out")), "host_down", id="the-host"),
        pytest.param((http("timed_out"), ssh("connection_refused")), "host_down", id="half-refused"),
        pytest.param((http("connection_refused"), ssh("connection_refused")), "host_down", id="all-refused"),
        pytest.param((status(500), ssh("timed_out")), "host_ill", id="ill-in-several-ways"),
        pytest.param((http("not_resolved"), ssh("timed_out", "db")), "own_network", id="the-way-out"),
        pytest.param(
            (http("not_resolved", message="there is no such name"), check("dns", "db A", code="no_such_name")),
            "own_name_server",
            id="the-name-server",
        ),
        pytest.param((http("timed_out"), ssh("", verdict="ok")), "timed_out", id="ssh-is-well"),
        pytest.param((http("timed_out"), ssh("", "db", "ok")), "timed_out", id="another-host-is-well"),
        pytest.param((http("connection_refused"), ssh("connection_refused", "db")), "connection_refused", id="refused"),
        pytest.param((status(500), status(500, name="b")), "server_error", id="one-trouble-twice"),
        pytest.param((status(404), ssh("timed_out")), "not_there", id="404-is-no-sign-of-the-host"),
        pytest.param((http("", "https://shop.example/", verdict="warning"), ssh("timed_out")), "timed_out", id="mild"),
        pytest.param((check("cpu", "web-1"), check("disk", "web-1:/")), "cpu_high", id="this-machine"),
    ],
)
def test_checks_that_fail_together_point_at_what_they_share(results: tuple[CheckResult, ...], kind: str) -> None:
    first = analyse(*results).recommendations[0]
    assert first.type == kind


def test_where_there_is_no_way_to_a_host_nothing_is_said_of_its_services() -> None:
    answer = analyse(http("timed_out"), ssh("timed_out"), check("memory", "web-1"))
    assert [one.type for one in answer.recommendations] == ["host_down", "memory_high"]


def fired(name: str, **labels: str) -> Alert:
    return alert(name, labels=labels)


@pytest.mark.parametrize(
    ("alerts", "kind", "cause"),
    [
        pytest.param(
            [fired(name, instance="web-1") for name in ("HighCPU", "Tea", "Rain")],
            "shared",
            "All 3 alerts are about web-1: one trouble there is likelier than 3 of them.",
            id="one-machine",
        ),
        pytest.param(
            [fired(name, instance=name, namespace="shop") for name in ("Tea", "Rain", "Snow", "Hail")],
            "shared",
            "All 4 alerts are about the namespace shop: one trouble there is likelier than 4 of them.",
            id="one-namespace",
        ),
        pytest.param([fired(name, instance="web-1") for name in ("Tea", "Rain")], "unmatched", "", id="only-two"),
        pytest.param(
            [fired(name, instance=name) for name in ("Tea", "Rain", "Snow")], "unmatched", "", id="nothing-shared"
        ),
        pytest.param(
            [fired("InstanceDown", instance=f"web-{place}") for place in range(3)],
            "service_down",
            "web-0 has stopped or keeps crashing, its machine is down, or whatever watches it cannot reach it.",
            id="in-three-places",
        ),
        pytest.param(
            [fired("InstanceDown", instance=f"web-{place}") for place in range(4)],
            "same_everywhere",
            "It is the same in 4 places at once: something that they share (a deployment, a network, a database) is"
            " likelier the cause than that many faults.",
            id="in-four-places",
        ),
    ],
)
def test_alerts_that_fire_together_point_at_what_they_share(alerts: list[Alert], kind: str, cause: str) -> None:
    answer = analyse(*alerts)
    assert (answer.recommendations[0].type, answer.probable_cause) == (kind, cause)


def test_what_is_the_same_in_many_places_is_one_recommendation() -> None:
    answer = analyse(*(fired("InstanceDown", instance=f"web-{place}") for place in range(20)))
    assert [one.type for one in answer.recommendations] == ["same_everywhere", "service_down"]
    assert answer.recommendations[1].title == "Bring back web-0 and 19 more"
    assert len(answer.recommendations[1].evidence) == 11
    assert answer.recommendations[1].evidence[-1] == "… and 10 more like these"


def test_a_full_machine_comes_before_what_it_may_have_stopped() -> None:
    answer = analyse(check("process", "web-1:db", code="not_running"), check("disk", "web-1:/"), check("cpu", "web-2"))
    assert [one.type for one in answer.recommendations] == ["disk_full", "not_running", "cpu_high"]
    assert answer.probable_cause == "/ on web-1 is filling up. Other trouble there may come from that: process."
