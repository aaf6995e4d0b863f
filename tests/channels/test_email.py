"""Mail: what a real server got, byte for byte, and what a definition may say about it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
from pydantic_core import ValidationError

from runner.channels import CHANNELS
from runner.channels.delivery import composed, deliver
from runner.channels.email import Email
from runner.channels.mail import Mail
from runner.channels.mailbox import mailboxes
from runner.channels.writing import write
from runner.doors import shut_doors
from runner.errors import ForbiddenEffect
from runner.facts import gather
from runner.nodes.notify import Notify
from runner.results import Problem, Verdict
from runner.secrets import Foreign, Secret, reveal
from runner.validators import problems
from tests.channels.mails import ALL, FROM, NOON, ONCALL, channel, sent, written
from tests.channels.smtp_server import mail_server
from tests.channels.stage import FULL_DISK, alert, checked, ingested, make_scope
from tests.support import at_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.channels.smtp_server import Post
    from tests.conftest import Ended

ADDRESS: Final = 'write it like "ops@example.org", and several with commas between them'


# What arrives


def test_a_mail_arrives_with_a_text_part_and_an_html_part(post: Post) -> None:
    delivery = sent(post.port)
    (arrived,) = post.mails
    mail = arrived.mail
    assert (delivery.status, delivery.attempts, delivery.error) == ("sent", 1, None)
    assert (arrived.sender, arrived.recipients, arrived.user) == ("watch@example.org", (ONCALL,), "")
    assert {name: str(value) for name, value in mail.items() if name != "Content-Type"} == {
        "From": FROM,
        "To": ONCALL,
        "Subject": "[CRITICAL] HighCPUUsage on web-1",
        "Date": "Sun, 01 Mar 2026 12:01:00 +0000",
        "Message-ID": delivery.message_id,
        "In-Reply-To": mail["References"],
        "References": mail["References"],
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Priority": "1",
        "Importance": "high",
        "MIME-Version": "1.0",
    }
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert (
        arrived.part("plain")
        == """\
[CRITICAL] HighCPUUsage on web-1

CPU usage is above 80% for 5 minutes
Firing since 2026-03-01 09:55 UTC (2h5m).
Labels: job=node

Likely cause:
Log files fill the file system.
- disk / is 96.2% full

What to do:
- Free space on /
    - du -x / | sort -n | tail
    - journalctl --vacuum-size=1G

This run: https://ci.example/runs/1
Source of HighCPUUsage: https://prometheus.example/graph?g0=cpu

web-health · production · run run-1
"""
    )


def test_the_bytes_are_those_that_any_server_takes(post: Post) -> None:
    text = "Größe 日本語 🔥 " * 100
    sent(post.port, written(ingested(alert(text, description=text, url=f"https://x.example/{'a' * 2000}"))))
    (arrived,) = post.mails
    assert arrived.raw.isascii()
    assert arrived.raw.replace(b"\r\n", b"").count(b"\n") == arrived.raw.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(map(len, arrived.raw.split(b"\r\n"))) <= 78
    assert str(arrived.mail["Subject"]).startswith("[CRITICAL] Größe 日本語 🔥 Größe")
    assert len(str(arrived.mail["Subject"])) <= 200
    assert "Größe 日本語 🔥" in arrived.part("plain")
    assert arrived.mail.defects == []


def test_one_message_has_one_id_and_an_incident_is_one_conversation(post: Post) -> None:
    firing, over = written(), written(ingested(alert(status="resolved"), verdict=Verdict.OK))
    other = written(checked(disk=FULL_DISK))
    for message in (firing, firing, over, other):
        sent(post.port, message)
    one, again, resolved, apart = (arrived.mail for arrived in post.mails)
    assert one["Message-ID"] == again["Message-ID"]
    assert len({str(mail["Message-ID"]) for mail in (one, resolved, apart)}) == 3
    assert one["References"] == resolved["References"] != apart["References"]
    assert re.fullmatch(r"<run-1\.[0-9a-f]{32}@example\.org>", str(one["Message-ID"]))
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", str(one["References"]))
    assert post.mails[0].raw == post.mails[1].raw


def test_the_ids_of_a_long_domain_stay_whole(post: Post) -> None:
    domain = "notifications.eu-west-1.mail.monitoring.internal.a-rather-long-company.example"
    people = [f"{name}@{domain}" for name in ("anna", "bert", "carl")]
    sent(post.port, from_address=f"watch@{domain}", to_addresses=people)
    (arrived,) = post.mails
    assert arrived.recipients == tuple(people)
    assert b"=?" not in arrived.raw.partition(b"\r\n\r\n")[0]
    assert str(arrived.mail["References"]).endswith("@internal.a-rather-long-company.example>")
    assert [one.addr_spec for one in arrived.mail["To"].addresses] == people


def test_only_what_is_critical_is_urgent(post: Post) -> None:
    sent(post.port, written(ingested(alert(severity="warning"))))
    assert post.mails[0].mail["X-Priority"] is None


def test_text_from_a_payload_has_no_power(post: Post) -> None:
    nasty = '</td><script>alert(1)</script>\r\nBcc: evil@example.org\r\n\r\n<img src="http://x.example/i.png">'
    url = "https://x.example/\"onclick='1'"
    fields: dict[str, Any] = {"name": nasty, "description": nasty, "url": url, "labels": {"a": nasty}}
    sent(post.port, written(ingested(alert(**fields, annotations={"runbook_url": "javascript:alert(1)"}))))
    (arrived,) = post.mails
    page = arrived.part("html")
    assert arrived.recipients == (ONCALL,)
    assert arrived.mail["Bcc"] is None
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert re.findall(r'(?:href|src)="([^"]*)"', page) == ["https://ci.example/runs/1"]
    subject = str(arrived.mail["Subject"])
    assert subject.startswith("[CRITICAL] </td><script>alert(1)</script> Bcc: evil@example.org <img")


def test_what_looks_encoded_in_a_title_stays_text(post: Post) -> None:
    sent(post.port, written(ingested(alert("=?utf-8?q?x=0ABcc:_y?="))))
    assert str(post.mails[0].mail["Subject"]) == "[CRITICAL] = ?utf-8?q?x=0ABcc:_y?= on web-1"


def test_a_line_that_is_a_dot_does_not_end_the_mail(post: Post) -> None:
    message = written()
    notify = {"driver": "email", "smtp_host": "127.0.0.1", "smtp_port": post.port, "use_tls": False}
    people = {"from_address": FROM, "to_addresses": ONCALL}
    Notify.parse({**notify, **people, "template": ".\n..\nlast"}).run(make_scope(checked(disk=FULL_DISK)))
    assert message.whole == ""
    assert post.mails[0].part("plain") == ".\n..\nlast\n"


def test_a_text_of_the_definition_is_laid_out_as_it_is_and_the_subject_stays(post: Post) -> None:
    config = {
        "driver": "email",
        "smtp_host": "127.0.0.1",
        "smtp_port": post.port,
        "use_tls": False,
        "from_address": FROM,
        "to_addresses": ONCALL,
        "template": "Hello,\n  <b>disk</b> of {{ checks[0].subject }}",
    }
    Notify.parse(config).run(make_scope(checked(disk=FULL_DISK)))
    Notify.parse({**config, "title": "Look at {{ checks[0].name }}"}).run(make_scope(checked(disk=FULL_DISK)))
    first, second = post.mails
    assert first.part("plain") == "Hello,\n  <b>disk</b> of db1:/\n"
    assert "Hello,<br>\n&nbsp;&nbsp;&lt;b&gt;disk&lt;/b&gt; of db1:/" in first.part("html")
    assert str(first.mail["Subject"]) == "[CRITICAL] db1: disk / is 96.2% full, above 95%"
    assert str(second.mail["Subject"]) == "Look at disk"


def test_the_page_loads_nothing_and_knows_the_dark(post: Post) -> None:
    sent(post.port)
    page = post.mails[0].part("html")
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"<(img|link|script|iframe)|url\(|@import|@font-face", page)


def test_halves_of_characters_do_not_stop_a_mail(post: Post) -> None:
    assert sent(post.port, written(ingested(alert(url="https://x.example/\ud800")))).status == "sent"


# Who gets it


@pytest.mark.parametrize(
    "given",
    [
        ["Jörg Müller <j@example.org>", '"Ops, Night" <ops@bücher.example>'],
        'Jörg Müller <j@example.org>, "Ops, Night" <ops@bücher.example>, j@example.org,',
    ],
    ids=["list", "text"],
)
def test_addresses_come_as_a_list_or_as_a_text(post: Post, given: object) -> None:
    sent(post.port, to_addresses=given)
    (arrived,) = post.mails
    assert arrived.recipients == ("j@example.org", "ops@xn--bcher-kva.example")
    assert [one.display_name for one in arrived.mail["To"].addresses] == ["Jörg Müller", "Ops, Night"]


def test_an_address_beyond_ascii_takes_a_server_that_knows_them() -> None:
    with mail_server(enable_SMTPUTF8=True) as post:
        assert sent(post.port, to_addresses="jörg@example.org").status == "sent"
        (arrived,) = post.mails
        assert (arrived.recipients, arrived.options) == (("jörg@example.org",), ("SMTPUTF8", "BODY=8BITMIME"))
        assert "To: jörg@example.org\r\n".encode() in arrived.raw
    with mail_server(enable_SMTPUTF8=False) as post:
        failed = sent(post.port, to_addresses="jörg@example.org")
        said = f"{post.where} takes no address with letters beyond a to z before its @"
        assert (failed.status, failed.attempts, failed.error) == ("failed", 1, said)


def test_who_is_refused_is_named_and_the_others_get_it(post: Post) -> None:
    post.answer("b@example.org", "550 5.1.1 no such user")
    delivery = sent(post.port, to_addresses=list(ALL))
    (arrived,) = post.mails
    assert arrived.recipients == ("a@example.org", "c@example.org")
    assert (delivery.status, delivery.attempts, delivery.message_id) == ("sent", 1, str(arrived.mail["Message-ID"]))
    assert delivery.error == "sent to 2 of 3; refused: b@example.org (550 5.1.1 no such user)"


def test_a_partial_delivery_is_a_problem_of_a_node_that_succeeded(post: Post) -> None:
    post.answer("b@example.org", "550 no")
    config = {"driver": "email", "smtp_host": "127.0.0.1", "smtp_port": post.port, "use_tls": False}
    node = Notify.parse({**config, "from_address": FROM, "to_addresses": list(ALL)})
    output = node.run(make_scope(checked(disk=FULL_DISK)))
    said = "sent to 2 of 3; refused: b@example.org (550 no)"
    assert (output.data["channels_succeeded"], output.data["channels_failed"]) == (1, 0)
    assert output.problems == (Problem(code="partly_delivered", message=f"email: {said}"),)


def test_where_all_are_refused_nobody_was_told(post: Post) -> None:
    for one in ALL:
        post.answer(one, "550 5.7.1 relaying denied")
    failed = sent(post.port, to_addresses=list(ALL))
    named = ", ".join(f"{one} (550 5.7.1 relaying denied)" for one in ALL)
    said = f"{post.where} refused all 3 recipients: {named}"
    assert (failed.status, failed.attempts, failed.error, post.mails) == ("failed", 1, said, [])


def test_long_lists_of_refusals_are_counted(post: Post) -> None:
    people = [f"p{number}@example.org" for number in range(6)]
    for one in people[1:]:
        post.answer(one, "550 no")
    error = sent(post.port, to_addresses=people).error or ""
    assert error.startswith("sent to 1 of 6; refused: p1@example.org (550 no), ")
    assert error.endswith("p3@example.org (550 no), 2 more")


# What a definition may say


@pytest.mark.parametrize(
    ("options", "path", "sentence", "hint"),
    [
        (
            {"use_tls": True, "use_ssl": True},
            ("use_ssl",),
            "use_tls goes on in TLS once connected, and use_ssl begins with it",
            "keep one of them",
        ),
        (
            {"username": "watch"},
            ("username",),
            "username is given, and no password",
            "add the password, or log in with neither",
        ),
        ({"to_addresses": []}, ("to_addresses",), "expected at least one address", ADDRESS),
        ({"to_addresses": ["a@b.example", "ops"]}, ("to_addresses", 1), '"ops" is no mail address', ADDRESS),
        ({"to_addresses": "a@b.example; c@d.example"}, ("to_addresses",), None, ADDRESS),
        ({"to_addresses": "a@b.example\r\nBcc: x@y.example"}, ("to_addresses",), None, ADDRESS),
        ({"from_address": "a@b.example, c@d.example"}, ("from_address",), "expected one address, got 2", ADDRESS),
        ({"smtp_port": 0}, ("smtp_port",), None, None),
        (
            {"smtp_host": "mail.example:25"},
            ("smtp_host",),
            "this holds a port or a user",
            "give smtp_port beside it, or write all of it as smtp://user:password@mail.example:587",
        ),
        ({"smtp_host": "smtp://u:opensesame@mail.example:x"}, ("smtp_host",), "this is no URL of a mail server", None),
        ({"smtp_hots": "mail.example"}, ("smtp_hots",), None, 'did you mean "smtp_host"?'),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_before_the_run(
    options: dict[str, Any], path: tuple[str | int, ...], sentence: str | None, hint: str | None
) -> None:
    config = {"driver": "email", "smtp_host": "mail.example", "from_address": FROM, "to_addresses": ONCALL, **options}
    with pytest.raises(ValidationError) as caught:
        Notify.parse(config)
    (found,) = problems(caught.value)
    assert tuple(found["loc"]) == path
    assert sentence is None or found["msg"] == sentence
    assert hint is None or found["ctx"]["hint"] == hint
    assert "opensesame" not in str(found["msg"]) + str(found["ctx"])


@pytest.mark.parametrize(
    ("given", "options", "where", "privacy", "user"),
    [
        ("mail.example", {}, "mail.example:587", "STARTTLS", None),
        ("mail.example", {"use_ssl": True}, "mail.example:465", "TLS", None),
        ("mail.example", {"use_tls": False, "smtp_port": 25}, "mail.example:25", "no TLS", None),
        ("::1", {}, "[::1]:587", "STARTTLS", None),
        ("smtp://mail.example", {}, "mail.example:587", "STARTTLS", None),
        ("smtp://mail.example:25?tls=no", {}, "mail.example:25", "no TLS", None),
        ("smtps://u:p%40ss@mail.example", {}, "mail.example:465", "TLS", ("u", "p@ss", "smtp_host")),
        ("smtp://u:pw@mail.example:2525/", {"smtp_port": 26}, "mail.example:26", "STARTTLS", ("u", "pw", "smtp_host")),
        ("smtps://mail.example", {"use_tls": True}, "mail.example:587", "STARTTLS", None),
        ("smtp://mail.example", {"use_ssl": True}, "mail.example:465", "TLS", None),
        (
            "smtp://u:pw@mail.example",
            {"username": "v", "password": "own"},
            "mail.example:587",
            "STARTTLS",
            ("v", "own", "username and password"),
        ),
    ],
)
def test_a_server_is_put_together_from_url_and_options(
    given: str, options: dict[str, Any], where: str, privacy: str, user: tuple[str, str, str] | None
) -> None:
    people = {"from_address": FROM, "to_addresses": ONCALL}
    mail = composed(
        CHANNELS.read({"driver": "email", "smtp_host": given, **people, **options}), written(), make_scope()
    )
    assert isinstance(mail, Mail)
    login = mail.server.login
    assert (mail.server.called, str(mail.server.privacy)) == (where, privacy)
    assert (login and (login.username, reveal(login.password), login.called)) == user


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example",
        "smtp:///nowhere",
        "smtp://u:pa/ss@mail.example",
        "smtp://u:12#ss@mail.example",
        "smtp://u:p@mail.example/path",
        "smtp://u@mail.example",
        "smtp://u:p@mail.example?tls=perhaps",
        "smtp://u:p@mail.example?tsl=no",
        "smtp://u:p@mail.example:0",
        "mail.example:25",
        "two words",
    ],
)
def test_a_url_that_is_none_is_named_and_not_shown(url: str) -> None:
    variables = {"SMTP_URL": url, "SMTP_FROM": FROM, "SMTP_TO": ONCALL}
    channel = Email().filled(make_scope(variables=variables).variables)
    failed = deliver(channel, written(), make_scope())
    assert (failed.status, failed.attempts) == ("failed", 0)
    assert (failed.error or "").startswith("SMTP_URL ")
    assert url not in (failed.error or "")


@pytest.mark.parametrize(
    ("name", "text"), [("SMTP_FROM", "watch"), ("SMTP_TO", "a@example.org, ops"), ("SMTP_TO", " , ")]
)
def test_an_address_that_is_none_is_named_and_not_shown(name: str, text: str) -> None:
    variables = {"SMTP_URL": "smtp://mail.example", "SMTP_FROM": FROM, "SMTP_TO": ONCALL, name: text}
    failed = deliver(Email().filled(make_scope(variables=variables).variables), written(), make_scope())
    hint = 'write it like "ops@example.org", and several with commas between them'
    what = "no address" if text == " , " else "what is no mail address"
    assert (failed.attempts, failed.error) == (0, f"{name} holds {what}: {hint}")


@pytest.mark.parametrize(
    ("text", "blamed"),
    [(" " * 5000 + "x", "x"), ('",' * 5000, '","'), ("a." * 5000, "a." * 5000), ('"a" ' * 2500, '"a" "a"')],
    ids=["blanks", "quotes-and-commas", "dots", "names"],
)
def test_no_list_of_addresses_takes_long_to_read(text: str, blamed: str) -> None:
    with at_once(), pytest.raises(ValueError, match=f"^{blamed}"):
        mailboxes(text)


def test_variables_stand_in_for_what_is_not_given(post: Post) -> None:
    variables = {
        "SMTP_URL": f"smtp://{post.where}?tls=no",
        "SMTP_FROM": "env@example.org",
        "SMTP_TO": "one@example.org, two@example.org",
    }
    node = Notify.parse({"driver": "email"})
    assert [(need.name, need.required) for need in node.needs()] == [(name, True) for name in variables]
    assert node.missing(())[0] == ("the email channel of this node has no smtp_host: set it in config or as SMTP_URL")
    scope = make_scope(checked(disk=FULL_DISK), variables=variables)
    node.run(scope)
    Notify.parse({"driver": "email", "to_addresses": [ONCALL]}).run(scope)
    first, second = post.mails
    assert (first.sender, first.recipients) == ("env@example.org", ("one@example.org", "two@example.org"))
    assert second.recipients == (ONCALL,)


def test_the_password_is_a_secret_wherever_it_stands() -> None:
    host = {"driver": "email", "smtp_host": "mail.example"}
    option = CHANNELS.read({**host, "username": "u", "password": "in-an-option"})
    url = CHANNELS.read({"driver": "email", "smtp_host": "smtp://u:in%2Da%2Durl@mail.example"})
    assert option.secrets() == (Secret("password", "in-an-option"),)
    assert [reveal(secret) for secret in url.secrets()] == ["smtp://u:in%2Da%2Durl@mail.example", "in-a-url"]
    assert CHANNELS.read(host).secrets() == ()


def test_a_server_that_a_payload_names_is_none_of_the_inside(post: Post) -> None:
    people: dict[str, Any] = {"from_address": FROM, "to_addresses": (ONCALL,)}
    channel = Email(smtp_host=Foreign("127.0.0.1"), smtp_port=post.port, use_tls=False, **people)
    failed = deliver(channel, written(), make_scope())
    said = "private, loopback, link-local and metadata addresses are refused"
    assert (failed.attempts, failed.error) == (1, f"{post.where} is not connected to: {said}")
    allowed = replace(make_scope(), allow_hosts=frozenset({"127.0.0.1"}))
    assert deliver(channel, written(), allowed).status == "sent"


def test_secrets_are_masked_in_a_mail(post: Post) -> None:
    scope = make_scope(ingested(alert(description="see swordfish")), secrets={"TOKEN": "swordfish"})
    message = write(scope, gather(scope), NOON).masked(scope.masker)
    sent(post.port, message)
    (arrived,) = post.mails
    assert "see «TOKEN»" in arrived.part("plain")
    assert b"swordfish" not in arrived.raw


# A dry run


def test_a_dry_run_shows_the_mail_and_no_secret() -> None:
    variables = {"SMTP_URL": "smtp://u:opensesame@mail.example", "SMTP_TO": ONCALL}
    scope = make_scope(checked(disk=FULL_DISK), variables=variables, doors=shut_doors())
    lines = list(Notify.parse({"driver": "email", "from_address": FROM}).plan(scope))
    shown = lines[lines.index("would send with email:") + 1 :]
    ids = [line for line in shown if re.match(r"    (Date|Message-ID|In-Reply-To|References): ", line)]
    assert len(ids) == 4
    assert [line.removeprefix("    ") for line in shown if line not in ids] == [
        "SMTP mail.example:587, STARTTLS, with a login",
        f"From: {FROM}",
        "To: «SMTP_TO»",
        "Subject: [CRITICAL] db1: disk / is 96.2% full, above 95%",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "X-Priority: 1",
        "Importance: high",
        "",
        "[CRITICAL] db1: disk / is 96.2% full, above 95%",
        "",
        "Limits: warning above 80%, critical above 95%.",
        "First seen in this run.",
        "",
        "This run: https://ci.example/runs/1",
        "",
        "web-health · production · run run-1",
        "",
        "(and the same as HTML)",
    ]


def test_a_dry_run_hands_nothing_in(post: Post) -> None:
    with pytest.raises(ForbiddenEffect, match=f"^a dry run must not hand mail to {post.where}$"):
        deliver(channel(post.port), written(), make_scope(doors=shut_doors()))
    assert post.sessions == 0


# The whole way

DEFINITION: Final = """\
version: "1.0"
name: night
nodes:
  - {id: read, type: ingest}
  - id: tell
    type: notify
    config:
      driver: email
      smtp_host: SERVER
      smtp_port: PORT
      use_tls: false
      from_address: watch@example.org
      to_addresses: [a@example.org, b@example.org]
"""
ALERT: Final = '{"title": "Disk full", "description": "/var is full", "severity": "critical", "instance": "db1"}'


@pytest.fixture
def night(cli: Callable[..., Ended], tmp_path: Path, post: Post) -> Callable[[], Ended]:
    """Run that definition for an alert."""
    (tmp_path / "d.yaml").write_text(DEFINITION.replace("SERVER", "127.0.0.1").replace("PORT", str(post.port)))
    return lambda: cli("--config", "d.yaml", "--payload", ALERT, "--json", "--fail-on", "never")


@pytest.mark.parametrize(
    ("refused", "error"),
    [((), None), (("b@example.org",), "sent to 1 of 2; refused: b@example.org (550 no such user)")],
    ids=["all", "some"],
)
def test_a_run_sends_a_mail(
    post: Post, night: Callable[[], Ended], refused: tuple[str, ...], error: str | None
) -> None:
    for one in refused:
        post.answer(one, "550 no such user")
    ended = night()
    assert ended.code == 0, ended.err
    (delivery,) = json.loads(ended.out)["node_results"]["tell"]["output"]["deliveries"]
    (arrived,) = post.mails
    assert (delivery["status"], delivery["error"]) == ("sent", error)
    assert delivery["message_id"] == str(arrived.mail["Message-ID"])
    assert str(arrived.mail["Subject"]) == "[CRITICAL] Disk full on db1"
    assert abs(parsedate_to_datetime(str(arrived.mail["Date"])) - datetime.now(UTC)) < timedelta(minutes=2)


def test_a_run_whose_mail_nobody_takes_ends_with_9(post: Post, night: Callable[[], Ended]) -> None:
    for one in ("a@example.org", "b@example.org"):
        post.answer(one, "550 no such user")
    ended = night()
    assert ended.code == 9
    message = json.loads(ended.out)["node_results"]["tell"]["errors"][0]["message"]
    assert message.startswith(f"the message reached nobody: email: {post.where} refused all 2 recipients: ")


def test_a_run_reads_the_server_from_the_environment_and_from_a_file(
    cli: Callable[..., Ended], tmp_path: Path, post: Post
) -> None:
    (tmp_path / "d.yaml").write_text('version: "1.0"\nnodes: [{id: tell, type: notify, config: {driver: email}}]\n')
    (tmp_path / "url").write_text(f"smtp://{post.where}?tls=no\n")
    env = {"SMTP_URL_FILE": str(tmp_path / "url"), "SMTP_FROM": FROM, "SMTP_TO": ONCALL}
    ended = cli("--config", "d.yaml", "-q", env=env)
    assert (ended.code, [arrived.recipients for arrived in post.mails]) == (0, [(ONCALL,)]), ended.err
    lacking = cli("--config", "d.yaml", "-q", env={"SMTP_FROM": FROM})
    assert lacking.code == 4
    assert "the email channel of this node has no smtp_host: set it in config or as SMTP_URL" in lacking.err
    assert "the email channel of this node has no to_addresses: set it in config or as SMTP_TO" in lacking.err
