"""What is remembered of runs, by the command line as a real process: comparison, history, diff and prune."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.shops import Watched, named

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended
    from tests.databases import Store

EMBEDDED = ".pipeline/state.sqlite3"


@pytest.fixture
def shop(cli: Callable[..., Ended], tmp_path: Path) -> Watched:
    """A definition that remembers in the embedded file."""
    return Watched(cli, tmp_path)


def test_each_run_is_compared_with_the_last_and_kept_whole(
    cli: Callable[..., Ended], store: Store, tmp_path: Path
) -> None:
    shop = Watched(cli, tmp_path, store.text)
    first = shop.run(a="critical", b="warning", c="ok")
    assert first["comparison"]["previous_run_id"] is None
    assert named(first) == {"new": ["a", "b"], "still": [], "fixed": []}
    said = json.loads(shop.ask("history", "show", "last", "--json").out)["node_results"]["tell"]["output"]["message"]
    assert said["title"].endswith("a: a is critical (+1 more)")
    assert "First seen in this run." in said["text"]
    second = shop.run(a="warning", b="ok", c="unknown")
    assert second["comparison"]["previous_run_id"] == first["run_id"]
    assert named(second) == {"new": ["c"], "still": ["a"], "fixed": ["b"]}
    third = shop.run(a="warning", c="ok")
    assert named(third) == {"new": [], "still": ["a"], "fixed": ["c"]}
    (still,) = third["comparison"]["still"]
    assert (still["runs"], still["since"]) == (3, first["started_at"])
    assert [one["first_seen"] for one in third["findings"]] == [first["started_at"]]
    (fixed,) = third["comparison"]["fixed"]
    assert {key: fixed[key] for key in ("node", "check", "verdict", "runs", "since")} == {
        "node": "probe",
        "check": "c",
        "verdict": "unknown",
        "runs": 1,
        "since": second["started_at"],
    }
    listed = json.loads(shop.ask("history", "--json").out)
    assert [row["run_id"] for row in listed] == [one["run_id"] for one in (third, second, first)]
    sha256 = hashlib.sha256((tmp_path / "d.json").read_bytes()).hexdigest()
    assert (listed[0]["definition_sha256"], listed[0]["verdict"], listed[0]["exit_code"]) == (sha256, "warning", 0)
    assert json.loads(shop.ask("history", "show", "last", "--json").out) == third


def test_environments_are_compared_apart(shop: Watched) -> None:
    shop.run(a="critical")
    there = shop.run("--environment", "production", a="critical")
    assert (there["comparison"]["previous_run_id"], named(there, "new")) == (None, {"new": ["a"]})
    assert named(shop.run(a="critical"), "still") == {"still": ["a"]}


def test_what_changed_is_told_in_every_report(shop: Watched) -> None:
    shop.run(a="critical", b="warning", d="critical")
    shop.write(a="critical", b="ok", c="warning")
    ended = shop.cli("--config", "d.json", "--summary", "s.md")
    when = r"since \d{4}-\d\d-\d\d \d\d:\d\d UTC"
    assert re.search(
        r"Since the last run: 1 new, 1 still wrong, 1 fixed, 1 no longer watched\n"
        rf"  Fixed: b of \S+, warning {when}, in 1 run\n  No longer watched: d of \S+, critical {when}, in 1 run\n",
        ended.out,
    )
    assert re.search(
        rf"Since the last run:\n- New: c\n- Still: a, {when}, in 2 runs\n- Fixed: b of \S+, warning {when}, in 1 run\n"
        rf"- No longer watched: d of \S+, critical {when}, in 1 run\n",
        ended.err,
    )
    summary = (shop.folder / "s.md").read_text()
    assert "Since the last run: **1 new, 1 still wrong, 1 fixed, 1 no longer watched**" in summary
    assert re.search(rf"### Fixed since the last run\n\n- b of \S+, warning {when}, in 1 run\n", summary)
    assert re.search(rf"### No longer watched since the last run\n\n- d of \S+, critical {when}, in 1 run\n", summary)
    assert re.search(r"\| `probe.a`<br>`d.json:1` \| [-\d]+ [\d:]+ UTC \(2 runs\) \|", summary)


def test_runs_are_a_table(shop: Watched) -> None:
    first, second = shop.run(a="ok"), shop.run("--environment", "production", a="critical")
    ended = shop.ask("history")
    lines = ended.out.splitlines()
    assert re.sub(" {2,}", "  ", lines[0]) == (
        "RUN  STARTED  DEFINITION  ENVIRONMENT  STATUS  VERDICT  EXIT  FINDINGS  TIME"
    )
    for line, document, words in (
        (lines[1], second, "shop  production  completed  critical  5  1"),
        (lines[2], first, "shop  development  completed  ok  0  0"),
    ):
        started = document["started_at"][:16].replace("T", " ")
        said = re.sub(" {2,}", "  ", line)
        assert said.startswith(f"{document['run_id'][:8]}  {started}  {words}  ")
        assert re.search(r"  [\d.]+m?s$", said)
    assert re.fullmatch(rf"2 runs in the SQLite file {EMBEDDED}, [\d.]+ KiB; [\d.]+ KiB a run\n", ended.err)


def test_filters_choose_runs(shop: Watched) -> None:
    good = shop.run(a="ok")["run_id"]
    bad = shop.run("--environment", "production", a="critical")["run_id"]
    shop.name = "other"
    other = shop.run(a="warning")["run_id"]

    def chosen(*flags: str) -> list[str]:
        return [row["run_id"] for row in json.loads(shop.ask("history", "--json", *flags).out)]

    assert chosen() == [other, bad, good]
    assert chosen("--definition", "shop") == [bad, good]
    assert chosen("--environment", "production") == [bad]
    assert chosen("--verdict", "critical", "--verdict", "warning") == [other, bad]
    assert chosen("--since", "1h") == [other, bad, good]
    assert chosen("--since", "2100-01-01") == []
    assert chosen("--since", "2026-01-01T00:00Z", "--limit", "1") == [other]
    nothing = shop.ask("history", "--definition", "none")
    assert nothing.out == "no runs\n"
    assert shop.ask("history", "--definition", "none", "--json").out == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("history", "show"), 2, "history show takes one run — write: history show last"),
        (("history", "shaw"), 2, 'unknown word "shaw" — write: history, or history show RUN'),
        (
            ("history", "--verdict", "bad"),
            2,
            'no verdict is "bad" — known: ok, warning, unknown, critical, inconclusive',
        ),
        (
            ("history", "--limit", "0"),
            2,
            'argument --limit: "0" is no number from 1 to 1,000 — pipeline-runner history --help shows them all',
        ),
        (
            ("history", "show", "zz"),
            4,
            f"there is no run zz in the SQLite file {EMBEDDED} — see: pipeline-runner history",
        ),
        (
            ("prune",),
            2,
            "the following arguments are required: --keep — pipeline-runner prune --help shows them all",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(arguments: tuple[str, ...], code: int, said: str, shop: Watched) -> None:
    shop.run(a="ok")
    ended = shop.ask(*arguments)
    assert (ended.code, ended.err) == (code, f"error: {said}\n")


def test_a_run_is_shown_by_its_id_the_beginning_of_it_and_by_what_became_of_it(shop: Watched) -> None:
    failed, fine = shop.run(a="critical"), shop.run(a="ok")
    for wanted, document in (
        (failed["run_id"], failed),
        (failed["run_id"][:13], failed),
        ("last", fine),
        ("last-failed", failed),
    ):
        ended = shop.ask("history", "show", wanted, "--json")
        assert (ended.code, json.loads(ended.out)) == (0, document)
    shown = shop.ask("history", "show", "last-failed").out
    assert shown.splitlines()[:5] == [
        "=" * 60,
        "PIPELINE RESULT",
        "Status: completed",
        "Verdict: critical",
        "Definition: shop",
    ]
    several = shop.ask("history", "show", "")
    assert (several.code, several.err) == (
        4,
        f"error: there is no run  in the SQLite file {EMBEDDED} — see: pipeline-runner history\n",
    )


def test_two_runs_are_compared(shop: Watched) -> None:
    first, second = shop.run(a="warning", b="warning"), shop.run(a="critical", c="ok")
    ended = shop.ask("diff", first["run_id"], "last")
    lines = ended.out.splitlines()
    assert lines[0].startswith(f"- {first['run_id']} shop (development), ")
    assert lines[1].startswith(f"+ {second['run_id']} shop (development), ")
    assert lines[2] == "the definition is not the same"
    assert [line.partition(",")[0] for line in lines[3:]] == [
        "still: critical (was warning) a is critical",
        "gone: warning b is warning",
    ]
    document = json.loads(shop.ask("diff", first["run_id"], "last", "--json").out)
    checks = {kind: [one["check"] for one in document[kind]] for kind in ("new", "still", "gone")}
    assert checks == {"new": [], "still": ["a"], "gone": ["b"]}
    assert [(one["was"], one["verdict"]) for one in document["still"]] == [("warning", "critical")]
    same = shop.ask("diff", "last", "last")
    assert same.out.splitlines()[2:] == ["still: critical a is critical, on " + second["findings"][0]["subject"]]


def test_old_runs_are_removed(shop: Watched) -> None:
    shop.run(a="critical")
    kept = shop.ask("prune", "--keep", "90d")
    assert kept.out == f"removed 0 runs older than 90d from the SQLite file {EMBEDDED}, 1 left\n"
    gone = json.loads(shop.ask("prune", "--keep", "1ms", "--json").out)
    assert (gone["removed"], gone["left"], gone["left_bytes"]) == (1, 0, 0)
    assert gone["removed_bytes"] > 500
    assert json.loads(shop.ask("history", "--json").out) == []
    assert named(shop.run(a="critical"), "still") == {"still": ["a"]}  # what is still wrong stays known


def test_there_is_no_history_before_the_first_run(shop: Watched) -> None:
    ended = shop.ask("history")
    said = f"there is no history yet: {EMBEDDED} begins with the first run in this folder"
    assert (ended.code, ended.err) == (4, f"error: {said}\n")
    assert not (shop.folder / ".pipeline").exists()


def test_credentials_are_no_part_of_history(shop: Watched, receiver: Receiver) -> None:
    shop.tell = {"driver": "generic", "endpoint": f"{receiver.url}/echo/s3cret-path"}
    shop.run(a="critical")
    shown = shop.ask("history", "show", "last", "--json").out
    assert "\\u00abendpoint\\u00bb" in shown
    data = b"".join(path.read_bytes() for path in (shop.folder / ".pipeline").glob("state*"))
    assert b"is critical" in data
    assert b"s3cret-path" not in data
