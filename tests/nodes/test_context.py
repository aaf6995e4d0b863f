from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_core import ValidationError

from runner.doors import shut_doors
from runner.errors import Cancelled, NodeError, TimedOut
from runner.facts import gather
from runner.nodes.context import Context
from runner.results import NodeResult, Observation, Output, Status, Verdict
from runner.spec import Repeated, Template
from runner.validators import problems, read

if TYPE_CHECKING:
    from runner.scope import Scope

ScopeMaker = Callable[..., "Scope"]
ALWAYS = {"above": 0}
QUICK = {"samples": 1, "sample_interval": "10ms"}


def command(text: str, **config: Any) -> dict[str, Any]:  # noqa: ANN401 - as a file has it
    return {"type": "command", "argv": ["sh", "-c", text], "parse": "nagios", **config}


def context(*checks: object, **config: Any) -> Context:  # noqa: ANN401 - as a file has it
    return read(Context, {"checks": list(checks), **config})


def run(scope: Scope, *checks: object, **config: Any) -> Output:  # noqa: ANN401 - as a file has it
    return context(*checks, **config).run(scope)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        port: int = server.getsockname()[1]
        yield port


def test_the_verdict_is_that_of_the_worst_check(scope: Scope) -> None:
    output = run(scope, command("exit 1"), command("exit 2"), command("exit 0"), command("exit 3"))
    assert output.verdict is Verdict.CRITICAL
    counts = {key: output.data[key] for key in ("checks_run", "checks_passed", "checks_failed", "verdicts")}
    assert counts == {
        "checks_run": 4,
        "checks_passed": 1,
        "checks_failed": 3,
        "verdicts": {"ok": 1, "warning": 1, "unknown": 1, "critical": 1},
    }


def test_a_result_has_every_key(scope: Scope) -> None:
    output = run(scope, command("echo 'all well | t=1s'", name="mail"))
    results = output.data["results"]
    assert isinstance(results, dict)
    duration = results["mail"].pop("duration_ms")
    assert 0 < duration < 10_000
    assert results == {
        "mail": {
            "type": "command",
            "verdict": Verdict.OK,
            "status": Verdict.OK,
            "message": "all well",
            "metrics": {"exit_code": 0, "t": {"value": 1.0, "unit": "s"}},
            "subject": "web-1:sh",
            "value": None,
            "unit": "",
            "warning": "",
            "critical": "",
            "tries": 1,
            "code": "",
        }
    }
    assert output.observations == ()


def test_a_result_says_value_and_thresholds(scope: Scope) -> None:
    output = run(scope, {"type": "disk", "warning": ALWAYS})
    result = output.data["results"]["disk"]  # type: ignore[index]  # an object
    assert (result["unit"], result["warning"], result["critical"]) == ("%", "above 0%", "above 95%")
    assert output.observations == (
        Observation(
            check="disk",
            subject="web-1:/",
            identity=("disk", "web-1:/"),
            verdict=Verdict.WARNING,
            message=f"disk / is {result['value']:g}% full, above 0%",
            value=result["value"],
            unit="%",
            threshold="above 0%",
            path=("checks", 0),
        ),
    )


def test_the_facts_read_the_results_back(scope: Scope, make_scope: ScopeMaker) -> None:
    output = run(scope, {"type": "disk", "warning": ALWAYS}, command("exit 2", name="raid"))
    result = NodeResult(
        node_id="probe", node_type="context", status=Status.SUCCEEDED, verdict=output.verdict, output=output.data
    )
    facts = gather(make_scope(nodes=(result,)))
    assert [(check.node, check.name, check.verdict) for check in facts.bad] == [
        ("probe", "raid", Verdict.CRITICAL),
        ("probe", "disk", Verdict.WARNING),
    ]


def test_results_stand_in_the_order_of_the_definition(scope: Scope) -> None:
    output = run(scope, command("sleep 0.2; exit 0", name="slow"), command("exit 0", name="fast"))
    assert list(output.data["results"]) == ["slow", "fast"]  # type: ignore[call-overload]  # an object


def test_what_for_each_made_of_one_entry_is_found_at_that_entry(scope: Scope) -> None:
    bad = Repeated([command("exit 2", name="a"), command("exit 0", name="b"), command("exit 1", name="c")])
    output = run(scope, command("exit 0", name="first"), bad, command("exit 1", name="last"))
    assert list(output.data["results"]) == ["first", "a", "b", "c", "last"]  # type: ignore[call-overload]  # an object
    assert [(one.check, one.path) for one in output.observations] == [
        ("a", ("checks", 1)),
        ("c", ("checks", 1)),
        ("last", ("checks", 2)),
    ]


def test_a_node_whose_lists_are_all_empty_fails_and_looks_at_nothing_else(scope: Scope) -> None:
    node = context(Repeated(), Repeated())
    for use in (node.run, lambda scope: list(node.plan(scope))):
        with pytest.raises(NodeError) as caught:
            use(scope)
        assert (caught.value.code, caught.value.message) == (
            "nothing_to_check",
            "there is nothing to check: the list of every for_each is empty",
        )


def test_an_entry_starts_programs_where_any_of_its_checks_does() -> None:
    repeated = Repeated([{"type": "disk"}, command("exit 0", name="a")])
    node = context("cpu", repeated, command("exit 0", name="b"), Repeated([{"type": "memory"}]))
    assert node.programs() == (("checks", 1), ("checks", 2))


def test_a_list_in_a_file_is_no_check() -> None:
    with pytest.raises(ValidationError, match="expected a check, got a list"):
        context(["disk", "cpu"])


def test_checks_run_at_the_same_time(scope: Scope) -> None:
    started = time.monotonic()
    run(scope, *(command("sleep 0.4", name=f"c{number}") for number in range(10)))
    assert time.monotonic() - started < 10 * 0.4


def test_a_check_that_breaks_is_unknown_and_the_others_still_count(scope: Scope) -> None:
    output = run(
        scope, {"type": "command", "argv": ["/nowhere/check"], "name": "broken"}, command("exit 2", name="bad")
    )
    verdicts = {name: result["verdict"] for name, result in output.data["results"].items()}  # type: ignore[attr-defined]  # an object
    assert verdicts == {"broken": Verdict.UNKNOWN, "bad": Verdict.CRITICAL}


@pytest.mark.parametrize("key", ["include", "checker_names"])
def test_the_earlier_spellings_name_checks(key: str, scope: Scope) -> None:
    node = read(Context, {key: ["memory", "disk"]})
    assert node.names() == ("memory", "disk")
    assert node.run(scope).data["checks_run"] == 2


def test_observations_point_at_the_key_that_was_used(scope: Scope) -> None:
    node = read(Context, {"include": ["memory", "disk"]})
    harsh = read(Context, {"checks": ["memory", {"type": "disk", "critical": ALWAYS}]})
    assert [one.path for one in harsh.run(scope).observations] == [("checks", 1)]
    assert all(one.path[0] == "include" for one in node.run(scope).observations)


@pytest.mark.parametrize("config", [{}, {"checks": []}, {"checker_names": []}], ids=["nothing", "empty", "earlier"])
def test_nothing_at_all_means_cpu_memory_and_disk(config: dict[str, Any]) -> None:
    node = read(Context, config)
    assert node.names() == ("cpu", "memory", "disk")
    assert node.default_names() == {"cpu", "memory", "disk"}


@pytest.mark.parametrize(
    ("config", "code", "at", "sentence", "hint"),
    [
        pytest.param(
            {"checks": ["cpu"], "include": ["disk"]},
            "E208",
            ("include",),
            "checks and include say the same thing",
            "keep checks",
            id="two-lists",
        ),
        pytest.param(
            {"include": ["cpu"], "checker_names": ["disk"]},
            "E208",
            ("checker_names",),
            "include and checker_names say the same thing",
            "keep one, as checks",
            id="two-earlier-lists",
        ),
        pytest.param(
            {"checks": ["cpu", "dsik"]},
            "E206",
            ("checks", 1),
            'unknown check "dsik"',
            'did you mean "disk"?',
            id="name",
        ),
        pytest.param(
            {"checks": [{"type": "htp"}]},
            "E206",
            ("checks", 0, "type"),
            'unknown check "htp"',
            'did you mean "http"?',
            id="type",
        ),
        pytest.param(
            {"checks": [{"type": "tcp", "host": "a", "prot": 1, "port": 2}]},
            "E203",
            ("checks", 0, "prot"),
            'unknown key "prot"',
            'did you mean "port"?',
            id="key",
        ),
        pytest.param(
            {"checks": [{"type": "disk", "name": "a"}, {"type": "cpu", "name": "a"}]},
            "E301",
            ("checks", 1, "name"),
            'duplicate check name "a"',
            "give each check of a node its own name",
            id="duplicate",
        ),
        pytest.param(
            {"include": [{"type": "disk"}]},
            "E202",
            ("include", 0),
            "expected the name of a check, got an object",
            "checks: takes objects, too",
            id="object",
        ),
        pytest.param(
            {"checker_name": ["disk"]},
            "E203",
            ("checker_name",),
            'unknown key "checker_name"',
            'did you mean "checker_names"?',
            id="earlier-typo",
        ),
    ],
)
def test_a_wrong_configuration_is_refused(
    config: dict[str, Any], code: str, at: tuple[str | int, ...], sentence: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        read(Context, config)
    (line,) = problems(caught.value)
    assert (line["type"], line["loc"], line["msg"], line["ctx"]["hint"]) == (code, at, sentence, hint)


def test_names_are_known_where_no_template_hides_them() -> None:
    node = context("disk", {"type": "http", "url": Template("{{ inputs.url }}")}, {"type": "cpu", "name": "mine"})
    assert node.names() == ("disk", None, "mine")
    assert node.default_names() == {"disk"}


def test_the_node_ends_with_its_time_and_says_what_is_missing(make_scope: ScopeMaker, silent_port: int) -> None:
    silent = {"type": "http", "url": f"http://127.0.0.1:{silent_port}/", "name": "silent"}
    started = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        run(make_scope(seconds=0.5), silent, command("exit 0", name="quick"))
    assert time.monotonic() - started < 0.5 + 2
    assert caught.value.message == "timed out after 500ms: 1 of 2 checks were done, not silent"


def test_the_node_stops_as_soon_as_the_run_does(scope: Scope, silent_port: int) -> None:
    threading.Timer(0.1, scope.deadline.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        run(scope, {"type": "tcp", "host": "127.0.0.1", "port": silent_port, "expect": {"contains": "x"}})
    assert time.monotonic() - started < 2


def test_a_check_that_times_out_leaves_the_others_alone(scope: Scope, silent_port: int) -> None:
    slow = {"type": "http", "url": f"http://127.0.0.1:{silent_port}/", "name": "slow", "timeout": "100ms"}
    output = run(scope, {**slow, "confirm": {"pause": "1ms"}}, command("exit 0", name="fine"))
    results: Any = output.data["results"]
    assert (results["slow"]["code"], results["slow"]["tries"], results["fine"]["verdict"]) == ("timed_out", 2, "ok")


def test_a_plan_says_what_would_be_checked_and_opens_nothing(make_scope: ScopeMaker) -> None:
    node = context(
        "memory",
        {"type": "http", "name": "home", "url": "https://u:pw@a.example/", "warning": "800ms", "critical": "3s"},
        {"type": "disk", "paths": ["/", "/var"], "warning": None, "timeout": Template("{{ inputs.t }}")},
        {"type": "tcp", "host": "db", "port": 5432, "confirm": {"tries": 1}, "warning": Template("{{ inputs.w }}")},
        {"type": "cpu", **QUICK},
    )
    assert list(node.plan(replace(make_scope(), doors=shut_doors()))) == [
        "would check memory: measure memory (timeout 10s, warning above 70%, critical above 90%)",
        "would check http home: GET https://a.example/ (timeout 10s, warning above 800ms, critical above 3s, 2 tries)",
        "would check disk disk_var: measure /, /var (timeout {{ inputs.t }}, critical above 95%)",
        "would check tcp tcp_db_5432: connect to db:5432 (timeout 10s, warning {{ inputs.w }})",
        "would check cpu: measure all cores, samples: 1 (timeout 10s, warning above 70%, critical above 90%)",
    ]


def test_a_context_judges_and_needs_no_variables() -> None:
    assert (Context.type, Context.timeout, Context.judges, Context.tells) == ("context", 60.0, True, False)
    assert tuple(read(Context, {}).needs()) == ()


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the interface
        """Keep quiet."""


def test_two_hundred_http_checks_all_succeed(make_scope: ScopeMaker) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        output = run(make_scope(seconds=60), *({"type": "http", "url": f"{url}/{one}"} for one in range(200)))
        server.shutdown()
    assert output.data["checks_passed"] == 200


def test_a_node_whose_time_is_up_keeps_what_its_checks_had_shown_by_then(make_scope: ScopeMaker) -> None:
    slow = {"type": "command", "name": "slow", "argv": ["sleep", "20"], "timeout": "20s"}
    dead = {"type": "command", "name": "dead", "argv": ["false"]}
    node = read(Context, {"checks": [slow, dead]})
    with pytest.raises(TimedOut) as caught:
        node.run(make_scope(seconds=0.6))
    known = caught.value.known
    assert isinstance(known, Output)
    assert known.verdict is Verdict.CRITICAL
    assert [(seen.check, seen.path) for seen in known.observations] == [("dead", ("checks", 1))]
    assert "1 of 2 checks were done, not slow" in caught.value.message


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_checks_than_the_concurrency_are_run_at_the_same_time(limit: int, make_scope: ScopeMaker) -> None:
    counting, now, peak = threading.Lock(), 0, 0

    class Busy(Shop):
        def do_GET(self) -> None:
            nonlocal now, peak
            with counting:
                now += 1
                peak = max(peak, now)
            time.sleep(0.05)
            with counting:
                now -= 1
            super().do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        checks = ({"type": "http", "url": f"{url}/{one}"} for one in range(9))
        output = run(make_scope(seconds=60), *checks, concurrency=limit)
        server.shutdown()
    assert output.data["checks_passed"] == 9
    assert min(limit, 2) <= peak <= limit


def test_a_check_that_waits_for_its_turn_has_its_own_time_still_to_come(scope: Scope) -> None:
    waiting = (command("sleep 0.3; exit 0", name=f"c{number}", timeout="5s") for number in range(4))
    last = command("exit 0", name="last", timeout="1s")
    output = run(scope, *waiting, last, concurrency=1)
    assert output.data["checks_passed"] == 5


def test_each_check_is_told_while_it_runs_and_nothing_after(scope: Scope) -> None:
    """Told from the threads that run them, also of one that breaks."""
    told: list[str] = []

    @contextmanager
    def busy(name: str) -> Iterator[None]:
        told.append(f"{name} begins")
        try:
            yield
        finally:
            told.append(f"{name} ends")

    checks = [command("exit 0", name="good"), command("exit 9; nonsense", name="odd")]
    run(replace(scope, busy=busy), *checks, concurrency=1)
    assert told == ["good begins", "good ends", "odd begins", "odd ends"]
