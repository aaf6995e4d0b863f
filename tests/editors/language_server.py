"""yaml-language-server as an editor speaks with it: over its standard input and output, in Microsoft's protocol."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INSTALLED: Final = Path(sys.prefix) / "editors/node_modules/yaml-language-server/bin/yaml-language-server"
NODE: Final = shutil.which("node")
PATIENCE: Final = 60


@dataclass(frozen=True, order=True)
class Complaint:
    """Something that the server marks in a file."""

    line: int
    """1-based, as people count."""
    column: int
    message: str

    @classmethod
    def of(cls, mark: Mapping[str, Any]) -> Complaint:
        """Read one of the server's."""
        start = mark["range"]["start"]
        return cls(line=start["line"] + 1, column=start["character"] + 1, message=mark["message"])


@dataclass(frozen=True)
class Offer:
    """Something that may be put in."""

    text: str
    about: str

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Offer:
        """Read one of the server's."""
        about = item.get("documentation", "")
        return cls(text=item["insertText"], about=about["value"] if isinstance(about, dict) else about)


@dataclass
class Server:
    """A server that runs, with the schema of definitions for every file."""

    process: subprocess.Popen[bytes]
    settings: Mapping[str, Any]
    _answers: dict[int, queue.SimpleQueue[Any]] = field(default_factory=dict)
    _marks: dict[str, queue.SimpleQueue[Any]] = field(default_factory=dict)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0

    def complaints(self, *texts: str) -> list[list[Complaint]]:
        """Open files, all at the same time, and return what is marked in each."""
        with ExitStack() as stack:
            uris = [stack.enter_context(self._opened(text)) for text in texts]
            return [sorted(map(Complaint.of, self._marks[uri].get(timeout=PATIENCE))) for uri in uris]

    def completions(self, text: str) -> dict[str, Offer]:
        """Return what is offered where `|` stands in a text, by its label."""
        with self._opened(text.replace("|", "", 1)) as uri:
            found = self._ask("textDocument/completion", self._place(uri, text))
        return {item["label"]: Offer.of(item) for item in found["items"]}

    def hover(self, text: str) -> str:
        """Return what is said about the place where `|` stands in a text."""
        with self._opened(text.replace("|", "", 1)) as uri:
            found = self._ask("textDocument/hover", self._place(uri, text))
        return str(found["contents"]["value"]) if found else ""

    @staticmethod
    def _place(uri: str, text: str) -> dict[str, Any]:
        before = text.partition("|")[0]
        character = len(before.rpartition("\n")[2])
        return {"textDocument": {"uri": uri}, "position": {"line": before.count("\n"), "character": character}}

    @contextmanager
    def _opened(self, text: str) -> Iterator[str]:
        self._count += 1
        uri = f"file:///repository/{self._count}/definitions/definition.yaml"
        self._marks[uri] = queue.SimpleQueue()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        yield uri
        self._tell("textDocument/didClose", {"textDocument": {"uri": uri}})

    def start(self) -> None:
        """Introduce ourselves as an editor does."""
        threading.Thread(target=self._listen, daemon=True).start()
        can: dict[str, Any] = {
            "workspace": {"configuration": True},
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
                "hover": {"contentFormat": ["markdown"]},
            },
        }
        self._ask("initialize", {"processId": None, "rootUri": None, "capabilities": can})
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": self.settings})

    def _ask(self, method: str, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        self._count += 1
        number = self._count
        self._answers[number] = queue.SimpleQueue()
        self._send({"id": number, "method": method, "params": parameters})
        answer = self._answers[number].get(timeout=PATIENCE)
        assert "error" not in answer, answer
        return answer["result"]

    def _tell(self, method: str, parameters: Mapping[str, Any]) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        with self._writing:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self.process.stdin.flush()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        while (message := received(self.process.stdout)) is not None:
            if "method" not in message:
                self._answers[message["id"]].put(message)
            elif message["method"] == "textDocument/publishDiagnostics":
                self._marks[message["params"]["uri"]].put(message["params"]["diagnostics"])
            elif "id" in message:
                self._send({"id": message["id"], "result": self._answer(message)})

    def _answer(self, message: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Answer what the server asks of the editor."""
        if message["method"] != "workspace/configuration":
            return None
        return [self.settings.get(item.get("section", ""), {}) for item in message["params"]["items"]]


def received(stream: IO[bytes]) -> Any:  # noqa: ANN401 - JSON
    """Read one message; None where the stream has ended."""
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return json.loads(stream.read(length)) if length else None


@contextmanager
def serving(*schemas: Path) -> Iterator[Server]:
    """Run a server; every file is held against these schemas, and against the one that it names itself."""
    settings = {
        "yaml": {
            "validate": True,
            "hover": True,
            "completion": True,
            "schemaStore": {"enable": False},
            "schemas": {schema.as_uri(): ["*.yaml"] for schema in schemas},
        },
        "http": {"proxy": "", "proxyStrictSSL": False},
    }
    process = subprocess.Popen(
        [str(NODE), str(INSTALLED), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    server = Server(process, settings)
    try:
        server.start()
        yield server
    finally:
        process.kill()
        process.communicate()
