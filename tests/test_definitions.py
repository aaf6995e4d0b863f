"""The definitions that ship: valid, explained at their head, and run as a person would run them."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support import definition_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

FOLDER = Path(__file__).parents[1] / "definitions"
PATHS = sorted(path for path in FOLDER.rglob("*") if path.is_file())


class _Site(BaseHTTPRequestHandler):
    """A web site: `/down` is broken, `/slow` takes its time, the rest is well."""

    def do_GET(self) -> None:
        time.sleep(0.05 if self.path == "/slow" else 0)
        self.send_response(503 if self.path == "/down" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the standard library's signature
        """Keep quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Serve a web site on the loopback interface."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


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
        said=("[OK] local-monitor: 2 checks passed", "- box: memory is ", "Nothing is wrong: 2 checks ok"),
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
        said=("[WARNING] HighCPUUsage on localhost:9090", "CPU usage is above 80% for 5 minutes", "Labels: job=node"),
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
        said=("[FAILED] alert: ingest failed", "- ingest: the payload is empty: give one with "),
    ),
    "web-health, up": Case(
        definition="web-health",
        flags=("--input", "url=SITE/"),
        executed=("probe", "tell"),
        said=("[OK] web-health: 1 check passed", "- page: SITE/ answered 200 in ", "analyze: skipped — when"),
    ),
    "web-health, slow": Case(
        definition="web-health",
        flags=("--input", "url=SITE/slow", "--input", "warning=10ms", "--input", "critical=1m"),
        verdict="warning",
        executed=("probe", "analyze", "tell"),
        said=("[WARNING] page: SITE/slow answered 200 in ", ", above 10ms", "warning above 10ms, critical above 1m."),
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
        said=("[CRITICAL] http://127.0.0.1:1/ page: connection refused by 127.0.0.1:1 (failed 2 of 2 tries)",),
    ),
}  # fmt: skip


def test_every_definition_that_ships_is_a_yaml_file_with_a_run_here() -> None:
    assert {path.suffix for path in PATHS} == {".yaml"}
    assert {path.stem for path in PATHS} == {case.definition for case in CASES.values()}


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
