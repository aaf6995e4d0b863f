"""Messages through the whole command: five channels in one node, some of them refused, some of them slow."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.channels.smtp_server import mail_server
from tests.channels.stage import receiving
from tests.doors.conftest import read_request

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.channels.smtp_server import Post
    from tests.channels.stage import Receiver
    from tests.conftest import Ended
    from tests.doors.conftest import Serve

    Cli = Callable[..., Ended]

ALERT: Final = json.dumps(
    {
        "title": "DiskFull",
        "severity": "warning",
        "description": "/data is 91% full",
        "labels": {"instance": "db-1"},
        "fingerprint": "disk-of-db-1",
    }
)
TITLE: Final = "[WARNING] DiskFull on db-1"
DRIVERS: Final = ["slack", "generic", "pagerduty", "email", "log"]
IN_DRIVERS: Final[Mapping[str, Any]] = {"drivers": DRIVERS}
IN_CHANNELS: Final[Mapping[str, Any]] = {"channels": [{"driver": driver} for driver in DRIVERS]}


@dataclass(frozen=True)
class Town:
    """Everything that takes messages, each at an address of its own."""

    slack: Receiver
    generic: Receiver
    pagerduty: Receiver
    post: Post

    @property
    def env(self) -> dict[str, str]:
        return {
            "SLACK_WEBHOOK_URL": f"{self.slack.url}/services/T0/B0/X0",
            "NOTIFY_WEBHOOK_URL": f"{self.generic.url}/hook",
            "PAGERDUTY_EVENTS_URL": f"{self.pagerduty.url}/v2/enqueue",
            "PAGERDUTY_ROUTING_KEY": "R0UTINGKEY",
            "SMTP_URL": f"smtp://{self.post.where}?tls=no",
            "SMTP_FROM": "watch@example.org",
            "SMTP_TO": "oncall@example.org",
        }

    @property
    def heard(self) -> dict[str, int]:
        """Return how often each was asked."""
        return {
            "slack": len(self.slack.requests),
            "generic": len(self.generic.requests),
            "pagerduty": len(self.pagerduty.requests),
            "email": len(self.post.mails),
        }


@pytest.fixture
def town() -> Iterator[Town]:
    with receiving() as slack, receiving() as generic, receiving() as pagerduty, mail_server() as post:
        yield Town(slack, generic, pagerduty, post)


@dataclass(frozen=True)
class Told:
    """What a run says about its messages."""

    ended: Ended
    document: Mapping[str, Any]
    summary: str

    @property
    def deliveries(self) -> dict[str, tuple[str, int, str | None]]:
        found = self.document["node_results"]["tell"]["output"].get("deliveries", ())
        return {one["driver"]: (one["status"], one["attempts"], one["error"]) for one in found}

    @property
    def exit(self) -> tuple[int, str, str]:
        return self.ended.code, self.document["status"], self.document["node_results"]["tell"]["status"]


@pytest.fixture
def tell(cli: Cli, tmp_path: Path) -> Callable[..., Told]:
    """Run a definition that reads an alert and tells of it, and read back all that it says."""

    def told(config: Mapping[str, Any], env: Mapping[str, str], **node: object) -> Told:
        ingest = {"id": "ingest", "type": "ingest", "next": "tell"}
        notify = {"id": "tell", "type": "notify", "config": dict(config), **node}
        definition = {"version": "1.0", "name": "night-watch", "nodes": [ingest, notify]}
        (tmp_path / "d.json").write_text(json.dumps(definition))
        summary = tmp_path / "summary.md"
        ended = cli(
            *("--config", "d.json", "--payload", ALERT, "--results", "r.json"),
            env={**env, "GITHUB_STEP_SUMMARY": str(summary)},
        )
        return Told(ended, json.loads((tmp_path / "r.json").read_text()), summary.read_text())

    return told


def section_of(ended: Ended) -> list[str]:
    """Return what stands on stdout about the node that tells, without how long it took."""
    part = ended.out.partition("--- notify (tell) ---\n")[2].partition("\n\n")[0]
    return [line.strip() for line in part.splitlines() if "Duration" not in line]


@pytest.mark.parametrize("config", [IN_DRIVERS, IN_CHANNELS], ids=["drivers", "channels"])
def test_five_channels_are_told_the_same(tell: Callable[..., Told], town: Town, config: Mapping[str, Any]) -> None:
    told = tell(config, town.env)
    assert told.exit == (0, "completed", "succeeded"), told.ended.err
    assert told.deliveries == dict.fromkeys(DRIVERS, ("sent", 1, None))
    assert town.heard == {"slack": 1, "generic": 1, "pagerduty": 1, "email": 1}
    (slack,), (generic,), (pagerduty,) = town.slack.requests, town.generic.requests, town.pagerduty.requests
    (mail,) = town.post.mails
    assert (slack.json["text"], generic.json["title"], pagerduty.json["payload"]["summary"]) == (TITLE, TITLE, TITLE)
    assert mail.mail["Subject"] == mail.part("plain").splitlines()[0] == TITLE
    assert f"warning: {TITLE}\n/data is 91% full\nFirst seen in this run.\n" in told.ended.err
    assert "/data is 91% full" in slack.json["blocks"][1]["text"]["text"]
    assert generic.json["alerts"][0]["labels"] == {"instance": "db-1"}
    assert pagerduty.json["payload"]["custom_details"]["message"].startswith("/data is 91% full\n")


def test_one_that_is_refused_is_seen_everywhere_and_keeps_no_other_from_hearing(
    tell: Callable[..., Told], town: Town
) -> None:
    town.generic.answer(403, b"no such hook")
    told = tell(IN_DRIVERS, town.env)
    refused = f"{town.generic.url.removeprefix('http://')} answered 403 Forbidden: no such hook"
    assert told.exit == (0, "completed", "succeeded")
    assert town.heard == {"slack": 1, "generic": 1, "pagerduty": 1, "email": 1}
    assert told.deliveries == {**dict.fromkeys(DRIVERS, ("sent", 1, None)), "generic": ("failed", 1, refused)}
    node = told.document["node_results"]["tell"]
    counts = {key: node["output"][key] for key in ("channels_attempted", "channels_succeeded", "channels_failed")}
    assert counts == {"channels_attempted": 5, "channels_succeeded": 4, "channels_failed": 1}
    assert node["errors"] == [{"code": "undelivered", "message": f"generic: {refused}", "retryable": False}]
    assert section_of(told.ended) == [
        "Driver: slack, generic, pagerduty, email, log",
        "Channels attempted: 5",
        "Succeeded: 4",
        "Failed: 1",
        "slack: sent",
        f"generic: failed — {refused}",
        "pagerduty: sent",
        "email: sent",
        "log: sent",
        f"Errors: generic: {refused}",
    ]
    assert f"warning: tell: generic: {refused}\n" in told.ended.err
    assert told.ended.out.rstrip().endswith("✓ Pipeline completed with 1 error")
    rows = [line for line in told.summary.splitlines() if re.match(r"\| *(slack|generic|pagerduty|email|log) ", line)]
    assert [(row.split("|")[1].strip(), "sent" in row, refused in row) for row in rows] == [
        ("slack", True, False),
        ("generic", False, True),
        ("pagerduty", True, False),
        ("email", True, False),
        ("log", True, False),
    ]


def test_a_channel_that_hangs_keeps_no_other_from_hearing(tell: Callable[..., Told], town: Town) -> None:
    town.slack.hang = 30
    told = tell(IN_DRIVERS, town.env, timeout="6s")
    assert told.exit == (0, "completed", "succeeded")
    assert told.deliveries == {
        **dict.fromkeys(DRIVERS, ("sent", 1, None)),
        "slack": ("failed", 1, told.deliveries["slack"][2]),
    }
    assert re.fullmatch(r"timed out after \S+ \(127\.0\.0\.1:\d+\)", told.deliveries["slack"][2] or "")
    assert town.heard == {"slack": 1, "generic": 1, "pagerduty": 1, "email": 1}


def test_nothing_delivered_is_exit_9(tell: Callable[..., Told], town: Town) -> None:
    town.generic.answer(403, b"no such hook")
    town.slack.answer(404, b"no_service")
    town.pagerduty.answer(400, b'{"message": "invalid key"}')
    town.post.answer("oncall@example.org", "550 5.1.1 no such user")
    told = tell({"drivers": DRIVERS[:-1]}, town.env)
    assert told.exit == (9, "failed", "failed")
    exit_ = told.document["exit"]
    assert (exit_["code"], exit_["name"]) == (9, "undelivered")
    (error,) = told.document["node_results"]["tell"]["errors"]
    assert (error["code"], error["retryable"]) == ("undelivered", False)
    places = ((name, getattr(town, name).url.removeprefix("http://")) for name in ("slack", "generic"))
    for said in (*(f"{name}: {where} answered 40" for name, where in places), "pagerduty: ", "email: "):
        assert said in error["message"]
        assert said in told.ended.out
        assert said in told.ended.err
        assert said in told.summary
    assert town.heard == {"slack": 1, "generic": 1, "pagerduty": 1, "email": 0}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_slack_is_asked_again_where_it_may_take_the_message_later(
    tell: Callable[..., Told], town: Town, status: int
) -> None:
    town.slack.answer(status, b"busy")
    told = tell({"driver": "slack"}, town.env)
    assert told.exit == (0, "completed", "succeeded")
    assert told.deliveries == {"slack": ("sent", 2, None)}
    first, second = town.slack.requests
    assert first.body == second.body


def test_a_pause_that_slack_asks_for_is_kept(tell: Callable[..., Told], town: Town) -> None:
    town.slack.answer(429, b"", Retry_After="2")
    started = time.monotonic()
    told = tell({"driver": "slack"}, town.env)
    assert told.deliveries == {"slack": ("sent", 2, None)}
    assert time.monotonic() - started >= 2
    assert town.heard["slack"] == 2


def test_a_pause_that_is_too_long_is_told_and_not_begun(tell: Callable[..., Told], town: Town) -> None:
    town.slack.answer(429, b"", Retry_After="600")
    told = tell({"driver": "slack"}, town.env)
    assert told.exit == (9, "failed", "failed")
    assert "429 Too Many Requests (asks to wait 10m, more than the time that is left)" in told.ended.err
    assert town.heard["slack"] == 1


def test_a_connection_that_is_refused_is_tried_three_times(
    tell: Callable[..., Told], town: Town, free_port: int
) -> None:
    url = f"http://127.0.0.1:{free_port}/services/T0/B0/X0"
    told = tell({"drivers": ["slack", "log"]}, {**town.env, "SLACK_WEBHOOK_URL": url})
    assert told.exit == (0, "completed", "succeeded")
    assert told.deliveries == {
        "slack": ("failed", 3, f"connection refused by 127.0.0.1:{free_port}"),
        "log": ("sent", 1, None),
    }
    assert "X0" not in told.ended.out + told.ended.err + told.summary + json.dumps(told.document)


def test_slack_is_not_asked_again_where_the_message_may_have_arrived(tell: Callable[..., Told], town: Town) -> None:
    town.slack.hang = 30
    told = tell({"driver": "slack"}, town.env, timeout="2s")
    assert told.exit == (9, "failed", "failed")
    assert "the message reached nobody: slack: timed out after " in told.ended.err
    assert town.heard["slack"] == 1


@dataclass
class Forgetful:
    """A service that takes the first request and answers nothing, or hangs up, and is well from then on."""

    hangs_up: bool
    bodies: list[bytes]

    def talk(self, connection: socket.socket) -> None:
        self.bodies.append(read_request(connection).partition(b"\r\n\r\n")[2])
        if len(self.bodies) == 1:
            if not self.hangs_up:
                connection.recv(1)  # until the client gives up
            return
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


@pytest.mark.parametrize("hangs_up", [False, True], ids=["timed-out", "connection-lost"])
def test_pagerduty_is_asked_again_as_its_key_makes_that_safe(
    tell: Callable[..., Told], town: Town, serve: Serve, *, hangs_up: bool
) -> None:
    service = Forgetful(hangs_up=hangs_up, bodies=[])
    url = f"http://127.0.0.1:{serve(service.talk)}/v2/enqueue"
    told = tell({"driver": "pagerduty"}, {**town.env, "PAGERDUTY_EVENTS_URL": url})
    assert told.exit == (0, "completed", "succeeded")
    assert told.deliveries == {"pagerduty": ("sent", 2, None)}
    first, second = service.bodies
    assert first == second
    assert len(json.loads(first)["dedup_key"]) == 64


def test_slack_is_not_asked_again_after_a_connection_that_was_lost(
    tell: Callable[..., Told], town: Town, serve: Serve
) -> None:
    service = Forgetful(hangs_up=True, bodies=[])
    url = f"http://127.0.0.1:{serve(service.talk)}/services/T0/B0/X0"
    told = tell({"driver": "slack"}, {**town.env, "SLACK_WEBHOOK_URL": url})
    assert told.exit == (9, "failed", "failed")
    assert len(service.bodies) == 1
