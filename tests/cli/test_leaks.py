"""A canary in every field that takes a text, every way to fail, and every output searched for it."""

from __future__ import annotations

import base64
import html
import json
import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from runner.errors import ExitCode
from tests.conftest import CLEAN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended

    Cli = Callable[..., Ended]

REFUSED = "http://127.0.0.1:9"


@pytest.fixture
def canary() -> str:
    """A secret like a real one, with characters that every writer escapes in its own way."""
    return f"{secrets.token_hex(8)}/+=&_*{secrets.token_hex(4)}"


def spelled(secret: str) -> set[str]:
    """Return what must be nowhere; made without the runner's own list."""
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), html.escape(secret)}
    forms |= {form.replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d") for form in forms}
    for before in ("", "x", "xx"):
        middle = base64.b64encode((before + secret).encode()).decode().rstrip("=")[4:-4]
        forms |= {middle, middle.replace("+", "-").replace("/", "_")}
    # Half a secret is too much, and so is one that Markdown has escaped.
    return forms | {secret[:12], secret[-7:]}


@dataclass(frozen=True)
class Traces:
    """Everything that a run left behind."""

    ended: Ended
    texts: Mapping[str, str]
    taught: str
    """The lines that teach GitHub a secret."""

    def leaks(self, secret: str) -> list[str]:
        return [
            f"{form} in {where}: {text}"
            for where, text in self.texts.items()
            for form in spelled(secret)
            if form in text
        ]


def follow(cli: Cli, folder: Path, text: str, *flags: str, env: Mapping[str, str]) -> Traces:
    """Run a definition with everything on that writes, and collect what was written."""
    (folder / "d.yaml").write_text(text)
    for name in ("out", "summary.md"):
        (folder / name).write_text("")
    written = {"GITHUB_OUTPUT": str(folder / "out"), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    arguments = ("--config", "d.yaml", "-v", "--results", "r.json", *flags)
    ended = cli(*arguments, env={"GITHUB_ACTIONS": "true", **written, **env})
    lines = ended.err.splitlines()
    teaching = [line for line in lines if line.startswith("::add-mask::")]
    texts = {
        "stdout": ended.out,
        "stderr": "\n".join(line for line in lines if not line.startswith("::add-mask::")),
        **{
            path.name: path.read_text(errors="replace")
            for path in folder.rglob("*")
            if path.is_file() and path.name != "d.yaml"
        },
    }
    return Traces(ended, texts, "\n".join(teaching))


# --- every field that takes a text -----------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A node that holds the canary, and whether the value arrives: a text for people never holds it."""

    node: str
    arrives: bool = True


NOTIFY = "{id: a, type: notify, config: {driver: generic, endpoint: 'AT', %s}}"
HTTP = "{id: a, type: context, config: {checks: [{type: http, confirm: {tries: 1}, %s}]}}"
SECRET = "{{ secrets.CANARY }}"  # noqa: S105 - an expression, no secret

PLACES = {
    "http url": Place(HTTP % f"url: 'AT/{SECRET}?t={SECRET}'"),
    "http headers": Place(
        HTTP % f"url: 'AT', method: POST, headers: {{Authorization: 'Bearer {SECRET}', X-Key: '{SECRET}'}}"
    ),
    "http body": Place(HTTP % f"url: 'AT', method: POST, body: 'token {SECRET}'"),
    "http json": Place(HTTP % f"url: 'AT', method: POST, json: {{a: ['{SECRET}']}}"),
    "webhook": Place(f"{{id: a, type: notify, config: {{driver: slack, webhook_url: 'AT/{SECRET}'}}}}"),
    "endpoint": Place(f"{{id: a, type: notify, config: {{driver: generic, endpoint: 'AT/{SECRET}'}}}}"),
    "notify headers": Place(NOTIFY % f"headers: {{Authorization: 'Bearer {SECRET}', X-Key: '{SECRET}'}}"),
    "payload_template": Place(NOTIFY % f"headers: {{Content-Type: text/plain}}, payload_template: 'key {SECRET}'"),
    "integration_key": Place(
        f"{{id: a, type: notify, config: {{driver: pagerduty, integration_key: '{SECRET}', events_url: 'AT/v2'}}}}"
    ),
    "title": Place(NOTIFY % f"title: 'about {SECRET}'", arrives=False),
    "message": Place(NOTIFY % f"message: 'about {SECRET}'", arrives=False),
    "template": Place(NOTIFY % f"template: 'about {SECRET}'", arrives=False),
    "api_key": Place(
        "{id: a, type: intelligence, config: "
        f"{{provider: openai, base_url: 'AT/v1', api_key: '{SECRET}', fallback: none}}}}"
    ),
}  # fmt: skip


def definition(*nodes: str, at: str, names: str = "CANARY") -> str:
    listed = "".join(f"  - {node}\n" for node in nodes).replace("AT", at)
    return f'version: "1.0"\nsecrets: [{names}]\nnodes:\n{listed}'


@pytest.mark.parametrize(("way", "log"), [("ok", "json"), ("echo", "text"), ("echo", "json"), ("refused", "text")])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_secret_reaches_its_receiver_and_nothing_else(  # noqa: PLR0917 - fixtures and parameters
    cli: Cli, tmp_path: Path, receiver: Receiver, canary: str, place: Place, way: str, log: str
) -> None:
    at = REFUSED if way == "refused" else f"{receiver.url}/{way}"
    env = {"CANARY": canary, "PIPELINE_LOG_FORMAT": log}
    flags = ("--json",) if log == "json" else ()
    traces = follow(cli, tmp_path, definition(place.node, at=at), *flags, env=env)
    assert traces.leaks(canary) == []
    if way != "refused":
        reached = any(form in receiver.everything() for form in (canary, quote(canary)))
        assert reached is place.arrives, traces.ended.err


# --- what comes back -------------------------------------------------------------------------------

PRINTS = {
    "raw": "print('it is ' + s)",
    "base64": "import base64; print('it is', base64.b64encode(('user:' + s).encode()).decode())",
    "URL": "import urllib.parse as u; print('it is', u.quote(s, safe=''))",
    "JSON": "import json; print(json.dumps({'it is': s}))",
    "HTML": "import html; print('it is', html.escape(s))",
}


@pytest.mark.parametrize("code", [0, 2], ids=["plugin is well", "plugin complains"])
@pytest.mark.parametrize("prints", PRINTS.values(), ids=PRINTS)
def test_what_a_command_prints_is_masked_and_people_are_told(
    cli: Cli, tmp_path: Path, canary: str, prints: str, code: int
) -> None:
    (tmp_path / "plugin.py").write_text(f"import os, sys\ns = os.environ['S']\n{prints}\nsys.exit({code})\n")
    check = f"{{type: command, parse: nagios, argv: [{sys.executable}, plugin.py], env: {{S: '{SECRET}'}}, name: p}}"
    text = definition(
        f"{{id: a, type: context, config: {{checks: [{check}]}}}}",
        "{id: b, type: transform, config: {source_node: a, extract: results.p.message}}",
        "{id: c, type: notify, config: {driver: log, send: always, message: '{{ b.output.transformed }}'}}",
        at="",
    )
    traces = follow(cli, tmp_path, text, env={"CANARY": canary})
    assert traces.leaks(canary) == []
    assert "warning: the secret CANARY stood in the output of a and is masked" in traces.ended.err
    document = json.loads((tmp_path / "r.json").read_text())
    assert "«CANARY»" in document["node_results"]["b"]["output"]["transformed"]


def test_a_secret_at_the_point_where_a_message_is_cut_is_not_cut_in_half(cli: Cli, tmp_path: Path, canary: str) -> None:
    commands = [f"[sh, -c, 'echo {'x' * before}$S; false']" for before in range(90, 122)]
    checks = [
        f"{{type: command, name: c{place}, argv: {argv}, env: {{S: '{SECRET}'}}}}"
        for place, argv in enumerate(commands)
    ]
    text = definition(f"{{id: a, type: context, config: {{checks: [{', '.join(checks)}]}}}}", at="")
    assert follow(cli, tmp_path, text, env={"CANARY": canary}).leaks(canary) == []


def test_a_condition_that_does_not_hold_shows_no_secret_that_came_with_the_payload(
    cli: Cli, tmp_path: Path, canary: str
) -> None:
    text = definition(
        "{id: a, type: transform, when: 'payload.word == \"b\"'}",
        "{id: b, type: transform, when: 'payload.word', always: true}",
        "{id: c, type: transform, when: 'a.verdict >= payload.word', always: true}",
        "{id: d, type: transform, config: {extract: word}}",
        "{id: e, type: transform, config: {extract: '{{ payload.word }}'}, required: false}",
        "{id: f, type: transform, config: {jmespath: '{{ payload.word }}'}, required: false}",
        at="",
    )
    payload = json.dumps({"word": canary})
    traces = follow(cli, tmp_path, text, "--payload", payload, env={"CANARY": canary})
    assert traces.leaks(canary) == []


def test_a_payload_that_holds_a_secret_is_masked_wherever_it_is_shown(cli: Cli, tmp_path: Path, canary: str) -> None:
    labels = {"alertname": f"Leak {canary}", "instance": canary, canary: "x"}
    alert = {"status": "firing", "labels": labels, "annotations": {"summary": f"it is {canary}"}}
    text = definition(
        "{id: a, type: ingest, config: {format: alertmanager}}",
        "{id: b, type: intelligence, config: {provider: local}}",
        "{id: c, type: notify, config: {driver: log}}",
        at="",
    )
    (tmp_path / "p.json").write_text(json.dumps({"version": "4", "status": "firing", "alerts": [alert]}))
    traces = follow(cli, tmp_path, text, "--file", "p.json", env={"CANARY": canary})
    assert "Leak «CANARY»" in traces.ended.err
    assert {leak for leak in traces.leaks(canary) if "in p.json" not in leak} == set()


# --- what never begins -----------------------------------------------------------------------------

WRONG = {
    "unknown key": "{driver: slack, webhook_url: 'https://x.example/LITERAL', webhok: 1}",
    "a list": "{driver: slack, webhook_url: ['LITERAL']}",
    "a number of keys": "{driver: pagerduty, integration_key: {x: 'LITERAL'}}",
    "rendered wrong": "{driver: slack, webhook_url: '{{ secrets.CANARY }}', send: '{{ secrets.CANARY }}'}",
    "an operation": "{driver: slack, webhook_url: '{{ secrets.CANARY + 1 }}'}",
    "a filter": "{driver: log, message: '{{ secrets.CANARY | int }}', send: always}",
    "a driver": "{driver: '{{ secrets.CANARY }}'}",
}


@pytest.mark.parametrize("config", WRONG.values(), ids=WRONG)
def test_an_invalid_definition_is_told_about_without_its_secrets(
    cli: Cli, tmp_path: Path, canary: str, config: str
) -> None:
    text = definition(f"{{id: a, type: notify, config: {config.replace('LITERAL', canary)}}}", at="")
    traces = follow(cli, tmp_path, text, "--json", env={"CANARY": canary})
    assert traces.ended.code != ExitCode.INTERNAL
    assert traces.leaks(canary) == []


def test_a_dry_run_shows_names_in_place_of_secrets(cli: Cli, tmp_path: Path, receiver: Receiver, canary: str) -> None:
    nodes = [place.node.replace("id: a", f"id: n{number}") for number, place in enumerate(PLACES.values())]
    for flags in (("--dry-run",), ("--dry-run", "--json")):
        traces = follow(cli, tmp_path, definition(*nodes, at=receiver.url), *flags, env={"CANARY": canary})
        assert traces.ended.code == 0, traces.ended.err
        assert traces.leaks(canary) == []
        assert "CANARY" in traces.ended.out
    assert receiver.arrived == []


# --- credentials that nobody declared --------------------------------------------------------------


def test_a_drivers_variable_is_a_secret_without_being_declared(
    cli: Cli, tmp_path: Path, receiver: Receiver, canary: str
) -> None:
    text = 'version: "1.0"\nnodes: [{id: a, type: notify, config: {driver: slack, title: "{{ payload.x }}"}}]\n'
    url = f"{receiver.url}/down/{canary}"
    receiver.says = f"no such webhook: {url}"
    payload = json.dumps({"x": f"see {url}"})
    traces = follow(cli, tmp_path, text, "--payload", payload, env={"SLACK_WEBHOOK_URL": url})
    assert traces.leaks(canary) == []
    assert traces.taught == f"::add-mask::{url}"
    assert "no such webhook: «SLACK_WEBHOOK_URL»" in traces.ended.err
    assert receiver.arrived[0].path == f"/down/{canary}"


def test_a_credential_written_in_the_definition_is_masked_from_the_first_line_on(
    cli: Cli, tmp_path: Path, receiver: Receiver, canary: str
) -> None:
    text = (
        'version: "1.0"\nnodes:\n'
        "  - {id: a, type: transform, config: {extract: word}}\n"
        "  - {id: b, type: notify, config: {driver: generic, "
        f"endpoint: '{receiver.url}/ok', headers: {{X-Api-Key: '{canary}'}}}}}}\n"
    )
    traces = follow(cli, tmp_path, text, "--payload", json.dumps({"word": canary}), env={})
    assert traces.leaks(canary) == []
    assert canary in receiver.everything()


@pytest.mark.parametrize("flags", [(), ("--json",), ("--dry-run",), ("--dry-run", "--json")])
@pytest.mark.parametrize("way", ["ok", "echo", "refused"])
def test_a_token_in_the_query_of_a_page_is_shown_nowhere(
    cli: Cli, tmp_path: Path, receiver: Receiver, flags: tuple[str, ...], way: str
) -> None:
    token = secrets.token_hex(8)
    at = REFUSED if way == "refused" else f"{receiver.url}/{way}"
    url = f"{at}?token={token}#{token}"
    check = "{type: http, url: '%s', confirm: {tries: 1}}"
    text = (
        f'version: "1.0"\ninputs: {{url: {{type: string, default: "{url}"}}}}\nnodes:\n'
        f"  - {{id: a, type: context, config: {{checks: [{check % url}]}}}}\n"
        f"  - {{id: b, type: context, config: {{checks: [{check % '{{ inputs.url }}'}]}}}}\n"
        "  - {id: c, type: transform, when: 'inputs.url == \"x\"'}\n"
        "  - {id: d, type: intelligence, config: {provider: local}}\n"
        "  - {id: e, type: notify, config: {driver: log, send: always}}\n"
    )
    traces = follow(cli, tmp_path, text, *flags, env={})
    assert traces.leaks(token) == []
    asked = 0 if "--dry-run" in flags or way == "refused" else 2
    assert [one.path for one in receiver.arrived] == [f"/{way}?token={token}"] * asked
    said = traces.ended.out.replace("\\u2026", "…").replace('\\"', '"')
    assert f'inputs.url is "{at}?token=…"' in said


def test_two_checks_that_differ_in_the_query_alone_have_a_fingerprint_each_that_outlasts_the_token(
    cli: Cli, tmp_path: Path
) -> None:
    def fingerprints(token: str) -> list[str]:
        urls = [f"{REFUSED}/?page={page}&token={token}" for page in (1, 2)]
        checks = ", ".join(f"{{type: http, url: '{url}', confirm: {{tries: 1}}}}" for url in urls)
        text = f'version: "1.0"\nname: d\nnodes: [{{id: a, type: context, config: {{checks: [{checks}]}}}}]\n'
        traces = follow(cli, tmp_path, text, env={})
        return [one["fingerprint"] for one in json.loads(traces.texts["r.json"])["findings"]]

    first = fingerprints("one")
    assert len(set(first)) == 2
    assert fingerprints("another") == first


# --- what GitHub is taught, and when ---------------------------------------------------------------


def test_github_learns_every_secret_before_the_first_node(cli: Cli, tmp_path: Path, canary: str) -> None:
    lines = f"{canary}\nab\nsecond-{canary}"
    text = definition("{id: a, type: transform}", at="", names="CANARY, SHORT")
    traces = follow(cli, tmp_path, text, env={"CANARY": lines, "SHORT": "abc"})
    err = traces.ended.err.splitlines()
    taught = [place for place, line in enumerate(err) if line.startswith("::add-mask::")]
    assert {err[place] for place in taught} == {f"::add-mask::{canary}", f"::add-mask::second-{canary}"}
    assert max(taught) < err.index("::group::a (transform)")
    assert "warning: the secret SHORT is shorter than 4 characters and is not masked" in err


def test_outside_github_no_line_teaches_a_secret(cli: Cli, tmp_path: Path, canary: str) -> None:
    (tmp_path / "d.yaml").write_text(definition("{id: a, type: transform}", at=""))
    for flags in ((), ("--ci", "none")):
        github = {"GITHUB_ACTIONS": "true"} if flags else {}
        ended = cli("--config", "d.yaml", "-v", *flags, env={"CANARY": canary, **github})
        assert canary not in ended.err + ended.out
        assert "::" not in ended.err


# --- what is on disk while a run goes on -----------------------------------------------------------


def test_the_journal_of_a_killed_run_holds_no_secret(tmp_path: Path, canary: str) -> None:
    (tmp_path / "plugin.sh").write_text('echo "it is $S"; exit 2')
    check = f"{{type: command, parse: nagios, argv: [sh, plugin.sh], env: {{S: '{SECRET}'}}}}"
    slow = "{type: command, argv: [sleep, '30'], timeout: 60s}"
    text = definition(
        f"{{id: a, type: context, config: {{checks: [{check}]}}}}",
        "{id: b, type: transform, config: {extract: nothing}, required: false}",
        f"{{id: c, type: context, config: {{checks: [{slow}]}}}}",
        at="",
    )
    (tmp_path / "d.yaml").write_text(text)
    journal = tmp_path / "r.json.journal.ndjson"
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "--config", "d.yaml", "--results", "r.json"],
        cwd=tmp_path, env={**CLEAN, "CANARY": canary}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 30
    while not journal.exists() or journal.read_text().count("node.finished") < 2:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    process.kill()
    process.wait()
    written = journal.read_text()
    assert "it is «CANARY»" in written.encode().decode("unicode_escape") or "it is \\u00abCANARY\\u00bb" in written
    assert [form for form in spelled(canary) if form in written] == []


def test_a_secret_that_is_no_utf8_is_masked_like_any_other(cli: Cli, tmp_path: Path) -> None:
    value = os.fsdecode(b"caf\xe9-caf\xe9-1234567")
    (tmp_path / "d.yaml").write_text(definition("{id: a, type: transform, config: {extract: x}}", at=""))
    ended = cli("--config", "d.yaml", "--json", "--payload", '{"x": "1"}', env={"CANARY": value})
    assert ended.code == 0, ended.err
