"""Which format a payload is of: named, or recognised; never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from runner.errors import NodeError
from runner.formats import FORMATS
from runner.spec import Invalid, described

if TYPE_CHECKING:
    from runner.formats.model import Format, Parsed, Payload

_KEYS_SHOWN: Final = 12


def parse(payload: object, name: str = "") -> tuple[str, Parsed]:
    """Return the format's name and what stands in the payload, by the format `name` or the one that fits.

    A `{"driver": …, "payload": {…}}` wrapper is taken off first; its driver names the format where `name` does not.
    Raises `NodeError`: `bad_payload`, `unknown_format`, `ambiguous_format`, `no_alert`.
    """
    if not isinstance(payload, Mapping):
        msg = f"the payload is {described(payload)}; alerts come in an object"
        raise NodeError(msg, code="bad_payload")
    inner, driver = _unwrapped(payload)
    found = name or driver or _detected(inner)
    known = _format(found)
    parsed = known.parse(inner)
    if not parsed.alerts:
        msg = f"no alert in the payload: the {found} format looks for {known.looks_for}; {_keys(inner)}"
        raise NodeError(msg, code="no_alert")
    return found, parsed


def _unwrapped(payload: Payload) -> tuple[Payload, str]:
    inner, driver = payload.get("payload"), payload.get("driver")
    if isinstance(inner, Mapping) and (driver is None or isinstance(driver, str)) and "driver" in payload:
        return inner, driver or ""
    return payload, ""


def _format(name: str) -> Format:
    try:
        return FORMATS.load(name)()
    except Invalid as error:
        msg = f"{error.sentence}; known: {', '.join(FORMATS)}"
        raise NodeError(msg, code="unknown_format") from error


def _detected(payload: Payload) -> str:
    reasons = {name: reason for name in FORMATS if (reason := FORMATS.load(name)().detect(payload))}
    if len(reasons) == 1:
        return next(iter(reasons))
    if not reasons:
        raise _nothing_fits(payload)
    candidates = ", ".join(f"{name} ({reason})" for name, reason in reasons.items())
    msg = f"the payload fits more than one format: {candidates}; say which with format in the node or --format"
    raise NodeError(msg, code="ambiguous_format")


def _nothing_fits(payload: Payload) -> NodeError:
    if not payload:
        msg = "the payload is empty: give one with --payload, --file, --event or --sample"
        return NodeError(msg, code="no_alert")
    wanted = "; ".join(f"{name} looks for {FORMATS.load(name).looks_for}" for name in FORMATS)
    msg = f"no alert format fits the payload: {wanted}; {_keys(payload)}"
    return NodeError(msg, code="unknown_format")


def _keys(payload: Payload) -> str:
    """Say what was there; the names come from outside."""
    shown = ", ".join(described(key) for key in list(payload)[:_KEYS_SHOWN])
    more = f" and {len(payload) - _KEYS_SHOWN} more" if len(payload) > _KEYS_SHOWN else ""
    return f"its keys are {shown}{more}" if shown else "it is empty"
