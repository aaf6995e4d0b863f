"""What people are told: each change once, whatever becomes of messages and runs, in every kind of database."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.deadline import Deadline
from runner.results import Status, Verdict
from runner.spec.databases import DatabaseUrl
from tests.databases import store_at
from tests.store.past import Runs, alerted, checked, named, short
from tests.support import FACTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.results import NodeResult, Open
    from runner.standing import Changes, Standing
    from tests.databases import Store


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """In a file: what is said is decided outside the database."""
    url = DatabaseUrl(kind="sqlite", database=str(tmp_path / "state.sqlite3"))
    return Runs(store_at(url).upgrade().database)


def test_what_a_run_says_is_noted_in_every_kind_of_database(store: Store) -> None:
    runs = Runs(store.database)
    assert short(runs.tell(alerted({"disk": "firing"}), checked({"home": "warning"}))) == {"new": ["disk", "home"]}
    runs.claim(runs.begin(), checked({"home": "critical"}), seconds=1.0)  # and is killed
    ended = alerted({"disk": "resolved"}), checked({"home": "critical"})
    assert short(runs.tell(*ended, delivered=False)) == {"worse": ["home"], "over": ["disk"]}
    silent = alerted({"load": "firing"}), checked({"home": "critical"})
    assert short(runs.tell(*silent)) == {"new": ["load"], "worse": ["home"], "over": ["disk"]}
    assert short(runs.tell(*silent)) == {}
    assert short(runs.tell(checked({"home": "ok"}))) == {"over": ["home"]}


def test_what_became_bad_got_worse_and_is_over_is_said_and_nothing_else(runs: Runs) -> None:
    course = ["ok", "warning", "warning", "critical", "warning", "ok", "ok", "critical"]
    said = [short(runs.tell(checked({"home": verdict}))) for verdict in course]
    assert said == [{}, {"new": ["home"]}, {}, {"worse": ["home"]}, {}, {"over": ["home"]}, {}, {"new": ["home"]}]


def test_each_thing_is_told_by_itself(runs: Runs) -> None:
    assert short(runs.tell(checked({"a": "critical", "b": "warning", "c": "ok"}))) == {"new": ["a", "b"]}
    both = runs.tell(checked({"a": "ok", "b": "critical", "c": "unknown"}))
    assert short(both) == {"new": ["c"], "worse": ["b"], "over": ["a"]}
    (over,) = both.over
    assert (over.node, over.check, over.subject, over.verdict) == ("probe", "a", "the host of a", Verdict.CRITICAL)


def test_what_people_know_of_is_named_with_when_they_were_told(runs: Runs) -> None:
    runs.tell(checked({"home": "critical"}))
    told_at = runs.clock.moment
    changes = runs.tell(checked({"home": "critical"}))
    assert not changes
    assert [(one.check, one.verdict, one.since) for one in changes.said] == [("home", Verdict.CRITICAL, told_at)]


@pytest.mark.parametrize("status", [Status.SKIPPED, Status.FAILED, Status.TIMED_OUT, Status.CANCELLED])
def test_what_nobody_looked_at_is_not_over(status: Status, runs: Runs) -> None:
    runs.tell(checked({"home": "critical"}))
    assert "over" not in short(runs.tell(checked({"home": "ok"}, status=status)))
    assert "home" in named(runs.tell(checked({"home": "ok"})).over)


def test_a_node_that_fails_is_told_and_so_is_that_it_works_again(runs: Runs) -> None:
    assert short(runs.tell(checked({}, status=Status.FAILED))) == {"new": ["probe"]}
    assert short(runs.tell(checked({}, status=Status.SKIPPED))) == {}
    assert short(runs.tell(checked({"home": "ok"}))) == {"over": ["probe"]}


def test_an_ingest_node_that_fails_is_over_when_it_reads_a_payload_again(runs: Runs) -> None:
    failed = checked({}, node="ingest", status=Status.FAILED)
    assert short(runs.tell(failed)) == {"new": ["ingest"]}
    assert short(runs.tell(alerted({"disk": "firing"}))) == {"new": ["disk"], "over": ["ingest"]}


def test_a_run_that_fails_without_a_node_to_blame_is_told_and_over(runs: Runs) -> None:
    memory = runs.begin()
    told = runs.claim(memory, checked({}), failure="the run's time is up")
    told.confirm()
    assert short(told.changes) == {"new": ["run"]}
    assert short(runs.tell(checked({"home": "ok"}))) == {"over": ["run"]}


def test_an_alert_is_over_when_its_sender_says_so_and_not_when_it_is_absent(runs: Runs) -> None:
    assert short(runs.tell(alerted({"disk": "firing"}))) == {"new": ["disk"]}
    assert short(runs.tell(alerted({"load": "firing"}))) == {"new": ["load"]}
    assert short(runs.tell(alerted({"disk": "resolved"}))) == {"over": ["disk"]}
    assert short(runs.tell(alerted({"disk": "resolved"}))) == {}
    assert short(runs.tell(alerted({"disk": "acknowledged"}))) == {}
    assert short(runs.tell(alerted({"disk": "firing"}))) == {"new": ["disk"]}


def test_an_alert_that_only_informs_is_told_once_too(runs: Runs) -> None:
    said = [short(runs.tell(alerted({"deploy": "firing"}, severity="info"))) for _ in range(2)]
    assert said == [{"new": ["deploy"]}, {}]


def test_an_alert_that_was_over_before_anybody_heard_of_it_is_told_once(runs: Runs) -> None:
    assert [short(runs.tell(alerted({"disk": "resolved"}))) for _ in range(2)] == [{"over": ["disk"]}, {}]


def test_a_message_that_reached_nobody_is_said_by_the_next_run(runs: Runs) -> None:
    said = [short(runs.tell(checked({"home": "critical"}), delivered=False)) for _ in range(2)]
    said.append(short(runs.tell(checked({"home": "critical"}))))
    said.append(short(runs.tell(checked({"home": "critical"}))))
    assert said == [{"new": ["home"]}] * 3 + [{}]


def test_the_end_of_an_alert_that_reached_nobody_is_said_though_its_sender_is_silent(runs: Runs) -> None:
    runs.tell(alerted({"disk": "firing"}))
    assert short(runs.tell(alerted({"disk": "resolved"}), delivered=False)) == {"over": ["disk"]}
    assert short(runs.tell(alerted({"load": "firing"}), delivered=False)) == {"new": ["load"], "over": ["disk"]}
    assert short(runs.tell(alerted({"load": "firing"}))) == {"new": ["load"], "over": ["disk"]}
    assert short(runs.tell(alerted({"load": "firing"}))) == {}


def test_what_is_wrong_again_before_its_end_was_said_is_not_over(runs: Runs) -> None:
    runs.tell(alerted({"disk": "firing"}))
    runs.tell(alerted({"disk": "resolved"}), delivered=False)
    assert short(runs.tell(alerted({"disk": "firing"}))) == {}
    assert short(runs.tell(alerted({"load": "firing"}))) == {"new": ["load"]}
    assert short(runs.tell(alerted({"disk": "resolved"}))) == {"over": ["disk"]}


def test_the_key_that_ties_messages_of_an_alert_together_is_remembered(runs: Runs) -> None:
    runs.tell(alerted({"disk": "firing", "load": "firing"}, group="shop"))
    runs.tell(alerted({"disk": "resolved"}, group="shop"), delivered=False)
    changes = runs.tell(alerted({"mail": "firing"}))
    assert [(one.check, one.identity) for one in changes.over] == [("disk", "shop")]
    assert changes.open == {"shop"}  # load is in the same group, and goes on


def test_a_run_that_was_killed_has_said_nothing_once_its_claim_has_ended(runs: Runs) -> None:
    killed = runs.begin()
    assert short(runs.claim(killed, checked({"home": "critical"}), seconds=60.0).changes) == {"new": ["home"]}
    changes = runs.tell(checked({"home": "critical"}))
    assert (short(changes), changes.elsewhere) == ({}, killed.series.run_id)
    runs.clock.go(seconds=6)
    assert short(runs.tell(checked({"home": "critical"}))) == {"new": ["home"]}


def test_what_a_killed_run_may_have_said_is_over_for_those_who_heard_it(runs: Runs) -> None:
    runs.claim(runs.begin(), checked({"home": "critical"}), seconds=1.0)
    assert short(runs.tell(checked({"home": "ok"}))) == {"over": ["home"]}
    assert short(runs.tell(checked({"home": "ok"}))) == {}


def test_what_a_killed_run_may_have_said_is_not_forgotten_with_a_message_that_reached_nobody(runs: Runs) -> None:
    runs.claim(runs.begin(), checked({"home": "warning"}), seconds=1.0)
    assert short(runs.tell(checked({"home": "warning"}), delivered=False)) == {"new": ["home"]}
    assert short(runs.tell(checked({"home": "ok"}))) == {"over": ["home"]}
    assert short(runs.tell(checked({"home": "ok"}))) == {}


def test_that_a_killed_run_may_have_said_the_end_is_not_forgotten_either(runs: Runs) -> None:
    runs.tell(checked({"home": "critical"}))
    runs.claim(runs.begin(), checked({"home": "ok"}), seconds=1.0)
    assert short(runs.tell(checked({"home": "ok"}), delivered=False)) == {"over": ["home"]}
    assert short(runs.tell(checked({"home": "critical"}))) == {"new": ["home"]}


def test_nor_is_it_when_the_run_that_would_say_it_anew_is_killed_as_well(runs: Runs) -> None:
    runs.tell(checked({"home": "critical"}))
    for verdict in ("ok", "critical"):
        runs.claim(runs.begin(), checked({"home": verdict}), seconds=1.0)
        runs.clock.go(seconds=60)
    assert short(runs.tell(checked({"home": "critical"}))) == {"new": ["home"]}


def test_what_is_wrong_again_after_a_killed_run_may_have_said_that_it_is_over_is_new(runs: Runs) -> None:
    runs.tell(checked({"home": "critical"}))
    runs.claim(runs.begin(), checked({"home": "ok"}), seconds=1.0)
    assert short(runs.tell(checked({"home": "critical"}))) == {"new": ["home"]}


def test_one_attempt_after_the_other_of_the_same_run_may_say_it(runs: Runs) -> None:
    memory = runs.begin()
    first = runs.claim(memory, checked({"home": "critical"}))
    again = runs.claim(memory, checked({"home": "critical"}))
    assert short(first.changes) == short(again.changes) == {"new": ["home"]}
    again.confirm()
    assert short(runs.tell(checked({"home": "critical"}))) == {}


@pytest.mark.parametrize("delivered", [True, False])
def test_a_run_that_saw_something_else_waits_for_the_one_that_is_saying_it(delivered: bool, runs: Runs) -> None:
    slow, quick = runs.begin(), runs.begin()
    saying = runs.claim(slow, checked({"home": "warning"}))

    def end() -> None:
        time.sleep(0.5)
        if delivered:
            saying.confirm()
        else:
            saying.release()

    ending = threading.Thread(target=end)
    ending.start()
    told = runs.claim(quick, checked({"home": "critical"}), seconds=10.0)
    ending.join()
    assert short(told.changes) == ({"worse": ["home"]} if delivered else {"new": ["home"]})
    told.confirm()
    assert short(runs.tell(checked({"home": "ok"}))) == {"over": ["home"]}


def test_a_run_does_not_wait_for_another_for_long(runs: Runs) -> None:
    slow, quick = runs.begin(), runs.begin()
    saying = runs.claim(slow, checked({"home": "critical"}), seconds=60.0)
    began = time.monotonic()
    told = runs.claim(quick, checked({"home": "ok"}), seconds=2.0)
    assert time.monotonic() - began < 1.5
    assert (short(told.changes), told.changes.elsewhere) == ({}, slow.series.run_id)
    saying.confirm()
    assert short(runs.tell(checked({"home": "ok"}))) == {"over": ["home"]}


def test_environments_definitions_and_nodes_are_told_apart(runs: Runs) -> None:
    here = runs
    assert short(here.tell(checked({"home": "critical"}))) == {"new": ["home"]}
    for facts in (replace(FACTS, environment="other"), replace(FACTS, definition="other")):
        assert short(Runs(here.database, facts=facts).tell(checked({"home": "critical"}))) == {"new": ["home"]}
    other = here.begin().claim("page", here.standing(checked({"home": "critical"})), Deadline(3))
    assert short(other.changes) == {"new": ["home"]}


VERDICTS = st.sampled_from(["ok", "warning", "unknown", "critical"])
LOOKS = st.one_of(
    st.fixed_dictionaries({"a": VERDICTS, "b": VERDICTS}), st.sampled_from([Status.SKIPPED, Status.FAILED])
)
ALERTS = st.fixed_dictionaries(dict.fromkeys(("x", "y"), st.sampled_from(["firing", "resolved", "absent"])))
FATES = st.sampled_from(["sent", "sent", "lost", "killed", "killed after"])


class People:
    """What they have heard, and what they must not hear."""

    def __init__(self) -> None:
        self.heard: dict[str, Open] = {}
        """The last that they were told of each thing."""
        self.uncertain: set[str] = set()
        """What a run that was killed was about to say: it may be said again."""
        self.ended: set[str] = set()
        """Alerts that they take for firing, and whose sender has said once that they are over."""

    def told(self, key: str) -> Verdict:
        return self.heard[key].verdict if key in self.heard else Verdict.OK

    def hear(self, changes: Changes) -> None:
        for one in changes.new:
            assert one.fingerprint in self.uncertain or self.told(one.fingerprint) == Verdict.OK
        for one in changes.worse:
            assert one.fingerprint in self.uncertain or one.verdict > self.told(one.fingerprint) > Verdict.OK
        for one in changes.over:
            first = bool(one.identity) and one.fingerprint not in self.heard
            assert one.fingerprint in self.uncertain or first or self.told(one.fingerprint) > Verdict.OK
        over = (replace(one, verdict=Verdict.OK) for one in changes.over)
        self.heard |= {one.fingerprint: one for one in (*changes.new, *changes.worse, *over)}

    def behind(self, standing: Standing) -> set[str]:
        """What they should have heard by now."""
        worse = {key for key, one in standing.wrong.items() if self.told(key) < one.verdict}
        bad = {key: one for key, one in self.heard.items() if one.verdict > Verdict.OK}
        over = {key for key, one in bad.items() if standing.over(one)}
        return worse | over | (self.ended & bad.keys() - standing.wrong.keys())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(LOOKS, ALERTS, FATES), min_size=1, max_size=12))
def test_every_change_is_heard_once_and_every_end_of_what_was_heard(course: list[tuple[Any, Any, str]]) -> None:
    with TemporaryDirectory() as folder:
        url = DatabaseUrl(kind="sqlite", database=str(Path(folder) / "state.sqlite3"))
        runs, people = Runs(store_at(url).upgrade().database), People()
        for looks, alerts, fate in course:
            seen = checked(looks) if isinstance(looks, dict) else checked({}, status=looks)
            _live_through(runs, people, [seen, alerted(alerts)], fate)


def _live_through(runs: Runs, people: People, nodes: Sequence[NodeResult], fate: str) -> None:
    """Let a run happen, and its message come to this: sent or not, and the run killed before or after that."""
    memory, standing = runs.begin(), runs.standing(*nodes)
    told = runs.claim(memory, *nodes)
    changes = told.changes
    claimed = {one.fingerprint for one in (*changes.new, *changes.worse, *changes.over)}
    people.ended = (people.ended | standing.resolved.keys()) - standing.wrong.keys()
    if fate in {"sent", "killed after"}:
        people.hear(changes)
        assert people.behind(standing) == set()
    if fate == "sent":
        told.confirm()
        people.uncertain -= claimed
    elif fate == "lost":
        told.release()
    else:
        people.uncertain |= claimed
    if not fate.startswith("killed"):
        runs.keep(memory, *nodes)
