"""Mistakes that newcomers make: the folder they stand in, and what they type there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOSED_PORT = "CLOSED_PORT"
"""Stands for a port that nobody listens on."""
WRONG_PORT = "WRONG_PORT"
"""Stands for a port where something listens that does not speak HTTP."""


@dataclass(frozen=True)
class Mistake:
    """One mistake: a name, the command line as typed, and the files that are there."""

    name: str
    arguments: tuple[str, ...] = ("--config", "health.yaml")
    files: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    """Files that only somebody else may read."""
    alone: bool = False
    """There is no network, not even a loopback interface that is up."""


def health(text: str) -> dict[str, str]:
    """Return a folder with one definition."""
    return {"health.yaml": text}


def checks(*lines: str) -> dict[str, str]:
    """Return a folder with a definition of these checks."""
    return health(
        'version: "1.0"\nnodes:\n  - id: look\n    type: context\n    config:\n      checks:\n'
        + "".join(f"        {line}\n" for line in lines)
    )


GOOD = 'version: "1.0"\nnodes:\n  - id: look\n    type: context\n    config:\n      checks: [disk]\n'
NOTIFY = 'version: "1.0"\nnodes:\n  - id: tell\n    type: notify\n    config:\n'
INPUTS = 'version: "1.0"\ninputs:\n  address: {required: true}\n' + GOOD.partition("\n")[2]

MISTAKES = [
    Mistake("nothing-at-all", ()),
    Mistake("no-file"),
    Mistake("typo-in-the-file-name", ("--config", "helth.yaml"), health(GOOD)),
    Mistake("yml-in-place-of-yaml", ("--config", "health.yml"), health(GOOD)),
    Mistake("wrong-folder", ("--definition", "health"), {"src/definitions/health.yaml": GOOD}),
    Mistake("definition-at-the-top", ("--definition", "health"), health(GOOD)),
    Mistake("empty-workspace", ("--definition", "health")),
    Mistake("file-as-a-bare-argument", ("health.yaml",), health(GOOD)),
    Mistake("file-after-run", ("run", "health.yaml"), health(GOOD)),
    Mistake("name-as-a-bare-argument", ("web",)),
    Mistake("wrong-sub-command", ("check", "health.yaml"), health(GOOD)),
    Mistake("typo-in-the-sub-command", ("valdate", "health.yaml"), health(GOOD)),
    Mistake("kind-without-its-flag", ("init", "web")),
    Mistake("flag-of-another-tool-that-this-command-has-not", ("history", "-n", "5")),
    Mistake("help-as-a-command", ("help",)),
    Mistake("command-as-a-flag", ("--list",)),
    Mistake("short-flag-of-another-tool", ("-c", "health.yaml"), health(GOOD)),
    Mistake(
        "two-addresses-without-quotes",
        ("--definition", "web", "--input", "urls=https://a.example", "https://b.example"),
    ),
    Mistake("wrong-flag", ("--config-file", "health.yaml"), health(GOOD)),
    Mistake("flag-without-value", ("--config",), health(GOOD)),
    Mistake("folder-in-place-of-a-file", ("--config", "definitions"), {"definitions/health.yaml": GOOD}),
    Mistake("no-permission", files=health(GOOD), unreadable=("health.yaml",)),
    Mistake(
        "no-permission-for-the-folder",
        ("--definition", "health"),
        {"definitions/health.yaml": GOOD},
        unreadable=("definitions",),
    ),
    Mistake(
        "validate-a-folder-without-permission",
        ("validate", "definitions"),
        {"definitions/health.yaml": GOOD},
        unreadable=("definitions",),
    ),
    Mistake("empty-file", files=health("")),
    Mistake("yaml-tab", files=health('version: "1.0"\nnodes:\n\t- id: look\n\t  type: context\n')),
    Mistake("wrong-indentation", files=health('version: "1.0"\nnodes:\n  - id: look\n   type: context\n')),
    Mistake(
        "config-not-indented",
        files=health('version: "1.0"\nnodes:\n  - id: look\n    type: context\n    config:\n    checks: [disk]\n'),
    ),
    Mistake("missing-colon", files=health('version: "1.0"\nnodes:\n  - id: look\n    type context\n')),
    Mistake("unclosed-quote", files=health('version: "1.0\nnodes:\n  - id: look\n    type: context\n')),
    Mistake("no-nodes", files=health('version: "1.0"\nname: health\n')),
    Mistake("nodes-as-a-mapping", files=health('version: "1.0"\nnodes:\n  look:\n    type: context\n')),
    Mistake("no-version", files=health(GOOD.partition("\n")[2])),
    Mistake("version-2", files=health(GOOD.replace("1.0", "2.0"))),
    Mistake(
        "github-expression",
        files=health(f'{NOTIFY}      driver: slack\n      webhook_url: "${{{{ secrets.SLACK_WEBHOOK_URL }}}}"\n'),
    ),
    Mistake("unquoted-expression", files=checks("- type: http", "  url: {{ inputs.url }}")),
    Mistake("dollar-variable", files=checks("- type: http", "  url: $SHOP_URL")),
    Mistake("wrong-key", files=checks("- type: http", "  uri: http://127.0.0.1/")),
    Mistake("typo-in-a-check", files=checks("- dsk")),
    Mistake("unknown-check", files=checks("- type: ping", "  host: 127.0.0.1")),
    Mistake("program-in-the-name-of-a-check", files=checks("- type: process", "  name: nginx")),
    Mistake("check-as-a-mapping", files=checks("- http: http://127.0.0.1/")),
    Mistake("address-without-scheme", files=checks("- type: http", "  url: www.example.org")),
    Mistake("typo-in-a-node-type", files=health(GOOD.replace("context", "contxt"))),
    Mistake("check-as-a-node-type", files=health(GOOD.replace("context", "http"))),
    Mistake("driver-as-a-node-type", files=health(GOOD.replace("context", "slack"))),
    Mistake("output-left-out", files=health(f"{GOOD}  - {{id: keep, type: transform, when: look.results}}\n")),
    Mistake(
        "word-without-quotes", files=health(f"{GOOD}  - {{id: keep, type: transform, when: look.verdict == ok}}\n")
    ),
    Mistake("file-as-curl-has-it", ("--payload", "@alert.json"), {"alert.json": "{}"}),
    Mistake("typo-in-a-driver", files=health(f"{NOTIFY}      driver: slak\n")),
    Mistake("thresholds-swapped", files=checks("- type: disk", "  warning: 95%", "  critical: 80%")),
    Mistake("threshold-without-unit", files=checks("- type: http", "  url: http://127.0.0.1/", "  warning: 800")),
    Mistake("duration-without-unit", files=health(f'timeout: "90"\n{GOOD}')),
    Mistake("duplicate-id", files=health(f"{GOOD}  - id: look\n    type: transform\n")),
    Mistake("duplicate-key", files=health(f"{GOOD}    type: transform\n")),
    Mistake("next-to-nowhere", files=health(f"{GOOD}    next: tel\n  - id: tell\n    type: notify\n")),
    Mistake("id-with-a-space", files=health(GOOD.replace("look", "look around"))),
    Mistake("two-documents", files=health(f"{GOOD}---\n{GOOD}")),
    Mistake("bom-and-crlf", files=health("\ufeff" + GOOD.replace("disk", "dsk").replace("\n", "\r\n"))),
    Mistake("yaml-named-json", ("--config", "health.json"), {"health.json": GOOD}),
    Mistake("missing-secret", files=health(f"secrets: [SHOP_TOKEN]\n{GOOD}")),
    Mistake(
        "undeclared-secret",
        files=checks("- type: http", "  url: http://127.0.0.1/", "  bearer_token: '{{ secrets.SHOP_TOKEN }}'"),
    ),
    Mistake("missing-variables-of-a-driver", files=health(f"{NOTIFY}      driver: slack\n")),
    Mistake("missing-input", files=health(INPUTS)),
    Mistake("unknown-input", ("--config", "health.yaml", "--input", "adress=x"), health(INPUTS)),
    Mistake("input-without-value", ("--config", "health.yaml", "--input", "address"), health(INPUTS)),
    Mistake("single-quotes-in-json", ("--payload", "{'name': 'Disk full'}")),
    Mistake("file-as-payload", ("--payload", "alert.json"), {"alert.json": "{}"}),
    Mistake("payload-file-missing", ("--file", "alrt.json"), {"alert.json": "{}"}),
    Mistake("payload-file-empty", ("--file", "alert.json"), {"alert.json": ""}),
    Mistake("payload-file-is-a-folder", ("--file", "alerts"), {"alerts/alert.json": "{}"}),
    Mistake(
        "results-in-no-folder",
        ("--config", "health.yaml", "--results", "out/results.json"),
        health('version: "1.0"\nnodes:\n  - {id: keep, type: transform}\n'),
    ),
    Mistake("validate-nothing", ("validate",)),
    Mistake("validate-a-folder-without-definitions", ("validate", "src"), {"src/main.py": ""}),
    Mistake("validate-a-missing-file", ("validate", "helth.yaml"), health(GOOD)),
    Mistake("validate-with-the-flag-of-run", ("validate", "--config", "health.yaml"), health(GOOD)),
    Mistake("show-an-unknown-check", ("show", "htttp")),
    Mistake("history-without-a-database", ("history",)),
    Mistake("closed-port", files=checks("- type: http", f"  url: http://127.0.0.1:{CLOSED_PORT}/")),
    Mistake(
        "https-to-a-port-that-speaks-none", files=checks("- type: http", f"  url: https://127.0.0.1:{WRONG_PORT}/")
    ),
    Mistake("wrong-port", files=checks("- type: http", f"  url: http://127.0.0.1:{WRONG_PORT}/")),
    Mistake("no-network", files=checks("- type: http", "  url: http://192.0.2.1/"), alone=True),
    Mistake("no-name-server", files=checks("- type: http", "  url: http://shop.example/"), alone=True),
]
