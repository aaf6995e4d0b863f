"""The sub-commands beside `run`: what they print, and what they exit with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner import __version__
from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.cli.catalogue import options
from runner.cli.commands import COMMANDS
from runner.errors import explained_at
from runner.formats import FORMATS
from runner.nodes import NODES
from runner.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.registry import Registry
    from tests.conftest import Ended

    Cli = Callable[..., Ended]

TOP = Path(__file__).parents[2]
FINE = 'version: "1.0"\nname: fine\ndescription: Nothing much\nnodes: [{id: a, type: transform}]\n'
BAD = 'version: "1.0"\nnodes:\n  - {id: a, type: transfrm}\n'
DOUBTFUL = """\
version: "1.0"
nodes:
  - {id: look, type: context}
  - {id: tell, type: notify, config: {driver: log}}
"""
EXPLAIN = "explain a code: pipeline-runner explain {}"
BAD_LINE = 'bad.yaml:3:19 E206 nodes[0].type: unknown node type "transfrm" — did you mean "transform"?'
DOUBT_LINE = (
    'doubtful.yaml:4:5 W501 nodes[1]: "look" is required and can fail, and then nobody is told'
    " — add always: true to this node"
)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Put down a folder with a definition of each kind, and what is none."""
    for name, text in {
        "fine.yaml": FINE,
        "bad.yaml": BAD,
        "doubtful.yaml": DOUBTFUL,
        "folder/one.yml": FINE,
        "folder/deep/two.json": json.dumps({"version": "1.0", "nodes": [{"id": "a", "type": "transform"}]}),
        "folder/notes.txt": "nothing",
        "empty/notes.txt": "nothing",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("paths", "code", "lines"),
    [
        (("fine.yaml",), 0, ["fine.yaml: ok (fine, 1 node)"]),
        (("bad.yaml",), 3, [BAD_LINE, "1 error, 0 warnings", EXPLAIN.format("E206")]),
        (
            ("doubtful.yaml",),
            0,
            [
                DOUBT_LINE,
                "doubtful.yaml: ok (doubtful, 2 nodes)",
                "0 errors, 1 warning",
                EXPLAIN.format("W501"),
            ],
        ),
        (("folder",), 0, ["folder/one.yml: ok (fine, 1 node)", "folder/deep/two.json: ok (two, 1 node)"]),
        (
            ("doubtful.yaml", "folder/deep", "bad.yaml"),
            3,
            [
                DOUBT_LINE,
                BAD_LINE,
                "doubtful.yaml: ok (doubtful, 2 nodes)",
                "folder/deep/two.json: ok (two, 1 node)",
                "1 error, 1 warning",
                EXPLAIN.format("E206"),
            ],
        ),
        (("builtin:alert",), 0, ["builtin:alert: ok (alert, 4 nodes)"]),
    ],
    ids=["valid", "invalid", "warning", "folder", "several", "built in"],
)
def test_validate_says_every_problem_then_what_is_well(
    cli: Cli, files: Path, paths: tuple[str, ...], code: int, lines: list[str]
) -> None:
    ended = cli("validate", *paths, cwd=files)
    assert (ended.code, ended.out.splitlines(), ended.err) == (code, lines, "")


@pytest.mark.parametrize(
    ("paths", "code", "message"),
    [
        (("fine.yaml", "missing.yaml"), 4, "File not found: missing.yaml — Searched HERE/missing.yaml"),
        (("empty",), 2, "no definition in empty — a folder's .yaml, .yml and .json are checked"),
        (("--nonsense",), 2, "unrecognized arguments: --nonsense — pipeline-runner validate --help shows them all"),
    ],
    ids=["missing", "nothing in it", "flag"],
)
def test_validate_with_nothing_to_check_says_why(
    cli: Cli, files: Path, paths: tuple[str, ...], code: int, message: str
) -> None:
    ended = cli("validate", *paths, cwd=files)
    message = message.replace("HERE", str(files))
    assert (ended.code, ended.out, ended.err) == (code, "", f"error: {message}\n")


def test_validate_takes_the_folder_definitions_where_none_is_given(cli: Cli, files: Path) -> None:
    nowhere = cli("validate")
    assert nowhere.code == 2
    assert nowhere.err == f"error: which definitions? {files}/definitions is not there — name files or folders\n"
    (files / "folder").rename(files / "definitions")
    assert cli("validate").out.splitlines()[0] == "definitions/one.yml: ok (fine, 1 node)"


def test_validate_json_has_every_file_with_its_diagnostics(cli: Cli, files: Path) -> None:
    ended = cli("validate", "bad.yaml", "fine.yaml", "--json")
    assert ended.code == 3
    assert json.loads(ended.out) == {
        "valid": False,
        "files": [
            {
                "path": "bad.yaml",
                "name": "bad",
                "valid": False,
                "diagnostics": [
                    {
                        "code": "E206",
                        "severity": "error",
                        "file": "bad.yaml",
                        "line": 3,
                        "column": 19,
                        "path": "nodes[0].type",
                        "sentence": 'unknown node type "transfrm"',
                        "hint": 'did you mean "transform"?',
                    }
                ],
            },
            {"path": "fine.yaml", "name": "fine", "valid": True, "diagnostics": []},
        ],
    }
    missing = cli("validate", "missing.yaml", "--json", cwd=files)
    assert json.loads(missing.out)["exit"] == {
        "code": 4,
        "name": "unavailable",
        "reason": f"File not found: missing.yaml — Searched {files}/missing.yaml",
    }


def test_validate_on_github_points_at_the_line(cli: Cli, files: Path) -> None:
    ended = cli("validate", "bad.yaml", "doubtful.yaml", cwd=files, env={"GITHUB_ACTIONS": "true"})
    assert ended.code == 3
    error, warning = (line.partition(" ")[2].partition(" ")[2] for line in (BAD_LINE, DOUBT_LINE))
    assert ended.err.splitlines() == [
        f"::error file=bad.yaml,line=3,col=19,title=E206 invalid definition::{error} — see {explained_at('E206')}",
        f"::warning file=doubtful.yaml,line=4,col=5,title=W501 definition::{warning} — see {explained_at('W501')}",
    ]


FAMILIES: Mapping[str, Registry[Any]] = {
    "node-types": NODES,
    "checks": CHECKS,
    "formats": FORMATS,
    "providers": PROVIDERS,
    "drivers": CHANNELS,
}


def test_list_names_everything_that_there_is(cli: Cli) -> None:
    found = {kind: [one["name"] for one in names] for kind, names in json.loads(cli("list", "--json").out).items()}
    assert found.pop("definitions") == sorted(path.stem for path in (TOP / "definitions").glob("*.yaml"))
    assert found == {kind: list(registry) for kind, registry in FAMILIES.items()}


def test_list_as_text_has_a_line_for_each_with_what_it_is(cli: Cli) -> None:
    ended = cli("list")
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert [line for line in lines if not line.startswith(" ")] == ["definitions:", *(f"{kind}:" for kind in FAMILIES)]
    for one in (one for names in json.loads(cli("list", "--json").out).values() for one in names):
        assert one["summary"]
        assert f"  {one['name']:<18} {one['summary']}" in lines


def test_list_of_one_kind_leaves_out_the_rest(cli: Cli) -> None:
    assert list(json.loads(cli("list", "drivers", "--json").out)) == ["drivers"]
    ended = cli("list", "driver")
    assert (ended.code, ended.err) == (2, 'error: unknown kind "driver" — did you mean "drivers"?\n')


def test_list_shows_the_definitions_of_the_workspace_first_and_the_broken_ones_too(cli: Cli, files: Path) -> None:
    (files / "definitions").mkdir()
    for name in ("bad", "fine"):
        (files / f"{name}.yaml").rename(files / "definitions" / f"{name}.yaml")
    lines = cli("list", "definitions").out.splitlines()
    assert lines[:3] == [
        "definitions:",
        "  bad                (invalid: 1 problem, see pipeline-runner validate)",
        "  fine               Nothing much",
    ]
    assert lines[3].endswith(" (built in)")


def test_show_prints_a_definition_as_it_is_written(cli: Cli) -> None:
    assert cli("show", "alert").out == (TOP / "definitions" / "alert.yaml").read_text()
    document = json.loads(cli("show", "alert", "--json").out)
    assert document == {
        "name": "alert",
        "label": "builtin:alert",
        "text": (TOP / "definitions" / "alert.yaml").read_text(),
    }


MEMBERS = [(kind, name) for kind, registry in FAMILIES.items() for name in registry]


@pytest.mark.parametrize("name", sorted({name for _, name in MEMBERS}))
def test_show_documents_every_member_without_a_trace_of_python(cli: Cli, name: str) -> None:
    ended = cli("show", name)
    assert ended.code == 0
    traces = ("MISSING", "None", "True", "False", "<", "=(", "({", "Field(")
    assert [trace for trace in traces if trace in ended.out] == []
    families = [one["family"] for one in json.loads(cli("show", name, "--json").out)["found"]]
    assert families == [kind for kind, member in MEMBERS if member == name]


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_every_field_of_every_member_is_explained(kind: str, name: str) -> None:
    assert [one.name for one in options(FAMILIES[kind].load(name)) if not one.text] == []


def test_show_says_more_than_a_line_where_there_is_more_to_say(cli: Cli) -> None:
    lines = cli("show", "slack").out.splitlines()
    said = " ".join(line.strip() for line in lines[1 : lines.index("")])
    assert said == json.loads(cli("show", "slack", "--json").out)["found"][0]["details"][0]
    assert said.startswith("Mattermost, Rocket.Chat and others that take Slack's messages may stand behind the address")
    assert max(map(len, lines)) <= 120
    assert lines[lines.index("") + 1].startswith("  webhook_url")


def test_show_writes_each_nested_option_on_a_line_of_its_own(cli: Cli) -> None:
    lines = cli("show", "http").out.splitlines()
    assert lines[0] == ("http (check) — Ask a URL, and hold the answer against what is expected and the time it took.")
    options = {line.split()[0]: line.split(maxsplit=2)[1:] for line in lines[1:]}
    assert options["url"][0] == "required"
    assert options["expect"] == ["-", "What the answer must be like; anything else is `critical`."]
    assert options["expect.status"] == ["200-399", "A status, a range like `200-299`, or a list of both."]
    assert options["expect.body_contains"] == ["-", "A text that is somewhere in the body."]
    assert options["confirm.pause"] == ["3s", "Between two tries."]
    assert options["follow_redirects"] == ["true", "At most 10; credentials go to the first host alone."]


def test_show_of_nothing_says_where_it_was_looked_for(cli: Cli) -> None:
    ended = cli("show", "zzzz")
    searched = f"Searched definitions and the built-in definitions{EMPTY}"
    message = (
        f"Pipeline definition not found: zzzz — {searched}; nor is it a node type, check, format, provider or driver"
    )
    assert (ended.code, ended.err) == (4, f"error: {message}\n")


def test_show_of_what_is_nearly_something_names_that_alone(cli: Cli) -> None:
    ended = cli("show", "htp")
    message = 'htp is neither a definition nor a node type, check, format, provider or driver — did you mean "http"?'
    assert (ended.code, ended.err) == (4, f"error: {message}\n")


EMPTY = ". The workspace is empty: is the step actions/checkout missing?"

BRANCHING = """\
version: "1.0"
name: br"anch
inputs: {n: {type: number}}
nodes:
  - {id: read, type: ingest, next: [{when: inputs.n > 2 and read.output.status == "firing", to: why}, {to: tell}]}
  - {id: why, type: intelligence, config: {provider: local}, next: [{when: why.has_errors, to: end}, {to: tell}]}
  - {id: tell, type: notify, always: true, config: {driver: log}}
"""
MERMAID = """\
flowchart TD
  n_read["read<br/>ingest"]
  n_why["why<br/>intelligence"]
  n_tell["tell<br/>notify"]
  end_(((end)))
  n_read -->|"inputs.n &gt; 2 and read.output.status == &quot;firing&quot;"| n_why
  n_read -->|"else"| n_tell
  n_why -->|"why.has_errors"| end_
  n_why -->|"else"| n_tell
"""
DOT = r"""digraph "br\"anch" {
  node [shape=box]
  "read" [label="read\ningest"]
  "why" [label="why\nintelligence"]
  "tell" [label="tell\nnotify"]
  "read" -> "why" [label="inputs.n > 2 and read.output.status == \"firing\""]
  "read" -> "tell" [label="else"]
  "why" -> "end" [label="why.has_errors"]
  "why" -> "tell" [label="else"]
}
"""


@pytest.mark.parametrize(
    ("flags", "text"), [((), MERMAID), (("--format", "mermaid"), MERMAID), (("--format", "dot"), DOT)]
)  # fmt: skip
def test_graph_draws_every_way(cli: Cli, tmp_path: Path, flags: tuple[str, ...], text: str) -> None:
    (tmp_path / "d.yaml").write_text(BRANCHING)
    ended = cli("graph", "d.yaml", *flags)
    assert (ended.code, ended.out, ended.err) == (0, text, "")


def test_graph_of_an_invalid_definition_exits_3(cli: Cli, files: Path) -> None:
    ended = cli("graph", "bad.yaml", cwd=files)
    assert (ended.code, ended.out, ended.err) == (3, "", f"error: Pipeline definition invalid:\n  - {BAD_LINE}\n")


def test_schema_is_the_one_in_the_docs(cli: Cli) -> None:
    ended = cli("schema")
    assert ended.code == 0
    assert json.loads(ended.out) == json.loads((TOP / "docs" / "definition.schema.json").read_text())


RUN = """\
version: "1.0"
name: told
nodes:
  - {id: read, type: ingest}
  - {id: gone, type: transform, required: false, config: {extract: nothing}}
  - {id: tell, type: notify, always: true, config: {driver: log}}
"""


@pytest.fixture
def ran(cli: Cli, tmp_path: Path) -> Ended:
    """Run a definition that leaves `r.json`."""
    (tmp_path / "told.yaml").write_text(RUN)
    payload = '{"title": "Disk full", "severity": "critical"}'
    ended = cli("--config", "told.yaml", "--payload", payload, "--results", "r.json", "--summary", "s.md")
    assert ended.code == 5
    return ended


def test_report_renders_a_result_document_as_the_run_did(cli: Cli, tmp_path: Path, ran: Ended) -> None:
    ended = cli("report", "r.json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == ran.out.replace("Config: told.yaml", "Definition: told")
    assert "failed (optional)" in (tmp_path / "s.md").read_text()
    assert cli("report", "r.json", "--format", "markdown").out == (tmp_path / "s.md").read_text()


def test_report_knows_the_notes_and_the_page_of_a_run(cli: Cli, tmp_path: Path) -> None:
    nodes = (
        "  - {id: read, type: transform, next: [{when: 'payload.go == 1', to: gone}]}\n"
        "  - {id: gone, type: transform}\n"
    )
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions/noted.yaml").write_text(f'version: "1.0"\nnodes:\n{nodes}')
    page = {"GITHUB_SERVER_URL": "https://git.example", "GITHUB_REPOSITORY": "org/shop", "GITHUB_RUN_ID": "77"}
    flags = ("--definition", "noted", "--payload", '{"go": 0}', "--results", "r.json", "--summary", "s.md")
    live = cli(*flags, env=page)
    assert "Note: read: no branch of next fits, and the run ends here\n" in live.out
    assert cli("report", "r.json").out == live.out
    text = (tmp_path / "s.md").read_text()
    assert "](https://git.example/org/shop/actions/runs/77/attempts/1), started " in text
    assert "### Notes\n\n- read: no branch of next fits, and the run ends here\n" in text
    assert cli("report", "r.json", "--format", "markdown").out == text


@pytest.mark.usefixtures("ran")
def test_report_gives_the_same_document_back(cli: Cli, tmp_path: Path) -> None:
    assert json.loads(cli("report", "r.json", "--json").out) == json.loads((tmp_path / "r.json").read_text())


def test_report_renders_the_journal_of_a_run_that_was_killed(cli: Cli, tmp_path: Path) -> None:
    slow = "  - {id: slow, type: context, config: {checks: [{type: command, argv: [sleep, '30'], timeout: 60s}]}}\n"
    (tmp_path / "told.yaml").write_text(RUN + slow)
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "--config", "told.yaml", "--payload", '{"title": "x"}', "--results", "r.json"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while "slow (context)" not in process.stderr.readline():
        assert process.poll() is None
    process.kill()
    process.communicate()
    text = cli("report", "r.json.journal.ndjson").out
    assert "--- ingest (read) ---" in text
    was_running = "  Status: cancelled\n  Errors: the run was killed while this node was running"
    assert f"--- context (slow) ---\n{was_running}" in text
    assert cli("report", "r.json.journal.ndjson", "--format", "markdown").out.startswith("## ")
    document = json.loads(cli("report", "r.json.journal.ndjson", "--json").out)
    statuses = {name: one["status"] for name, one in document["node_results"].items()}
    assert statuses == {"read": "succeeded", "gone": "failed", "tell": "succeeded", "slow": "cancelled"}


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, 4), ("", 2), ("nothing", 2), ("[]", 2), ("{}", 2), ('{"schema_version": 9}', 2), ("[" * 99_999, 2)],
    ids=["missing", "empty", "text", "list", "object", "other version", "deep"],
)
def test_report_of_something_else_is_one_clear_error(cli: Cli, tmp_path: Path, text: str | None, code: int) -> None:
    if text is not None:
        (tmp_path / "r.json").write_text(text)
    ended = cli("report", "r.json")
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith("error: ")
    assert "r.json" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "r.json is not a result document: schema_version is missing"),
        ("[]", "r.json is not a result document: it is no JSON object"),
        ("[" * 99_999, "r.json is not a result document: it is nested too deeply"),
        ('{"schema_version": 9}', "r.json is a result document of version 9; this runner reads version 1"),
        (
            "nothing",
            (
                "r.json is neither a result document nor a journal: "
                "not a journal of this runner: it does not start with the event run.started"
            ),
        ),
    ],
    ids=["object", "list", "deep", "other version", "text"],
)
def test_report_names_the_file_that_it_cannot_read(cli: Cli, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.json").write_text(text)
    assert cli("report", "r.json").err == f"error: {message}\n"


@pytest.mark.usefixtures("ran")
def test_report_reads_the_journal_where_the_document_is_not_there(cli: Cli, tmp_path: Path) -> None:
    whole = cli("report", "r.json").out
    (tmp_path / "r.json").rename(tmp_path / "saved.json")
    journal = tmp_path / "r.json.journal.ndjson"
    journal.write_text(JOURNAL)
    ended = cli("report", "r.json")
    assert (ended.code, ended.out) == (0, cli("report", journal.name).out)
    assert ended.err == (
        "warning: r.json is not there: this is its journal, r.json.journal.ndjson,"
        " of a run that goes on or was killed\n"
    )
    (tmp_path / "saved.json").rename(tmp_path / "r.json")
    ended = cli("report", "r.json")
    assert (ended.out, ended.err) == (
        whole, "warning: r.json.journal.ndjson lies beside it: a run that goes on, or was killed, left it\n"
    )  # fmt: skip


def test_report_reads_the_newest_of_several_journals(cli: Cli, tmp_path: Path) -> None:
    run = "11111111-1111-4111-8111-111111111111"
    left = ("r.json.journal.ndjson", f"r.json.{run}.journal.ndjson", "r.json.x.journal.ndjson", "x.json.journal.ndjson")
    for age, name in enumerate(left):
        (tmp_path / name).write_text(JOURNAL.replace("the-run", f"run-{age}"))
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    ended = cli("report", "r.json")
    assert "Run ID: run-1\n" in ended.out
    assert ended.err.splitlines()[1] == "warning: r.json.journal.ndjson is an older one"


JOURNAL = (
    '{"event": "run.started", "schema_version": 1, "runner_version": "0.1.0", "run_id": "the-run", "run_url": null,'
    ' "trace_id": "t", "definition": "told", "definition_version": 1, "definition_source": "told.yaml",'
    ' "definition_sha256": "00", "source": "cli", "environment": "test", "started_at": "2026-11-22T03:00:00Z",'
    ' "nodes": [{"id": "a", "type": "transform", "required": true}]}\n'
)


def test_version_is_the_packages(cli: Cli) -> None:
    for arguments in (("--version",), ("run", "--version")):
        ended = cli(*arguments)
        assert (ended.code, ended.out, ended.err) == (0, f"pipeline-runner {__version__}\n", "")


def test_version_and_help_are_documents_where_one_is_wanted(cli: Cli) -> None:
    for arguments in (("--version", "--json"), ("run", "--json", "--version"), ("--json", "--version", "--nonsense")):
        ended = cli(*arguments)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out == json.dumps({"version": __version__}, indent=2) + "\n"
    for command in COMMANDS:
        ended = cli(command, "-h", "--json")
        assert (ended.code, ended.err) == (0, "")
        assert json.loads(ended.out) == {"help": cli(command, "--help").out}


FLAGS = [
    "--definition", "--config", "--payload", "--file", "--payload-file", "--sample",
    "--event", "--checks-only", "--input", "--source", "--format", "--environment",
    "--trace-id", "--checkers", "--hostname", "--label", "--no-incidents", "--warning-threshold",
    "--critical-threshold", "--notify-driver", "--allow-commands", "--dry-run", "--json", "--fail-on",
    "--timeout", "--results", "--summary", "--ci", "-v", "-q",
    "--color", "--version",
]  # fmt: skip


def test_help_has_every_flag_and_every_command(cli: Cli) -> None:
    ended = cli("--help")
    words = ended.out.replace(",", " ").split()
    assert ended.code == 0
    assert [flag for flag in FLAGS if flag not in words] == []
    assert [line for line in ended.out.splitlines() if len(line) > 120] == []
    width = max(map(len, COMMANDS))
    for name, summary in COMMANDS.items():
        assert f"  {name:<{width}} {summary}" in ended.out.splitlines()


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"run"}))
def test_every_command_has_a_help_of_its_own(cli: Cli, command: str) -> None:
    ended = cli(*command.split(), "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"usage: pipeline-runner {command} ")
    assert " ".join(ended.out.split()).casefold().count(COMMANDS[command].casefold()) == 1


def test_run_is_the_default_command(cli: Cli, files: Path) -> None:
    named, bare = (cli(*start, "--config", "fine.yaml", "--dry-run", cwd=files) for start in (("run",), ()))
    assert (named.code, named.out) == (0, bare.out)
