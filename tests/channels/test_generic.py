from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_core import ValidationError

from runner.channels.delivery import composed, deliver
from runner.channels.generic import Generic
from runner.channels.message import DOCUMENT_KEYS
from runner.channels.writing import write
from runner.facts import gather
from runner.secrets import Foreign, Sealed, Secret
from runner.validators import read
from tests.channels.stage import FULL_DISK, alert, analysed, checked, ingested, make_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.channels.message import Message
    from runner.scope import Scope
    from tests.channels.stage import Receiver

TOKEN = Secret("TOKEN", 'to"ken-1234')


def written(scope: Scope | None = None) -> Message:
    found = make_scope(ingested(alert()), checked(disk=FULL_DISK), analysed())
    return write(scope or found, gather(scope or found), datetime(2026, 3, 1, 12, 1, tzinfo=UTC))


def test_a_message_arrives_as_json(receiver: Receiver) -> None:
    sent = deliver(Generic(endpoint=f"{receiver.url}/hook"), written(), make_scope())
    assert (sent.status, sent.attempts, sent.error) == ("sent", 1, None)
    (request,) = receiver.requests
    assert (request.method, request.path, request.headers["content-type"]) == ("POST", "/hook", "application/json")
    assert tuple(request.json) == DOCUMENT_KEYS
    told = {key: request.json[key] for key in ("title", "severity", "verdict", "incident_id", "generated_at")}
    assert told == {
        "title": "[CRITICAL] HighCPUUsage on web-1 (+1 more)",
        "severity": "critical",
        "verdict": "critical",
        "incident_id": "0123456789abcdef",
        "generated_at": "2026-03-01T12:01:00+00:00",
    }
    assert request.json["alerts"][0]["labels"]["instance"] == "web-1"
    assert request.json["checks"][0]["value"] == 96.2
    assert request.json["recommendations"][0]["actions"][0] == "du -x / | sort -n | tail"
    assert request.json["run"]["started_at"] == "2026-03-01T12:00:00+00:00"


FLOOD = """
version: "1.0"
nodes:
  - {id: read, type: ingest}
  - {id: explain, type: intelligence, config: {provider: local}}
  - {id: tell, type: notify, config: {driver: generic, endpoint: "URL"}}
"""


def test_people_are_told_of_every_alert_where_the_output_is_cut(receiver: Receiver, run: Callable[..., Any]) -> None:
    flood = [
        {
            "name": "NodeDown",
            "severity": severity,
            "status": status,
            "labels": {"host": f"n{place}"},
            "description": "x" * 900,
        }
        for place, (severity, status) in enumerate(
            [*[("warning", "firing")] * 1000, *[("critical", "firing")] * 3, *[("critical", "resolved")] * 7]
        )
    ]
    result = run(FLOOD.replace("URL", receiver.url), payload={"alerts": flood})
    assert result.nodes[0].output["alerts_created"] == 1003
    assert result.nodes[0].output["output_truncated"] == (
        "cut: 1 list after 500 items; the whole is 1.091 MiB of JSON, the limit is 1 MiB"
    )
    (request,) = receiver.requests
    told = request.json
    assert (told["title"], told["severity"]) == ("[CRITICAL] NodeDown on n1000 (+1002 more)", "critical")
    assert told["message"].startswith(
        "1003 alerts are firing: 3 critical, 1000 warning; 7 are over.\n- CRITICAL NodeDown on n1000"
    )
    assert told["summary"].startswith("1003 alerts are firing")
    assert [one["labels"]["host"] for one in told["alerts"][:4]] == ["n1000", "n1001", "n1002", "n0"]
    assert told["truncated"] == "cut: 1 list after 500 items; the whole is 1.09 MiB of JSON, the limit is 1 MiB"
    assert len(told["alerts"]) == 500


@pytest.mark.parametrize(
    ("answer", "message_id"),
    [
        (b'{"id": 42}', "42"),
        (b'{"message_id": "m-1", "id": 42}', "m-1"),
        (b'{"id": true}', None),
        (b'{"ok": true}', None),
        (b"[]", None),
        (b"ok", None),
        (b"", None),
    ],
)
def test_a_message_has_an_id_only_where_the_server_gave_one(
    receiver: Receiver, answer: bytes, message_id: str | None
) -> None:
    receiver.answer(202, answer)
    assert deliver(Generic(webhook_url=receiver.url), written(), make_scope()).message_id == message_id


def test_method_and_headers_are_the_definition_s(receiver: Receiver) -> None:
    channel = Generic(
        endpoint=receiver.url,
        method="PUT",
        headers={"Authorization": Sealed(("Bearer ", TOKEN)), "content-type": "text/plain", "X-Team": "shop"},
        payload_template="{{ title }}",
    )
    assert deliver(channel, written(), make_scope()).status == "sent"
    (request,) = receiver.requests
    assert request.method == "PUT"
    assert request.headers["authorization"] == 'Bearer to"ken-1234'
    assert (request.headers["content-type"], request.headers["x-team"]) == ("text/plain", "shop")
    assert request.body == b"[CRITICAL] HighCPUUsage on web-1 (+1 more)"


def test_a_payload_template_reads_the_keys_of_the_json_and_the_scope(receiver: Receiver) -> None:
    template = (
        '{"text": {{ title | tojson }}, "who": [{% for one in alerts %}{{ one.name | tojson }}{% endfor %}],'
        ' "run": {{ run.id | tojson }}, "from": {{ payload.from | tojson }}}'
    )
    channel = Generic(endpoint=receiver.url, payload_template=template)
    assert deliver(channel, written(), make_scope(payload={"from": 'a"b'})).status == "sent"
    assert receiver.requests[0].json == {
        "text": "[CRITICAL] HighCPUUsage on web-1 (+1 more)",
        "who": ["HighCPUUsage"],
        "run": "run-1",
        "from": 'a"b',
    }


def test_one_whole_expression_is_written_as_json(receiver: Receiver) -> None:
    channel = Generic(endpoint=receiver.url, payload_template="{{ {'title': title, 'token': secrets.TOKEN} }}")
    scope = make_scope(secrets={"TOKEN": "swordfish"})
    assert deliver(channel, written(), scope).status == "sent"
    assert receiver.requests[0].json == {"title": "[CRITICAL] HighCPUUsage on web-1 (+1 more)", "token": "swordfish"}
    assert "swordfish" not in "\n".join(composed(channel, written(), scope).lines())


def test_a_secret_that_a_template_asks_for_is_sent_and_one_in_a_payload_is_masked(receiver: Receiver) -> None:
    template = '{"token": {{ secrets.TOKEN | tojson }}, "said": {{ payload.said | tojson }}}'
    scope = make_scope(payload={"said": "swordfish"}, secrets={"TOKEN": "swordfish"})
    assert deliver(Generic(endpoint=receiver.url, payload_template=template), written(), scope).status == "sent"
    assert receiver.requests[0].json == {"token": "swordfish", "said": "«TOKEN»"}


@pytest.mark.parametrize(
    ("template", "note"),
    [
        pytest.param(
            '{"title": {{ title }}}',
            "payload_template did not give JSON at line 1 column 12 (values are written as {{ title | tojson }})",
            id="no-json",
        ),
        pytest.param("{{ titel }}", "payload_template cannot be rendered: ", id="unknown-name"),
    ],
)
def test_a_payload_template_that_fails_keeps_nobody_from_hearing(receiver: Receiver, template: str, note: str) -> None:
    scope = make_scope()
    sent = deliver(Generic(endpoint=receiver.url, payload_template=template), written(), scope)
    assert (sent.status, sent.attempts) == ("sent", 1)
    (request,) = receiver.requests
    assert request.json["title"] == "[CRITICAL] HighCPUUsage on web-1 (+1 more)"
    assert f"About this message:\n{note}" in request.json["message"]


@pytest.mark.parametrize(
    ("template", "sentence", "hint"),
    [
        pytest.param(
            '{"channel": "#ops", "text": "{{ title }}"}',
            "{{ title }} stands inside a text of JSON, which its value could end",
            "write {{ title | tojson }} without quotation marks around it",
            id="in a text",
        ),
        pytest.param(
            '{"a\\"": 1, "text": "at {{ run.id }}"}',
            "{{ run.id }} stands inside a text of JSON, which its value could end",
            "write {{ run.id | tojson }} without quotation marks around it",
            id="in a text, after an escaped quotation mark",
        ),
        pytest.param(
            "not json at all",
            "this text is no JSON",
            "correct it, or give another Content-Type in headers",
            id="no JSON",
        ),
    ],
)
def test_a_template_whose_values_could_add_keys_is_refused(template: str, sentence: str, hint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Generic, {"endpoint": "https://hook.example/", "payload_template": template})
    (found,) = caught.value.errors()
    assert (found["loc"], found["msg"], found["ctx"]["hint"]) == (("payload_template",), sentence, hint)


def test_a_text_that_is_no_json_by_its_type_may_hold_anything() -> None:
    for template in ("{{ title }}", 'said "{{ title }}"', "plain"):
        given = {"payload_template": template, "headers": {"Content-Type": "text/plain; charset=utf-8"}}
        assert read(Generic, given).payload_template == template


def test_a_quotation_mark_in_a_payload_adds_no_key(receiver: Receiver) -> None:
    template = '{"channel": "#ops", "text": {{ payload.name | tojson }}}'
    hostile = 'x", "channel": "#ceo", "y": "'
    scope = make_scope(payload={"name": hostile})
    assert deliver(Generic(endpoint=receiver.url, payload_template=template), written(), scope).status == "sent"
    assert receiver.requests[0].json == {"channel": "#ops", "text": hostile}


def test_a_line_break_in_a_payload_ends_no_header(receiver: Receiver) -> None:
    channel = Generic(endpoint=receiver.url, headers={"X-Title": Foreign("disk\r\nX-Evil: yes")})
    assert deliver(channel, written(), make_scope()).status == "sent"
    headers = receiver.requests[0].headers
    assert (headers["x-title"], "x-evil" in headers) == ("disk X-Evil: yes", False)


def test_the_same_message_has_the_same_key_and_another_has_another(receiver: Receiver) -> None:
    channel = Generic(endpoint=receiver.url)
    later = write(
        make_scope(ingested(alert()), checked(disk=FULL_DISK), analysed()),
        gather(make_scope(ingested(alert()), checked(disk=FULL_DISK), analysed())),
        datetime(2026, 3, 1, 12, 9, tzinfo=UTC),
    )
    for message in (written(), later, written(make_scope(ingested(alert("Other"))))):
        deliver(channel, message, make_scope())
    first, again, other = (request.headers["idempotency-key"] for request in receiver.requests)
    assert first == again != other
    assert len(first) == 64


def test_credentials_are_secrets_wherever_they_came_from() -> None:
    channel = Generic(endpoint="https://hook.example/abc", headers={"Cookie": "session=1", "X-Team": "shop"})
    assert [(secret.name, secret._value) for secret in channel.secrets()] == [
        ("endpoint", "https://hook.example/abc"),
        ("Cookie", "session=1"),
    ]
    shown = "\n".join(composed(channel, written(), make_scope()).lines())
    assert shown.startswith("POST https://hook.example/«endpoint»\n")
    assert "Cookie: «Cookie»\nX-Team: shop\n" in shown


def test_a_password_in_the_address_is_not_shown() -> None:
    channel = Generic(endpoint="https://me:pass-word@hook.example/abc")
    assert next(iter(composed(channel, written(), make_scope()).lines())) == "POST https://hook.example/«endpoint»"


@pytest.mark.parametrize("options", [{"endpoint": "https://a.example"}, {"webhook_url": "https://a.example"}])
def test_either_key_is_enough(options: dict[str, Any]) -> None:
    assert Generic(**options).lacking() == ()
    assert Generic().lacking() == ("endpoint",)
