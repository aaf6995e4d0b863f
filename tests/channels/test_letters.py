"""Whole messages as people read them, for seven situations; `UPDATE_GOLDEN=1` writes them anew."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from runner.channels.delivery import deliver
from runner.channels.generic import Generic
from runner.channels.letter import letter
from runner.channels.log import LogLines
from runner.channels.mailbox import mailboxes
from runner.channels.pagerduty import PagerDuty
from runner.channels.slack import Slack
from tests.channels.block_kit import as_text, refusals
from tests.channels.situations import SITUATIONS, told
from tests.channels.stage import said

if TYPE_CHECKING:
    from runner.channels.model import Channel
    from tests.channels.stage import Received, Receiver

GOLDEN: Final = Path(__file__).with_name("golden")
(SENDER,) = mailboxes("Night watch <watch@example.org>")
(ONCALL,) = mailboxes("oncall@example.org")
FIRST_LINES: Final = {
    "one-alert": "[CRITICAL] HighCPUUsage on web-1",
    "twenty-alerts": "[CRITICAL] InstanceDown on web-1 (+19 more)",
    "failed-checks": "[CRITICAL] db1: disk / is 96.2% full, above 95% (+2 more)",
    "alert-with-failed-checks": "[CRITICAL] HighCPUUsage on web-1 (+1 more)",
    "recovery": "[RESOLVED] HighCPUUsage on web-1",
    "optional-analysis-failed": "[CRITICAL] db1: disk / is 96.2% full, above 95%",
    "failed-before-it-knew-anything": (
        "[FAILED] web-health: read_alert failed: the payload is no JSON: line 1 column 1"
    ),
}
EMPTY_WORDS: Final = ("N/A", "None", "null", "{", "}", "unknown")
"""What nobody should have to read at night."""


def compare(name: str, text: str) -> None:
    """Compare a text with a golden file."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


def arrived(receiver: Receiver, channel: Channel, name: str) -> list[Received]:
    """Send the message about a situation, and return what a server on loopback got."""
    delivery = deliver(channel, told(name), SITUATIONS[name]())
    assert (delivery.status, delivery.error) == ("sent", None)
    return receiver.requests


def written(document: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def read_by_people(tree: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Return the lines of all texts in a document."""
    if isinstance(tree, str):
        return [line for line in tree.splitlines() if line.strip()]
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [line for item in items for line in read_by_people(item)]


def check_wording(lines: list[str]) -> None:
    """Hold that nothing is said twice, nothing is empty, and no data is handed over as it is."""
    assert [line for line in lines if lines.count(line) > 1] == []
    assert [line for line in lines if any(word in line for word in EMPTY_WORDS)] == []


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_a_mail_reads_as_agreed(name: str, kind: str) -> None:
    mail = letter(told(name), SENDER, (ONCALL,))
    text = mail.html if kind == "html" else f"Subject: {mail.subject}\n\n{mail.text}"
    compare(f"email-{name}.{kind}", text)


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_message_in_slack_reads_as_agreed(receiver: Receiver, name: str) -> None:
    (request,) = arrived(receiver, Slack(webhook_url=f"{receiver.url}/services/T0/B0/X0"), name)
    assert refusals(request.json) == []
    text = as_text(request.json["blocks"])
    assert text.splitlines()[0] == request.json["text"] == FIRST_LINES[name]
    check_wording([line for line in text.splitlines() if line.strip("─ ")])
    compare(f"slack-{name}.json", written(request.json))
    compare(f"slack-{name}.txt", text)


@pytest.mark.parametrize("name", SITUATIONS)
def test_an_incident_of_pagerduty_reads_as_agreed(receiver: Receiver, name: str) -> None:
    channel = PagerDuty(integration_key="R0UTINGKEY", events_url=f"{receiver.url}/v2/enqueue")
    events = [request.json for request in arrived(receiver, channel, name)]
    for event in events:
        assert len(event["payload"]["summary"]) <= 1024
        assert {type(text) for text in event["payload"]["custom_details"].values()} == {str}
        told_there = [event["payload"]["summary"], *read_by_people(event["payload"]["custom_details"])]
        check_wording(told_there)
    compare(f"pagerduty-{name}.json", written(events))


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_message_as_json_reads_as_agreed(receiver: Receiver, name: str) -> None:
    (request,) = arrived(receiver, Generic(endpoint=f"{receiver.url}/hook"), name)
    assert request.json["title"] == FIRST_LINES[name]
    compare(f"generic-{name}.json", written(request.json))


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_message_in_the_log_reads_as_agreed(name: str) -> None:
    scope = SITUATIONS[name]()
    assert deliver(LogLines(), told(name), scope).status == "sent"
    first, *rest = said(scope)
    assert first.removeprefix("warning: ") == FIRST_LINES[name]
    check_wording(rest)
    compare(f"log-{name}.txt", "".join(f"{line}\n" for line in said(scope)))
