from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.definition.document import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_TROUBLES,
    MAX_VALUES,
    Document,
    Place,
    format_path,
    read,
    read_json,
    read_yaml,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.definition.document import Kind

    Steps = tuple[str | int, ...]

ROOT: Final = Path(__file__).parents[2]


def said(document: Document) -> list[str]:
    """The troubles as a person reads them."""
    return [
        f"{one.place.line}:{one.place.column} {one.code} {format_path(one.path)}: {one.sentence} — {one.hint}"
        for one in document.troubles
    ]


def at(document: Document, *path: str | int, key: bool = False) -> tuple[int, int]:
    place = document.place(path, key=key)
    return place.line, place.column


# --- places ----------------------------------------------------------------------------------------

BLOCK = "version: 1\nnodes:\n  - id: probe\n    config:\n      url: x\n"


@pytest.mark.parametrize(
    ("text", "path", "value", "key"),
    [
        pytest.param(BLOCK, ("nodes", 0, "config", "url"), (5, 12), (5, 7), id="block"),
        pytest.param("a: {b: [1, {c: 2}]}\n", ("a", "b", 1, "c"), (1, 16), (1, 13), id="flow"),
        pytest.param("a: 1\r\nb:\r\n  c: 2\r\n", ("b", "c"), (3, 6), (3, 3), id="crlf"),
        pytest.param("a: 1\rb:\r  c: 2\r", ("b", "c"), (3, 6), (3, 3), id="cr"),
        pytest.param("# one\n\na: 1 # two\n# three\nb: 2\n", ("b",), (5, 4), (5, 1), id="comments"),
        pytest.param("a: |\n  x\n  y\nb: >-\n  z\nc: 3\n", ("c",), (6, 4), (6, 1), id="after-literals"),
        pytest.param("a: |\n  x\nb: 1\n", ("a",), (1, 4), (1, 1), id="literal"),
        pytest.param("\"a\": 'x\n  y'\n'b': \"z\"\n", ("b",), (3, 6), (3, 1), id="quoted"),
        pytest.param('{"😀é": "é😀", "b": 2}\n', ("b",), (1, 19), (1, 14), id="astral-before"),
        pytest.param("\ufeffa: 1\n", ("a",), (1, 4), (1, 1), id="bom"),
        pytest.param("? a\n: b\n", ("a",), (2, 3), (1, 3), id="explicit-key"),
        pytest.param("a:\n  - - 1\n    - 2\n", ("a", 0, 1), (3, 7), (3, 7), id="compact-lists"),
        pytest.param("a: &x 1\nb: *x\n", ("a",), (1, 4), (1, 1), id="an-anchor-belongs-to-its-value"),
        pytest.param("a: !!str 1\n", ("a",), (1, 4), (1, 1), id="a-tag-belongs-to-its-value"),
        pytest.param("a: &x {b: 1}\nc: *x\n", ("c",), (2, 4), (2, 1), id="alias"),
        pytest.param("a: &x {b: 1}\nc: *x\n", ("c", "b"), (1, 11), (1, 8), id="below-an-alias"),
        pytest.param("a: 1\na: {b: 2}\n", ("a",), (1, 4), (1, 1), id="the-first-of-duplicates"),
        pytest.param("a: {{ x }}\nb: 1\n", ("a",), (1, 4), (1, 1), id="expression"),
        pytest.param("a:\nb: 1\n", ("a",), (1, 3), (1, 1), id="nothing"),
    ],
)
def test_yaml_places_are_exact(text: str, path: Steps, value: tuple[int, int], key: tuple[int, int]) -> None:
    document = read_yaml(text.encode())
    assert (at(document, *path), at(document, *path, key=True)) == (value, key)


@pytest.mark.parametrize(
    ("text", "path", "value", "key"),
    [
        pytest.param('{\n  "a": [\n    1,\n    {"b": 2}\n  ]\n}\n', ("a", 1, "b"), (4, 11), (4, 6), id="lines"),
        pytest.param('{\r\n"a":\r\n  1}', ("a",), (3, 3), (2, 1), id="crlf"),
        pytest.param('{"😀é": "é", "b": 2}', ("b",), (1, 18), (1, 13), id="astral-before"),
        pytest.param(r'{"a": "\ud83d\ude00", "b": 2}', ("b",), (1, 28), (1, 23), id="escaped-pair"),
        pytest.param('{"%s": 1, "b": 2}' % ("k" * 2000), ("b",), (1, 2014), (1, 2009), id="long-key"),
        pytest.param('{"a": "\u2028\x85", "b": 2}', ("b",), (1, 18), (1, 13), id="line-separators-in-a-string"),
        pytest.param('{"a": "\x7f\x9f", "b": 2}', ("b",), (1, 18), (1, 13), id="controls-in-a-string"),
        pytest.param('{"a": 1e5, "b": -2.5E-3}', ("b",), (1, 17), (1, 12), id="exponents"),
        pytest.param('{"a\\"b,:]": [true, null]}', ('a"b,:]', 1), (1, 20), (1, 20), id="marks-in-a-key"),
        pytest.param('\ufeff{"a": 1}', ("a",), (1, 7), (1, 2), id="bom"),
    ],
)
def test_json_places_are_exact(text: str, path: Steps, value: tuple[int, int], key: tuple[int, int]) -> None:
    document = read_json(text.encode())
    assert document.troubles == ()
    assert (at(document, *path), at(document, *path, key=True)) == (value, key)


@pytest.mark.parametrize("data", [BLOCK.encode(), json.dumps(read_yaml(BLOCK.encode()).value, indent=1).encode()])
def test_where_a_path_leads_nowhere_the_nearest_thing_around_it_is_found(data: bytes) -> None:
    document = read(data, "", kind="json" if data.startswith(b"{") else "yaml")
    assert document.place(("nodes", 0, "config", "method")) == document.place(("nodes", 0, "config"))
    assert document.place(("nodes", 7, "config", "url"), key=True) == document.place(("nodes",))
    assert document.place(("nodes", 0, "id", "x", 3)) == document.place(("nodes", 0, "id"))
    assert document.place(("else",)) == document.place(()) == Place(1, 1)


# --- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, None) for text in ("null", "Null", "NULL", "~", "")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        *(("0", 0), ("-12", -12), ("+7", 7), ("012", 12), ("0o17", 15), ("0x1F", 31), (str(MAX_INTEGER), MAX_INTEGER)),
        *((str(-(2**63)), -(2**63)), ("1e5", 100000.0), ("1.", 1.0), (".5", 0.5), ("-2.5E-3", -0.0025)),
        *(
            (text, text)
            for text in ("on", "yes", "NO", "off", "y", "tRUE", "1_000", "1:30", "2001-01-01", "2001-13-45")
        ),
        *(
            (text, text)
            for text in ("=", "0b1", "0o8", "0xg", "-x", ".", "1e", "inf", "nan", "NaN", "1.2.3", "12a", "٣")
        ),
        *(
            ("'1'", "1"),
            ('"true"', "true"),
            ("|-\n  12", "12"),
            (">-\n  null", "null"),
            ("''", ""),
            ('"a\\tb"', "a\tb"),
        ),
    ],
)
def test_only_scalars_of_the_core_schema_are_no_texts(text: str, value: object) -> None:
    document = read_yaml(f"a: {text}\n".encode())
    assert (document.value, document.troubles) == ({"a": value}, ())
    assert [type(found) for _, found in walk(document.value)][1:] == [type(value)]


def test_an_alias_stands_for_a_copy() -> None:
    document = read_yaml(b"a: &x {b: [1, &y two]}\nc: *x\n*y : *y\n&z d: *z\n")
    assert document.value == {"a": {"b": [1, "two"]}, "c": {"b": [1, "two"]}, "two": "two", "d": "d"}
    lists = [found for _, found in walk(document.value) if isinstance(found, list)]
    assert len({id(found) for found in lists}) == len(lists) == 2


# --- troubles --------------------------------------------------------------------------------------

EMPTY = "1:1 E102 : the file is empty — a definition has version: and nodes:"
TABS = "E102 : not YAML: a tab in the indentation — YAML does not allow tabs for indentation; use spaces"
BRACES = "YAML reads an unquoted {{ … }} as an object — quote it:"
CONTEXT = 'mapping values are not allowed in this context — check the indentation; quote a value that holds ": "'
PART = "did not find expected key — check the indentation; quote the whole value where a part of it is quoted"
BEGINS = "found character that cannot start any token — quote a value that begins with %, @ or `"
ALIAS = "did not find expected alphabetic or numeric character — quote a value that begins with * or &"
SEQUENCE = "did not find expected ',' or ']' —"
MAPPING = "did not find expected ',' or '}' —"
TAG = "is not allowed — remove it; quotes make a text"
BREAK = "is a line break to some and none to others — remove it, or write"
LITTER = 'remove the "---" and what follows'
FINITE = "is no finite number — quote it if it is a text"
DIGITS = '"' + "9" * 59 + '…"'
LARGE = "is too large — quote it if it is a text"


@pytest.mark.parametrize(
    ("text", "expected", "value"),
    [
        *((text, [EMPTY], None) for text in ("", " \n", "# nothing\n", "---\n")),
        ("a:\n\tb: 1\n", [f"2:1 {TABS}"], None),
        ("a:\n  b: 1\n  \tc: 2\n", [f"3:3 {TABS}"], None),
        ("a: b: c\n", [f"1:5 E102 : not YAML: {CONTEXT}"], None),
        ('a: "x" y\n', [f"1:8 E102 : not YAML: {PART}"], None),
        ("a: [1, 2\nb: 3\n", [f"2:2 E102 : not YAML: {SEQUENCE} is the bracket in line 1 closed?"], None),
        ("a: 1\nb: 'x\nc: 2\n", ["2:4 E102 : not YAML: this quote is never closed — close it"], None),
        ("a: @x\n", [f"1:4 E102 : not YAML: {BEGINS}"], None),
        ("%YAML 3.0\n--- a\n", ["1:1 E102 : not YAML: found incompatible YAML document — remove the %YAML line"], None),
        ("a: \x07\n", ["1:4 E102 : not YAML: the character U+0007 is not allowed — remove it"], None),
        ("\ufeff\ufeffa: 1\n", ["1:1 E102 : not YAML: the character U+FEFF is not allowed — remove it"], None),
        (
            '{\n"a": 1,\n"b": {}\n',
            [f"4:1 E102 : not YAML: {MAPPING} this looks like JSON; then its name ends in .json"],
            None,
        ),
        (
            "a: 1\na: 2\nb: {c: 1, c: 2}\n",
            [
                '2:1 E103 a: duplicate key "a" — the first one is in line 1',
                '3:11 E103 b.c: duplicate key "c" — the first one is in line 3',
            ],
            {"a": 1, "b": {"c": 1}},
        ),
        ("a: 9223372036854775808\n", [f'1:4 E104 a: the number "9223372036854775808" {LARGE}'], {"a": MAX_INTEGER}),
        ("a: -1e999\n", [f'1:4 E104 a: the number "-1e999" {LARGE}'], {"a": -math.inf}),
        ("- .inf\n- -.INF\n", [f"1:3 E105 [0]: .inf {FINITE}", f"2:3 E105 [1]: -.INF {FINITE}"], [math.inf, -math.inf]),
        (
            "a: !!str 5\nb: !foo {c: 1}\n!x d: 1\n",
            [
                f'1:4 E105 a: the tag "!!str" {TAG}',
                f'2:4 E105 b: the tag "!foo" {TAG}',
                f'3:1 E105 d: the tag "!x" {TAG}',
            ],
            {"a": 5, "b": {"c": 1}, "d": 1},
        ),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n",
            ['3:3 E105 c["<<"]: merge keys are not allowed — write the keys out'],
            {"a": {"b": 1}, "c": {"d": 2}},
        ),
        (
            "a: 1\n---\nb: 2\n",
            [f"2:1 E105 : a second document begins — a definition is one document; {LITTER}"],
            {"a": 1},
        ),
        (
            "1: a\ntrue: b\n? \n: c\n",
            [
                '1:1 E105 ["1"]: this key is no text — quote it: "1"',
                '2:1 E105 true: this key is no text — quote it: "true"',
                '3:2 E105 [""]: this key is no text — give it a name',
            ],
            {"1": "a", "true": "b", "": "c"},
        ),
        (
            "a:\n  ? [1]\n  : 2\n  b: 3\n",
            ["2:5 E105 a: a list or an object is no key — keys are texts"],
            {"a": {"b": 3}},
        ),
        ("a: &x [1]\n*x : 2\n", ["2:1 E105 : a list or an object is no key — keys are texts"], {"a": [1]}),
        (
            "a: *x\nb: *.py\n",
            [
                '1:4 E102 : there is no anchor &x before this alias — quote it if it is a text: "*x"',
                f"2:5 E102 : not YAML: {ALIAS}",
            ],
            None,
        ),
        ("a: {{ x }}/y\n", [f'1:4 E405 a: {BRACES} "{{{{ x }}}}/y"'], None),
        ("- a: {{ @x }}\n", [f'1:6 E405 : {BRACES} "{{{{ @x }}}}"'], None),
        (f"a: {'9' * 5_000}\n", [f"1:4 E104 a: the number {DIGITS} {LARGE}"], {"a": MAX_INTEGER}),
        (
            "a: &x [*x]\n",
            ['1:8 E105 : the alias *x stands inside its own anchor — quote it if it is a text: "*x"'],
            {"a": ["*x"]},
        ),
        (
            "# \u2028\nb: 'x\x85y'\nb: 1\n",
            [
                f'1:3 E105 : U+2028 {BREAK} "\\u2028" in double quotes',
                f'2:6 E105 : U+0085 {BREAK} "\\u0085" in double quotes',
                '3:1 E103 b: duplicate key "b" — the first one is in line 2',
            ],
            {"b": "x y"},
        ),
        (
            "a: {{ x }}\nb: [{{ y.z }}, 1]\n",
            [f'1:4 E405 a: {BRACES} "{{{{ x }}}}"', f'2:5 E405 b[0]: {BRACES} "{{{{ y.z }}}}"'],
            {"a": "{{ x }}", "b": ["{{ y.z }}", 1]},
        ),
        ('a: {{ x["b"] }} # c\n', [f"1:4 E405 a: {BRACES} '{{{{ x[\"b\"] }}}}'"], None),
        ("- when: {{ x }} == 1\n", [f'1:9 E405 [0].when: {BRACES} "{{{{ x }}}} == 1"'], None),
        ("a: {{ x %}\n", [f'1:4 E405 a: {BRACES} "{{{{ … }}}}"'], None),
        (
            "a: [http://{{ x }}/]\n",
            [f"1:12 E102 : not YAML: {SEQUENCE} quote the whole text that holds the expression"],
            None,
        ),
    ],
)
def test_what_is_wrong_with_yaml_is_said_at_its_place(text: str, expected: list[str], value: object) -> None:
    document = read_yaml(text.encode())
    assert (said(document), document.value) == (expected, value)


NAME = "not JSON: expecting property name enclosed in double quotes —"
DELIMITER = "not JSON: expecting ',' delimiter —"


@pytest.mark.parametrize(
    ("text", "expected", "value"),
    [
        *((text, [EMPTY], None) for text in ("", " \n\t")),
        ('{"a": 1,\n}', [f"2:1 E102 : {NAME} remove the comma before it"], None),
        ("[1,]", ["1:4 E102 : not JSON: expecting value — remove the comma before it"], None),
        ("{'a': 1}", [f"1:2 E102 : {NAME} JSON quotes with double quotes"], None),
        ("{a: 1}", [f"1:2 E102 : {NAME} put the key in double quotes"], None),
        ('{\n  // c\n  "a": 1}', [f"2:3 E102 : {NAME} JSON has no comments"], None),
        ('{"a": True}', ["1:7 E102 : not JSON: expecting value — JSON writes true, false and null"], None),
        ('{"a": {{ x }}}', [f'1:8 E102 : {NAME} an expression stands in quotes: "{{{{ … }}}}"'], None),
        ('{"a": 1 "b": 2}', [f"1:9 E102 : {DELIMITER} a comma is missing before it"], None),
        ('{"a": [1', [f"1:9 E102 : {DELIMITER} the file ends too early: something that is opened is not closed"], None),
        (
            '{"a": "x\ny"}',
            [r"1:9 E102 : not JSON: invalid control character here — in a string a line break is \n and a tab is \t"],
            None,
        ),
        (r'{"a": "\d"}', [r"1:8 E102 : not JSON: invalid \escape — write a backslash as \\"], None),
        (
            '{"a": "x',
            ["1:7 E102 : not JSON: unterminated string starting here — close it with a double quote, on the same line"],
            None,
        ),
        ("{}\n{}", ["2:1 E102 : not JSON: extra data — a definition is one document; remove what follows"], None),
        (
            "version: 1\n",
            ["1:1 E102 : not JSON: expecting value — this looks like YAML; then its name ends in .yaml"],
            None,
        ),
        ("nope", ["1:1 E102 : not JSON: expecting value — "], None),
        (
            '{"a": 1,\n "a": 2, "b": {"c": 1, "c": {"d": [3]}}}',
            [
                '2:2 E103 a: duplicate key "a" — the first one is in line 1',
                '2:24 E103 b.c: duplicate key "c" — the first one is in line 2',
            ],
            {"a": 1, "b": {"c": 1}},
        ),
        (
            '{"a": 9223372036854775808, "b": -1e999}',
            [f'1:7 E104 a: the number "9223372036854775808" {LARGE}', f'1:33 E104 b: the number "-1e999" {LARGE}'],
            {"a": MAX_INTEGER, "b": -math.inf},
        ),
        (
            "[Infinity, -Infinity]",
            [f"1:2 E105 [0]: Infinity {FINITE}", f"1:12 E105 [1]: -Infinity {FINITE}"],
            [math.inf, -math.inf],
        ),
        (
            r'{"a": "\ud83d"}',
            [r"1:7 E105 : half of a surrogate pair is no character — write both halves, like \ud83d\ude00"],
            None,
        ),
    ],
)
def test_what_is_wrong_with_json_is_said_at_its_place(text: str, expected: list[str], value: object) -> None:
    document = read_json(text.encode())
    assert (said(document), document.value) == (expected, value)


def test_not_a_number_is_refused_in_both_languages() -> None:
    assert said(read_yaml(b"a: .nan\n")) == [f"1:4 E105 a: .nan {FINITE}"]
    assert said(read_json(b'{"a": NaN}')) == [f"1:7 E105 a: NaN {FINITE}"]


@pytest.mark.parametrize("kind", ["yaml", "json"])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            b" " * (MAX_BYTES + 1),
            "1:1 E101 : the file has 1,048,577 bytes — a definition has at most 1,048,576 (1 MiB)",
            id="too-large",
        ),
        pytest.param(
            "a: é\nb: é".encode() + b"\xe9",
            "2:5 E101 : the byte 0xE9 is not UTF-8 — save the file as UTF-8",
            id="latin-1",
        ),
        pytest.param(
            b'"\xed\xa0\x80"', "1:2 E101 : the byte 0xED is not UTF-8 — save the file as UTF-8", id="surrogate"
        ),
        pytest.param(b"a: 1\nb: \0", "2:4 E101 : the file holds a NUL byte — this is no text file", id="nul"),
        *(
            pytest.param(
                '{"a": 1}'.encode(name),
                "1:1 E101 : the file is UTF-16 or UTF-32, not UTF-8 — save it as UTF-8",
                id=name,
            )
            for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")
        ),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, expected: str, kind: Kind) -> None:
    document = read(data, "", kind=kind)
    assert (said(document), document.value) == ([expected], None)


# --- which language --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.yaml", "dir.json/b.YML", "C.YaMl", "x.json.yml"])
def test_yaml_is_known_by_its_name(name: str) -> None:
    assert read(b"a: b", name).value == {"a": "b"}


@pytest.mark.parametrize("name", ["a.json", "B.JSON", "x.yaml.json"])
def test_json_is_known_by_its_name(name: str) -> None:
    assert [one.code for one in read(b"a: b", name).troubles] == ["E102"]
    assert read(b'{"a": "b"}', name).value == {"a": "b"}


def test_a_kind_outweighs_the_name() -> None:
    assert read(b"a: b", "row.json", kind="yaml").value == {"a": "b"}


@pytest.mark.parametrize("name", ["web.toml", "web", ""])
def test_a_name_that_tells_no_language_is_refused(name: str) -> None:
    hint = "the name of a definition ends in .yaml, .yml or .json"
    assert said(read(b"{}", name)) == [f'1:1 E101 : "{name}" says neither YAML nor JSON — {hint}']


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("nodes", 1, "config", "checks", 0, "url"), "nodes[1].config.checks[0].url"),
        (("nodes", 0, "config", "headers", "x-a"), 'nodes[0].config.headers["x-a"]'),
        (("x-a", "b"), '["x-a"].b'),
        ((0, "a"), "[0].a"),
        (('"\\\n',), r'["\"\\\u000a"]'),
        (("k" * 101,), f'["{"k" * 100}…"]'),
    ],
)
def test_a_path_is_written_for_people(path: Steps, text: str) -> None:
    assert format_path(path) == text


@pytest.mark.parametrize(
    ("call", "absent"),
    [
        ("None", {"yaml", "runner.definition.yaml_tree", "runner.definition.json_tree"}),
        ("document.read_json(b'{}')", {"yaml", "runner.definition.yaml_tree"}),
        ("document.read_yaml(b'{}')", {"runner.definition.json_tree"}),
    ],
)
def test_only_the_language_that_is_read_is_imported(call: str, absent: set[str]) -> None:
    code = f"import sys\nfrom runner.definition import document\n{call}\nprint(*sys.modules)"
    assert set(run(code).split()) & absent == set()


def test_a_pyyaml_without_libyaml_is_named() -> None:
    code = (
        "import sys\nsys.modules['yaml._yaml'] = None\nfrom runner.definition import document\ndocument.read_yaml(b'')"
    )
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(code)
    assert failed.value.stderr.endswith("ImportError: this PyYAML was built without libyaml; install it from a wheel\n")


def run(code: str, argument: str = "") -> str:
    command = [sys.executable, "-c", code, argument]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


# --- limits ----------------------------------------------------------------------------------------

DEEP = "nested deeper than 64 levels — a definition is flatter than that"
MANY = "more than 100,000 values — a definition is smaller than that"
STOPS = "reading stops after 1,000 problems — correct these first"


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_the_depth_limit_is_met_exactly(kind: Kind) -> None:
    most, more = ("[" * depth + "1" + "]" * depth for depth in (MAX_DEPTH, MAX_DEPTH + 1))
    assert said(read(most.encode(), "", kind=kind)) == []
    document = read(more.encode(), "", kind=kind)
    assert (said(document), document.value) == ([f"1:65 E104 : {DEEP}"], None)
    empty = "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)
    assert said(read(empty.encode(), "", kind=kind)) == [f"1:65 E104 : {DEEP}"]


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_the_limit_on_values_is_met_exactly(kind: Kind) -> None:
    most, more = ("[\n" + "1,\n" * (count - 2) + "1]" for count in (MAX_VALUES, MAX_VALUES + 1))
    assert said(read(most.encode(), "", kind=kind)) == []
    assert said(read(more.encode(), "", kind=kind)) == [f"{MAX_VALUES + 1}:1 E104 : {MANY}"]


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_reading_stops_where_too_much_is_wrong(kind: Kind) -> None:
    text = "{" + ",\n".join(['"a": 1'] * 100_000) + "}"
    document = read(text.encode(), "", kind=kind)
    assert len(document.troubles) == MAX_TROUBLES + 1
    assert said(document)[0] == '2:1 E103 a: duplicate key "a" — the first one is in line 1'
    assert said(document)[-1] == f"1001:1 E104 : {STOPS}"


def test_an_alias_is_not_deeper_than_what_it_stands_for() -> None:
    half = "[" * 40 + "]" * 40
    assert said(read_yaml(f"a: &x {half}\nb: *x\nc: {'[' * 30}*x{']' * 30}\n".encode())) == [f"3:34 E104 : {DEEP}"]


LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 9))
MERGED = [f'{i + 1}:{10} E105 a{i}["<<"]: merge keys are not allowed — write the keys out' for i in range(1, 9)]
REPEATED = "the aliases stand for more than 1 MiB of text — use fewer of them"

BOMBS: Final = {
    "yaml-lists": ("yaml", "[" * 1_000, [f"1:65 E104 : {DEEP}"]),
    "yaml-many-lists": ("yaml", "[" * 100_000, [f"1:65 E104 : {DEEP}"]),
    "yaml-objects": ("yaml", "{a: " * 200_000, [f"1:257 E104 : {DEEP}"]),
    "yaml-dashes": ("yaml", "- " * 500_000, [f"1:129 E104 : {DEEP}"]),
    "yaml-laughs": ("yaml", LAUGHS, [f"6:40 E104 : {MANY}"]),
    "yaml-merges": ("yaml", MERGES, MERGED),
    "yaml-long-text": ("yaml", f"a: &a {'x' * 500_000}\nb: [{'*a, ' * 100_000}]", [f"2:13 E104 : {REPEATED}"]),
    "yaml-long-key": ("yaml", f"? &a {'x' * 400_000}\n: 1\nb: {{{'*a : 1, ' * 60_000}}}", None),
    "yaml-digits": ("yaml", "a: " + "9" * 100_000, [f"1:4 E104 a: the number {DIGITS} {LARGE}"]),
    "yaml-fraction": ("yaml", "a: 0." + "9" * 100_000, []),
    "yaml-braces": ("yaml", "a: " + "{{ x }} " * 100_000, None),
    "yaml-lines": ("yaml", "\n" * 1_000_000, [EMPTY]),
    "yaml-tag-prefix": ("yaml", f"%TAG !e! tag:{'x' * 500_000}\n---\n" + "- !e!x 1\n" * 50_000, None),
    "json-lists": ("json", "[" * 1_000, [f"1:65 E104 : {DEEP}"]),
    "json-many-lists": ("json", "[" * 100_000, [f"1:65 E104 : {DEEP}"]),
    "json-objects": ("json", '{"a": ' * 150_000, [f"1:385 E104 : {DEEP}"]),
    "json-numbers": ("json", "[" + "1," * 500_000 + "1]", [f"1:200000 E104 : {MANY}"]),
    "json-digits": ("json", '{"a": ' + "9" * 100_000 + "}", [f"1:7 E104 a: the number {DIGITS} {LARGE}"]),
}

BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from runner.definition.document import format_path, read
with open(sys.argv[1], "rb") as file:
    document = read(file.read(), sys.argv[1])
for one in document.troubles:
    place = f"{one.place.line}:{one.place.column}"
    print(f"{place} {one.code} {format_path(one.path)}: {one.sentence} — {one.hint}")
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_harmless(name: str, tmp_path: Path) -> None:
    kind, text, expected = BOMBS[name]
    (tmp_path / f"bomb.{kind}").write_text(text)
    told = run(BOUNDED, str(tmp_path / f"bomb.{kind}"))
    assert len(told) < MAX_BYTES
    assert told.splitlines() == expected or (expected is None and told)


# --- properties ------------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
TREES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4)
)
SNIPPETS = st.lists(
    st.sampled_from(
        [*"[]{}:,-\"'#&*!|>%@?~\\ \n\r\t<", "a", "1", "- ", ": ", "{{ ", " }}", "---\n", "&a ", "*a", "<<: "]
    )
    | st.characters(codec="utf-8")
).map("".join)


@given(st.binary() | SNIPPETS.map(str.encode), st.sampled_from(["yaml", "json"]))
def test_reading_never_raises(data: bytes, kind: Kind) -> None:
    document = read(data, "", kind=kind)
    assert list(walk(document.value))
    for trouble in document.troubles:
        assert min(trouble.place.line, trouble.place.column) >= 1
        assert f"{format_path(trouble.path)}{trouble.sentence}{trouble.hint}".encode()


@given(TREES, st.sampled_from([None, 1]), st.booleans())
def test_json_reads_what_was_written(tree: object, indent: int | None, ascii_only: bool) -> None:
    document = read_json(json.dumps(tree, indent=indent, ensure_ascii=ascii_only).encode())
    assert (document.value, document.troubles) == (tree, ())


@given(TREES, st.sampled_from([None, 1]))
def test_json_places_agree_with_the_text_that_stands_there(tree: object, indent: int | None) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=False)
    document = read_json(text.encode())
    for path, value in walk(tree):
        assert json.JSONDecoder().raw_decode(text, offset(text, document.place(path)))[0] == value
        if path and isinstance(path[-1], str):
            assert json.JSONDecoder().raw_decode(text, offset(text, document.place(path, key=True)))[0] == path[-1]


PLAIN_TREES = st.recursive(
    st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | st.text("aé😀\"\\\n:,{}[] #-'", max_size=8),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text('ab: "é😀', max_size=5), below, max_size=4),
)


@given(PLAIN_TREES, st.sampled_from([None, 1]))
def test_what_is_both_yaml_and_json_reads_the_same(tree: object, indent: int | None) -> None:
    data = json.dumps(tree, indent=indent, ensure_ascii=False).encode()
    one, other = read_yaml(data), read_json(data)
    assert (one.value, one.troubles) == (other.value, other.troubles) == (tree, ())
    for path, _ in walk(tree):
        assert one.place(path) == other.place(path)
        assert one.place(path, key=True) == other.place(path, key=True)


@given(TREES, st.booleans())
def test_yaml_reads_what_was_written(tree: object, flow: bool) -> None:
    text = yaml.dump(quoted(tree), Dumper=yaml.CSafeDumper, default_flow_style=flow, sort_keys=False)
    document = read_yaml(text.encode())
    assert (document.value, document.troubles) == (tree, ())


class Quoted(str):
    """A text that is dumped in double quotes, as YAML 1.1 and 1.2 differ on plain ones."""

    __slots__ = ()


def represent(dumper: yaml.representer.BaseRepresenter, text: Quoted) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')


yaml.CSafeDumper.add_representer(Quoted, represent)


def quoted(tree: object) -> object:
    if isinstance(tree, dict):
        return {Quoted(key): quoted(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [quoted(item) for item in tree]
    return Quoted(tree) if isinstance(tree, str) else tree


def walk(tree: object, path: Steps = ()) -> Iterator[tuple[Steps, object]]:
    yield path, tree
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, item in below:
        yield from walk(item, (*path, step))


def offset(text: str, place: Place) -> int:
    return sum(len(line) + 1 for line in text.split("\n")[: place.line - 1]) + place.column - 1
