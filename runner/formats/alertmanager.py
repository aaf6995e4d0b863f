"""Prometheus Alertmanager's webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.formats.groups import envelope_of, is_labelled, parse_group
from runner.formats.model import Format

if TYPE_CHECKING:
    from runner.formats.model import Parsed, Payload


class Alertmanager(Format):
    """What Alertmanager's `webhook_config` sends, and anything that keeps its shape."""

    looks_for = "alerts[] with labels.alertname, or alerts[] beside groupKey, groupLabels, commonLabels or receiver"

    def detect(self, payload: Payload) -> str | None:
        """Look for alerts that are named by a label, or for the envelope around them."""
        if is_labelled(payload):
            return "alerts[] has labels.alertname"
        envelope = envelope_of(payload)
        return f"alerts[] stands beside {', '.join(envelope)}" if envelope else None

    def parse(self, payload: Payload) -> Parsed:
        """Read every alert of the group."""
        return parse_group(payload, "alertmanager")

    def sample(self) -> dict[str, Any]:
        """Return a group of two alerts: one about a CPU that fires, one about a disk that is over."""
        job = {"severity": "warning", "job": "node"}
        return {
            "version": "4",
            "groupKey": '{}:{job="node"}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "webhook",
            "groupLabels": {"job": "node"},
            "commonLabels": job,
            "commonAnnotations": {},
            "externalURL": "https://alertmanager.example.com",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {"alertname": "HighCPUUsage", "instance": "localhost:9090", **job},
                    "annotations": {
                        "summary": "High CPU usage detected",
                        "description": "CPU usage is above 80% for 5 minutes",
                        "runbook_url": "https://runbooks.example.com/high-cpu",
                    },
                    "startsAt": "2024-01-10T10:00:00Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": "https://prometheus.example.com/graph?g0.expr=instance%3Acpu%3Arate5m+%3E+0.8",
                    "fingerprint": "sample-cpu-alert-001",
                },
                {
                    "status": "resolved",
                    "labels": {"alertname": "DiskSpaceLow", "instance": "db1:9100", "mountpoint": "/var", **job},
                    "annotations": {
                        "summary": "Disk space is low",
                        "description": "/var is 87% full",
                        "runbook_url": "https://runbooks.example.com/disk-space",
                    },
                    "startsAt": "2024-01-10T09:10:00Z",
                    "endsAt": "2024-01-10T09:55:00Z",
                    "generatorURL": "https://prometheus.example.com/graph?g0.expr=disk_used_percent+%3E+85",
                    "fingerprint": "sample-disk-alert-002",
                },
            ],
        }
