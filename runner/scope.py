"""What a node may see: the event, earlier nodes, the doors, the time it has."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import field, replace
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from runner.records import record
from runner.results import NOTHING, Status, Verdict
from runner.secrets import is_foreign, reveal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from runner.deadline import Deadline
    from runner.doors import Doors
    from runner.results import NodeResult, Output, Past, RunFacts
    from runner.secrets import Masker, Sealed, Secret
    from runner.standing import Changes, Standing


class Log(Protocol):
    """Where a node says what people following the run should read; the text is masked and fenced there."""

    def info(self, text: str) -> None:
        """Say what is happening."""

    def warning(self, text: str) -> None:
        """Say what deserves a look."""


@record
class StoredChannel:
    """A channel that people keep in the database."""

    name: str
    driver: str
    options: Mapping[str, object]
    """As a definition would have them beside `driver`."""
    earlier: bool = False
    """It was made for the earlier Django app, whose forms took keys that nothing read."""


@record
class Directory:
    """The channels of a database."""

    channels: Mapping[str, StoredChannel] = NOTHING
    """The active ones, by name."""
    asked: bool = True
    """They are all there are; False where the database was not asked, in a dry run."""


@record
class Overrides:
    """What flags of the command line change in every node they concern."""

    hostname: str = ""
    """Names this machine in findings, in place of its own host name."""
    labels: Mapping[str, str] = NOTHING
    """Added to every alert and to the message."""
    format: str = ""
    """The alert format, in place of detection."""
    incidents: bool = True
    """Give alerts an incident."""


class Claim(Protocol):
    """What one message is about to say, kept from being said twice."""

    @property
    def changes(self) -> Changes:
        """What it is."""

    def confirm(self) -> None:
        """Note that it has been said."""

    def release(self) -> None:
        """Give it back: it reached nobody, and whoever comes next may say it."""


class Memory(Protocol):
    """What is remembered from run to run, of one definition in one environment."""

    @property
    def past(self) -> Past:
        """What was wrong when the last run ended."""

    def claim(self, node: str, standing: Standing, deadline: Deadline) -> Claim:
        """Return what a notify node has not said yet, claimed until its deadline against runs that overlap.

        Raises `Transient` and `Unavailable`, and `TimedOut` and `Cancelled` where the deadline is over.
        """


@record
class Surroundings:
    """What is the same for every node of a run."""

    run: RunFacts
    doors: Doors
    log: Log
    masker: Masker
    payload: object = NOTHING
    inputs: Mapping[str, object] = NOTHING
    secrets: Mapping[str, Secret] = NOTHING
    """The declared secrets that are set."""
    env: Mapping[str, str] = NOTHING
    """The environment variables that the definition lists."""
    variables: Mapping[str, Secret] = NOTHING
    """Values of the variables that channels and providers of this definition need, by name."""
    allow_hosts: frozenset[str] = frozenset()
    """Hosts that a payload may name though their addresses are private."""
    directory: Directory | None = None
    """The channels of the database; None where there is none, or where no node wants any."""
    memory: Memory | None = None
    """None where nothing is remembered from run to run."""
    overrides: Overrides = field(default_factory=Overrides)
    in_ci: bool = False
    """The machine is a hosted one that has nothing to do with what is watched."""
    busy: Callable[[str], AbstractContextManager[object]] = nullcontext
    """Told, by a name, what a node does for as long as a block runs: one check of many, say. From any thread."""


@record
class Scope(Surroundings):
    """What a node may see. Frozen; the engine makes a new one for each attempt."""

    deadline: Deadline
    node: str = ""
    """The id of the node that runs."""
    nodes: Mapping[str, NodeResult] = NOTHING
    """Results of earlier nodes, in the order of the walk."""
    incident: Mapping[str, object] = NOTHING
    failure: str = ""
    """Why the run has failed so far: `probe failed: …`; empty while it is well."""
    changes: Changes | None = None
    """What a notify node is about to say, where it says changes alone."""

    @property
    def stored(self) -> Mapping[str, StoredChannel]:
        """The active channels of the database, by name."""
        return self.directory.channels if self.directory else NOTHING

    def within(self, deadline: Deadline) -> Scope:
        """Return the same scope with less time."""
        return replace(self, deadline=deadline)

    def trusts(self, place: str | Secret | Sealed) -> bool:
        """Say whether a URL or host was named by people, or may be named by a payload.

        One that is not trusted leads to no private address.
        """
        return not is_foreign(place) or host_of(reveal(place)) in self.allow_hosts

    def names(self, wanted: Iterable[str]) -> dict[str, object]:
        """Return what expressions may read, of the root names that are wanted."""
        return {name: self._value(name) for name in wanted if name in SCOPE_WORDS or name in self.nodes}

    def _value(self, name: str) -> object:
        if name == "nodes":
            return {node: view(result) for node, result in self.nodes.items()}
        if name == "run":
            return run_view(self.run)
        if name == "incident":
            return self.incident or dict.fromkeys(INCIDENT_WORDS)
        return getattr(self, name) if name in SCOPE_WORDS else view(self.nodes[name])


def host_of(place: str) -> str:
    """Return the host of a URL, or of what begins with a host: `shop.example:443 as www.shop.example`."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - only where a payload names a place

    place = place.partition(" ")[0]
    try:
        return (urlsplit(place if "://" in place else f"//{place}").hostname or "").lower()
    except ValueError:
        return ""


SCOPE_WORDS: Final = ("payload", "inputs", "secrets", "env", "run", "incident", "nodes")
"""The root names of expressions that are no node."""

RUN_WORDS: Final = ("id", "trace_id", "definition", "source", "environment", "started_at", "url")
INCIDENT_WORDS: Final = ("id", "fingerprint", "status", "severity")
"""All are none where there is no incident."""
NODE_WORDS: Final = ("output", "status", "verdict", "findings", "errors", "has_errors")


def run_view(facts: RunFacts) -> Mapping[str, object]:
    """Return a run as expressions see it."""
    return {word: getattr(facts, word) for word in RUN_WORDS}


def view(result: NodeResult) -> Mapping[str, object]:
    """Return a node's result as expressions see it; one that did not succeed has no output and verdict `unknown`."""
    succeeded = result.status is Status.SUCCEEDED
    return {
        "output": result.output if succeeded else NOTHING,
        "status": result.status,
        "verdict": (result.verdict or Verdict.OK) if succeeded else Verdict.UNKNOWN,
        "findings": [
            {"check": found.check, "subject": found.subject, "verdict": found.verdict, "message": found.message}
            for found in result.findings
        ],
        "errors": [{"code": error.code, "message": error.message} for error in result.errors],
        "has_errors": bool(result.errors),
    }


def incident_view(output: Mapping[str, object]) -> Mapping[str, object]:
    """Return `incident` of expressions from the output of a node that knows it; nothing from any other."""
    if "incident_id" not in output:
        return NOTHING
    values = (output["incident_id"], *map(output.get, ("alert_fingerprint", "status", "severity")))
    return dict(zip(INCIDENT_WORDS, values, strict=True))


@record
class Variable:
    """An environment variable that an option falls back to."""

    name: str
    required: bool
    """Without it (and without the option) nothing can be sent: exit 4 before the first node."""
    needed_for: str
    """For the message: `the slack channel of node tell`."""


class Node(Protocol):
    """A node in a definition: its fields are its configuration.

    A class may have a class method `parse(value)` that reads its configuration in place of `validators.read`,
    `reads()` for the ids of nodes that its configuration names, `paths()` for what it reads of them (a place in the
    configuration and an expression's path, each), `meanings()` for what its own names stand for (such a path, each),
    `default_names()` for the names that its checks have by default, `programs()` for the places in its configuration
    of what starts programs, `secrets()` for the credentials in its
    configuration, `asks_database(variables)` for whether it wants channels of the database, and `missing(variables,
    stored)` for what keeps it from being sent, a sentence each.
    """

    type: ClassVar[str]
    timeout: ClassVar[float]
    """Seconds of one attempt where the definition does not say."""
    judges: ClassVar[bool]
    """Its verdict counts for the run."""
    tells: ClassVar[bool]
    """It tells people."""
    pure: ClassVar[bool]
    """It reaches for nothing outside: a dry run may run it."""
    own_names: ClassVar[frozenset[str]]
    """Names that its `template`, `message`, `title` and `payload_template` may read beside the scope's."""

    def run(self, scope: Scope) -> Output:
        """Do it; raise `NodeError` where it fails."""

    def plan(self, scope: Scope) -> Iterable[str]:
        """Say, a line each, what `run` would do; for dry runs. Opens nothing, starts nothing."""

    def needs(self) -> Iterable[Variable]:
        """Name the variables that are read where an option is not given."""
