"""What a provider is, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from runner.records import record
from runner.results import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.facts import Facts, Recommendation
    from runner.scope import Scope, Variable
    from runner.secrets import Secret


@record
class Answer:
    """What a provider says about the facts."""

    summary: str
    """One or two sentences."""
    probable_cause: str = ""
    """Empty where nothing points at one."""
    recommendations: tuple[Recommendation, ...] = ()
    """The most urgent first."""
    model: str = ""
    """The model that answered, where there is one."""
    usage: Mapping[str, object] = NOTHING
    """What the answer took, as the back end counts it: `{input_tokens: 812, output_tokens: 240}`."""


class Provider(Protocol):
    """An analysis back end: its fields are its configuration."""

    type: ClassVar[str]

    def analyse(self, facts: Facts, scope: Scope) -> Answer:
        """Say what the facts mean and what to do; raise `NodeError` where no answer comes about."""

    def describe(self, scope: Scope) -> str:
        """Say, for dry runs, what an analysis would take: `rules, no network`."""

    def needs(self) -> Iterable[Variable]:
        """Name the variables that are read where an option is not given."""

    def secrets(self) -> Iterable[Secret]:
        """Return the credentials among its options, whether they were declared as secrets or not."""
