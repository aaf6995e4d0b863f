"""The alert formats: what arrives, read into alerts in one normal form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.registry import Registry

if TYPE_CHECKING:
    from runner.formats.model import Format

FORMATS: Final[Registry[Format]] = Registry(
    kind="format",
    key="format",
    table={
        "alertmanager": "runner.formats.alertmanager:Alertmanager",
        "grafana": "runner.formats.grafana:Grafana",
        "pagerduty": "runner.formats.pagerduty:PagerDuty",
        "generic": "runner.formats.generic:Generic",
    },
)
