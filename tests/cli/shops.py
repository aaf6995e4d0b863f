"""Definitions whose checks see what a test wants, and the runs that come of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ended

_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}


class Watched:
    """A definition with one context node; what its checks see is told for each run."""

    def __init__(self, run: Callable[..., Ended], folder: Path, url: str = "", name: str = "shop") -> None:
        self.cli, self.folder, self.name = run, folder, name
        self.env = {"PIPELINE_STATE_URL": url} if url else {}
        self.tell: dict[str, Any] = {"driver": "log"}
        """The configuration of the node that tells people."""

    def write(self, **verdicts: str) -> None:
        """Write it so that these checks see this."""
        checks = [
            {"type": "command", "name": name, "argv": ["sh", "-c", f"echo {name} is {word}; exit {_CODES[word]}"]}
            for name, word in verdicts.items()
        ]
        for check in checks:
            check["parse"] = "nagios"
        nodes = [
            {"id": "probe", "type": "context", "config": {"checks": checks}},
            {"id": "tell", "type": "notify", "always": True, "config": self.tell},
        ]
        (self.folder / "d.json").write_text(json.dumps({"version": "1.0", "name": self.name, "nodes": nodes}))

    def run(self, *flags: str, env: dict[str, str] | None = None, **verdicts: str) -> dict[str, Any]:
        """Run it, and return its result document."""
        self.write(**verdicts)
        ended = self.cli("--config", "d.json", "--json", *flags, env={**self.env, **(env or {})})
        assert ended.code in {0, 5, 9}, ended.err
        document: dict[str, Any] = json.loads(ended.out)
        return document

    def ask(self, *arguments: str) -> Ended:
        """Ask for the history, and so on."""
        return self.cli(*arguments, env=self.env)


def named(document: dict[str, Any], *kinds: str) -> dict[str, list[str]]:
    """Return the names of the checks that are new, still wrong and fixed."""
    names = {finding["fingerprint"]: finding["check"] for finding in document["findings"]}
    comparison = document["comparison"]
    found = {
        "new": [names[key] for key in comparison["new"]],
        "still": [names[one["fingerprint"]] for one in comparison["still"]],
        "fixed": [one["check"] for one in comparison["fixed"]],
    }
    return {kind: found[kind] for kind in (kinds or found)}
