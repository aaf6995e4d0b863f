"""What the tests of channels and of the nodes around them play on: a receiver, a log, scopes and results of nodes."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from runner.doors import Doors, open_doors
from runner.results import NodeResult, Problem, RunFacts, Status, Verdict
from runner.scope import Overrides
from runner.secrets import Masker, Secret
from tests.support import Lines, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.scope import Scope

RUN = RunFacts(
    id="run-1",
    trace_id="trace-1",
    definition="web-health",
    definition_version=1,
    definition_source="web-health.yaml",
    definition_sha256="0" * 64,
    source="cli",
    environment="production",
    started_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    url="https://ci.example/runs/1",
)


def make_scope(
    *nodes: NodeResult,
    seconds: float = 20.0,
    payload: object = None,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    overrides: Overrides | None = None,
    failure: str = "",
    doors: Doors | None = None,
) -> Scope:
    known = {name: Secret(name, value) for name, value in (secrets or {}).items()}
    return scope_of(
        *nodes,
        seconds=seconds,
        run=RUN,
        doors=doors or open_doors({}),
        masker=Masker(known.values()),
        payload={} if payload is None else payload,
        secrets=known,
        variables={name: Secret(name, value) for name, value in (variables or {}).items()},
        overrides=overrides or Overrides(labels=labels or {}),
        failure=failure,
    )


def said(scope: Scope) -> list[str]:
    assert isinstance(scope.log, Lines)
    return scope.log.said


def node(
    node_id: str,
    node_type: str,
    output: Mapping[str, object] | None = None,
    *,
    verdict: Verdict | None = None,
    error: str = "",
    required: bool = True,
) -> NodeResult:
    return NodeResult(
        node_id=node_id,
        node_type=node_type,
        status=Status.FAILED if error else Status.SUCCEEDED,
        verdict=verdict,
        output=output or {},
        errors=(Problem(code="failed", message=error),) if error else (),
        attempts=1,
        required=required,
    )


def alert(name: str = "HighCPUUsage", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of an alert
    return {
        "fingerprint": f"print-of-{name}",
        "name": name,
        "status": "firing",
        "severity": "critical",
        "description": "CPU usage is above 80% for 5 minutes",
        "labels": {"alertname": name, "instance": "web-1", "severity": "critical", "job": "node"},
        "annotations": {},
        "started_at": "2026-03-01T09:55:00Z",
        "ended_at": "",
        "url": "https://prometheus.example/graph?g0=cpu",
        "source": "alertmanager",
        **fields,
    }


def ingested(*alerts: Mapping[str, Any], verdict: Verdict = Verdict.CRITICAL, **fields: object) -> NodeResult:
    output = {
        "alerts": list(alerts),
        "alert_fingerprint": alerts[0]["fingerprint"],
        "group_key": "",
        "incident_id": "0123456789abcdef",
        "truncated": 0,
        **fields,
    }
    return node("ingest", "ingest", output, verdict=verdict)


def check(message: str, verdict: str = "ok", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a result
    return {
        "type": "disk",
        "verdict": verdict,
        "status": verdict,
        "message": message,
        "metrics": {},
        "duration_ms": 1.0,
        "subject": "db1:/",
        "value": None,
        "unit": "",
        "warning": "",
        "critical": "",
        "tries": 1,
        "code": "",
        **fields,
    }


FULL_DISK = check(
    "disk / is 96.2% full, above 95%", "critical", value=96.2, unit="%", warning="above 80%", critical="above 95%"
)
GOOD_MEMORY = check("memory is 41% used", type="memory", subject="db1")


def checked(**results: Mapping[str, Any]) -> NodeResult:
    verdicts = [Verdict(result["verdict"]) for result in results.values()]
    return node("probe", "context", {"checks_run": len(results), "results": results}, verdict=max(verdicts))


ANALYSIS: dict[str, Any] = {
    "summary": "The disk of db1 is full.",
    "probable_cause": "Log files fill the file system.",
    "severity": "critical",
    "recommendations": [
        {
            "type": "disk_full",
            "priority": "high",
            "title": "Free space on /",
            "description": "",
            "actions": ["du -x / | sort -n | tail", "journalctl --vacuum-size=1G"],
            "evidence": ["disk / is 96.2% full"],
        }
    ],
    "provider": "local",
    "fallback_used": False,
}


def analysed(**fields: object) -> NodeResult:
    return node("analyze", "intelligence", {**ANALYSIS, **fields})


@dataclass(frozen=True)
class Received:
    """One request, byte for byte."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body)


@dataclass
class Receiver:
    """A service that takes messages over HTTP, and answers in turn as it is told; after that with 200 `ok`."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answers: list[tuple[int, Mapping[str, str], bytes]] = field(default_factory=list)
    hang: float = 0.0
    """Seconds before it answers."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, body))


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def _handler(receiver: Receiver) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append(Received(self.command, self.path, headers, body))
            status, extra, answer = receiver.answers.pop(0) if receiver.answers else (200, {}, b"ok")
            time.sleep(receiver.hang)
            self.send_response(status)
            for name, value in {**extra, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # who timed out does not listen any more
                self.wfile.write(answer)

        do_PUT = do_POST  # noqa: N815 - the interface

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the interface
            """Keep quiet."""

    return Handler
