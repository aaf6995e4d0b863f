"""What a run is given from outside: inputs, secrets, variables, and the places where definitions are looked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended

    Cli = Callable[..., Ended]

TYPED = """\
version: "1.0"
inputs:
  text: {default: calm}
  number: {type: number}
  flag: {type: boolean, default: true}
  pick: {type: choice, options: [a, 2]}
  items: {type: list}
nodes:
  - {id: a, type: transform, config: {template: "{{ inputs[payload.key] }}"}}
"""


def transformed(cli: Cli, tmp_path: Path, text: str, *flags: str, **given: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Run a definition as a process; return what its node `a` has made."""
    (tmp_path / "d.yaml").write_text(text)
    ended = cli("--config", "d.yaml", "--json", *flags, **given)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["node_results"]["a"]["output"]["transformed"]


@pytest.mark.parametrize(
    ("key", "given", "value"),
    [
        ("text", None, "calm"),
        ("text", "a=b c", "a=b c"),
        ("text", "", ""),
        ("text", "12", "12"),
        ("number", None, 0),
        ("number", "-3", -3),
        ("number", "2.5", 2.5),
        ("flag", None, True),
        ("flag", "false", False),
        ("flag", "TRUE", True),
        ("pick", None, ""),
        ("pick", "a", "a"),
        ("pick", "2", 2),
        ("items", None, []),
        ("items", "a, b c", ["a", "b", "c"]),
        ("items", '["a b", 1]', ["a b", 1]),
    ],
)
def test_an_input_has_the_type_that_it_declares(
    cli: Cli, tmp_path: Path, key: str, given: str | None, value: object
) -> None:
    flags = () if given is None else ("--input", f"{key}={given}")
    found = transformed(cli, tmp_path, TYPED, "--payload", json.dumps({"key": key}), *flags)
    assert (found, type(found)) == (value, type(value))


def test_the_last_of_two_values_wins(cli: Cli, tmp_path: Path) -> None:
    flags = ("--payload", '{"key": "text"}', "--input", "text=one", "--input", "text=two")
    assert transformed(cli, tmp_path, TYPED, *flags) == "two"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("flag=no", 'input flag: expected true or false, got "no" — write true or false'),
        ("number=1e3", 'input number: expected a number, got "1e3" — write one like 5 or 0.5'),
        ("pick=b", 'input pick: "b" is not one of a, 2 — known: a, 2'),
        (
            "items=[1",
            (
                "input items: expected a list, got no JSON: Expecting ',' delimiter: line 1 column 3 (char 2)"
                ' — write ["a", "b"], or a, b'
            ),
        ),
        ("txt=1", 'the definition declares no input txt — did you mean "text"?'),
        ("text", "Invalid input format: text. Use KEY=VALUE."),
        ("=x", "Invalid input format: =x. Use KEY=VALUE."),
    ],
)
def test_a_wrong_input_is_a_usage_error(cli: Cli, tmp_path: Path, given: str, message: str) -> None:
    (tmp_path / "d.yaml").write_text(TYPED)
    ended = cli("--config", "d.yaml", "--input", given)
    assert (ended.code, ended.err, ended.out) == (2, f"error: {message}\n", "")


REQUIRED = """\
version: "1.0"
inputs: {url: {required: true}, host: {required: true}}
nodes: [{id: a, type: transform, config: {template: "{{ inputs.url }}"}}]
"""


@pytest.mark.parametrize("flags", [(), ("--input", "url=")], ids=["not given", "empty"])
def test_every_required_input_that_is_missing_is_named(cli: Cli, tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "d.yaml").write_text(REQUIRED)
    ended = cli("--config", "d.yaml", *flags)
    sentences = [f"input {name} is required and not given — add --input {name}=…" for name in ("url", "host")]
    assert (ended.code, ended.err) == (4, "error: " + "\n".join(sentences) + "\n")


DEMANDING = """\
version: "1.0"
secrets: [API_TOKEN]
nodes:
  - {id: a, type: transform, config: {template: "{{ secrets.API_TOKEN == payload }}"}}
  - {id: b, type: transform, config: {template: "{{ secrets.API_TOKEN }}"}}
"""
OPTIONAL = """\
version: "1.0"
secrets: {API_TOKEN: {required: false}}
nodes:
  - {id: a, type: transform, required: false, config: {template: "{{ secrets.API_TOKEN }}"}}
  - {id: b, type: transform, config: {template: "{{ 1 }}"}}
"""


def said(cli: Cli, tmp_path: Path, text: str, env: dict[str, str], *flags: str) -> Ended:
    (tmp_path / "d.yaml").write_text(text)
    return cli("--config", "d.yaml", *flags, env=env)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"], ids=["none", "newline", "windows", "two"])
def test_a_secret_in_a_file_is_sent_without_the_newline_at_its_end(
    cli: Cli,
    tmp_path: Path,
    receiver: Receiver,
    ending: str,
) -> None:
    (tmp_path / "token").write_bytes(f"open sesame{ending}".encode())
    (tmp_path / "d.yaml").write_text(SENDING)
    ended = cli("--config", "d.yaml", "--input", f"url={receiver.url}/ok", env={"API_TOKEN_FILE": "token"})
    assert ended.code == 0, ended.err
    assert [one.headers["X-Token"] for one in receiver.arrived] == ["open sesame"]
    assert "open sesame" not in ended.out + ended.err


SENDING = """\
version: "1.0"
inputs: {url: {required: true}}
secrets: [API_TOKEN]
nodes:
  - id: a
    type: notify
    config: {driver: generic, endpoint: "{{ inputs.url }}", headers: {X-Token: "{{ secrets.API_TOKEN }}"}}
"""


def test_the_variable_wins_over_the_file(cli: Cli, tmp_path: Path, receiver: Receiver) -> None:
    (tmp_path / "d.yaml").write_text(SENDING)
    env = {"API_TOKEN": "opensesame", "API_TOKEN_FILE": "/nowhere"}
    assert cli("--config", "d.yaml", "--input", f"url={receiver.url}/ok", env=env).code == 0
    assert [one.headers["X-Token"] for one in receiver.arrived] == ["opensesame"]


HINT = "set API_TOKEN, or API_TOKEN_FILE to a file that holds it"


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({}, f"secret API_TOKEN is not set — {HINT}"),
        ({"API_TOKEN": ""}, f"secret API_TOKEN is empty — {HINT}"),
        ({"API_TOKEN_FILE": "/dev/null"}, f"secret API_TOKEN is empty — {HINT}"),
        (
            {"API_TOKEN_FILE": "/nowhere"},
            "API_TOKEN_FILE names /nowhere, which cannot be read: No such file or directory",
        ),
        ({"API_TOKEN_FILE": "."}, "API_TOKEN_FILE names ., which cannot be read: Is a directory"),
        ({"API_TOKEN_FILE": "latin"}, "API_TOKEN_FILE names latin, which cannot be read: it is not UTF-8"),
    ],
    ids=["not set", "empty", "empty file", "no file", "folder", "not text"],
)
def test_a_secret_that_is_missing_ends_the_run_before_its_first_node(
    cli: Cli, tmp_path: Path, env: dict[str, str], message: str
) -> None:
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    ended = said(cli, tmp_path, DEMANDING, env)
    assert (ended.code, ended.err, ended.out) == (4, f"error: {message}\n", "")


@pytest.mark.parametrize("env", [{}, {"API_TOKEN": ""}], ids=["not set", "empty"])
def test_an_optional_secret_fails_only_the_nodes_that_use_it(cli: Cli, tmp_path: Path, env: dict[str, str]) -> None:
    ended = said(cli, tmp_path, OPTIONAL, env, "--json")
    document = json.loads(ended.out)
    assert ended.code == 0
    assert {name: one["status"] for name, one in document["node_results"].items()} == {"a": "failed", "b": "succeeded"}
    not_set = "secret API_TOKEN is not set — set API_TOKEN, or API_TOKEN_FILE to a file that holds it"
    assert not_set in document["node_results"]["a"]["errors"][0]["message"]


@pytest.mark.parametrize(("value", "warned"), [("abc", True), ("abcd", False)])
def test_a_secret_under_4_characters_is_not_masked_and_said_to_be(
    cli: Cli, tmp_path: Path, value: str, warned: bool
) -> None:
    ended = said(cli, tmp_path, OPTIONAL, {"API_TOKEN": value})
    warning = "warning: the secret API_TOKEN is shorter than 4 characters and is not masked"
    assert (warning in ended.err.splitlines()) is warned


ENVIRONMENT = 'version: "1.0"\nenv: [MARK]\nnodes: [{id: a, type: transform, config: {template: "{{ env.MARK }}"}}]\n'


def test_an_expression_reads_the_variables_that_are_listed(cli: Cli, tmp_path: Path) -> None:
    assert transformed(cli, tmp_path, ENVIRONMENT, env={"MARK": "here"}) == "here"


def test_an_expression_reads_no_other_variable(cli: Cli, tmp_path: Path) -> None:
    ended = said(cli, tmp_path, ENVIRONMENT.replace("env.MARK", "env.HOME"), {})
    problem = "environment variable HOME is not declared — declare it: env: [HOME]"
    lines = ["error: Pipeline definition invalid:", f"  - d.yaml:3:53 E307 nodes[0].config.template: {problem}"]
    assert (ended.code, ended.err.splitlines()) == (3, lines)


def test_a_listed_variable_that_is_not_set_fails_the_node(cli: Cli, tmp_path: Path) -> None:
    ended = said(cli, tmp_path, ENVIRONMENT, {})
    assert ended.code == 1
    assert '"env.MARK" is undefined' in ended.err


FIRING = 'version: "1.0"\n{fail_on}nodes: [{{id: a, type: ingest}}]\n'


@pytest.mark.parametrize(
    ("flag", "variable", "written", "code"),
    [
        (None, None, None, 0),
        (None, None, "warning", 5),
        (None, "never", "warning", 0),
        (None, "warning", "never", 5),
        ("never", "warning", "warning", 0),
        ("warning", "never", "never", 5),
        (None, "", "warning", 5),
    ],
)
def test_fail_on_comes_from_flag_variable_definition_and_default_in_this_order(
    cli: Cli, tmp_path: Path, flag: str | None, variable: str | None, written: str | None, code: int
) -> None:
    (tmp_path / "d.yaml").write_text(FIRING.format(fail_on=f"fail_on: {written}\n" if written else ""))
    flags = ("--fail-on", flag) if flag else ()
    env = {} if variable is None else {"PIPELINE_FAIL_ON": variable}
    ended = cli("--config", "d.yaml", "--payload", '{"title": "x", "severity": "warning"}', *flags, env=env)
    assert ended.code == code, ended.err


def test_a_wrong_word_in_the_variable_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    ended = said(cli, tmp_path, FIRING.format(fail_on=""), {"PIPELINE_FAIL_ON": "critcal"})
    message = "error: PIPELINE_FAIL_ON is 'critcal' — did you mean \"critical\"?\n"
    assert (ended.code, ended.err) == (2, message)


@pytest.mark.parametrize(
    ("flags", "env", "expected"),
    [
        ((), {}, "development"),
        ((), {"PIPELINE_ENVIRONMENT": "staging"}, "staging"),
        (("--environment", "prod"), {"PIPELINE_ENVIRONMENT": "staging"}, "prod"),
    ],
    ids=["default", "variable", "flag"],
)
def test_the_environment_comes_from_flag_variable_and_default_in_this_order(
    cli: Cli, tmp_path: Path, flags: tuple[str, ...], env: dict[str, str], expected: str
) -> None:
    text = 'version: "1.0"\nnodes: [{id: a, type: transform, config: {template: "{{ run.environment }}"}}]\n'
    assert transformed(cli, tmp_path, text, *flags, env=env) == expected


def definition(folder: Path, name: str, mark: str) -> None:
    """Write a definition whose node makes `mark`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"version": "1.0", "nodes": [{"id": "a", "type": "transform", "config": {"template": mark}}]})
    (folder / name).write_text(text)


def found(cli: Cli, wanted: str, **given: Any) -> str:  # noqa: ANN401 - what the process is given
    """Return what the definition of this name makes."""
    ended = cli("--definition", wanted, "--json", **given)
    assert ended.code == 0, ended.err
    mark: str = json.loads(ended.out)["node_results"]["a"]["output"]["transformed"]
    return mark


def test_a_name_is_looked_up_in_the_own_folder_then_the_workspace_then_the_built_ins(cli: Cli, tmp_path: Path) -> None:
    env = {"PIPELINE_DEFINITIONS_DIR": "own", "GITHUB_WORKSPACE": str(tmp_path / "checkout")}
    definition(tmp_path / "definitions", "checks-only.json", "the working directory's")
    assert found(cli, "checks-only") == "the working directory's"
    definition(tmp_path / "checkout" / "definitions", "checks-only.json", "the workspace's")
    assert found(cli, "checks-only", env=env) == "the workspace's"
    definition(tmp_path / "own", "checks-only.json", "the own folder's")
    assert found(cli, "checks-only", env=env) == "the own folder's"
    ended = cli("--definition", "builtin:checks-only", "--dry-run", env=env)
    assert "  1. [context] checks" in ended.out.splitlines()


def test_yaml_is_preferred_to_yml_and_that_to_json(cli: Cli, tmp_path: Path) -> None:
    for suffix in ("json", "yml", "yaml"):
        definition(tmp_path / "definitions", f"mine.{suffix}", suffix)
        assert found(cli, "mine") == suffix


@pytest.mark.parametrize("wanted", ["file:other/mine.json", "other/mine.json", "file:beside.json", "beside.json"])
def test_a_path_is_taken_as_it_is(cli: Cli, tmp_path: Path, wanted: str) -> None:
    definition(tmp_path / "other", "mine.json", "it")
    definition(tmp_path, "beside.json", "it")
    assert found(cli, wanted) == "it"


def test_verbose_says_where_it_was_found(cli: Cli, tmp_path: Path) -> None:
    definition(tmp_path / "definitions", "mine.yml", "it")
    ended = cli("--definition", "mine", "-v")
    assert "definition mine found at definitions/mine.yml" in ended.err


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("builtin:nope", "builtin:nope — Searched the built-in definitions"),
        ("file:nope.yaml", "file:nope.yaml — Searched HERE/nope.yaml"),
        ("nope.yaml", "nope.yaml — Searched HERE/nope.yaml"),
        (
            "mien",
            'mien — did you mean "mine"? Searched own, definitions and the built-in definitions',
        ),
    ],
)
def test_what_is_not_there_says_where_it_was_looked_for(cli: Cli, tmp_path: Path, wanted: str, message: str) -> None:
    definition(tmp_path / "own", "mine.json", "it")
    ended = cli("--definition", wanted, env={"PIPELINE_DEFINITIONS_DIR": "own"})
    expected = message if "own" in message else message.replace("Searched d", "Searched own, d")
    expected = expected.replace("HERE", str(tmp_path))
    assert (ended.code, ended.err) == (4, f"error: Pipeline definition not found: {expected}\n")


@pytest.mark.parametrize(
    ("env", "flags", "written"),
    [
        ({}, (), None),
        ({"CI": "false"}, (), None),
        ({"CI": "true"}, (), "pipeline-results.json"),
        ({"CI": "true"}, ("--results", "mine.json"), "mine.json"),
        ({}, ("--results", "mine.json"), "mine.json"),
    ],
    ids=["shell", "no CI", "CI", "CI with a path", "path"],
)
def test_the_result_document_is_written_in_ci_or_where_asked(
    cli: Cli, tmp_path: Path, env: dict[str, str], flags: tuple[str, ...], written: str | None
) -> None:
    definition(tmp_path / "definitions", "mine.json", "it")
    assert cli("--definition", "mine", *flags, env=env).code == 0
    names = {path.name for path in tmp_path.iterdir()} - {"definitions", ".pipeline"}
    assert names == ({written} if written else set())
