from __future__ import annotations

import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from pydantic_core import ValidationError

from runner.checks.http import Http
from runner.checks.judging import Judged, examine
from runner.doors import Doors
from runner.doors import http as door
from runner.doors.net import Net
from runner.errors import Cancelled, TimedOut
from runner.results import Verdict
from runner.secrets import Sealed, Secret, reveal
from runner.spec import Template
from runner.validators import problems, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.scope import Scope

ONCE = {"confirm": {"tries": 1}}


def judged(scope: Scope, **config: Any) -> Judged:  # noqa: ANN401 - as a file has it
    return examine(read(Http, {**ONCE, **config}), scope)


def test_an_expected_answer_is_ok(site: str, scope: Scope) -> None:
    result = judged(scope, url=f"{site}/")
    assert result.verdict is Verdict.OK
    assert result.message.startswith(f"{site}/ answered 200 in ")
    assert result.seen.unit == "s"
    assert result.seen.value is not None
    assert 0 < result.seen.value < 5


def test_the_metrics_say_where_the_time_went(site: str, scope: Scope) -> None:
    metrics = judged(scope, url=f"{site}/").seen.metrics
    assert list(metrics) == ["status", "dns_ms", "connect_ms", "first_byte_ms", "total_ms", "bytes"]
    assert (metrics["status"], metrics["bytes"]) == (200, 19)


@pytest.mark.parametrize(
    ("path", "expect", "message"),
    [
        pytest.param(
            "/down",
            {},
            "answered 503, expected 200 to 399; the body is “<h1>Down</h1> [31mfor maintenance”",
            id="status-default",
        ),
        pytest.param(
            "/",
            {"status": [204, "300-399"]},
            "answered 200, expected 204 or 300 to 399; the body is “Welcome to the shop”",
            id="status-list",
        ),
        pytest.param(
            "/",
            {"body_contains": "Checkout"},
            "has the body “Welcome to the shop”, expected “Checkout” in it",
            id="body-contains",
        ),
        pytest.param(
            "/",
            {"body_matches": "shop$|closed"},
            "",
            id="body-matches",
        ),
        pytest.param(
            "/",
            {"body_matches": "^shop"},
            "has the body “Welcome to the shop”, expected a match of ^shop",
            id="body-does-not-match",
        ),
        pytest.param("/", {"header": {"x-shop": "open"}}, "", id="header"),
        pytest.param(
            "/",
            {"header": {"X-Shop": "closed"}},
            "has the header X-Shop “open”, expected “closed”",
            id="another-header",
        ),
        pytest.param(
            "/",
            {"header": {"X-Nothing": "a"}},
            "has no header X-Nothing, expected “a”",
            id="no-header",
        ),
        pytest.param("/health", {"json": {"status": "up", "length(nodes)": 2, "ready": True}}, "", id="json"),
        pytest.param(
            "/health",
            {"json": {"status": "up", "nodes[1].name": "c"}},
            'has nodes[1].name "b", expected "c"',
            id="another-value",
        ),
        pytest.param("/health", {"json": {"ready": 1}}, "has ready true, expected 1", id="true-is-not-one"),
        pytest.param("/health", {"json": {"gone": 1}}, "has no gone, expected 1", id="no-key"),
        pytest.param("/health", {"json": {"gone.deeper[0]": 1}}, "has no gone.deeper[0], expected 1", id="no-way"),
        pytest.param("/health", {"json": {"nodes[5].name": "f"}}, 'has no nodes[5].name, expected "f"', id="no-item"),
        pytest.param("/health", {"json": {"error": "x"}}, 'has error null, expected "x"', id="null"),
        pytest.param(
            "/health", {"json": {"checks[1].error": 2}}, "has checks[1].error null, expected 2", id="deep-null"
        ),
        pytest.param(
            "/health",
            {"json": {"checks[?error].name | [0]": "a"}},
            'has no checks[?error].name | [0], expected "a"',
            id="no-match",
        ),
        pytest.param("/health", {"json": {"error": None, "gone": None}}, "", id="expected-null"),
        pytest.param(
            "/health",
            {"json": {"length(gone)": 1}},
            "has no length(gone): “In function length(), invalid type for value: None, expected one of: "
            "['string', 'array', 'object'], received: \"null\"”",
            id="value-of-another-kind",
        ),
        pytest.param(
            "/",
            {"json": {"status": "up"}},
            "has the body “Welcome to the shop”, expected JSON",
            id="no-json",
        ),
    ],
)
def test_an_answer_is_held_against_what_is_expected(
    path: str, expect: dict[str, object], message: str, site: str, scope: Scope
) -> None:
    result = judged(scope, url=site + path, expect=expect)
    if message:
        assert result.message == f"{site}{path} {message}"
    assert result.verdict is (Verdict.CRITICAL if message else Verdict.OK)


def test_what_is_missed_has_a_code(site: str, scope: Scope) -> None:
    assert judged(scope, url=f"{site}/down").code == "status"
    assert judged(scope, url=site, expect={"body_contains": "x"}).code == "content"


def test_text_beyond_what_is_read_is_unknown(site: str, scope: Scope) -> None:
    result = judged(scope, url=f"{site}/large", expect={"body_contains": "the end"})
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "too_large")
    assert result.message == "the body is longer than the 1,048,576 bytes that are read, expected “the end” in it"


def test_a_pattern_that_never_comes_to_an_end_is_unknown(site: str, scope: Scope) -> None:
    result = judged(scope, url=f"{site}/large", expect={"body_matches": "(x+x+)+y"})
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "pattern")


def test_a_slow_answer_crosses_a_threshold(site: str, scope: Scope) -> None:
    result = judged(scope, url=f"{site}/slow", warning="100ms", critical="9s")
    assert (result.verdict, result.threshold, result.code) == (Verdict.WARNING, "above 100ms", "")
    assert result.message.startswith(f"{site}/slow answered 200 in ")
    assert result.message.endswith("ms, above 100ms")


def test_redirects_are_followed_unless_told_otherwise(site: str, scope: Scope) -> None:
    followed = judged(scope, url=f"{site}/moved")
    assert (followed.seen.metrics["status"], followed.verdict) == (200, Verdict.OK)
    stayed = judged(scope, url=f"{site}/moved", follow_redirects=False, expect={"status": 302})
    assert (stayed.seen.metrics["status"], stayed.verdict) == (302, Verdict.OK)


def test_a_refused_connection_is_critical(closed_port: int, scope: Scope) -> None:
    result = judged(scope, url=f"http://127.0.0.1:{closed_port}/")
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "connection_refused")
    assert result.message == f"connection refused by 127.0.0.1:{closed_port}"
    assert result.seen.value is None


class Nowhere(Doors):
    """The doors of a machine whose name server knows no name."""

    @property
    def http(self) -> door.Http:
        return door.Http(net=Net(lookup=_no_such_name))


def _no_such_name(*_: object, **__: object) -> NoReturn:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_name_that_does_not_resolve_is_critical(scope: Scope) -> None:
    result = judged(replace(scope, doors=Nowhere({})), url="http://nowhere.invalid/")
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "not_resolved")
    assert result.message == "the name nowhere.invalid does not resolve: there is no such name"


QUERY = "token=s3cret-value&page=2"
SHOWN = "token=…&page=…"
BEHAVIOURS: dict[str, tuple[str, dict[str, Any], str]] = {
    "well": ("/", {}, "SITE/?SHOWN answered 200 in "),
    "status": ("/", {"expect": {"status": 204}}, "SITE/?SHOWN answered 200, expected 204; the body is "),
    "header": ("/", {"expect": {"header": {"X": "y"}}}, "SITE/?SHOWN has no header X, expected “y”"),
    "body": ("/", {"expect": {"body_contains": "x!"}}, "SITE/?SHOWN has the body “Welcome to the shop”, expected “x!”"),
    "slow": ("/slow", {"critical": "1ms"}, "SITE/slow?SHOWN answered 200 in "),
    "late": ("/drip", {"timeout": "100ms"}, "GET SITE/drip?SHOWN timed out after 100ms"),
}


@pytest.mark.parametrize(("path", "config", "message"), BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_no_message_shows_the_values_of_a_query_or_a_fragment(
    path: str, config: dict[str, Any], message: str, site: str, scope: Scope
) -> None:
    result = judged(scope, url=f"{site}{path}?{QUERY}#s3cret-fragment", **config)
    assert result.message.startswith(message.replace("SITE", site).replace("SHOWN", SHOWN))
    assert "s3cret" not in str(result)


def test_the_query_is_sent_as_it_is(site: str, scope: Scope, visits: list[tuple[str, ...]]) -> None:
    judged(scope, url=f"{site}/?{QUERY}#fragment")
    assert visits[0][1] == f"/?{QUERY}"


def test_the_subject_and_the_name_are_the_same_whatever_the_query(scope: Scope) -> None:
    checks = [read(Http, {"url": f"https://shop.example/a?token={number}#b"}) for number in (1, 2)]
    assert {check.subject(scope) for check in checks} == {"https://shop.example/a"}
    assert {check.default_name for check in checks} == {"http_shop_example_a"}
    assert {check.task for check in checks} == {"GET https://shop.example/a?token=…"}


def test_a_token_in_the_query_is_a_secret(site: str) -> None:
    check = read(Http, {"url": f"{site}/?{QUERY}"})
    assert [(secret.name, reveal(secret)) for secret in check.secrets()] == [("token", "s3cret-value")]


@pytest.mark.parametrize("path", ["/drip", "/slow"])
def test_the_timeout_of_a_check_holds_and_is_critical(path: str, site: str, scope: Scope) -> None:
    started = time.monotonic()
    result = judged(scope, url=site + path, timeout="100ms")
    assert time.monotonic() - started < 0.1 + 2
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "timed_out")
    assert result.message == f"GET {site}{path} timed out after 100ms"


def test_the_end_of_the_nodes_own_time_is_no_result(site: str, make_scope: Callable[..., Scope]) -> None:
    with pytest.raises(TimedOut, match=r"^timed out after 200ms$"):
        judged(make_scope(seconds=0.2), url=f"{site}/drip")


def test_being_stopped_is_no_result(site: str, scope: Scope) -> None:
    scope.deadline.cancel()
    with pytest.raises(Cancelled):
        judged(scope, url=site)


def test_a_failure_is_looked_at_again_before_it_counts(
    site: str, scope: Scope, visits: list[tuple[str, str, dict[str, str], bytes]]
) -> None:
    result = judged(scope, url=f"{site}/flaky", confirm={"pause": "1ms"})
    assert (result.verdict, result.tries, len(visits)) == (Verdict.OK, 2, 2)


def test_a_failure_that_lasts_says_how_often_it_was_seen(site: str, scope: Scope) -> None:
    result = judged(scope, url=f"{site}/down", confirm={"tries": 3, "pause": "1ms"})
    assert (result.verdict, result.tries) == (Verdict.CRITICAL, 3)
    body = "“<h1>Down</h1> [31mfor maintenance”"
    answered = f"{site}/down answered 503, expected 200 to 399"
    assert result.message == f"{answered} (failed 3 of 3 tries); the body is {body}"


def test_a_remote_check_is_tried_twice_by_default() -> None:
    confirm = read(Http, {"url": "http://a"}).confirmation
    assert (confirm.tries, confirm.pause) == (2, 3.0)


def test_there_is_no_further_try_without_the_time_for_it(site: str, make_scope: Callable[..., Scope]) -> None:
    result = judged(make_scope(seconds=5.0), url=f"{site}/down", confirm={"pause": "1s"}, timeout="4.5s")
    assert result.tries == 1
    assert " expected 200 to 399 (failed 1 of 2 tries, no time for another); the body is " in result.message


def test_the_request_carries_what_the_definition_says(
    site: str, scope: Scope, visits: list[tuple[str, str, dict[str, str], bytes]]
) -> None:
    token = Secret("TOKEN", "s3cret-value")
    judged(
        scope,
        url=Sealed((f"{site}/?key=", token)),
        method="POST",
        headers={"Authorization": Sealed(("Bearer ", token))},
        json={"token": token, "n": 1},
    )
    method, path, headers, body = visits[0]
    assert (method, path, body) == ("POST", "/?key=s3cret-value", b'{"token": "s3cret-value", "n": 1}')
    assert headers["authorization"] == "Bearer s3cret-value"
    assert headers["content-type"] == "application/json"


def test_json_may_be_called_something_else(
    site: str, scope: Scope, visits: list[tuple[str, str, dict[str, str], bytes]]
) -> None:
    judged(scope, url=site, method="POST", json=[], headers={"Content-Type": "application/ld+json"})
    assert (visits[0][2]["content-type"], visits[0][3]) == ("application/ld+json", b"[]")


def test_a_secret_may_be_expected_and_is_in_no_message(site: str, scope: Scope) -> None:
    up, down = Secret("STATE", "up"), Secret("STATE", "down-again")
    assert judged(scope, url=f"{site}/health", expect={"json": {"status": up}}).verdict is Verdict.OK
    missed = judged(scope, url=f"{site}/health", expect={"json": {"status": down}})
    assert missed.message == f'{site}/health has status "up", expected «STATE»'


def test_what_a_template_hides_is_let_through() -> None:
    text = Template("({{ inputs.x }}")
    expect = {"status": text, "body_matches": text, "json": {"a": text}}
    check = read(Http, {"url": text, "expect": expect})
    assert (str(check.expect.status), check.expect.body_matches, check.default_name) == (text, text, None)


def test_a_body_is_sent_as_it_is(site: str, scope: Scope, visits: list[tuple[str, str, dict[str, str], bytes]]) -> None:
    judged(scope, url=site, method="POST", body="a=ä", headers={"content-type": "text/plain"})
    assert (visits[0][2]["content-type"], visits[0][3]) == ("text/plain", "a=ä".encode())


def test_secrets_and_passwords_are_in_no_message(site: str, scope: Scope) -> None:
    url = site.replace("http://", "http://user:hunter22@")
    check = read(Http, {"url": Sealed((f"{url}/down?key=", Secret("TOKEN", "s3cret-value"))), **ONCE})
    texts = (check.task, check.subject(scope), examine(check, scope).message, check.default_name)
    assert texts[:2] == (f"GET {site}/down?key=«TOKEN»", f"{site}/down")
    assert not [text for text in texts if text and ("hunter22" in text or "s3cret-value" in text)]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://shop.example/", "http_shop_example"),
        ("https://shop.example:8443/health/live?x=1", "http_shop_example_8443_health_live"),
        ("http://[::1]:80/", "http_1_80"),
    ],
)
def test_the_default_name_is_made_of_host_and_path(url: str, name: str) -> None:
    assert read(Http, {"url": url}).default_name == name


@pytest.mark.parametrize(
    ("config", "code", "at", "sentence"),
    [
        pytest.param({"url": "shop"}, "E204", ("url",), '"shop" is no URL', id="url"),
        pytest.param(
            {"url": "http://a", "body": "x", "json": {}},
            "E208",
            ("body",),
            "body and json both say what is sent",
            id="two-bodies",
        ),
        pytest.param(
            {"url": "http://a", "warning": "3s", "critical": "1s"},
            "E207",
            ("warning",),
            "a warning above 3s never comes before critical above 1s",
            id="thresholds",
        ),
        pytest.param(
            {"url": "http://a", "expect": {"status": "2xx"}},
            "E204",
            ("expect", "status"),
            '"2xx" is no HTTP status',
            id="status",
        ),
        pytest.param(
            {"url": "http://a", "expect": {"status": [200, 999]}},
            "E204",
            ("expect", "status"),
            "999 is no HTTP status",
            id="statuses",
        ),
        pytest.param(
            {"url": "http://a", "expect": {"body_matches": "(a"}},
            "E204",
            ("expect", "body_matches"),
            "the pattern does not compile: missing ) at position 2",
            id="pattern",
        ),
        pytest.param({"url": "http://a", "method": "FETCH"}, "E204", ("method",), None, id="method"),
    ],
)
def test_a_wrong_configuration_is_refused(
    config: dict[str, object], code: str, at: tuple[str, ...], sentence: str | None
) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Http, config)
    (line,) = problems(caught.value)
    assert (line["type"], line["loc"]) == (code, at)
    assert sentence in {None, line["msg"]}


def test_a_path_that_is_no_jmespath_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        read(Http, {"url": "http://a", "expect": {"json": {"a[": 1}}})
    (line,) = problems(caught.value)
    assert (line["type"], line["loc"]) == ("E204", ("expect", "json", "a["))
    assert line["msg"].startswith('"a[" is no JMESPath: ')
