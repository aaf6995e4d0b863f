"""What a command says: by its exit code, or as a monitoring plugin."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from dataclasses import field
from pathlib import PurePath
from signal import Signals
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from annotated_types import MinLen

from runner.checks.base import Check, PlainText, Seen, known
from runner.checks.matching import excerpt
from runner.checks.perfdata import perfdata
from runner.errors import NodeError
from runner.records import record
from runner.results import Verdict
from runner.secrets import reveal
from runner.spec import Text  # noqa: TC001 - read by pydantic

if TYPE_CHECKING:
    from runner.doors.process import Finished
    from runner.scope import Scope

ENVIRONMENT: Final = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
}
"""What every command gets. The runner's own environment holds tokens and secrets, so nothing is taken from there."""
PLUGIN_VERDICTS: Final = {0: Verdict.OK, 1: Verdict.WARNING, 2: Verdict.CRITICAL, 3: Verdict.UNKNOWN}
REMEDIES: Final = {
    "not_found": "install it, or give its full path in argv",
    "no_folder": "create it, or correct cwd",
    "no_permission": "make it executable for the user that the runner runs as",
}
"""What to do where a command cannot be started, by the code of the error."""


@record
class Command(Check):
    """Run a command on this machine, without a shell, and judge by what it returns."""

    type: ClassVar[str] = "command"
    starts: ClassVar[bool] = True

    argv: Annotated[tuple[Text, ...], MinLen(1)]
    """The program and its arguments, one an item."""
    parse: Literal["exit", "nagios"] = "exit"
    """`exit`: 0 is ok, anything else critical. `nagios`: the verdict, message and performance data of a plugin."""
    env: Mapping[str, Text] = field(default_factory=dict)
    """Variables of its environment, beside a plain `PATH` and `LANG`; it gets no others."""
    cwd: PlainText | None = None
    """The folder that it is started in."""

    def look(self, scope: Scope) -> Seen:
        """Run it once."""
        argv = [reveal(word) for word in self.argv]
        env = ENVIRONMENT | {name: reveal(value) for name, value in self.env.items()}
        try:
            finished = scope.doors.processes.run(argv, scope.deadline, env=env, cwd=self.cwd)
        except NodeError as error:
            if error.code not in REMEDIES:
                raise
            msg = f"{error.message}: {REMEDIES[error.code]}"
            raise NodeError(msg, code=error.code) from error
        if finished.returncode < 0:
            return self._killed(finished)
        return self._plugin(finished) if self.parse == "nagios" else self._ended(finished)

    @property
    def place(self) -> str:
        """The program."""
        return self._program

    @property
    def about(self) -> str | None:
        """The program."""
        return self._program if known(self.argv[0]) else None

    @property
    def task(self) -> str:
        """What is run."""
        return f"run {' '.join(map(str, self.argv))}"

    def late(self, limit: str) -> str:
        """Name the program alone: what it is told may be long, or nobody's business."""
        return f"{self._program} did not end within {limit}"

    @property
    def _program(self) -> str:
        return PurePath(str(self.argv[0])).name

    def _killed(self, finished: Finished) -> Seen:
        signal = -finished.returncode
        name = Signals(signal).name if signal in set(Signals) else f"signal {signal}"
        message = f"{self._program} was killed by {name}"
        return Seen(message=message, verdict=Verdict.CRITICAL, metrics={"signal": name}, code="killed")

    def _ended(self, finished: Finished) -> Seen:
        metrics = {"exit_code": finished.returncode}
        if finished.returncode == 0:
            return Seen(message=f"{self._program} ended with 0", metrics=metrics)
        said = finished.stderr.text.strip() or finished.stdout.text.strip()
        last = said.splitlines()[-1] if said else ""
        message = f"{self._program} ended with {finished.returncode}, expected 0; it said {excerpt(last)}"
        return Seen(message=message, verdict=Verdict.CRITICAL, metrics=metrics, code="exit")

    def _plugin(self, finished: Finished) -> Seen:
        said = finished.stdout.text.strip() or finished.stderr.text.strip()
        first = said.partition("\n")[0].partition("|")[0].strip()
        verdict = PLUGIN_VERDICTS.get(finished.returncode, Verdict.UNKNOWN)
        ended = (
            "" if finished.returncode in PLUGIN_VERDICTS else f" (ended with {finished.returncode}, expected 0 to 3)"
        )
        return Seen(
            message=(first or f"{self._program} said nothing") + ended,
            verdict=verdict,
            metrics={"exit_code": finished.returncode, **perfdata(finished.stdout.text)},
            code="" if verdict is Verdict.OK else "exit",
        )
