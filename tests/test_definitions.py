"""The definitions that ship: valid, explained at their head, and run as a person would run them."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.channels.smtp_server import mail_server
from tests.channels.stage import receiving
from tests.doors.conftest import authority, ca_file, free_port
from tests.providers.model_server import ADVICE, WORDS, answering, refuses, says
from tests.support import definition_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import trustme

    from tests.channels.smtp_server import Post
    from tests.channels.stage import Receiver
    from tests.conftest import Ended
    from tests.providers.model_server import ModelServer

    Cli = Callable[..., Ended]

__all__ = ["authority", "ca_file", "free_port"]

FOLDER = Path(__file__).parents[1] / "definitions"
PATHS = sorted(path for path in FOLDER.rglob("*") if path.is_file())


class _Site(BaseHTTPRequestHandler):
    """A web site: `/down` is broken, `/slow` takes its time, the rest is well."""

    def do_GET(self) -> None:
        time.sleep(0.7 if self.path == "/slow" else 0)
        self.send_response(503 if self.path == "/down" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the standard library's signature
        """Keep quiet."""


@contextmanager
def web_site(certificate: trustme.LeafCert | None = None) -> Iterator[str]:
    """Serve a web site on the loopback interface, over TLS with a certificate; gives the host and port to ask."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Serve a web site without TLS."""
    with web_site() as where:
        yield f"http://{where}"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A run of a definition that ships, and what comes of it."""

    definition: str
    flags: tuple[str, ...] = ()
    """`SITE` in them is the address of the web site."""
    code: int = 0
    verdict: str | None = "ok"
    """None where it is the machine's own."""
    executed: tuple[str, ...]
    said: tuple[str, ...] = ()
    """What stands on stderr, where the log channel speaks."""


WELL: Final = ("--checkers", "memory,disk", "--warning-threshold", "99.9", "--critical-threshold", "100")
SICK: Final = ("--checkers", "memory", "--warning-threshold", "0.001", "--critical-threshold", "0.002")
"""A machine is as busy as it is: checks that are no matter of chance, and thresholds that make it well or ill."""
EMPTY: Final = "the payload is empty: give one with --payload, --file, --event or --sample"
ALERT: Final = '{"title": "Disk full", "severity": "critical"}'

CASES = {
    "checks-only as it is": Case(
        definition="checks-only", flags=("--fail-on", "never"), verdict=None, executed=("checks",)
    ),
    "checks-only, well": Case(definition="checks-only", flags=WELL, executed=("checks",)),
    "checks-only, ill": Case(
        definition="checks-only",
        flags=SICK,
        code=5,
        verdict="critical",
        executed=("checks",),
        said=("  critical: memory is ", "% used, above 0.002%"),
    ),
    "local-monitor as it is": Case(
        definition="local-monitor",
        flags=("--fail-on", "never", "--hostname", "box"),
        verdict=None,
        executed=("machine", "analyze", "tell"),
        said=("cpu is ", "memory", "disk"),
    ),
    "local-monitor, well": Case(
        definition="local-monitor",
        flags=("--hostname", "box", *WELL),
        executed=("machine", "analyze", "tell"),
        said=("[OK] local-monitor: 2 checks passed", "- box: memory is "),
    ),
    "local-monitor, ill": Case(
        definition="local-monitor",
        flags=("--hostname", "box", *SICK),
        code=5,
        verdict="critical",
        executed=("machine", "analyze", "tell"),
        said=("[CRITICAL] box: memory is ", "Limits: warning above 0.001%, critical above 0.002%.", "What to do:"),
    ),
    "alert, of Alertmanager": Case(
        definition="alert",
        flags=("--sample", "--source", "alertmanager", "--fail-on", "critical", *WELL),
        verdict="warning",
        executed=("ingest", "context", "analyze", "tell"),
        said=(
            "[WARNING] HighCPUUsage on localhost:9090",
            "- WARNING HighCPUUsage on localhost:9090: CPU usage is above 80% for 5 minutes",
            "- RESOLVED DiskSpaceLow on db1:9100: /var is 87% full",
        ),
    ),
    "alert, of its own kind": Case(
        definition="alert",
        flags=("--payload", ALERT, "--input", "machine_checks=false"),
        code=5,
        verdict="critical",
        executed=("ingest", "analyze", "tell"),
        said=("[CRITICAL] Disk full", "context: skipped — when is false: inputs.machine_checks"),
    ),
    "alert, resolved": Case(
        definition="alert",
        flags=("--payload", ALERT.replace("}", ', "status": "resolved"}'), "--input", "machine_checks=false"),
        executed=("ingest", "analyze", "tell"),
        said=("[RESOLVED] Disk full", "It is over."),
    ),
    "alert, with none in the payload": Case(
        definition="alert",
        flags=("--payload", "{}", "--input", "machine_checks=false"),
        code=1,
        verdict="unknown",
        executed=("ingest", "tell"),
        said=(
            f"[FAILED] alert: ingest failed: {EMPTY}\n",
            "Mend what the title names, and run it again: until then nothing is watched.\nalert · ",
        ),
    ),
    "web-health, up": Case(
        definition="web-health",
        flags=("--input", "url=SITE/"),
        executed=("probe", "tell"),
        said=(
            "[OK] web-health: 1 check passed",
            "- page: SITE/ answered 200 in ",
            "certificate: skipped — when",
            "analyze: skipped — when",
        ),
    ),
    "web-health, slow": Case(
        definition="web-health",
        flags=("--input", "url=SITE/slow", "--input", "warning=350ms", "--input", "critical=9s"),
        verdict="warning",
        executed=("probe", "analyze", "tell"),
        said=("[WARNING] page: SITE/slow answered 200 in ", ", above 350ms", "warning above 350ms, critical above 9s."),
    ),
    "web-health, broken": Case(
        definition="web-health",
        flags=("--input", "url=SITE/down"),
        code=5,
        verdict="critical",
        executed=("probe", "analyze", "tell"),
        said=("[CRITICAL] page: SITE/down answered 503, expected 200 to 399", "(failed 2 of 2 tries)"),
    ),
    "web-health, refused": Case(
        definition="web-health",
        flags=("--input", "url=http://127.0.0.1:1/"),
        code=5,
        verdict="critical",
        executed=("probe", "analyze", "tell"),
        said=("[CRITICAL] page: connection refused by 127.0.0.1:1 (failed 2 of 2 tries)",),
    ),
    "web, up": Case(
        definition="web",
        flags=("--input", "urls=SITE/, SITE/other SITE/"),
        executed=("probe", "tell"),
        said=("analyze: skipped — when is false: ", "▸ tell (notify)\n  succeeded in "),
    ),
    "web, slow": Case(
        definition="web",
        flags=("--input", "urls=SITE/ SITE/slow", "--input", "warning=350ms", "--input", "critical=9s"),
        verdict="warning",
        executed=("probe", "analyze", "tell"),
        said=("[WARNING] SITE/slow answered 200 in ", ", above 350ms", "1 other check is ok: http_127_0_0_1_"),
    ),
    "web, broken": Case(
        definition="web",
        flags=("--input", "urls=SITE/\nSITE/down"),
        code=5,
        verdict="critical",
        executed=("probe", "analyze", "tell"),
        said=("SITE/down answered 503, expected 200 to 399", "1 other check is ok: http_127_0_0_1_"),
    ),
}  # fmt: skip


FIRED: Final = json.dumps(
    {
        "title": "DiskWillFillIn4Hours",
        "severity": "critical",
        "description": "/data of db-1 is full in 3h",
        "labels": {"instance": "db-1:9100", "mountpoint": "/data"},
        "startsAt": "2026-01-10T10:00:00Z",
        "fingerprint": "disk-of-db-1",
    }
)
OVER: Final = FIRED.replace('"severity"', '"status": "resolved", "severity"')
TAKEN: Final = FIRED.replace('"severity"', '"status": "acknowledged", "severity"')
TITLE: Final = "DiskWillFillIn4Hours on db-1:9100"
CAUSE: Final = "/data on db-1 is filling up."
ACCEPTED: Final = 202


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A run of a definition that ships, and what arrives where it sends its message."""

    definition: str
    payload: str = FIRED
    flags: tuple[str, ...] = ()
    status: int = ACCEPTED
    """What the receiver answers."""
    code: int = 0
    arrived: dict[str, object]
    """Parts of the one message that arrives, by their path: `payload.severity`."""
    executed: tuple[str, ...] = ("ingest", "analyze", "notify")


DELIVERIES: Final = {
    "pipeline-manager, firing": Delivery(
        definition="pipeline-manager",
        arrived={
            "title": f"[CRITICAL] {TITLE}",
            "severity": "critical",
            "verdict": "critical",
            "source": "cli",
            "environment": "development",
            "summary": "1 alert is firing: DiskWillFillIn4Hours (critical) on db-1:9100.",
            "probable_cause": CAUSE,
            "recommendations.0.title": "Free space on /data on db-1",
            "recommendations.0.actions.0": (
                "On db-1: `df -h /data` and `df -i /data` show whether space or inodes run out"
            ),
            "recommendations.0.evidence.1": "DiskWillFillIn4Hours: /data of db-1 is full in 3h",
            "alerts.0.labels.mountpoint": "/data",
            "run.definition": "pipeline-manager",
        },
    ),
    "pipeline-manager, over": Delivery(
        definition="pipeline-manager",
        payload=OVER,
        arrived={"title": f"[RESOLVED] {TITLE}", "verdict": "ok", "recommendations": []},
    ),
    "pipeline-manager, unreadable": Delivery(
        definition="pipeline-manager",
        payload="{}",
        code=1,
        executed=("ingest", "notify"),
        arrived={"title": f"[FAILED] pipeline-manager: ingest failed: {EMPTY}", "alerts": []},
    ),
    "pipeline-manager, refused": Delivery(
        definition="pipeline-manager", status=400, code=9, arrived={"title": f"[CRITICAL] {TITLE}"}
    ),
    "pagerduty-alert, firing": Delivery(
        definition="pagerduty-alert",
        arrived={
            "routing_key": "R0UTINGKEY",
            "event_action": "trigger",
            "payload.summary": f"[CRITICAL] {TITLE}",
            "payload.severity": "critical",
            "payload.source": "db-1:9100",
            "payload.class": "DiskWillFillIn4Hours",
            "payload.custom_details.likely_cause": CAUSE,
        },
    ),
    "pagerduty-alert, acknowledged": Delivery(
        definition="pagerduty-alert", payload=TAKEN, arrived={"event_action": "acknowledge"}
    ),
    "pagerduty-alert, over": Delivery(
        definition="pagerduty-alert", payload=OVER, arrived={"event_action": "resolve"}
    ),
    "pagerduty-alert, unreadable": Delivery(
        definition="pagerduty-alert",
        payload="{}",
        code=1,
        executed=("ingest", "notify"),
        arrived={"event_action": "trigger", "payload.severity": "error"},
    ),
    "model-analysis": Delivery(
        definition="model-analysis",
        flags=("--input", "base_url=MODEL", "--input", "model=tiny"),
        status=200,
        arrived={
            "text": f"[CRITICAL] {TITLE}",
            "blocks.0.text.text": f"[CRITICAL] {TITLE}",
            "blocks.2.text.text": (
                f"*Likely cause*\n{WORDS['probable_cause']}\nopenai says so, and may be wrong.\n"
                "• DiskWillFillIn4Hours (critical) is firing on db-1:9100: /data of db-1 is full in 3h"
            ),
            "blocks.3.text.text": (
                "*What to do*\nWritten by openai: read a command before you run it.\n"
                f"• {ADVICE['title']}. {ADVICE['description']}\n"
                f"      ◦ {ADVICE['actions'][0]}\n      ◦ {ADVICE['actions'][1]}"
            ),
        },
    ),
    "model-analysis, without the model": Delivery(
        definition="model-analysis",
        flags=("--input", "base_url=SICK"),
        status=200,
        arrived={
            "text": f"[CRITICAL] {TITLE}",
            "blocks.2.text.text": (
                f"*Likely cause*\n{CAUSE}\nThe analysis service gave no answer; this comes from the local rules."
            ),
        },
    ),
}  # fmt: skip


def test_every_definition_that_ships_is_a_yaml_file_with_a_run_here() -> None:
    assert {path.suffix for path in PATHS} == {".yaml"}
    runs: list[Case | Delivery] = [*CASES.values(), *DELIVERIES.values()]
    assert {path.stem for path in PATHS} == {case.definition for case in runs}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_definition_is_valid_without_a_warning_and_named_like_its_file(path: Path) -> None:
    definition = definition_of(path.read_text())
    assert (definition.name, definition.warnings) == (path.stem, ())
    assert definition.description


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_definition_says_at_its_head_what_it_is_and_how_to_try_it(path: Path) -> None:
    lines = path.read_text().splitlines()
    head = lines[: next(place for place, line in enumerate(lines) if not line.startswith("#"))]
    assert len(head) > 1
    assert "Try it:  pipeline-runner " in head[-1]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_command_at_the_head_works(cli: Cli, path: Path) -> None:
    [command] = [line for line in path.read_text().splitlines() if "Try it:  pipeline-runner " in line]
    arguments = command.partition("pipeline-runner ")[2].split()
    ended = cli(*arguments, "--dry-run")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[1] == f"Pipeline Definition: {path.stem}"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_definition_does_what_it_is_for(cli: Cli, site: str, case: Case) -> None:
    flags = [flag.replace("SITE", site) for flag in case.flags]
    ended = cli("--definition", case.definition, "--json", *flags)
    document = json.loads(ended.out)
    assert (ended.code, document["exit"]["code"]) == (case.code, case.code), ended.err
    assert document["definition_source"] == f"builtin:{case.definition}"
    assert (case.verdict or document["verdict"], case.executed) == (
        document["verdict"],
        tuple(document["executed_nodes"]),
    )
    assert [text for text in case.said if text.replace("SITE", site) not in ended.err] == []


@dataclass(frozen=True)
class Town:
    """Where messages go, and who is asked: a receiver, a model that answers, one that is ill."""

    hook: Receiver
    model: ModelServer
    sick: ModelServer
    post: Post

    @property
    def env(self) -> dict[str, str]:
        return {
            "NOTIFY_WEBHOOK_URL": f"{self.hook.url}/hook",
            "SLACK_WEBHOOK_URL": f"{self.hook.url}/services/T0/B0/X0",
            "PAGERDUTY_EVENTS_URL": f"{self.hook.url}/v2/enqueue",
            "PAGERDUTY_ROUTING_KEY": "R0UTINGKEY",
            "OPENAI_API_KEY": "sk-swordfish-42",
            "SMTP_URL": f"smtp://{self.post.where}?tls=no",
            "SMTP_FROM": "watch@example.org",
            "SMTP_TO": "oncall@example.org",
        }


@pytest.fixture
def town() -> Iterator[Town]:
    """Serve all of it on the loopback interface."""
    model, sick = answering(says()), answering(refuses(500, "out of memory"))
    with receiving() as hook, model as well, sick as ill, mail_server() as post:
        yield Town(hook, well, ill, post)


@pytest.mark.parametrize("case", DELIVERIES.values(), ids=DELIVERIES)
def test_what_a_definition_sends_arrives(cli: Cli, town: Town, case: Delivery) -> None:
    town.hook.answer(case.status, b'{"status": "success", "dedup_key": "k"}' if case.status == ACCEPTED else b"ok")
    flags = [flag.replace("MODEL", town.model.url).replace("SICK", town.sick.url) for flag in case.flags]
    ended = cli("--definition", case.definition, "--payload", case.payload, "--json", *flags, env=town.env)
    document = json.loads(ended.out)
    assert (ended.code, tuple(document["executed_nodes"])) == (case.code, case.executed), ended.err
    (request,) = town.hook.requests
    assert {path: found(request.json, path) for path in case.arrived} == case.arrived
    assert "sk-swordfish" not in ended.out + ended.err + request.body.decode()


def found(tree: Any, path: str) -> object:  # noqa: ANN401 - JSON
    """Return what stands at a dotted path."""
    for step in path.split("."):
        tree = tree[int(step)] if isinstance(tree, list) else tree[step]
    return tree


def test_the_model_of_model_analysis_is_asked_with_its_key_and_the_facts(cli: Cli, town: Town) -> None:
    flags = ("--input", f"base_url={town.model.url}", "--input", "model=tiny")
    ended = cli("--definition", "model-analysis", "--payload", FIRED, *flags, env=town.env)
    (asked,) = town.model.asked
    assert (ended.code, asked.headers["authorization"]) == (0, "Bearer sk-swordfish-42")
    assert (asked.json["model"], asked.json["max_tokens"]) == ("tiny", 1500)
    (fact,) = asked.facts
    assert (fact["name"], fact["known"]["cause"]) == ("DiskWillFillIn4Hours", CAUSE)


def test_an_incident_of_pagerduty_makes_no_other(cli: Cli, town: Town) -> None:
    ended = cli("--definition", "pagerduty-alert", "--sample", "--source", "pagerduty", "--json", env=town.env)
    assert (ended.code, json.loads(ended.out)["executed_nodes"]) == (0, ["ingest"]), ended.err
    assert town.hook.requests == []


def test_an_alert_has_one_incident_at_pagerduty_from_beginning_to_end(cli: Cli, town: Town) -> None:
    for payload in (FIRED, TAKEN, OVER):
        cli("--definition", "pagerduty-alert", "--payload", payload, env=town.env)
    assert [request.json["event_action"] for request in town.hook.requests] == ["trigger", "acknowledge", "resolve"]
    assert len({request.json["dedup_key"] for request in town.hook.requests}) == 1


@dataclass(frozen=True, kw_only=True)
class Certified:
    """A site over TLS, and what web-health makes of its certificate."""

    days: int
    """From now until it ends."""
    trusted: bool = True
    """The authority is known."""
    code: int = 0
    verdict: str = "ok"
    executed: tuple[str, ...] = ("probe", "certificate", "analyze", "tell")
    title: str
    said: tuple[str, ...] = ()
    """Lines of what arrives, or their beginnings."""


CERTIFIED: Final = {
    "well": Certified(
        days=90,
        executed=("probe", "certificate", "tell"),
        title="[OK] web-health: 2 checks passed",
        said=(
            "- page: https://WHERE/ answered 200 in ",
            "- certificate: the certificate of WHERE expires in 89 days, on ",
        ),
    ),
    "ends soon": Certified(
        days=12,
        verdict="warning",
        title="[WARNING] certificate: the certificate of WHERE expires in 11 days, on ",
        said=(
            "Limits: warning below 21d, critical below 7d.",
            "1 other check is ok: page.",
            "The certificate of 127.0.0.1 was not renewed when it was due.",
            "- Renew the certificate of 127.0.0.1 in time",
        ),
    ),
    "ends too soon": Certified(
        days=3,
        code=5,
        verdict="critical",
        title="[CRITICAL] certificate: the certificate of WHERE expires in 2 days, on ",
        said=("1 other check is ok: page.",),
    ),
    "over": Certified(
        days=-2,
        code=5,
        verdict="critical",
        title="[CRITICAL] page: the certificate of WHERE has expired, or one that vouches for it has: renew it, and",
        said=(
            "2 of 2 checks are not ok: 2 critical.",
            "- CRITICAL certificate: the certificate of WHERE expired 2 days ago, on ",
        ),
    ),
    "of nobody who is known": Certified(
        days=90,
        trusted=False,
        code=5,
        verdict="critical",
        title="[CRITICAL] page: the certificate of WHERE comes without that of its issuer, which is not known here",
        said=(
            "2 of 2 checks are not ok: 2 critical.",
            "127.0.0.1 serves its own certificate without the one in between",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CERTIFIED.values(), ids=CERTIFIED)
def test_web_health_says_how_long_a_certificate_lasts(
    cli: Cli, town: Town, authority: trustme.CA, ca_file: str, case: Certified
) -> None:
    ends = datetime.now(UTC) + timedelta(days=case.days)
    leaf = authority.issue_cert("127.0.0.1", not_before=ends - timedelta(days=90), not_after=ends)
    flags = ("--definition", "web-health", "--notify-driver", "generic", "--json")
    env = town.env | ({"REQUESTS_CA_BUNDLE": ca_file} if case.trusted else {})
    with web_site(leaf) as where:
        ended = cli(*flags, "--input", f"url=https://{where}/", env=env)
    document = json.loads(ended.out)
    assert (ended.code, document["verdict"]) == (case.code, case.verdict), ended.err
    assert tuple(document["executed_nodes"]) == case.executed
    (request,) = town.hook.requests
    assert request.json["title"].startswith(case.title.replace("WHERE", where))
    lines = request.json["message"].splitlines()
    wanted = [text.replace("WHERE", where) for text in case.said]
    assert [text for text in wanted if not any(line.startswith(text) for line in lines)] == []


def test_web_health_asks_for_no_certificate_where_nobody_listens(cli: Cli, town: Town, free_port: int) -> None:
    url = f"https://127.0.0.1:{free_port}/"
    ended = cli("--definition", "web-health", "--input", f"url={url}", "--notify-driver", "slack", env=town.env)
    (request,) = town.hook.requests
    assert ended.code == 5
    assert "certificate: skipped — when is false: " in ended.err
    assert request.json["text"].startswith(f"[CRITICAL] page: connection refused by 127.0.0.1:{free_port}")


WEB: Final = {
    "several of one host": (
        ("https://WHERE/", "https://WHERE/other", "https://WHERE/", "SITE/"),
        ("http_WHERE", "http_WHERE_other", "http_SITE", "tls_WHERE"),
    ),
    "without https": (("SITE/", "SITE/slow"), ("http_SITE", "http_SITE_slow")),
    "all well": (("https://WHERE/x",), ("http_WHERE_x", "tls_WHERE")),
}
"""What is asked, and the checks that come of it."""


@pytest.mark.parametrize(("urls", "names"), WEB.values(), ids=WEB)
def test_web_asks_each_address_once_and_each_host_for_its_certificate(
    cli: Cli, site: str, authority: trustme.CA, ca_file: str, urls: tuple[str, ...], names: tuple[str, ...]
) -> None:
    env = {"REQUESTS_CA_BUNDLE": ca_file}
    with web_site(authority.issue_cert("127.0.0.1")) as where:
        given = [url.replace("WHERE", where).replace("SITE", site) for url in urls]
        ended = cli("--definition", "web", "--input", f"urls={' '.join(given)}", "--json", env=env)
        planned = cli("--definition", "web", "--input", f"urls={','.join(given)}", "--dry-run", env=env)
    document = json.loads(ended.out)
    assert (ended.code, document["verdict"], document["executed_nodes"]) == (0, "ok", ["probe", "tell"]), ended.err
    words = {"WHERE": where, "SITE": site.removeprefix("http://")}
    spelled = {word: re.sub(r"\W", "_", place) for word, place in words.items()}
    wanted = [name.replace("WHERE", spelled["WHERE"]).replace("SITE", spelled["SITE"]) for name in names]
    assert list(document["node_results"]["probe"]["output"]["results"]) == wanted
    assert re.findall(r"would check \w+ (\w+): ", planned.out) == wanted


def test_web_names_what_it_found_alike_wherever_an_address_stands_in_the_list(cli: Cli, site: str) -> None:
    runs = [f"{site}/down", f"{site}/other {site}/down"]
    ended = [cli("--definition", "web", "--input", f"urls={urls}", "--json") for urls in runs]
    prints = [one["fingerprint"] for run in ended for one in json.loads(run.out)["findings"]]
    assert (len(prints), len(set(prints))) == (2, 1)


@pytest.mark.parametrize("flag", ["--dry-run", "--fail-on=never"])
@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ((), 4, "error: input urls is required and not given — add --input urls=…\n"),
        (("--input", "urls= , "), 4, "error: input urls is required and not given — add --input urls=…\n"),
        (
            ("--input", "urls=https://a.example b.example ftp://c.example"),
            3,
            (
                "error: Pipeline definition invalid:\n"
                '  - builtin:web:32:16 E204 nodes[0].config.checks[0].url: "b.example" is no URL — write "https://b.example"\n'
                '  - builtin:web:32:16 E204 nodes[0].config.checks[0].url: "ftp://c.example" is no URL'
                " — it starts with http:// or https://\n"
            ),
        ),
        (
            ("--input", "urls=https://a.example", "--input", "warning=soon"),
            3,
            (
                "error: Pipeline definition invalid:\n"
                '  - builtin:web:33:20 E202 nodes[0].config.checks[0].warning: expected a duration, got "soon"'
                ' — write it with a unit, like "30s", "5m" or "1h30m"\n'
            ),
        ),
    ],
    ids=["none", "empty", "no URLs", "no duration"],
)
def test_web_says_what_is_wrong_with_its_inputs_before_it_asks_anybody(
    cli: Cli, flag: str, given: tuple[str, ...], code: int, said: str
) -> None:
    ended = cli("--definition", "web", flag, *given)
    assert (ended.code, ended.err, ended.out) == (code, said, "")


@pytest.mark.parametrize("driver", ["slack", "generic", "pagerduty", "email"])
@pytest.mark.parametrize(
    "run",
    [
        ("local-monitor", ("--hostname", "box", *SICK), "[CRITICAL] box: memory is "),
        (
            "web-health",
            ("--input", "url=SITE/slow", "--input", "warning=350ms", "--input", "critical=9s"),
            "[WARNING] page: SITE/slow answered 200 in ",
        ),
        ("web", ("--input", "urls=SITE/down"), "[CRITICAL] SITE/down answered 503, expected 200 to 399"),
    ],
    ids=["local-monitor", "web-health", "web"],
)
def test_what_looks_by_itself_tells_whoever_is_named(
    cli: Cli, site: str, town: Town, driver: str, run: tuple[str, tuple[str, ...], str]
) -> None:
    name, flags, title = run
    given = [flag.replace("SITE", site) for flag in flags]
    cli("--definition", name, "--notify-driver", driver, *given, env=town.env)
    heard = {
        "slack": [request.json.get("text") for request in town.hook.requests],
        "generic": [request.json.get("title") for request in town.hook.requests],
        "pagerduty": [request.json.get("payload", {}).get("summary") for request in town.hook.requests],
        "email": [str(arrived.mail["Subject"]).strip() for arrived in town.post.mails],
    }
    (told,) = heard[driver]
    assert told.startswith(title.replace("SITE", site))
    assert len(town.hook.requests) + len(town.post.mails) == 1
