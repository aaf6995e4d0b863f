"""Which format a payload is of: named, or recognised; never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from runner.errors import NodeError
from runner.formats import FORMATS
from runner.records import record
from runner.results import Problem
from runner.spec import Invalid, described

if TYPE_CHECKING:
    from runner.formats.model import Format, Parsed, Payload

_KEYS_SHOWN: Final = 12
_WRAPPER: Final = frozenset({"driver", "payload"})
_SAY_ANOTHER: Final = "say which with format in the node or --format"


@record
class Read:
    """A payload that has been read."""

    format: str
    reason: str
    """Why it was read as that: what it was recognised by, or who named it."""
    parsed: Parsed


def parse(payload: object, name: str = "", named_by: str = "a flag") -> Read:
    """Read the payload by the format `name`, which `named_by` asks for, or by the one that fits.

    A `{"driver": …, "payload": {…}}` wrapper is taken off first; its driver names the format where `name` does not.
    Raises `NodeError`: `bad_payload`, `unknown_format`, `ambiguous_format`, `no_alert`.
    """
    if not isinstance(payload, Mapping):
        raise _no_object("the payload", payload)
    inner, driver = _unwrapped(payload)
    if name or driver:
        return _named(inner, name or driver, named_by if name else "the wrapper's driver")
    found, reason = _detected(inner)
    return Read(format=found, reason=reason, parsed=_alerts(inner, found))


def _no_object(what: str, payload: object) -> NodeError:
    such = ', such as {"alerts": […]}' if isinstance(payload, list | tuple) else ""
    return NodeError(f"{what} is {described(payload)}; alerts come in an object{such}", code="bad_payload")


def _unwrapped(payload: Payload) -> tuple[Payload, str]:
    inner, driver = payload.get("payload"), payload.get("driver")
    if "driver" in payload and (driver is None or isinstance(driver, str)):
        if isinstance(inner, Mapping):
            return inner, driver or ""
        if payload.keys() == _WRAPPER:
            raise _no_object("the payload in the wrapper", inner)
    return payload, ""


def _named(payload: Payload, name: str, named_by: str) -> Read:
    """Read by a format that was asked for; say so where the payload looks like another."""
    parsed = _alerts(payload, name)
    others = {} if _format(name).detect(payload) else _fitting(payload)
    if others:
        looks = f"the payload looks like {_listed(others)}, and was read as {name} because {named_by} says so"
        doubt = Problem(code="doubtful_format", message=looks)
        parsed = replace(parsed, problems=(doubt, *parsed.problems))
    return Read(format=name, reason=f"named by {named_by}", parsed=parsed)


def _alerts(payload: Payload, name: str) -> Parsed:
    known = _format(name)
    parsed = known.parse(payload)
    if parsed.alerts:
        return parsed
    others = {other: reason for other, reason in _fitting(payload).items() if other != name}
    looks = f"; it looks like {_listed(others)}" if others else ""
    msg = f"no alert in the payload: the {name} format looks for {known.looks_for}; {_keys(payload)}{looks}"
    raise NodeError(msg, code="no_alert")


def _format(name: str) -> Format:
    try:
        return FORMATS.load(name)()
    except Invalid as error:
        msg = f"{error.sentence}; known: {', '.join(FORMATS)}"
        raise NodeError(msg, code="unknown_format") from error


def _fitting(payload: Payload) -> dict[str, str]:
    """Return the formats that recognise the payload, and by what; of two where one adds to the other, that one."""
    formats = {name: FORMATS.load(name)() for name in FORMATS}
    reasons = {name: reason for name, one in formats.items() if (reason := one.detect(payload))}
    refined = {shape for name in reasons for shape in formats[name].refines}
    return {name: reason for name, reason in reasons.items() if name not in refined}


def _listed(reasons: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({reason})" for name, reason in reasons.items())


def _detected(payload: Payload) -> tuple[str, str]:
    reasons = _fitting(payload)
    if len(reasons) == 1:
        return next(iter(reasons.items()))
    if not reasons:
        raise _nothing_fits(payload)
    msg = f"the payload fits more than one format: {_listed(reasons)}; {_SAY_ANOTHER}"
    raise NodeError(msg, code="ambiguous_format")


def _nothing_fits(payload: Payload) -> NodeError:
    if not payload:
        msg = "the payload is empty: give one with --payload, --file, --event or --sample"
        return NodeError(msg, code="no_alert")
    wanted = "; ".join(f"{name} looks for {FORMATS.load(name).looks_for}" for name in FORMATS)
    msg = f"no alert format fits the payload: {_keys(payload)}; {wanted}"
    return NodeError(msg, code="unknown_format")


def _keys(payload: Payload) -> str:
    """Say what was there; the names come from outside."""
    shown = ", ".join(described(key) for key in list(payload)[:_KEYS_SHOWN])
    more = f" and {len(payload) - _KEYS_SHOWN} more" if len(payload) > _KEYS_SHOWN else ""
    return f"its keys are {shown}{more}" if shown else "it is empty"
