"""What a definition is as it is written: the shapes that a file is read by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Final, Literal, TypeAlias

from runner.definition.inputs import Input  # noqa: TC001 - read by pydantic
from runner.definition.values import Backoff, Condition, Retries, VariableName, Version, read_variable
from runner.records import record
from runner.spec import Duration, Invalid, Pause, ReadBy, Seconds, described
from runner.spec.texts import NAME_SCHEMA
from runner.validators import read, read_each

FailOn: TypeAlias = Literal["warning", "unknown", "critical", "never"]
END: Final = "end"
"""What `next` names to end the run."""
DEFAULT_TIMEOUT: Final = 900.0
"""Seconds that a run may take."""


@record
class SecretNeed:
    """How much a secret is needed."""

    required: bool = True
    """A required one that is missing or empty ends the run before its first node (exit 4)."""


@record
class Defaults:
    """What holds for every node that does not say otherwise."""

    timeout: Duration | None = None
    """Of one attempt."""
    timeout_seconds: Seconds | None = None
    """The same as a bare number."""
    max_retries: Retries = 0
    """How often a failed attempt is made again."""

    def __post_init__(self) -> None:
        refuse_two_timeouts(self)


@record
class Branch:
    """One way to go on: to that node, where `when` is true."""

    to: str
    """The id of a node, or `end`."""
    when: Condition | None = None
    """The last branch may have none."""


@record
class RetryEntry:
    """When and how a failed attempt is made again; only transient errors are."""

    max_retries: Retries | None = None
    """As often as `defaults` says where it is not given."""
    delay: Pause = 1.0
    """Before the second attempt."""
    backoff: Backoff = 2.0
    """Each further pause is longer by this factor."""
    max_delay: Pause = 30.0
    """The longest pause."""
    jitter: bool = True
    """Take a random part of each pause, so that many runs do not come back together."""
    errors: tuple[str, ...] = ()
    """Codes of the errors that are tried again; all transient ones where none is named."""


@record
class Retry(RetryEntry):
    """The same with nothing left open."""

    max_retries: int = 0


def read_next(value: object) -> tuple[Branch, ...]:
    """Read where to go on: one id, or a list of branches."""
    if isinstance(value, str) and value:
        return (Branch(to=value),)
    if not isinstance(value, list) or not value:
        msg = f"expected an id or a list of branches, got {described(value)}"
        raise Invalid(msg, "write next: ID, or next: [{when: …, to: ID}, {to: ID}]", code="E202")
    branches = read_each(value, dict(enumerate(value)), _read_branch)
    for place, branch in enumerate(branches[:-1]):
        if branch.when is None:
            msg = "only the last branch may have no when: those after it are never taken"
            raise Invalid(msg, "add a when, or move it to the end", code="E208", at=(place,))
    return tuple(branches)


def _read_branch(item: object) -> Branch:
    if isinstance(item, dict):
        return read(Branch, item)
    msg = f"expected a branch, got {described(item)}"
    raise Invalid(msg, "write {when: …, to: ID}", code="E202")


def read_secret_needs(value: object) -> Mapping[str, SecretNeed]:
    """Read the secrets: a list of names, or an object of names."""
    if isinstance(value, list):
        return dict.fromkeys(read_each(value, dict(enumerate(value)), _read_secret_name), SecretNeed())
    if isinstance(value, dict):
        return dict(read_each(value, {name: (name, need) for name, need in value.items()}, _read_secret_need))
    got = "a text" if isinstance(value, str) else described(value)  # which may be a secret
    msg = f"expected a list of names, got {got}"
    raise Invalid(msg, "write secrets: [NAME], or secrets: {NAME: {required: false}}", code="E202")


def _read_secret_name(value: object) -> str:
    if isinstance(value, str) and ("=" in value or ":" in value):
        raise Invalid("a definition does not hold the values of its secrets", "name them: secrets: [API]", code="E202")
    return read_variable(value)


def _read_secret_need(item: tuple[str, object]) -> tuple[str, SecretNeed]:
    name, need = read_variable(item[0]), item[1]
    if need is not None and not isinstance(need, dict):
        # whatever stands there, it may be a secret
        hint = f"name it, secrets: [{name}], and set {name} in the environment"
        raise Invalid("a definition does not hold the values of its secrets", hint, code="E202")
    return name, read(SecretNeed, need or {})


Next: TypeAlias = Annotated[
    tuple[Branch, ...],
    ReadBy(
        read_next,
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "properties": {"to": {"type": "string"}, "when": {"type": ["string", "boolean"]}},
                        "required": ["to"],
                        "additionalProperties": False,
                    },
                },
            ]
        },
    ),
]
SecretNeeds: TypeAlias = Annotated[
    Mapping[str, SecretNeed],
    ReadBy(
        read_secret_needs,
        {
            "anyOf": [
                {"type": "array", "items": NAME_SCHEMA},
                {
                    "type": "object",
                    "propertyNames": NAME_SCHEMA,
                    "additionalProperties": {
                        "type": ["object", "null"],
                        "properties": {"required": {"type": "boolean"}},
                        "additionalProperties": False,
                    },
                },
            ]
        },
    ),
]


@record
class NodeEntry:
    """A node, as it is written."""

    id: str
    """Unique; names the node in expressions."""
    type: str
    """What the node does."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The type's own fields."""
    next: Next | None = None
    """Where to go on: an id, `end`, or a list of branches that are tried in order."""
    when: Condition | None = None
    """Where it is false the node is skipped."""
    required: bool = True
    """A required node that fails makes the run fail."""
    always: bool = False
    """Run even after a required node failed."""
    timeout: Duration | None = None
    """Of one attempt."""
    timeout_seconds: Seconds | None = None
    """The same as a bare number."""
    retry: RetryEntry | None = None
    """When and how a failed attempt is made again."""
    skip_if_errors: tuple[str, ...] = ()
    """Skip where any of these nodes has errors."""
    skip_if_condition: Condition | None = None
    """Skip where this is true."""

    def __post_init__(self) -> None:
        refuse_two_timeouts(self)


@record
class DefinitionEntry:
    """A definition, as it is written."""

    version: Version
    """Of the language."""
    nodes: tuple[Any, ...]
    """They run one after the other: in this order, or along their `next`."""
    name: str = ""
    """The file's stem where it is not given."""
    description: str = ""
    """What it is for, for people."""
    timeout: Duration | None = None
    """Of the whole run; 15m where it is not given."""
    fail_on: FailOn | None = None
    """The verdict from which the run exits 5."""
    inputs: Mapping[str, Input] = field(default_factory=dict)
    """Values that whoever starts the run may give, by name: `{{ inputs.NAME }}`."""
    secrets: SecretNeeds = field(default_factory=dict)
    """Names of secrets in the environment: `{{ secrets.NAME }}`; those of the drivers in use need no naming."""
    env: tuple[VariableName, ...] = ()
    """Environment variables that expressions may read."""
    allow_hosts: tuple[str, ...] = ()
    """Hosts that URLs out of a payload may name though their addresses are private."""
    defaults: Defaults = field(default_factory=Defaults)


ENTRIES: Final = (DefinitionEntry, NodeEntry, Branch, SecretNeed)
"""The classes that a file is read by."""


def refuse_two_timeouts(entry: NodeEntry | Defaults) -> None:
    """Refuse a timeout that is given twice."""
    if entry.timeout is not None and entry.timeout_seconds is not None:
        msg = "timeout and timeout_seconds say the same thing"
        raise Invalid(msg, "keep one of them", code="E208", at=("timeout_seconds",))
