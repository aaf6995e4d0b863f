from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic_core import ValidationError

from runner.errors import Cancelled, NodeError, Unreachable
from runner.facts import Facts, Recommendation, gather
from runner.nodes.context import Context
from runner.nodes.intelligence import Intelligence
from runner.providers import PROVIDERS, Answer
from runner.providers.local import Local
from runner.results import NodeResult, Output, Problem, Status, Verdict
from runner.scope import Variable
from runner.secrets import Secret
from runner.spec import Template
from runner.validators import problems, read
from tests.support import concluded

if TYPE_CHECKING:
    from runner.scope import Scope

ScopeMaker = Callable[..., "Scope"]
ADVICE = Recommendation(type="general", priority="low", title="Rest", actions=("sleep",))
VARIABLE = Variable(name="ORACLE_KEY", required=True, needed_for="key of the oracle")
SECRET = Secret("key", "gnothi seauton")


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """A provider that answers, breaks, or blocks until it is let go."""

    type: ClassVar[str] = "oracle"
    error: Exception | None = None
    blocks: bool = False
    let_go: threading.Event = field(default_factory=threading.Event)
    left: list[float] = field(default_factory=list)

    def analyse(self, facts: Facts, scope: Scope) -> Answer:
        self.left.append(scope.deadline.left)
        if self.blocks:
            self.let_go.wait(30)
        if self.error is not None:
            raise self.error
        return Answer(
            summary=f"{len(facts.checks)} checks",
            probable_cause="fate",
            recommendations=(ADVICE,),
            model="delphi-1",
            usage={"input_tokens": 3},
        )

    def describe(self, scope: Scope) -> str:
        return f"in {scope.run.environment}"

    def needs(self) -> Iterable[Variable]:
        return (VARIABLE,)

    def secrets(self) -> Iterable[Secret]:
        return (SECRET,)


def probed(make_scope: ScopeMaker, *checks: object, seconds: float = 20.0) -> Scope:
    """Make a scope in which these checks have run."""
    output = read(Context, {"checks": list(checks)}).run(make_scope())
    result = NodeResult(
        node_id="probe", node_type="context", status=Status.SUCCEEDED, verdict=output.verdict, output=output.data
    )
    return make_scope(seconds=seconds, nodes=(result,))


def test_the_local_analysis_says_what_checks_have_measured(make_scope: ScopeMaker) -> None:
    scope = probed(make_scope, {"type": "disk", "critical": {"above": 0}, "warning": None})
    output = Intelligence.parse({"provider": "local"}).run(scope)
    data: Any = output.data
    assert list(data) == [
        "summary",
        "probable_cause",
        "severity",
        "recommendations",
        "count",
        "provider",
        "model",
        "usage",
        "fallback_used",
    ]
    (one,) = data["recommendations"]
    assert list(one) == ["type", "priority", "title", "description", "actions", "evidence"]
    assert (one["type"], one["title"]) == ("disk_full", "Free space on / on web-1")
    measured = gather(scope).checks[0]
    assert data["summary"] == f"1 of 1 check is not ok: {measured.message}."
    assert (data["severity"], data["count"], data["provider"], data["model"]) == ("critical", 1, "local", "")
    assert (data["usage"], data["fallback_used"], output.problems) == ({}, False, ())
    assert output.verdict is None


def test_the_facts_read_the_analysis_back(make_scope: ScopeMaker) -> None:
    output = Intelligence(provider=Oracle()).run(make_scope())
    result = NodeResult(node_id="ask", node_type="intelligence", status=Status.SUCCEEDED, output=output.data)
    analysis = gather(make_scope(nodes=(result,))).analysis
    assert analysis is not None
    assert (analysis.summary, analysis.provider, analysis.recommendations) == ("0 checks", "oracle", (ADVICE,))


def test_a_provider_gives_its_words_model_and_usage(make_scope: ScopeMaker) -> None:
    data = Intelligence(provider=Oracle()).run(make_scope()).data
    assert (data["provider"], data["model"], data["usage"]) == ("oracle", "delphi-1", {"input_tokens": 3})
    assert (data["probable_cause"], data["fallback_used"]) == ("fate", False)


def test_a_provider_gets_the_nodes_time_less_a_tenth(make_scope: ScopeMaker) -> None:
    oracle = Oracle()
    Intelligence(provider=oracle).run(make_scope(seconds=10))
    assert 8 < oracle.left[0] <= 9


def test_the_local_analysis_stands_in_for_a_provider_that_fails(make_scope: ScopeMaker) -> None:
    oracle = Oracle(error=Unreachable("connection refused by oracle:443", code="connection_refused"))
    output = concluded(Intelligence(provider=oracle), probed(make_scope, "memory"))
    assert output.problems == (
        Problem(
            code="connection_refused",
            message="oracle gave no analysis (connection refused by oracle:443); the local one stands in",
            retryable=True,
        ),
    )
    assert (output.data["provider"], output.data["fallback_used"]) == ("local", True)
    assert output.data["summary"] == "Nothing is wrong: 1 check ok"


def test_the_local_analysis_stands_in_for_a_provider_that_overruns(make_scope: ScopeMaker) -> None:
    oracle, started = Oracle(blocks=True), time.monotonic()
    output = concluded(Intelligence(provider=oracle), make_scope(seconds=0.5))
    assert time.monotonic() - started < 0.5 + 2
    assert [problem.code for problem in output.problems] == ["timed_out"]
    assert output.data["fallback_used"] is True
    oracle.let_go.set()


def test_without_a_fallback_the_node_fails_as_the_provider_did(make_scope: ScopeMaker) -> None:
    oracle = Oracle(error=NodeError("no credit", code="http_402"))
    with pytest.raises(NodeError, match=r"^no credit$") as caught:
        Intelligence(provider=oracle, fallback="none").run(make_scope())
    assert (caught.value.code, caught.value.instead) == ("http_402", None)


def test_a_provider_that_fails_is_told_as_it_failed_with_what_stands_in(make_scope: ScopeMaker) -> None:
    error = NodeError("busy", code="provider_status", retryable=True, retry_after=3.0)
    with pytest.raises(NodeError, match=r"^busy$") as caught:
        Intelligence(provider=Oracle(error=error)).run(make_scope())
    assert (caught.value.code, caught.value.retryable, caught.value.retry_after) == ("provider_status", True, 3.0)
    assert isinstance(caught.value.instead, Output)


def test_a_run_that_is_stopped_gets_no_fallback(make_scope: ScopeMaker) -> None:
    scope, oracle = make_scope(), Oracle(blocks=True)
    threading.Timer(0.1, scope.deadline.cancel).start()
    with pytest.raises(Cancelled):
        Intelligence(provider=oracle).run(scope)
    oracle.let_go.set()


def test_a_bug_in_a_provider_escapes(make_scope: ScopeMaker) -> None:
    with pytest.raises(KeyError, match="a bug"):
        Intelligence(provider=Oracle(error=KeyError("a bug"))).run(make_scope())


@pytest.mark.parametrize(
    ("verdict", "alerts", "status", "severity"),
    [
        pytest.param(Verdict.OK, [], Status.SUCCEEDED, "info", id="well"),
        pytest.param(Verdict.WARNING, [], Status.SUCCEEDED, "warning", id="warning"),
        pytest.param(Verdict.UNKNOWN, [], Status.SUCCEEDED, "warning", id="unknown"),
        pytest.param(Verdict.CRITICAL, [], Status.SUCCEEDED, "critical", id="critical"),
        pytest.param(Verdict.OK, [("firing", "critical")], Status.SUCCEEDED, "critical", id="firing"),
        pytest.param(Verdict.OK, [("resolved", "critical")], Status.SUCCEEDED, "info", id="resolved"),
        pytest.param(None, [], Status.FAILED, "warning", id="failed"),
    ],
)
def test_facts_decide_the_severity(
    verdict: Verdict | None, alerts: list[tuple[str, str]], status: Status, severity: str, make_scope: ScopeMaker
) -> None:
    sent = [
        {"fingerprint": "f", "name": "A", "status": state, "severity": level, "description": ""}
        for state, level in alerts
    ]
    result = NodeResult(node_id="in", node_type="ingest", status=status, verdict=verdict, output={"alerts": sent})
    data = Intelligence(provider=Oracle()).run(make_scope(nodes=(result,))).data
    assert data["severity"] == severity


def test_a_plan_says_what_would_analyse(make_scope: ScopeMaker) -> None:
    assert list(Intelligence(provider=Local()).plan(make_scope())) == ["would analyse with local (rules, no network)"]
    assert list(Intelligence(provider=Oracle()).plan(make_scope())) == ["would analyse with oracle (in test)"]


def test_the_variables_are_those_of_the_provider() -> None:
    node = Intelligence(provider=Oracle())
    assert tuple(node.needs()) == (VARIABLE,)
    assert node.missing(()) == ("this node has no key of the oracle: set it in config or as ORACLE_KEY",)
    assert node.missing(("ORACLE_KEY",)) == ()
    assert tuple(node.secrets()) == (SECRET,)
    assert (Intelligence.type, Intelligence.timeout, Intelligence.judges, Intelligence.tells) == (
        "intelligence",
        30.0,
        False,
        False,
    )


@pytest.mark.parametrize("config", [{}, {"fallback": "none"}, {"provider_config": {}}], ids=["bare", "none", "earlier"])
def test_a_configuration_is_read(config: dict[str, Any]) -> None:
    node = Intelligence.parse({"provider": "local", **config})
    assert node == Intelligence(provider=Local(), fallback=config.get("fallback", "local"))


@pytest.mark.parametrize(
    ("config", "code", "at", "sentence", "hint"),
    [
        pytest.param(
            {},
            "E201",
            ("provider",),
            'missing key "provider"',
            f"known providers: {', '.join(PROVIDERS)}",
            id="missing",
        ),
        pytest.param(
            {"provider": "locl"}, "E206", ("provider",), 'unknown provider "locl"', 'did you mean "local"?', id="name"
        ),
        pytest.param(
            {"provider": "local", "fallbck": "none"},
            "E203",
            ("fallbck",),
            'unknown key "fallbck"',
            'did you mean "fallback"?',
            id="key",
        ),
        pytest.param(
            {"provider": "local", "provider_config": {"top_n": 3}},
            "E203",
            ("provider_config", "top_n"),
            'unknown key "top_n"',
            "local takes no options",
            id="key-in-provider-config",
        ),
        pytest.param(
            {"provider": "local", "fallback": "openai"},
            "E204",
            ("fallback",),
            '"openai" is not one of local, none',
            "known: local, none",
            id="fallback",
        ),
        pytest.param(
            {"provider": "local", "provider_config": []},
            "E202",
            ("provider_config",),
            "expected an object, got a list",
            "write KEY: VALUE, one below the other",
            id="provider-config",
        ),
        pytest.param(
            {"provider": "local", "provider_config": {"provider": "local"}},
            "E208",
            ("provider_config", "provider"),
            '"provider" is given twice, here and in config itself',
            "keep the one in config",
            id="twice",
        ),
    ],
)
def test_a_wrong_configuration_is_refused(
    config: dict[str, Any], code: str, at: tuple[str, ...], sentence: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Intelligence.parse(config)
    (line,) = problems(caught.value)
    assert (line["type"], line["loc"], line["msg"], line["ctx"]["hint"]) == (code, at, sentence, hint)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        Intelligence.parse({"provider": "local", "fallback": 1, "y": 2, "z": 2, "provider_config": {"x": 1, "z": 3}})
    found = {(line["type"], line["loc"]) for line in problems(caught.value)}
    assert found == {
        ("E208", ("provider_config", "z")),
        ("E203", ("provider_config", "z")),
        ("E203", ("provider_config", "x")),
        ("E203", ("y",)),
        ("E204", ("fallback",)),
    }


def test_a_template_in_place_of_a_value_waits_for_it() -> None:
    with pytest.raises(ValidationError) as caught:
        Intelligence.parse({"provider": "local", "fallback": Template("{{ inputs.f }}")})
    assert problems(caught.value) == []


@pytest.mark.parametrize("name", list(PROVIDERS))
def test_every_provider_says_its_type(name: str) -> None:
    assert PROVIDERS.load(name).type == name
