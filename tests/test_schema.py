"""The JSON Schema of definitions holds what the models hold: the same files pass, and the same files are refused."""

from __future__ import annotations

import ast
import copy
import inspect
import json
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from runner.channels import CHANNELS
from runner.checks import CHECKS
from runner.definition.document import read
from runner.definition.legacy import UNREAD
from runner.definition.loader import load
from runner.definition.schema import FAMILIES, definition_schema
from runner.definition.source import Text
from runner.errors import DefinitionError
from runner.formats import FORMATS
from runner.nodes import NODES
from runner.prepare import configurable
from runner.providers import PROVIDERS
from runner.validators import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).parents[1]
CORPUS: Final = ROOT / "tests" / "definition"
VALID: Final = sorted([*CORPUS.glob("valid/*.yaml"), *ROOT.glob("definitions/*.yaml")])
INVALID: Final = sorted(CORPUS.glob("invalid/*.yaml"))

UNSAID: Final = {
    "a-source-that-is-not-there": "references lead to other nodes",
    "branch-after-the-last": "a branch depends on those after it",
    "choice-without-options": "an input's keys depend on each other",
    "circle": "ways lead to other nodes",
    "comparison-with-no-verdict": "expressions have a language of their own",
    "condition-that-does-not-compile": "expressions have a language of their own",
    "default-of-another-type": "an input's keys depend on each other",
    "duplicate-check-names": "names are unique among others",
    "duplicate-ids": "names are unique among others",
    "driver-header-that-is-made": "names of headers differ in small and large letters",
    "duplicate-key": "a validator sees only the last one",
    "for-each-that-reads-no-item": "expressions have a language of their own",
    "for-each-with-one-name": "a name may be a template, and then differs",
    "guarded-secret": "who runs it decides which names are allowed",
    "http-header-name-with-a-blank": "a template may stand for all headers",
    "http-header-with-a-line-break": "a break at the end is cut off, and does no harm",
    "id-a-word-of-the-language": "the words are the language's, not the shape's",
    "item-outside-of-for-each": "expressions have a language of their own",
    "next-to-nowhere": "ways lead to other nodes",
    "no-time-at-all": "a pattern compares no durations",
    "option-of-none-of-the-drivers": "options of several drivers are told apart by reading them all",
    "outside-in-the-wrong-order": "thresholds are compared",
    "path-that-leads-nowhere": "paths have a language of their own",
    "pattern-that-does-not-compile": "patterns have a language of their own",
    "query-that-does-not-compile": "queries have a language of their own",
    "reference-to-nothing": "references lead to other nodes",
    "skip-after-nobody": "references lead to other nodes",
    "status-range-backwards": "a pattern compares no numbers",
    "template-that-does-not-compile": "expressions have a language of their own",
    "threshold-beyond-the-timeout": "they are compared",
    "thresholds-in-the-wrong-order": "thresholds are compared",
    "too-many-samples-for-the-time": "a number is held against a duration",
    "too-much-time": "a pattern compares no durations",
    "two-addresses": "two keys of one meaning",
    "two-bodies": "two keys of one meaning",
    "two-formats": "two keys of one meaning",
    "two-lists-of-checks": "two keys of one meaning",
    "two-shapes": "two keys of one meaning",
    "two-texts": "two keys of one meaning",
    "two-timeouts": "two keys of one meaning",
    "two-ways-to-a-channel": "two keys of one meaning",
    "undeclared-input": "references lead to what is declared elsewhere",
    "unreachable": "ways lead to other nodes",
}
"""Files that only the models refuse, and why no schema says it."""


def stem(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return definition_schema()


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema)


def tree(path: Path) -> Any:  # noqa: ANN401 - what a file holds
    """A file as the runner reads it: YAML has more than one reading."""
    return read(path.read_bytes(), path.name).value


def errors(data: bytes, name: str) -> list[str]:
    """What the models find wrong: codes and paths."""
    try:
        load(Text(data=data, label=name, name="test"))
    except DefinitionError as error:
        return [f"{one.code} {one.path}".strip() for one in error.diagnostics if one.severity == "error"]
    return []


# --- the file --------------------------------------------------------------------------------------


def test_the_committed_file_is_the_schema_of_this_code(schema: dict[str, Any]) -> None:
    written = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    committed = (ROOT / "docs" / "definition.schema.json").read_text(encoding="utf-8")
    assert committed == written, "write it again: pipeline-runner schema > docs/definition.schema.json"


def test_the_command_prints_the_committed_file(cli: Callable[..., Any]) -> None:
    ended = cli("schema", cwd=ROOT)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (ROOT / "docs" / "definition.schema.json").read_text(encoding="utf-8")


def test_it_is_a_json_schema_of_2020_12(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert {key: schema[key] for key in ("$schema", "$id", "title")} == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://raw.githubusercontent.com/org/pipeline-action/v1/docs/definition.schema.json",
        "title": "Pipeline definition",
    }


def test_pydantic_is_imported_only_when_the_schema_is_made() -> None:
    code = "import sys, runner.definition.schema; raise SystemExit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_each_reference_leads_to_a_part(schema: dict[str, Any]) -> None:
    for reference in {one["$ref"] for one in schemas(schema) if "$ref" in one}:
        found: Any = schema
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert isinstance(found, dict), reference


def test_classes_of_one_name_are_described_alike() -> None:
    """Their descriptions share a place below `$defs`."""
    seen: dict[str, Any] = {}
    for cls in configurable():
        for name, part in json_schema(cls).get("$defs", {}).items():
            assert seen.setdefault(name, part) == part, f"{cls.__name__} has another {name}"


# --- the corpus ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", VALID, ids=stem)
def test_a_valid_definition_passes(path: Path, validator: Draft202012Validator) -> None:
    assert errors(path.read_bytes(), path.name) == []
    assert [(one.json_path, one.message) for one in validator.iter_errors(tree(path))] == []


@pytest.mark.parametrize("path", INVALID, ids=stem)
def test_the_models_find_the_fault_of_an_invalid_definition(path: Path) -> None:
    """The first line of each file says it: code and path."""
    data = path.read_bytes()
    assert errors(data, path.name) == [data.decode().splitlines()[0].removeprefix("# ")]


@pytest.mark.parametrize("path", [path for path in INVALID if path.stem not in UNSAID], ids=stem)
def test_the_schema_refuses_an_invalid_definition(path: Path, validator: Draft202012Validator) -> None:
    assert not validator.is_valid(tree(path))


@pytest.mark.parametrize("name", UNSAID)
def test_the_schema_lets_pass_what_no_schema_says(name: str, validator: Draft202012Validator) -> None:
    assert validator.is_valid(tree(CORPUS / "invalid" / f"{name}.yaml")), "it can be said: remove it from the table"


JUNK: Final[tuple[Any, ...]] = ("x", "", 0, 2.5, True, None, [], {}, "{{ payload }}")


@pytest.mark.parametrize("name", ["checks", "ingest", "node-keys", "transform"])
def test_whatever_the_models_accept_the_schema_accepts(name: str, validator: Draft202012Validator) -> None:
    """Put junk in the place of every value, one at a time."""
    whole = tree(CORPUS / "valid" / f"{name}.yaml")
    changed = [replaced(whole, path, junk) for path in places(whole) for junk in JUNK]
    refused = [one for one in changed if not validator.is_valid(one)]
    assert len(refused) > len(changed) / 4
    assert [one for one in refused if not errors(json.dumps(one).encode(), "junk.json")] == []


Place = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:  # noqa: ANN401 - JSON
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from places(item, (*at, key))


def replaced(whole: Any, at: Place, new: object) -> Any:  # noqa: ANN401 - JSON
    changed = copy.deepcopy(whole)
    target = changed
    for key in at[:-1]:
        target = target[key]
    target[at[-1]] = new
    return changed


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param(
            "node-type-unknown",
            "$.nodes[0].type: 'contxt' is not one of ['ingest', 'context', 'intelligence', 'transform', 'notify']",
            id="type",
        ),
        pytest.param(
            "node-key-unknown",
            "$.nodes[0]: Additional properties are not allowed ('timout' was unexpected)",
            id="key",
        ),
        pytest.param(
            "check-key-unknown",
            "$.nodes[0].config.checks[0]: Additional properties are not allowed ('pathes' was unexpected)",
            id="key-of-a-check",
        ),
        pytest.param(
            "check-field-missing",
            "$.nodes[0].config.checks[0]: 'url' is a required property",
            id="field-of-a-check",
        ),
        pytest.param(
            "http-method-unknown",
            "$.nodes[0].config.checks[0].method: 'FETCH' is not one of"
            " ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']",
            id="word-where-a-template-may-stand",
        ),
        pytest.param(
            "tcp-port-zero",
            "$.nodes[0].config.checks[0].port: 0 is less than the minimum of 1",
            id="number-where-a-template-may-stand",
        ),
        pytest.param(
            "driver-option-unknown",
            "$.nodes[0].config: Additional properties are not allowed ('endpoint' was unexpected)",
            id="option-of-another-driver",
        ),
        pytest.param("driver-missing", "$.nodes[0].config: 'driver' is a required property", id="driver"),
        pytest.param(
            "channel-option-unknown",
            "$.nodes[0].config.channel: Additional properties are not allowed ('endpoint' was unexpected)",
            id="option-in-a-channel",
        ),
        pytest.param(
            "node-timeout-a-number",
            "$.nodes[0].timeout: 30 is not of type 'string', 'null'",
            id="value-that-may-be-null",
        ),
    ],
)
def test_a_validator_says_what_is_wrong_and_where(name: str, message: str, validator: Draft202012Validator) -> None:
    found = best_match(validator.iter_errors(tree(CORPUS / "invalid" / f"{name}.yaml")))
    assert found is not None
    assert f"{found.json_path}: {found.message}" == message


# --- what it holds ---------------------------------------------------------------------------------


def schemas(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Every object of the schema, be it a schema or a table of properties."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from schemas(item)


@pytest.mark.parametrize("kind", list(NODES))
def test_a_node_type_has_its_config(kind: str, schema: dict[str, Any]) -> None:
    node = schema["$defs"]["node"]
    assert kind in node["properties"]["type"]["enum"]
    assert {"const": kind} in [rule["if"]["properties"]["type"] for rule in node["allOf"]]
    assert schema["$defs"][f"{kind}_config"]["description"] == inspect.getdoc(NODES.load(kind))


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, family in FAMILIES.items() for name in family], ids=str
)
def test_a_member_of_a_family_is_described(kind: str, name: str, schema: dict[str, Any]) -> None:
    member = schema["$defs"][f"{kind}_{name}"]
    assert member["properties"][FAMILIES[kind].key] == {"const": name}
    assert member["description"] == inspect.getdoc(FAMILIES[kind].load(name))


def config(kind: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"version": "1.0", "nodes": [{"id": "it", "type": kind, "config": given}]}


@pytest.mark.parametrize("name", list(CHECKS))
def test_a_check_may_be_named_alone_where_it_needs_nothing(name: str, validator: Draft202012Validator) -> None:
    assert validator.is_valid(config("context", checks=[name]))
    assert not validator.is_valid(config("context", checks=[{"type": name, "colour": "red"}]))


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_format_may_be_named(name: str, validator: Draft202012Validator) -> None:
    assert validator.is_valid(config("ingest", format=name))


@pytest.mark.parametrize("name", list(PROVIDERS))
def test_a_provider_takes_its_own_options_only(name: str, validator: Draft202012Validator) -> None:
    assert validator.is_valid(config("intelligence", provider=name))
    assert not validator.is_valid(config("intelligence", provider=name, colour="red"))
    assert not validator.is_valid(config("intelligence", provider=name, provider_config={"colour": "red"}))


@pytest.mark.parametrize("name", list(CHANNELS))
def test_a_driver_takes_its_own_options_only(name: str, validator: Draft202012Validator) -> None:
    for given in ({"driver": name}, {"drivers": [name]}):
        assert validator.is_valid(config("notify", **given))
        assert not validator.is_valid(config("notify", **given, colour="red"))
    for beside in ({}, {"colour": "red"}):
        one = {"driver": name, **beside}
        assert validator.is_valid(config("notify", channel=one)) is not bool(beside)
        assert validator.is_valid(config("notify", channels=[one])) is not bool(beside)


@pytest.mark.parametrize("key", sorted(UNREAD))
def test_a_key_that_never_had_an_effect_is_deprecated(key: str, schema: dict[str, Any]) -> None:
    tables = [schema, *(schema["$defs"][f"{kind}_config"] for kind in NODES)]
    assert [table["properties"][key]["deprecated"] for table in tables] == [True] * len(tables)


PARTS: Final = [f"{kind}_config" for kind in NODES] + [
    f"{kind}_{name}" for kind, family in FAMILIES.items() for name in family
]


@pytest.mark.parametrize("part", PARTS)
def test_a_template_may_stand_in_place_of_every_value_of_a_config(part: str, schema: dict[str, Any]) -> None:
    for key, described in schema["$defs"][part]["properties"].items():
        takes = Draft202012Validator({**described, "$defs": schema["$defs"]}).is_valid
        assert takes("{{ inputs.any }}") or "const" in described, key


def test_a_default_is_written_as_a_file_would_have_it(schema: dict[str, Any]) -> None:
    found = [one for one in schemas(schema) if "default" in one and not isinstance(one["default"], dict)]
    assert "10s" in [one["default"] for one in found]
    for one in found:
        Draft202012Validator({**one, "$defs": schema["$defs"]}).validate(one["default"])


@pytest.mark.parametrize("cls", configurable(), ids=lambda cls: cls.__name__)
def test_what_a_class_says_about_its_fields_is_in_the_schema(cls: type, schema: dict[str, Any]) -> None:
    tables = [one["properties"] for one in schemas(schema) if isinstance(one.get("properties"), dict)]
    for field, said in documented(cls).items():
        found = [table[field].get("description", "") for table in tables if isinstance(table.get(field), dict)]
        assert [one for one in found if one.startswith(said)], field


def documented(cls: type) -> dict[str, str]:
    """The strings below the fields of a class and of those that it is made of."""
    assert is_dataclass(cls)
    found: dict[str, str] = {}
    for base in filter(is_dataclass, reversed(cls.__mro__)):
        found |= strings(base)
    return {field.name: found[field.name] for field in fields(cls) if field.name in found}


def strings(cls: type) -> dict[str, str]:
    """The strings below the fields of one class."""
    (node,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(node, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[ast.unparse(field.target)] = inspect.cleandoc(str(below.value.value))
    return found
