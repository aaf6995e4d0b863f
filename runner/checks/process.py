"""Whether programs are running on this machine, and how many of each."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from runner.checks.base import Check, PlainText, Seen, known
from runner.checks.counting import Count, ProcessCount
from runner.checks.matching import found, refuse_bad_pattern
from runner.checks.running import Running, Survey, own_arguments, survey
from runner.records import record
from runner.results import Verdict
from runner.spec import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.deadline import Deadline
    from runner.scope import Scope

MOST_PIDS: Final = 20
"""Process numbers that the metrics list, the lowest first."""
LONGEST_LINE: Final = 1 << 16
"""Characters of a command line that a pattern is looked for in."""


@record
class Process(Check):
    """Judge whether programs are running; one that is not is `critical`.

    A zombie does not run, and neither the runner nor what it has started counts. In a container it sees the
    processes of that container only, unless it is started with the host's (`--pid=host`).
    """

    type: ClassVar[str] = "process"

    names: tuple[PlainText, ...] = ()
    """The programs; without any, all processes together are counted, which needs a `count`."""
    match: Literal["exact", "pattern"] = "exact"
    """`exact`: the name of the program (`nginx`) or its path. `pattern`: a regular expression that is found somewhere
    in the name or in the command line. Arguments that the runner itself was given, and those of whatever has started
    it, are not looked at."""
    count: ProcessCount = Count()
    """How many there must be of each: a number for at least as many (0 for none), or `{min: 1, max: 4}`."""

    def __post_init__(self) -> None:
        """Refuse names that match everything, patterns that do not compile, and a check that nothing could fail."""
        if not self.names and self.count == Count():
            hint = f"write names: [{self.name or 'nginx'}], or count: {{max: 500}} for all processes together"
            raise Invalid("neither names nor count says what is to be judged", hint)
        for place, name in enumerate(self.names):
            if known(name) and not name.strip():
                msg = "expected the name of a program, got an empty one"
                raise Invalid(msg, at=("names", place))
            if self.match == "pattern":
                refuse_bad_pattern(name, "names", place)

    def look(self, scope: Scope) -> Seen:
        """Look at all processes once."""
        seen = survey(scope.deadline)
        if not self.names:
            return self._judged(seen, [Group.of("", seen.found, seen)])
        search = Search.of(seen)
        find = search.pattern if self.match == "pattern" else search.exact
        return self._judged(seen, [find(name, scope.deadline) for name in self.names])

    @property
    def place(self) -> str:
        """The programs."""
        return ",".join(self.names)

    @property
    def about(self) -> str | None:
        """The programs."""
        return " ".join(self.names) if known(*self.names) else None

    @property
    def task(self) -> str:
        """What is looked for."""
        what = ", ".join(self.names) or "all of them"
        return f"look through the processes for {what} ({self.count})"

    def _judged(self, seen: Survey, groups: Sequence[Group]) -> Seen:
        verdicts = [self.count.verdict(len(group.live), group.possible) for group in groups]
        worst = max(verdicts)
        live = {one.pid: one for group in groups for one in group.live}
        zombies = {one.pid for group in groups for one in group.zombies}
        to_tell = [group for group, verdict in zip(groups, verdicts, strict=True) if verdict is worst]
        return Seen(
            message=_sentence(to_tell, worst, self.count),
            verdict=worst,
            value=len(live),
            metrics={
                **_metrics(live.values(), len(zombies)),
                "unreadable": seen.unread,
                "processes": {
                    name: _metrics(group.live, len(group.zombies))
                    for name, group in zip(self.names, groups, strict=False)
                },
            },
            also=_unseen(seen) if Verdict.UNKNOWN in verdicts else "",
            code=_code(worst, to_tell),
        )


@record
class Group:
    """The processes of one name."""

    name: str
    live: tuple[Running, ...]
    zombies: tuple[Running, ...]
    possible: float
    """How many more there may be, among those that could not be read."""

    @classmethod
    def of(cls, name: str, members: Iterable[Running], seen: Survey, unclear: int = 0) -> Group:
        """Sort the processes of a name; `unclear` are those that may be of it or not."""
        members = tuple(members)
        return cls(
            name=name,
            live=tuple(one for one in members if not one.zombie),
            zombies=tuple(one for one in members if one.zombie),
            possible=inf if seen.partial else seen.unread + unclear,
        )

    def __str__(self) -> str:
        dead = f" ({_counted(len(self.zombies), 'zombie')})" if self.zombies and not self.live else ""
        return f"{self.name or 'this machine'}{dead}"


@record
class Search:
    """A look for names among processes that does not find who looks."""

    seen: Survey
    others: tuple[Running, ...]
    """All but the runner and what it has started."""
    starters: frozenset[int]
    """Who has started the runner: a shell or a scheduler has the runner's command line in its own."""
    own: tuple[str, ...]
    """The runner's arguments, as `docker run` and the like have them at the end of their own."""

    @classmethod
    def of(cls, seen: Survey) -> Search:
        """Prepare it."""
        me = os.getpid()
        family = seen.descendants(me)
        argv = next((one.argv for one in seen.found if one.pid == me), None)
        return cls(
            seen=seen,
            others=tuple(one for one in seen.found if one.pid not in family),
            starters=seen.ancestors(me),
            own=own_arguments(argv or ()),
        )

    def exact(self, name: str, deadline: Deadline) -> Group:
        """Find the processes of a program by its name or its path."""
        deadline.check()
        return Group.of(name, (one for one in self.others if name in _called(one)), self.seen)

    def pattern(self, pattern: str, deadline: Deadline) -> Group:
        """Find the processes that a pattern matches."""
        members: list[Running] = []
        unclear = 0
        for one in self.others:
            if any(found(pattern, text, deadline) for text in (one.name, self._line(one)) if text):
                members.append(one)
            elif one.argv is None:
                unclear += 1
        return Group.of(f"“{pattern}”", members, self.seen, unclear)

    def _line(self, one: Running) -> str:
        """Return the command line without what the runner itself was told."""
        argv = one.argv or ()
        if one.pid in self.starters:
            argv = argv[:1]
        elif self.own and argv[-len(self.own) :] == self.own:
            argv = argv[: -len(self.own)]
        return " ".join(argv)[:LONGEST_LINE]


def _called(one: Running) -> set[str]:
    """Return the names of a program: some change the one that the kernel has, some the one they were started by."""
    program = one.argv[0] if one.argv else ""
    return {one.name, program, program.rpartition("/")[2]}


def _sentence(groups: Sequence[Group], verdict: Verdict, count: Count) -> str:
    """Say how it is, of groups that are judged alike."""
    if verdict is Verdict.OK:
        return "; ".join(_fine(groups))
    missing = [group for group in groups if verdict is Verdict.CRITICAL and group.name and not group.live]
    seen = " that can be seen" if verdict is Verdict.UNKNOWN else ""
    wrong = [
        f"{group} has {_counted(len(group.live), 'process', 'processes')}{seen}, expected {count}"
        for group in groups
        if group not in missing
    ]
    return "; ".join([*_are("not running", missing), *wrong])


def _code(verdict: Verdict, groups: Sequence[Group]) -> str:
    if verdict is Verdict.CRITICAL:
        return "count" if all(group.live for group in groups) else "not_running"
    return "unreadable" if verdict is Verdict.UNKNOWN else ""


def _fine(groups: Sequence[Group]) -> Iterable[str]:
    if not groups[0].name:
        yield f"{groups[0]} has {_counted(len(groups[0].live), 'process', 'processes')}"
        return
    live = [group for group in groups if group.live]
    several = len(live) == 1 and len(live[0].live) > 1
    yield from _are(f"running ({len(live[0].live)} processes)" if several else "running", live)
    yield from _are("not running", [group for group in groups if not group.live])


def _are(how: str, groups: Sequence[Group]) -> list[str]:
    names = ", ".join(map(str, groups))
    return [f"{names} {'is' if len(groups) == 1 else 'are'} {how}"] if groups else []


def _unseen(seen: Survey) -> str:
    """Say why there may be more than was seen."""
    unread = f"{_counted(seen.unread, 'process', 'processes')} cannot be read" if seen.unread else ""
    return ", ".join(filter(None, (unread, seen.partial))) or "some command lines cannot be read"


def _metrics(live: Iterable[Running], zombies: int) -> dict[str, object]:
    """Return how many there are, which, how much memory they take together, and since when the oldest runs."""
    live = sorted(live, key=lambda one: one.pid)
    oldest = min((one.started for one in live), default=None)
    return {
        "count": len(live),
        "zombies": zombies,
        "pids": [one.pid for one in live[:MOST_PIDS]],
        "rss_bytes": sum(one.rss for one in live),
        "oldest_started_at": oldest and datetime.fromtimestamp(oldest, UTC).isoformat(timespec="seconds"),
    }


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
