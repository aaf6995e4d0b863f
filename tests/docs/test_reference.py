"""The examples of the reference: one for each member there is, valid, and each does what it is there for."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest

from docs.generate.members import EXAMPLES, example
from docs.generate.pages import pages
from runner.cli.catalogue import FAMILIES, options
from runner.secrets import reveal
from tests.channels.smtp_server import mail_server
from tests.channels.stage import receiving
from tests.checks.dns_server import having, name_server
from tests.checks.tls_server import chain, leaf, showing
from tests.providers.model_server import answering, says

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import trustme

    from runner.spec.databases import DatabaseUrl
    from tests.conftest import Ended
    from tests.doors.conftest import Serve

    Cli = Callable[..., Ended]

MEMBERS: Final = [(family, name) for family, registry in FAMILIES.items() for name in registry]
MACHINE: Final = {"cpu", "memory", "disk", "context"}
"""Examples whose verdict is that of the machine that the tests run on."""
HEALTHY: Final = b'{"status": "up"}'

every_member = pytest.mark.parametrize(("family", "name"), MEMBERS, ids=lambda word: word)


@dataclass
class Stage:
    """What an example is run with: words in it that stand for servers, its environment, its flags."""

    stands: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    arrived: Callable[[], object] = lambda: True
    """What came to the server, once it has run."""


def answered(connection: socket.socket) -> None:
    """Answer one request as the shop does."""
    connection.recv(65536)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(HEALTHY)}\r\n\r\n"
    connection.sendall(head.encode() + HEALTHY)


@dataclass(frozen=True)
class Props:
    """What stages are made of."""

    serve: Serve
    authority: trustme.CA
    ca_file: str
    folder: Path
    database: Callable[[str], DatabaseUrl]
    """A server that runs here anyway, by the name of its fixture; the test is skipped where there is none."""


@pytest.fixture
def stage(
    serve: Serve, authority: trustme.CA, ca_file: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str, str], Stage]]:
    """Set the stage for an example."""
    props = Props(serve=serve, authority=authority, ca_file=ca_file, folder=tmp_path, database=request.getfixturevalue)
    with ExitStack() as stack:
        yield lambda family, name: stack.enter_context(STAGES.get((family, name), nothing)(props))


@contextmanager
def nothing(_props: Props) -> Iterator[Stage]:
    yield Stage()


@contextmanager
def shop(props: Props) -> Iterator[Stage]:
    yield Stage(stands={"https://shop.example": f"http://127.0.0.1:{props.serve(answered)}"})


@contextmanager
def mail(_props: Props) -> Iterator[Stage]:
    with mail_server() as post:
        yield Stage(stands={"host: shop.example, port: 25": f"host: 127.0.0.1, port: {post.port}"})


@contextmanager
def names(_props: Props) -> Iterator[Stage]:
    with name_server({"shop.example": having("shop.example. 60 A 192.0.2.80")}) as server:
        yield Stage(stands={"192.0.2.53:53": server.place})


@contextmanager
def certificate(props: Props) -> Iterator[Stage]:
    port = props.serve(showing(chain(leaf(props.authority, "127.0.0.1"))))
    here = f"host: 127.0.0.1, port: {port}"
    yield Stage(stands={"host: shop.example, port: 443": here}, env={"REQUESTS_CA_BUNDLE": props.ca_file})


@contextmanager
def web_server(props: Props) -> Iterator[Stage]:
    """Two processes that are called as the example wants them."""
    program = props.folder / "nginx"
    shutil.copy(shutil.which("sleep") or "", program)
    running = [subprocess.Popen([program, "60"]) for _ in range(2)]
    yield Stage()
    for one in running:
        one.kill()
        one.wait()


def sample_of(name: str) -> Callable[[Props], AbstractContextManager[Stage]]:
    """The sample of a format as the event."""

    @contextmanager
    def set_up(_props: Props) -> Iterator[Stage]:
        yield Stage(flags=("--sample", "--source", name))

    return set_up


def asks(fixture: str) -> Callable[[Props], AbstractContextManager[Stage]]:
    """A database whose address is a secret."""

    @contextmanager
    def set_up(props: Props) -> Iterator[Stage]:
        url = props.database(fixture)
        login = f"{url.user}:{reveal(url.password)}" if url.password else url.user
        yield Stage(env={"SHOP_DATABASE_URL": f"{url.kind}://{login}@{url.host}:{url.port}/{url.database}"})

    return set_up


@contextmanager
def model(_props: Props) -> Iterator[Stage]:
    with answering(says()) as server:
        stands = {"https://models.shop.example/v1": server.url}
        yield Stage(stands=stands, env={"OPENAI_API_KEY": "key-of-a-test"}, arrived=lambda: server.asked)


def hears(variable: str, path: str = "", *flags: str, **env: str) -> Callable[[Props], AbstractContextManager[Stage]]:
    """A receiver whose address stands in a variable."""

    @contextmanager
    def set_up(_props: Props) -> Iterator[Stage]:
        with receiving() as receiver:
            given = {variable: f"{receiver.url}{path}", **env}
            yield Stage(env=given, flags=flags, arrived=lambda: receiver.requests)

    return set_up


@contextmanager
def letter(_props: Props) -> Iterator[Stage]:
    with mail_server() as post:
        env = {"SMTP_URL": f"smtp://{post.where}?tls=no"}
        yield Stage(env=env, arrived=lambda: [one.recipients for one in post.mails] == [("ops@shop.example",)])


STAGES: Final[dict[tuple[str, str], Callable[[Props], AbstractContextManager[Stage]]]] = {
    ("checks", "http"): shop,
    ("checks", "tcp"): mail,
    ("checks", "dns"): names,
    ("checks", "tls"): certificate,
    ("checks", "process"): web_server,
    ("checks", "postgres"): asks("shared_postgres"),
    ("checks", "mysql"): asks("shared_mysql"),
    ("node-types", "context"): shop,
    ("node-types", "ingest"): sample_of("alertmanager"),
    ("providers", "openai"): model,
    ("drivers", "slack"): hears("SLACK_WEBHOOK_URL"),
    ("drivers", "generic"): hears("NOTIFY_WEBHOOK_URL"),
    ("drivers", "pagerduty"): hears(
        "PAGERDUTY_EVENTS_URL",
        "",
        "--warning-threshold=0.0001",
        "--critical-threshold=0.001",
        PAGERDUTY_ROUTING_KEY="0123456789abcdef0123456789abcdef",
    ),
    ("drivers", "email"): letter,
    **{("formats", name): sample_of(name) for name in FAMILIES["formats"]},
}


@every_member
def test_every_member_has_an_example_that_uses_it(family: str, name: str) -> None:
    key = {"node-types": "type", "checks": "type", "formats": "format", "providers": "provider", "drivers": "driver"}
    text = example(family, name)
    assert f"{key[family]}: {name}" in text
    assert text.startswith("# ")


def test_there_is_no_example_of_anything_else() -> None:
    assert {(path.parent.name, path.stem) for path in EXAMPLES.rglob("*.*")} == set(MEMBERS)


def test_no_example_gets_a_diagnostic(cli: Cli) -> None:
    told = json.loads(cli("validate", str(EXAMPLES), "--json").out)
    assert [one for file in told["files"] for one in file["diagnostics"]] == []


@every_member
def test_an_example_runs(family: str, name: str, cli: Cli, stage: Callable[[str, str], Stage], tmp_path: Path) -> None:
    given = stage(family, name)
    text = example(family, name)
    for word, here in given.stands.items():
        assert word in text
        text = text.replace(word, here)
    (tmp_path / "example.yaml").write_text(text)
    (tmp_path / "backup.tar").write_text("data")
    ended = cli("--config", "example.yaml", "--json", "--fail-on", "never", *given.flags, env=given.env)
    result = json.loads(ended.out)
    assert (result["status"], result["error"]) == ("completed", None), ended.err
    assert {node["status"] for node in result["node_results"].values()} <= {"succeeded", "skipped"}
    assert [error for node in result["node_results"].values() for error in node["errors"]] == []
    assert given.arrived()
    if family == "checks" and name not in MACHINE:
        assert result["verdict"] == "ok", result["findings"]


# --- the pages -------------------------------------------------------------------------------------


@every_member
def test_a_page_has_the_example_and_every_key_with_a_word_about_it(family: str, name: str) -> None:
    page = pages()[f"reference/{family}/{name}.md"]
    assert example(family, name).rstrip() in page
    found = list(options(FAMILIES[family].load(name)))
    assert [one.name for one in found if f"| `{one.name}` |" not in page] == []
    assert [one.name for one in found if not one.text] == []


@pytest.mark.parametrize("name", list(FAMILIES["formats"]))
def test_the_page_of_a_format_shows_its_sample_and_what_is_read_from_it(name: str) -> None:
    blocks = pages()[f"reference/formats/{name}.md"].split("```json\n")[1:]
    sample, alerts = (json.loads(block.partition("```")[0]) for block in blocks)
    member = FAMILIES["formats"].load(name)()
    assert sample == member.sample()
    assert [one["name"] for one in alerts] == [alert.name for alert in member.parse(sample).alerts]


def test_keys_say_what_they_take() -> None:
    page = pages()["reference/checks/http.md"]
    assert "| `url` | URL | *required* |" in page
    assert "| `method` | word | `GET` |" in page
    assert "| `warning` | threshold |  |" in page
    assert "| `timeout` | duration | `10s` |" in page
    assert "| `expect.status` | whole number or text or list of whole numbers or texts | `200-399` |" in page


def test_the_page_of_the_definition_has_a_word_about_every_key() -> None:
    rows = [line for line in pages()["reference/definition.md"].splitlines() if line.startswith("| `")]
    assert {row.split("`")[1] for row in rows} >= {
        "version",
        "nodes",
        "inputs",
        "secrets",
        "id",
        "type",
        "when",
        "retry",
    }
    assert [row for row in rows if row.endswith("|  |")] == []
