"""A server that speaks as OpenAI's Chat Completions do, and misbehaves as it is told."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doors.conftest import Servers

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    Misbehaviour = Callable[[socket.socket], object]

ADVICE: dict[str, Any] = {
    "title": "Vacuum the journal of db-1",
    "description": "The journal takes most of the space.",
    "priority": "high",
    "actions": ["journalctl --disk-usage", "journalctl --vacuum-size=1G"],
    "evidence": ["A1"],
}
WORDS: dict[str, Any] = {
    "summary": "The disk of db-1 is nearly full.",
    "probable_cause": "The journal of db-1 was never limited.",
    "recommendations": [ADVICE],
}


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    path: str
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body)

    @property
    def facts(self) -> list[dict[str, Any]]:
        """What stands inside the fence."""
        lines = self.json["messages"][1]["content"].splitlines()
        assert (lines[0], lines[-1]) == ("<facts>", "</facts>")
        return [json.loads(line) for line in lines[1:-1]]


@dataclass
class ModelServer:
    """What it was asked, and how it answers: in turn, the last answer again and again."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[Misbehaviour] = field(default_factory=list)

    def talk(self, connection: socket.socket) -> None:
        while (request := _request(connection)) is not None:
            self.asked.append(request)
            self.answers[min(len(self.asked), len(self.answers)) - 1](connection)


@contextmanager
def answering(*answers: Misbehaviour) -> Iterator[ModelServer]:
    """Serve on loopback."""
    server, servers = ModelServer(answers=list(answers)), Servers()
    server.url = f"http://127.0.0.1:{servers.start(server.talk)}/v1"
    try:
        yield server
    finally:
        servers.stop()


def completion(content: object = WORDS, finish: str = "stop") -> bytes:
    """Write an answer as the API documents it."""
    text = content if isinstance(content, str) else json.dumps(content)
    message = {"role": "assistant", "content": text, "refusal": None}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1767225600,
            "model": "tiny-1",
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
            "usage": {"prompt_tokens": 812, "completion_tokens": 240, "total_tokens": 1052},
        }
    ).encode()


def says(content: object = WORDS, finish: str = "stop") -> Misbehaviour:
    """Answer well-formed, whatever the model says."""
    return sends(200, completion(content, finish))


def sends(status: int, body: bytes, **headers: str) -> Misbehaviour:
    """Answer with this."""
    told = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return lambda connection: connection.sendall(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)


def refuses(status: int, message: str, code: str = "", **headers: str) -> Misbehaviour:
    """Answer with an error as the API documents it."""
    error = {"message": message, "type": "error", "param": None, "code": code or None}
    return sends(status, json.dumps({"error": error}).encode(), **headers)


def breaks_off(connection: socket.socket) -> None:
    """Send half of an answer and hang up."""
    body = completion()
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % len(body) + body[: len(body) // 2])
    connection.close()


def sleeps(connection: socket.socket) -> None:
    """Send nothing until the client leaves."""
    connection.recv(1)


def goes_on(connection: socket.socket) -> None:
    """Send an answer that has no end, a little at a time."""
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def _request(connection: socket.socket) -> Asked | None:
    """Read a request; None where the client has left."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := connection.recv(65536)):
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return Asked(path=first.split()[1], headers=headers, body=body)
