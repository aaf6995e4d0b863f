"""The channels: where messages go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.registry import Registry

if TYPE_CHECKING:
    from runner.channels.model import Channel

CHANNELS: Final[Registry[Channel]] = Registry(
    kind="driver",
    key="driver",
    table={
        "log": "runner.channels.log:LogLines",
        "slack": "runner.channels.slack:Slack",
        "email": "runner.channels.email:Email",
        "generic": "runner.channels.generic:Generic",
        "pagerduty": "runner.channels.pagerduty:PagerDuty",
    },
)
