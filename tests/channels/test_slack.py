from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from runner.channels.delivery import deliver
from runner.channels.message import Item, Link, Section
from runner.channels.slack import Slack, blocks
from runner.channels.writing import write
from runner.facts import gather
from tests.channels.block_kit import refusals
from tests.channels.stage import FULL_DISK, alert, analysed, checked, ingested, make_scope

if TYPE_CHECKING:
    from runner.channels.message import Message
    from tests.channels.stage import Receiver


def written(**fields: Any) -> Message:  # noqa: ANN401 - fields of an alert
    scope = make_scope(ingested(alert(**fields)), checked(disk=FULL_DISK), analysed())
    return write(scope, gather(scope), datetime(2026, 3, 1, 12, 1, tzinfo=UTC))


def mrkdwn(text: str) -> dict[str, object]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(*lines: str) -> dict[str, object]:
    return {"type": "section", "text": mrkdwn("\n".join(lines))}


def test_a_message_arrives_as_blocks(receiver: Receiver) -> None:
    sent = deliver(Slack(webhook_url=f"{receiver.url}/services/T/B/x"), written(), make_scope())
    assert (sent.status, sent.attempts, sent.message_id, sent.error) == ("sent", 1, None, None)
    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/services/T/B/x")
    assert request.headers["content-type"] == "application/json"
    title = "[CRITICAL] HighCPUUsage on web-1 (+1 more)"
    assert request.json == {
        "text": title,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title}},
            section(
                "CPU usage is above 80% for 5 minutes", "Firing since 2026-03-01 09:55 UTC (2h5m).", "Labels: job=node"
            ),
            section("*Checks*", "First seen in this run.", "• CRITICAL db1: disk / is 96.2% full, above 95%"),
            section("*Likely cause*", "Log files fill the file system.", "• disk / is 96.2% full"),
            section(
                "*What to do*",
                "• Free space on /",
                "      ◦ du -x / | sort -n | tail",
                "      ◦ journalctl --vacuum-size=1G",
            ),
            {
                "type": "context",
                "elements": [
                    mrkdwn(
                        "<https://ci.example/runs/1|This run>\n"
                        "<https://prometheus.example/graph?g0=cpu|Source of HighCPUUsage>\n"
                        "web-health · production · run run-1"
                    )
                ],
            },
        ],
    }


def test_text_from_a_payload_has_no_power_in_slack(receiver: Receiver) -> None:
    nasty = "<!channel> & <https://evil.example|click>"
    message = written(name=nasty, description=nasty, url="https://x.example/a|b>c?d=1&e=2")
    deliver(Slack(webhook_url=receiver.url), message, make_scope())
    body = receiver.requests[0].body.decode()
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;" in body
    assert body.count("<") == body.count("|This run>") == 1


def test_a_link_cannot_be_broken_out_of() -> None:
    message = replace(written(), links=(Link(text="a>b", url="https://x.example/a|b?c=1&d=<2>"),), footer="")
    assert blocks(message)[-1]["elements"][0]["text"] == "<https://x.example/a%7Cb?c=1&amp;d=%3C2%3E|a&gt;b>"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 20_000, id="one-long-word"),
        pytest.param("& " * 10_000, id="much-to-escape"),
        pytest.param("word " * 5_000, id="many-words"),
    ],
)
def test_every_text_keeps_within_the_limits(text: str) -> None:
    parts = (Section(heading="H", paragraphs=(text,) * 9, items=(Item(text=text, details=(text, text)),) * 30),) * 9
    laid_out = blocks(replace(written(), title=text, sections=parts, footer=text))
    texts = [block["text"]["text"] for block in laid_out if "text" in block]
    texts += [element["text"] for block in laid_out for element in block.get("elements", ())]
    assert len(laid_out) <= 50
    assert len(texts[0]) <= 150
    assert max(map(len, texts)) <= 3000
    assert sum(map(len, texts)) < 13_000
    assert not any(one.rstrip("…").endswith(("&", "&a", "&am", "&amp")) for one in texts)
    assert "… and more than fits here" in texts
    assert refusals({"text": "x", "blocks": laid_out}) == []


def test_many_small_sections_keep_within_fifty_blocks() -> None:
    parts = tuple(Section(paragraphs=(str(number),)) for number in range(80))
    laid_out = blocks(replace(written(), sections=parts))
    assert len(laid_out) == 50
    assert laid_out[-2] == section("… and more than fits here")


def test_a_whole_text_stands_alone(receiver: Receiver) -> None:
    deliver(Slack(webhook_url=receiver.url), replace(written(), whole="*Disk* <full>\n\non db1"), make_scope())
    assert receiver.requests[0].json == {
        "text": "*Disk* &lt;full&gt;",
        "blocks": [section("*Disk* &lt;full&gt;", "", "on db1")],
    }


def test_a_message_of_one_line_has_no_empty_block() -> None:
    message = replace(written(), sections=(), links=(), footer="")
    assert json.dumps(blocks(message)).count('"type": "section"') == 0


@pytest.mark.parametrize("url", ["T000/B000/xyz", "http://[bad/xyz", "ftp://host/xyz", "https:///xyz"])
def test_a_url_that_is_none_is_not_shown(url: str) -> None:
    channel = Slack().filled(make_scope(variables={"SLACK_WEBHOOK_URL": url}).variables)
    failed = deliver(channel, written(), make_scope())
    said = "SLACK_WEBHOOK_URL is no URL: one starts with http:// or https://, names a host, and no port above 65535"
    assert (failed.status, failed.attempts, failed.error) == ("failed", 0, said)


TAKEN = {
    "Slack": b"ok",
    "Rocket.Chat": b'{"success":true}',
    "one that says both": b'{"ok": true, "error": "none"}',
    "nothing": b"",
    "a number": b"1",
    "a word of its own": b"no_problem at all",
    "a list": b'[{"ok": false}]',
}


@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN)
def test_an_answer_of_success_that_tells_of_no_error_is_a_delivery(receiver: Receiver, body: bytes) -> None:
    receiver.answer(200, body)
    delivery = deliver(Slack(webhook_url=receiver.url), written(), make_scope())
    assert (delivery.status, delivery.attempts, delivery.error) == ("sent", 1, None)


REFUSED = {
    "Slack": (b"invalid_payload\n", "invalid_payload"),
    "Slack's other words": (b"no_service", "no_service"),
    "an archive": (b"channel_is_archived", "channel_is_archived"),
    "Slack's API": (b'{"ok": false, "error": "invalid_auth"}', "invalid_auth"),
    "Rocket.Chat": (
        b'{"success": false, "error": "Invalid integration id or token provided."}',
        "Invalid integration id",
    ),
    "a message": (b'{"success": false, "message": "not today"}', "not today"),
    "no reason": (b'{"ok": false}', "an error"),
    "an error alone": (b'{"error": "unknown webhook"}', "unknown webhook"),
}


@pytest.mark.parametrize(("body", "told"), REFUSED.values(), ids=REFUSED)
def test_an_answer_that_tells_of_an_error_is_no_delivery_whatever_its_status(
    receiver: Receiver, body: bytes, told: str
) -> None:
    receiver.answer(200, body)
    failed = deliver(Slack(webhook_url=receiver.url), written(), make_scope())
    said = f"{receiver.url.removeprefix('http://')} answered “{told}"
    assert (failed.status, failed.attempts) == ("failed", 1)
    assert (failed.error or "").startswith(said)
    assert (failed.error or "").endswith("”, so it did not take the message")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}, "a text of 151 characters"),
        ({"type": "header", "text": mrkdwn("x")}, "no mrkdwn in a header"),
        (section("x" * 3001), "a text of 3001 characters"),
        (section(" "), "a text of 1 characters"),
        (section("<!channel> a"), "a tag that is no link in '<!channel> a'"),
        (section("a & b"), "a bare & in 'a & b'"),
        ({**section("x"), "color": "red"}, "unknown keys ['color']"),
        ({"type": "context", "elements": []}, "0 elements"),
        ({"type": "table"}, "no type table here"),
    ],
)
def test_the_rules_that_blocks_are_held_against_refuse_what_slack_refuses(block: dict[str, Any], said: str) -> None:
    assert refusals({"text": "x", "blocks": [block]}) == [f"block 0: {said}"]
    assert refusals({"text": "", "blocks": [section("x")] * 51}) == [
        "text is what notifications show, and stands alone",
        "51 blocks",
    ]
