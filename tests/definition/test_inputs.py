"""Inputs: what a declaration may say, and what becomes of the values that are given."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from runner.definition.inputs import Input, convert, empty
from runner.spec import Invalid
from tests.definition.reading import HEAD, loaded, refused

NUMBER = "write one like 5 or 0.5"

ONE = "nodes: [{id: a, type: transform}]\n"


def declared(kind: str, **given: Any) -> Input:  # noqa: ANN401 - the fields of Input
    fields: dict[str, Any] = {"type": kind, **given}
    return Input(**fields)


CHOICE = declared("choice", options=("small", "large", 3, True))


@pytest.mark.parametrize(
    ("of", "value", "expected"),
    [
        pytest.param(declared("string"), "x", "x", id="text"),
        pytest.param(declared("string"), "", "", id="empty text"),
        pytest.param(declared("string"), 3, "3", id="number as text"),
        pytest.param(declared("string"), 1.5, "1.5", id="fraction as text"),
        pytest.param(declared("string"), False, "false", id="false as text"),
        pytest.param(declared("number"), "3", 3, id="number"),
        pytest.param(declared("number"), " -3 ", -3, id="number with spaces"),
        pytest.param(declared("number"), "+2.50", 2.5, id="fraction"),
        pytest.param(declared("number"), 7, 7, id="number as it is"),
        pytest.param(declared("boolean"), "true", True, id="true"),
        pytest.param(declared("boolean"), "false", False, id="false"),
        pytest.param(declared("boolean"), " FALSE ", False, id="false in capitals"),
        pytest.param(declared("boolean"), True, True, id="true as it is"),
        pytest.param(CHOICE, "large", "large", id="choice"),
        pytest.param(CHOICE, "3", 3, id="choice of a number"),
        pytest.param(CHOICE, "true", True, id="choice of true"),
        pytest.param(declared("list"), "a b", ["a", "b"], id="list with spaces"),
        pytest.param(declared("list"), "a, b,c\n d", ["a", "b", "c", "d"], id="list with commas and lines"),
        pytest.param(declared("list"), "", [], id="empty list"),
        pytest.param(declared("list"), '["a b", 1, {"c": []}]', ["a b", 1, {"c": []}], id="list as JSON"),
        pytest.param(declared("list"), ["x", 1], ["x", 1], id="list as it is"),
    ],
)
def test_a_value_becomes_what_its_input_declares(of: Input, value: object, expected: object) -> None:
    found = convert(of, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("of", "value", "sentence", "hint"),
    [
        pytest.param(declared("string"), ["x"], "expected a text, got a list", "write one text", id="text"),
        pytest.param(
            declared("string"), None, "expected a text, got nothing", "write one, or leave the key out", id="nothing"
        ),
        pytest.param(declared("number"), "3px", 'expected a number, got "3px"', NUMBER, id="number"),
        pytest.param(declared("number"), "", 'expected a number, got ""', NUMBER, id="empty number"),
        pytest.param(declared("number"), "nan", 'expected a number, got "nan"', NUMBER, id="no number"),
        pytest.param(declared("number"), True, "expected a number, got true", NUMBER, id="true is no number"),
        pytest.param(declared("boolean"), "yes", 'expected true or false, got "yes"', "write true or false", id="yes"),
        pytest.param(declared("boolean"), 1, "expected true or false, got 1", "write true or false", id="one"),
        pytest.param(
            CHOICE, "larg", '"larg" is not one of small, large, 3, true', 'did you mean "large"?', id="nearly a choice"
        ),
        pytest.param(
            CHOICE, "zz", '"zz" is not one of small, large, 3, true', "known: small, large, 3, true", id="no choice"
        ),
        pytest.param(declared("list"), 3, "expected a list, got 3", "write [3]", id="list"),
        pytest.param(
            declared("list"),
            "[1,",
            "expected a list, got no JSON: Expecting value: line 1 column 4 (char 3)",
            'write ["a", "b"], or a, b',
            id="broken JSON",
        ),
        pytest.param(
            declared("list"),
            "[" * 100_000,
            "expected a list, got one that is nested too deeply",
            "write a flatter one",
            id="deep JSON",
        ),
    ],
)
def test_a_value_that_is_none_of_its_kind_is_refused(of: Input, value: object, sentence: str, hint: str) -> None:
    with pytest.raises(Invalid) as caught:
        convert(of, value)
    assert (caught.value.sentence, caught.value.hint) == (sentence, hint)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (declared("string"), ""),
        (declared("number"), 0),
        (declared("boolean"), False),
        (declared("list"), []),
        (CHOICE, ""),
        (declared("string", default="x"), "x"),
        (declared("boolean", default="false"), False),
        (declared("number", default="3"), 3),
        (declared("list", default="a b"), ["a", "b"]),
        (declared("choice", options=("a", "b"), default="b"), "b"),
        (declared("boolean", default=False), False),
    ],
)
def test_an_input_that_nobody_gives_is_its_default_or_empty_of_its_type(of: Input, expected: object) -> None:
    assert empty(of) == expected


def test_every_type_has_a_value_of_its_own_that_is_empty() -> None:
    for kind in get_args(get_type_hints(Input)["type"]):
        assert empty(declared(kind, options=("a",) if kind == "choice" else ())) in ("", 0, False, [])


@pytest.mark.parametrize(
    ("declaration", "said"),
    [
        pytest.param(
            "{x: }",
            "2:13 E202 inputs.x: expected an object, got nothing"
            " — what belongs to it stands below, further to the right",
            id="nothing",
        ),
        pytest.param(
            "{x: {type: strng}}",
            '2:20 E204 inputs.x.type: "strng" is not one of string, number, boolean, choice, list'
            ' — did you mean "string"?',
            id="type",
        ),
        pytest.param(
            "{x: {typ: string}}", '2:14 E203 inputs.x.typ: unknown key "typ" — did you mean "type"?', id="unknown key"
        ),
        pytest.param(
            "{x: {required: 'yes'}}",
            '2:24 E202 inputs.x.required: expected true or false, got "yes" — write true, without quotes',
            id="required",
        ),
        pytest.param(
            "{x: {type: choice}}",
            "2:13 E201 inputs.x.options: a choice needs options — add options: [a, b]",
            id="a choice of nothing",
        ),
        pytest.param(
            "{x: {type: choice, options: []}}",
            "2:37 E201 inputs.x.options: a choice needs options — add options: [a, b]",
            id="a choice of an empty list",
        ),
        pytest.param(
            "{x: {options: [a]}}",
            "2:23 E208 inputs.x.options: options belong to a choice, not to a string — write type: choice",
            id="options of a text",
        ),
        pytest.param(
            "{x: {type: choice, options: [a, b], default: c}}",
            '2:54 E204 inputs.x.default: "c" is not one of a, b — known: a, b',
            id="a default that is no choice",
        ),
        pytest.param(
            "{x: {type: number, default: three}}",
            '2:37 E202 inputs.x.default: expected a number, got "three" — write one like 5 or 0.5',
            id="a default of another type",
        ),
        pytest.param(
            "{x: {default: [a]}}",
            "2:23 E202 inputs.x.default: expected a text, got a list — write one text",
            id="a default of a list",
        ),
    ],
)
def test_what_is_wrong_with_a_declaration_is_said(declaration: str, said: str) -> None:
    assert refused(f"{HEAD}inputs: {declaration}\n{ONE}") == [f"f.yaml:{said}"]


def test_a_declaration_may_be_written_as_workflow_dispatch_has_it() -> None:
    text = """\
version: "1.0"
inputs:
  size:
    description: How large
    required: true
    default: small
    type: choice
    options: [small, large]
  loud:
    type: boolean
    default: "false"
nodes: [{id: a, type: transform}]
"""
    assert loaded(text).inputs == {
        "size": declared("choice", description="How large", required=True, default="small", options=("small", "large")),
        "loud": declared("boolean", default="false"),
    }
