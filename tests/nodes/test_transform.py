from __future__ import annotations

from typing import Any

import pytest
from pydantic_core import ValidationError

from runner.errors import NodeError
from runner.nodes.transform import Transform
from runner.results import Severity, Verdict
from runner.spec import Block, Template
from runner.validators import read
from tests.channels.stage import RUN, make_scope, node

OUTPUT = {
    "results": {"disk": {"metrics": {"percent": 91.5}, "verdict": Verdict.CRITICAL}, "a.b": {"c d": 1}},
    "recommendations": [
        {"priority": "HIGH", "title": "Free space"},
        {"priority": "low", "title": "Tidy up"},
        "no object",
        {"title": "No priority"},
    ],
    "alerts": [{"name": "Disk", "severity": Severity.CRITICAL, "labels": {"a.b": "x"}}],
}
PROBE = node("probe", "context", OUTPUT)


def transformed(**config: Any) -> object:  # noqa: ANN401 - a configuration
    built = read(Transform, {"source_node": "probe", **config})
    return built.run(make_scope(PROBE, payload={"title": "shop"})).data["transformed"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("results.disk.metrics.percent", 91.5),
        ("results.disk.verdict", Verdict.CRITICAL),
        ("alerts[0].name", "Disk"),
        ("alerts[-1].name", "Disk"),
        ("alerts.0.name", "Disk"),
        ('alerts[0].labels["a.b"]', "x"),
        ("results['a.b'][\"c d\"]", 1),
        ("recommendations[1]", {"priority": "low", "title": "Tidy up"}),
    ],
)
def test_a_path_leads_to_a_value_of_its_own_type(path: str, value: object) -> None:
    found = transformed(extract=path)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("resultz", 'the output of probe has no "resultz"; there are: results, recommendations, alerts'),
        ("results.disc", 'the output of probe at results has no "disc"; there are: disk, a.b'),
        ("alerts[5].name", "the output of probe at alerts is a list of 1, so it has no 5"),
        ("alerts.first", 'the output of probe at alerts is a list of 1, so it has no "first"'),
        ("alerts.--1", 'the output of probe at alerts is a list of 1, so it has no "--1"'),
        ("alerts[0].name.x", 'the output of probe at alerts[0].name is "Disk", so it has no "x"'),
        ("alerts[0].name[0]", 'the output of probe at alerts[0].name is "Disk", so it has no 0'),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(path: str, message: str) -> None:
    with pytest.raises(NodeError) as failed:
        transformed(extract=path)
    assert (failed.value.code, failed.value.message) == ("missing_path", message)


@pytest.mark.parametrize("default", [None, 0, "none", [], {"a": 1}])
def test_a_default_stands_in_for_what_is_missing_and_null_is_one(default: object) -> None:
    assert transformed(extract="results.disc", default=default) == default
    assert transformed(mapping={"a": "results.disc"}, default=default) == {"a": default}
    assert transformed(jmespath="results.disc", default=default) == default
    assert transformed(source_node="gone", default=default) == default
    assert transformed(template="{{ value.resultz.disk }}", default=default) == default


def test_the_payload_is_read_where_no_node_is_named() -> None:
    output = read(Transform, {"extract": "title"}).run(make_scope(payload={"title": "shop"}))
    assert output.data == {"transformed": "shop", "source_node": None}


def test_a_node_alone_is_copied() -> None:
    output = read(Transform, {"source_node": "probe"}).run(make_scope(PROBE))
    assert output.data == {"transformed": OUTPUT, "source_node": "probe"}


def test_a_priority_is_kept_in_capitals_or_not() -> None:
    assert transformed(extract="recommendations", filter_priority="High") == [
        {"priority": "HIGH", "title": "Free space"}
    ]


def test_an_entry_without_a_priority_has_none_by_any_name() -> None:
    assert transformed(extract="recommendations", filter_priority="none") == []


def test_a_default_stands_in_for_nothing_but_what_is_missing() -> None:
    with pytest.raises(NodeError, match=r"^template cannot be rendered: ") as failed:
        transformed(template="{{ 1 / value.results.disk.metrics.percent | int(0) }}{{ value + 1 }}", default=1)
    assert failed.value.code == "template"


def test_only_a_list_has_priorities() -> None:
    with pytest.raises(NodeError) as failed:
        transformed(extract="results", filter_priority="high")
    said = "filter_priority keeps entries of a list, and the output of probe gives an object here"
    assert (failed.value.code, failed.value.message) == ("not_a_list", said)


def test_a_mapping_reads_what_is_left() -> None:
    config = {"extract": "recommendations", "filter_priority": "low", "mapping": {"what": "[0].title"}}
    assert transformed(**config) == {"what": "Tidy up"}


def test_a_mapping_that_misses_says_where() -> None:
    with pytest.raises(NodeError) as failed:
        transformed(extract="results.disk", mapping={"a": "metrics.free"})
    said = 'results.disk of the output of probe at metrics has no "free"; there are: percent'
    assert failed.value.message == said


def test_jmespath_sees_plain_json() -> None:
    assert transformed(jmespath="alerts[?severity=='critical'].{n: name, t: type(severity)} | [0]") == {
        "n": "Disk",
        "t": "string",
    }
    assert transformed(jmespath="results.disc") is None


def test_jmespath_sees_a_moment_as_text() -> None:
    seen = node("probe", "context", {"at": RUN.started_at})
    output = read(Transform, {"source_node": "probe", "jmespath": "at"}).run(make_scope(seen))
    assert output.data["transformed"] == "2026-03-01T12:00:00+00:00"


def test_a_jmespath_that_cannot_be_evaluated_fails() -> None:
    with pytest.raises(NodeError) as failed:
        transformed(jmespath="abs(alerts)")
    assert failed.value.code == "jmespath"
    assert failed.value.message.startswith("jmespath cannot be evaluated: In function abs(), invalid type for value")


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ value[0].title }} at {{ payload.title }}", "Free space at shop"),
        ("{% for one in value %}{{ one.title }};{% endfor %}", "Free space;"),
        ("{{ value | length }}", 1),
    ],
)
def test_a_template_reads_the_value_and_the_scope(template: str, value: object) -> None:
    assert transformed(extract="recommendations", filter_priority="high", template=template) == value


def test_a_template_that_cannot_be_rendered_fails() -> None:
    with pytest.raises(NodeError, match=r"^template cannot be rendered: ") as failed:
        transformed(template="{{ valu }}")
    assert failed.value.code == "template"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gone", 'no node "gone" has run before this one; these have: probe, broken'),
        ("broken", "the output of broken is not there: the node is failed"),
    ],
)
def test_a_node_without_an_output_fails(source: str, message: str) -> None:
    scope = make_scope(PROBE, node("broken", "context", error="no permission"))
    with pytest.raises(NodeError) as failed:
        Transform(source_node=source).run(scope)
    assert (failed.value.code, failed.value.message) == ("no_source", message)


@pytest.mark.parametrize(
    ("config", "code", "at", "sentence", "hint"),
    [
        pytest.param(
            {"extract": "a..b"},
            "E205",
            ("extract",),
            '"a..b" is no path from "..b" on',
            'write it like results.disk.value, alerts[0].name or labels["a.b"]',
            id="two-dots",
        ),
        pytest.param(
            {"mapping": {"x": ""}},
            "E205",
            ("mapping", "x"),
            '"" is no path',
            'write it like results.disk.value, alerts[0].name or labels["a.b"]',
            id="empty",
        ),
        pytest.param(
            {"extract": 3},
            "E202",
            ("extract",),
            "expected a path, got 3",
            "write it like results.disk.metrics.percent",
            id="number",
        ),
        pytest.param(
            {"jmespath": "a["},
            "E205",
            ("jmespath",),
            '"a[" does not compile: Incomplete expression',
            "see https://jmespath.org",
            id="jmespath",
        ),
        pytest.param(
            {"jmespath": 3},
            "E202",
            ("jmespath",),
            "expected a JMESPath expression, got 3",
            'put it in quotes: "3"',
            id="jmespath-number",
        ),
        pytest.param(
            {"jmespath": "(" * 5000},
            "E205",
            ("jmespath",),
            f'"{"(" * 59}…" does not compile: it is nested too deeply',
            "see https://jmespath.org",
            id="jmespath-without-end",
        ),
        pytest.param(
            {"mapping": {"a": "b"}, "jmespath": "c"},
            "E208",
            ("jmespath",),
            "mapping and jmespath both say what becomes of it",
            "keep one of them, or add another node",
            id="two-shapes",
        ),
        pytest.param(
            {"extrakt": "a"}, "E203", ("extrakt",), 'unknown key "extrakt"', 'did you mean "extract"?', id="unknown"
        ),
    ],
)
def test_what_cannot_be_a_configuration(
    config: dict[str, object], code: str, at: tuple[str, ...], sentence: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as wrong:
        read(Transform, config)
    (line,) = wrong.value.errors(include_url=False)
    assert (line["type"], line["loc"], line["msg"], line["ctx"]["hint"]) == (code, at, sentence, hint)


def test_what_a_template_hides_waits() -> None:
    hidden = Template("{{ inputs.x }}")
    config = {"source_node": hidden, "extract": hidden, "jmespath": hidden, "default": hidden}
    assert read(Transform, config).reads() == ()
    assert read(Transform, {"source_node": "probe", "template": Block("{{ value }}")}).reads() == ("probe",)


def test_a_plan_says_what_is_read() -> None:
    built = read(Transform, {"source_node": "probe", "extract": "results.disk", "mapping": {}})
    assert list(built.plan(make_scope())) == [
        "would read results.disk of the output of probe and reshape it by mapping"
    ]
    assert list(Transform().plan(make_scope())) == ["would read the payload"]
