"""Whether a node runs, and which way the walk goes on: conditions with their values, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import NodeError
from runner.spec import described

if TYPE_CHECKING:
    from runner.definition.model import Step, Way
    from runner.expressions import Expression
    from runner.scope import Scope


def reason_to_skip(step: Step, scope: Scope) -> str:
    """Say why a node is skipped; empty where it is not.

    Raises `NodeError` (`expression`) where a condition cannot be evaluated or gives no boolean.
    """
    for node in step.skip_if_errors:
        if node in scope.nodes and scope.nodes[node].errors:
            return f"{node} has errors"
    if step.skip_if is not None and is_true(step.skip_if, scope):
        return f"skip_if_condition is true: {told(step.skip_if, scope)}"
    if step.when is not None and not is_true(step.when, scope):
        return f"when is false: {told(step.when, scope)}"
    return ""


def way_on(step: Step, scope: Scope) -> Way | None:
    """Return the first way whose condition holds; None where none does, or there is none."""
    return next((way for way in step.ways if way.when is None or is_true(way.when, scope)), None)


def is_true(condition: Expression, scope: Scope) -> bool:
    """Evaluate a condition."""
    from runner.expressions import ExpressionError  # noqa: PLC0415 - loaded already where there is a condition

    try:
        value = condition.evaluate(scope.names(condition.names))
    except ExpressionError as error:
        message = f"{condition.text}: {error.sentence}" + (f" \N{EM DASH} {error.hint}" if error.hint else "")
        raise NodeError(message, code="expression") from error
    if not isinstance(value, bool):
        message = f"{condition.text}: a condition is true or false, and this is {described(value)}"
        raise NodeError(message, code="expression")
    return value


def told(condition: Expression, scope: Scope) -> str:
    """Write a condition with the values that it read: `probe.verdict >= "warning" (probe.verdict is "ok")`."""
    names = scope.names(condition.names)
    values = {}
    for reference in condition.references:
        found: object = names
        for key in reference.path:
            found = _below(found, key)
        if found is not None:
            values[".".join(map(str, reference.path))] = found
    told_values = ", ".join(f"{name} is {described(value)}" for name, value in values.items())
    return f"{condition.text} ({told_values})" if told_values else condition.text


def _below(value: object, key: str | int) -> object:
    try:
        return value[key]  # type: ignore[index]  # anything else has no such key
    except (LookupError, TypeError):
        return None
