from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_core import ValidationError

from runner.channels import CHANNELS
from runner.doors import shut_doors
from runner.errors import NodeError
from runner.nodes.notify import Notify
from runner.results import Output, Problem, Verdict
from runner.scope import Variable
from runner.spec import Template
from runner.validators import problems
from tests.channels.stage import (
    FULL_DISK,
    GOOD_MEMORY,
    alert,
    analysed,
    checked,
    ingested,
    make_scope,
    node,
    receiving,
    said,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.results import NodeResult
    from runner.scope import Scope
    from tests.channels.stage import Receiver

DRIVERS = ", ".join(CHANNELS)
STATELESS = "no state store to compare with: send: changes acts as problems"
HELD = "nothing is wrong: the verdict is ok, no alert is firing or resolved, and the run has not failed"
OVER = ingested(alert(status="resolved"), verdict=Verdict.OK)
TAKEN = ingested(alert(status="acknowledged"), verdict=Verdict.OK)
BROKEN = node("probe", "context", error="timed out after 60s", verdict=Verdict.UNKNOWN)

KEYS = "driver, drivers, channel, channels, send, title, message, template"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def ran(scope: Scope, **config: Any) -> Output:  # noqa: ANN401 - a configuration
    return Notify.parse({"driver": "log", **config}).run(scope)


def deliveries(output: Output) -> list[tuple[object, object]]:
    listed: Any = output.data["deliveries"]
    return [(one["driver"], one["status"]) for one in listed]


@pytest.mark.parametrize(
    ("nodes", "failure", "title"),
    [
        pytest.param([ingested(alert())], "", "[CRITICAL] HighCPUUsage on web-1", id="alert"),
        pytest.param([checked(disk=FULL_DISK)], "", "[CRITICAL] db1: disk / is 96.2% full, above 95%", id="checks"),
        pytest.param(
            [ingested(alert()), checked(disk=FULL_DISK)], "", "[CRITICAL] HighCPUUsage on web-1 (+1 more)", id="both"
        ),
        pytest.param([OVER], "", "[RESOLVED] HighCPUUsage on web-1", id="recovery"),
        pytest.param(
            [BROKEN],
            "probe failed: timed out after 60s",
            "[FAILED] web-health: probe failed: timed out after 60s",
            id="a-run-that-failed-before-it-knew-anything",
        ),
    ],
)
def test_people_are_told_by_every_channel(
    receiver: Receiver, nodes: list[NodeResult], failure: str, title: str
) -> None:
    scope = make_scope(
        *nodes,
        failure=failure,
        variables={"SLACK_WEBHOOK_URL": f"{receiver.url}/slack", "NOTIFY_WEBHOOK_URL": f"{receiver.url}/any"},
    )
    output = Notify.parse({"drivers": ["log", "slack", "generic"]}).run(scope)
    slack, generic = receiver.requests
    assert output.data == {
        "channels_attempted": 3,
        "channels_succeeded": 3,
        "channels_failed": 0,
        "deliveries": [
            {
                "driver": driver,
                "channel": "",
                "status": "sent",
                "message_id": None,
                "attempts": 1,
                "error": None,
            }
            for driver in ("log", "slack", "generic")
        ],
        "message": {"title": title, "text": generic.json["message"]},
    }
    assert (output.verdict, output.problems) == (None, ())
    assert (slack.path, slack.json["text"]) == ("/slack", title)
    assert (generic.path, generic.json["title"]) == ("/any", title)
    assert any(line.removeprefix("warning: ") == title for line in said(scope))


@pytest.mark.parametrize(
    ("nodes", "failure", "send", "goes_out"),
    [
        pytest.param([checked(memory=GOOD_MEMORY)], "", "changes", False, id="all-ok"),
        pytest.param([checked(memory=GOOD_MEMORY)], "", "problems", False, id="all-ok-problems"),
        pytest.param([checked(memory=GOOD_MEMORY)], "", "always", True, id="all-ok-always"),
        pytest.param([checked(disk=FULL_DISK)], "", "changes", True, id="bad-check"),
        pytest.param([ingested(alert())], "", "problems", True, id="firing"),
        pytest.param([ingested(alert(severity="info"), verdict=Verdict.OK)], "", "problems", True, id="firing-info"),
        pytest.param([OVER], "", "changes", True, id="resolved"),
        pytest.param([TAKEN], "", "changes", False, id="acknowledged"),
        pytest.param([checked(memory=GOOD_MEMORY)], "the time is up", "problems", True, id="failed-run"),
        pytest.param([checked(memory=GOOD_MEMORY), BROKEN], "", "problems", True, id="failed-node"),
        pytest.param(
            [checked(memory=GOOD_MEMORY), node("analyze", "intelligence", error="no quota", required=False)],
            "",
            "problems",
            False,
            id="failed-optional-node",
        ),
        pytest.param([node("pick", "transform", {"transformed": 1})], "", "changes", True, id="nothing-judged"),
        pytest.param([], "", "problems", True, id="nothing-at-all"),
    ],
)
def test_a_message_goes_out_where_there_is_something_to_say(
    nodes: list[NodeResult], failure: str, send: str, goes_out: bool
) -> None:
    output = ran(make_scope(*nodes, failure=failure), send=send)
    assert deliveries(output) == [("log", "sent" if goes_out else "skipped")]
    assert output.data["channels_attempted"] == int(goes_out)


def test_what_is_held_back_says_why() -> None:
    listed: Any = ran(make_scope(checked(memory=GOOD_MEMORY))).data["deliveries"]
    assert listed == [
        {"driver": "log", "channel": "", "status": "skipped", "message_id": None, "attempts": 0, "error": HELD}
    ]


def test_it_says_once_in_a_run_that_nothing_is_remembered() -> None:
    scope = make_scope(checked(disk=FULL_DISK))
    ran(scope)
    assert said(scope).count(STATELESS) == 1
    later = make_scope(checked(disk=FULL_DISK), node("tell", "notify", {}))
    ran(later)
    ran(later, send="problems")
    assert STATELESS not in said(later)


def test_one_channel_that_fails_is_a_problem_and_no_failure(receiver: Receiver) -> None:
    receiver.answer(404, b"no_service")
    output = ran(make_scope(checked(disk=FULL_DISK)), driver=None, drivers=["slack", "log"], webhook_url=receiver.url)
    assert deliveries(output) == [("slack", "failed"), ("log", "sent")]
    assert (output.data["channels_succeeded"], output.data["channels_failed"]) == (1, 1)
    said = f"slack: {receiver.url.removeprefix('http://')} answered 404 Not Found: no_service"
    assert output.problems == (Problem(code="undelivered", message=said),)


def test_nothing_delivered_fails_the_node(receiver: Receiver) -> None:
    receiver.answer(404, b"no_service")
    receiver.answer(410)
    config = {"drivers": ["slack", "generic"], "webhook_url": receiver.url}
    with pytest.raises(NodeError) as failed:
        Notify.parse(config).run(make_scope(checked(disk=FULL_DISK)))
    assert (failed.value.code, failed.value.undelivered, failed.value.retryable) == ("undelivered", True, False)
    where = receiver.url.removeprefix("http://")
    assert failed.value.message == (
        f"the message reached nobody: slack: {where} answered 404 Not Found: no_service;"
        f" generic: {where} answered 410 Gone"
    )


@pytest.mark.parametrize(
    ("driver", "status", "may"),
    [("slack", 503, True), ("slack", 404, False), ("generic", 429, True)],
)
def test_what_cannot_have_arrived_may_be_tried_again_by_the_node(
    driver: str, status: int, may: bool, receiver: Receiver
) -> None:
    receiver.answer(status)
    receiver.answer(status)
    receiver.answer(status)
    with pytest.raises(NodeError) as failed:
        ran(make_scope(checked(disk=FULL_DISK)), driver=driver, webhook_url=receiver.url)
    assert failed.value.retryable is may


def test_a_channel_that_hangs_leaves_time_for_the_others(receiver: Receiver) -> None:
    receiver.hang = 6
    started = time.monotonic()
    config = {"driver": None, "channels": [{"driver": "slack", "webhook_url": receiver.url}, {"driver": "log"}]}
    output = ran(make_scope(checked(disk=FULL_DISK), seconds=2), **config)
    assert deliveries(output) == [("slack", "failed"), ("log", "sent")]
    assert time.monotonic() - started < 4


def test_texts_of_the_definition_take_their_parts() -> None:
    scope = make_scope(ingested(alert()), analysed(), payload={"who": "shop"})
    title = "{{ alerts[0].name }} for {{ payload.who }}"
    message = "{% for one in recommendations %}{{ one.title }}\n  {{ one.actions[0] }}{% endfor %}"
    ran(scope, title=title, message=message, send="always")
    assert said(scope) == [
        "warning: HighCPUUsage for shop",
        "Free space on /",
        "  du -x / | sort -n | tail",
        "This run: https://ci.example/runs/1",
        "Source of HighCPUUsage: https://prometheus.example/graph?g0=cpu",
        "web-health · production · run run-1",
    ]


def test_a_template_takes_the_place_of_everything() -> None:
    scope = make_scope(ingested(alert()))
    ran(scope, template="{{ severity }}: {{ ingest.output.alerts[0].name }}\n\n{{ run.url }}\n", send="always")
    assert said(scope) == ["warning: critical: HighCPUUsage", "https://ci.example/runs/1"]


def test_a_text_that_gives_nothing_changes_nothing() -> None:
    scope = make_scope(ingested(alert()))
    ran(scope, title="{{ '' }}", send="always")
    assert said(scope)[0] == "warning: [CRITICAL] HighCPUUsage on web-1"


def test_a_text_that_cannot_be_rendered_keeps_no_message_from_going_out() -> None:
    scope = make_scope(ingested(alert()))
    output = ran(scope, title="{{ nodes.gone.output }}", send="always")
    (problem,) = output.problems
    assert problem.code == "template"
    assert problem.message.startswith("title cannot be rendered: ")
    assert said(scope)[0] == "warning: [CRITICAL] HighCPUUsage on web-1"
    assert "About this message:" in said(scope)


def test_secrets_are_masked_in_what_people_read(receiver: Receiver) -> None:
    scope = make_scope(ingested(alert(description="key is swordfish")), secrets={"TOKEN": "swordfish"})
    config = {"message": "{{ alerts[0].description }} and {{ secrets.TOKEN }}", "send": "always"}
    Notify.parse({"drivers": ["log", "slack", "generic"], "webhook_url": receiver.url, **config}).run(scope)
    assert "key is «TOKEN» and «TOKEN»" in said(scope)
    assert not any(b"swordfish" in request.body for request in receiver.requests)
    assert len(receiver.requests) == 2


def test_an_address_in_the_definition_is_a_secret_from_then_on(receiver: Receiver) -> None:
    scope = make_scope(ingested(alert(description=f"{receiver.url}/T/B/x")))
    ran(scope, driver="slack", webhook_url=f"{receiver.url}/T/B/x")
    assert receiver.requests[0].json["blocks"][1]["text"]["text"].startswith("«webhook_url»\nFiring since ")
    assert scope.masker.mask(f"at {receiver.url}/T/B/x") == "at «webhook_url»"


def test_a_plan_shows_the_message_and_opens_nothing() -> None:
    scope = make_scope(
        checked(disk=FULL_DISK),
        variables={"SLACK_WEBHOOK_URL": "https://hooks.slack.example/services/T/B/x"},
        doors=shut_doors(),
    )
    lines = list(Notify.parse({"drivers": ["log", "slack", "generic"]}).plan(scope))
    assert lines[0] == (
        "would exit 4: the generic channel of this node has no endpoint: set it in config or as NOTIFY_WEBHOOK_URL"
    )
    assert lines[1:3] == ["would send with log:", "    [CRITICAL] db1: disk / is 96.2% full, above 95%"]
    at = lines.index("would send with slack:")
    assert lines[at + 1] == "    POST https://hooks.slack.example/«SLACK_WEBHOOK_URL»"
    assert lines[at + 4].startswith('    {"text": "[CRITICAL] db1: disk / is 96.2% full, above 95%", "blocks": [')
    at = lines.index("would send with generic:")
    assert lines[at + 1] == "    (the generic channel has no endpoint)"
    assert not any("/T/B/x" in line for line in lines)


def test_a_plan_says_what_would_be_held_back() -> None:
    plan = Notify.parse({"driver": "log"}).plan(make_scope(checked(memory=GOOD_MEMORY)))
    assert next(iter(plan)) == f"as far as is known, the message would be held back: {HELD}"


def test_variables_stand_in_for_options_that_are_not_given() -> None:
    channels = ["ops", {"driver": "slack"}, {"driver": "generic", "webhook_url": "https://hook.example"}]
    built = Notify.parse({"channels": channels})
    assert built.needs() == (Variable(name="SLACK_WEBHOOK_URL", required=True, needed_for="the slack channel"),)
    named = (
        'channel "ops" is looked up in a database, and none is configured:'
        " set PIPELINE_DATABASE_URL, or give its driver and options here"
    )
    slack = "the slack channel of this node has no webhook_url: set it in config or as SLACK_WEBHOOK_URL"
    assert built.missing(()) == (named, slack)
    assert built.missing({"SLACK_WEBHOOK_URL"}) == (named,)
    assert [secret.name for secret in built.secrets()] == ["endpoint"]


def test_a_channel_by_name_reaches_nobody_without_a_database() -> None:
    output = ran(make_scope(checked(disk=FULL_DISK)), driver=None, channels=["ops", {"driver": "log"}])
    listed: Any = output.data["deliveries"]
    assert listed[0] == {
        "driver": "",
        "channel": "ops",
        "status": "failed",
        "message_id": None,
        "attempts": 0,
        "error": "is looked up in a database, and none is configured",
    }
    assert deliveries(output)[1] == ("log", "sent")


@pytest.mark.parametrize(
    ("config", "found"),
    [
        pytest.param(
            {},
            [("E201", ("driver",), 'missing key "driver"', f"add a driver, one of {DRIVERS}")],
            id="nowhere",
        ),
        pytest.param(
            {"driver": "log", "channel": "ops"},
            [("E208", ("channel",), "driver and channel both say where messages go", "keep one of them")],
            id="two-ways",
        ),
        pytest.param(
            {"drivers": []},
            [("E204", ("drivers",), "drivers is empty: messages would go nowhere", "name at least one")],
            id="empty",
        ),
        pytest.param(
            {"driver": "slak", "webhook_url": "x", "sned": 1},
            [("E206", ("driver",), 'unknown driver "slak"', 'did you mean "slack"?')],
            id="unknown-driver",
        ),
        pytest.param(
            {"driver": "slack", "webhok_url": "x", "sned": "always"},
            [
                ("E203", ("webhok_url",), 'unknown key "webhok_url"', 'did you mean "webhook_url"?'),
                ("E203", ("sned",), 'unknown key "sned"', 'did you mean "send"?'),
            ],
            id="unknown-keys",
        ),
        pytest.param(
            {"drivers": ["slack", "generic"], "webhook_url": "hook.example", "headers": {"X": 1}, "send": "later"},
            [
                (
                    "E204",
                    ("send",),
                    '"later" is not one of changes, problems, always',
                    "known: changes, problems, always",
                ),
                ("E204", ("webhook_url",), '"hook.example" is no URL', 'write "https://hook.example"'),
                ("E202", ("headers", "X"), "expected a text, got 1", 'put it in quotes: "1"'),
            ],
            id="wrong-values",
        ),
        pytest.param(
            {"channels": ["ops", {"driver": "slack", "endpoint": "x"}, {"driver": "zz"}]},
            [
                ("E203", ("channels", 1, "endpoint"), 'unknown key "endpoint"', "known: webhook_url"),
                ("E206", ("channels", 2, "driver"), 'unknown driver "zz"', f"known: {DRIVERS}"),
            ],
            id="in-channels",
        ),
        pytest.param(
            {"driver": "log", "message": "a", "template": "b"},
            [("E208", ("template",), "template takes the place of message, too", "keep one of them")],
            id="two-texts",
        ),
        pytest.param(
            {"driver": "generic", "endpoint": "https://a.example", "webhook_url": "https://b.example"},
            [("E208", ("webhook_url",), "webhook_url is another word for endpoint", "keep one of them")],
            id="two-addresses",
        ),
        pytest.param(
            {"driver": 3}, [("E202", ("driver",), "expected a text, got 3", 'put it in quotes: "3"')], id="number"
        ),
        pytest.param(
            {"drivers": ["log", 3]},
            [("E202", ("drivers", 1), "expected a text, got 3", 'put it in quotes: "3"')],
            id="number-in-a-list",
        ),
        pytest.param(
            [],
            [
                (
                    "E202",
                    (),
                    "expected an object, got a list",
                    f"its keys are {KEYS}",
                )
            ],
            id="no-object",
        ),
    ],
)
def test_what_cannot_be_a_configuration(config: object, found: list[tuple[object, ...]]) -> None:
    with pytest.raises(ValidationError) as wrong:
        Notify.parse(config)
    lines = wrong.value.errors(include_url=False)
    assert [(line["type"], line["loc"], line["msg"], line["ctx"]["hint"]) for line in lines] == found


def test_a_driver_that_a_template_hides_waits() -> None:
    with pytest.raises(ValidationError) as wrong:
        Notify.parse({"driver": Template("{{ inputs.driver }}"), "webhook_url": "https://hook.example"})
    assert problems(wrong.value) == []


def test_options_that_a_template_hides_wait() -> None:
    built = Notify.parse({"driver": "slack", "webhook_url": Template("{{ secrets.SLACK }}")})
    assert (built.missing(()), built.needs(), built.secrets()) == ((), (), ())
