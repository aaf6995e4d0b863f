"""Everything that can go wrong, and the exit code that each kind has.

    RunnerError                70  never raised itself
    ├── Skipped                 0  a secret is missing, and then to skip the run was asked for; nothing ran
    ├── UsageError              2  wrong flags or inputs; nothing ran
    ├── DefinitionError         3  the definition is invalid (it carries the diagnostics); nothing ran
    ├── Unavailable             4  a definition, a secret, an input or a channel is not there; nothing ran
    ├── Transient              75  the database of the definitions is unreachable; nothing ran
    ├── NotWritten              1  a file that was asked for could not be written
    ├── ForbiddenEffect        70  a dry run reached for the world: a bug in the runner
    └── NodeError               1  a node failed; the engine turns it into a result
        ├── TimedOut               its time is up
        ├── Cancelled              the run was told to stop
        ├── InvalidConfig          its configuration turned out wrong once its values were known
        ├── Unreachable            no connection came about (transient)
        └── Refused                the runner itself will not do this (an address, a size, a right)

A message says where, what, and what to do. Third-party errors are translated where the library is called.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, Literal

from runner.records import record

DOCS_URL: Final = "https://org.github.io/pipeline-action"
"""Where the documentation is published."""


def explained_at(code: str) -> str:
    """Return where the code of a diagnostic is explained."""
    return f"{DOCS_URL}/reference/diagnostics/{code}.html"


class ExitCode(IntEnum):
    """What a process ends with; public and frozen."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    UNAVAILABLE = 4
    UNHEALTHY = 5
    TIMED_OUT = 7
    INCONCLUSIVE = 8
    UNDELIVERED = 9
    INTERNAL = 70
    TRANSIENT = 75
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def label(self) -> str:
        """The public name, like `timed-out`."""
        if self in {ExitCode.INTERRUPTED, ExitCode.TERMINATED}:
            return "cancelled"
        return self.name.lower().replace("_", "-")


@record
class Diagnostic:
    """One message about a definition."""

    code: str
    """Stable: `E…` for errors, `W…` for warnings."""
    severity: Literal["error", "warning"]
    file: str
    """As given, or the label of a definition that is no file (`builtin:web`)."""
    line: int
    """1-based; 0 where nobody wrote the text, as of JSON that a database keeps in a form of its own."""
    column: int
    """1-based, in characters."""
    path: str
    """`nodes[1].config.checks[0].url`; empty for the whole document."""
    sentence: str
    hint: str = ""

    @property
    def url(self) -> str:
        """Where its code is explained."""
        return explained_at(self.code)

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        where = f"{self.file}{place} {self.code}"
        what = f"{self.path}: {self.sentence}" if self.path else self.sentence
        return f"{where} {what} — {self.hint}" if self.hint else f"{where} {what}"


class RunnerError(Exception):
    """The root: an expected failure with a message for people and an exit code for machines."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Skipped(RunnerError):
    """A secret is missing, and then to skip the run was asked for."""

    exit_code = ExitCode.OK


class UsageError(RunnerError):
    """Wrong flags or inputs."""

    exit_code = ExitCode.USAGE


class DefinitionError(RunnerError):
    """The definition is invalid."""

    exit_code = ExitCode.INVALID

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


class Unavailable(RunnerError):
    """A definition, a secret, an input or a channel is not there."""

    exit_code = ExitCode.UNAVAILABLE


class Transient(RunnerError):
    """The database of the definitions is unreachable; another try may help."""

    exit_code = ExitCode.TRANSIENT


class NotWritten(RunnerError):
    """A file that was asked for could not be written."""

    exit_code = ExitCode.FAILED


class ForbiddenEffect(RunnerError):
    """A door was asked for an effect that this run must not have."""


class NodeError(RunnerError):
    """A node failed; `code` is stable, `retryable` says whether another try may help."""

    exit_code = ExitCode.FAILED
    code = "failed"
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        undelivered: bool = False,
        known: object = None,
    ) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.retryable = type(self).retryable if retryable is None else retryable
        self.retry_after = retry_after
        """Seconds that the other side asked us to wait."""
        self.undelivered = undelivered
        """There was something to say and it reached nobody."""
        self.known = known
        """The `Output` of what the node had found out by then; None where that is nothing."""
        self.instead: object = None
        """The `Output` that stands in for the node's own once no try is left: it succeeds with that; None for none."""


class TimedOut(NodeError):
    """The time is up."""

    code = "timed_out"
    retryable = True


class Cancelled(NodeError):
    """The run was told to stop."""

    code = "cancelled"


class InvalidConfig(NodeError):
    """The configuration turned out wrong once its values were known."""

    code = "invalid_config"

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(map(str, diagnostics)))
        self.diagnostics = diagnostics


class Unreachable(NodeError):
    """No connection came about, or it broke."""

    code = "unreachable"
    retryable = True


class Refused(NodeError):
    """The runner itself will not do this."""

    code = "refused"
