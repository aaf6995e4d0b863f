"""A dry run shows what a run would do, and touches nothing: no socket, no process, no file."""

from __future__ import annotations

import json
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

DEFINITIONS = sorted((Path(__file__).parents[2] / "definitions").glob("*.yaml"))
ALERT: Final = '{"title": "Disk full", "description": "/var is full", "severity": "critical", "instance": "db1"}'


class Trap:
    """A listener that nobody must call, or send a datagram to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/trap"
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.setblocking(False)
        self._datagrams.bind(("127.0.0.1", self.port))

    @property
    def sprung(self) -> bool:
        """Say whether anybody has connected, or sent something."""
        with suppress(BlockingIOError):
            self._listener.accept()[0].close()
            return True
        with suppress(BlockingIOError):
            self._datagrams.recv(1)
            return True
        return False

    def close(self) -> None:
        self._listener.close()
        self._datagrams.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    one = Trap()
    yield one
    one.close()


def seen(folder: Path) -> dict[str, tuple[int, int]]:
    """Return everything below a folder with size and time of the last change."""
    stats = {str(path.relative_to(folder)): path.stat() for path in (folder, *folder.rglob("*"))}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def test_the_trap_notices_a_connection(trap: Trap) -> None:
    assert not trap.sprung
    socket.create_connection(("127.0.0.1", trap.port)).close()
    assert trap.sprung


def test_the_trap_notices_a_datagram(trap: Trap) -> None:
    assert not trap.sprung
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"?", ("127.0.0.1", trap.port))
    assert trap.sprung


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("ci", [{}, {"CI": "true", "GITHUB_ACTIONS": "true"}], ids=["shell", "ci"])
def test_a_definition_that_ships_touches_nothing(
    cli: Cli, tmp_path: Path, trap: Trap, path: Path, ci: dict[str, str]
) -> None:
    given = {"web": f"urls={trap.url}", "web-health": f"url={trap.url}"}.get(path.stem)
    flags = ("--input", given) if given else ()
    before = seen(tmp_path)
    ended = cli("--config", str(path), "--dry-run", "--payload", ALERT, *flags, env=ci)
    assert (ended.code, ended.out.splitlines()[:2]) == (0, ["=== DRY RUN ===", f"Pipeline Config: {path}"])
    assert "would fail" not in ended.out
    assert seen(tmp_path) == before
    assert not trap.sprung


def check_of(name: str, trap: Trap) -> dict[str, Any]:
    """Return a check that leads to the trap, or would leave something behind."""
    tables: dict[str, dict[str, Any]] = {
        "cpu": {},
        "memory": {},
        "disk": {},
        "process": {"names": ["touch"], "match": "pattern"},
        "http": {"url": trap.url, "method": "POST", "json": {"a": 1}},
        "tcp": {"host": "127.0.0.1", "port": trap.port, "send": "x"},
        "command": {"argv": ["touch", "left-behind"]},
        "dns": {"name": "localhost", "server": f"127.0.0.1:{trap.port}"},
        "tls": {"host": "127.0.0.1", "port": trap.port},
        "postgres": {"url": f"postgresql://u:sk-opensesame@127.0.0.1:{trap.port}/shop"},
        "mysql": {"url": f"mysql://u:sk-opensesame@127.0.0.1:{trap.port}/shop"},
    }
    return {"type": name, **tables[name]}


def provider_of(name: str, trap: Trap) -> dict[str, Any]:
    """Return an analysis that leads to the trap."""
    tables: dict[str, dict[str, Any]] = {"local": {}, "openai": {"base_url": trap.url, "api_key": "sk-opensesame"}}
    return {"provider": name, **tables[name]}


def channel_of(name: str, trap: Trap) -> dict[str, Any]:
    """Return a channel that leads to the trap."""
    mail = {"from_address": "a@example.org", "to_addresses": ["b@example.org"]}
    tables: dict[str, dict[str, Any]] = {
        "log": {},
        "slack": {"webhook_url": trap.url},
        "generic": {"endpoint": trap.url},
        "pagerduty": {"integration_key": "0123456789abcdef0123456789abcdef", "events_url": trap.url},
        "email": {"smtp_host": "127.0.0.1", "smtp_port": trap.port, **mail},
    }
    return {"driver": name, "send": "always", **tables[name]}


FAMILIES: Final[list[tuple[str, str, Callable[[str, Trap], dict[str, Any]]]]] = [
    *(("context", name, check_of) for name in CHECKS),
    *(("intelligence", name, provider_of) for name in PROVIDERS),
    *(("notify", name, channel_of) for name in CHANNELS),
]


@pytest.mark.parametrize(("kind", "name", "config_of"), FAMILIES, ids=[f"{kind}-{name}" for kind, name, _ in FAMILIES])
def test_every_check_provider_and_channel_is_shown_and_nothing_is_touched(
    cli: Cli, tmp_path: Path, trap: Trap, kind: str, name: str, config_of: Callable[[str, Trap], dict[str, Any]]
) -> None:
    config = config_of(name, trap)
    node = {"id": "it", "type": kind, "config": {"checks": [config]} if kind == "context" else config}
    (tmp_path / "d.json").write_text(json.dumps({"version": "1.0", "nodes": [{"id": "read", "type": "ingest"}, node]}))
    before = seen(tmp_path)
    ended = cli("--config", "d.json", "--dry-run", "--payload", ALERT, "--results", "r.json", "--summary", "s.md")
    assert ended.code == 0, ended.err
    assert f"  2. [{kind}] it" in ended.out.splitlines()
    assert f"would {VERBS[kind]} {name}" in ended.out
    assert "sk-opensesame" not in ended.out
    assert "0123456789abcdef0123456789abcdef" not in ended.out
    assert seen(tmp_path) == before
    assert not trap.sprung


VERBS: Final[Mapping[str, str]] = {"context": "check", "intelligence": "analyse with", "notify": "send with"}

BRANCHING = """\
version: "1.0"
name: branching
inputs: {n: {type: number, default: 3}}
secrets: [HOOK_URL]
nodes:
  - {id: read, type: transform, config: {extract: items}, next: [{when: inputs.n > 2, to: many}, {to: tell}]}
  - id: many
    type: transform
    config: {mapping: {first: "items[0]"}}
    next: [{when: inputs.n > 9, to: end}, {to: tell}]
  - id: tell
    type: notify
    always: true
    config:
      driver: generic
      endpoint: "{{ secrets.HOOK_URL }}"
      headers: {X-Key: "key {{ secrets.HOOK_URL }}"}
      payload_template: '{"seen": {{ many.output.transformed | tojson }}}'
"""

GOLDEN = """\
=== DRY RUN ===
Pipeline Config: d.yaml
Source: cron
Environment: staging
Nodes (3):
  1. [transform] read
     Config: {"extract": "items"}
     → next: many when inputs.n > 2, else tell
     would read items of the payload
  2. [transform] many
     Config: {"mapping": {"first": "items[0]"}}
     → next: end when inputs.n > 9, else tell
     would read the payload and reshape it by mapping
  3. [notify] tell
     Config: {"driver": "generic", "endpoint": "{{ secrets.HOOK_URL }}", "headers": {"X-Key": "key {{ secrets.HOOK_URL }}"}, "payload_template": "{\\"seen\\": {{ many.output.transformed | tojson }}}"}
     → end
     needs the secret HOOK_URL, which is set
     would send with generic:
         POST http://127.0.0.1:9/«HOOK_URL»
         Content-Type: application/json
         Idempotency-Key: KEY
         X-Key: key «HOOK_URL»

         {"seen": {"first": "naïve"}}
Payload:
{
  "items": [
    "naïve"
  ]
}
Use without --dry-run to execute
"""  # noqa: E501 - a line is a line
FLAGS = ("--dry-run", "--source", "cron", "--environment", "staging", "--payload", '{"items": ["naïve"]}')
HOOK = {"HOOK_URL": "http://127.0.0.1:9/opensesame"}


def rehearsed(cli: Cli, tmp_path: Path, *flags: str, text: str = BRANCHING, env: Mapping[str, str] = HOOK) -> Ended:
    (tmp_path / "d.yaml").write_text(text)
    return cli("--config", "d.yaml", *flags, env=env)


def test_the_text_has_the_layout_of_the_contract(cli: Cli, tmp_path: Path) -> None:
    ended = rehearsed(cli, tmp_path, *FLAGS)
    assert ended.code == 0
    assert re.sub(r"(?<=Idempotency-Key: )\w+", "KEY", ended.out) == GOLDEN


def test_a_definition_by_name_is_called_by_its_name(cli: Cli) -> None:
    ended = cli("--checks-only", "--dry-run")
    assert ended.out.splitlines()[1] == "Pipeline Definition: checks-only"


def test_json_is_one_document_with_the_facts_of_the_text(cli: Cli, tmp_path: Path) -> None:
    ended = rehearsed(cli, tmp_path, "--json", *FLAGS)
    plan = json.loads(ended.out)
    text = rehearsed(cli, tmp_path, *FLAGS).out.splitlines()
    assert ended.code == 0
    assert {key: plan[key] for key in ("dry_run", "definition", "source", "environment", "warnings", "payload")} == {
        "dry_run": True,
        "definition": "branching",
        "source": "cron",
        "environment": "staging",
        "warnings": [],
        "payload": {"items": ["naïve"]},
    }
    assert [node["next"] for node in plan["nodes"]] == [
        [{"to": "many", "when": "inputs.n > 2"}, {"to": "tell", "when": None}],
        [{"to": "end", "when": "inputs.n > 9"}, {"to": "tell", "when": None}],
        [],
    ]
    for number, node in enumerate(plan["nodes"], start=1):
        assert f"  {number}. [{node['type']}] {node['id']}" in text
        assert f"     Config: {json.dumps(node['config'], ensure_ascii=False)}" in text
        lines = [line for line in node["would"] if "Idempotency-Key" not in line]
        assert [line for line in lines if f"     {line}".rstrip() not in text] == []


@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["text", "json"])
def test_no_secret_is_shown_wherever_it_stands(cli: Cli, tmp_path: Path, flags: tuple[str, ...]) -> None:
    ended = rehearsed(cli, tmp_path, "--dry-run", "--payload", '{"items": ["see opensesame-9"]}', *flags, env={
        "HOOK_URL": "http://127.0.0.1:9/opensesame-9?items=1",
    })  # fmt: skip
    assert ended.code == 0
    assert "127.0.0.1:9/opensesame-9" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (
            BRANCHING,
            "secret HOOK_URL is not set — set HOOK_URL, or HOOK_URL_FILE to a file that holds it",
        ),
        (
            'version: "1.0"\nnodes: [{id: tell, type: notify, config: {driver: slack}}]\n',
            "node tell: the slack channel of this node has no webhook_url: set it in config or as SLACK_WEBHOOK_URL",
        ),
    ],
    ids=["secret", "channel"],
)
def test_what_is_missing_is_a_warning_where_a_real_run_exits_4(
    cli: Cli, tmp_path: Path, text: str, missing: str
) -> None:
    real = rehearsed(cli, tmp_path, "--payload", '{"items": [1]}', text=text, env={})
    assert (real.code, real.err.splitlines()[-1]) == (4, f"error: {missing}")
    ended = rehearsed(cli, tmp_path, "--dry-run", "--payload", '{"items": [1]}', text=text, env={})
    assert (ended.code, ended.err) == (0, f"warning: {missing}: a real run would exit 4\n")
    plan = json.loads(rehearsed(cli, tmp_path, "--dry-run", "--json", text=text, env={}).out)
    assert plan["warnings"] == [f"{missing}: a real run would exit 4"]


def test_a_node_says_which_secret_it_lacks(cli: Cli, tmp_path: Path) -> None:
    ended = rehearsed(cli, tmp_path, "--dry-run", "--payload", '{"items": [1]}', env={})
    assert "     needs the secret HOOK_URL, which is not set" in ended.out.splitlines()
    assert "is no URL" not in ended.out


OPTIONAL = """\
version: "1.0"
secrets: {TOKEN: {required: false}, KEY: {required: false}, OTHER: {required: false}}
nodes:
  - id: look
    type: context
    required: false
    config: {checks: [{type: http, name: home, url: "http://127.0.0.1:9/", headers: {X: "{{ secrets.TOKEN }}"}}]}
  - id: tell
    type: notify
    config: {driver: slack, webhook_url: "http://127.0.0.1:9/{{ secrets.KEY }}/{{ secrets.OTHER | default('') }}"}
"""
NOT_SET = (
    "d.yaml:7:89 E402 nodes[0].config.checks[0].headers.X: secret TOKEN is not set"
    " — set TOKEN, or TOKEN_FILE to a file that holds it"
)


def test_an_optional_secret_that_is_not_set_fails_the_nodes_that_use_it_and_the_dry_run_says_so(
    cli: Cli, tmp_path: Path
) -> None:
    keys = {"KEY": "opensesame"}
    ended = rehearsed(cli, tmp_path, "--dry-run", text=OPTIONAL, env=keys)
    lines = [line.strip() for line in ended.out.splitlines()]
    assert [line for line in lines if line.startswith(("needs the secret", "would"))] == [
        "needs the secret TOKEN, which is not set",
        f"would fail: {NOT_SET}",
        "needs the secret KEY, which is set",
        "needs the secret OTHER, which is not set",
        "would send with slack:",
    ]
    real = rehearsed(cli, tmp_path, "-q", text=OPTIONAL, env=keys)
    assert f"warning: look: {NOT_SET}\n" in real.err
    assert "opensesame" not in ended.out + ended.err + real.out + real.err


def test_json_tells_which_secrets_are_there_by_name_alone(cli: Cli, tmp_path: Path) -> None:
    text = OPTIONAL.replace(", OTHER:", ", SLACK: {}, OTHER:")
    text += "  - {id: more, type: notify, config: {driver: slack}}\n"
    env = {"KEY": "opensesame", "SLACK_WEBHOOK_URL": "http://127.0.0.1:9/opensesame-too"}
    ended = rehearsed(cli, tmp_path, "--dry-run", "--json", text=text, env=env)
    plan = json.loads(ended.out)
    assert plan["secrets"] == {
        "TOKEN": "missing",
        "KEY": "present",
        "SLACK": "missing",
        "OTHER": "missing",
        "SLACK_WEBHOOK_URL": "present",
    }
    assert plan["nodes"][2]["would"][0] == "needs the secret SLACK_WEBHOOK_URL, which is set"
    assert "opensesame" not in ended.out + ended.err


def test_the_incident_of_an_alert_is_known_without_a_run(cli: Cli, tmp_path: Path) -> None:
    text = (
        'version: "1.0"\nname: known\nnodes:\n  - {id: read, type: ingest}\n'
        '  - {id: tell, type: notify, when: incident.severity == "critical", config: {driver: log,\n'
        '     message: "{{ incident.id }} is {{ incident.status }}, {{ incident.fingerprint }}"}}\n'
    )
    (tmp_path / "d.yaml").write_text(text)
    alert = ("--payload", ALERT)
    would = _plan(cli, tmp_path, text, *alert)["nodes"][1]["would"]
    assert would[0] == 'would run: incident.severity == "critical" (incident.severity is "critical")'
    run = json.loads(rehearsed(cli, tmp_path, "--json", *alert, text=text, env={}).out)
    read = run["node_results"]["read"]["output"]
    assert f"    {read['incident_id']} is firing, {read['alert_fingerprint']}" in would
    none = _plan(cli, tmp_path, text, *alert, "--no-incidents")["nodes"][1]["would"]
    assert f"    None is firing, {read['alert_fingerprint']}" in none


@pytest.mark.parametrize(
    ("flags", "text", "code", "message"),
    [
        (
            (),
            BRANCHING.replace("mapping", "maping"),
            3,
            'd.yaml:9:14 E203 nodes[1].config.maping: unknown key "maping" — did you mean "mapping"?',
        ),
        (("--input", "m=1"), BRANCHING, 2, "the definition declares no input m — known: n"),
        (("--input", "n=x"), BRANCHING, 2, 'input n: expected a number, got "x"'),
        ((), BRANCHING.replace("default: 3", "required: true"), 4, "input n is required and not given"),
        (("--config", "nothing.yaml"), BRANCHING, 4, "Config file not found: nothing.yaml"),
    ],
    ids=["invalid", "unknown input", "wrong input", "missing input", "no definition"],
)  # fmt: skip
def test_mistakes_end_it_as_they_end_a_run(
    cli: Cli, tmp_path: Path, flags: tuple[str, ...], text: str, code: int, message: str
) -> None:
    ended = rehearsed(cli, tmp_path, "--dry-run", *flags, text=text)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


def test_the_exact_message_of_an_alert_is_shown_without_the_secret(cli: Cli, trap: Trap) -> None:
    env = {"SLACK_WEBHOOK_URL": f"{trap.url}/opensesame"}
    flags = ("--notify-driver", "slack", "--checkers", "memory", "--environment", "prod")
    ended = cli("--payload", ALERT, "--dry-run", *flags, env=env)
    shown = ended.out[ended.out.index("would send with slack:") :].splitlines()
    assert shown[1:4] == [
        f"         POST http://127.0.0.1:{trap.port}/«SLACK_WEBHOOK_URL»",
        "         Content-Type: application/json",
        "",
    ]
    blocks = json.loads(shown[4])["blocks"]
    assert blocks[0]["text"]["text"] == "[CRITICAL] Disk full on db1"
    assert blocks[1]["text"]["text"].splitlines() == ["/var is full", "First seen in this run."]
    assert not trap.sprung


LATER = "depends on what earlier nodes find"
WAITING = """\
version: "1.0"
inputs: {deep: {type: boolean, default: false}}
nodes:
  - {id: look, type: context, config: {checks: [memory]}}
  - {id: more, type: context, when: inputs.deep, config: {checks: [disk]}}
  - {id: why, type: intelligence, when: look.verdict > "ok", config: {provider: local}}
  - {id: cut, type: transform, config: {template: "{{ look.output.checks_run }}"}}
  - {id: copy, type: transform, config: {source_node: look}}
  - {id: tell, type: notify, always: true, config: {driver: log, message: "saw {{ look.output.checks_run }}"}}
"""


def test_what_can_be_known_is_evaluated_and_the_rest_says_what_it_waits_for(cli: Cli, tmp_path: Path) -> None:
    would = {node["id"]: node["would"] for node in _plan(cli, tmp_path, WAITING)["nodes"]}
    assert would["more"] == ["would be skipped: when is false: inputs.deep (inputs.deep is false)"]
    assert would["why"][0] == f'runs only where look.verdict > "ok": {LATER}'
    assert [would[name] for name in ("cut", "copy")] == [[f"its config {LATER}: look"]] * 2
    assert would["tell"][:2] == [f"its message {LATER}: look; without it:", "would send with log:"]
    deep = _plan(cli, tmp_path, WAITING, "--input", "deep=true")
    assert deep["nodes"][1]["would"][0] == "would run: inputs.deep (inputs.deep is true)"


def test_a_node_that_would_fail_says_so_and_the_rest_is_skipped(cli: Cli, tmp_path: Path) -> None:
    text = (
        'version: "1.0"\nnodes:\n  - {id: a, type: transform, config: {extract: gone}}\n  - {id: b, type: transform}\n'
    )
    first, second = _plan(cli, tmp_path, text)["nodes"]
    assert first["would"] == ['would fail: the payload has no "gone"; it is empty']
    assert second["would"] == ["would be skipped: a failed"]


def _plan(cli: Cli, tmp_path: Path, text: str, *flags: str) -> dict[str, Any]:
    ended = rehearsed(cli, tmp_path, "--dry-run", "--json", *flags, text=text, env={})
    assert ended.code == 0, ended.err
    plan: dict[str, Any] = json.loads(ended.out)
    return plan


HOSTILE = json.dumps({"title": "a\u001b[31m\n::error::pwned", "description": "##[error]x\ud800", "severity": "info"})


@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["text", "json"])
def test_nothing_in_a_payload_moves_the_cursor_or_is_a_command(cli: Cli, flags: tuple[str, ...]) -> None:
    ended = cli("--payload", HOSTILE, "--dry-run", "--checkers", "memory", *flags, env={"GITHUB_ACTIONS": "true"})
    assert ended.code == 0, ended.err
    told = (ended.out + ended.err).splitlines()
    assert [line for line in told if line.lstrip().startswith("::error") or "##[" in line] == []
    assert "\x1b" not in ended.out + ended.err
