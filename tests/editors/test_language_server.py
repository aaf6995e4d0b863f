"""Editors: they have nothing to say about sound definitions, find what `validate` finds, complete and explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.definition.loader import load
from runner.definition.schema import SCHEMA_ID
from runner.definition.source import Text
from runner.errors import DefinitionError
from runner.nodes import NODES
from tests.editors.language_server import INSTALLED, NODE, Complaint, serving
from tests.pages import ROOT
from tests.support import needs
from tests.test_schema import INVALID, UNSAID, VALID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from runner.errors import Diagnostic
    from tests.conftest import Ended
    from tests.editors.language_server import Server

    Cli = Callable[..., Ended]

SCHEMA: Final = ROOT / "docs/definition.schema.json"
EXAMPLES: Final = sorted(ROOT.glob("docs/examples/definitions/*.yaml"))
FOUND_ANYWAY: Final = {"duplicate-key"}
"""Files in which the server finds the mistake as YAML, without the schema."""


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    there = NODE and INSTALLED.is_file()
    needs("editors", there, "yaml-language-server is not installed: make editors, which needs node and npm")


@pytest.fixture(scope="module")
def server(_installed: None) -> Iterator[Server]:
    with serving(SCHEMA) as server:
        yield server


@pytest.fixture(scope="module")
def complaints(server: Server) -> Mapping[Path, list[Complaint]]:
    """What is marked in every file, all opened at once; none names the schema, which would be fetched."""
    files = [*VALID, *EXAMPLES, *INVALID]
    return dict(zip(files, server.complaints(*(here(path.read_text()) for path in files)), strict=True))


def here(text: str) -> str:
    """Name the schema of this checkout in place of the published one."""
    return text.replace(SCHEMA_ID, SCHEMA.as_uri())


def diagnostics(path: Path) -> tuple[Diagnostic, ...]:
    """What `validate` says about a file."""
    try:
        return load(Text(data=path.read_bytes(), label=path.name, name="test")).warnings
    except DefinitionError as error:
        return error.diagnostics


def stem(path: Path) -> str:
    return path.stem


# --- complaints --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*VALID, *EXAMPLES], ids=stem)
def test_nothing_is_marked_in_a_sound_definition_but_keys_that_never_had_an_effect(
    path: Path, complaints: Mapping[Path, list[Complaint]]
) -> None:
    obsolete = [(one.line, one.column) for one in diagnostics(path) if one.code == "W504"]
    marked = [(one.line, one.column, one.message) for one in complaints[path]]
    assert marked == [(*place, "Never had an effect, and is ignored.") for place in obsolete]


@pytest.mark.parametrize("path", [one for one in INVALID if one.stem not in UNSAID], ids=stem)
def test_a_mistake_is_marked_in_the_line_that_validate_names(
    path: Path, complaints: Mapping[Path, list[Complaint]]
) -> None:
    named = {one.line for one in diagnostics(path) if one.severity == "error"}
    assert {one.line for one in complaints[path]} == named, complaints[path]


@pytest.mark.parametrize("path", [one for one in INVALID if one.stem in UNSAID], ids=stem)
def test_what_no_schema_says_is_left_to_validate(path: Path, complaints: Mapping[Path, list[Complaint]]) -> None:
    assert bool(complaints[path]) == (path.stem in FOUND_ANYWAY), complaints[path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("node-key-unknown", "Property timout is not allowed."),
        ("node-timeout-of-unknown-unit", "Not a duration: write it with a unit, like 250ms, 30s or 1h30m."),
        ("percentage-a-word", "Not a percentage: write it like 85% or 85."),
        ("http-url-without-scheme", "Not a URL: it starts with http:// or https://, and has no spaces."),
        ("check-name-with-dash", "Not a name: use letters, digits and _, not starting with a digit."),
        ("node-id-with-spaces", "Not an id: use letters, digits and _."),
        (
            "command-argv-a-text",
            "Expected a list; a text can stand here only as an expression, {{ … }}.",
        ),
        (
            "http-follow-redirects-a-text",
            "Expected true or false; a text can stand here only as an expression, {{ … }}.",
        ),
        ("tcp-port-a-text", "Expected a whole number; a text can stand here only as an expression, {{ … }}."),
        ("expect-status-a-word", "Not an HTTP status: write 200, 200-299 or a list of them."),
        ("check-without-type", 'Missing property "type".'),
        ("check-field-missing", 'Missing property "url".'),
        ("driver-option-unknown", "Property endpoint is not allowed."),
        ("threshold-of-two-keys", "Object has more properties than limit of 1."),
        ("inputs-a-list", 'Incorrect type. Expected "object(Pipeline definition)".'),
    ],
)
def test_what_is_marked_says_what_to_do(name: str, message: str, complaints: Mapping[Path, list[Complaint]]) -> None:
    (path,) = [one for one in INVALID if one.stem == name]
    assert [one.message for one in complaints[path]] == [message]


@pytest.mark.parametrize("kind", ["web", "host", "alert"])
def test_what_init_writes_names_its_schema_itself(cli: Cli, tmp_path: Path, kind: str) -> None:
    cli("init", "--kind", kind)
    (path,) = (tmp_path / "definitions").iterdir()
    sound = here(path.read_text())
    with serving() as bare:
        unnamed, named, wrong = bare.complaints(
            sound.partition("\n")[2].replace("timeout:", "timout:"), sound, sound.replace("timeout:", "timout:")
        )
    assert unnamed == named == []
    line = sound.splitlines().index(next(one for one in sound.splitlines() if one.startswith("timeout:"))) + 1
    assert wrong == [Complaint(line=line, column=1, message="Property timout is not allowed.")]


# --- completion --------------------------------------------------------------------------------------

NODE_OF: Final = 'version: "1.0"\nnodes:\n  - id: a\n    type: {kind}\n'
CHECK_OF: Final = NODE_OF.format(kind="context") + "    config:\n      checks:\n        - "
OBSOLETE: Final = {"context_flow", "include_recommendations", "source_hint", "system_prompt_hint"}


def test_the_types_of_nodes_are_offered_each_with_what_it_does(server: Server) -> None:
    offered = server.completions(NODE_OF.format(kind="|"))
    assert list(offered) == list(NODES)
    assert offered["context"].about == "Run checks, all at the same time, and judge what they see."


def test_the_keys_of_a_node_are_offered(server: Server) -> None:
    offered = server.completions(NODE_OF.format(kind="context") + "    |\n")
    assert {"config", "next", "when", "required", "always", "timeout", "retry"} <= offered.keys()
    assert offered["when"].about == "Where it is false the node is skipped."
    assert offered["required"].text == "required: ${1:true}"


def test_checks_are_offered_by_name_and_as_objects(server: Server) -> None:
    offered = server.completions(f"{CHECK_OF}|\n")
    assert {*CHECKS, "type"} <= offered.keys()
    assert offered["disk"].about == "Judge the fullest of some file systems."


def test_a_type_of_check_brings_its_own_keys_and_no_others(server: Server) -> None:
    offered = server.completions(f"{CHECK_OF}type: http\n          |\n")
    assert {"name", "timeout", "confirm", "for_each", "url", "expect", "warning", "critical"} <= offered.keys()
    assert not {"host", "paths", "argv"} & offered.keys()
    assert offered["warning"].text == "warning: "
    assert offered["timeout"].text == "timeout: ${1:10s}"


def test_a_driver_brings_its_own_options_and_nothing_obsolete(server: Server) -> None:
    notify = NODE_OF.format(kind="notify") + "    config:\n      driver: "
    assert set(CHANNELS) <= server.completions(f"{notify}|\n").keys()
    offered = server.completions(f"{notify}slack\n      |\n")
    assert {"webhook_url", "send", "title"} <= offered.keys()
    assert not ({"endpoint", "smtp_host"} | OBSOLETE) & offered.keys()


def test_the_words_that_a_key_takes_are_offered(server: Server) -> None:
    assert {"warning", "unknown", "critical", "never"} <= server.completions('version: "1.0"\nfail_on: |\n').keys()


# --- hover texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'version: "1.0"\ntime|out: 5m\n',
            "#### Pipeline definition\n\nOf the whole run; 15m where it is not given.\n",
        ),
        (
            NODE_OF.format(kind="context") + "    al|ways: true\n",
            "#### node\n\nRun even after a required node failed.\n",
        ),
        (
            f"{CHECK_OF}type: http\n          warn|ing: 2s\n",
            "#### http check\n\nFrom which time on the verdict is `warning`; below `timeout`.\n",
        ),
        (
            f"{CHECK_OF}type: tls\n          ho|st: shop.example\n",
            "#### tls check\n\nA name or an address.\n",
        ),
        (
            NODE_OF.format(kind="notify") + "    config: {driver: slack, webhook_|url: x}\n",
            "#### notify node\n\nThe address that Slack gave the webhook; always a secret.\n",
        ),
    ],
    ids=["top", "node", "threshold", "field", "option"],
)
def test_a_key_says_what_it_is(server: Server, text: str, shown: str) -> None:
    assert server.hover(text).partition("\nSource:")[0] == shown


def test_a_type_says_what_each_does_its_own_first(server: Server) -> None:
    said = server.hover(NODE_OF.format(kind="not|ify"))
    lines = [line for line in said.splitlines() if line.startswith("* ")]
    assert lines[0] == "* `notify`: Renders one message about what is known and delivers it."
    assert {line.partition("`: ")[0].removeprefix("* `") for line in lines} == set(NODES)
