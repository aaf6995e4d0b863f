from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from runner.channels import CHANNELS
from runner.channels.delivery import composed, deliver
from runner.channels.incident import dedup_key
from runner.channels.pagerduty import EVENTS_URL, PagerDuty
from runner.channels.writing import write
from runner.errors import Cancelled
from runner.facts import gather
from runner.nodes.notify import Notify
from runner.results import Verdict
from runner.secrets import Foreign, Sealed, Secret
from runner.spec import Invalid, Template
from runner.validators import read
from tests.channels.stage import (
    ANALYSIS,
    FULL_DISK,
    GOOD_MEMORY,
    alert,
    analysed,
    check,
    checked,
    ingested,
    make_scope,
    node,
)
from tests.doors.conftest import read_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.channels.delivery import Delivery
    from runner.results import NodeResult
    from tests.channels.stage import Receiver
    from tests.conftest import Ended

KEY = "0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
UNSURE = check("tcp db1:5432: permission denied", "unknown", type="tcp", subject="db1:5432")
OVER = alert(status="resolved", severity="info")
TAKEN = alert(status="acknowledged")


def key_of(*identity: str) -> str:
    return dedup_key("web-health", "production", *identity)


def sent(receiver: Receiver, *nodes: NodeResult, failure: str = "", **options: Any) -> Delivery:  # noqa: ANN401 - options
    scope = make_scope(*nodes, failure=failure)
    channel = PagerDuty(integration_key=KEY, events_url=f"{receiver.url}/v2/enqueue", **options)
    return deliver(channel, write(scope, gather(scope), NOON).masked(scope.masker), scope)


def actions(receiver: Receiver) -> list[tuple[str, str]]:
    return [(request.json["event_action"], request.json["dedup_key"]) for request in receiver.requests]


def accepted(receiver: Receiver, key: str) -> None:
    body = {"status": "success", "message": "Event processed", "dedup_key": key}
    receiver.answer(202, json.dumps(body).encode())


@pytest.mark.parametrize("body", [b"", b"accepted", b"{}", b'{"status": "success"}', b'["status"]'])
def test_an_answer_of_success_that_tells_of_no_error_is_a_delivery(receiver: Receiver, body: bytes) -> None:
    receiver.answer(202, body)
    assert sent(receiver, ingested(alert())).status == "sent"


INVALID = {"status": "invalid event", "message": "Event object is invalid", "errors": ["'routing_key' is missing"]}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (INVALID, "invalid event: Event object is invalid: 'routing_key' is missing"),
        ({"status": "throttle exceeded", "message": None, "errors": "many"}, "throttle exceeded"),
        ({"status": None}, "an error"),
    ],
    ids=["invalid", "throttled", "nothing"],
)
def test_an_answer_whose_status_is_no_success_is_no_delivery(
    receiver: Receiver, answer: dict[str, object], told: str
) -> None:
    receiver.answer(202, json.dumps(answer).encode())
    failed = sent(receiver, ingested(alert()))
    said = f"{receiver.url.removeprefix('http://')} answered “{told}”, so it did not take the message"
    assert (failed.status, failed.attempts, failed.error) == ("failed", 1, said)


def test_a_firing_alert_triggers_an_incident(receiver: Receiver) -> None:
    accepted(receiver, "the-key-it-was-given")
    delivery = sent(receiver, ingested(alert()), analysed())
    assert (delivery.status, delivery.attempts, delivery.error) == ("sent", 1, None)
    assert delivery.message_id == "the-key-it-was-given"
    (request,) = receiver.requests
    assert (request.method, request.path, request.headers["content-type"]) == (
        "POST",
        "/v2/enqueue",
        "application/json",
    )
    event = request.json
    details = event["payload"].pop("custom_details")
    assert event == {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": key_of("print-of-HighCPUUsage"),
        "payload": {
            "summary": "[CRITICAL] HighCPUUsage on web-1",
            "severity": "critical",
            "timestamp": "2026-03-01T12:01:00+00:00",
            "source": "web-1",
            "component": "node",
            "group": "web-health",
            "class": "HighCPUUsage",
        },
        "links": [
            {"href": "https://ci.example/runs/1", "text": "This run"},
            {"href": "https://prometheus.example/graph?g0=cpu", "text": "Source of HighCPUUsage"},
        ],
        "client": "pipeline-runner",
        "client_url": "https://ci.example/runs/1",
    }
    assert details == {
        "message": (
            "CPU usage is above 80% for 5 minutes\nFiring since 2026-03-01 09:55 UTC (2h5m).\nLabels: job=node"
        ),
        "likely_cause": "Log files fill the file system.\n- disk / is 96.2% full",
        "what_to_do": "- Free space on /\n    - du -x / | sort -n | tail\n    - journalctl --vacuum-size=1G",
        "run": "web-health · production · run run-1",
    }


@pytest.mark.parametrize(
    ("result", "severity", "source", "component", "kind"),
    [
        pytest.param(FULL_DISK, "critical", "db1", "it", "disk", id="critical"),
        pytest.param({**FULL_DISK, "verdict": "warning"}, "warning", "db1", "it", "disk", id="warning"),
        pytest.param(UNSURE, "error", "db1", "it", "tcp", id="unknown"),
        pytest.param(
            check("502", "critical", type="http", subject="https://shop.example:8443/cart"),
            "critical",
            "shop.example",
            "it",
            "http",
            id="url",
        ),
        pytest.param(check("exit 2", "critical", subject=""), "critical", "web-health", "it", "disk", id="no-subject"),
    ],
)
def test_a_bad_check_triggers_an_incident(
    receiver: Receiver, result: dict[str, Any], severity: str, source: str, component: str, kind: str
) -> None:
    assert sent(receiver, checked(it=result)).status == "sent"
    (request,) = receiver.requests
    assert actions(receiver) == [("trigger", key_of("probe", "it"))]
    payload = request.json["payload"]
    assert (payload["severity"], payload["source"], payload["component"], payload["class"]) == (
        severity,
        source,
        component,
        kind,
    )
    assert payload["summary"].endswith(result["message"])


@pytest.mark.parametrize(
    ("alerts", "action"),
    [
        pytest.param([alert()], "trigger", id="firing"),
        pytest.param([TAKEN], "acknowledge", id="acknowledged"),
        pytest.param([OVER], "resolve", id="resolved"),
        pytest.param([OVER, alert("Other", status="acknowledged")], "acknowledge", id="one-of-a-group-acknowledged"),
        pytest.param([OVER, TAKEN, alert("Other")], "trigger", id="one-of-a-group-still-fires"),
    ],
)
def test_the_status_of_a_group_decides(receiver: Receiver, alerts: list[dict[str, Any]], action: str) -> None:
    assert sent(receiver, ingested(*alerts, group_key="{}:{alertname}")).status == "sent"
    assert actions(receiver) == [(action, key_of("{}:{alertname}"))]


def test_an_alert_that_is_over_resolves_what_it_had_triggered(receiver: Receiver) -> None:
    for one in (alert(), TAKEN, alert(), OVER):
        sent(receiver, ingested(one, verdict=Verdict.OK))
    keys = {key for _, key in actions(receiver)}
    assert keys == {key_of("print-of-HighCPUUsage")}
    assert [action for action, _ in actions(receiver)] == ["trigger", "acknowledge", "trigger", "resolve"]


def test_a_check_that_is_ok_resolves_what_it_had_triggered(receiver: Receiver) -> None:
    sent(receiver, checked(disk=FULL_DISK))
    sent(receiver, checked(disk=check("disk / is 41% full")))
    assert actions(receiver) == [("trigger", key_of("probe", "disk")), ("resolve", key_of("probe", "disk"))]


def test_each_incident_has_an_event_of_its_own_the_worst_first(receiver: Receiver) -> None:
    probed = checked(memory=GOOD_MEMORY, port=UNSURE, disk=FULL_DISK)
    minor = alert("Slow", severity="warning", labels={"host": "web-2"})
    delivery = sent(receiver, ingested(minor, alert(), OVER | {"fingerprint": "old"}), probed)
    assert delivery.status == "sent"
    assert actions(receiver) == [
        ("trigger", key_of("print-of-HighCPUUsage")),
        ("trigger", key_of("probe", "disk")),
        ("trigger", key_of("probe", "port")),
        ("trigger", key_of("print-of-Slow")),
        ("resolve", key_of("old")),
        ("resolve", key_of("probe", "memory")),
    ]
    first, _, _, slow, *_ = (request.json["payload"] for request in receiver.requests)
    assert (first["summary"], first["severity"]) == ("[CRITICAL] HighCPUUsage on web-1", "critical")
    assert (slow["summary"], slow["severity"], slow["source"]) == ("[WARNING] Slow on web-2", "warning", "web-2")
    assert slow["custom_details"] == {
        "message": ("CPU usage is above 80% for 5 minutes\nFiring since 2026-03-01 09:55 UTC (2h5m)."),
        "also_wrong": (
            "[CRITICAL] HighCPUUsage on web-1\n"
            "[CRITICAL] db1: disk / is 96.2% full, above 95%\n"
            "[UNKNOWN] port: tcp db1:5432: permission denied"
        ),
        "run": "web-health · production · run run-1",
    }


def test_the_same_facts_have_the_same_keys_in_every_run(receiver: Receiver) -> None:
    nodes = (ingested(alert(), alert("Other")), checked(disk=FULL_DISK))
    sent(receiver, *nodes)
    sent(receiver, *nodes)
    keys = actions(receiver)
    assert keys[:3] == keys[3:]
    assert len(set(keys)) == 3


def test_a_run_that_failed_before_it_saw_anything_is_an_incident(receiver: Receiver) -> None:
    broken = node("probe", "context", error="timed out after 60s", verdict=Verdict.UNKNOWN)
    sent(receiver, broken, failure="probe failed: timed out after 60s")
    (request,) = receiver.requests
    payload = request.json["payload"]
    assert actions(receiver) == [("trigger", key_of("probe"))]
    assert payload["summary"] == "[FAILED] web-health: probe failed: timed out after 60s"
    assert (payload["severity"], payload["source"]) == ("error", "web-health")


def test_a_run_that_failed_still_closes_what_is_well(receiver: Receiver) -> None:
    sent(receiver, checked(memory=GOOD_MEMORY), failure="the time is up")
    assert actions(receiver) == [("trigger", key_of()), ("resolve", key_of("probe", "memory"))]
    failed, well = (request.json["payload"]["summary"] for request in receiver.requests)
    assert (failed, well) == ("[FAILED] web-health: the time is up", "[OK] web-health: 1 check passed")


@pytest.mark.parametrize(
    ("nodes", "action", "severity"),
    [
        pytest.param((), "trigger", "info", id="nothing-judged"),
        pytest.param((node("probe", "context", {}, verdict=Verdict.OK),), "resolve", "info", id="all-well"),
    ],
)
def test_where_there_is_no_incident_the_message_is_told(
    receiver: Receiver, nodes: tuple[NodeResult, ...], action: str, severity: str
) -> None:
    assert sent(receiver, *nodes).status == "sent"
    assert actions(receiver) == [(action, key_of())]
    assert receiver.requests[0].json["payload"]["severity"] == severity


@pytest.mark.parametrize(
    ("alerts", "action"),
    [
        pytest.param([alert(), OVER], "trigger", id="firing"),
        pytest.param([TAKEN, OVER], "acknowledge", id="acknowledged"),
        pytest.param([OVER], "resolve", id="resolved"),
    ],
)
def test_a_key_of_the_definition_takes_everything(
    receiver: Receiver, alerts: list[dict[str, Any]], action: str
) -> None:
    sent(receiver, ingested(*alerts, verdict=Verdict.OK), dedup_key="shop")
    assert actions(receiver) == [(action, "shop")]


@pytest.mark.parametrize(
    ("action", "names"),
    [("trigger", ["disk"]), ("acknowledge", ["disk"]), ("resolve", ["disk", "memory"])],
)
def test_an_action_of_the_definition_is_taken_for_what_is_open(
    receiver: Receiver, action: str, names: list[str]
) -> None:
    sent(receiver, checked(disk=FULL_DISK, memory=GOOD_MEMORY), event_action=action)
    assert actions(receiver) == [(action, key_of("probe", name)) for name in names]


def test_the_sender_is_the_definition_s(receiver: Receiver) -> None:
    address = Sealed(("https://status.example/", Secret("TEAM", "shop")))
    sent(receiver, checked(disk=FULL_DISK), client="Shop watch", client_url=address)
    body = receiver.requests[0].json
    assert (body["client"], body["client_url"]) == ("Shop watch", "https://status.example/shop")


def test_texts_of_the_definition_reach_the_event(receiver: Receiver) -> None:
    config = {"driver": "pagerduty", "integration_key": KEY, "events_url": receiver.url}
    texts = {"title": "{{ checks[0].name }} again", "message": "Call {{ run.environment }}"}
    one, two = make_scope(checked(disk=FULL_DISK)), make_scope(checked(disk=FULL_DISK, port=UNSURE))
    for scope in (one, two):
        assert Notify.parse({**config, **texts}).run(scope).data["channels_succeeded"] == 1
    Notify.parse({**config, "template": "Disk!\nRun."}).run(one)
    summaries = [request.json["payload"]["summary"] for request in receiver.requests]
    assert summaries == [
        "disk again",
        "[CRITICAL] db1: disk / is 96.2% full, above 95%",
        "[UNKNOWN] port: tcp db1:5432: permission denied",
        "Disk!",
    ]
    details = [request.json["payload"]["custom_details"] for request in receiver.requests]
    assert [one["message"] for one in details] == [
        "Call production",
        *["disk again\nCall production"] * 2,  # the summary of each says which one it is
        "Disk!\nRun.",
    ]


def test_one_of_several_incidents_is_told_what_is_about_it_alone(receiver: Receiver) -> None:
    def advice(title: str, *evidence: str) -> dict[str, Any]:
        return {**ANALYSIS["recommendations"][0], "title": title, "actions": [], "evidence": list(evidence)}

    recommended = [
        advice("Free space", "disk: disk / is 96.2% full, above 95%"),
        advice("Open the port", "port: tcp db1:5432: permission denied"),
        advice("Look at db1", "disk: disk / is 96.2% full, above 95%", "… and 4 more like these"),
        advice("Call somebody"),
        advice("Think", "something that nobody else has said"),
    ]
    broken = node("logs", "context", error="timed out after 10s", required=False)
    probed = checked(disk=FULL_DISK, port=UNSURE, memory=GOOD_MEMORY)
    sent(receiver, probed, analysed(recommendations=recommended), broken)
    disk, port, memory = (request.json["payload"]["custom_details"] for request in receiver.requests)
    assert disk["likely_cause"] == "Log files fill the file system."
    assert disk["what_to_do"] == "- Free space\n- Look at db1\n- Call somebody\n- Think"
    assert port["what_to_do"] == "- Open the port\n- Look at db1\n- Call somebody\n- Think"
    assert port["message"] == (
        "First seen in this run.\nThe run went on without logs, which failed: timed out after 10s"
    )
    assert "likely_cause" not in port
    assert memory == {"message": "- db1: memory is 41% used", "run": "web-health · production · run run-1"}


def test_what_else_is_wrong_is_counted(receiver: Receiver) -> None:
    sent(receiver, checked(**{f"port-{number}": UNSURE for number in range(1, 15)}))
    *listed, last = receiver.requests[0].json["payload"]["custom_details"]["also_wrong"].splitlines()
    assert (len(listed), listed[0]) == (10, "[UNKNOWN] port-2: tcp db1:5432: permission denied")
    assert last == "… and 3 more"


def test_an_event_keeps_within_the_limits(receiver: Receiver) -> None:
    huge = "ü<\n" * 200_000
    url = f"https://x.example/{'a' * 5000}"
    labels = {"instance": huge, "job": huge, **{f"k{place}": huge for place in range(4)}}
    assert sent(receiver, ingested(alert(huge, description=huge, labels=labels, url=url))).status == "sent"
    (request,) = receiver.requests
    assert len(request.body) < 512_000
    payload = request.json["payload"]
    assert len(payload["summary"]) <= 1024
    assert all(len(payload[name]) <= 255 for name in ("source", "component", "group", "class"))
    assert len(payload["custom_details"]["message"]) < 6000
    assert [link["href"] for link in request.json["links"]] == ["https://ci.example/runs/1"]


def test_a_text_of_the_definition_keeps_within_the_limits(receiver: Receiver) -> None:
    scope = make_scope(checked(disk=FULL_DISK))
    message = replace(write(scope, gather(scope), NOON), whole="ü" * 600_000)
    assert deliver(PagerDuty(integration_key=KEY, events_url=receiver.url), message, scope).status == "sent"
    (request,) = receiver.requests
    assert len(request.body) < 512_000
    assert request.json["payload"]["custom_details"]["truncated"].startswith("cut: ")


def test_secrets_are_masked_in_an_event_and_its_key_is_not(receiver: Receiver) -> None:
    scope = make_scope(
        ingested(alert(labels={"instance": "swordfish", "job": "swordfish"})),
        checked(swordfish=FULL_DISK),
        secrets={"TOKEN": "swordfish", "HEX": key_of("probe", "swordfish")[:8]},
    )
    config = {"driver": "pagerduty", "routing_key": "swordfish", "events_url": receiver.url}
    Notify.parse(config).run(scope)
    bodies = [request.json for request in receiver.requests]
    assert [body.pop("routing_key") for body in bodies] == ["swordfish", "swordfish"]
    assert [body["dedup_key"] for body in bodies] == [key_of("print-of-HighCPUUsage"), key_of("probe", "swordfish")]
    assert "swordfish" not in json.dumps(bodies)
    assert bodies[0]["payload"]["source"] == "«TOKEN»"


def test_a_refusal_is_final_and_says_why(receiver: Receiver) -> None:
    reason = "Length of 'routing_key' is incorrect (should be 32 characters)"
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": [reason]}
    receiver.answer(400, json.dumps(body).encode())
    delivery = sent(receiver, checked(disk=FULL_DISK))
    assert (delivery.status, delivery.attempts, delivery.message_id) == ("failed", 1, None)
    where = receiver.url.removeprefix("http://")
    assert delivery.error == f"{where} answered 400 Bad Request: Event object is invalid: {reason}"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_pagerduty_may_take_later_is_sent_again(receiver: Receiver, status: int) -> None:
    receiver.answer(status, b"")
    delivery = sent(receiver, checked(disk=FULL_DISK))
    assert (delivery.status, delivery.attempts) == ("sent", 2)
    first, second = receiver.requests
    assert first.body == second.body


def test_a_pause_that_pagerduty_asks_for_is_made(receiver: Receiver) -> None:
    receiver.answer(429, b"", Retry_After="1")
    started = time.monotonic()
    assert sent(receiver, checked(disk=FULL_DISK)).status == "sent"
    assert time.monotonic() - started >= 1


def test_only_what_has_not_arrived_is_sent_again(receiver: Receiver) -> None:
    accepted(receiver, "first")
    receiver.answer(503)
    delivery = sent(receiver, checked(disk=FULL_DISK, port=UNSURE, memory=GOOD_MEMORY))
    assert (delivery.status, delivery.attempts, delivery.message_id) == ("sent", 2, "first")
    names = ["disk", "port", "port", "memory"]
    assert [key for _, key in actions(receiver)] == [key_of("probe", name) for name in names]


def test_one_event_that_is_refused_keeps_no_other_from_going_out(receiver: Receiver) -> None:
    receiver.answer(400, b"no such thing")
    delivery = sent(receiver, checked(disk=FULL_DISK, port=UNSURE, memory=GOOD_MEMORY))
    where = receiver.url.removeprefix("http://")
    said = f"1 of 3 events did not arrive: {where} answered 400 Bad Request: no such thing"
    assert (delivery.status, delivery.attempts, delivery.error) == ("failed", 1, said)
    assert delivery.partly
    assert len(receiver.requests) == 3


def test_an_event_that_may_have_arrived_is_sent_again() -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def hang_up_once() -> None:
            for answer in (b"", b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"):
                connection, _ = door.accept()
                with connection:
                    heard.append(read_request(connection))
                    connection.sendall(answer)

        threading.Thread(target=hang_up_once, daemon=True).start()
        channel = PagerDuty(integration_key=KEY, events_url=f"http://127.0.0.1:{door.getsockname()[1]}/")
        scope = make_scope(checked(disk=FULL_DISK))
        delivery = deliver(channel, write(scope, gather(scope), NOON), scope)
    assert (delivery.status, delivery.attempts, delivery.message_id) == ("sent", 2, None)
    first, second = heard
    assert first == second


def test_a_run_that_is_stopped_sends_no_more(receiver: Receiver) -> None:
    scope = make_scope(checked(disk=FULL_DISK, port=UNSURE))
    message = write(scope, gather(scope), NOON)
    scope.deadline.cancel()
    with pytest.raises(Cancelled):
        deliver(PagerDuty(integration_key=KEY, events_url=receiver.url), message, scope)
    assert receiver.requests == []


def test_a_dry_run_shows_each_event_without_its_key() -> None:
    scope = make_scope(checked(disk=FULL_DISK, memory=GOOD_MEMORY), variables={"PAGERDUTY_ROUTING_KEY": KEY})
    lines = list(Notify.parse({"driver": "pagerduty"}).plan(scope))
    assert lines.count("    POST https://events.pagerduty.com/«events_url»") == 2
    bodies = [json.loads(line) for line in lines if line.startswith("    {")]
    assert [(body["routing_key"], body["event_action"]) for body in bodies] == [
        ("«PAGERDUTY_ROUTING_KEY»", "trigger"),
        ("«PAGERDUTY_ROUTING_KEY»", "resolve"),
    ]


@pytest.mark.parametrize("options", [{"integration_key": KEY}, {"routing_key": KEY}], ids=["own", "alias"])
def test_either_key_is_a_secret_and_enough(options: dict[str, str]) -> None:
    channel = CHANNELS.read({"driver": "pagerduty", **options})
    assert (channel.lacking(), channel.wanting()) == ((), ("events_url",))
    assert channel.secrets() == (Secret("integration_key", KEY),)


def test_variables_stand_in_for_key_and_address(receiver: Receiver) -> None:
    scope = make_scope(
        checked(disk=FULL_DISK), variables={"PAGERDUTY_ROUTING_KEY": KEY, "PAGERDUTY_EVENTS_URL": receiver.url}
    )
    built = Notify.parse({"driver": "pagerduty"})
    assert built.missing(()) == (
        "the pagerduty channel of this node has no integration_key: set it in config or as PAGERDUTY_ROUTING_KEY",
    )
    assert [(need.name, need.required) for need in built.needs()] == [
        ("PAGERDUTY_ROUTING_KEY", True),
        ("PAGERDUTY_EVENTS_URL", False),
    ]
    built.run(scope)
    assert receiver.requests[0].json["routing_key"] == KEY


def test_the_address_is_pagerduty_s_own_by_default() -> None:
    scope = make_scope(checked(disk=FULL_DISK))
    channel = PagerDuty(integration_key=KEY)
    parcel = composed(channel, write(scope, gather(scope), NOON), scope)
    assert EVENTS_URL == "https://events.pagerduty.com/v2/enqueue"
    assert next(iter(parcel.lines())) == "POST https://events.pagerduty.com/«events_url»"


@pytest.mark.parametrize(
    ("options", "sentence", "at"),
    [
        pytest.param(
            {"integration_key": KEY, "routing_key": KEY},
            "routing_key is another word for integration_key",
            ("routing_key",),
            id="two-keys",
        ),
        pytest.param(
            {"dedup_key": "k" * 256},
            "dedup_key has 256 characters, and PagerDuty takes 255",
            ("dedup_key",),
            id="long-key",
        ),
    ],
)
def test_what_pagerduty_would_refuse_is_refused_before(options: dict[str, str], sentence: str, at: tuple[str]) -> None:
    with pytest.raises(Invalid) as wrong:
        PagerDuty(**options)  # type: ignore[arg-type]  # all of them are texts
    assert (wrong.value.sentence, wrong.value.at) == (sentence, at)
    assert PagerDuty(dedup_key=Template("{{ " + "x" * 300 + " }}")).dedup_key


# --- what a payload gives keeps no event from going out ----------------------------------------------


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (5, "5"),
        (Foreign("disk"), "disk"),
        (Foreign("  "), key_of("probe", "disk")),
        (Foreign("x" * 300), hashlib.sha256(b"x" * 300).hexdigest()),
    ],
    ids=["a number", "a text", "nothing", "too long"],
)
def test_a_key_out_of_a_payload_ties_events_or_is_none(receiver: Receiver, given: object, key: str) -> None:
    channel = read(PagerDuty, {"integration_key": KEY, "events_url": f"{receiver.url}/v2/enqueue", "dedup_key": given})
    scope = make_scope(checked(disk=FULL_DISK))
    assert deliver(channel, write(scope, gather(scope), NOON), scope).status == "sent"
    assert actions(receiver) == [("trigger", key)]


def test_a_link_out_of_a_payload_that_is_none_is_left_out(receiver: Receiver) -> None:
    given = {"integration_key": KEY, "events_url": f"{receiver.url}/v2/enqueue", "client_url": Foreign("n/a")}
    scope = make_scope(checked(disk=FULL_DISK))
    assert deliver(read(PagerDuty, given), write(scope, gather(scope), NOON), scope).status == "sent"
    assert receiver.requests[0].json["client_url"] == scope.run.url


def test_the_incident_of_a_check_that_nobody_makes_any_longer_is_closed(
    cli: Callable[..., Ended], receiver: Receiver, tmp_path: Path
) -> None:
    for checks in ("{type: memory, critical: 0.01%}, {type: disk, critical: 99.9%}", "{type: disk, critical: 99.9%}"):
        (tmp_path / "d.yaml").write_text(f"""\
version: "1.0"
name: web-health
nodes:
  - {{id: look, type: context, config: {{checks: [{checks}]}}}}
  - id: tell
    type: notify
    config: {{driver: pagerduty, integration_key: {KEY}, events_url: "{receiver.url}/v2/enqueue"}}
""")
        cli("--config", "d.yaml", "--hostname", "web-1")
    key = dedup_key("web-health", "development", "look", "memory")
    assert actions(receiver) == [("trigger", key), ("resolve", key)]
    assert receiver.requests[1].json["payload"]["summary"] == "[RESOLVED] memory of web-1 is no longer watched"


def test_the_incident_of_a_run_that_failed_is_closed_by_the_next_that_works(
    cli: Callable[..., Ended], receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "d.yaml").write_text(f"""\
version: "1.0"
name: web-health
nodes:
  - {{id: shape, type: transform, config: {{extract: a.b}}}}
  - {{id: look, type: context, always: true, config: {{checks: [memory], concurrency: 1}}}}
  - id: tell
    type: notify
    always: true
    config: {{driver: pagerduty, integration_key: {KEY}, events_url: "{receiver.url}/v2/enqueue"}}
""")
    ended = [cli("--config", "d.yaml", "--payload", payload).code for payload in ("{}", '{"a": {"b": 1}}')]
    assert ended == [1, 0]
    key = dedup_key("web-health", "development", "shape")
    assert actions(receiver) == [("trigger", key), ("resolve", key)]
    assert receiver.requests[1].json["payload"]["summary"] == "[RESOLVED] the node shape works again"
