"""What a run says to GitHub, read by a port of GitHub's own parser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import category

import pytest

from tests.github_runner import Parsed, heard, named, parse_new, read_file
from tests.hostile import LINES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended

    Cli = Callable[..., Ended]

URL = "https://git.example/org/shop/actions/runs/77/attempts/2"
ENVIRONMENT = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://git.example",
    "GITHUB_REPOSITORY": "org/shop",
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "2",
}
OUTPUTS = ["status", "verdict", "exit-code", "run-id", "results-path", "summary-path", "failed-nodes", "findings-count"]
SHELL = "{{type: command, name: {name}, argv: [sh, -c, 'exit {code}'], parse: nagios}}"


@dataclass(frozen=True)
class Step:
    """A step of a workflow that has ended."""

    ended: Ended
    outputs: dict[str, str]
    summary: str

    @property
    def commands(self) -> list[Parsed]:
        return heard(self.ended.err, self.ended.out).acted

    def named(self, *names: str) -> list[Parsed]:
        return named(self.commands, *names)


@pytest.fixture
def step(cli: Cli, tmp_path: Path) -> Callable[..., Step]:
    """Run a definition as a step of a workflow."""

    def run(text: str, *flags: str, env: dict[str, str] | None = None, stdin: str = "") -> Step:
        (tmp_path / "d.yaml").write_text(text)
        for name in ("out", "summary.md"):
            (tmp_path / name).write_text("")
        files = {"GITHUB_OUTPUT": str(tmp_path / "out"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
        places = {"GITHUB_WORKSPACE": str(tmp_path), **files}
        ended = cli("--config", "d.yaml", *flags, env={**ENVIRONMENT, **places, **(env or {})}, stdin=stdin)
        outputs = read_file((tmp_path / "out").read_bytes().decode())
        return Step(ended, outputs, (tmp_path / "summary.md").read_text())

    return run


def checks(*codes: int) -> str:
    listed = "".join(f"        - {SHELL.format(name=f'c{place}', code=code)}\n" for place, code in enumerate(codes))
    return f'version: "1.0"\nnodes:\n  - id: look\n    type: context\n    config:\n      checks:\n{listed}'


# --- groups ----------------------------------------------------------------------------------------


def test_every_node_has_a_group_and_every_group_is_closed(step: Callable[..., Step]) -> None:
    text = (
        'version: "1.0"\nnodes:\n'
        "  - {id: a, type: transform}\n"
        "  - {id: b, type: transform, config: {extract: nothing.here}}\n"
        "  - {id: c, type: transform}\n"
        "  - {id: d, type: transform, always: true}\n"
    )
    ended = step(text)
    said = [(one.name, one.data) for one in ended.named("group", "endgroup")]
    titles = ["a (transform)", "b (transform)", "d (transform)"]
    assert said == [pair for title in titles for pair in (("group", title), ("endgroup", ""))]


def test_a_run_that_is_out_of_time_closes_its_group(step: Callable[..., Step]) -> None:
    text = 'version: "1.0"\nnodes: [{id: a, type: context, config: {checks: [{type: command, argv: [sleep, "30"]}]}}]\n'
    ended = step(text, "--timeout", "300ms")
    assert [one.name for one in ended.named("group", "endgroup")] == ["group", "endgroup"]
    assert ended.outputs["exit-code"] == "7"


# --- annotations -----------------------------------------------------------------------------------


def test_findings_are_annotated_at_their_lines_the_worst_first(step: Callable[..., Step]) -> None:
    ended = step(checks(1, 0, 2, 3))
    said = [(one.name, one.properties["file"], one.properties["line"]) for one in ended.named("error", "warning")]
    assert said == [("error", "d.yaml", "9"), ("error", "d.yaml", "10"), ("warning", "d.yaml", "7")]


def test_at_most_ten_are_annotated_and_the_last_counts_the_rest(step: Callable[..., Step]) -> None:
    ended = step(checks(*[2] * 15))
    errors = ended.named("error")
    assert len(errors) == 10
    assert errors[-1].data.startswith("… and 6 more errors")


def test_a_broken_node_is_annotated_before_what_others_found(step: Callable[..., Step]) -> None:
    text = checks(2) + "  - {id: b, type: transform, config: {extract: nothing.here}}\n"
    first, second = step(text).named("error")
    assert first.properties == {"file": "d.yaml", "line": "8", "title": "b failed"}
    assert second.properties["title"] == "critical: look.c0"


def test_a_broken_optional_node_is_a_warning_at_its_line(step: Callable[..., Step]) -> None:
    text = FINE.replace("nodes: [", "nodes:\n - {id: b, type: transform, required: false, config: {extract: x}}\n - ")
    (told,) = step(text.replace("}]\n", "}\n")).named("error", "warning")
    assert (told.name, told.data) == ("warning", 'node b: the payload has no "x"; it is empty')
    assert told.properties == {"file": "d.yaml", "line": "3", "title": "b failed (optional)"}


def test_an_invalid_definition_is_annotated_at_every_fault(step: Callable[..., Step]) -> None:
    ended = step('version: "1.0"\nnodes:\n  - {id: a, type: trnsform}\n  - {id: b, type: transform, x: 1}\n')
    said = [(one.properties["line"], one.properties["col"], one.properties["title"]) for one in ended.named("error")]
    assert said == [("3", "19", "E206 invalid definition"), ("4", "30", "E203 invalid definition")]


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("https://git.example/org/shop", "ops/d.yaml"),
        ("git@git.example:org/shop.git", "ops/d.yaml"),
        ("https://git.example/org/other", "sub/ops/d.yaml"),
        (None, "sub/ops/d.yaml"),
    ],
    ids=["https", "ssh", "another repository", "none"],
)
@pytest.mark.parametrize("where", [".", "sub/ops"])
def test_a_file_is_named_as_its_repository_knows_it_wherever_that_is_checked_out(
    cli: Cli, tmp_path: Path, url: str | None, file: str, where: str
) -> None:
    (tmp_path / "sub/ops").mkdir(parents=True)
    (tmp_path / "sub/ops/d.yaml").write_text(checks(2))
    (tmp_path / "sub/ops/bad.yaml").write_text(checks(2).replace("argv", "arg"))
    if url:
        (tmp_path / "sub/.git").mkdir()
        (tmp_path / "sub/.git/config").write_text(f'[remote "origin"]\n\turl = {url}\n')
    env = {**ENVIRONMENT, "GITHUB_WORKSPACE": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "out")}
    for name in ("d.yaml", "bad.yaml"):
        config = name if where != "." else f"sub/ops/{name}"
        ended = cli("--config", config, "--results", str(tmp_path / "sub/r.json"), env=env, cwd=tmp_path / where)
        told = named(heard(ended.err, ended.out).acted, "error")
        assert {one.properties["file"] for one in told} == {file.replace("d.yaml", name)}, ended.err
    assert "\nsub/r.json\n" in (tmp_path / "out").read_text()


def test_a_message_of_a_failure_is_cut_where_github_would(step: Callable[..., Step]) -> None:
    ended = step(FINE + f"secrets: [{', '.join(f'A_RATHER_LONG_NAME_{number}' for number in range(60))}]\n")
    (told,) = ended.named("error")
    assert told.data.startswith("secret A_RATHER_LONG_NAME_0 is not set — set A_RATHER_LONG_NAME_0, or ")
    assert told.data.count("\n") > 10
    assert (len(told.data), told.data[-1]) == (4096, "…")


# --- outputs ---------------------------------------------------------------------------------------

FINE = 'version: "1.0"\nnodes: [{id: a, type: transform}]\n'


@pytest.mark.parametrize(
    ("text", "flags", "expected"),
    [
        (FINE, (), {"status": "completed", "verdict": "ok", "exit-code": "0", "failed-nodes": ""}),
        (checks(2), (), {"status": "completed", "verdict": "critical", "exit-code": "5", "findings-count": "1"}),
        (
            FINE.replace("}]", ", config: {extract: no.where}}]"),
            (),
            {"status": "failed", "exit-code": "1", "failed-nodes": "a"},
        ),
        (
            FINE.replace("transform", "trnsform"),
            (),
            {"status": "failed", "verdict": "", "exit-code": "3", "run-id": ""},
        ),
        (FINE, ("--payload", "{"), {"status": "failed", "exit-code": "2"}),
        (FINE, ("--nonsense",), {"status": "failed", "exit-code": "2"}),
        (FINE + "secrets: [NOT_SET]\n", (), {"status": "failed", "exit-code": "4", "findings-count": "0"}),
        (FINE, ("--results", "/dev/full"), {"status": "completed", "exit-code": "1", "results-path": ""}),
    ],
    ids=["ok", "unhealthy", "failed", "invalid", "usage", "unknown flag", "unavailable", "not written"],
)
def test_outputs_are_written_however_it_ends(
    step: Callable[..., Step], text: str, flags: tuple[str, ...], expected: dict[str, str]
) -> None:
    ended = step(text, *flags)
    assert list(ended.outputs) == OUTPUTS
    assert {name: ended.outputs[name] for name in expected} == expected
    assert ended.outputs["exit-code"] == str(ended.ended.code)


def test_outputs_name_the_files_relative_to_the_workspace(step: Callable[..., Step], tmp_path: Path) -> None:
    ended = step(FINE, "--results", str(tmp_path / "deep.json"))
    assert ended.outputs["results-path"] == "deep.json"
    assert ended.outputs["summary-path"] == "summary.md"
    assert json.loads((tmp_path / "deep.json").read_text())["run_id"] == ended.outputs["run-id"]


def test_outputs_that_cannot_be_written_are_a_warning(step: Callable[..., Step]) -> None:
    ended = step(FINE, env={"GITHUB_OUTPUT": "/dev/full"})
    assert ended.ended.code == 0
    assert "warning: no outputs: cannot write /dev/full: No space left on device" in ended.ended.err


# --- the summary of what ended before its first node ------------------------------------------------


@pytest.mark.parametrize(
    ("text", "flags", "code", "said"),
    [
        ('version: "1.0"\nnodes: [{id: a, type: trnsform}]\n', (), 3, "| ❌ E206 | `d.yaml:2:23` | "),
        (FINE, ("--input", "x=1"), 2, "**the definition declares no input x — it declares none**"),
        (FINE, ("--xyzzy",), 2, "**unrecognized arguments: --xyzzy — pipeline-runner --help shows them all**"),
        (FINE.replace("nodes", "secrets: [TOKEN]\nnodes"), (), 4, "**secret TOKEN is not set — set TOKEN, or "),
    ],
    ids=["invalid", "usage", "flag", "unavailable"],
)
def test_the_summary_says_why_nothing_ran(
    step: Callable[..., Step], text: str, flags: tuple[str, ...], code: int, said: str
) -> None:
    ended = step(text, *flags)
    assert ended.ended.code == code
    assert ended.summary.startswith("## ❌ pipeline-runner: ")
    assert f"\n\nExit {code} (" in ended.summary
    assert said in ended.summary
    assert ended.outputs["summary-path"] == "summary.md"


def test_a_flag_says_where_that_summary_goes_and_no_secret_is_in_it(step: Callable[..., Step], tmp_path: Path) -> None:
    text = 'version: "1.0"\nsecrets: [TOKEN]\ninputs: {n: {type: number}}\nnodes: [{id: a, type: transform}]\n'
    ended = step(text, "--summary", "mine.md", "--input", "n=x", env={"TOKEN": "opensesame"})
    assert (ended.summary, ended.outputs["summary-path"]) == ("", "mine.md")
    assert (tmp_path / "mine.md").read_text().startswith("## ❌ pipeline-runner: usage\n")


def test_a_run_that_reports_has_one_summary_whatever_its_exit_code(step: Callable[..., Step]) -> None:
    ended = step(FINE.replace("}]", ", config: {extract: gone}}]"))
    assert (ended.ended.code, ended.summary.count("\n## ") + ended.summary.startswith("## ")) == (1, 1)


def test_a_summary_of_a_failure_that_cannot_be_written_is_a_warning(step: Callable[..., Step]) -> None:
    ended = step(FINE, "--input", "x=1", env={"GITHUB_STEP_SUMMARY": "/dev/full"})
    assert (ended.ended.code, ended.outputs["summary-path"]) == (2, "")
    assert "warning: no summary: cannot write /dev/full: No space left on device\n" in ended.ended.err


def test_validating_fills_the_summary_whatever_comes_of_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text('version: "1.0"\nnodes: [{id: a, type: trnsform}]\n')
    (tmp_path / "good.yaml").write_text(FINE)
    env = {**ENVIRONMENT, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), "GITHUB_OUTPUT": str(tmp_path / "out")}
    assert cli("validate", "good.yaml", env=env).code == 0
    assert (tmp_path / "summary.md").read_text() == (
        "## 🟢 pipeline-runner: valid\n\n**1 definition, no problems**\n\n"
        "| Definition | Name | Nodes |\n| --- | --- | --- |\n| `good.yaml` | good | 1 |\n"
    )
    assert read_file((tmp_path / "out").read_text())["summary-path"] == "summary.md"
    (tmp_path / "summary.md").unlink()
    assert cli("validate", ".", env=env).code == 3
    assert (
        (tmp_path / "summary.md")
        .read_text()
        .startswith("## ❌ pipeline-runner: invalid\n\n**1 error, 0 warnings in 2 definitions**\n")
    )


# --- where the run is ------------------------------------------------------------------------------


def test_the_message_links_to_the_run(step: Callable[..., Step], receiver: Receiver) -> None:
    text = checks(2) + f"  - {{id: tell, type: notify, config: {{driver: generic, endpoint: '{receiver.url}/ok'}}}}\n"
    step(text)
    sent = json.loads(receiver.arrived[0].body)
    assert sent["run"]["url"] == URL
    assert URL in sent["message"]


# --- nothing from outside is a command -------------------------------------------------------------

OURS = {"group", "endgroup", "error", "warning"}
MOVING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of characters that cannot be seen and move others."""


def only_ours(step: Step) -> None:
    """Assert that GitHub's runner carries out no command but what we have to say, and all of that."""
    assert [one for one in step.commands if one.name not in OURS] == []
    assert [one for one in step.named("error", "warning") if "title" not in one.properties] == []
    assert [one.name for one in step.named("group", "endgroup")] == ["group", "endgroup"] * len(step.named("group"))
    inert(step)


def inert(step: Step) -> None:
    """Assert that nothing moves a cursor, ends a line early or is a command of the old kind."""
    for text in (step.ended.out, step.ended.err):
        lines = text.split("\n")
        assert [line for line in lines if any(category(one) in MOVING for one in line)] == []
        assert [line for line in lines if "##[" in line and parse_new(line) is None] == []
    assert [line for line in step.ended.out.split("\n") if parse_new(line)] == []


@pytest.mark.parametrize("flags", [(), ("--json",), ("-v",)], ids=["text", "json", "verbose"])
def test_a_hostile_payload_is_data_everywhere(step: Callable[..., Step], flags: tuple[str, ...]) -> None:
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": text, "instance": text, "severity": "critical", text: text},
            "annotations": {"summary": text, "description": text},
            "generatorURL": text,
        }
        for text in LINES
    ]
    payload = {"version": "4", "status": "firing", "alerts": alerts, "groupKey": LINES[6], "words": LINES}
    text = (
        'version: "1.0"\nnodes:\n'
        "  - {id: a, type: ingest, config: {format: alertmanager}}\n"
        "  - {id: b, type: intelligence, config: {provider: local}}\n"
        "  - {id: c, type: notify, config: {driver: log, template: '{{ payload.words | join(\"\\n\") }}'}}\n"
        "  - {id: d, type: notify, config: {driver: log}}\n"
        "  - {id: e, type: transform, when: 'payload.words[6] == 1'}\n"
        "  - {id: f, type: transform, config: {extract: '{{ payload.words[6] }}'}, required: false}\n"
    )
    ended = step(text, *flags, "--file", "-", stdin=json.dumps(payload))
    assert ended.ended.code == 5, ended.ended.err
    only_ours(ended)


@pytest.mark.parametrize("text", LINES, ids=ascii)
def test_what_a_command_and_a_server_say_is_data(
    step: Callable[..., Step], tmp_path: Path, receiver: Receiver, text: str
) -> None:
    (tmp_path / "said").write_bytes(text.encode("utf-8", "surrogatepass"))
    receiver.says = text.encode("utf-8", "replace").decode()
    definition = (
        'version: "1.0"\nnodes:\n'
        "  - id: a\n    type: context\n    config:\n      checks:\n"
        "        - {type: command, name: x, argv: [sh, -c, 'cat said; exit 2'], parse: nagios}\n"
        "        - {type: command, name: y, argv: [sh, -c, 'cat said >&2; exit 2']}\n"
        f"        - {{type: http, name: z, url: '{receiver.url}/down', confirm: {{tries: 1}}}}\n"
        "  - {id: b, type: transform, config: {extract: '{{ a.output.results.x.message }}'}, required: false}\n"
        "  - {id: c, type: notify, config: {driver: log, message: '{{ a.output.results.x.message }}'}}\n"
    )
    ended = step(definition)
    assert ended.ended.code == 5, ended.ended.err
    only_ours(ended)


def test_what_the_receiver_of_a_message_answers_is_data(step: Callable[..., Step], receiver: Receiver) -> None:
    receiver.says = " ".join(text.encode("utf-8", "replace").decode() for text in LINES)
    url = f"{receiver.url}/down"
    config = "{driver: generic, endpoint: '{{ payload.url }}'}"
    text = f'version: "1.0"\nallow_hosts: [127.0.0.1]\nnodes: [{{id: a, type: notify, config: {config}}}]\n'
    ended = step(text, "--payload", json.dumps({"url": url}))
    assert ended.ended.code == 9, ended.ended.err
    only_ours(ended)


@pytest.mark.parametrize("text", LINES, ids=ascii)
def test_what_a_person_types_is_data(step: Callable[..., Step], text: str) -> None:
    typed = text.replace("\x00", "").encode("utf-8", "replace").decode()
    flags = ("--environment", typed, "--trace-id", typed, "--source", typed)
    good = step(FINE, *flags)
    assert good.ended.code == 0
    only_ours(good)
    for arguments in (("--input", f"{typed}={typed}"), ("--definition", typed)):
        ended = step(FINE, *arguments)
        assert [one for one in ended.commands if one.name not in OURS] == []
        inert(ended)
