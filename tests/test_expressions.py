"""The language of `{{ … }}`: what it can say, what it refuses, and that nothing gets out of it."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.expressions import (
    FILTERS,
    TESTS,
    Comparison,
    ExpressionError,
    Reference,
    compile_expression,
    compile_template,
)
from runner.expressions.failures import translated
from runner.results import Severity, Status, Verdict
from runner.secrets import Sealed, Secret, reveal

TOKEN = Secret("TOKEN", "s3cr/et & more")
USER = Secret("USER", "bob")
SHOP = "https://shop.example:443"
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Opaque:
    """Some object of Python that strayed into the names."""

    data = "hidden"


NAMES: dict[str, Any] = {
    "inputs": {"url": "https://shop.example/", "count": 3, "on": True, "tags": ["b", "a", "B"], "nothing": None},
    "payload": {
        "text": "héllo",
        "items": [1, 2],
        "rows": [
            {"name": "b", "n": 2, "labels": {"severity": "critical"}},
            {"name": "a", "n": 1, "labels": {"severity": "info"}},
        ],
        "evil": "{{ 7 * 7 }}",
        "big": "x" * (2**20 - 16),
        "huge": "y" * (4 * 2**20),
        "half": "x" * 2**19,
        "angles": "<" * 2**19,
        "many": list(range(200_000)),
    },
    "probe": MappingProxyType(
        {
            "output": MappingProxyType({"status": 200, "time": 0.25}),
            "verdict": Verdict.WARNING,
            "status": Status.SUCCEEDED,
            "severity": Severity.INFO,
        }
    ),
    "broken": {"output": {}, "verdict": Verdict.UNKNOWN},
    "nodes": {"a-b": {"verdict": Verdict.OK}},
    "secrets": {"TOKEN": TOKEN, "USER": USER},
    "run": {"started_at": STARTED},
    "opaque": Opaque(),
}


SOUND = 'write it like: probe.verdict >= "warning" and not inputs.quiet'


def evaluate(text: str, *, blocks: bool = False) -> object:
    return compile_template(text, blocks=blocks).evaluate(NAMES)


def refused(text: str, *, blocks: bool = False) -> str:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, blocks=blocks)
    return str(caught.value)


# --- types and texts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ inputs.count }}", 3),
        ("{{ inputs.on }}", True),
        ("{{ inputs.nothing }}", None),
        ("{{ inputs.tags }}", ["b", "a", "B"]),
        ("{{ probe.output }}", {"status": 200, "time": 0.25}),
        ("{{ probe.verdict }}", Verdict.WARNING),
        ("{{ run.started_at }}", STARTED),
        ("{{ 1, 'a' }}", [1, "a"]),
        ("{{ {'a': [1]} }}", {"a": [1]}),
        ("{{ '1' }}", "1"),
        ("{{ '[1]' }}", "[1]"),
        ("{{ inputs.count + 0.5 }}", 3.5),
    ],
)
def test_one_whole_expression_keeps_its_type(text: str, value: object) -> None:
    found = evaluate(text)

    assert (found, type(found) is type(value) or isinstance(value, dict)) == (value, True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("no expression at all", "no expression at all"),
        ("{{ inputs.count }} of {{ 4 }}", "3 of 4"),
        (" {{ inputs.count }}", " 3"),
        ("{{ inputs.count }}\n", "3\n"),
        ("{{ probe.verdict }}!", "warning!"),
        ("{{ inputs.on }} {{ inputs.nothing }}", "True None"),
        ("at {{ run.started_at }}", "at 2026-01-02T03:04:05+00:00"),
        ("{{ inputs.tags }} {{ probe.output }}", '["b", "a", "B"] {"status": 200, "time": 0.25}'),
        ("<{{ 'x' if false }}>", "<>"),
        ("GET /\r\nHost: {{ 'x\r\ny' }}\r\n", "GET /\r\nHost: x\r\ny\r\n"),
    ],
)
def test_mixed_text_is_joined(text: str, value: str) -> None:
    assert evaluate(text) == value


def test_a_text_says_whether_it_is_typed() -> None:
    assert [compile_template(text).typed for text in ("{{ a }}", "{{ a }}{{ b }}", "x{{ a }}", "x")] == [
        True,
        False,
        False,
        False,
    ]


def test_without_blocks_only_double_braces_are_live() -> None:
    assert evaluate("{% if x %}{# note #}{{ inputs.count }}{% endif %}") == "{% if x %}{# note #}3{% endif %}"


def test_payload_text_is_data() -> None:
    assert evaluate("{{ payload.evil }} and {{ payload.evil }}") == "{{ 7 * 7 }} and {{ 7 * 7 }}"


@pytest.mark.parametrize("text", ["inputs.count > 2", "{{ inputs.count > 2 }}", "  {{ inputs.count > 2 }}\n"])
def test_an_expression_is_bare_or_wrapped(text: str) -> None:
    assert compile_expression(text).evaluate(NAMES) is True


def test_a_bare_expression_may_end_in_braces() -> None:
    assert compile_expression('{"a": {"b": 1}}').evaluate(NAMES) == {"a": {"b": 1}}


@pytest.mark.parametrize("text", ["a {{ b }}", "{{ a }} and {{ b }}", "1 }} text {{ 2"])
def test_an_expression_with_text_around_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text)


def test_a_text_that_joins_expressions_is_no_expression() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression("{{ inputs.on }} and {{ inputs.on }}")

    assert str(caught.value) == "this is a text, not one expression — write the expression alone"


@pytest.mark.parametrize("text", ["", "  ", "{{ }}", "{{}}"])
def test_an_empty_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="the expression is empty"):
        compile_expression(text)


# --- blocks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{% if inputs.on %}on{% else %}off{% endif %}", "on"),
        ("{% if not inputs.on %}a{% elif inputs.count == 3 %}b{% endif %}", "b"),
        ("{% for x in inputs.tags %}{{ loop.index }}{{ x }}{{ ',' if not loop.last }}{% endfor %}", "1b,2a,3B"),
        ("{% for k, v in probe.output.items() %}{{ k }}={{ v }};{% endfor %}", "status=200;time=0.25;"),
        ("{% for x in [3, 1, 2] if x > 1 %}{{ x }}/{{ loop.length }} {% endfor %}", "3/2 2/2 "),
        ("{% for x in [] %}{% else %}none{% endfor %}", "none"),
        ("{% for x in range(4) %}{{ loop.cycle('a', 'b') }}{% endfor %}", "abab"),
        ("{% for x in [[1, 2], [3]] %}{% for y in x %}{{ y }}{% endfor %};{% endfor %}", "12;3;"),
        ("{% set x = inputs.count * 2 %}{{ x }}!", "6!"),
        ("{% set x %}<{{ inputs.count }}>{% endset %}{{ x }}{{ x }}", "<3><3>"),
        ("{# nothing #}a{% raw %}{{ b }}{% endraw %}", "a{{ b }}"),
        ("{{ probe.output.status }}", 200),
    ],
)
def test_blocks_work(text: str, value: object) -> None:
    assert evaluate(text, blocks=True) == value


@pytest.mark.parametrize(
    ("text", "construct"),
    [
        ("{% include 'x' %}", "include"),
        ("{% import 'x' as y %}", "import"),
        ("{% from 'x' import y %}", "from … import"),
        ("{% extends 'x' %}", "extends"),
        ("{% block a %}{% endblock %}", "block"),
        ("{% macro a() %}{% endmacro %}", "macro"),
        ("{% call a() %}{% endcall %}", "call"),
        ("{% filter upper %}{% endfilter %}", "filter"),
        ("{% with a = 1 %}{% endwith %}", "with"),
        ("{% autoescape true %}{% endautoescape %}", "autoescape"),
        ("{% for x in [1] recursive %}{% endfor %}", "recursive"),
        ("{% set ns.x = 1 %}", "set of an attribute"),
        ("{% do 1 %}", "do"),
        ("{{ self }}", "self"),
        ("{{ super }}", "super"),
        ("{{ lipsum }}", "lipsum"),
        ("{{ cycler }}", "cycler"),
        ("{{ joiner }}", "joiner"),
        ("{{ namespace }}", "namespace"),
        ("{{ ''.__class__ }}", "__class__"),
    ],
)
def test_everything_else_is_refused_by_its_name(text: str, construct: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(text, blocks=True)

    assert caught.value.sentence == f'"{construct}" is not part of the language'


@pytest.mark.parametrize("name", ["lipsum", "cycler", "joiner", "namespace", "dict", "self", "super", "eval"])
def test_no_function_but_range_can_be_called(name: str) -> None:
    assert refused(f"{{{{ {name}() }}}}") == (
        f"there is no function {name}() — the only function is range(); filters are written a | b"
    )


# --- words -----------------------------------------------------------------------------------------


FILTER_CASES: list[tuple[str, object]] = [
    ("'Añb' | b64encode", base64.b64encode("Añb".encode()).decode()),
    ("inputs.zone | default('utc')", "utc"),
    ("inputs.zone.name.first | default", ""),
    ("inputs.nothing | default('x')", None),
    ("inputs.nothing | default('x', true)", "x"),
    ("inputs.zone | default(inputs.area) | default(1)", 1),
    ("5430 | duration", "1h30m30s"),
    ("-0.25 | duration", "-250ms"),
    ("'<a href=\"x\">' | escape", "&lt;a href=&quot;x&quot;&gt;"),
    ("inputs.tags | first", "b"),
    ("[] | first | default('none')", "none"),
    ("'2.5' | float + 1", 3.5),
    ("'x' | float(0)", 0),
    ("'12' | int + 1", 13),
    ("'3.7' | int", 3),
    ("'x' | int(-1)", -1),
    ("inputs.tags | join(', ')", "b, a, B"),
    ("payload.rows | join('/', attribute='labels.severity')", "critical/info"),
    ("inputs.tags | last", "B"),
    ("payload.text | length", 5),
    ("payload.huge | length", 4 * 2**20),
    ("probe.output | list", ["status", "time"]),
    ("'ÄB' | lower", "äb"),
    ("payload.rows | map(attribute='name') | list", ["b", "a"]),
    ("payload.rows | map(attribute='n') | max", 2),
    ("payload.rows | min(attribute='n')", {"name": "a", "n": 1, "labels": {"severity": "info"}}),
    ("payload.rows | rejectattr('n', 'gt', 1) | map(attribute='name')", ["a"]),
    ("payload.rows | selectattr('labels.severity', 'equalto', 'critical') | map(attribute='name')", ["b"]),
    ("payload.rows | selectattr('zone', 'undefined') | length", 2),
    ("payload.rows | selectattr('n') | length", 2),
    ("'aXbX' | replace('X', '--')", "a--b--"),
    ("'aXbX' | replace('X', '', 1)", "abX"),
    ("2.5 | round", 2),
    ("2.345 | round(2)", 2.35),
    ("2.1 | round(method='ceil')", 3),
    ("2.19 | round(1, 'floor')", 2.1),
    ("inputs.tags | sort", ["a", "b", "B"]),
    ("inputs.tags | sort(case_sensitive=true)", ["B", "a", "b"]),
    ("payload.rows | sort(attribute='n') | map(attribute='name')", ["a", "b"]),
    ("[1, 3, 2] | sort(reverse=true)", [3, 2, 1]),
    ("[1, 2.5] | sum", 3.5),
    ("payload.rows | sum(attribute='n')", 3),
    ("'disk full' | title", "Disk Full"),
    ("{'é': [1, none, true, 0.5, probe.verdict]} | tojson", '{"é": [1, null, true, 0.5, "warning"]}'),
    ("[run.started_at] | tojson", '["2026-01-02T03:04:05+00:00"]'),
    ("'  a ' | trim", "a"),
    ("'--a-' | trim('-')", "a"),
    ("'one two three' | truncate(11)", "one two..."),
    ("'one two three' | truncate(11, true)", "one two ..."),
    ("'one' | truncate(3)", "one"),
    ("payload.huge | truncate(4, true, '')", "yyyy"),
    ("inputs.tags | unique", ["b", "a"]),
    ("'a' | upper", "A"),
    ("'a b/ü' | urlencode", "a%20b/%C3%BC"),
    ("{'a': 'b c', 'd': 1} | urlencode", "a=b+c&d=1"),
    (
        "inputs.url | urlsplit",
        {"scheme": "https", "host": "shop.example", "port": 443, "path": "/", "query": "", "origin": SHOP},
    ),
    (
        "'HTTP://bob:x@Shop.Example:8080/a;b?c=d&e#f' | urlsplit",
        {
            "scheme": "http",
            "host": "shop.example",
            "port": 8080,
            "path": "/a;b",
            "query": "c=d&e",
            "origin": "http://shop.example:8080",
        },
    ),
    ("('http://[::1]' | urlsplit).origin", "http://[::1]:80"),
    ("['https://a.example', inputs.url] | urlsplit | map(attribute='host')", ["a.example", "shop.example"]),
    ("['https://shop.example:443/cart', inputs.url] | urlsplit | unique(attribute='origin') | length", 1),
    ("[] | urlsplit", []),
]


@pytest.mark.parametrize(("text", "value"), FILTER_CASES)
def test_filters(text: str, value: object) -> None:
    assert compile_expression(text).evaluate(NAMES) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("shop.example/cart", '"shop.example/cart" is no URL — write "https://shop.example/cart"'),
        ("ftp://shop.example", '"ftp://shop.example" is no URL — it starts with http:// or https://'),
        ("https://bob:x@:8443/", '"https://…@:8443/" is no URL: it names no host'),
        (
            "https://bob:x@shop.example:99999/",
            (
                '"https://…@shop.example:99999/" names :99999, and there is no such port'
                " — give one from 1 to 65535, or none"
            ),
        ),
        (["https://a.example", "b.example"], '"b.example" is no URL — write "https://b.example"'),
        (["https://a.example", 3], 'expected a text, got 3 — put it in quotes: "3"'),
        ({"url": "https://a.example"}, "expected a text, got an object — put it in quotes, if a text is meant"),
        ([TOKEN], '"urlsplit" would open the secret «TOKEN» — a secret can only be put where it is needed'),
    ],
    ids=["no scheme", "scheme", "no host", "port", "one of several", "number", "object", "secret"],
)
def test_what_is_no_url_has_no_parts_and_shows_no_password(value: object, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression("it | urlsplit").evaluate({"it": value})
    assert str(caught.value) == said


TEST_CASES: list[tuple[str, bool]] = [
    ("inputs.on is boolean", True),
    ("inputs.count is defined", True),
    ("inputs.zone is defined", False),
    ("inputs.zone.name is not defined", True),
    ("zone is undefined", True),
    ("3 is eq 3", True),
    ("3 is equalto(4)", False),
    ("3 is ne 4", True),
    ("3 is ge 3", True),
    ("3 is gt 3", False),
    ("probe.verdict is lt 'critical'", True),
    ("3 is le 2", False),
    ("3 is in [1, 3]", True),
    ("probe.output is mapping", True),
    ("inputs.nothing is none", True),
    ("3 is number", True),
    ("true is number", False),
    ("inputs.tags is sequence", True),
    ("probe.verdict is string", True),
    ("inputs.on is true", True),
    ("inputs.on is false", False),
]


@pytest.mark.parametrize(("text", "value"), TEST_CASES)
def test_tests(text: str, value: bool) -> None:
    assert compile_expression(text).evaluate(NAMES) is value


def test_every_word_is_tried_here() -> None:
    texts = " ".join(text for text, _ in (*FILTER_CASES, *TEST_CASES))

    assert [name for name in FILTERS if f"| {name}" not in texts] == []
    assert [name for name in TESTS if f"is {name}" not in texts] == []


def test_every_word_says_its_use_and_meaning() -> None:
    for name, word in (*FILTERS.items(), *TESTS.items()):
        assert word.use.split("(")[0] == name
        assert word.meaning


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ a | uper }}", 'unknown filter "uper" — did you mean "upper"?'),
        ("{{ a | attr('x') }}", 'unknown filter "attr" — read it with a dot: a.name'),
        ("{{ a | d(1) }}", 'unknown filter "d" — write default'),
        ("{{ a is defind }}", 'unknown test "defind" — did you mean "defined"?'),
        ("{{ [] | selectattr('a', 'gtt', 1) }}", 'unknown test "gtt" — did you mean "gt"?'),
        ("{{ a | upper(1) }}", 'the filter "upper" does not take these arguments — write: upper'),
        ("{{ a | map('upper') }}", 'the filter "map" does not take these arguments — write: map(attribute="name")'),
        ("{{ a | upper(*b) }}", 'the filter "upper" does not take these arguments — write: upper'),
        ("{{ a is in }}", 'the test "in" does not take these arguments — write: in(list)'),
        ("{{ 'x' | int }}", '"x" is no whole number — give a default in parentheses'),
        ("{{ 'x' | round }}", "expected a number, got a text — write | int or | float to read one"),
        ("{{ [1, none] | sort }}", "a number and nothing cannot be put in an order"),
        ("{{ [[1]] | unique }}", '"unique" does not compare a list — write unique(attribute="name")'),
        ("{{ 3 | join }}", "expected a list, got a number"),
        ("{{ ['a'] | sum }}", '"sum" does not work on a text'),
        ("{{ 1 | round(99) }}", '"round" takes up to 15 digits and one of the methods common, ceil, floor'),
        ("{{ [] | selectattr('a', 'gt') }}", 'the test "gt" is used like this: gt(other)'),
        (
            "{{ 'a' | trim(1) }}",
            "\"trim\" cannot take these values: object of type 'int' has no len() — write: trim(characters)",
        ),
        ("{{ [1e3, opaque] | tojson }}", "a Python object is no value"),
        ("{% for x in [1] %}{{ loop | tojson }}{% endfor %}", "a loop cannot be written"),
    ],
)
def test_wrong_words_are_refused_with_a_hint(text: str, message: str) -> None:
    assert refused(text, blocks=True) == message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a,b'.split(',')", ["a", "b"]),
        ("' a '.strip() ~ '|'", "a|"),
        ("'ab'.startswith('a') and 'ab'.endswith('b')", True),
        ("'ab'.upper().lower().capitalize()", "Ab"),
        ("'a-b'.replace('-', '+')", "a+b"),
        ("'v1'.removeprefix('v') ~ 'x.py'.removesuffix('.py')", "1x"),
        ("', '.join(inputs.tags)", "b, a, B"),
        ("'abab'.count('a') + 'ab'.find('b')", 3),
        ("'12'.isdigit()", True),
        ("'a b'.title()", "A B"),
        ("probe.output.get('time')", 0.25),
        ("probe.output.get('zone', 'x')", "x"),
        ("probe.output.keys()", ["status", "time"]),
        ("probe.output.values()", [200, 0.25]),
        ("probe.output.items()", [["status", 200], ["time", 0.25]]),
        ("run.started_at.strftime('%Y-%m-%d %H:%M')", "2026-01-02 03:04"),
        ("run.started_at.isoformat()", "2026-01-02T03:04:05+00:00"),
        ("run.started_at.timestamp()", STARTED.timestamp()),
        ("run.started_at.year", 2026),
        ("payload.items", [1, 2]),
        ("payload.items() | length", 9),
        ("payload.rows.0.name ~ payload.rows[-1]['name']", "ba"),
        ("payload.text[1:3] ~ payload.text[::-1][0]", "élo"),
        ("inputs.tags[:2]", ["b", "a"]),
        ("nodes['a-b'].verdict", "ok"),
        ("range(2, 8, 3)", [2, 5]),
    ],
)
def test_reading_and_methods(text: str, value: object) -> None:
    assert compile_expression(text).evaluate(NAMES) == value


KNOWN = "known: capitalize, count, endswith, find, isdigit, join, lower, removeprefix, removesuffix, replace, …"
TIME_FORMAT = 'strftime() takes a short text with letters after % — write it like "%Y-%m-%d %H:%M"'
NO_NUMBER = "startswith() cannot take these values: startswith first arg must be str or a tuple of str, not int"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ inputs.tags.append(1) }}", 'there is no method "append" — write: a + [b]'),
        ("{{ inputs.uper({}) }}", 'there is no method "uper" — did you mean "upper"?'),
        ("{{ inputs.tags.upper() }}", "a list has no method upper()"),
        ("{{ inputs.count.upper() }}", "a number has no method upper()"),
        ("{{ 'a'.values() }}", f"a text has no method values() — {KNOWN}"),
        ("{{ 'a'.startswith(1) }}", NO_NUMBER),
        ("{{ 'a'.split(sep=',') }}", "split() takes plain values only — leave out names, * and **"),
        ("{{ 'a'.upper }}", '"….upper" is undefined — to call it, write upper()'),
        ("{{ inputs.items }}", '"inputs.items" is undefined — to call it, write items()'),
        ("{{ inputs['items']() }}", "only range() and methods can be called"),
        ("{{ opaque.data }}", '"opaque.data" is undefined — "data" is read from a Python object'),
        ("{{ opaque }}", "a Python object is no value"),
        ("<{{ opaque }}>", "a Python object cannot be written"),
        ("{{ inputs[1.5] }}", "a key is a text or a number, not a number"),
        ("{{ inputs[inputs.tags] }}", "a key is a text or a number, not a list"),
        ("{{ {1: 2} }}", "a key is a text, not a number"),
        ("{{ range(stop=1) }}", "range() takes one to three numbers"),
        ("{{ range(1, *inputs.tags) }}", "range() takes plain values only — leave out names, * and **"),
        ("{{ range() }}", "range() takes one to three numbers"),
        ("{{ range('a') }}", "range() takes whole numbers"),
        ("{{ range(10001) }}", "range() makes more than 10,000 numbers"),
        ("{{ run.started_at.strftime('%999999999Y') }}", TIME_FORMAT),
    ],
)
def test_other_attributes_and_methods_are_refused(text: str, message: str) -> None:
    assert refused(text) == message


def test_values_handed_in_are_not_changed() -> None:
    before = json.dumps(NAMES["inputs"])

    evaluate("{{ inputs.tags | sort(reverse=true) }}{{ inputs.tags + [1] }}{{ inputs.items() }}")

    assert json.dumps(NAMES["inputs"]) == before


# --- operators -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7 // 2 + 7 % 2 - -1", 5),
        ("7 / 2 * 2", 7.0),
        ("2 ** 64", 2**64),
        ("2 ** -1", 0.5),
        ("'a' + 'b' ~ 1", "ab1"),
        ("[1] + inputs.tags[:1]", [1, "b"]),
        ("1 < 2 <= 2 != 3", True),
        ("1 < 2 > 5", False),
        ("'ell' in 'hello' and 'x' not in inputs", True),
        ("{'a': [1, {'b': 2}]} == {'a': [1, {'b': 2}]}", True),
        ("[1, [2]] == [1, [3]]", False),
        ("none == none and not (1 == '1')", True),
        ("run.started_at > run.started_at", False),
        ("probe.verdict >= 'warning'", True),
        ("'ok' < probe.verdict", True),
        ("probe.verdict > nodes['a-b'].verdict", True),
        ("probe.severity == 'info'", True),
        ("probe.status == 'succeeded'", True),
        ("probe.verdict in ['ok', 'warning']", True),
        ("0 or 'x' and 'y'", "y"),
        ("'a' if inputs.on else missing.name", "a"),
    ],
)
def test_operators(text: str, value: object) -> None:
    assert compile_expression(text).evaluate(NAMES) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("(-8) ** 0.5", "a root of a negative number is no number"),
        ("'a' + 1", '"+" does not work on a text and a number — write ~ to join texts'),
        ("'%d' % 1", '"%" does not work on a text and a number — write ~ to join texts'),
        ("'a' * 3", '"*" does not work on a text and a number — write ~ to join texts'),
        ("[1] * 3", '"*" does not work on a list and a number'),
        ("none + 1", '"+" does not work on nothing and a number'),
        ("-'a'", '"-" does not work on a text'),
        ("1 < 'a'", "a number and a text cannot be put in an order — write | int or | float to read a number"),
        ("[1] < [2]", "a list cannot be put in an order"),
        ("1 in 2", '"in" does not look for a number in a number'),
        ("1 in 'a'", '"in" does not look for a number in a text'),
        ("inputs.count[1:]", "a part can be taken of a list or a text, not of a number"),
        ("probe.verdict >= 'warn'", "'warn' is no verdict: one of ok, warning, unknown, critical, inconclusive"),
        ("'info' > probe.verdict", "'info' is no verdict: one of ok, warning, unknown, critical, inconclusive"),
        ("probe.severity < 'ok'", "'ok' is no severity: one of info, warning, critical"),
    ],
)
def test_operators_refuse_what_makes_no_sense(text: str, message: str) -> None:
    assert refused(f"{{{{ {text} }}}}") == message


# --- names that are not there ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ prob.output }}", '"prob" is undefined — did you mean "probe"?'),
        ("{{ zzz }}", '"zzz" is undefined — known: inputs, payload, probe, broken, nodes, secrets, run, opaque'),
        ("{{ probe.output.staus }}", '"probe.output.staus" is undefined — did you mean "status"?'),
        ("{{ probe.output.xyz.abc }}", '"probe.output.xyz" is undefined — known: status, time'),
        ("{{ broken.output.status }}", '"broken.output.status" is undefined — there is nothing in it'),
        ("{{ nodes['a-b'].verdct }}", '"nodes["a-b"].verdct" is undefined — did you mean "verdict"?'),
        ("{{ inputs.tags[7] }}", '"inputs.tags[7]" is undefined — it has 3 elements, counted from 0'),
        ("{{ payload.text.zone }}", '"payload.text.zone" is undefined — "zone" is read from a text'),
        ("{{ inputs[inputs.tags[0]] }}", '"…" is undefined — known: url, count, on, tags, nothing'),
        ("{{ payload.rows | map(attribute='zone') }}", '"zone" is undefined — known: name, n, labels'),
        ("{{ [] | first }}", '"the element" is undefined — the list is empty'),
        ("{{ [secret] | tojson }}", '"secret" is undefined — did you mean "secrets"?'),
        ("a {{ probe.zone }}", '"probe.zone" is undefined — known: output, verdict, status, severity'),
    ],
)
def test_a_missing_name_is_said_with_those_that_exist(text: str, message: str) -> None:
    assert refused(text) == message


@pytest.mark.parametrize(
    "use",
    [
        "not zone",
        "zone and 1",
        "zone + 1",
        "zone ~ ''",
        "zone == 1",
        "zone in [1]",
        "[zone]",
        "{'a': zone}",
        "zone | upper",
        "zone.upper()",
        "zone[0]",
        "zone[1:]",
        "1 if zone else 2",
        "range(zone)",
        "zone | join",
        "zone is none",
        "-zone",
        "inputs[zone]",
    ],
)
def test_a_missing_name_can_only_be_tested_or_given_a_default(use: str) -> None:
    assert refused(f"{{{{ {use} }}}}").startswith('"zone" is undefined')


# --- secrets ---------------------------------------------------------------------------------------


def test_one_whole_secret_is_the_secret_itself() -> None:
    assert evaluate("{{ secrets.TOKEN }}") is TOKEN


@pytest.mark.parametrize(
    "text",
    [
        "Bearer {{ secrets.TOKEN }}.",
        "{{ 'Bearer ' ~ secrets.TOKEN ~ '.' }}",
        "{{ 'Bearer ' + secrets.TOKEN + '.' }}",
        "{{ ['Bearer ', secrets.TOKEN, '.'] | join }}",
        "{{ 'Bear' }}er {{ secrets.TOKEN }}{{ '' }}.",
    ],
)
def test_text_with_a_secret_is_sealed(text: str) -> None:
    assert evaluate(text) == Sealed(("Bearer ", TOKEN, "."))


def test_a_captured_secret_stays_sealed() -> None:
    found = evaluate("{% set x %}<{{ secrets.USER }}>{% endset %}{{ x }}{{ x }}", blocks=True)

    assert found == Sealed(("<", USER, "><", USER, ">"))


def test_basic_authentication_works() -> None:
    found = evaluate("Basic {{ (secrets.USER ~ ':' ~ secrets.TOKEN) | b64encode }}")

    assert isinstance(found, Sealed)
    assert str(found) == "Basic «USER+TOKEN»"
    assert reveal(found) == f"Basic {base64.b64encode(b'bob:s3cr/et & more').decode()}"


@pytest.mark.parametrize(
    ("text", "shown", "opened"),
    [
        ("secrets.TOKEN | b64encode", "«TOKEN»", "czNjci9ldCAmIG1vcmU="),
        ("secrets.TOKEN | urlencode", "«TOKEN»", "s3cr/et%20%26%20more"),
        ("{'q': secrets.TOKEN} | urlencode", "q=«TOKEN»", "q=s3cr%2Fet+%26+more"),
        ("('<' ~ secrets.TOKEN) | escape", "&lt;«TOKEN»", "&lt;s3cr/et &amp; more"),
        ("secrets.TOKEN | default('x')", "«TOKEN»", "s3cr/et & more"),
        ("secrets.OTHER | default(secrets.USER)", "«USER»", "bob"),
        ("secrets.OTHER | default('') or secrets.USER", "«USER»", "bob"),
        ("{'k': secrets.USER} | tojson", '{"k": "«USER»"}', '{"k": "bob"}'),
        ("['x', secrets.USER] | last", "«USER»", "bob"),
    ],
)
def test_filters_that_open_no_secret_take_one(text: str, shown: str, opened: str) -> None:
    found = compile_expression(text).evaluate(NAMES)

    assert isinstance(found, Secret | Sealed)
    assert (str(found), reveal(found)) == (shown, opened)


def test_json_escapes_what_is_in_the_secret() -> None:
    quoted = Secret("QUOTED", 'a"b\nü')

    found = compile_expression("{'k': [s]} | tojson").evaluate({"s": quoted})

    assert isinstance(found, Sealed)
    assert json.loads(reveal(found)) == {"k": ['a"b\nü']}


@pytest.mark.parametrize(
    "use",
    [
        "secrets.TOKEN == 'x'",
        "'x' != secrets.TOKEN",
        "secrets.TOKEN < 'x'",
        "secrets.TOKEN in ['x']",
        "'x' in [secrets.TOKEN]",
        "'x' in secrets.TOKEN",
        "[secrets.TOKEN] == ['x']",
        "{'a': secrets.TOKEN} == {'a': 'x'}",
        "secrets.TOKEN is eq 'x'",
        "secrets.TOKEN is string",
        "secrets.TOKEN | upper",
        "secrets.TOKEN | length",
        "secrets.TOKEN | replace('a', 'b')",
        "secrets.TOKEN | first",
        "secrets.TOKEN | list",
        "secrets.TOKEN | truncate(3)",
        "secrets.TOKEN | urlsplit",
        "secrets.TOKEN[0]",
        "secrets.TOKEN[:3]",
        "secrets.TOKEN.startswith('s')",
        "'x'.startswith(secrets.TOKEN)",
        "secrets.TOKEN._value",
        "secrets.TOKEN.name",
        "inputs[secrets.TOKEN]",
        "{secrets.TOKEN: 1}",
        "secrets.TOKEN * 2",
        "'a' | replace('a', secrets.TOKEN)",
        "[secrets.TOKEN, 'b'] | sort",
        "[secrets.TOKEN] | unique",
        "[secrets.TOKEN] | max",
        "secrets.values() | sort",
        "[{'s': secrets.TOKEN}] | selectattr('s', 'eq', 'x')",
        "[{'s': 'x'}] | selectattr('s', 'eq', secrets.TOKEN)",
        "(secrets.TOKEN ~ 'x') == 'x'",
        "range(secrets.TOKEN)",
        "-secrets.TOKEN",
        "secrets.TOKEN | int(0)",
    ],
)
def test_nothing_opens_a_secret(use: str) -> None:
    message = refused(f"{{{{ {use} }}}}")

    assert "would open the secret «TOKEN" in message
    assert "s3cr" not in message


@pytest.mark.parametrize("name", ["upper", "trim", "replace('a', 'b')", "truncate(3)"])
def test_a_list_of_secrets_is_no_text_to_change(name: str) -> None:
    assert refused(f"{{{{ [secrets.TOKEN] | {name} }}}}") == ('changing the text would open the secrets in ["«TOKEN»"]')


@pytest.mark.parametrize("text", ["{% for c in secrets.TOKEN %}{{ c }}{% endfor %}", "{% set a, b = secrets.TOKEN %}"])
def test_a_secret_is_not_taken_apart(text: str) -> None:
    assert "s3cr" not in refused(text, blocks=True)


def test_a_secret_may_be_asked_for() -> None:
    assert (
        evaluate("{{ 'yes' if secrets.TOKEN is defined and secrets.TOKEN is not none and 'TOKEN' in secrets }}")
        == "yes"
    )


def test_text_that_looks_like_a_secret_is_text() -> None:
    assert compile_template("{{ p }} {{ p }}").evaluate({"p": "«TOKEN»"}) == "«TOKEN» «TOKEN»"


# --- habits ----------------------------------------------------------------------------------------


SUCCESS = "leave it out: a node runs only while no required node has failed"
FAILURE = 'set always: true on the node, and write a "when" that reads a node, like: probe.status == "failed"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${{ inputs.url }}", "${{ … }} is GitHub's syntax — here write {{ … }}"),
        ("x ${{ inputs.url }}", "${{ … }} is GitHub's syntax — here write {{ … }}"),
        ("{{ a && b }}", 'unexpected "&" — write "and"'),
        ("{{ a || b }}", 'expected "name", got "|" — write "or"'),
        ("{{ !a }}", 'unexpected "!" — write "not"'),
        ("{{ a = 'b' }}", 'unexpected "=" — write == to compare'),
        ("{{ a === b }}", 'unexpected "=" — write == or !='),
        ("{{ a ? b : c }}", 'unexpected "?" — write "a if condition else b"'),
        ("a && b = {{ c d }}", f'unexpected "d" — {SOUND}'),
        ("{{ '&&' x }}", f'unexpected "x" — {SOUND}'),
        ("one\ntwo {{ a && b }}", 'line 2: unexpected "&" — write "and"'),
        ("{{ always() }}", "there is no function always() — set always: true on the node"),
        ("{{ success() }}", f"there is no function success() — {SUCCESS}"),
        ("{{ failure() }}", f"there is no function failure() — {FAILURE}"),
        ("{{ contains(a, b) }}", "there is no function contains() — write: b in a"),
        ("{{ startsWith(a, b) }}", 'there is no function startsWith() — write: a.startswith("b")'),
        ("{{ format('{0}', a) }}", 'there is no function format() — join the parts with ~, like: "disk " ~ name'),
        ("{{ toJSON(a) }}", "there is no function toJSON() — write: a | tojson"),
        ("{{ fromJSON(a) }}", "there is no function fromJSON() — leave it out: values keep their types"),
        ("{{ len(a) }}", "there is no function len() — write: a | length"),
        ("{{ round(a) }}", "there is no function round() — write: a | round"),
        ("{{ a.includes(b) }}", 'there is no method "includes" — write: b in a'),
        ("{{ a == null }}", '"null" is not part of the language — write none'),
    ],
)
def test_habits_get_a_hint(text: str, message: str) -> None:
    assert refused(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ a", "the expression is not closed"),
        ("{{ (1 }}", 'unexpected "}", expected ")"'),
        ("{% if a %}", "a block is not closed"),
        ("{% endif %}", 'unexpected "endif"'),
        ("{% for loop in a %}{% endfor %}", "can't assign to special loop variable in for-loop target"),
        ("{% for x in a | nope %}{% endfor %}", 'unknown filter "nope" — '),
        ("{% set x | upper %}a{% endset %}", "a filter on set is not part of the language — "),
        ("{{ größe }}", '"größe" is no name — use letters from a to z, digits and _'),
        ("a \0 b", 'a text with expressions holds no control characters — write them in a literal: {{ "\\u0000" }}'),
        ('{{ "\\ud800" }}', "half of a character cannot stand in a text — write the character itself"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, message: str) -> None:
    assert refused(text, blocks=True).startswith(message)


# --- what an expression refers to ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("{{ probe.output.x }}", [("probe", "output", "x")]),
        ('{{ nodes["a-b"].verdict }}', [("nodes", "a-b", "verdict")]),
        ("{{ a.b[0].c ~ a.b[0].c }}", [("a", "b", 0, "c")]),
        ("{{ a.items() }}", [("a",)]),
        ("{{ a.b.split(c.d) | join(e) }}", [("a", "b"), ("c", "d"), ("e",)]),
        ("{{ a[b.c].d }}", [("a",), ("b", "c")]),
        ("{{ range(a) }}", [("a",)]),
        ("{{ range.x }}", [("range", "x")]),
        ("{% for x in a.b %}{{ x.c }}{{ loop.index }}{{ d }}{% endfor %}{{ x }}", [("a", "b"), ("d",), ("x",)]),
        ("{% for x, y in a if y > z %}{% else %}{{ y }}{% endfor %}", [("a",), ("z",), ("y",)]),
        ("{% set x = a %}{{ x.b }}", [("a",)]),
        ("{{ x }}{% set x = 1 %}", [("x",)]),
        ("{% set x %}{{ a }}{% endset %}{{ x }}", [("a",)]),
        ("{% if a %}{{ b }}{% elif c %}{{ d }}{% else %}{{ e }}{% endif %}", [("a",), ("b",), ("c",), ("d",), ("e",)]),
        ("{{ {'k': a}[b] }}{{ [c][0] }}{{ 1 if d else e }}", [("a",), ("b",), ("c",), ("e",), ("d",)]),
    ],
)
def test_references_are_found(text: str, paths: list[tuple[str | int, ...]]) -> None:
    compiled = compile_template(text, blocks=True)

    assert sorted(map(str, compiled.references)) == sorted(str(Reference(path)) for path in paths)
    assert compiled.names == {path[0] for path in paths}


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("{{ a.b | default(1) }}", {("a", "b"): True}),
        ("{{ a.b | default(c) }}", {("a", "b"): True, ("c",): False}),
        ("{{ a.b | default(1) }}{{ a.b }}", {("a", "b"): False}),
        ("{{ a.b is defined and a.b.c > 1 }}", {("a", "b"): True, ("a", "b", "c"): True}),
        ("{{ b if a is undefined else a.x }}", {("a",): True, ("b",): False, ("a", "x"): True}),
        ("{{ a.b is none }}", {("a", "b"): False}),
    ],
)
def test_guarded_references_are_marked(text: str, guarded: dict[tuple[str, ...], bool]) -> None:
    assert {one.path: one.guarded for one in compile_template(text, blocks=True).references} == guarded


@pytest.mark.parametrize(
    ("text", "comparisons"),
    [
        ('probe.verdict >= "warn"', [(("probe", "verdict"), ">=", "warn")]),
        ('"warn" < probe.verdict', [(("probe", "verdict"), ">", "warn")]),
        ('"x" == a.b != "y"', [(("a", "b"), "==", "x"), (("a", "b"), "!=", "y")]),
        ('a.b in ["x", "y", c]', [(("a", "b"), "in", "x"), (("a", "b"), "in", "y")]),
        ('a.b not in ("x",)', [(("a", "b"), "in", "x")]),
        ('a.b is equalto "x" or a.b is in ["y"]', [(("a", "b"), "==", "x"), (("a", "b"), "in", "y")]),
        ('nodes["a-b"].verdict == "ok"', [(("nodes", "a-b", "verdict"), "==", "ok")]),
        ('"x" in a.b', []),
        ("a.b == c.d", []),
        ("a.b in c.d", []),
    ],
)
def test_comparisons_with_constants_are_found(text: str, comparisons: list[tuple[Any, str, object]]) -> None:
    assert compile_expression(text).comparisons == tuple(Comparison(*one) for one in comparisons)


# --- the sandbox -----------------------------------------------------------------------------------

ESCAPES = [
    # str.format and format_map, called, stored, through attr and map
    "{{ '{0.__class__.__mro__}'.format(1) }}",
    "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "{% set f = 'x{0.__class__}'.format %}{{ f(1) }}",
    "{{ ('{0.__class__}' | attr('format'))(1) }}",
    "{{ ['{0.__class__}'] | map('format', 1) | list }}",
    "{{ '{0.__class__}'['format'](1) }}",
    "{{ '%s' | format(1) }}",
    # xmlattr
    "{{ {'a onload=alert(1)': 1} | xmlattr }}",
    # walks
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ [''] | map(attribute='__class__') | list }}",
    "{{ [''] | selectattr('__class__') | list }}",
    "{{ [''] | join(attribute='__class__') }}",
    "{{ range.__globals__ }}",
    "{{ range.__init__.__globals__ }}",
    "{{ inputs.__init__.__globals__ }}",
    "{{ inputs.get.__self__ }}",
    "{{ ''.upper.__func__ }}",
    "{{ opaque.__class__ }}",
    "{{ opaque['__dict__'] }}",
    "{{ zone.__class__ }}",
    "{{ zone['__init__']['__globals__'] }}",
    "{{ zone._undefined_message }}",
    "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
    "{% for x in [1] %}{{ loop['__class__'] }}{% endfor %}",
    "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ run.started_at.__class__ }}",
    "{{ run.started_at['tzinfo'] }}",
    "{{ context }}",
    "{{ environment }}",
    "{{ secrets.TOKEN['_value'] }}",
    "{{ secrets.TOKEN.parts }}",
    "{{ probe.verdict.__class__ }}",
    "{{ probe.verdict['rank'] }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_nobody_gets_out_of_the_sandbox(text: str) -> None:
    assert refused(text, blocks=True)


BOMBS = {
    "repeated text": "{{ 'a' * 10**9 }}",
    "repeated list": "{{ [1] * 10**9 }}",
    "padding": "{{ '{:>900000000}'.format(1) }}",
    "percent": "{{ '%900000000d' % 1 }}",
    "big power": "{{ 9 ** 9 ** 9 ** 9 }}",
    "big product": "{{ 99999999999 * 99999999999 }}",
    "big float": "{{ 1e308 * 10 }}",
    "infinity": "{{ 1e999 }}",
    "big literal": "{{ " + "9" * 60_000 + " }}",
    "big hexadecimal": "{{ 0x" + "f" * 60_000 + " }}",
    "big sum": "{{ [2**63, 2**63, 2**63] | sum }}",
    "range": "{{ range(10**7) }}",
    "vast range": "{{ range(10**19) }}",
    "nested loops": "{% for a in range(9999) %}" * 3 + "{% endfor %}" * 3,
    "nested output": "{% for a in range(9999) %}" * 2 + "x" * 99 + "{% endfor %}" * 2,
    "join": "{{ range(9999) | join(payload.big) }}",
    "join of a list": "{{ payload.big.join(range(9999)) }}",
    "replace": "{{ payload.big | replace('x', payload.big) }}",
    "replace of nothing": "{{ payload.big | replace('', payload.big) }}",
    "escape": "{{ payload.angles | escape }}",
    "base64": "{{ payload.big | b64encode }}",
    "URL": "{{ payload.angles | urlencode }}",
    "doubled text": "{% set a = 'aaaaaaaa' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
    "doubled with plus": "{% set a = 'aaaaaaaa' %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
    "doubled list": "{% set a = [1] %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
    "joined lists": "{{ payload.many[:100000] + payload.many[:100000] }}",
    "nested list": "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "nested object": "{% set a = {} %}" + "{% set a = {'a': a, 'b': a} %}" * 60 + "{{ a }}",
    "compared lists": "{% set a = [1] %}{% set b = [2] %}" + "{% set a = [a, a] %}{% set b = [b, b] %}" * 60,
    "many large texts": "".join(f"{{% set a{i} = payload.big ~ {i} %}}" for i in range(500)),
    "many captured texts": "".join(f"{{% set a{i} %}}{{{{ payload.big }}}}{{% endset %}}" for i in range(500)),
    "captured loop": "{% set x %}{% for i in range(9999) %}{{ i ~ payload.big }}{% endfor %}{% endset %}",
    "large value": "{{ payload.huge }}",
    "large object": "{{ payload }}",
    "large object in text": "<{{ payload }}>",
    "list from a text": "{{ payload.huge | list }}",
    "loop over a text": "{% for c in payload.huge %}{% endfor %}",
    "split": "{{ payload.big.split('x') }}",
    "strip": "{{ payload.big.strip(payload.big) }}",
    "trim": "{{ payload.big | trim(payload.big) }}",
    "sort": "{{ payload.many | sort }}",
    "time": "{{ run.started_at.strftime('%999999999Y') }}",
    "folded condition": "{{ 1 if 'a' * 10**9 else 2 }}",
    "folded filter": "{{ ('a' * 10**9) | length }}",
    "folded text": "{{ 'a' ~ 'b' * 10**9 }}",
    "parentheses": "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "brackets": "{{ " + "[" * 5_000 + "]" * 5_000 + " }}",
    "open brackets": "{{ " + "[" * 30_000,
    "braces": "{{ " + "{1:" * 5_000 + "1" + "}" * 5_000 + " }}",
    "dots": "{{ a" + ".b" * 10_000 + " }}",
    "subscripts": "{{ a" + "[0]" * 10_000 + " }}",
    "calls": "{{ a" + ".get(1)" * 5_000 + " }}",
    "filters": "{{ 1" + " | int" * 5_000 + " }}",
    "sums": "{{ 1" + " + 1" * 10_000 + " }}",
    "negations": "{{ " + "not " * 10_000 + "1 }}",
    "signs": "{{ " + "-" * 10_000 + "1 }}",
    "conditions": "{{ " + "1 if 1 else " * 4_000 + "1 }}",
    "powers": "{{ " + "1 ** " * 10_000 + "1 }}",
    "elements": "{{ [" + "1," * 30_000 + "] }}",
    "outputs": "{{ 1 }}" * 9_000,
    "ifs": "{% if 1 %}{% set a = 1 %}{% endif %}" * 1_700,
    "nested ifs": "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "nested fors": "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
    "quotes": "{{ " + '"\\' * 30_000,
    "openings": "{{ " * 20_000,
    "length": "x" * (64 * 1024 + 1),
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name.replace(" ", "-")) for name, text in BOMBS.items()])
def test_bombs_do_not_go_off(text: str) -> None:
    started = time.monotonic()

    assert refused(text, blocks=True)
    assert time.monotonic() - started < 4


def test_deep_comparisons_look_at_the_clock() -> None:
    rows = [{"a": list(range(50))} for _ in range(60_000)]
    expression = compile_expression("rows | selectattr('a', 'eq', wanted) | length")
    started = time.monotonic()

    with pytest.raises(ExpressionError, match="the expression takes more than 1s"):
        expression.evaluate({"rows": rows, "wanted": list(range(50))})

    assert time.monotonic() - started < 3


def test_a_value_that_is_nested_too_deep_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(ExpressionError, match="the expression is nested too deep"):
        compile_template("<{{ deep }}>").evaluate({"deep": deep})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ payload.huge[:3] }}", "yyy"),
        ("{{ payload.huge | default('') | truncate(2, true, '') }}", "yy"),
        ("{{ payload.get('huge').startswith('yy') }}", True),
        ("{{ 99 in payload.many[:100] }}", True),
    ],
)
def test_a_little_may_be_taken_of_much(text: str, value: object) -> None:
    assert evaluate(text) == value


# --- whatever comes out is an expression error -----------------------------------------------------

PIECES = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "|",
    "~",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "=",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "elif",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "raw",
    "endraw",
    "block",
    "macro",
    "include",
    "recursive",
    "self",
    "loop",
    "loop.last",
    "true",
    "none",
    "0",
    "1",
    "-1",
    "1.5",
    "1e300",
    "99999",
    "'a'",
    '"b"',
    "'",
    '"',
    "\\",
    "'\\d'",
    "$",
    "&&",
    "!",
    "\n",
    "\r",
    "ª",
    "\ud800",
    "\0",
    "x",
    "zone",
    "inputs",
    "inputs.tags",
    "payload.rows",
    "payload.items",
    "payload.items()",
    "payload.text",
    "probe.verdict",
    "run.started_at",
    "secrets",
    "secrets.TOKEN",
    "opaque",
    "range(3)",
    ".get('n')",
    ".split(",
    "__class__",
    *(f"| {name}" for name in FILTERS),
    *(f"is {name}" for name in TESTS),
    "('a')",
    "(1)",
    "(attribute='n')",
    "('n', 'gt', 1)",
]
TEXTS = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
FUZZ = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def tried(text: str, *, blocks: bool) -> None:
    try:
        compiled = compile_template(text, blocks=blocks)
        found = compiled.evaluate(NAMES)
    except ExpressionError as error:
        assert error.sentence  # noqa: PT017 - the other outcome is as good
    else:
        assert compiled.typed or isinstance(found, str | Sealed)
        assert "s3cr" not in repr(found)


@FUZZ
@given(TEXTS, st.booleans())
def test_any_text_evaluates_or_is_refused(text: str, blocks: bool) -> None:
    tried(text, blocks=blocks)


@FUZZ
@given(TEXTS, st.booleans())
def test_any_expression_evaluates_or_is_refused(text: str, blocks: bool) -> None:
    tried(f"{{{{ {text} }}}}", blocks=blocks)


@FUZZ
@given(TEXTS, st.sampled_from(["payload.rows", "inputs", "range(3)", "secrets", "[zone]", "'ab'"]))
def test_any_loop_evaluates_or_is_refused(text: str, over: str) -> None:
    tried(f"{{% for x in {over} %}}{{{{ {text} }}}}{{% endfor %}}", blocks=True)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "the expression needs too much memory"),
        (RecursionError(), "the expression is nested too deep"),
        (OverflowError("too large to convert"), "too large to convert"),
        (LookupError(), "the expression cannot be evaluated"),
    ],
)
def test_what_python_raises_gets_a_sentence(error: Exception, sentence: str) -> None:
    with pytest.raises(ExpressionError) as caught, translated("a"):
        raise error

    assert caught.value.sentence == sentence
    assert caught.value.__cause__ is error


def test_an_error_is_a_value_error_with_sentence_and_hint() -> None:
    with pytest.raises(ValueError, match="unknown filter") as caught:
        compile_expression("a | uper")

    assert isinstance(caught.value, ExpressionError)
    assert (caught.value.sentence, caught.value.hint) == ('unknown filter "uper"', 'did you mean "upper"?')
