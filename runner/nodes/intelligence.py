"""Turns what is known into words: a summary, a probable cause, and what to do."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, TypeAlias

from runner.errors import Cancelled, NodeError
from runner.facts import gather
from runner.providers import PROVIDERS, Provider
from runner.providers.local import Local
from runner.records import record
from runner.results import Output, Problem, Severity, Verdict
from runner.spec import Invalid, ReadBy, described, did_you_mean
from runner.spec.mending import as_object
from runner.threads import concurrently
from runner.validators import invalid, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from runner.facts import Facts
    from runner.providers import Answer
    from runner.scope import Directory, Scope, Variable
    from runner.secrets import Secret

SHARE: Final = 0.9
"""The part of the node's time that a provider gets; the rest is for what stands in for it."""
GRACE: Final = 0.1
"""Seconds that a provider has to say by itself that its time is up: it knows who was silent."""
OWN: Final = ("provider", "fallback", "provider_config")
"""Keys of the node; all others are the provider's."""
_BY_VERDICT: Final = {Verdict.OK: Severity.INFO, Verdict.CRITICAL: Severity.CRITICAL}


def read_provider(value: object) -> Provider:
    """Read a provider: an object with a `provider`, or its name."""
    return PROVIDERS.read(value)


AnyProvider: TypeAlias = Annotated[
    Provider,
    ReadBy(read_provider, {"type": "string", "enum": list(PROVIDERS)}),
]


@record
class Intelligence:
    """Analyse what is known: alerts, check results, and nodes that failed.

    Facts decide the severity; a provider only adds words. The provider's own options stand beside `provider`.
    """

    type: ClassVar[str] = "intelligence"
    timeout: ClassVar[float] = 30.0
    judges: ClassVar[bool] = False
    tells: ClassVar[bool] = False
    pure: ClassVar[bool] = False
    own_names: ClassVar[frozenset[str]] = frozenset()

    provider: AnyProvider
    """The analysis back end."""
    fallback: Literal["local", "none"] = "local"
    """What stands in where the provider fails or takes too long, and `retry` has no try left; with `none` it fails."""

    @classmethod
    def parse(cls, tree: Mapping[str, Any]) -> Intelligence:
        """Read the node with its provider's options, which stand beside `provider` or in `provider_config`.

        Raises `pydantic_core.ValidationError` with all problems, each at the key where it stands.
        """
        from runner.lean_pydantic import ValidationError  # noqa: PLC0415 - loaded with the first definition

        inner = tree.get("provider_config", {})
        if not isinstance(inner, dict):
            msg = f"expected an object, got {described(inner)}"
            raise invalid(tree, Invalid(msg, as_object(inner), code="E202", at=("provider_config",)))
        outer = {key: value for key, value in tree.items() if key not in OWN}
        own = {key: tree[key] for key in ("fallback",) if key in tree}
        named = {key: tree[key] for key in ("provider",) if key in tree}
        twice = [_twice(key) for key in inner if key in outer or key in named]
        if "provider" in inner and "provider" not in tree:
            hint = "move it up, beside provider_config"
            raise invalid(
                tree, Invalid('unknown key "provider"', hint, code="E203", at=("provider_config", "provider"))
            )
        try:
            node = read(cls, {"provider": {**inner, **outer, **named}, **own})
        except ValidationError as error:
            lines = error.errors(include_url=False)
            raise invalid(tree, *twice, *(_moved(line, tree) for line in lines)) from None
        if twice:
            raise invalid(tree, *twice)
        return node

    def run(self, scope: Scope) -> Output:
        """Analyse; raise `NodeError` where the provider fails, with the local analysis where that is to stand in."""
        facts = gather(scope)
        if isinstance(self.provider, Local):
            return _output(self.provider.analyse(facts, scope), facts, "local")
        share = scope.deadline.left * SHARE
        deadline = scope.deadline.within(round(share, 1) or share)  # people read it: 900ms, not 899ms
        ask = partial(self.provider.analyse, facts, scope.within(deadline))
        try:
            answer = concurrently([ask], deadline, limit=1, grace=GRACE)[0]
        except Cancelled:
            raise
        except NodeError as error:
            if self.fallback == "local":
                msg = f"{self.provider.type} gave no analysis ({error.message}); the local one stands in"
                problem = Problem(code=error.code, message=msg, retryable=error.retryable)
                error.instead = _output(Local().analyse(facts, scope), facts, "local", problem)
            raise
        return _output(answer, facts, self.provider.type)

    def plan(self, scope: Scope) -> Iterable[str]:
        """Say what would analyse, and what that would take."""
        yield f"would analyse with {self.provider.type} ({self.provider.describe(scope)})"

    def needs(self) -> Iterable[Variable]:
        """Name what the provider needs."""
        return self.provider.needs()

    def missing(self, variables: Collection[str], stored: Directory | None = None) -> tuple[str, ...]:  # noqa: ARG002 - a channel's
        """Say what keeps the provider from answering, given the names of the variables that are set."""
        return tuple(
            f"this node has no {need.needed_for}: set it in config or as {need.name}"
            for need in self.needs()
            if need.required and need.name not in variables
        )

    def secrets(self) -> Iterable[Secret]:
        """Return the provider's credentials, whether they were declared as secrets or not."""
        return self.provider.secrets()


def severity(facts: Facts) -> Severity:
    """Say how bad things are, from what was seen alone."""
    seen = _BY_VERDICT.get(facts.verdict, Severity.WARNING)
    firing = max((alert.severity for alert in facts.firing), default=Severity.INFO)
    return max(seen, firing, Severity.WARNING if facts.failures else Severity.INFO)


def _output(answer: Answer, facts: Facts, provider: str, *problems: Problem) -> Output:
    return Output(
        data={
            "summary": answer.summary,
            "probable_cause": answer.probable_cause,
            "severity": severity(facts),
            "recommendations": [
                {
                    "type": one.type,
                    "priority": one.priority,
                    "title": one.title,
                    "description": one.description,
                    "actions": list(one.actions),
                    "evidence": list(one.evidence),
                }
                for one in answer.recommendations
            ],
            "count": len(answer.recommendations),
            "provider": provider,
            "model": answer.model,
            "usage": dict(answer.usage),
            "fallback_used": bool(problems),
        },
        problems=problems,
    )


def _twice(key: str) -> Invalid:
    msg = f'"{key}" is given twice, here and in config itself'
    return Invalid(msg, "keep the one in config", code="E208", at=("provider_config", key))


def _moved(line: Mapping[str, Any], tree: Mapping[str, Any]) -> Invalid:
    """Move a problem from where the provider was read to where it stands in the definition."""
    at = line["loc"]
    if at[0] == "provider" and len(at) > 1:
        at = at[1:]
    hint = line["ctx"]["hint"]
    inner = at[0] in tree.get("provider_config", {})
    if line["type"] == "E203" and len(at) == 1:
        hint = _known_keys(tree["provider"], at[0], () if inner else OWN)
    return Invalid(line["msg"], hint, code=line["type"], at=("provider_config", *at) if inner else at)


def _known_keys(provider: str, key: str, own: tuple[str, ...]) -> str:
    """Hint at the key that was meant: one of the provider's options, or of the node's own keys."""
    options = fields(PROVIDERS.load(provider))  # type: ignore[arg-type]  # every member is a dataclass
    known = [*own, *(option.name for option in options)]
    return did_you_mean(key, known) if known else f"{provider} takes no options"
