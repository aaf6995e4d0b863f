from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ExitCode
from runner.reports.gfm import Listing, code, escape, fence, fold, listing
from runner.reports.markdown import MAX_GRAPH, MAX_SUMMARY, summary
from runner.reports.mermaid import graph
from runner.results import Exit, Problem, RunStatus, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.results import RunResult

HOSTILE = [
    "a | b | c",
    "`code` ``more`` ```",
    "<script>alert(1)</script><!-- x",
    "</details></summary>",
    "@org/team please look, mail me@example.com",
    "[click](https://evil.example/) ![img](https://evil.example/x.png)",
    "see https://evil.example/ and www.evil.example",
    "**bold** _it_ ~~gone~~ $x$ #1 &lt;",
    "# heading",
    "- item",
    "1. item",
    "---",
    "::error::x",
    "\\| already \\escaped\\",
    "two\n\n| lines | of |\n|---|---|\n",
    "```mermaid\ngraph\n```",
    "\x1b[31m\x00\u202e",
    "half \udc80",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a | b", r"a \| b"),
        ("`rm`", r"\`rm\`"),
        ("<b>", r"\<b\>"),
        ("two\n  lines", "two lines"),
        ("@team", "@&#8203;team"),
        ("https://x.example/", r"https\://x.example/"),
        ("www.x.example", r"www\.x.example"),
        ("::error::", r"\:\:error::"),
        ("&lt;", r"\&lt;"),
        ("- item", r"\- item"),
        ("12. item", r"12\. item"),
        ("1.5s", "1.5s"),
        ("\\", r"\\"),
        ("x" * 600, "x" * 499 + "…"),
    ],
)
def test_a_text_renders_as_itself(text: str, expected: str) -> None:
    assert escape(text) == expected


@given(st.text(alphabet=st.sampled_from("\\`*_{}[]<>#|~&$@:/w.-+1 \n") | st.characters(codec=None)))
def test_no_text_is_markup(text: str) -> None:
    line = escape(text)
    assert len(line.splitlines()) <= 1
    bare = re.sub(r"@&#8203;", "", re.sub(r"\\[!-/:-@\[-`{-~]", "", line))
    assert not re.search(r"[\\`*_{}\[\]<>#|~&$@]|://|www\.", bare)
    assert not re.match(r"[-+=]|\d{1,9}[.)](?:\s|$)|::", line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("probe.home", "`probe.home`"), ("a`b", r"a\`b"), ("a|b", r"a\|b"), ("", ""), ("me@x", "`me@x`")],
)
def test_a_code_span_holds_only_what_cannot_end_it(text: str, expected: str) -> None:
    assert code(text) == expected


def test_a_fence_is_longer_than_any_inside() -> None:
    assert fence("a ```` b", "json") == "`````json\na ```` b\n`````"


def test_the_title_of_a_fold_is_no_html() -> None:
    assert fold("<b> @team\nx", "body") == (
        "<details><summary>&lt;b&gt; @&#8203;team x</summary>\n\nbody\n\n</details>"
    )


def test_a_listing_counts_what_it_does_not_show() -> None:
    listing = Listing(title="Nodes", head=("A", "B"), rows=("| 1 | 2 |", "| 3 | 4 |", "| 5 | 6 |"), noun="node")
    table = "### Nodes\n\n| A | B |\n| --- | --- |\n| 1 | 2 |"
    assert listing.text(1) == f"{table}\n\n… and 2 more nodes."
    assert listing.text(2) == f"{table}\n| 3 | 4 |\n\n… and 1 more node."
    assert listing.text(3) == f"{table}\n| 3 | 4 |\n| 5 | 6 |"
    assert listing.text(0) == "### Nodes\n\n… and 3 more nodes."
    assert Listing(title="Nodes", rows=(), noun="node").text(9) == ""


def test_no_list_is_longer_than_anybody_reads() -> None:
    long = listing(range(5000), str, noun="number")
    assert long.total == 5000
    assert long.text(sys.maxsize) == "\n".join(map(str, range(2000))) + "\n\n… and 3,000 more numbers."


# --- the graph -------------------------------------------------------------------------------------


def test_the_graph_follows_the_walk_and_leaves_the_way_not_taken_aside(
    make_run: Callable[..., Any], make_node: Callable[..., Any]
) -> None:
    run = make_run(
        make_node("a", verdict=Verdict.WARNING),
        make_node("b", status=Status.SKIPPED, skip_reason="not reached: no way led here"),
        make_node("c", status=Status.SKIPPED, skip_reason="when false is false"),
        make_node("d", status=Status.TIMED_OUT),
        make_node("e", "notify"),
        executed=("a", "e", "d"),
    )
    assert graph(run).splitlines() == [
        "flowchart LR",
        '  n0["a<br>context: warning"]:::warn',
        '  n1["b<br>context: skipped"]:::skipped',
        '  n2["c<br>context: skipped"]:::skipped',
        '  n3["d<br>context: timed out"]:::broken',
        '  n4["e<br>notify: succeeded"]:::good',
        "  n0 --> n2 --> n4 --> n3",
        "  classDef good fill:#1a7f37,color:#fff,stroke:#1a7f37",
        "  classDef warn fill:#bf8700,color:#fff,stroke:#bf8700",
        "  classDef broken fill:#fff,color:#cf222e,stroke:#cf222e,stroke-width:3px",
        "  classDef skipped fill:#eaeef2,color:#57606a,stroke:#8c959f,stroke-dasharray:4",
    ]


def test_the_boxes_of_a_graph_hold_no_markup(make_run: Callable[..., Any], make_node: Callable[..., Any]) -> None:
    box = graph(make_run(make_node('x"]:::bad\nclick x "javascript:1"', '<img src="x">'))).splitlines()[1]
    assert box == '  n0["x_____bad_click_x__javascript_1_<br>_img_src__x__: succeeded"]:::good'


@pytest.mark.parametrize(("count", "drawn"), [(MAX_GRAPH, True), (MAX_GRAPH + 1, False)])
def test_a_large_run_has_no_graph(
    make_run: Callable[..., Any], make_node: Callable[..., Any], count: int, drawn: bool
) -> None:
    text = summary(make_run(*[make_node(f"n{number}") for number in range(count)]))
    assert ("```mermaid" in text) is drawn
    assert ("_No graph: 51 nodes, at most 50 are drawn._" in text) is not drawn


# --- hostile text ----------------------------------------------------------------------------------


def hostile_run(
    text: str, make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> RunResult:
    check = {"verdict": "ok", "message": text, "subject": text, "unit": text, "value": 1.5}
    found = make_finding(check=text, subject=text, message=text, unit=text, threshold=text, file=text)
    advice = {"priority": text, "title": text, "description": text, "actions": [text], "evidence": [text]}
    outputs: list[dict[str, Any]] = [
        {"checks_run": 1, "results": {text: check}},
        {"alerts": [dict.fromkeys(("name", "status", "severity", "description", "started_at"), text)]},
        {"summary": text, "probable_cause": text, "provider": text, "recommendations": [advice]},
        {"deliveries": [dict.fromkeys(("driver", "channel", "status", "message_id", "error"), text)]},
        {"transformed": {text: text}},
    ]
    problem = Problem(code=text, message=text * 200)
    nodes = [make_node(f"n{place}", text, output=output) for place, output in enumerate(outputs)]
    result: RunResult = make_run(
        *nodes,
        make_node("broken", status=Status.FAILED, errors=(problem,), findings=(found,)),
        make_node("skipped", status=Status.SKIPPED, skip_reason=text),
        status=RunStatus.FAILED,
        error=text,
        exit=Exit(code=ExitCode.FAILED, reason=text),
        incident_id=text,
        notes=(text,),
        facts=replace(make_run().facts, url=f"https://git.example/{text})"),
    )
    return result


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_hostile_text_changes_nothing_of_the_page(
    text: str, make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> None:
    shown = summary(hostile_run(text, make_run, make_node, make_finding))
    tame = summary(hostile_run("tame", make_run, make_node, make_finding))
    assert skeleton(shown) == skeleton(tame)
    outside = re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`|<(/?details|/?summary|/?sub|br)>", "", shown)
    assert not re.search(r"(?<!\\)<|@(?!&#8203;)|(?<!\\)://|\x1b|\u202e", outside)


def skeleton(text: str) -> list[str]:
    """Return what the blocks of a page are, whatever stands in them."""
    kinds = []
    for line in text.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", re.sub(r"\\\\", "", line)))
        kind = re.match(r"#+ |```|<details>|</details>| *- |\| |_", line)
        kinds.append(f"{kind.group() if kind else ''}{cells if line.startswith('|') else ''}")
    return kinds


# --- the limit -------------------------------------------------------------------------------------


@pytest.fixture
def large(make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]) -> RunResult:
    """Return a run with something of everything, in letters of several bytes."""
    results = {f"c{n}": {"verdict": "ok", "message": f"Größe {n} 🔥", "subject": "ü"} for n in range(200)}
    found = tuple(make_finding(message=f"Größe {n} 🔥 zu groß", subject="") for n in range(300))
    alerts = [{"name": "日本", "status": "firing", "description": "🔥" * 100}] * 5
    result: RunResult = make_run(
        make_node("probe", verdict=Verdict.CRITICAL, findings=found, output={"checks_run": 200, "results": results}),
        make_node("ingest", output={"alerts": alerts}),
        make_node("tell", output={"deliveries": [{"driver": "slack", "status": "sent"}] * 60}),
    )
    return result


def steps(result: RunResult) -> list[str]:
    """Return every version of a summary, the whole one first, by taking one byte less than it needs each time."""
    versions = [summary(result)]
    while versions[-1]:
        versions.append(summary(result, limit=len(versions[-1].encode()) - 1))
    return versions


def test_details_go_first_then_passed_checks_then_findings_then_everything_else(large: RunResult) -> None:
    whole, no_details, no_passed, *fewer, title, nothing = steps(large)
    assert "<summary>ingest: 5 alerts</summary>" in whole
    assert "Left out" not in whole

    assert "<summary>ingest: 5 alerts</summary>" not in no_details
    assert "<summary>200 checks ok</summary>" in no_details
    assert no_details.endswith("bytes: the details of the nodes. The result document has them._\n")

    assert "\n200 checks ok.\n" in no_passed
    assert "the details of the nodes, the list of passed checks. The result" in no_passed
    assert "Größe 299" in no_passed

    assert "… and 100 more findings.\n" in fewer[0]
    assert "the list of passed checks, findings after the worst 200. The result" in fewer[0]
    assert "Größe 199" in fewer[0]
    assert "Größe 200" not in fewer[0]

    assert "… and 300 more findings.\n" in fewer[-2]
    assert "… and 60 more messages.\n" in fewer[-2]
    assert "```mermaid" not in fewer[-2]
    assert fewer[-1] == (
        "## 🔴 web-health: critical\n\n**critical: disk: Größe 0 🔥 zu groß, above 95% (and 299 more)**\n"
    )
    assert title == "## 🔴 web-health: critical\n"
    assert nothing == ""


def test_the_limit_is_met_at_the_exact_byte(large: RunResult) -> None:
    for version in steps(large)[:-1]:
        size = len(version.encode())
        assert len(version) < size
        assert len(summary(large, limit=size).encode()) <= size
        assert len(summary(large, limit=size - 1).encode()) < size
    whole = summary(large)
    size = len(whole.encode())
    assert summary(large, limit=size + 1) == whole
    assert summary(large, limit=size) == whole
    assert summary(large, limit=size - 1) != whole


def test_nothing_is_cut_in_its_middle(large: RunResult) -> None:
    for version in steps(large)[:-1]:
        assert version.endswith("\n")
        assert version.count("```") % 2 == 0
        assert version.count("<details>") == version.count("</details>")
        assert "\ufffd" not in version
        tables = [line for line in version.splitlines() if line.startswith("|")]
        assert all(line.endswith("|") for line in tables)


def test_a_storm_of_findings_fits(
    make_run: Callable[..., Any], make_node: Callable[..., Any], make_finding: Callable[..., Any]
) -> None:
    found = tuple(make_finding(message="🔥" * 400, subject=f"host{n}") for n in range(20_000))
    text = summary(make_run(make_node("probe", verdict=Verdict.CRITICAL, findings=found)))
    assert len(text.encode()) <= MAX_SUMMARY
    assert "… and 19,500 more findings." in text


def test_a_thousand_nodes_fit(make_run: Callable[..., Any], make_node: Callable[..., Any]) -> None:
    problem = Problem(code="x", message="🔥" * 1000)
    nodes = [make_node(f"node_{n}", status=Status.FAILED, errors=(problem,)) for n in range(1000)]
    text = summary(make_run(*nodes, status=RunStatus.FAILED, error="🔥" * 1000))
    assert len(text.encode()) <= MAX_SUMMARY
    assert "node_999" in text
