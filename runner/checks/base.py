"""What every check shares: its name, its time, its tries, its thresholds and what it returns."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias

from annotated_types import Interval

from runner.records import record
from runner.results import NOTHING, Verdict
from runner.spec import (
    Duration,
    DurationAbove,
    Invalid,
    Name,
    Pause,
    PercentAbove,
    ReadBy,
    Template,
    Threshold,
    block,
    described,
    duration_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.scope import Scope
    from runner.secrets import Secret

LONGEST_NAME: Final = 64
"""Characters of a name that is made of type and subject."""
BUSY: Final = Threshold(above=70.0)
EXHAUSTED: Final = Threshold(above=90.0)


def read_items(value: object) -> object:
    """Read what an entry is repeated for; a template is let through as the template it is."""
    if isinstance(value, Template) or (isinstance(value, list) and value):
        return value
    if value == []:
        raise Invalid("an empty list says nothing", "name at least one")
    msg = f"expected a list, got {described(value)}"
    raise Invalid(msg, 'write [a, b], or "{{ inputs.NAME }}" for an input of type list', code="E202")


Items: TypeAlias = Annotated[Any, ReadBy(read_items, {"type": "array", "minItems": 1})]
PlainText: TypeAlias = Annotated[str, ReadBy(block, {"type": "string"})]
"""A text that holds no secret. Unlike `str` it lets a template through as the template it is."""


def known(*values: object) -> bool:
    """Say whether none of the values is a template that is still to be rendered."""
    return not any(isinstance(value, Template) for value in values)


def written(value: float, unit: str) -> str:
    """Write a value for people: `96.4%`, `830ms`."""
    return duration_text(value) if unit == "s" else f"{value:g}{unit}"


def machine(scope: Scope) -> str:
    """Return what this machine is called in results."""
    return scope.overrides.hostname or os.uname().nodename


def _on(machine: str, place: str) -> str:
    return ":".join(filter(None, (machine, place)))


@record
class Confirm:
    """How often something that is not well is looked at before it counts."""

    tries: Annotated[int, Interval(ge=1, le=10)] = 2
    """How many have to show it."""
    pause: Pause = 3.0
    """Between two tries."""


@record
class Seen:
    """What one look has shown."""

    message: str
    """What was seen, as a sentence that a threshold can be added to: `disk / is 96% full`."""
    verdict: Verdict = Verdict.OK
    """What it means apart from the thresholds, which can only make it worse."""
    value: float | None = None
    """What the thresholds judge; None where nothing could be measured."""
    unit: str = ""
    """`%`, or `s` for seconds."""
    metrics: Mapping[str, object] = NOTHING
    also: str = ""
    """What else there is to say, after the threshold."""
    code: str = ""
    """Why it is not well, as a stable word; empty where a threshold says so."""


@record
class Check(ABC):
    """Something that can be looked at again and again."""

    type: ClassVar[str]
    remote: ClassVar[bool] = False
    """It looks at something beyond this machine, so one failure may be the network's."""
    unit: ClassVar[str] = ""
    """What its thresholds are in: `%`, or `s` for seconds."""
    starts: ClassVar[bool] = False
    """It starts a program."""

    name: Name = ""
    """What the check is called in results and expressions; made of type and subject where it is not given."""
    timeout: Duration = 10.0
    """Of one try."""
    confirm: Confirm | None = None
    """Look again before a warning or worse counts; remote checks do unless told otherwise."""
    for_each: Items | None = None
    """Make one check of each item of a list; the other keys read the item as `{{ item }}`."""

    @abstractmethod
    def look(self, scope: Scope) -> Seen:
        """Look once.

        Raises `TimedOut` and `Unreachable` where what is watched did not answer, and another `NodeError` or an
        `OSError` where nothing could be told.
        """

    @property
    @abstractmethod
    def place(self) -> str:
        """What is looked at, without the machine that it is on; never a number that changes."""

    @property
    def local(self) -> bool:
        """It looks at the machine that this runs on."""
        return not self.remote

    def subject(self, scope: Scope) -> str:
        """Name what is looked at, with the machine for something local."""
        return _on(machine(scope), self.place) if self.local else self.place

    def identity(self, scope: Scope) -> str:
        """Name what is looked at for fingerprints: with the machine only where somebody has named it.

        A container, a pod and a hosted runner have another name in every run.
        """
        return _on(scope.overrides.hostname, self.place) if self.local else self.place

    @property
    @abstractmethod
    def about(self) -> str | None:
        """The part of the default name that says what is looked at; None while a template hides it."""

    @property
    @abstractmethod
    def task(self) -> str:
        """What is done, for dry runs: `GET https://shop.example/`."""

    def late(self, limit: str) -> str:
        """Say that it was not done within its limit, `10s`."""
        return f"{self.task} timed out after {limit}"

    def write(self, value: float) -> str:
        """Write a value that its thresholds are held against."""
        return written(value, self.unit)

    def secrets(self) -> tuple[Secret, ...]:
        """Return the credentials in its configuration, whether they were declared as secrets or not."""
        return ()

    @property
    def given_name(self) -> str:
        """What the definition calls it; empty where its name is made of type and subject."""
        return self.name

    @property
    def confirmation(self) -> Confirm:
        """How often it is looked at before a warning or worse counts."""
        return self.confirm or Confirm(tries=2 if self.remote else 1)

    @property
    def levels(self) -> tuple[tuple[Verdict, Threshold], ...]:
        """The thresholds, the worst first."""
        return ()

    @property
    def default_name(self) -> str | None:
        """The name of type and subject (`http_shop_example`); None while a template hides the subject."""
        if self.about is None:
            return None
        words = re.findall(r"[A-Za-z0-9]+", self.about)
        return "_".join([self.type, *words])[:LONGEST_NAME].rstrip("_").lower()


@record
class Measured(Check):
    """A check of something that is measured and held against thresholds."""

    warning: Threshold | None = None
    critical: Threshold | None = None

    def __post_init__(self) -> None:
        """Refuse a warning that is given only after something is critical."""
        if not known(self.warning, self.critical) or self._ordered or self.warning == self._default("warning"):
            return
        mild, bad = (one.text(self.write) for one in (self.warning, self.critical) if one)
        msg = f"a warning {mild} never comes before critical {bad}"
        hint = "give critical, too" if self.critical == self._default("critical") else "swap them"
        raise Invalid(msg, hint, code="E207", at=("warning",))

    @property
    def levels(self) -> tuple[tuple[Verdict, Threshold], ...]:
        """The thresholds, the worst first; a default warning that comes too late to be seen is none."""
        warning = self.warning if not known(self.warning, self.critical) or self._ordered else None
        both = ((Verdict.CRITICAL, self.critical), (Verdict.WARNING, warning))
        return tuple((verdict, threshold) for verdict, threshold in both if threshold is not None)

    @property
    def _ordered(self) -> bool:
        return self.warning is None or self.critical is None or self.warning.milder_than(self.critical)

    def _default(self, key: str) -> object:
        return next(one.default for one in fields(self) if one.name == key)


@record
class Usage(Measured):
    """A check of how much of something is used, in per cent."""

    unit: ClassVar[str] = "%"

    warning: PercentAbove | None = BUSY
    """From where on the verdict is `warning`; null for never."""
    critical: PercentAbove | None = EXHAUSTED
    """From where on the verdict is `critical`; null for never."""


@record
class Answered(Measured):
    """A check of something beyond this machine that answers, and of the time it takes."""

    remote: ClassVar[bool] = True
    unit: ClassVar[str] = "s"

    warning: DurationAbove | None = None
    """From which time on the verdict is `warning`; below `timeout`."""
    critical: DurationAbove | None = None
    """From which time on the verdict is `critical`; not above `timeout`."""

    def __post_init__(self) -> None:
        """Refuse a threshold that no answer reaches: what takes longer than a try has not answered at all."""
        Measured.__post_init__(self)
        for key, given in (("warning", self.warning), ("critical", self.critical)):
            if given is None or not known(given, self.timeout) or given.highest is None:
                continue
            if given.highest > self.timeout or (key == "warning" and given.highest == self.timeout):
                limit = duration_text(self.timeout)
                msg = f"nothing is {key} {given.text(duration_text)} where a try ends after {limit}"
                raise Invalid(
                    msg,
                    f"give a timeout above {duration_text(given.highest)}, or a lower limit",
                    code="E207",
                    at=(key,),
                )
