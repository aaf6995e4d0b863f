"""Places that a payload names lead to no private address, unless the definition lets its host through."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from runner.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.results import RunResult

    Run = Callable[..., RunResult]


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.server_port
        server.shutdown()


CHECK = """
version: "1.0"
{top}
nodes:
  - id: probe
    type: context
    config:
      checks:
        - {check}
"""
HTTP = '{type: http, name: page, url: "{{ payload.url }}", confirm: {tries: 1}}'
TCP = '{type: tcp, name: page, host: "{{ payload.host }}", port: "{{ payload.port }}", confirm: {tries: 1}}'


@pytest.mark.parametrize("check", [HTTP, TCP], ids=["http", "tcp"])
def test_a_private_address_out_of_a_payload_is_refused(run: Run, port: int, check: str) -> None:
    payload = {"url": f"http://127.0.0.1:{port}/", "host": "127.0.0.1", "port": port}
    result = run(CHECK.replace("{top}", "").replace("{check}", check), payload=payload)
    assert result.verdict is Verdict.UNKNOWN
    assert result.findings[0].message == (
        f"127.0.0.1:{port} is not connected to: private, loopback, link-local and metadata addresses are refused"
    )


@pytest.mark.parametrize("check", [HTTP, TCP], ids=["http", "tcp"])
def test_a_host_that_the_definition_allows_may_be_private(run: Run, port: int, check: str) -> None:
    payload = {"url": f"http://127.0.0.1:{port}/", "host": "127.0.0.1", "port": port}
    text = CHECK.replace("{top}", "allow_hosts: [127.0.0.1]").replace("{check}", check)
    result = run(text, payload=payload, allow_hosts=frozenset({"127.0.0.1"}))
    assert result.verdict is Verdict.OK


def test_a_private_address_that_an_input_names_is_fine(run: Run, port: int) -> None:
    check = '{type: http, url: "{{ inputs.url }}", confirm: {tries: 1}}'
    text = CHECK.replace("{top}", "inputs: {url: {default: x}}").replace("{check}", check)
    assert run(text, inputs={"url": f"http://127.0.0.1:{port}/"}).verdict is Verdict.OK


def test_a_message_goes_to_no_private_address_that_a_payload_names(run: Run, port: int) -> None:
    text = """
version: "1.0"
nodes:
  - id: tell
    type: notify
    config: {driver: generic, endpoint: "{{ payload.url }}"}
"""
    result = run(text, payload={"url": f"http://127.0.0.1:{port}/"})
    assert result.nodes[0].errors[0].code == "undelivered"
    assert result.nodes[0].errors[0].message == (
        f"the message reached nobody: generic: 127.0.0.1:{port} is not connected to: "
        "private, loopback, link-local and metadata addresses are refused"
    )
