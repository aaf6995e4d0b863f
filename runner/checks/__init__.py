"""The checks: each is one module that looks at one thing and says what it saw."""

from __future__ import annotations

from typing import Final

from runner.checks.base import Check, Confirm, Seen
from runner.registry import Registry

__all__ = ["CHECKS", "Check", "Confirm", "Seen"]

CHECKS: Final[Registry[Check]] = Registry(
    kind="check",
    key="type",
    table={
        "cpu": "runner.checks.cpu:Cpu",
        "memory": "runner.checks.memory:Memory",
        "disk": "runner.checks.disk:Disk",
        "process": "runner.checks.process:Process",
        "http": "runner.checks.http:Http",
        "tcp": "runner.checks.tcp:Tcp",
        "dns": "runner.checks.dns:Dns",
        "tls": "runner.checks.tls:Tls",
        "postgres": "runner.checks.postgres:Postgres",
        "mysql": "runner.checks.mysql:Mysql",
        "command": "runner.checks.command:Command",
    },
)
