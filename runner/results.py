"""What a run leaves behind: frozen values that cross every line of the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from runner.errors import ExitCode


class _Nothing(Mapping[str, Any]):
    """An empty mapping that nobody can fill; unlike a view of an empty dict it may be a field's default."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - there is none
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0


NOTHING: Final[Mapping[str, Any]] = _Nothing()
"""An empty mapping."""


class Ordered(StrEnum):
    """Words in an order, the mildest first; a comparison with a word that is not theirs is an error."""

    @property
    def rank(self) -> int:
        """The place in the order, from 0."""
        return _ranks(type(self))[self]

    def _rank_of(self, other: object) -> int:
        rank = _ranks(type(self)).get(other) if isinstance(other, str) else None
        if rank is None:
            msg = f"{other!r} is no {type(self).__name__.lower()}: one of {', '.join(type(self))}"
            raise TypeError(msg)
        return rank

    def __lt__(self, other: object) -> bool:
        return self.rank < self._rank_of(other)

    def __le__(self, other: object) -> bool:
        return self.rank <= self._rank_of(other)

    def __gt__(self, other: object) -> bool:
        return self.rank > self._rank_of(other)

    def __ge__(self, other: object) -> bool:
        return self.rank >= self._rank_of(other)


@cache
def _ranks(words: type[Ordered]) -> Mapping[str, int]:
    return {word: rank for rank, word in enumerate(words)}


class Verdict(Ordered):
    """What was seen."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    CRITICAL = "critical"
    INCONCLUSIVE = "inconclusive"


class Severity(Ordered):
    """How bad an alert is, by its sender."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Status(StrEnum):
    """What became of a node."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"

    @property
    def broke(self) -> bool:
        """Started and did not succeed."""
        return self not in {Status.SUCCEEDED, Status.SKIPPED}


class RunStatus(StrEnum):
    """What became of a run."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


@record
class Problem:
    """One error of a node, as it stands in the result."""

    code: str
    message: str
    retryable: bool = False


@record
class Observation:
    """One thing a node saw that is not well; the engine makes a `Finding` of it."""

    check: str
    """The name of the check or the alert."""
    subject: str
    """What it is about, for people: a host, a URL, a path."""
    identity: tuple[str, ...]
    """What it is known by from run to run, as part of the fingerprint: nothing that changes."""
    verdict: Verdict
    message: str
    value: float | None = None
    unit: str = ""
    threshold: str = ""
    """What the value was held against, for people: `above 90%`."""
    path: tuple[str | int, ...] = ()
    """Where in the node's `config` it is defined."""


@record
class Finding:
    """One thing that is not well."""

    fingerprint: str
    """SHA-256 (hex) of definition, node, check or alert, and subject; never of text or numbers."""
    node: str
    check: str
    subject: str
    verdict: Verdict
    message: str
    value: float | None
    unit: str
    threshold: str
    first_seen: datetime
    file: str
    line: int


@record
class Open:
    """One thing that was wrong when a run ended."""

    fingerprint: str
    node: str
    check: str
    subject: str
    verdict: Verdict
    since: datetime
    """When it was seen first."""
    runs: int
    """How many runs have seen it, one after the other."""
    identity: str = ""
    """Of an alert: the key of its group, else its own fingerprint as its sender has it; empty for anything else."""
    watched: bool = True
    """Somebody still looks at it: where it is wrong no more, it was seen to be well."""


@record
class Past:
    """What earlier runs of the same definition in the same environment left behind."""

    previous_run_id: str = ""
    """The last one; empty where there was none."""
    open: Mapping[str, Open] = NOTHING
    """By fingerprint."""


@record
class Comparison:
    """What is wrong now, held against what was wrong when the last run ended."""

    previous_run_id: str
    """Empty for the first run."""
    new: tuple[str, ...] = ()
    """Fingerprints of what was not wrong before."""
    still: tuple[Open, ...] = ()
    """What was wrong already, this run counted."""
    fixed: tuple[Open, ...] = ()
    """What was wrong and was looked at again: it is well now."""
    gone: tuple[Open, ...] = ()
    """What was wrong and is looked at no longer: the definition or its inputs have changed."""

    def plain(self) -> Mapping[str, object]:
        """Return it as it stands in the result document."""
        return {
            "previous_run_id": self.previous_run_id or None,
            "new": list(self.new),
            "still": [{"fingerprint": one.fingerprint, "since": one.since, "runs": one.runs} for one in self.still],
            "fixed": [{name: getattr(one, name) for name in _OVER} for one in self.fixed],
            "gone": [{name: getattr(one, name) for name in _OVER} for one in self.gone],
        }


_OVER: Final = ("fingerprint", "node", "check", "subject", "verdict", "since", "runs")


@record
class Output:
    """What a node returns."""

    data: Mapping[str, object] = NOTHING
    """JSON values, enums of this module and datetimes."""
    verdict: Verdict | None = None
    """Only of nodes that judge."""
    observations: tuple[Observation, ...] = ()
    watched: tuple[tuple[str, ...], ...] = ()
    """All that was looked at, well or not, by its identity as `Observation` has it."""
    problems: tuple[Problem, ...] = ()
    """Errors that did not make the node fail (a provider that the local analysis stands in for)."""


@record
class NodeResult:
    """What became of one node."""

    node_id: str
    node_type: str
    status: Status
    verdict: Verdict | None = None
    output: Mapping[str, object] = NOTHING
    uncut: Mapping[str, object] = NOTHING
    """The output before it was cut to its limit; empty where it is whole."""
    findings: tuple[Finding, ...] = ()
    watched: frozenset[str] = frozenset()
    """Fingerprints of all that was looked at, well or not."""
    errors: tuple[Problem, ...] = ()
    attempts: int = 0
    started_at: datetime | None = None
    duration_ms: float = 0.0
    skip_reason: str = ""
    required: bool = True
    undelivered: bool = False
    """There was something to say and it reached nobody."""
    file: str = ""
    """The definition that it stands in, as `Finding` has it; empty where that is not known."""
    line: int = 0

    @property
    def skipped(self) -> bool:
        """Never started."""
        return self.status is Status.SKIPPED

    @property
    def known(self) -> Mapping[str, object]:
        """All that it found out: what is too much for the output must not be unknown to people."""
        return self.uncut or self.output


@record
class Exit:
    """How the process ends, and why."""

    code: ExitCode
    reason: str


@record
class RunFacts:
    """What is known of a run before its first node; `run` in expressions."""

    id: str
    trace_id: str
    definition: str
    definition_version: int
    definition_source: str
    """Where it was found: a path as given, `builtin:NAME`, `db:NAME`."""
    definition_sha256: str
    source: str
    environment: str
    started_at: datetime
    url: str = ""
    """The page of this run where a CI system has one."""


@record
class RunResult:
    """What became of a run; reports are functions of it."""

    facts: RunFacts
    status: RunStatus
    verdict: Verdict
    finished_at: datetime
    duration_ms: float
    nodes: tuple[NodeResult, ...]
    """One for every node of the definition, in its order."""
    executed: tuple[str, ...]
    """Ids of the nodes that were started, in the order they were."""
    exit: Exit
    error: str = ""
    incident_id: str | None = None
    notes: tuple[str, ...] = field(default=())
    """What people should know of the walk: `analyze: no branch of next fits, the run ends here`."""
    comparison: Comparison | None = None
    """None where nothing is remembered from run to run."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, the worst first."""
        found = [finding for node in self.nodes for finding in node.findings]
        return tuple(sorted(found, key=lambda finding: -finding.verdict.rank))
