"""Channels that people keep in the database: found by driver or by name, and read like those of a definition."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from runner.channels import CHANNELS
from runner.channels.options import attempt
from runner.errors import NodeError
from runner.spec import Invalid, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.channels.model import Channel
    from runner.scope import StoredChannel

_EARLIER: Final = {
    "smtp_user": "username",
    "smtp_from": "from_address",
    "smtp_to": "to_addresses",
    "endpoint_url": "endpoint",
}
"""How the earlier app's forms spelled options."""


def channel_named(name: str, stored: Mapping[str, StoredChannel]) -> Channel:
    """Return the channel of a name; raise `NodeError` (`not_configured`) where there is none that can be used."""
    if name not in stored:
        known = did_you_mean(name, list(stored)) if stored else "it has no active channels"
        raise NodeError(f'the database has no active channel "{name}" — {known}', code="not_configured")
    return _read(stored[name])


def channels_of(channel: Channel, stored: Mapping[str, StoredChannel]) -> dict[str, Channel]:
    """Return the active channels of the same driver, by name, with the options that `channel` has over their own.

    Raises `NodeError` (`not_configured`) for one that is no use.
    """
    blank = type(channel)()
    names = [one.name for one in fields(channel)]
    given = {name: value for name in names if (value := getattr(channel, name)) != getattr(blank, name)}
    return {name: _with(given, one) for name, one in stored.items() if one.driver == channel.driver}


def _with(given: Mapping[str, Any], stored: StoredChannel) -> Channel:
    try:
        return replace(_read(stored), **given)
    except Invalid as error:
        raise _unusable(stored, error) from None


def _read(stored: StoredChannel) -> Channel:
    try:
        cls = CHANNELS.load(stored.driver)
    except Invalid as error:
        raise _unusable(stored, error) from None
    options = dict(stored.options)
    if stored.earlier:
        known = {one.name for one in fields(cls)}
        spelled = {_EARLIER.get(key, key): value for key, value in options.items()}
        options = {key: value for key, value in spelled.items() if key in known and value not in ("", None)}
    channel, wrong = attempt(cls, options)
    if channel is None:
        raise _unusable(stored, *wrong)
    if lacking := channel.lacking():
        raise _unusable(stored, Invalid(f"it has no {' and no '.join(lacking)}"))
    return channel


def _unusable(stored: StoredChannel, *wrong: Invalid) -> NodeError:
    said = "; ".join(map(_said, wrong))
    return NodeError(f'the channel "{stored.name}" of the database cannot be used: {said}', code="not_configured")


def _said(wrong: Invalid) -> str:
    place = ".".join(map(str, wrong.at))
    return " — ".join(filter(None, (f"{place}: {wrong.sentence}" if place else wrong.sentence, wrong.hint)))
