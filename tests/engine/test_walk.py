"""The walk: order, ways, conditions, failures, `always`, and what the result says of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from runner.engine.walk import Walk
from runner.errors import ExitCode
from runner.results import RunStatus, Verdict
from tests.support import Witness, definition_of, world_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.definition.config import Config
    from runner.results import RunResult

    Run = Callable[..., RunResult]


def states(result: RunResult) -> dict[str, str]:
    """Each node's status, with the reason where it was skipped."""
    return {
        node.node_id: f"skipped: {node.skip_reason}" if node.skipped else node.status.value for node in result.nodes
    }


COPY = "type: transform"
BROKEN = "type: transform, config: {extract: missing.path}"


def test_without_next_nodes_run_in_list_order(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}}}
  - {{id: b, {COPY}}}
  - {{id: c, {COPY}}}
""")
    assert result.executed == ("a", "b", "c")
    assert result.status is RunStatus.COMPLETED
    assert result.exit.code is ExitCode.OK


def test_next_is_followed_and_what_it_passes_by_is_not_reached(run: Run) -> None:
    result = run(
        f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, next: [{{when: "payload.go == 'c'", to: c}}, {{to: b}}]}}
  - {{id: b, {COPY}, next: end}}
  - {{id: c, {COPY}}}
""",
        payload={"go": "c"},
    )
    assert result.executed == ("a", "c")
    assert states(result)["b"] == "skipped: not reached: a went on to c"


@pytest.mark.parametrize(
    "reads",
    [
        """when: 'b.status == "skipped" and c.status == "succeeded"'""",
        """when: 'nodes.b.verdict == "unknown" and nodes.b.output == {}'""",
        "when: 'nodes | length == 4 and not b2.has_errors'",
        'when: \'nodes | list == ["a", "b", "b2", "c"]\'',
        "skip_if_errors: [b, b2]",
        "skip_if_condition: b2.has_errors",
        "config: {source_node: b, default: none}",
        "config: {template: '{{ b.status }}'}",
    ],
)
def test_where_ways_meet_the_nodes_of_the_other_way_can_be_read_as_skipped(run: Run, reads: str) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, next: [{{when: "payload.go is defined", to: b}}, {{to: c}}]}}
  - {{id: b, {COPY}, next: b2}}
  - {{id: b2, {COPY}, next: d}}
  - {{id: c, {COPY}, next: d}}
  - {{id: d, type: transform, {reads}}}
""")
    assert result.executed == ("a", "c", "d")
    assert states(result)["b"] == "skipped: not reached: a went on to c"
    assert states(result)["d"] == "succeeded"


def test_what_a_walk_may_still_come_to_is_not_there_yet(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, next: [{{when: "payload.go is defined", to: b}}, {{to: c}}]}}
  - {{id: b, {COPY}, next: d}}
  - {{id: c, {COPY}, next: d, when: "nodes | list == ['a', 'b']"}}
  - {{id: d, {COPY}}}
""")
    assert result.executed == ("a", "c", "d")


def test_without_an_incident_its_parts_are_none(run: Run) -> None:
    parts = ("id", "fingerprint", "status", "severity")
    condition = " and ".join(f"incident.{part} is none" for part in parts)
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, when: "{condition}"}}
""")
    assert states(result) == {"a": "succeeded"}


def test_the_branch_without_when_is_taken_where_no_other_fits(run: Run) -> None:
    result = run(
        f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, next: [{{when: "payload.go == 'c'", to: c}}, {{to: b}}]}}
  - {{id: b, {COPY}, next: end}}
  - {{id: c, {COPY}}}
""",
        payload={"go": "elsewhere"},
    )
    assert result.executed == ("a", "b")


def test_where_no_branch_fits_the_run_ends_and_says_so(run: Run) -> None:
    result = run(
        f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, next: [{{when: "payload.go == 'b'", to: b}}]}}
  - {{id: b, {COPY}}}
""",
        payload={"go": "nowhere"},
    )
    assert result.executed == ("a",)
    assert result.notes == ("a: no branch of next fits, and the run ends here",)
    assert result.status is RunStatus.COMPLETED


def test_a_skipped_node_is_followed_by_its_own_next(run: Run) -> None:
    result = run(
        f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, next: b}}
  - {{id: b, {COPY}, when: "false", next: d}}
  - {{id: c, {COPY}, next: d}}
  - {{id: d, {COPY}}}
""".replace("next: b}", "next: [{when: 'payload.x', to: c}, {to: b}]}"),
        payload={"x": False},
    )
    assert states(result) == {
        "a": "succeeded",
        "b": "skipped: when is false: false",
        "c": "skipped: not reached: a went on to b",
        "d": "succeeded",
    }


def test_a_false_when_skips_with_the_values_it_read(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}}}
  - {{id: b, {COPY}, when: 'a.status == "failed"'}}
""")
    assert states(result)["b"] == 'skipped: when is false: a.status == "failed" (a.status is "succeeded")'


def test_a_run_whose_every_node_is_skipped_is_skipped_itself(run: Run) -> None:
    result = run(f'version: "1.0"\nnodes: [{{id: a, {COPY}, when: "false"}}]')
    assert result.status is RunStatus.SKIPPED
    assert (result.exit.code, result.exit.reason) == (
        ExitCode.OK,
        "every node was skipped, as its condition asks for",
    )


def test_durations_are_never_negative_whatever_the_wall_clock_does(run: Run) -> None:
    moments = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (9, 8, 7, 6, 5)]
    result = run(f'version: "1.0"\nnodes: [{{id: a, {COPY}}}]', now=lambda: moments.pop(0))
    assert result.duration_ms >= 0
    assert all(node.duration_ms >= 0 for node in result.nodes)


def test_a_when_that_is_no_boolean_fails_the_node(run: Run) -> None:
    result = run(
        f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, when: "payload.x"}}
""",
        payload={"x": "yes"},
    )
    assert states(result) == {"a": "failed"}
    assert result.nodes[0].errors[0].message == 'payload.x: a condition is true or false, and this is "yes"'
    assert result.exit.code is ExitCode.FAILED


def test_a_required_failure_skips_the_rest_but_for_always_nodes(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {BROKEN}}}
  - {{id: b, {COPY}}}
  - {{id: c, {COPY}, always: true}}
  - {{id: d, {COPY}}}
""")
    assert states(result) == {"a": "failed", "b": "skipped: a failed", "c": "succeeded", "d": "skipped: a failed"}
    assert result.status is RunStatus.FAILED
    assert result.exit.code is ExitCode.FAILED
    assert result.error.startswith("Node a failed: ")


def test_an_optional_failure_is_kept_and_the_run_goes_on(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {BROKEN}, required: false}}
  - {{id: b, {COPY}}}
""")
    assert states(result) == {"a": "failed", "b": "succeeded"}
    assert result.status is RunStatus.COMPLETED
    assert result.exit.code is ExitCode.OK


def test_after_a_failure_the_walk_goes_on_along_the_same_way(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {BROKEN}, next: [{{when: "a.status == 'failed'", to: c}}, {{to: b}}]}}
  - {{id: b, {COPY}, always: true, next: end}}
  - {{id: c, {COPY}, always: true}}
""")
    assert result.executed == ("a", "c")


def test_a_branch_that_cannot_be_evaluated_fails_its_node_and_the_last_way_is_taken(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, required: false, next: [{{when: "payload.missing == 1", to: b}}, {{to: c}}]}}
  - {{id: b, {COPY}, next: end}}
  - {{id: c, {COPY}, always: true}}
""")
    assert states(result)["a"] == "failed"
    assert result.executed == ("a", "c")
    assert result.exit.code is ExitCode.FAILED


@pytest.mark.parametrize(
    ("nodes", "states_of_a"),
    [
        (f"- {{id: a, {BROKEN}, next: [{{when: a.output.x == 1, to: b}}, {{to: c}}]}}", "failed"),
        (
            (
                f"- {{id: z, {BROKEN}, next: a}}\n"
                f"  - {{id: a, {COPY}, next: [{{when: a.output.x == 1, to: b}}, {{to: c}}]}}"
            ),
            "skipped: z failed",
        ),
    ],
    ids=["failed", "skipped"],
)
def test_after_a_failure_a_branch_that_cannot_be_evaluated_hides_no_reason(
    run: Run, nodes: str, states_of_a: str
) -> None:
    result = run(f"""
version: "1.0"
nodes:
  {nodes}
  - {{id: b, {COPY}, next: end}}
  - {{id: c, {COPY}, always: true}}
""")
    assert states(result) == {**states(result), "a": states_of_a, "c": "succeeded"}
    assert result.notes == (
        (
            'a: next cannot be evaluated, and the run goes on to c: a.output.x == 1: "a.output.x" is undefined'
            " — there is nothing in it"
        ),
    )
    assert result.exit.reason.startswith(f"Node {result.executed[0]} failed: the payload has no ")


def test_an_always_node_whose_when_cannot_be_evaluated_runs_and_says_so(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, always: true, when: "payload.missing == 1"}}
""")
    assert states(result) == {"a": "succeeded"}
    assert result.notes[0].startswith("a: its condition cannot be evaluated and counts as true: ")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("skip_if_errors: [a]", "skipped: a has errors"),
        ("skip_if_condition: a.has_errors", "skipped: skip_if_condition is true: a.has_errors (a.has_errors is true)"),
        ("skip_if_condition: 'not a.has_errors'", "succeeded"),
        ("skip_if_errors: []", "succeeded"),
    ],
    ids=["skip_if_errors", "skip_if_condition", "a false one", "none"],
)
def test_the_earlier_runners_conditions_skip(run: Run, condition: str, expected: str) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {BROKEN}, required: false}}
  - {{id: b, {COPY}, {condition}}}
""")
    assert states(result)["b"] == expected


def test_outputs_of_earlier_nodes_are_seen_by_later_ones(run: Run) -> None:
    result = run(
        """
version: "1.0"
nodes:
  - {id: a, type: transform, config: {extract: "servers[1].name"}}
  - {id: b, type: transform, config: {template: "{{ a.output.transformed }} of {{ nodes.a.status }}"}}
""",
        payload={"servers": [{"name": "one"}, {"name": "two"}]},
    )
    assert result.nodes[1].output["transformed"] == "two of succeeded"


def test_a_node_that_did_not_succeed_has_no_output_and_the_verdict_unknown(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {BROKEN}, required: false}}
  - id: b
    type: transform
    config: {{template: "{{{{ a.output }}}} {{{{ a.verdict }}}} {{{{ a.errors[0].code }}}}"}}
""")
    assert result.nodes[1].output["transformed"] == "{} unknown missing_path"


def test_the_verdict_of_a_run_is_that_of_its_worst_judging_node(run: Run) -> None:
    result = run(
        """
version: "1.0"
nodes:
  - {id: a, type: ingest}
  - {id: b, type: context, config: {checks: [{type: command, argv: ["true"]}]}}
""",
        payload={"name": "Disk", "status": "firing", "severity": "critical"},
    )
    assert (result.nodes[0].verdict, result.nodes[1].verdict) == (Verdict.CRITICAL, Verdict.OK)
    assert result.verdict is Verdict.CRITICAL
    assert result.exit.code is ExitCode.UNHEALTHY


def test_a_judging_node_that_failed_counts_as_unknown(run: Run) -> None:
    result = run(
        """
version: "1.0"
nodes:
  - {id: a, type: ingest, required: false}
""",
        payload={},
    )
    assert result.verdict is Verdict.UNKNOWN
    assert result.exit.code is ExitCode.UNHEALTHY


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [
        ("critical", "never", ExitCode.OK),
        ("critical", "critical", ExitCode.UNHEALTHY),
        ("warning", "critical", ExitCode.OK),
        ("warning", "warning", ExitCode.UNHEALTHY),
        ("info", "warning", ExitCode.OK),
    ],
)
def test_fail_on_decides_from_which_verdict_the_run_is_unhealthy(
    run: Run, severity: str, fail_on: str, code: ExitCode
) -> None:
    text = f'version: "1.0"\nfail_on: {fail_on}\nnodes: [{{id: a, type: ingest}}]'
    result = run(text, payload={"name": "Disk", "status": "firing", "severity": severity})
    assert result.exit.code is code


def test_every_node_is_in_the_result_in_the_order_of_the_definition(run: Run) -> None:
    result = run(f"""
version: "1.0"
nodes:
  - {{id: a, {COPY}, next: c}}
  - {{id: b, {COPY}, next: end}}
  - {{id: c, {COPY}, next: b}}
""")
    assert [node.node_id for node in result.nodes] == ["a", "b", "c"]
    assert result.executed == ("a", "c", "b")


def test_a_finding_points_at_the_line_of_its_check(run: Run) -> None:
    result = run("""version: "1.0"
nodes:
  - id: a
    type: context
    config:
      checks:
        - {type: command, name: fine, argv: ["true"]}
        - {type: command, name: wrong, argv: ["false"]}
""")
    (finding,) = result.findings
    assert (finding.file, finding.line, finding.check) == ("test.yaml", 8, "wrong")
    assert len(finding.fingerprint) == 64


def test_a_fingerprint_holds_no_text_and_no_numbers(run: Run) -> None:
    text = 'version: "1.0"\nnodes: [{{id: a, type: ingest}}]'.replace("{{", "{").replace("}}", "}")
    payload = {"name": "Disk", "status": "firing", "severity": "critical", "description": "96% full"}
    first = run(text, payload=payload).findings[0]
    second = run(text, payload={**payload, "description": "97% full", "severity": "warning"}).findings[0]
    assert first.fingerprint == second.fingerprint


class Buggy:
    """A configuration whose node has a bug."""

    def __init__(self, sound: Any) -> None:  # noqa: ANN401 - a Config
        self.document, self.path, self.label, self.cls = sound.document, sound.path, sound.label, sound.cls

    def node(self, _scope: object) -> Buggy:
        return self

    def run(self, _scope: object) -> None:
        raise ZeroDivisionError


def test_bugs_escape_and_what_was_known_by_then_is_kept() -> None:
    sound = definition_of(f'version: "1.0"\nnodes: [{{id: a, {COPY}}}, {{id: b, {COPY}}}, {{id: c, {COPY}}}]')
    first, second, third = sound.steps
    buggy = replace(second, config=cast("Config", Buggy(second.config)))
    broken = replace(sound, steps=(first, buggy, third))
    walk = Walk(broken, world_of(broken), Witness())
    with pytest.raises(ZeroDivisionError):
        walk.run()
    result = walk.result()
    assert states(result) == {
        "a": "succeeded",
        "b": "skipped: not reached: a bug in the runner ended the run",
        "c": "skipped: not reached: a bug in the runner ended the run",
    }
    assert result.exit.code is ExitCode.INTERNAL
